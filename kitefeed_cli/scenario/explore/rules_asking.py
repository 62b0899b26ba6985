"""What may leave the machine, and when: checks, handshakes, polls."""

from __future__ import annotations

from math import inf

from ...policy.actions import CheckToken, CloseFeed, OpenFeed, PollQuotes
from ...policy.events import (
    Answer,
    FeedClosed,
    FeedRefused,
    QuotesPolled,
    Saved,
    StopAsked,
    TimeUp,
    TokenChecked,
    TokenStored,
    Woke,
)
from ...policy.ledger import Verdict
from ...policy.states import Asking, Barred, Checking, Joined, Live, Opening, SignedOut, Waiting
from .onlooker import DEAD, MISSING, open_polls
from .rules import PACE, ROADS, TOKENS, Move, rule


@rule("A1", OpenFeed, views=(TOKENS,))
def no_feed_with_a_rejected_token(move: Move) -> bool:
    """No WebSocket is opened with an access token that REST last called dead, or without one."""
    return move.heard.word not in (DEAD, MISSING)


@rule("A1", OpenFeed, views=(TOKENS,))
def ask_before_every_handshake(move: Move) -> bool:
    """Each handshake answers to a token check of its own, finished or timed out just now."""
    before, event = move.before, move.event
    if not isinstance(before, Checking):
        return False
    gave_up = isinstance(event, TimeUp) and move.now_s >= before.until_s
    return gave_up or (isinstance(event, TokenChecked) and event.ask == before.ask)


@rule("A1", OpenFeed, views=(TOKENS,))
def a_verdict_blocks_the_handshake(move: Move) -> bool:
    """TokenException and PermissionException on the check are verdicts; no handshake follows them."""
    event = move.event
    return not isinstance(event, TokenChecked) or event.answer not in (Answer.TOKEN_DEAD, Answer.NOT_PERMITTED)


@rule("A1", OpenFeed, views=(TOKENS,))
def open_with_the_token_on_disk(move: Move) -> bool:
    """When another token was saved during the check, it is checked first."""
    return not move.heard.unasked


@rule("A2", PollQuotes, views=(TOKENS,))
def no_poll_with_a_rejected_token(move: Move) -> bool:
    """No quotes are asked with an access token that REST last called dead, or without one."""
    return move.heard.word not in (DEAD, MISSING)


@rule("A2", CheckToken, views=(TOKENS,))
def no_check_without_a_token(move: Move) -> bool:
    """REST is never asked about a token that is not there."""
    return move.heard.word != MISSING


@rule("A3", SignedOut, views=(TOKENS,))
def signed_out_is_quiet(move: Move) -> bool:
    """Signed out, nothing leaves the machine but one token check: when due, after a save, or after a sleep."""
    if move.done(OpenFeed) or move.done(PollQuotes) or move.done(CloseFeed):
        return False
    if not move.done(CheckToken):
        return True
    assert isinstance(move.before, SignedOut)
    due = isinstance(move.event, TimeUp) and move.now_s >= move.before.recheck_s
    saved = isinstance(move.event, TokenStored) and move.event.saved is Saved.TOKEN
    return due or saved or isinstance(move.event, Woke)


@rule("A4", Joined, Live, views=(TOKENS,))
def an_open_feed_is_left_open(move: Move) -> bool:
    """An open feed is closed for silence, for muteness or for Ctrl-C; never for a token, an hour or REST's trouble. One
    without a first tick also counts as mute when only a token saved since could ask REST about it."""
    before, event = move.before, move.event
    assert isinstance(before, Joined | Live)
    if not move.done(CloseFeed):
        stays = isinstance(move.after, Joined | Live) and move.after.ask == before.ask
        return stays or isinstance(event, FeedClosed)
    if isinstance(event, TimeUp):
        pending = isinstance(before, Live) and before.woke_s > -inf
        if isinstance(before, Joined) and event.trading and before.ledger.unasked and not before.ledger.may_poll:
            return True
        return event.frame_age_s >= move.limits.silence_s or (pending and event.frame_age_s > 0)
    return isinstance(event, StopAsked) or (isinstance(event, QuotesPolled) and event.moved)


@rule("A4", Joined)
def the_first_tick_has_its_minute(move: Move) -> bool:
    """An open feed that shows frames is given its time for the first tick of a trading market, and no longer when a
    newer token is saved and the polls cannot say whether the market moves."""
    before, event = move.before, move.event
    assert isinstance(before, Joined)
    if not isinstance(event, TimeUp) or min(event.frame_age_s, move.now_s - before.since_s) >= move.limits.silence_s:
        return True
    in_time = move.now_s < before.since_s + move.limits.mute_s
    helpless = before.ledger.unasked and not before.ledger.may_poll
    return move.done(CloseFeed) == (event.trading and helpless and not in_time)


@rule("A4", Joined, Live)
def a_dead_link_is_given_up(move: Move) -> bool:
    """At a deadline, a feed that showed no frame for the silence limit is closed, sleep's grace aside."""
    before, event = move.before, move.event
    if not isinstance(event, TimeUp) or event.frame_age_s < move.limits.silence_s:
        return True
    if isinstance(before, Joined) and move.now_s < before.since_s + move.limits.silence_s:
        return True
    graced = isinstance(before, Live) and move.now_s < before.woke_s + move.limits.wake_grace_s
    return graced or move.done(CloseFeed) == 1


@rule("A4", Live)
def a_sleep_is_forgiven(move: Move) -> bool:
    """After a sleep the open feed has its grace to show a frame, whatever deadline falls into it."""
    before, event = move.before, move.event
    assert isinstance(before, Live)
    graced = isinstance(event, TimeUp) and move.now_s < before.woke_s + move.limits.wake_grace_s
    return not graced or not move.done(CloseFeed)


@rule("A5", views=(TOKENS,))
def one_socket_at_a_time(move: Move) -> bool:
    """A feed is opened only when the one before is closed, and an open one is known in every state."""
    closed = not move.heard.socket
    for kind in move.kinds:
        if kind is CloseFeed:
            closed = True
        elif kind is OpenFeed:
            if not closed:
                return False
            closed = False
    return move.knows.socket == isinstance(move.after, Opening | Joined | Live)


@rule("A5", CloseFeed, views=(TOKENS,))
def close_only_what_is_open(move: Move) -> bool:
    """Only the present feed is closed, once."""
    before = move.before
    if not (isinstance(before, Opening | Joined | Live) and move.heard.socket and move.done(CloseFeed) == 1):
        return False
    return all(one.ask == before.ask for one in move.actions if isinstance(one, CloseFeed))


@rule("B1", CheckToken, views=(ROADS, PACE))
def an_attempt_is_paid_for(move: Move) -> bool:
    """Every token check takes one from the budget of attempts, which must have one left."""
    limits = move.limits
    bucket = move.before.ledger.attempts.refilled(move.now_s, limits.attempts, limits.attempt_every_s)
    return bucket.left >= 1 and move.after.ledger.attempts == bucket.taken()


@rule("B1", views=(ROADS, PACE))
def the_budget_only_refills_with_time(move: Move) -> bool:
    """Nothing but time adds attempts: no event, however often it comes, buys one."""
    limits = move.limits
    if move.before.ledger.attempts is move.after.ledger.attempts:
        return not move.done(CheckToken)
    was = move.before.ledger.attempts.refilled(move.now_s, limits.attempts, limits.attempt_every_s)
    now = move.after.ledger.attempts.refilled(move.now_s, limits.attempts, limits.attempt_every_s)
    return now == (was.taken() if move.done(CheckToken) else was)


@rule("B1", CheckToken, OpenFeed, PollQuotes, views=(TOKENS,))
def one_question_of_a_kind(move: Move) -> bool:
    """At most one check, one handshake and one poll are under way; the one before was answered or given up."""
    before, event = move.before, move.event
    if move.done(CheckToken) and isinstance(before, Checking):
        answered = isinstance(event, TokenChecked) and event.ask == before.ask
        if not (answered or (isinstance(event, TimeUp) and move.now_s >= before.until_s)):
            return False
    if move.done(PollQuotes):
        polls = [] if move.heard.asking else open_polls(before)  # while live, the question may be a check
        under_way = [ask for ask in polls if not (isinstance(event, QuotesPolled) and event.ask == ask)]
        given_up = isinstance(event, TimeUp) and move.now_s >= before.ledger.polls.asked_s + move.limits.poll_s
        if under_way and not given_up:
            return False
    return max(move.done(CheckToken), move.done(OpenFeed), move.done(PollQuotes)) <= 1


@rule("B2", PollQuotes, views=(ROADS, PACE))
def polls_keep_their_distance(move: Move) -> bool:
    """Two polls start at least as far apart as Kite's one request a second allows."""
    return move.now_s - move.before.ledger.polls.asked_s >= move.limits.poll_gap_s


@rule("B2", PollQuotes, views=(TOKENS,))
def no_poll_without_need(move: Move) -> bool:
    """No poll while live, except the one that asks whether a feed without ticks is mute; none signed out or barred."""
    after = move.after
    if isinstance(after, Live):
        event = move.event
        mute = isinstance(event, TimeUp) and event.trading and event.tick_age_s >= move.limits.mute_s
        checked = isinstance(event, TokenChecked) and move.heard.asking  # first the token, then the quotes
        return isinstance(move.before, Live) and (mute or checked) and after.confirm is not None
    return isinstance(after, Checking | Opening | Joined | Asking | Waiting)


@rule("B2", PollQuotes, views=(ROADS, TOKENS))
def no_poll_that_nobody_misses(move: Move) -> bool:
    """While nobody would miss ticks, a poll only asks why a handshake was refused."""
    event = move.event
    return not isinstance(event, TimeUp) or event.trading or isinstance(move.before, Asking)


@rule("B3", PollQuotes)
def hold_back_when_asked(move: Move) -> bool:
    """No poll before the time that a 429 asked for."""
    return move.now_s >= move.before.ledger.polls.not_before_s


@rule("B3", QuotesPolled)
def a_429_is_heeded(move: Move) -> bool:
    """After a 429 the polls pause for as long as it said, or ever longer when it said nothing."""
    event, polls = move.event, move.before.ledger.polls
    assert isinstance(event, QuotesPolled)
    if event.answer is not Answer.THROTTLED or event.ask not in open_polls(move.before):
        return True
    waits = move.limits.throttled_s
    wait_s = max(event.retry_after_s, waits[min(polls.throttles, len(waits) - 1)])
    return move.after.ledger.polls.not_before_s >= move.now_s + wait_s


@rule("B6", Woke, views=(TOKENS,))
def no_catching_up_after_a_sleep(move: Move) -> bool:
    """A wake starts at most one check; nothing that was missed is made up for."""
    return move.done(CheckToken) <= 1 and not (move.done(OpenFeed) or move.done(PollQuotes))


@rule("F1", FeedRefused, views=(TOKENS,))
def a_403_is_not_believed(move: Move) -> bool:
    """A refused handshake signs nobody out unless REST has called the token dead, or it is gone."""
    return not isinstance(move.after, SignedOut) or move.heard.word in (DEAD, MISSING) or _was_rejected(move)


@rule("F1", TokenChecked, QuotesPolled, views=(TOKENS,))
def only_a_dead_token_signs_out(move: Move) -> bool:
    """REST's trouble, a 429 or a missing plan never asks for a login."""
    if isinstance(move.before, SignedOut) or not isinstance(move.after, SignedOut):
        return True
    return move.heard.word in (DEAD, MISSING) or _was_rejected(move)


def _was_rejected(move: Move) -> bool:
    """Whether the token was called dead, whatever a late poll said of it since."""
    return move.before.ledger.verdict in (Verdict.DEAD, Verdict.DOUBTED)


@rule("F2", Barred, views=(TOKENS,))
def barred_is_patient(move: Move) -> bool:
    """Without a plan nothing is tried but in the slow lane, after a save, or after a sleep."""
    assert isinstance(move.before, Barred)
    if not (move.done(CheckToken) or move.done(OpenFeed) or move.done(PollQuotes)):
        return True
    due = isinstance(move.event, TimeUp) and move.now_s >= move.before.retry_s
    return due or isinstance(move.event, TokenStored | Woke)
