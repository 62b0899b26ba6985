"""The live table on a real pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import re
import select
import struct
import sys
import termios
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.live import LiveTable
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.outputs import Output
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.gaps import Gap
from kitefeed_cli.ticks.last import FEED, Last

CLOCK = SystemClock()
NAMES = {408065: "NSE:INFY"}
_PAINT = r"\x1b\[[0-9;]*m"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


class Screen:
    """A terminal of 80 by 24 and what was written to it."""

    def __init__(self) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.file: TextIO = open(slave, "w", encoding="utf-8")  # noqa: SIM115 - closed below
        self.text = ""

    def until(self, wanted: str) -> str:
        """Everything written until `wanted` was, without the paint."""
        return re.sub(_PAINT, "", self.raw_until(wanted))

    def raw_until(self, wanted: str, within_s: float = 5.0) -> str:
        end_s = CLOCK.now_s() + within_s
        while wanted not in self.text:
            left_s = end_s - CLOCK.now_s()
            assert left_s > 0, f"{wanted!r} is not in {self.text!r}"
            if select.select([self._master], [], [], left_s)[0]:
                self.text += os.read(self._master, 65536).decode()
        text, self.text = self.text, ""
        return text

    def hang_up(self) -> None:
        os.close(self._master)
        self._master = os.open(os.devnull, os.O_RDONLY)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # after a hang-up it cannot write what it still holds
            self.file.close()
        os.close(self._master)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    screen = Screen()
    yield screen
    screen.close()


def infy(price: float) -> Last:
    return Last(408065, price, FEED, CLOCK.now_s(), "quote", close=1500.0)


def test_the_table_is_redrawn_by_itself_and_the_talk_stands_above_it(screen: Screen) -> None:
    board = [infy(1523.4)]
    printer = Printer(screen.file, screen.file, CLOCK, color=False)
    table = LiveTable(printer, lambda: board, NAMES, CLOCK)
    output: Output = table
    stderr = sys.stderr
    table.start()
    try:
        assert stderr is sys.stderr
        first = screen.until("₹1,523.40")
        assert HIDE in first
        assert "CONNECTING" in first

        output.shown("live", None)
        assert "CONNECTING" not in screen.until("LIVE  1 instrument").split("LIVE")[1]
        board[0] = infy(1600.0)
        screen.until("₹1,600.00")

        printer.status("Market feed is now LIVE")
        said = screen.until("Market feed is now LIVE")
        # The old table is erased before the line is written.
        assert said.index("\x1b[2K") < said.index("Market feed is now LIVE")

        output.problem(Problem("no access token is saved", "none", "run `kitefeed login`"))
        output.shown("signed-out", "token-missing")
        screen.until("last-known")
        screen.until("next: run `kitefeed login`")
        output.shown("live", None)
        screen.until("LIVE")
    finally:
        table.close()
    table.close()
    assert "next:" not in screen.until(SHOW)


def test_with_stderr_elsewhere_the_talk_goes_there(screen: Screen) -> None:
    err = io.StringIO()
    printer = Printer(screen.file, err, CLOCK)
    table = LiveTable(printer, list, NAMES, CLOCK)
    table.start()
    printer.status("Market feed is now LIVE")
    table.close()

    assert err.getvalue().endswith(" Market feed is now LIVE\n")
    assert "Market feed" not in screen.until(SHOW)


def test_a_gap_shows_in_the_state_line(screen: Screen) -> None:
    table = LiveTable(Printer(screen.file, screen.file, CLOCK), list, NAMES, CLOCK)
    table.start()
    now = CLOCK.wall()
    table.gap(Gap(now, now, 8.0, "feed-dropped", (), (408065,), 1))
    screen.until("1 gap, 8s in all")
    table.close()


def test_no_color_moves_the_cursor_and_paints_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    table = LiveTable(Printer(screen.file, screen.file, CLOCK), lambda: [infy(1523.4)], NAMES, CLOCK)
    table.start()
    table.close()
    shown = screen.raw_until(SHOW)

    assert "₹1,523.40" in shown
    assert not re.search(_PAINT, shown)


def test_a_terminal_that_is_gone_is_told_to_the_caller_once(screen: Screen) -> None:
    gone = threading.Event()
    printer = Printer(screen.file, screen.file, CLOCK)
    table = LiveTable(printer, list, NAMES, CLOCK, gone.set)
    table.start()
    screen.until("CONNECTING")
    screen.hang_up()

    assert gone.wait(5.0)
    printer.status("nobody hears this, and nothing breaks")
    table.close()
