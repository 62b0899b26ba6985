"""The secondary source in a whole run, against a local Kite: who serves when, and what is said of it."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.clock import ScaledClock, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.redact import REDACTOR
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import read_settings
from kitefeed_cli.sources import Quote, QuoteSource, SourceError, Wanted
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun
from kitefeed_cli.wiring.values.fallback import secondary_of

SPEED = 10.0
PATIENCE_S = 200.0  # of the scaled clock
NAMES = ["NSE:INFY", "NSE:NIFTY 50", "BSE:SENSEX", "NSE:SBIN"]
POLLING = "Using REST API polling mode for market data (source: "


class Desk:
    """A source that answers what the test says."""

    name = "desk"
    needs_kite_token = False

    def __init__(self, answer: Callable[[Sequence[Wanted]], Iterable[Quote]]) -> None:
        self.answer = answer
        self.asked_s: list[float] = []
        self.clock: ScaledClock | None = None

    def fetch(self, instruments: Sequence[Wanted]) -> Iterable[Quote]:
        if self.clock is not None:
            self.asked_s.append(self.clock.now_s())
        return self.answer(instruments)


def steady(wanted: Sequence[Wanted]) -> list[Quote]:
    prices = {"NSE:INFY": 1520.0, "NSE:NIFTY 50": 24990.0, "BSE:SENSEX": 81600.0, "NSE:SBIN": 812.0}
    return [Quote(one.key, prices[one.key], delay_s=0.0) for one in wanted]


class Play:
    """A run on a fast local Kite, and what it wrote."""

    def __init__(self, kite: LocalKite, clock: ScaledClock, folder: Path, source: QuoteSource | None) -> None:
        self.kite, self.clock = kite, clock
        self.out, self.err = io.StringIO(), io.StringIO()
        words = environment(kite)
        settings = read_settings(folder / "play.env", words, instruments=NAMES, secondary="upstox")
        self.store = TokenStore(settings.env_file)
        self.store.save(kite.access_token)
        printer = Printer(self.out, self.err, clock, json=True, redact=REDACTOR.redact)
        self.run = FeedRun(
            settings, self.store, clock, printer, secondary=source or secondary_of(settings, clock, words)
        )

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]

    def ticks(self, source: str) -> list[dict[str, Any]]:
        return [one for one in self.records() if one["kind"] == "tick" and one["source"] == source]

    def states(self) -> list[tuple[str, str | None]]:
        return [(one["state"], one.get("source")) for one in self.records() if one["kind"] == "status"]

    def said(self, words: str) -> list[str]:
        return [line for line in self.err.getvalue().splitlines() if words in line and not line.startswith("{")]

    def until(self, true: Callable[[], object], what: str) -> None:
        ends_s = self.clock.now_s() + PATIENCE_S
        while not true():
            assert self.clock.now_s() < ends_s, f"{what} did not happen:\n{self.err.getvalue()}"
            self.clock.sleep(0.2)

    def live(self) -> None:
        self.until(lambda: self.run.shown.shown.value == "live" and self.ticks("feed"), "live ticks")

    def dies(self) -> None:
        self.kite.set_faults({"token": "expired", "feed": "dropped"})


@contextmanager
def play(folder: Path, source: QuoteSource | None = None) -> Iterator[Play]:
    clock = ScaledClock(SPEED, SystemClock().wall())
    with LocalKite(clock) as kite:
        if isinstance(source, Desk):
            source.clock = clock
        one = Play(kite, clock, folder, source)
        thread = threading.Thread(target=one.run.run, name="kitefeed-play")
        thread.start()
        try:
            one.live()
            yield one
        finally:
            one.run.stop()
            thread.join(10)
        assert not thread.is_alive()
        assert "Traceback" not in one.err.getvalue()


def test_a_dead_token_hands_over_to_upstox_and_a_login_takes_back(tmp_path: Path) -> None:
    with play(tmp_path) as one:
        one.dies()
        one.until(lambda: len(one.ticks("upstox")) >= 5 * len(NAMES), "five rounds of upstox")
        asked = [row["t"] for row in one.kite.requests() if row["path"].startswith("/v2/market-quote")]
        values = {value.instrument_token: value for value in one.run.board.lasts()}
        one.store.save(one.kite.login())
        one.until(lambda: ("live", None) in one.states()[-1:], "the feed")
        one.clock.sleep(8.0)
        late = [row["t"] for row in one.kite.requests() if row["path"].startswith("/v2/market-quote")]

    assert [f"{POLLING}upstox, delay unknown)"] == [line[9:] for line in one.said(POLLING)]
    assert ("signed-out", None) in one.states()
    assert ("signed-out", "upstox") in one.states(), "signed out is what we are; the source stands beside it"
    assert all(4.5 <= after - before <= 7.0 for before, after in pairwise(asked)), asked
    assert len(asked) == len(late), "it rests while the feed is live"
    assert {"upstox"} == {value.source for value in values.values()}
    assert 1 == len(one.said("error:"))
    for tick in one.ticks("upstox"):
        assert "exchange_at" not in tick, "its time is not the exchange's"
        assert tick["as_of"]
    assert not {tick["source"] for tick in one.records() if tick["kind"] == "tick"} - {"feed", "upstox", "last-known"}


def test_without_one_the_last_known_values_are_told_once_and_nothing_else(tmp_path: Path) -> None:
    clock = ScaledClock(SPEED, SystemClock().wall())
    with LocalKite(clock) as kite:
        settings = read_settings(tmp_path / "x.env", environment(kite), instruments=NAMES)
        store = TokenStore(settings.env_file)
        store.save(kite.access_token)
        out, err = io.StringIO(), io.StringIO()
        run = FeedRun(settings, store, clock, Printer(out, err, clock, json=True))
        thread = threading.Thread(target=run.run, name="kitefeed-play")
        thread.start()
        ends_s = clock.now_s() + PATIENCE_S
        while run.shown.shown.value != "live" and clock.now_s() < ends_s:
            clock.sleep(0.2)
        clock.sleep(2.0)
        kite.set_faults({"token": "expired", "feed": "dropped"})
        while run.shown.shown.value != "signed-out" and clock.now_s() < ends_s:
            clock.sleep(0.2)
        clock.sleep(20.0)
        run.stop()
        thread.join(10)

    after = out.getvalue().partition('"signed-out"')[2]
    assert len(NAMES) == after.count('"source":"last-known"') == after.count('"kind":"tick"')
    assert POLLING not in err.getvalue()
    assert not [row for row in kite.requests() if "market-quote" in row["path"]]


def test_kites_own_rest_comes_first_and_is_named_when_it_comes_back(tmp_path: Path) -> None:
    source = Desk(steady)
    with play(tmp_path, source) as one:
        one.kite.set_faults({"feed": "unreachable"})
        one.until(lambda: one.ticks("rest"), "Kite's REST")
        assert not source.asked_s
        one.kite.set_faults({"rest": "failing"})
        one.until(lambda: one.ticks("desk"), "the desk")
        one.kite.set_faults({"rest": "up"})
        one.until(lambda: 3 == len(one.said(POLLING)), "Kite's REST again")
        one.kite.clear_faults()
        one.until(lambda: ("live", None) == one.states()[-1], "the feed")

    told = [line[9:].removeprefix(POLLING) for line in one.said(POLLING)]
    assert ["kite-rest, every 5 s)", "desk, delay 0s)", "kite-rest, every 5 s)"] == told
    sources = [tick["source"] for tick in one.records() if tick["kind"] == "tick"]
    order = [one for one, other in zip(sources, ["", *sources], strict=False) if one != other and one != "last-known"]
    assert ["feed", "rest", "desk", "rest", "feed"] == order


def raising(wanted: Sequence[Wanted]) -> list[Quote]:
    raise ZeroDivisionError("secret 12345678")


def refusing(wanted: Sequence[Wanted]) -> list[Quote]:
    raise SourceError("429, too many requests", retry_after_s=40.0)


def leaving(wanted: Sequence[Wanted]) -> list[Quote]:
    raise SystemExit(3)


def in_paise(wanted: Sequence[Wanted]) -> list[Quote]:
    return [replace(one, last_price=one.last_price * 100) for one in steady(wanted)]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (raising, "desk brings no quotes (it failed with ZeroDivisionError)"),
        (refusing, "desk brings no quotes (429, too many requests)"),
        (leaving, "desk brings no quotes (it failed with SystemExit)"),
        (lambda wanted: None, "desk brings no quotes (it failed with TypeError)"),
        (lambda wanted: [], "desk brings no quotes (no usable quotes)"),
        (lambda wanted: [None, 5, "x"], "Refused from desk and not shown: 3 not a quote"),
        (lambda wanted: [Quote("NSE:TCS", 5.0)], "Refused from desk and not shown: 1 not asked for"),
        (in_paise, "Refused from desk and not shown: 4 far off"),
        (lambda wanted: [Quote(one.key, float("nan")) for one in wanted], "4 not a price"),
    ],
)
def test_a_source_that_errs_is_named_in_one_line_and_costs_nothing(
    tmp_path: Path, answer: Callable[[Sequence[Wanted]], list[Quote]], line: str
) -> None:
    source = Desk(answer)
    with play(tmp_path, source) as one:
        one.dies()
        one.until(lambda: source.asked_s and one.said(line), "the line about it")
        one.clock.sleep(30.0)
        one.store.save(one.kite.login())
        asked_s = one.clock.now_s()
        one.until(lambda: one.states()[-1][0] == "live", "the feed")
        took_s = one.clock.now_s() - asked_s

    assert 1 == len(one.said(line))
    assert len(one.said("desk")) <= 4, one.err.getvalue()
    assert not one.ticks("desk")
    assert not one.said(POLLING)
    assert took_s < 5.0, "the policy does not wait for it"
    assert 1 <= len(source.asked_s) <= 4, "and it is asked ever less often"
    assert "12345678" not in one.err.getvalue()


def test_a_source_that_hangs_is_left_to_itself(tmp_path: Path) -> None:
    free = threading.Event()

    def hanging(wanted: Sequence[Wanted]) -> list[Quote]:
        free.wait(30)
        return []

    try:
        with play(tmp_path, Desk(hanging)) as one:
            one.dies()
            one.until(lambda: one.said("desk brings no quotes (no answer within 4 s)"), "the line about it")
            one.store.save(one.kite.login())
            one.until(lambda: one.states()[-1][0] == "live", "the feed")
    finally:
        free.set()


def test_instruments_that_it_cannot_serve_are_named_once(tmp_path: Path) -> None:
    source = Desk(lambda wanted: [one for one in steady(wanted) if one.instrument != "BSE:SENSEX"])
    with play(tmp_path, source) as one:
        one.dies()
        one.until(lambda: len(one.ticks("desk")) >= 9, "three rounds")

    assert ["desk has no quote for BSE:SENSEX"] == [line[9:] for line in one.said("has no quote")]


def test_an_answer_that_comes_after_the_feed_is_back_is_not_shown(tmp_path: Path) -> None:
    answer, asked = threading.Event(), threading.Event()

    def slow(wanted: Sequence[Wanted]) -> list[Quote]:
        asked.set()
        answer.wait(20)
        return steady(wanted)

    with play(tmp_path, Desk(slow)) as one:
        one.dies()
        assert asked.wait(20)
        one.store.save(one.kite.login())
        one.until(lambda: one.states()[-1][0] == "live", "the feed")
        answer.set()
        one.clock.sleep(6.0)

    assert not one.ticks("desk")
    assert not one.said(POLLING)


def test_a_source_that_goes_wrong_after_it_served_well_is_held_against_kites_last_word(tmp_path: Path) -> None:
    with play(tmp_path) as one:
        one.dies()
        one.until(lambda: len(one.ticks("upstox")) >= 3 * len(NAMES), "three good rounds")
        one.kite.set_faults({"secondary": "nonsense"})
        one.until(lambda: one.said("Refused from upstox"), "the refusal")
        one.clock.sleep(15.0)

    assert 1 == len(one.said("upstox brings no quotes (no usable quotes) - what was last known is marked stale"))
    assert max(tick["last_price"] for tick in one.ticks("upstox") if tick["instrument"] == "NSE:INFY") < 2000


def test_what_was_refused_is_counted_at_the_end(tmp_path: Path) -> None:
    with play(tmp_path) as one:
        one.kite.set_faults({"secondary": "nonsense"})
        one.dies()
        one.until(lambda: one.said("Refused from upstox"), "the refusal")

    (line,) = one.said("refused and never shown")
    assert "far off (upstox)" in line
    assert not one.ticks("upstox")
