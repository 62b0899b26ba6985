"""What people see of an outcome."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.policy.actions import Shown
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.scenario import report, runner
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind
from kitefeed_cli.scenario.report import Line
from kitefeed_cli.scenario.runner import Outcome, outcome
from kitefeed_cli.scenario.story import Expect

from .stories import TEXT, log, promising

HAPPENED = log(
    (0.0, Kind.GIVEN, "`kitefeed run`, token valid, market open"),
    (1.0, Kind.STDERR, "error: Kite no longer accepts your access token, so live ticks have stopped"),
    (2.0, Kind.SHOWN, "live"),
)


def made(expect: Expect, accepted: str | None = None) -> Outcome:
    return outcome(promising(expect), HAPPENED, accepted=accepted)


KEPT = made(Expect(errors=(Cause.TOKEN_EXPIRED,), ends=Shown.LIVE))
BROKEN = made(Expect(errors=(), ends=Shown.LIVE))
CHANGED = made(Expect(ends=Shown.LIVE), accepted="something else\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(work: Callable[[Printer], object], out: io.StringIO, json: bool = False) -> str:
    work(Printer(out, io.StringIO(), SystemClock(), json=json))
    return out.getvalue()


def test_an_outcome_is_kept_when_every_promise_and_the_transcript_are() -> None:
    assert KEPT.kept
    assert not BROKEN.kept
    assert not CHANGED.kept
    assert made(Expect(), accepted=KEPT.transcript).kept


def test_in_full_it_tells_the_story_and_every_promise() -> None:
    texts = [line.text for line in report.whole(KEPT)]

    assert "story: T" == texts[0]
    assert "10:00:02.000  shows      live" in texts
    assert "kept    errors                  token-expired" in texts
    assert not any("BROKEN" in text for text in texts)


def test_a_broken_promise_says_what_was_promised_and_what_came() -> None:
    texts = [line.text for line in report.whole(BROKEN)]

    assert "BROKEN  errors                  promised  none" in texts
    assert "                                got       token-expired" in texts


def test_in_brief_it_is_one_line_until_something_is_wrong() -> None:
    assert ["kept    story"] == [line.text for line in report.brief(KEPT)]
    assert [
        "BROKEN  story",
        "BROKEN  errors                  promised  none",
        "                                got       token-expired",
        "",
    ] == [line.text for line in report.brief(BROKEN)]


def test_a_changed_transcript_is_shown_as_a_diff() -> None:
    texts = [line.text.strip() for line in report.brief(CHANGED)]

    assert any(text.startswith("CHANGED") and "--accept" in text for text in texts)
    assert "-something else" in texts


def test_the_way_to_accept_a_changed_transcript_names_the_file_as_it_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "my story.toml"
    path.write_text(TEXT, "utf-8")
    path.with_suffix(".transcript").write_text("something else\n", "utf-8")
    texts = [line.text for line in report.brief(runner.run(path, read(path)))]

    assert any(text.endswith(f"`kitefeed simulate '{path}' --accept`") for text in texts)
    assert any(
        text.endswith("`kitefeed simulate story --accept`") for text in (one.text for one in report.brief(CHANGED))
    )


def test_of_a_huge_change_the_beginning_is_shown() -> None:
    lines = [line.text for line in report.brief(made(Expect(), accepted="x\n" * 100_000))]

    assert len(lines) < 250
    assert lines[-2].endswith(" more lines")


def test_the_total_names_the_broken_ones() -> None:
    assert "1 scenario played, every promise kept" == report.total([KEPT]).text
    assert "1 of 2 scenarios broken: story" == report.total([KEPT, BROKEN]).text


def test_a_pipe_gets_whole_lines_without_colour() -> None:
    text = printed(lambda printer: report.tell(printer, [KEPT], in_full=True), io.StringIO())

    assert "\x1b" not in text
    assert text.endswith("1 scenario played, every promise kept\n")


def test_a_machine_gets_one_object_a_scenario() -> None:
    text = printed(lambda printer: report.tell(printer, [KEPT, BROKEN], in_full=True), io.StringIO(), json=True)
    first, second = map(json.loads, text.splitlines())

    assert {"name", "stage", "kept", "promises", "errors", "transcript"} <= first.keys()
    assert ("story", "virtual", True, ["token-expired"]) == (
        first["name"],
        first["stage"],
        first["kept"],
        first["errors"],
    )
    assert {"promise": "errors", "promised": "none", "got": "token-expired", "kept": False} == second["promises"][0]


def test_telling_answers_whether_all_was_kept() -> None:
    answers: list[bool] = []
    printed(lambda printer: answers.append(report.tell(printer, [KEPT], in_full=False)), io.StringIO())
    printed(lambda printer: answers.append(report.tell(printer, [KEPT, BROKEN], in_full=False)), io.StringIO())

    assert [True, False] == answers


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_a_terminal_nothing_is_wider_than_it(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    text = printed(lambda printer: report.tell(printer, [BROKEN], in_full=True), Terminal())
    plain = [line for line in text.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines() if "\x1b" not in line]

    assert plain
    assert max(map(len, plain)) <= columns


def test_what_wraps_hangs_under_its_text() -> None:
    assert "aaa\n  bbb" == Line("aaa bbb", 2).wrapped(5)
    assert "aaa bbb" == Line("aaa bbb", 2).wrapped(7)


def test_the_list_begins_with_names() -> None:
    assert "story  T\n" == printed(lambda printer: report.show_list(printer, [promising(Expect())]), io.StringIO())


def test_on_a_terminal_a_long_title_of_the_list_hangs_under_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    scenario = replace(promising(Expect()), title="Kite is away, and nobody knows why")

    def show(printer: Printer) -> None:
        report.show_list(printer, [scenario])

    assert "story  Kite is away, and\n       nobody knows why\n" == printed(show, Terminal())
    assert "story  Kite is away, and nobody knows why\n" == printed(show, io.StringIO())
