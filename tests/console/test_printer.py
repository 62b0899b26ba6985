"""What reaches the two streams: on a terminal, in a pipe, without colour, with a poor encoding, with no reader."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TextIO

import pytest

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.console.printer import OutputClosed, Printer
from kitefeed_cli.problems import Exit, Problem

CLOCK = VirtualClock(datetime(2026, 3, 2, 11, 20, 10, tzinfo=IST))
EXPIRED = Problem(
    "Kite no longer accepts your access token, so live ticks have stopped",
    "the feed dropped at 11:20:10; Kite rejects the token (403 TokenException)",
    "run `kitefeed login`; this command notices and carries on by itself",
    Exit.LOGIN,
    "token-expired",
)
BLOCK = (
    "error: Kite no longer accepts your access token, so live ticks have stopped\n"
    "  why: the feed dropped at 11:20:10; Kite rejects the token (403 TokenException)\n"
    " next: run `kitefeed login`; this command notices and carries on by itself\n"
)


class Spoken:
    """A printer on two texts in memory."""

    def __init__(self, **options: Any) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.printer = Printer(self.out, self.err, CLOCK, **options)


class Screen:
    """A pseudo-terminal; both streams of a printer may end on it."""

    def __init__(self, columns: int) -> None:
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.file: TextIO = open(slave, "w", encoding="utf-8")  # noqa: SIM115 - closed below

    def read(self) -> str:
        self.file.flush()
        return os.read(self._master, 65536).decode().replace("\r\n", "\n")

    def close(self) -> None:
        self.file.close()
        os.close(self._master)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    screen = Screen(80)
    yield screen
    screen.close()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_an_error_is_the_block_on_stderr_and_nothing_on_stdout() -> None:
    spoken = Spoken()
    spoken.printer.error(EXPIRED)

    assert BLOCK == spoken.err.getvalue()
    assert "" == spoken.out.getvalue()


def test_with_json_the_record_follows_the_block() -> None:
    spoken = Spoken(json=True)
    spoken.printer.error(EXPIRED)
    *block, record = spoken.err.getvalue().splitlines()

    assert BLOCK.splitlines() == block
    assert {
        "kind": "problem",
        "cause": "token-expired",
        "what": EXPIRED.what,
        "why": EXPIRED.why,
        "next": EXPIRED.next_step,
        "at": "2026-03-02T11:20:10.000+05:30",
    } == json.loads(record)


def test_a_status_line_has_the_time_in_front() -> None:
    spoken = Spoken()
    spoken.printer.status("Market feed is now LIVE")

    assert "11:20:10 Market feed is now LIVE\n" == spoken.err.getvalue()


def test_quiet_silences_status_lines_and_keeps_errors_data_and_prompts() -> None:
    spoken = Spoken(quiet=True, verbose=2)
    spoken.printer.status("Market feed is now LIVE")
    spoken.printer.detail("GET /user/profile: 200")
    assert "" == spoken.err.getvalue()

    spoken.printer.prompt("Open https://kite.zerodha.com/connect/login\n")
    spoken.printer.error(EXPIRED)
    spoken.printer.data("x")
    assert "Open https://kite.zerodha.com/connect/login\n" + BLOCK == spoken.err.getvalue()
    assert "x\n" == spoken.out.getvalue()


def test_details_are_for_those_who_asked() -> None:
    for verbose, expected in ((0, ""), (1, "11:20:10 one\n"), (2, "11:20:10 one\n11:20:10 two\n")):
        spoken = Spoken(verbose=verbose)
        spoken.printer.detail("one")
        spoken.printer.detail("two", level=2)
        assert expected == spoken.err.getvalue()


def test_data_is_whole_lines() -> None:
    spoken = Spoken()
    spoken.printer.data("a")
    spoken.printer.data("b\nc\n")

    assert "a\nb\nc\n" == spoken.out.getvalue()


def test_every_road_to_a_stream_is_redacted() -> None:
    spoken = Spoken(json=True, verbose=1, redact=lambda text: text.replace("canary", "[redacted]"))
    printer = spoken.printer
    printer.error(Problem("canary", "canary", "canary"))
    printer.status("canary")
    printer.detail("canary")
    printer.prompt("canary\n")
    printer.data('{"x":"canary"}')
    printer.table("canary")

    assert "canary" not in spoken.err.getvalue() + spoken.out.getvalue()
    assert 9 == spoken.err.getvalue().count("[redacted]")
    assert 2 == spoken.out.getvalue().count("[redacted]")
    assert "[redacted] x" == printer.clean("canary\n x")


def test_control_characters_and_direction_marks_are_shown_not_obeyed() -> None:
    spoken = Spoken()
    spoken.printer.status("a\x1b[31mb\nc\u202ed\x9b")
    spoken.printer.data("a\x1b]0;title\x07\tb")

    assert "11:20:10 a\\u001b[31mb c\\u202ed\\u009b\n" == spoken.err.getvalue()
    assert "a\\u001b]0;title\\u0007\tb\n" == spoken.out.getvalue()


def test_json_data_stays_the_same_json_when_escaped() -> None:
    spoken = Spoken(json=True)
    spoken.printer.data('{"name":"a\u202eb\x9b"}')

    assert {"name": "a\u202eb\x9b"} == json.loads(spoken.out.getvalue())


def test_an_ascii_stream_gets_words_for_signs_and_never_an_exception() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    Printer(out, io.StringIO(), CLOCK).data("₹1,523.40 – “é” 🙂…")

    assert b"Rs 1,523.40 - \\u201c\\u00e9\\u201d \\ud83d\\ude42...\n" == raw.getvalue()


def test_a_pipe_gets_no_escape_sequences_and_no_wrapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "20")
    spoken = Spoken()
    spoken.printer.error(EXPIRED)
    spoken.printer.status("x")
    spoken.printer.table("bold [red]not markup[/red]")

    assert "\x1b" not in spoken.err.getvalue() + spoken.out.getvalue()
    assert "bold [red]not markup[/red]\n" == spoken.out.getvalue()
    assert BLOCK in spoken.err.getvalue()


def test_a_terminal_of_80_columns_gets_colour_and_three_lines(screen: Screen) -> None:
    Printer(io.StringIO(), screen.file, CLOCK).error(EXPIRED)
    shown = screen.read()

    assert "\x1b[1;31merror:\x1b[0m Kite no longer" in shown
    assert BLOCK == plain(shown)


def test_a_narrower_terminal_gets_facts_wrapped_under_their_label(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    Printer(io.StringIO(), screen.file, CLOCK, color=False).error(EXPIRED)

    assert (
        "  why: the feed dropped at 11:20:10; Kite rejects the token\n       (403 TokenException)\n next: "
    ) in screen.read()


def test_a_long_status_line_is_wrapped_between_words_under_its_time(screen: Screen) -> None:
    Printer(io.StringIO(), screen.file, CLOCK, color=False).status(
        "Using REST API polling mode for market data (source: kite-rest, every 5 s)"
    )

    assert (
        "11:20:10 Using REST API polling mode for market data (source: kite-rest, every 5\n         s)\n"
    ) == screen.read()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_color_and_dumb_terminals_get_none(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    printer = Printer(screen.file, screen.file, CLOCK)
    printer.error(EXPIRED)
    printer.status("x")
    printer.table("y")

    assert "\x1b" not in screen.read()


def test_color_can_be_forced_and_forbidden(screen: Screen) -> None:
    forced = Spoken(color=True)
    forced.printer.status("x")
    Printer(screen.file, screen.file, CLOCK, color=False).status("x")

    assert "\x1b[2m11:20:10\x1b[0m x\n" == forced.err.getvalue()
    assert "11:20:10 x\n" == screen.read()


def test_a_live_table_needs_a_terminal_and_no_json(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Printer(screen.file, screen.file, CLOCK).live_table
    assert not Printer(screen.file, screen.file, CLOCK, json=True).live_table
    assert not Spoken().printer.live_table
    monkeypatch.setenv("TERM", "dumb")
    assert not Printer(screen.file, screen.file, CLOCK).live_table


def test_talk_goes_above_a_drawing_only_on_the_same_screen(screen: Screen) -> None:
    above: list[str] = []
    shared = Printer(screen.file, screen.file, CLOCK, color=False)
    shared.talk_above(above.append)
    shared.status("x")
    shared.talk_above(None)
    shared.status("y")
    apart = Spoken()
    apart.printer.talk_above(above.append)
    apart.printer.status("z")

    assert ["11:20:10 x\n"] == above
    assert "11:20:10 y\n" == screen.read()
    assert "11:20:10 z\n" == apart.err.getvalue()


def pipe() -> tuple[int, TextIO]:
    reader, writer = os.pipe()
    return reader, open(writer, "w", encoding="utf-8")


def test_a_reader_of_stdout_that_left_is_an_end_not_a_traceback() -> None:
    reader, out = pipe()
    os.close(reader)
    printer = Printer(out, io.StringIO(), CLOCK)
    with pytest.raises(OutputClosed):
        printer.data("a")
    with pytest.raises(OutputClosed):
        printer.data("b")
    with pytest.raises(BrokenPipeError):
        out.close()  # what it still holds; sys.stdout itself is pointed elsewhere, see below


def test_a_process_whose_reader_left_says_nothing_at_exit() -> None:
    script = (
        "import sys\n"
        "from kitefeed_cli.clock import SystemClock\n"
        "from kitefeed_cli.console.printer import OutputClosed, Printer\n"
        "printer = Printer(sys.stdout, sys.stderr, SystemClock())\n"
        "try:\n"
        "    while True: printer.data('x' * 1000)\n"
        "except OutputClosed: pass\n"
        "try:\n"
        "    printer.data('more')\n"
        "except OutputClosed: sys.exit(0)\n"
        "sys.exit('the second text went nowhere in silence')\n"
    )
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; {sys.executable} -c "$0" | head -n 1 >/dev/null', script],
        capture_output=True,
        env=buffered,
        text=True,
        timeout=30,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)


def test_a_full_disk_is_a_problem() -> None:
    with open("/dev/full", "w", encoding="utf-8") as out:
        with pytest.raises(Problem, match="the output cannot be written") as found:
            Printer(out, io.StringIO(), CLOCK).data("a")
        out_fd = os.open(os.devnull, os.O_WRONLY)
        os.dup2(out_fd, out.fileno())  # let the file close in peace
        os.close(out_fd)

    assert "No space left on device" == found.value.why


def test_stderr_never_raises() -> None:
    reader, err = pipe()
    os.close(reader)
    printer = Printer(io.StringIO(), err, CLOCK)
    printer.status("x")
    printer.error(EXPIRED)
    with pytest.raises(BrokenPipeError):
        err.close()
    printer.status("y")


def fill(pipe_fd: int) -> None:
    os.set_blocking(pipe_fd, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe_fd, b"x" * 4096)
    os.set_blocking(pipe_fd, True)


def test_a_full_stderr_pipe_blocks_nobody_and_the_loss_is_counted() -> None:
    reader, err = pipe()
    printer = Printer(io.StringIO(), err, CLOCK)
    printer.status("first")
    fill(err.fileno())
    printer.status("lost")  # would block for ever here
    printer.error(EXPIRED)
    while len(os.read(reader, 65536)) == 65536:
        pass
    os.set_blocking(reader, False)
    printer.status("heard")

    expected = "(stderr was not read; texts lost here: 2)\n11:20:10 heard\n"
    assert expected == os.read(reader, 65536).decode()
    os.close(reader)
    err.close()


class Slow(io.StringIO):
    """A file that lets another thread in after every character."""

    def write(self, text: str) -> int:
        for char in text:
            super().write(char)
            os.sched_yield()
        return len(text)


def test_lines_of_several_threads_never_mix() -> None:
    out, err = Slow(), Slow()
    printer = Printer(out, err, CLOCK)

    def talk(word: str) -> None:
        for _ in range(50):
            printer.status(word * 9)
            printer.data(word * 9)

    threads = [threading.Thread(target=talk, args=(word,)) for word in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {f"11:20:10 {word * 9}" for word in "abc"} == set(err.getvalue().splitlines())
    assert {word * 9 for word in "abc"} == set(out.getvalue().splitlines())
