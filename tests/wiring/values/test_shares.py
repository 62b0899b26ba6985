"""The secondary source and several connections: each share has what Kite serves it, and the turns of a long list."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.sources import Quote, SourceError, Wanted
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.ticks.quotes import QuoteBatch
from kitefeed_cli.wiring.values.fallback import Fallback, Share
from tests.emulator.client import eventually


class Now(VirtualClock):
    """A source that answers at once needs no wait; one that is waited for has its whole time."""

    def wait(self, condition: object, seconds: float) -> None:
        condition.wait(0.2)  # type: ignore[attr-defined]  # a held condition


class Desk:
    name = "desk"
    needs_kite_token = False
    most = 3

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.prepared = 0
        self.fails = False

    def prepare(self, instruments: Sequence[Wanted]) -> None:
        self.prepared += 1

    def fetch(self, instruments: Sequence[Wanted]) -> list[Quote]:
        self.asked.append([one.key for one in instruments])
        if self.fails:
            raise SourceError("503")
        return [Quote(one.key, 100.0) for one in instruments]


class Ear:
    def __init__(self) -> None:
        self.heard: list[str] = []
        self.kite_serves = False

    def serving(self, name: str, words: str) -> bool:
        self.heard.append(words)
        return not self.kite_serves

    def resting(self, why: str) -> None:
        self.heard.append(why or "rests")


class Play:
    """A fallback over shares whose states the test sets."""

    def __init__(self, *sizes: int) -> None:
        self.clock = Now(datetime(2026, 3, 2, 11, 0, tzinfo=IST))
        self.source, self.ear = Desk(), Ear()
        self.states = ["live"] * len(sizes)
        self.trading = True
        self.got: list[list[str]] = [[] for _ in sizes]
        self.takes = True
        shares = [self._share(number, size) for number, size in enumerate(sizes)]
        printer = Printer(io.StringIO(), io.StringIO(), self.clock)
        self.fallback = Fallback(self.source, shares, Board(self.clock), self.ear, printer, self.clock)

    def _share(self, number: int, size: int) -> Share:
        wanted = [Wanted(f"NSE:S{number}{nth}", (number * 100 + nth) << 8 | 1) for nth in range(size)]

        def offer(batch: QuoteBatch, asked_s: float) -> bool:
            self.got[number] += [quote.instrument for quote in batch.quotes]
            return self.takes

        return Share(lambda: self.states[number], lambda: wanted, offer, lambda: self.trading)

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.fallback.look()
            self.clock.sleep(0.5)


def test_only_the_share_without_a_source_is_asked_for() -> None:
    play = Play(2, 2)
    play.passes(10)
    assert [] == play.source.asked
    play.states[1] = "signed-out"
    play.passes(10)

    assert [["NSE:S10", "NSE:S11"]] * 2 == play.source.asked
    assert [[], ["NSE:S10", "NSE:S11"] * 2] == play.got
    assert ["desk, delay unknown"] == play.ear.heard


def test_a_long_list_takes_legal_turns_that_together_last_five_seconds() -> None:
    play = Play(7)
    play.states[0] = "signed-out"
    play.passes(12)

    assert [["NSE:S00", "NSE:S01", "NSE:S02"], ["NSE:S03", "NSE:S04", "NSE:S05"], ["NSE:S06"]] == play.source.asked[:3]
    assert play.source.asked[3] == play.source.asked[0]
    assert 6 <= len(play.source.asked) <= 8


def test_a_state_that_gets_better_is_told_once_and_the_source_rests() -> None:
    play = Play(1)
    play.states[0] = "signed-out"
    play.passes(7)
    play.states[0] = "connecting"
    play.passes(7)

    assert ["desk, delay unknown", "rests"] == play.ear.heard
    assert 2 == len(play.source.asked)


def test_while_nothing_trades_it_is_not_asked() -> None:
    play = Play(1)
    play.trading = False
    play.states[0] = "signed-out"
    play.passes(20)

    assert [] == play.source.asked


def test_what_nobody_wants_any_more_is_not_delivered() -> None:
    play = Play(1)
    play.ear.kite_serves = True
    play.states[0] = "signed-out"
    play.passes(1)

    assert [[]] == play.got


def test_its_lists_are_prepared_before_they_are_needed_and_again_every_hour() -> None:
    play = Play(1)
    play.passes(1)
    assert 1 == play.source.prepared
    play.clock.sleep(3600)
    play.passes(1)
    assert 2 == play.source.prepared


def test_a_failure_is_told_once_and_its_end_too() -> None:
    play = Play(1)
    play.states[0] = "signed-out"
    play.passes(1)
    play.source.fails = True
    play.passes(60)
    play.source.fails = False
    play.passes(60)

    assert ["desk, delay unknown", "desk brings no quotes (503)", "desk, delay unknown"] == play.ear.heard


def test_a_bug_in_it_ends_the_secondary_source_and_nothing_else() -> None:
    play = Play(1)
    play.states.clear()
    play.fallback.start()
    eventually(lambda: play.ear.heard != [], "nothing is said")
    play.fallback.stop()

    assert 1 == len(play.ear.heard)
    assert play.ear.heard[0].startswith("desk is left out from here on: IndexError at test_shares.py:")
