"""What a scenario file may say, and how it is told that it may not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.policy.actions import Shown
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.story import Bounds, Happening

from .stories import TEXT, at, told, written


def refused(path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        read(path)
    return caught.value


def test_a_file_becomes_a_story_with_times_in_seconds_after_its_start(tmp_path: Path) -> None:
    scenario = read(written(tmp_path))

    assert "story" == scenario.name
    assert ("something",) == scenario.guards
    assert (
        Happening(300.0, kite=(("feed", "dropped"),), why="It happens"),
        Happening(360.0, user="logs in"),
    ) == scenario.timeline
    assert () == scenario.expect.errors
    assert 302.0 == scenario.expect.live_by_s


def test_every_promise_can_be_read(tmp_path: Path) -> None:
    expect = told(
        tmp_path,
        expect="""
errors = ["kite-unreachable", "token-expired"]
error_by = 10:01:00.500
handshakes = { from = 10:00:00, until = 10:02:00, min = 1, max = 3 }
polls = { from = 10:00:00, until = 2026-03-03T10:00:00+05:30, max = 0 }
in_any_minute = { checks = 8 }
waits_s = [5, 15.5]
shows = ["live", "signed-out"]
ends = "closed"
says = ["a"]
never_says = ["b"]
exit = 0
""",
    ).expect

    assert (Cause.KITE_UNREACHABLE, Cause.TOKEN_EXPIRED) == expect.errors
    assert 60.5 == expect.error_by_s
    assert (Bounds("handshakes", 0.0, 120.0, 1, 3), Bounds("polls", 0.0, 86400.0, 0, 0)) == expect.bounds
    assert (("checks", 8),) == expect.in_any_minute
    assert (5.0, 15.5) == expect.waits_s
    assert (Shown.LIVE, Shown.SIGNED_OUT) == expect.shows
    assert Shown.CLOSED is expect.ends
    assert (("a",), ("b",), 0) == (expect.says, expect.never_says, expect.exit)


def test_the_curtain_falls_after_the_last_moment_unless_the_file_says_when(tmp_path: Path) -> None:
    assert 360.0 + 90.0 == read(written(tmp_path)).ends_s
    assert 1800.0 == told(tmp_path, given="ends_at = 10:30:00").ends_s


def test_a_computer_sleeps_and_a_stage_is_chosen(tmp_path: Path) -> None:
    scenario = told(
        tmp_path,
        timeline=at("10:05:00", "computer = { sleeps_s = 600 }"),
        expect='[stage]\nonly = "virtual"\nlongest_quiet_s = 100',
    )

    assert 600.0 == scenario.timeline[0].sleeps_s
    assert ("virtual", 100.0) == (scenario.stage.only, scenario.stage.longest_quiet_s)


def test_a_computers_clock_is_set_forth_or_back(tmp_path: Path) -> None:
    forth = at("10:05:00", "computer = { clock_jumps_s = 19800 }")
    back = at("10:06:00", "computer = { sleeps_s = 30, clock_jumps_s = -90 }")
    timeline = told(tmp_path, timeline=forth + back).timeline

    assert [(0.0, 19800.0), (30.0, -90.0)] == [(one.sleeps_s, one.clock_jumps_s) for one in timeline]


def test_healthy_switches_every_fault_off(tmp_path: Path) -> None:
    scenario = told(tmp_path, timeline=at("10:05:00", 'kite = "healthy"'))

    assert (("feed", "up"), ("rest", "up"), ("plan", "connect")) == scenario.timeline[0].kite


@pytest.mark.parametrize(
    ("right", "wrong", "line", "nearest"),
    [
        ('feed = "dropped"', 'feed = "droped"', 13, "did you mean `dropped`?"),
        ('feed = "dropped"', 'fed = "dropped"', 13, "did you mean `feed`?"),
        ('kite      = "healthy"', 'kite      = "healty"', 9, "did you mean `healthy`?"),
        ('user = "logs in"', 'user = "log in"', 18, "did you mean `logs in`?"),
        ("[expect]", "[expct]", 20, "did you mean `expect`?"),
        ("live_by", "live_bi", 22, "did you mean `live_by`?"),
        ("errors  = []", 'errors  = ["token-expird"]', 21, "did you mean `token-expired`?"),
        ('token     = "valid"', 'token     = "valit"', 8, "did you mean `valid`?"),
        ("title ", "titel ", 1, "did you mean `title`?"),
        ('"run NSE:INFY"', '"login"', 6, "the words are: run"),
    ],
)
def test_a_misspelt_word_stops_with_its_line_and_the_nearest_word(
    tmp_path: Path, right: str, wrong: str, line: int, nearest: str
) -> None:
    assert right in TEXT
    problem = refused(written(tmp_path, TEXT.replace(right, wrong)))

    assert f"{tmp_path}/story.toml, line {line}: the scenario cannot be played" == problem.what
    assert nearest == problem.next_step
    assert Exit.USAGE == problem.exit_code


@pytest.mark.parametrize(
    ("right", "wrong", "line", "why"),
    [
        ("at   = 10:06:00", "at   = 10:04:00", 17, "time cannot go backwards"),
        ("at   = 10:05:00", "at   = 09:05:00", 12, "before the start of the scenario"),
        ("at   = 10:05:00", "at   = 2026-03-09T10:05:00+05:30", 12, "more than two days"),
        ("at   = 10:05:00", "at   = 5", 12, "`at` must be a time"),
        ("at   = 10:05:00", "at   = 2026-03-02T10:05:00", 12, "`at` must be a time"),
        ("+05:30\n", "\n", 7, "with its offset"),
        ("2026-03-02T10:00:00+05:30", "1026-03-02T10:00:00+05:30", 7, "between 2000 and 2100"),
        ('"A story"', '"A \\u001b[31m story"', 1, "a text of one line"),
        ('"A story"', "3", 1, "a text of one line"),
        ('title  = "A story"\n', "", 1, "must say `title`"),
        ('guards = ["something"]', "guards = [1]", 2, "a list of texts"),
        ("errors  = []", "errors  = 1", 21, "a list of texts"),
        ("errors  = []", "waits_s = 1", 21, "a list of numbers"),
        ("errors  = []", 'waits_s = ["a"]', 21, "must be a number"),
        ("errors  = []", "waits_s = [true]", 21, "must be a number"),
        ("errors  = []", "waits_s = [nan]", 21, "between 0 and"),
        ("errors  = []", "exit = -1", 21, "a whole number"),
        ("errors  = []", "exit = 1.5", 21, "a whole number"),
        ("errors  = []", "polls = 1", 21, "`polls` must be a table"),
        ("errors  = []", "polls = { from = 10:00:00, until = 10:01:00 }", 21, "must say `max` or `min`"),
        ("errors  = []", "polls = { from = 10:02:00, until = 10:01:00, max = 1 }", 21, "lies before its `from`"),
        ('user = "logs in"', "", 16, "nothing happens here"),
        ('user = "logs in"', "computer = { sleeps_s = 0 }", 18, "between 1 and"),
        ('user = "logs in"', "computer = { clock_jumps_s = 1e6 }", 18, "between -86400 and"),
        ('user = "logs in"', "computer = { clock_jumps_s = 0 }", 16, "nothing happens here"),
        ("[[timeline]]\nat   = 10:05:00", "[[timeline]]", 11, "`at` must be a time"),
        ("[given]", "[[given]]", 5, "[given] must be a table"),
        ('"run NSE:INFY"', '"run \'x"', 6, "an open quote"),
        ('"run NSE:INFY"', '""', 6, "is no word of `command`"),
        ('kite      = "healthy"', "kite      = 1", 9, "`kite` must be a table"),
        ('kite      = "healthy"', 'cassette = "../../secret.yaml"', 9, "below cassettes"),
        ('kite      = "healthy"', "ends_at = 10:01:00", 9, "before the last thing"),
        ("[expect]", "[expect", 20, "this is not TOML"),
        ("[expect]", "expect = 1\n[x]", 21, "`x` is no word"),
    ],
)
def test_a_wrong_value_stops_with_its_line(tmp_path: Path, right: str, wrong: str, line: int, why: str) -> None:
    assert right in TEXT
    problem = refused(written(tmp_path, TEXT.replace(right, wrong, 1)))

    assert why in problem.why
    assert f"{tmp_path}/story.toml, line {line}: the scenario cannot be played" == problem.what


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    assert "[given] is missing" == refused(written(tmp_path, "")).why


def test_a_table_written_in_one_line_is_searched_everywhere(tmp_path: Path) -> None:
    text = TEXT[: TEXT.index("[[timeline]]")] + TEXT[TEXT.index("[expect]") :]
    text = 'timeline = [{ at = 10:05:00, user = "log in" }]\n' + text

    assert f"{tmp_path}/story.toml, line 1: the scenario cannot be played" == refused(written(tmp_path, text)).what


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = " + "[" * 400 + "]" * 400, "the line is longer"),
        ("a = [\n" + "[\n" * 9000, "nested too deeply"),
        ("\n" * 10_001, "more than 10000 lines"),
        ("\n".join(".".join(["a"] * 240) + f".b{i} = 1" for i in range(400)), "is no word"),
        ('a = """' + '\n"' * 9000, "this is not TOML"),
        (TEXT + "[[timeline]]\nat = 12:00:00\nuser = 'logs in'\n" * 2400, "at most 2000"),
        ("exit = " + "9" * 480, "is no word"),
        (TEXT + "waits_s = [1" + "0" * 400 + "]", "must lie between 0 and 172800"),
    ],
)
def test_a_hostile_text_ends_soon_with_one_message(tmp_path: Path, text: str, why: str) -> None:
    clock = SystemClock()
    started_s = clock.now_s()

    assert why in refused(written(tmp_path, text)).why
    assert clock.now_s() - started_s < 10.0  # half a second, unless the machine has other work


def test_the_line_of_a_text_nested_too_deeply_is_the_deepest(tmp_path: Path) -> None:
    text = 'title = "T"\n' + "x = [" + "[\n" * 3000 + "]\n" * 3001

    assert f"{tmp_path}/story.toml, line 3001: the scenario cannot be played" == refused(written(tmp_path, text)).what


def test_a_name_that_goes_on_and_on_is_cut(tmp_path: Path) -> None:
    what = refused(Path("a" * 5000 + "/story.toml")).what

    assert len(what) < 250
    assert "/story.toml cannot be read" in what


def test_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    with path.open("wb") as file:
        file.truncate(1 << 30)

    assert "it is larger than 256 KiB" == refused(path).why


@pytest.mark.parametrize(("raw", "line"), [(b"title = 'a'\nsource = '\xff'", 2), (b"\xff\xfe", 1)])
def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path, raw: bytes, line: int) -> None:
    path = tmp_path / "bytes.toml"
    path.write_bytes(raw)

    assert f"{path}, line {line}: the scenario cannot be played" == refused(path).what


def test_a_byte_order_mark_and_dos_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "story.toml"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode())

    assert "A story" == read(path).title


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)

    assert "it is not a regular file" == refused(pipe).why
    assert "it is not a regular file" == refused(tmp_path).why
    assert "no such file or directory" == refused(tmp_path / "absent.toml").why
    assert "its name is no file name" == refused(Path("a\0b.toml")).why
