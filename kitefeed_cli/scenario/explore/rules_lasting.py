"""What holds over time: waits, deadlines, progress, the end."""

from __future__ import annotations

from math import inf

from ...policy import deadline, step
from ...policy.actions import CheckToken, CloseFeed, Finish, Note, OpenFeed, PollQuotes, Say
from ...policy.events import (
    Answer,
    FeedRefused,
    QuotesPolled,
    Saved,
    StopAsked,
    TimeUp,
    TokenChecked,
    TokenStored,
    Woke,
)
from ...policy.states import Asking, Barred, Checking, Idle, Joined, Live, Opening, SignedOut, Stopped, Waiting
from .onlooker import MISSING, open_polls
from .rules import PACE, ROADS, TOKENS, WORDS, Move, rule

_AT_ONCE = 3  # so many deadlines may fall on one instant; more is a loop without time
_MOST_ACTIONS = 8


@rule("B4")
def the_ladder_only_climbs(move: Move) -> bool:
    """A rung is given back only by the end of an outage, a new token, a wake, a login that REST accepts, or the
    change between looking for the feed and looking for a login."""
    was, now = move.before.ledger, move.after.ledger
    if now.rung >= was.rung:
        return True
    ended = now.outage is None or was.outage is None
    saved = isinstance(move.event, TokenStored) and move.event.saved is Saved.TOKEN
    greeted = any(isinstance(one, Say) and one.note is Note.LOGGED_IN for one in move.actions)
    first = was.outage is not None and Note.SKIPPING not in was.outage.said
    turned = isinstance(move.after, SignedOut) and (was.login or first or not now.verdict.askable)
    return ended or saved or greeted or turned or isinstance(move.event, Woke)


@rule("B4", Joined, Live)
def an_outage_is_lived_down(move: Move) -> bool:
    """An outage ends after so many seconds of unbroken live ticks; only a start or login that went through without
    a failure ends at the first tick."""
    was, after = move.before, move.after
    if was.ledger.outage is None or after.ledger.outage is not None:
        return True
    if isinstance(was, Joined):
        return was.ledger.outage.clean and isinstance(after, Live)
    return isinstance(was, Live) and move.now_s >= was.stable_s


@rule("B4", Live, Joined)
def the_minute_of_live_is_unbroken(move: Move) -> bool:
    """That time runs from the first tick of the connection, and nothing shortens it."""
    before, after = move.before, move.after
    if not isinstance(after, Live):
        return True
    if isinstance(before, Live) and before.ask == after.ask:
        return after.stable_s == before.stable_s
    return after.stable_s >= move.now_s + move.limits.stable_s


@rule("B4", Checking, Opening, Joined, Live, Asking)
def waits_follow_the_ladder(move: Move) -> bool:
    """A failure waits for its rung at least, or for the budget when that is spent."""
    after, limits = move.after, move.limits
    if not isinstance(after, Waiting):
        return True
    bucket = after.ledger.attempts
    if not bucket.left and after.retry_s == bucket.ready_at_s(limits.attempt_every_s):
        return True
    return after.retry_s - move.now_s >= limits.ladder_s[max(after.ledger.rung - 1, 0)]


@rule("B4", SignedOut, Checking, Opening, Joined, Live, Asking, Waiting, Barred)
def a_rejected_token_is_asked_about_on_the_ladder(move: Move) -> bool:
    """Signed out, the next check waits for its rung at least, or for the budget; without a token there is none."""
    before, after, limits = move.before, move.after, move.limits
    if not isinstance(after, SignedOut) or after == before:
        return True
    if move.knows.word == MISSING:
        return after.recheck_s == inf
    bucket = after.ledger.attempts
    if not bucket.left and after.recheck_s == bucket.ready_at_s(limits.attempt_every_s):
        return True
    if isinstance(before, SignedOut) and after.recheck_s == before.recheck_s:
        return True
    return after.recheck_s - move.now_s >= limits.ladder_s[max(after.ledger.rung - 1, 0)]


@rule("B4", FeedRefused, QuotesPolled, TimeUp)
def refusals_lead_to_the_slow_lane(move: Move) -> bool:
    """Refused that often in a row, with a token that REST likes, the feed is tried in the slow lane only."""
    after, limits = move.after, move.limits
    refused = after.ledger.refusals > move.before.ledger.refusals
    if not (refused and after.ledger.refusals >= limits.refusals and isinstance(after, Waiting)):
        return True
    return after.retry_s - move.now_s >= limits.slow_lane_s


@rule("B4", FeedRefused)
def a_busy_feed_is_given_time(move: Move) -> bool:
    """A 429 at the handshake waits longer than the first rungs, unless another token was saved meanwhile."""
    event, before, after = move.event, move.before, move.after
    if not (isinstance(event, FeedRefused) and event.status == 429 and isinstance(before, Opening)):
        return True
    if event.ask != before.ask or not isinstance(after, Waiting) or before.ledger.unasked:
        return True
    return after.retry_s - move.now_s >= move.limits.busy_s


@rule("Z1", QuotesPolled, views=(ROADS, PACE))
def the_canary_sings(move: Move) -> bool:
    """A poll that succeeds after failures starts an attempt at once, or as soon as the budget allows one."""
    event, before = move.event, move.before
    if not (isinstance(event, QuotesPolled) and event.answer is Answer.OK and before.ledger.polls.failed):
        return True
    if not (isinstance(before, Waiting) and event.ask in open_polls(before)):
        return True
    return before.ledger.refusals >= move.limits.refusals or _tries(move)


@rule("Z2", TokenStored, views=(ROADS, PACE))
def a_login_is_acted_on(move: Move) -> bool:
    """A new token is asked about at once, or as soon as the budget allows, whenever nothing is under way."""
    event = move.event
    login = isinstance(event, TokenStored) and event.saved is Saved.TOKEN and event.new
    return not (login and isinstance(move.before, SignedOut | Waiting | Barred)) or _tries(move)


@rule("Z4", Woke, views=(ROADS, PACE))
def a_wake_is_acted_on(move: Move) -> bool:
    """After a sleep the waiting is over: an attempt starts at once, or as soon as the budget allows one."""
    hopeless = isinstance(move.before, SignedOut) and move.heard.word == MISSING
    return hopeless or not isinstance(move.before, SignedOut | Waiting | Barred) or _tries(move)


def _tries(move: Move) -> bool:
    after, bucket = move.after, move.after.ledger.attempts
    if move.done(CheckToken):
        return True
    ready_s = bucket.ready_at_s(move.limits.attempt_every_s)
    if isinstance(after, Waiting):
        return not bucket.left and after.retry_s <= ready_s
    return isinstance(after, SignedOut) and not bucket.left and after.recheck_s <= ready_s


@rule("Z5", views=(TOKENS,))
def never_given_up(move: Move) -> bool:
    """There is always a next deadline, unless the user stopped us or no token is there to ask about."""
    after = move.after
    if isinstance(after, Stopped | Idle):
        return True
    if isinstance(after, SignedOut) and move.knows.word == MISSING:
        return True
    return move.due_s < inf


@rule("Z5")
def no_deadline_is_too_far(move: Move) -> bool:
    """The next deadline is never farther than the slow lane."""
    return move.due_s == inf or move.due_s - move.now_s <= move.limits.slow_lane_s


@rule("B5", TimeUp)
def time_goes_on(move: Move) -> bool:
    """At one instant only a few deadlines fall: looking again soon finds nothing more to do."""
    state, limits = move.after, move.limits
    if move.due_s > move.now_s:
        return True
    for _ in range(_AT_ONCE):
        if deadline(state, limits) > move.now_s:
            return True
        state = step(state, move.event, move.now_s, limits).state
    return deadline(state, limits) > move.now_s


@rule("B5", views=(TOKENS, WORDS))
def a_move_is_short(move: Move) -> bool:
    """One event makes at most eight actions."""
    return len(move.actions) <= _MOST_ACTIONS


@rule("F3", CheckToken, OpenFeed, PollQuotes)
def every_question_has_its_deadline(move: Move) -> bool:
    """A question that is never answered is given up in time."""
    after, limits, now_s = move.after, move.limits, move.now_s
    if move.done(CheckToken):
        until_s = after.until_s if isinstance(after, Checking) else deadline(after, limits)
        return until_s <= now_s + limits.check_s
    if move.done(OpenFeed):
        return isinstance(after, Opening) and after.until_s == now_s + limits.handshake_s
    return deadline(after, limits) <= now_s + limits.poll_s


@rule("F4", CheckToken, OpenFeed, PollQuotes, views=(TOKENS,))
def numbers_are_used_once(move: Move) -> bool:
    """Every question has a number of its own, never used before."""
    asks = [one.ask for one in move.actions if isinstance(one, CheckToken | OpenFeed | PollQuotes)]
    first = move.before.ledger.next_ask
    return asks == list(range(first, first + len(asks))) and move.after.ledger.next_ask == first + len(asks)


@rule("E4")
def counters_stay_in_range(move: Move) -> bool:
    """The rung, the budgets and the throttles stay within their limits."""
    ledger, limits = move.after.ledger, move.limits
    in_budget = 0 <= ledger.attempts.left <= limits.attempts and 0 <= ledger.lines.left <= limits.problems
    return in_budget and 0 <= ledger.rung < len(limits.ladder_s) and ledger.refusals >= 0


@rule("E5", StopAsked, views=(TOKENS, WORDS))
def stop_wins(move: Move) -> bool:
    """Asked to stop, we close the feed if one may be open, and end. Nothing else."""
    has_feed = isinstance(move.before, Opening | Joined | Live)
    expected = [CloseFeed, Finish] if has_feed else [Finish]
    return isinstance(move.after, Stopped) and list(move.kinds) == expected


@rule("E5", views=(TOKENS, WORDS))
def only_stop_ends_it(move: Move) -> bool:
    """Nothing the world does ends the run."""
    return isinstance(move.event, StopAsked) or not isinstance(move.after, Stopped)


@rule("Z1", TokenChecked, views=(TOKENS,))
def a_good_answer_opens_the_feed(move: Move) -> bool:
    """When REST accepts the token that is saved now, the feed is opened at once."""
    before, event = move.before, move.event
    if not (isinstance(before, Checking) and isinstance(event, TokenChecked) and event.ask == before.ask):
        return True
    saved_again = before.ledger.unasked  # perhaps the same one: it is asked about once more
    return event.answer is not Answer.OK or saved_again or move.done(OpenFeed) == 1
