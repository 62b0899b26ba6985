"""What the user is told: one error per remedy, one recovery line, a shown state that is true."""

from __future__ import annotations

from math import inf

from ...policy import Cause, Remedy, Shown
from ...policy.actions import CheckToken, Note, Report, Say, Show
from ...policy.events import FeedClosed, FeedOpened, FeedTicked, TimeUp, TokenChecked
from ...policy.states import Barred, Checking, Joined, Live, Opening, SignedOut, Waiting, own_deadline_s
from .onlooker import RANK, RECOVERIES
from .rules import ROADS, WORDS, Move, rule

ONLY = (WORDS,)
_ONCE = frozenset({Note.PREFLIGHT, Note.CONNECTED, Note.POLLING, Note.TOKEN_FAILED, Note.SKIPPING, Note.RECHECK})


def _notes(move: Move) -> list[Note]:
    return [one.note for one in move.actions if isinstance(one, Say)]


@rule("C1", Report, views=ONLY)
def one_error_per_remedy(move: Move) -> bool:
    """In one outage no remedy is named twice, and the user is never sent back from doing something to waiting."""
    ranks = [RANK[one.cause.remedy] for one in move.reports]
    return all(one > told for one, told in zip(ranks, [move.heard.told, *ranks], strict=False))


@rule("C1", Report, views=ONLY)
def nobody_is_woken(move: Move) -> bool:
    """What heals by itself is no error while nobody would miss ticks."""
    return move.after.ledger.trading or all(one.cause.remedy is not Remedy.WAIT for one in move.reports)


@rule("C1", views=ONLY)
def a_login_is_asked_for(move: Move) -> bool:
    """Nobody is signed out in silence: the error that says so was printed in this outage, or counted as suppressed."""
    if not isinstance(move.after, SignedOut) or isinstance(move.before, SignedOut):
        return True
    if not move.after.ledger.attempts.left and not move.done(CheckToken) and _asked_again(move):
        return True  # the budget is spent: the check that will tell waits for it
    return move.after.ledger.outage is not None and move.after.ledger.outage.told is Remedy.LOG_IN


def _asked_again(move: Move) -> bool:
    return move.before.ledger.unasked or move.before.ledger.verdict.rejected


@rule("C1", views=ONLY)
def a_missing_plan_is_told(move: Move) -> bool:
    """Nobody is barred in silence."""
    outage = move.after.ledger.outage
    return not isinstance(move.after, Barred) or (outage is not None and outage.told in (Remedy.FIX, Remedy.LOG_IN))


@rule("C2", views=ONLY)
def errors_are_paid_for(move: Move) -> bool:
    """An error takes one line from the budget, which must have one left; nothing but time adds lines."""
    limits, lines = move.limits, move.before.ledger.lines
    was = lines.refilled(move.now_s, limits.problems, limits.problem_every_s)
    now = move.after.ledger.lines.refilled(move.now_s, limits.problems, limits.problem_every_s)
    if move.done(Report) > was.left:
        return False
    return now == (was.taken() if move.done(Report) else was)


@rule("C2", views=ONLY)
def what_is_kept_back_is_counted(move: Move) -> bool:
    """A suppressed error is counted, and the next printed one tells the count."""
    was, now = move.before.ledger, move.after.ledger
    if move.reports:
        return move.reports[0].suppressed == was.suppressed and now.suppressed == 0
    told_before = None if was.outage is None else was.outage.told
    told_after = None if now.outage is None else now.outage.told
    fresh = told_after is not None and (told_after is not told_before or now.suppressed != was.suppressed)
    return now.suppressed == was.suppressed + fresh


@rule("C3", Live, views=(ROADS, WORDS))
def the_first_drop_is_no_problem(move: Move) -> bool:
    """A live feed that drops is tried again at once, without an error; a mute one has cost a minute and gets one."""
    if move.before.ledger.outage is not None or isinstance(move.after, Live):
        return True
    return all(one.cause is Cause.FEED_MUTE or one.cause.remedy is Remedy.LOG_IN for one in move.reports)


@rule("C3", TokenChecked, FeedOpened, FeedTicked, views=ONLY)
def a_blip_is_one_line(move: Move) -> bool:
    """Healed by the first try, a drop is one status line when it is over."""
    outage = move.before.ledger.outage
    if outage is None or not outage.is_blip or not isinstance(move.before, Checking | Opening | Joined):
        return True
    if isinstance(move.after, Live):
        lines = [[Note.LIVE_AGAIN], [Note.MARKET_CLOSED], [Note.LIVE] if move.before.ledger.closed else []]
        return not move.done(Report) and (_notes(move) in lines or not _notes(move))
    healing = isinstance(move.after, Opening | Joined) and type(move.after) is not type(move.before)
    greeting = move.before.ledger.login or move.before.ledger.verdict.rejected
    return not healing or greeting or not (_notes(move) or move.done(Report))


@rule("C4", FeedTicked, views=ONLY)
def an_error_is_taken_back(move: Move) -> bool:
    """The first ticks of a trading market after an error print exactly one recovery line."""
    event = move.event
    assert isinstance(event, FeedTicked)
    if not (isinstance(move.after, Live) and move.heard.owing and (event.fresh or event.trading)):
        return True
    mine = isinstance(move.before, Joined | Live) and event.ask == move.before.ask
    return not mine or sum(note in RECOVERIES for note in _notes(move)) == 1


@rule("C4", Say, views=ONLY)
def no_recovery_without_a_loss(move: Move) -> bool:
    """`live again` is said only after a loss or an error, once, and only while live."""
    notes = [note for note in _notes(move) if note in RECOVERIES]
    if not notes:
        return True
    was = move.before.ledger
    lost = was.outage is not None and was.outage.lost is not None
    if Note.LIVE_AGAIN in notes and not (move.heard.owing or lost):
        return False
    return len(notes) == 1 and isinstance(move.after, Live)


@rule("C4", Say, views=ONLY)
def one_recovery_per_outage(move: Move) -> bool:
    """It is not repeated within an outage, unless another error came between or the market had been closed."""
    if not any(note in RECOVERIES for note in _notes(move)):
        return True
    return move.heard.owing or not move.heard.greeted or move.before.ledger.closed


@rule("C4", Report, Say, views=(ROADS, WORDS))
def durations_are_finite(move: Move) -> bool:
    """An outage began at a known time in the past; no duration is infinite or negative."""
    for one in move.actions:
        if isinstance(one, Report) and not -inf < one.since_s <= move.now_s:
            return False
        if isinstance(one, Say) and not 0 <= one.seconds < inf:
            return False
    outage = move.after.ledger.outage
    return outage is None or -inf < outage.since_s <= move.now_s


@rule("C4", Report, views=(ROADS, WORDS))
def errors_tell_the_true_wait(move: Move) -> bool:
    """The retry that an error announces is the one that follows."""
    told_s = move.reports[-1].retry_in_s
    if move.reports[-1].cause is Cause.FEED_MUTE and told_s == 0:
        return True  # tried at once; should the budget be spent, the wait is told by nobody
    if not isinstance(move.after, Waiting | SignedOut | Barred):
        return told_s == 0
    due_s = own_deadline_s(move.after, move.limits)
    return told_s == (0 if due_s == inf else due_s - move.now_s)


@rule("C6", Say, views=ONLY)
def status_lines_are_not_repeated(move: Move) -> bool:
    """What an outage has said once, it does not say again."""
    outage = move.before.ledger.outage
    if outage is None:
        return True
    fresh = Note.LOGGED_IN in _notes(move) or move.after.ledger.outage is None
    return fresh or not any(note in _ONCE and note in outage.said for note in _notes(move))


@rule("C6", views=(ROADS, WORDS))
def one_thing_at_a_time(move: Move) -> bool:
    """One event prints at most one error and changes the shown state at most once."""
    return move.done(Report) <= 1 and move.done(Show) <= 1


@rule("D1", views=ONLY)
def what_is_shown_is_true(move: Move) -> bool:
    """`live` only while ticks come in, or for a minute without them, until REST is asked and cannot say; `signed-out`
    whenever that is what we are, `polling` only when polls serve."""
    after, shown = move.after, move.after.ledger.shown
    if isinstance(after, SignedOut):
        return shown is Shown.SIGNED_OUT
    if isinstance(after, Live):
        event = move.event
        mute = isinstance(event, TimeUp) and event.trading and event.tick_age_s >= move.limits.mute_s
        if shown is Shown.STALE:
            return after.doubtful and after.ledger.trading
        unasked = after.confirm is not None or move.now_s < after.confirm_s or after.ledger.unasked
        held = move.now_s < after.ledger.polls.not_before_s
        silent = mute and not (unasked or held)  # for so long, and REST is not to be asked about it
        return not silent and (shown is Shown.LIVE or (shown is Shown.CLOSED and not after.ledger.trading))
    if shown is Shown.LIVE:
        return type(after).__name__ == "Stopped"
    return shown is not Shown.POLLING or after.ledger.polls.served or type(after).__name__ == "Stopped"


@rule("D1", views=ONLY)
def changes_are_shown(move: Move) -> bool:
    """Every change of the shown state is told to the outputs, and nothing else is."""
    was, now = move.before.ledger, move.after.ledger
    shows = [one for one in move.actions if isinstance(one, Show)]
    changed = (was.shown, was.shown_cause) != (now.shown, now.shown_cause)
    if not changed:
        return not shows
    return len(shows) == 1 and (shows[0].shown, shows[0].cause) == (now.shown, now.shown_cause)


@rule("D1", FeedClosed, TimeUp, Live, views=ONLY)
def a_lost_feed_is_not_shown_as_live(move: Move) -> bool:
    """The moment the feed is lost, the shown state says so."""
    lost = isinstance(move.before, Live) and not isinstance(move.after, Live)
    return not lost or move.done(Show) == 1 or type(move.after).__name__ == "Stopped" or not _was_live(move)


def _was_live(move: Move) -> bool:
    return move.before.ledger.shown is Shown.LIVE
