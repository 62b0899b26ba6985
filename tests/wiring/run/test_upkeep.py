"""A run goes on following the right instruments: overnight, against a local Kite whose next day has another list; by
day, as the price of an underlying moves."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST, ScaledClock, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.following import Following, Rule
from kitefeed_cli.kite.feed import Feed
from kitefeed_cli.kite.instruments import Instruments
from kitefeed_cli.kite.watchlist import Watchlist
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import read_settings
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun
from kitefeed_cli.wiring.run.upkeep import Upkeep

from ...clocks import HandClock
from ...kite.test_renewal import DAY_N, NEXT, Days
from ...kite.test_rules import LISTED, prices
from ...ticks.sample import Values, last

DAY_S = 86_400.0
MONDAY = datetime(2026, 3, 2, 11, 0, tzinfo=IST)  # the options of the nearest week expire on Tuesday


class Overnight:
    """A run on a thread, and the words it said."""

    def __init__(self, folder: Path, clock: ScaledClock, kite: LocalKite, flags: dict[str, str | list[str]]) -> None:
        self.kite = kite
        self._clock = clock
        self._said = StringIO()
        store = TokenStore(folder / ".env")
        store.save(kite.access_token)
        settings = read_settings(folder / ".env", environment(kite), flags)
        self.run = FeedRun(settings, store, clock, Printer(StringIO(), self._said, clock, color=False))
        self._thread = threading.Thread(target=self.run.run)
        self._thread.start()

    @property
    def said(self) -> str:
        return self._said.getvalue()

    def skip(self, days: int) -> None:
        self._clock.skip(days * DAY_S)

    def eventually(self, condition: Callable[[], bool]) -> None:
        clock = SystemClock()
        until_s = clock.now_s() + 20.0
        while not condition():
            assert clock.now_s() < until_s, f"it never happened; said was:\n{self.said}"
            clock.sleep(0.02)

    def ticked(self, *names: str) -> bool:
        """Whether the feed has brought a tick of each of these."""
        token_of = {name: token for token, name in self.run.watchlist.tokens.items()}
        lasts = [self.run.board.last(token_of[name]) if name in token_of else None for name in names]
        return all(last is not None and last.source == "feed" for last in lasts)

    def stop(self) -> None:
        self.run.stop()
        self._thread.join()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Overnight]]:
    clock = ScaledClock(20, MONDAY)
    runs: list[Overnight] = []
    with LocalKite(clock) as kite:

        def begin(**flags: str | list[str]) -> Overnight:
            runs.append(Overnight(tmp_path, clock, kite, flags))
            return runs[-1]

        yield begin
        for one in runs:
            one.stop()


def test_new_options_are_subscribed_and_old_ones_given_up_on_the_open_connection(
    start: Callable[..., Overnight],
) -> None:
    night = start(instruments=["NSE:INFY"], underlying=["NIFTY"], expiry="this-week", atm="1")
    night.eventually(lambda: night.ticked("NSE:INFY", "NFO:NIFTY2630325000CE"))
    old = [token for token, name in night.run.watchlist.tokens.items() if "26303" in name]
    night.skip(2)
    night.eventually(lambda: night.ticked("NFO:NIFTY2631025000CE", "NFO:NIFTY2631024950PE"))

    assert 6 == len(old)
    night.eventually(lambda: not any("26303" in name for name in night.run.watchlist.tokens.values()))
    assert [] == [token for token in old if night.run.board.last(token) is not None], "what was given up ticks no more"
    assert "the instruments of 2026-03-04: 6 new, 6 given up, 8 to follow" in night.said
    assert 1 == len([row for row in night.kite.requests() if row["kind"] == "ws"])


def test_a_rename_and_a_moved_expiry_are_told_and_a_token_of_another_is_cleared(
    start: Callable[..., Overnight],
) -> None:
    night = start(instruments=["NSE:INFY", "NSE:TATAMOTORS", "MCX:CRUDEOIL26MARFUT", "301315"])
    night.eventually(lambda: night.ticked("NSE:INFY", "NSE:TATAMOTORS", "CDS:EURINR26MARFUT"))
    night.skip(1)
    night.eventually(lambda: "given up" in night.said)

    assert "NSE:TATAMOTORS of 2026-03-02 is called NSE:TMPV now, with the same instrument token 884737" in night.said
    assert "the expiry of MCX:CRUDEOIL26MARFUT was moved: 2026-03-31 on 2026-03-02, 2026-04-01 now" in night.said
    assert "instrument token 301315 was CDS:EURINR26MARFUT on 2026-03-02 and is CDS:GBPINR26MAYFUT now" in night.said
    assert "the instruments of 2026-03-03: 0 new, 1 given up, 3 to follow" in night.said


def test_indices_alone_need_no_list_on_any_day(start: Callable[..., Overnight]) -> None:
    night = start(instruments=["NSE:NIFTY 50"])
    night.eventually(lambda: night.ticked("NSE:NIFTY 50"))
    night.skip(1)
    SystemClock().sleep(2.0)

    assert [] == [row for row in night.kite.requests() if row["path"].startswith("/instruments")]


class March(HandClock):
    """Of the day that the list is of."""

    def wall(self) -> datetime:
        return MONDAY


class Seat:
    """A connection that was never opened."""

    def __init__(self, watchlist: Watchlist, clock: HandClock) -> None:
        self.feed = Feed(
            *("ws://127.0.0.1:1", "key", clock, lambda event: None, lambda batch: None),
            watchlist.parts[0].subscriptions,
            lambda: True,
        )


def test_strikes_are_chosen_anew_once_a_minute_at_most_from_prices_no_older() -> None:
    clock, said = March(), StringIO()
    watchlist = Watchlist(
        Following((), (Rule("NIFTY", "this-week", 1),)),
        "ltp",
        lambda: Instruments(lambda: LISTED.content, "https://api.kite.trade", clock.wall, None),
        prices,
    )
    board = Board(clock)
    printer = Printer(StringIO(), said, clock, color=False)
    upkeep = Upkeep(watchlist, [Seat(watchlist, clock)], board, printer, lambda problem: None, clock)

    def at(price: float, after_s: float) -> list[float]:
        clock.at_s += after_s
        board.take(Values(last(price, clock.at_s, instrument_token=256265, mode="ltp")))
        upkeep.look()
        return sorted({one.strike for one in watchlist.instruments if one.strike})

    watchlist.resolve()
    assert [24950, 25000, 25050] == at(25020, 0)
    assert [24950, 25000, 25050] == at(25100, 59), "not a minute yet"
    assert [25050, 25100, 25150] == at(25100, 1)
    assert [25050, 25100, 25150] == at(25200, 59)
    clock.at_s += 62
    upkeep.look()
    assert 25050 in {one.strike for one in watchlist.instruments}, "a price of more than a minute ago moves nothing"
    assert [25150, 25200, 25250] == at(25200, 60)
    assert 2 == said.getvalue().count("the strikes follow the price")


class Dated(HandClock):
    """Of whatever day it is."""

    def __init__(self, days: Days) -> None:
        super().__init__()
        self._days = days

    def wall(self) -> datetime:
        return self._days.wall()


def test_no_old_price_stands_under_the_new_name_of_a_token() -> None:
    days, said = Days(), StringIO()
    clock = Dated(days)
    watchlist = Watchlist(Following(("12345602", "NSE:INFY")), "ltp", days.lists)
    watchlist.resolve()
    board = Board(clock)
    printer = Printer(StringIO(), said, clock, color=False)
    upkeep = Upkeep(watchlist, [Seat(watchlist, clock)], board, printer, lambda problem: None, clock)
    for token in watchlist.tokens:
        board.take(Values(last(25000.0, clock.at_s, instrument_token=token, mode="ltp")))
    upkeep.look()
    assert board.last(12345602) is not None
    days.day = NEXT
    upkeep.look()

    assert "NFO:NIFTY26JUNFUT" == watchlist.tokens[12345602]
    assert board.last(12345602) is None
    assert board.last(408065) is not None


def test_a_list_that_cannot_be_had_is_asked_for_again_later_and_later() -> None:
    days, said = Days(), StringIO()
    clock = Dated(days)
    watchlist = Watchlist(Following(("NFO:NIFTY26APRFUT",)), "ltp", days.lists)
    watchlist.resolve()
    printer = Printer(StringIO(), said, clock, color=False)
    upkeep = Upkeep(watchlist, [Seat(watchlist, clock)], Board(clock), printer, lambda problem: None, clock)
    days.day, days.fails = NEXT, True
    asked_at_s = []
    for _ in range(3600):
        before = days.asked
        upkeep.look()
        if days.asked > before:
            asked_at_s.append(clock.at_s - 1000.0)
        clock.at_s += 1.0

    assert [0, 60, 180, 420, 900, 1860, 2820] == asked_at_s
    assert 1 == said.getvalue().count("it is tried again")
    days.fails = False
    clock.at_s += 960.0
    upkeep.look()
    assert NEXT == watchlist.day


def test_when_nothing_is_left_to_follow_the_run_ends() -> None:
    days = Days()
    clock = Dated(days)
    watchlist = Watchlist(Following(("NFO:NIFTY26MARFUT",)), "ltp", days.lists)
    watchlist.resolve()
    failed: list[Problem] = []
    printer = Printer(StringIO(), StringIO(), clock, color=False)
    upkeep = Upkeep(watchlist, [Seat(watchlist, clock)], Board(clock), printer, failed.append, clock)
    days.day = NEXT
    upkeep.look()

    assert ["there is nothing left to follow"] == [problem.what for problem in failed]


def test_a_bug_in_it_ends_the_run() -> None:
    class Broken(HandClock):
        def wall(self) -> datetime:
            raise ValueError("a bug")

        def wait(self, condition: threading.Condition, seconds: float) -> None:
            self.at_s += seconds

    clock = Broken()
    failed: queue.Queue[Problem] = queue.Queue()
    printer = Printer(StringIO(), StringIO(), clock, color=False)
    watchlist = Watchlist(Following(("NFO:NIFTY26MARFUT",)), "ltp", Days().lists)
    upkeep = Upkeep(watchlist, [], Board(clock), printer, failed.put, clock)
    upkeep.start()
    problem = failed.get(timeout=5)
    upkeep.stop()

    assert Exit.BUG == problem.exit_code
    assert problem.why.startswith("ValueError at test_upkeep.py:")
    assert failed.empty()


def test_a_rule_that_has_nothing_to_choose_from_is_one_error_a_day() -> None:
    days, said = Days(), StringIO()
    clock = Dated(days)
    watchlist = Watchlist(Following((), (Rule("NIFTY", DAY_N),)), "ltp", days.lists)
    watchlist.resolve()
    printer = Printer(StringIO(), said, clock, color=False)
    upkeep = Upkeep(watchlist, [Seat(watchlist, clock)], Board(clock), printer, lambda problem: None, clock)
    days.day = NEXT
    for _ in range(100):
        clock.at_s += 60.0
        upkeep.look()

    assert 1 == said.getvalue().count("error: NIFTY has no options that expire on 2026-03-31")
    assert "what was followed yesterday is followed on" in said.getvalue()


def test_a_rule_waits_for_the_login_and_chooses_then(tmp_path: Path) -> None:
    clock = ScaledClock(20, MONDAY)
    with LocalKite(clock) as kite:
        kite.set_token("expired")
        night = Overnight(tmp_path, clock, kite, {"underlying": ["NIFTY"], "atm": "1"})
        try:
            night.eventually(lambda: "skipping WebSocket connection" in night.said)
            assert "the strikes around NIFTY cannot be chosen: that takes a price" in night.said
            TokenStore(tmp_path / ".env").save(kite.login())
            night.eventually(lambda: night.ticked("NSE:NIFTY 50", "NFO:NIFTY2630325000PE"))
            assert "NIFTY: 6 options of 2026-03-03, 3 strikes from 24,950 to 25,050" in night.said
            assert 1 == len([row for row in kite.requests() if row["kind"] == "ws"])
        finally:
            night.stop()
