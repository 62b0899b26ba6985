"""The page beside the scenario."""

from __future__ import annotations

from pathlib import Path

from kitefeed_cli.scenario import transcript
from kitefeed_cli.scenario.log import Kind, Talk
from kitefeed_cli.scenario.story import Expect

from .stories import log, promising


def polls(*answers: str, start_s: float = 0.0) -> list[tuple[float, Kind, str]]:
    entries: list[tuple[float, Kind, str]] = []
    for number, answer in enumerate(answers):
        entries += [
            (start_s + 5 * number, Kind.POLL, f"{number} asks for quotes"),
            (start_s + 5 * number + 0.1, Kind.POLLED, f"{number} {answer}"),
        ]
    return entries


def test_each_entry_is_a_line_with_time_and_label() -> None:
    page = log((0.1 + 0.2, Kind.CHECK, "1 asks"), (86399.9996, Kind.SHAKEN, "2 accepted"), (1.0, Kind.WHY, "because"))

    assert [
        "10:00:00.300  check      1 asks",
        "10:00:00.000  handshake  2 accepted",
        "                         (because)",
    ] == list(transcript.lines(page))


def test_three_polls_answered_alike_become_one_line() -> None:
    assert ["10:00:00.000  poll       3 times ok, until 10:00:10.100"] == list(
        transcript.lines(log(*polls("ok", "ok", "ok")))
    )
    assert 4 == len(list(transcript.lines(log(*polls("ok", "ok")))))
    assert [
        "10:00:00.000  poll       3 times ok, until 10:00:10.100",
        "10:00:15.000  poll       3 times 503 NetworkException, until 10:00:25.100",
    ] == list(transcript.lines(log(*polls(*["ok"] * 3, *["503 NetworkException"] * 3))))


def test_a_poll_that_is_never_answered_stands_alone() -> None:
    page = log((0.0, Kind.POLL, "1 asks for quotes"))

    assert ["10:00:00.000  poll       1 asks for quotes"] == list(transcript.lines(page))


def test_the_page_says_how_it_was_made() -> None:
    page = transcript.written(promising(Expect()), log((0.0, Kind.EXIT, "0")))

    assert "# T\n# Generated: kitefeed simulate story --accept\n\n10:00:00.000  exit       0\n" == page


def test_what_was_accepted_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    assert transcript.accepted(path) is None

    transcript.accept(path, "a ₹\n")
    assert "a ₹\n" == transcript.accepted(path)
    assert "a ₹\n".encode() == (tmp_path / "story.transcript").read_bytes()


def test_a_difference_shows_both_sides() -> None:
    assert [] == transcript.difference("a\nb\n", "a\nb\n")
    assert ["-b", "+c"] == transcript.difference("a\nb\n", "a\nc\n")[-2:]


def test_talk_keeps_its_text_and_logs_its_lines() -> None:
    page = log()
    talk = Talk(page, lambda: 2.0)
    talk.write('one\n  two\n{"kind": "problem"}\n')

    assert 'one\n  two\n{"kind": "problem"}\n' == talk.getvalue()
    assert ["one", "  two"] == [entry.text for entry in page.of(Kind.STDERR)]
