from __future__ import annotations

from kitefeed_cli.gateway.intake import Intake
from kitefeed_cli.ticks.quotes import QuoteBatch

from ..ticks.test_encoding import QUOTE
from .desk import FULL, INDEX_FULL, INFY, NIFTY, batch, deeper, priced


def intake() -> tuple[Intake, list[int]]:
    calls: list[int] = []
    return Intake(lambda: calls.append(1)), calls


def test_what_has_come_is_called_out_once_until_it_is_taken() -> None:
    fed, calls = intake()
    for _ in range(3):
        fed.accept(batch(FULL))
    assert [1] == calls
    assert 3 == len(fed.take())
    assert [] == fed.take()
    fed.accept(batch(FULL))
    assert [1, 1] == calls


def test_nobody_who_takes_costs_older_packets_and_no_instrument() -> None:
    fed, _ = intake()
    fed.accept(batch(INDEX_FULL))
    for step in range(1000):
        fed.accept(batch(priced(FULL, step)))

    line = fed.take()

    assert len(line) <= 64
    assert {NIFTY, INFY} == {token for news in line for token in news.packets}
    assert priced(FULL, 999) == line[-1].packets[INFY][0]
    assert 1001 == fed.ticks == fed.conflated + sum(len(news.packets) for news in line)


def test_what_was_conflated_is_news_for_the_poorest_mode_that_any_of_it_was() -> None:
    fed, _ = intake()
    fed.accept(batch(FULL))
    for _ in range(80):
        fed.accept(batch(deeper(fed.known[INFY].packet)))

    assert 1 == fed.take()[0].packets[INFY][1]


def test_an_instrument_that_ticks_twice_in_a_frame_ticks_twice() -> None:
    fed, _ = intake()
    fed.accept(batch(FULL, priced(FULL, 1)))

    assert [FULL, priced(FULL, 1)] == [news.packets[INFY][0] for news in fed.take()]


def test_polled_quotes_become_packets_with_their_source() -> None:
    fed, _ = intake()
    fed.accept(QuoteBatch((QUOTE,), 12.0))

    (news,) = fed.take()
    known = fed.known[INFY]

    assert ("rest", 12.0) == (news.source, news.received_s) == (known.source, known.received_s)
    assert 184 == len(known.packet)


def test_what_is_not_followed_any_more_is_forgotten_after_a_while() -> None:
    fed, _ = intake()
    fed.accept(batch(FULL, INDEX_FULL))

    fed.prune({INFY})
    assert {INFY, NIFTY} == fed.known.keys(), "it may come back at once"
    fed.prune({INFY, NIFTY})
    fed.prune({INFY})
    assert {INFY, NIFTY} == fed.known.keys()
    fed.prune({INFY})
    assert {INFY} == fed.known.keys()
