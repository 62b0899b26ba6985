"""What the roads of a run hear from its loops."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kitefeed_cli.calendar import open_between, outlook
from kitefeed_cli.clock import IST, ScaledClock, VirtualClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.outputs.silent import Silent
from kitefeed_cli.policy import DEFAULT, Answer, Cause, Event, Saved, Show, Shown, begin, step
from kitefeed_cli.policy.events import FeedClosed, FeedOpened, FeedTicked, Started, StopAsked, TokenChecked, Woke
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import read_settings
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.ticks.gaps import ASLEEP, QUIET, GapLedger
from kitefeed_cli.ticks.last import Last
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.loop.voice import Voice
from kitefeed_cli.wiring.loop.witness import witnessed
from kitefeed_cli.wiring.run.feed_run import FeedRun
from tests.ticks.sample import NOON, Values, last

PATIENCE_S = 10.0


def test_the_ledger_hears_why_there_is_no_feed_and_of_a_sleep() -> None:
    clock = VirtualClock(NOON)
    ledger = GapLedger(1, {1: "full"}, clock, open_between)
    policy, state = witnessed(step, ledger), begin(DEFAULT)
    causes: list[str] = []
    day: list[tuple[float, Event]] = [
        (0, Started(Saved.TOKEN)),
        (0, TokenChecked(1, Answer.OK)),
        (0, FeedOpened(2)),
        (1, FeedTicked(2, fresh=True, trading=True)),
        (4, FeedClosed(2, "closed")),
        (4, StopAsked()),
    ]
    for at_s, event in day:
        clock.advance_to(at_s)
        if isinstance(event, FeedTicked):
            ledger.ticked(Values(last(5, received_s=at_s)))
        state = policy(state, event, at_s, DEFAULT).state
    clock.advance_to(40)
    causes += [gap.cause for gap in ledger.close()]
    ledger.ticked(Values(last(5, received_s=40)))
    state = policy(begin(DEFAULT), Woke(20), 60, DEFAULT).state
    clock.advance_to(60)
    policy(state, Woke(20), 60, DEFAULT)
    causes += [gap.cause for gap in ledger.close()]

    assert [Cause.FEED_DROPPED.value, ASLEEP] == causes


def test_last_known_values_are_those_of_the_moment_they_are_told_of() -> None:
    """A slow output hears of it late; what the board has by then is still in the output's queue, after it."""
    clock = VirtualClock(NOON)
    board = Board(clock)
    queue: list[Callable[[], None]] = []
    told: list[Last] = []

    class Output(Silent):
        def stale(self, lasts: Iterable[Last]) -> None:
            told.extend(lasts)

    voice = Voice(
        Printer(io.StringIO(), io.StringIO(), clock), Output(), queue.append, board, clock, lambda: outlook(NOON)
    )
    board.take(Values(last(1, at_s=1)))
    voice.show(Show(Shown.STALE, Cause.KITE_UNREACHABLE))
    board.take(Values(last(2, received_s=1, at_s=2)))
    for news in queue:
        news()

    assert [1.0] == [value.last_price for value in told]


class Records(io.StringIO):
    """A stdout of JSON lines that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.more = threading.Condition()

    def write(self, text: str) -> int:
        with self.more:
            self.records += map(json.loads, text.splitlines())
            self.more.notify_all()
        return len(text)

    def until(self, kind: str, source: str | None = None, after: int = 0) -> int:
        """The place of the first such record."""

        def found() -> list[int]:
            return [
                place
                for place, record in enumerate(self.records)
                if place >= after and record["kind"] == kind and source in (None, record.get("source"))
            ]

        with self.more:
            assert self.more.wait_for(found, PATIENCE_S), (kind, source)
            return found()[0]


def test_a_run_tells_its_gaps_where_they_end_and_sums_them_up(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    clock = ScaledClock(20, datetime(2026, 3, 2, 11, 0, tzinfo=IST))
    out, err = Records(), io.StringIO()
    with LocalKite(clock) as kite:
        settings = read_settings(env_file, environment(kite), instruments=["NSE:INFY"], mode="full")
        store = TokenStore(env_file)
        store.save(kite.access_token)
        run = FeedRun(settings, store, clock, Printer(out, err, clock, json=True))
        thread = threading.Thread(target=run.run, name="kitefeed-test-run", daemon=True)
        thread.start()
        try:
            out.until("tick", "feed")
            kite.set_faults({"feed": "unreachable"})
            polled = out.until("tick", "rest")
            clock.sleep(6)
            kite.set_faults({"feed": "up"})
            ends = out.until("gap", after=polled)
            back = out.until("tick", "feed", after=ends)
            kite.set_faults({"feed": "unreachable"})
            out.until("status", after=back)
            clock.sleep(6.5)
        finally:
            run.stop()
            thread.join(PATIENCE_S)
    gaps = [record for record in out.records if record["kind"] == "gap"]
    named = [gap for gap in gaps if gap["cause"] != QUIET]

    assert [(False, ["rest"]), (True, ["rest"])] == [(gap["open"], gap["bridged_by"]) for gap in named[-2:]]
    assert {"feed-dropped", "feed-unreachable"} >= {gap["cause"] for gap in named[-2:]}
    for gap in gaps:
        lasted = datetime.fromisoformat(gap["to"]) - datetime.fromisoformat(gap["from"])
        assert gap["lasted_s"] > 5
        assert abs(lasted - timedelta(seconds=gap["lasted_s"])) < timedelta(seconds=0.01)
        assert ["NSE:INFY"] == gap["instruments"]
    assert back == ends + 1, "the tick that ends a gap follows it"
    assert f"{len(named)} gaps in the ticks" in err.getvalue()
    assert not thread.is_alive()
