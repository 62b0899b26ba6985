"""The REST polls: when the next one starts, and what an answer says about REST and about the access token."""

from __future__ import annotations

from .actions import Note, PollQuotes
from .events import Answer, QuotesPolled
from .ledger import Verdict
from .turn import Turn


def tend_polls(turn: Turn, wanted: bool = True) -> None:
    """Give up an open poll whose time is up, and start the next one when it is due, if the token may serve; or put it
    off, while nobody would miss its quotes."""
    polls = turn.ledger.polls
    if polls.ask is not None and turn.now_s >= polls.asked_s + turn.limits.poll_s:
        turn.put_polls(ask=None, failed=True, served=False)
        polls = turn.ledger.polls
    if polls.ask is None and turn.now_s >= polls.start_s and turn.ledger.may_poll:
        if not wanted:
            turn.put_polls(next_s=turn.now_s + turn.limits.poll_every_s)
            return
        ask = turn.ask()
        turn.put_polls(ask=ask, asked_s=turn.now_s, next_s=turn.now_s + turn.limits.poll_every_s)
        turn.do(PollQuotes(ask))


def note_polled(turn: Turn, event: QuotesPolled) -> bool:
    """Write down a poll's answer; True when REST came back after failing: a reason to try the feed at once."""
    before = turn.ledger.polls
    turn.put_polls(ask=None)
    match event.answer:
        case Answer.OK:
            turn.put_polls(failed=False, served=True, throttles=0)
            turn.say_once(Note.POLLING, event.source, turn.limits.poll_every_s)
        case Answer.THROTTLED:
            turn.put_polls(served=False)
            note_throttle(turn, event)
        case Answer.TOKEN_DEAD | Answer.NOT_PERMITTED:
            turn.put_polls(failed=False, served=False)  # a clear word, from a REST that is there
        case _:
            turn.put_polls(failed=True, served=False)
    return before.failed and event.answer is Answer.OK and turn.ledger.refusals < turn.limits.refusals


def note_rejected(turn: Turn, event: QuotesPolled, verdict: Verdict) -> None:
    """A poll was told that its token is dead: a verdict on the saved one, unless that has not been asked about yet."""
    if event.answer is Answer.TOKEN_DEAD and turn.ledger.unasked:
        turn.put(spent=True)
    elif event.answer is Answer.TOKEN_DEAD and turn.ledger.verdict.usable:
        turn.put(verdict=verdict)


def note_throttle(turn: Turn, event: QuotesPolled) -> None:
    """Hold back as long as Kite asked, or ever longer when it named no time."""
    if event.answer is Answer.THROTTLED:
        throttles = turn.ledger.polls.throttles
        wait_s = max(event.retry_after_s, turn.limits.throttle_s(throttles))
        turn.put_polls(throttles=throttles + 1, not_before_s=turn.now_s + wait_s)
