"""What a run knows of its market, by connection."""

from __future__ import annotations

import io
from datetime import datetime
from math import inf
from pathlib import Path

import pytest

from kitefeed_cli.calendar import shipped
from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.kite.watchlist import INSTRUMENTS_MAX
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings
from kitefeed_cli.wiring.loop.market import Market
from kitefeed_cli.wiring.run.feed_run import FeedRun

EVENING = datetime(2026, 11, 25, 20, tzinfo=IST)  # NSE has closed, MCX has not


class AtClock(SystemClock):
    def __init__(self, at: datetime) -> None:
        self.at = at

    def wall(self) -> datetime:
        return self.at


class Watched:
    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.resolved = False


def market(watched: Watched, at: datetime, fresh_age_s: float = inf) -> Market:
    return Market(shipped(), AtClock(at), watched, lambda segments: fresh_age_s)


def test_the_segments_are_those_of_the_names_as_typed_until_the_list_is_at_hand() -> None:
    watched = Watched("408065")
    seen = market(watched, EVENING)
    typed = seen.segments
    watched.names, watched.resolved = ["NSE:INFY", "MCX:GOLD26DECFUT"], True
    found = seen.segments
    watched.names = []

    assert (("NSE",), ("NSE", "MCX"), ("NSE", "MCX")) == (typed, found, seen.segments)


def test_a_rule_that_is_not_resolved_yet_counts_as_the_share_market() -> None:
    assert ("NSE",) == market(Watched(), EVENING).segments


@pytest.mark.parametrize(
    ("at", "seems_open", "matters"),
    [
        ("2026-11-25T08:14", False, False),
        ("2026-11-25T08:15", False, True),
        ("2026-11-25T09:15", True, True),
        ("2026-11-25T15:35", False, False),
        ("2026-11-24T12:00", False, False),
        ("2026-11-08T03:00", False, True),  # unknown: nothing is called live, and nobody goes without quotes
    ],
)
def test_ticks_are_expected_in_sessions_and_would_be_missed_from_an_hour_before(
    at: str, seems_open: bool, matters: bool
) -> None:
    seen = market(Watched("NSE:INFY"), datetime.fromisoformat(at).replace(tzinfo=IST))

    assert (seems_open, matters) == (seen.seems_open(), seen.matters())


@pytest.mark.parametrize(("fresh_age_s", "expected"), [(600.0, True), (601.0, False)])
def test_news_outranks_the_calendar_for_ten_minutes(fresh_age_s: float, expected: bool) -> None:
    seen = market(Watched("NSE:INFY"), EVENING, fresh_age_s)

    assert (expected, expected) == (seen.seems_open(), seen.matters())


def test_a_tick_of_gold_says_nothing_about_shares(tmp_path: Path) -> None:
    clock = AtClock(EVENING)
    many = [f"NSE:SHARE{nth}" for nth in range(INSTRUMENTS_MAX)] + [f"MCX:LOT{nth}" for nth in range(INSTRUMENTS_MAX)]
    settings = Settings("mykey", tmp_path / ".env", instruments=tuple(many))
    run = FeedRun(settings, TokenStore(settings.env_file), clock, Printer(io.StringIO(), io.StringIO(), clock))
    shares, gold = (seat.hands.market for seat in run.seats)

    assert [("NSE",), ("MCX",)] == [shares.segments, gold.segments]
    assert [False, True] == [shares.seems_open(), gold.seems_open()]
    run.seats[1].feed._plan.tally.fresh_at_s = clock.now_s()
    assert inf == shares.fresh_age_s()
    assert gold.fresh_age_s() < 60.0
    assert not shares.seems_open()
    assert ("NSE", "MCX") == run.market.segments
    assert run.market.seems_open()
