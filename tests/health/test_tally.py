from __future__ import annotations

from kitefeed_cli.health.tally import Tally
from kitefeed_cli.policy import DEFAULT, Answer, Event, Saved, State, begin, step
from kitefeed_cli.policy.events import (
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Started,
    TokenChecked,
)

TICKING = (TokenChecked(1, Answer.OK), FeedOpened(2), FeedTicked(2, fresh=True, trading=True))


def lived(*events: Event) -> Tally:
    """What is counted of a policy that met these events, a second apart."""
    tally, state = Tally(), begin(DEFAULT)
    for now_s, event in enumerate((Started(Saved.TOKEN), *events)):
        state = stepped(tally, state, event, float(now_s))
    return tally


def stepped(tally: Tally, state: State, event: Event, now_s: float) -> State:
    after = step(state, event, now_s, DEFAULT).state
    tally.saw(state, event, after)
    return after


def test_a_start_is_no_outage_and_its_handshake_no_reconnect() -> None:
    tally = lived(*TICKING)

    assert {} == tally.outages
    assert 0 == tally.reconnects
    assert {("token-check", "ok"): 1, ("handshake", "ok"): 1} == tally.calls


def test_a_drop_is_an_outage_and_the_next_handshake_a_reconnect() -> None:
    again = (TokenChecked(3, Answer.OK), FeedOpened(4), FeedTicked(4, fresh=True, trading=True))
    tally = lived(*TICKING, FeedClosed(2, "1006"), *again)

    assert {"feed-dropped": 1} == tally.outages
    assert 1 == tally.reconnects


def test_a_drop_within_an_outage_is_the_same_one() -> None:
    again = (TokenChecked(3, Answer.OK), FeedOpened(4), FeedTicked(4, fresh=True, trading=True))
    tally = lived(*TICKING, FeedClosed(2, "1006"), *again, FeedClosed(4, "1006"))

    assert {"feed-dropped": 1} == tally.outages


def test_handshakes_and_polls_are_counted_by_how_they_ended() -> None:
    tally = lived(
        FeedRefused(9, 403),
        FeedUnreachable(9),
        QuotesPolled(9, Answer.UNREACHABLE),
        QuotesPolled(9, Answer.OK, source="upstox"),
    )

    assert {("handshake", "refused"): 1, ("handshake", "unreachable"): 1, ("poll", "unreachable"): 1} == tally.calls
