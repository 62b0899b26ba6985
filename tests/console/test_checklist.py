"""The list of `validate`, line by line: on a terminal, in a pipe, narrow, without colour."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import pytest

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.console.checklist import Checklist
from kitefeed_cli.console.printer import Printer

NAMES = ("settings", "token-store", "tick")
CLOCK = VirtualClock(datetime(2026, 3, 2, 8, 45, tzinfo=IST))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_on(out: io.StringIO, **options: Any) -> Checklist:
    return Checklist(Printer(out, io.StringIO(), CLOCK, **options), NAMES)


@pytest.fixture(autouse=True)
def _eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")


def test_in_a_pipe_each_check_is_one_plain_line_of_words() -> None:
    out = io.StringIO()
    checks = lines_on(out)
    checks.began("settings")
    checks.told("settings", "ok", ".env: api_key", 0.0021)
    checks.told("token-store", "failed", "long " * 40, 1.25)
    checks.told("tick", "not-reached", "", None)
    checks.ended()

    assert (
        "ok       settings      2 ms  .env: api_key\n"
        f"failed   token-store  1.2 s  {'long ' * 39}long\n"
        "-        tick                not reached\n"
    ) == out.getvalue()


def test_on_a_terminal_what_is_being_looked_at_gives_way_to_what_was_found() -> None:
    out = Terminal()
    checks = lines_on(out, color=False)
    checks.began("tick")
    running = out.getvalue()
    checks.told("tick", "warn", "only cached prices", 0.3)

    assert "\r\x1b[K… tick" == running
    assert "\r\x1b[K! warn   tick        300 ms  only cached prices\n" == out.getvalue().removeprefix(running)


def test_a_pending_line_does_not_stay() -> None:
    out = Terminal()
    checks = lines_on(out)
    checks.began("tick")
    checks.ended()

    assert out.getvalue().endswith("\r\x1b[K")


def test_a_long_reason_is_folded_under_itself_on_a_terminal() -> None:
    out = Terminal()
    lines_on(out, color=False).told("tick", "ok", "word " * 20, 0.1)
    first, second = out.getvalue().splitlines()

    assert len(first) <= 80
    assert second.startswith(" " * 29 + "word")


def test_only_the_state_is_coloured_and_the_words_say_the_same() -> None:
    out = Terminal()
    lines_on(out).told("tick", "failed", "no tick", 0.1)

    assert "\x1b[1;31m✗ failed \x1b[0mtick        100 ms  no tick\n" == out.getvalue()


def test_text_from_outside_cannot_draw() -> None:
    out = Terminal()
    lines_on(out, color=False).told("tick", "failed", "evil\x1b[2J\nerror: all is lost", 0.1)

    assert "\x1b" not in out.getvalue()
    assert 1 == out.getvalue().count("\n")
