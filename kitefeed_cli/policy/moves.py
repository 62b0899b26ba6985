"""The moves that several states share: try, fail, lose, sign out, tell. Each returns the state it leads to."""

from __future__ import annotations

from math import inf

from . import polling
from .actions import CheckToken, CloseFeed, Note, OpenFeed, Report
from .causes import Cause, Remedy
from .events import Answer, QuotesPolled, Saved, TokenStored
from .ledger import Outage, Verdict
from .states import Asking, Barred, Checking, Live, Opening, SignedOut, State, Waiting
from .turn import Turn

# An outage speaks at most twice, and only in this order: wait, then what the user must do.
_RANK = {None: 0, Remedy.WAIT: 1, Remedy.FIX: 2, Remedy.LOG_IN: 3}


def attempt(turn: Turn) -> State:
    """Ask REST about the saved token, and let its verdict open the feed; or wait until the budget allows it."""
    if not turn.ledger.verdict.askable:
        return missing(turn)
    ask = check(turn)
    if ask is not None:
        return Checking(turn.ledger, ask, turn.now_s + turn.limits.check_s)
    ready_s = turn.ledger.attempts.ready_at_s(turn.limits.attempt_every_s)
    return SignedOut(turn.ledger, ready_s) if turn.ledger.verdict.rejected else Waiting(turn.ledger, ready_s)


def check(turn: Turn) -> int | None:
    """Ask REST about the saved token, which from now on is the one that polls carry; None: the budget is spent."""
    limits = turn.limits
    bucket = turn.ledger.attempts.refilled(turn.now_s, limits.attempts, limits.attempt_every_s)
    turn.put(attempts=bucket)
    if not bucket.left:
        return None
    if turn.ledger.unasked:
        turn.put_polls(ask=None)  # it carries the token before, and what it hears says nothing about this one
    turn.put(attempts=bucket.taken(), unasked=False)
    ask = turn.ask()
    turn.do(CheckToken(ask))
    return ask


def doubt(turn: Turn, event: QuotesPolled) -> State:
    """A poll says that the token is dead. It asked with the one of the last check, and a login may have replaced
    that a moment ago: ask about what is saved now before blaming it."""
    bucket = turn.ledger.attempts.refilled(turn.now_s, turn.limits.attempts, turn.limits.attempt_every_s)
    if not (bucket.left or turn.ledger.unasked):
        return sign_out(turn, Cause.TOKEN_EXPIRED, event.detail)
    polling.note_rejected(turn, event, Verdict.DOUBTED)  # unless the check is a clear yes, no handshake follows it
    return attempt(turn)


def open_feed(turn: Turn, checked: Answer) -> State:
    ask = turn.ask()
    turn.put(spent=False)
    turn.put_outage(tries=turn.outage.tries + 1)
    turn.do(OpenFeed(ask))
    return Opening(turn.ledger, ask, turn.now_s + turn.limits.handshake_s, checked)


def accepted(turn: Turn, user: str) -> State:
    """REST accepts the saved token: greet a user who logged in, and open the feed.

    The token that was dead may be accepted again: a second login of the day got the same one, or Kite changed its
    mind. That is greeted too, but once, and it ends no outage: Kite may change its mind every few seconds.
    """
    if turn.ledger.login:
        turn.put(rung=0, refusals=0, login=False)
        turn.put_outage(told=None, owed=True, said=frozenset(), wait_said_s=0.0, clean=True)
        _greet(turn, user)
    elif turn.ledger.verdict.rejected and Note.LOGGED_IN not in turn.outage.said:
        turn.put_outage(said=turn.outage.said | {Note.LOGGED_IN})
        _greet(turn, user)
    elif Note.PREFLIGHT in turn.outage.said:
        turn.say_once(Note.TOKEN_OK, user)
    turn.put(verdict=Verdict.GOOD, unasked=False)
    return open_feed(turn, Answer.OK)


def _greet(turn: Turn, user: str) -> None:
    turn.say(Note.LOGGED_IN)
    turn.say(Note.TOKEN_OK, user)
    turn.say(Note.REFRESHED)


def failed(turn: Turn, cause: Cause, detail: str, at_least_s: float = 0.0) -> State:
    """An attempt failed, or a feed that had not proved itself was lost: wait for the next rung."""
    turn.put_outage(cause=cause, clean=False)
    if not turn.ledger.verdict.askable:
        return missing(turn)
    if turn.ledger.verdict is Verdict.DEAD:
        return sign_out(turn, Cause.TOKEN_EXPIRED, "403 TokenException")  # a poll said so while the feed was tried
    if turn.ledger.unasked:
        return attempt(turn)  # a newer token was saved meanwhile; this failure says nothing about it
    if cause is not Cause.FEED_REFUSED:
        turn.put(refusals=0)
    wait_s = max(_next_rung(turn), at_least_s)
    tell(turn, cause, detail, wait_s)
    if wait_s != turn.outage.wait_said_s:
        turn.put_outage(wait_said_s=wait_s)
        turn.say(Note.RETRY, seconds=wait_s)
    polls = turn.ledger.polls
    soonest_s = max(turn.now_s, polls.asked_s + turn.limits.poll_every_s)
    turn.put_polls(next_s=min(polls.next_s, soonest_s))
    return Waiting(turn.ledger, turn.now_s + wait_s)


def lose(turn: Turn, cause: Cause, detail: str, since_s: float) -> State:
    """A live feed is gone. The first time try again at once; within the same outage climb the ladder."""
    same = turn.ledger.outage
    if same is not None:
        turn.put_outage(since_s=since_s, lost=cause, lost_detail=detail, tries=0, relapses=same.relapses + 1)
        return failed(turn, cause, detail)
    turn.put(outage=Outage(since_s, cause, detail, cause))
    turn.put_polls(next_s=max(turn.now_s, since_s) + turn.limits.poll_grace_s)
    if cause is Cause.FEED_MUTE and not turn.ledger.verdict.rejected:  # no blip: a minute without ticks
        tell(turn, cause, detail, 0.0)
    return attempt(turn)


def sign_out(turn: Turn, cause: Cause, detail: str) -> State:
    """REST rejects the saved token, or there is none: no handshake and no poll until a login."""
    if turn.ledger.login or Note.SKIPPING not in turn.outage.said:
        turn.put(rung=0)
    if cause is Cause.TOKEN_EXPIRED:
        turn.put(verdict=Verdict.DEAD)
    turn.put(polls=turn.ledger.polls.reset(), refusals=0)
    turn.put_outage(cause=cause, clean=False)
    if turn.ledger.login and turn.outage.told is Remedy.LOG_IN:
        turn.say(Note.STILL_REJECTED, detail)
    turn.put(login=False)
    if cause is Cause.TOKEN_EXPIRED:
        turn.say_once(Note.TOKEN_FAILED, detail)
    turn.say_once(Note.SKIPPING, cause.value)
    if cause is not Cause.TOKEN_EXPIRED:  # nothing to ask REST about; the token store is watched
        tell(turn, cause, detail, 0.0)
        return SignedOut(turn.ledger, inf)
    wait_s = _next_rung(turn)
    tell(turn, cause, detail, wait_s)
    turn.say_once(Note.RECHECK, seconds=wait_s)
    return SignedOut(turn.ledger, turn.now_s + wait_s)


def bar(turn: Turn, detail: str) -> State:
    """The app's plan lacks market data. A login alone rarely helps, so ask again slowly."""
    wait_s = turn.limits.slow_lane_s
    if not (turn.ledger.unasked or turn.ledger.verdict is Verdict.UNKNOWN):
        turn.put(verdict=Verdict.GOOD)
    turn.put(polls=turn.ledger.polls.reset(), login=False)
    turn.put_outage(cause=Cause.NO_PERMISSION, clean=False)
    tell(turn, Cause.NO_PERMISSION, detail, wait_s)
    return Barred(turn.ledger, turn.now_s + wait_s)


def ask_why(turn: Turn, detail: str) -> State:
    """Ask before blaming: one quote tells a dead token, a missing plan and a refused feed apart."""
    polls = turn.ledger.polls
    if turn.ledger.unasked or not turn.ledger.verdict.usable:
        return failed(turn, Cause.FEED_REFUSED, detail)  # another token is saved, REST has spoken, or there is none
    if turn.ledger.refusals or turn.now_s < polls.not_before_s:
        return refused(turn, detail)  # answered before, or not to be asked now; the polls go on and will tell
    if polls.ask is None:
        turn.put_polls(next_s=max(turn.now_s, polls.asked_s + turn.limits.poll_gap_s))
        polling.tend_polls(turn)
    polls = turn.ledger.polls
    starts_s = polls.start_s if polls.ask is None else polls.asked_s
    return Asking(turn.ledger, starts_s + turn.limits.poll_s, detail)


def refused(turn: Turn, detail: str) -> State:
    """The feed refuses a token that REST likes: after a few times in a row, try only in the slow lane. While REST
    is away too nobody likes the token (a proxy may answer for both), and its return is worth a try at once."""
    if turn.ledger.polls.failed:
        return failed(turn, Cause.FEED_FAILED, detail)
    turn.put(refusals=turn.ledger.refusals + 1)
    slow = turn.ledger.refusals >= turn.limits.refusals
    return failed(turn, Cause.FEED_REFUSED, detail, turn.limits.slow_lane_s if slow else 0.0)


def go_live(turn: Turn, ask: int, fresh: bool) -> State:
    """The first tick of a connection. In a closed market a cached one is not yet news."""
    turn.put(polls=turn.ledger.polls.reset(), refusals=0, login=False)
    announce(turn, fresh)
    if turn.outage.clean:
        turn.put(outage=None, rung=0)
    now_s, limits = turn.now_s, turn.limits
    return Live(turn.ledger, ask, now_s + limits.silence_s, now_s + limits.stable_s, fresh)


def announce(turn: Turn, ticking: bool) -> None:
    """Say that the feed is live, once per outage and after every error; or, once, that the market is closed."""
    if not (ticking or turn.ledger.trading):
        if not turn.ledger.closed:
            turn.put(closed=True)
            turn.say(Note.MARKET_CLOSED)
        return
    outage = turn.ledger.outage
    owed = outage is not None and outage.owed
    if owed and outage is not None and (outage.lost is not None or outage.reported):
        turn.say(Note.LIVE_AGAIN, outage.lost_detail, turn.now_s - outage.since_s, outage.tries)
    elif owed or turn.ledger.closed:
        turn.say(Note.LIVE)
    turn.put(closed=False)
    if owed:
        turn.put_outage(owed=False, reported=False)


def end_outage(turn: Turn) -> None:
    """The feed proved itself. One that relapsed has not been announced again since: say that it holds now."""
    if turn.outage.relapses and not turn.outage.owed:
        turn.say(Note.STEADY, seconds=turn.limits.stable_s, tries=turn.outage.relapses + 1)
    turn.put(outage=None, rung=0)


def tell(turn: Turn, cause: Cause, detail: str, retry_in_s: float) -> None:
    """One error per outage and remedy, within the line budget; what the budget keeps back is counted. What heals by
    itself waits until somebody would miss ticks: at night it is nobody's business."""
    outage = turn.outage
    if cause.remedy is Remedy.WAIT and not turn.ledger.trading:
        return
    if _RANK[cause.remedy] <= _RANK[outage.told]:
        return
    turn.put_outage(told=cause.remedy)
    limits = turn.limits
    lines = turn.ledger.lines.refilled(turn.now_s, limits.problems, limits.problem_every_s)
    if not lines.left:
        turn.put(lines=lines, suppressed=turn.ledger.suppressed + 1)
        return
    suppressed = turn.ledger.suppressed
    turn.do(Report(cause, detail, outage.since_s, outage.lost, outage.lost_detail, retry_in_s, suppressed))
    turn.put(lines=lines.taken(), suppressed=0)
    turn.put_outage(owed=True, reported=True)


def note_stored(turn: Turn, event: TokenStored) -> None:
    """Write down what the token store holds now; the states decide what to do about it."""
    if turn.ledger.verdict in (Verdict.DEAD, Verdict.DOUBTED):
        turn.put(spent=True)
    if event.saved is not Saved.TOKEN:
        verdict = Verdict.MISSING if event.saved is Saved.NOTHING else Verdict.MALFORMED
        turn.put(verdict=verdict, login=False, unasked=False)
        return
    if event.asked:
        turn.put(unasked=False)
        turn.put_polls(ask=None)  # it carries the token before
    elif event.new or not turn.ledger.verdict.usable:
        turn.put(unasked=True)
    if event.new or not turn.ledger.verdict.askable:
        turn.put(verdict=Verdict.UNKNOWN, login=True, rung=0, refusals=0)


def missing(turn: Turn) -> State:
    """The store holds nothing to ask about: it is empty or spoilt."""
    if turn.ledger.verdict is Verdict.MALFORMED:
        return sign_out(turn, Cause.TOKEN_MALFORMED, "what is saved cannot be an access token")
    return sign_out(turn, Cause.TOKEN_MISSING, "no access token is saved")


def wake(turn: Turn, slept_s: float) -> None:
    """A sleep ends the outage and resets the ladder: what was true of the network hours ago says nothing."""
    turn.say(Note.WOKE, seconds=slept_s)
    turn.put(rung=0, refusals=0)
    if turn.ledger.outage is not None:
        turn.put_outage(told=None, said=frozenset(), owed=True, wait_said_s=0.0)


def close(turn: Turn, ask: int) -> None:
    turn.do(CloseFeed(ask))


def _next_rung(turn: Turn) -> float:
    wait_s = turn.limits.rung_s(turn.ledger.rung)
    turn.put(rung=min(turn.ledger.rung + 1, len(turn.limits.ladder_s) - 1))
    return wait_s
