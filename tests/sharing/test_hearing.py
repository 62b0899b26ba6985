from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from kitefeed_cli.clock import epoch_to_ist
from kitefeed_cli.gateway.upstream import Condition, Trouble
from kitefeed_cli.sharing.entries import MalformedError, Stamp, Word
from kitefeed_cli.sharing.hearing import Hearing
from kitefeed_cli.sharing.reading import Loss
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.words import Began, State, Text, began_body, gap_body, state_body, text_body
from kitefeed_cli.ticks.batch import TickBatch, batch_of_rows
from kitefeed_cli.ticks.gaps import Gap
from kitefeed_cli.ticks.layouts import LTP

from ..clocks import HandClock

REFUSED = ("nothing listens there", "see whether it is up")
DEAD = Trouble("Kite no longer accepts your access token", "403", "run `kitefeed login`", "token-expired")


class Heard:
    """A hearing, and what it hands on."""

    def __init__(self) -> None:
        self.clock = HandClock(1000.0)
        self.batches: list[TickBatch] = []
        self.texts: list[Text] = []
        self.losses: list[Loss] = []
        self.hearing = Hearing(
            Address.parse("redis://r", "--from"), self.batches.append, self.texts.append, self.losses.append, self.clock
        )

    def word(self, kind: str, body: Mapping[str, Any], age_s: float = 0.0) -> None:
        self.hearing.heard(Word(Stamp(1, 1), kind, 0, body), self.clock.at_s - age_s)

    def condition(self, condition: Condition, age_s: float = 0.0) -> None:
        self.word("condition", state_body(State(condition, "A Trader", 2)), age_s)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_a_condition_gets_older_by_our_own_clock(heard: Heard) -> None:
    heard.condition(Condition("live", None, "feed", 0.5), age_s=0.25)
    heard.clock.at_s += 1.0

    assert Condition("live", None, "feed", 1.75) == heard.hearing.condition()
    assert heard.hearing.condition().alive


def test_a_feed_that_is_not_open_stays_so(heard: Heard) -> None:
    heard.condition(Condition("polling", "network", "rest"))

    assert math.inf == heard.hearing.condition().frame_age_s


def test_what_the_publisher_is_in_trouble_with_is_to_be_mended_where_it_runs(heard: Heard) -> None:
    heard.condition(Condition("signed-out", "token-expired", trouble=DEAD))

    trouble = heard.hearing.condition().trouble

    assert trouble is not None
    assert ("403", "where the feed is published: run `kitefeed login`") == (trouble.why, trouble.next_step)


def test_it_is_starting_until_somebody_had_time_to_answer(heard: Heard) -> None:
    assert ("stale", "starting", None) == _told(heard)

    heard.clock.at_s += 3.0

    assert ("stale", "no-publisher", "no-publisher") == _told(heard)
    assert "kitefeed run --publish" in _next(heard)


def test_a_publisher_that_says_nothing_for_five_seconds_is_silent(heard: Heard) -> None:
    heard.condition(Condition("live", None, "feed", 0.1))
    heard.clock.at_s += 4.9
    assert "live" == heard.hearing.condition().state

    heard.clock.at_s += 0.2

    assert ("stale", "no-publisher", "no-publisher") == _told(heard)
    trouble = heard.hearing.condition().trouble
    assert trouble is not None
    assert "Redis at r:6379 is up, and nobody has written to it for 5 s" == trouble.why


def test_a_last_word_that_was_old_when_it_was_read_is_silence(heard: Heard) -> None:
    heard.condition(Condition("live", None, "feed", 0.1), age_s=300.0)

    assert "stale" == heard.hearing.condition().state


def test_a_redis_that_is_away_is_blamed_rather_than_the_publisher(heard: Heard) -> None:
    heard.condition(Condition("live", None, "feed", 0.1))
    heard.hearing.cut_off(REFUSED)
    assert "live" == heard.hearing.condition().state, "for five seconds it may come back unnoticed"

    heard.clock.at_s += 5.1

    assert ("stale", "redis-away", "redis-away") == _told(heard)
    assert "see whether it is up" == _next(heard)


def test_a_redis_that_was_never_there_is_told_at_once(heard: Heard) -> None:
    heard.hearing.cut_off(REFUSED)

    assert ("stale", "redis-away", "redis-away") == _told(heard)


def test_a_publisher_has_time_to_notice_that_redis_is_back(heard: Heard) -> None:
    heard.condition(Condition("live", None, "feed", 0.1))
    heard.hearing.cut_off(REFUSED)
    heard.clock.at_s += 60.0
    heard.hearing.answered()
    heard.clock.at_s += 7.9
    heard.hearing.answered()
    assert "redis-away" == heard.hearing.condition().why

    heard.clock.at_s += 0.2
    heard.hearing.answered()

    assert "no-publisher" == heard.hearing.condition().why


def test_the_first_word_after_redis_is_back_ends_it(heard: Heard) -> None:
    heard.hearing.cut_off(REFUSED)
    heard.clock.at_s += 60.0
    heard.hearing.answered()
    heard.clock.at_s += 1.0
    heard.condition(Condition("live", None, "feed", 0.1))
    heard.hearing.answered()

    assert ("live", None) == (heard.hearing.condition().state, heard.hearing.away)


def test_gaps_texts_and_publishers_are_noted(heard: Heard) -> None:
    at = epoch_to_ist(1_700_000_000)
    heard.word("gap", gap_body(Gap(at, at + timedelta(seconds=12), 12.0, "feed-dropped", (), (408065,), 1)))
    heard.word("text", text_body(Text("order", '{"type":"order"}')))
    heard.word("began", began_body(Began("box", 7, "0.1")))

    assert (1, 12.0) == (heard.hearing.gaps.number, heard.hearing.gaps.lasted_s)
    assert [Text("order", '{"type":"order"}')] == heard.texts
    assert (1, Began("box", 7, "0.1")) == (heard.hearing.publishers, heard.hearing.began)


@pytest.mark.parametrize("kind", ["condition", "gap", "text", "began"])
def test_a_body_that_is_not_ours_is_an_error(heard: Heard, kind: str) -> None:
    with pytest.raises(MalformedError):
        heard.word(kind, {"x": 1})


def test_a_word_that_is_not_known_is_a_sign_of_life_all_the_same(heard: Heard) -> None:
    heard.condition(Condition("live", None, "feed", 0.1))
    heard.clock.at_s += 5.1
    heard.word("something-new", {})

    assert "live" == heard.hearing.condition().state


def test_only_news_of_the_feed_counts_as_a_tick(heard: Heard) -> None:
    for source, snapshots in (("rest", ()), ("feed", (0,)), ("feed", ())):
        batch = batch_of_rows([(LTP, (408065, 5))]).brought_by(source)
        batch.received_s, batch.snapshots = heard.clock.at_s, snapshots
        heard.hearing.accept(batch)
        heard.clock.at_s += 1.0

    assert (3, 1002.0) == (len(heard.batches), heard.hearing.ticked_s)


def _told(heard: Heard) -> tuple[str, str | None, str | None]:
    condition = heard.hearing.condition()
    assert condition.source is None
    assert math.inf == condition.frame_age_s
    return condition.state, condition.why, None if condition.trouble is None else condition.trouble.cause


def _next(heard: Heard) -> str:
    trouble = heard.hearing.condition().trouble
    assert trouble is not None
    return trouble.next_step
