"""What to follow, as typed: names, watchlist files, rules."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from kitefeed_cli.following import Following, Rule, following, normal
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.settings import DEFAULT_INSTRUMENTS, read_settings


def write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(path: Path, content: str | bytes) -> Following:
    return following([], [write(path / "mine.txt", content)], [], "", "")


def problem_of(path: Path, content: str | bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        read(path, content)
    assert Exit.USAGE is caught.value.exit_code
    return caught.value


def test_a_file_has_one_instrument_a_line_and_comments(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '# mine\n\nNSE:INFY  # the first\n  nse:M&M\n"NSE:NIFTY 50",\n408065\n   \t\n#NSE:TCS\nNSE:INFY\nNFO:A#B\n',
    )

    assert ("NSE:INFY", "NSE:M&M", "NSE:NIFTY 50", "408065", "NFO:A#B") == found.names
    assert f"{tmp_path}/mine.txt, line 3" == found.places["NSE:INFY"]


@pytest.mark.parametrize("content", ["\ufeffNSE:INFY\r\n\r\nNSE:TCS\r\n", "NSE:INFY\rNSE:TCS", "NSE:INFY\nNSE:TCS"])
def test_line_ends_and_a_bom_are_of_no_account(tmp_path: Path, content: str) -> None:
    found = read(tmp_path, content)

    assert ("NSE:INFY", "NSE:TCS") == found.names


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("NSE:INFY\nRELIANCE\n", "mine.txt, line 2: RELIANCE is not an instrument"),
        ("\r\n\r\nNYSE:IBM\r\n", "mine.txt, line 3: NYSE:IBM is not an instrument"),
        ("KITE_API_SECRET=abcdef\n", "mine.txt, line 1: its text is not an instrument"),
        ("a" * 32 + "\n", "mine.txt, line 1: its text is not an instrument"),
        ("NSE:INFY\x1b[31m,\nNSE\x1b\n", r"mine.txt, line 2: NSE\x1b is not an instrument"),
        ("# nothing\n", "mine.txt is empty"),
        ("NSE:INFY".encode("utf-16"), "mine.txt cannot be used"),
    ],
)
def test_a_bad_line_is_told_with_file_and_number_and_never_with_a_secret(
    tmp_path: Path, content: str | bytes, what: str
) -> None:
    problem = problem_of(tmp_path, content)

    assert problem.what.endswith(what)
    assert "abcdef" not in str(problem)
    assert "a" * 32 not in str(problem)


def test_a_file_that_is_none_is_told() -> None:
    with pytest.raises(Problem, match="does not exist"):
        following([], ["/nowhere/list.txt"], [], "", "")
    with pytest.raises(Problem) as caught:
        following([], ["/"], [], "", "")

    assert "it is a directory" == caught.value.why


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no FIFOs")
def test_a_fifo_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Problem) as caught:
        following([], [str(tmp_path / "pipe")], [], "", "")

    assert "it is not a regular file" == caught.value.why


def test_names_come_first_and_each_once(tmp_path: Path) -> None:
    file = write(tmp_path / "a", "NSE:TCS\nNSE:INFY\n")
    found = following(["NSE:INFY"], [file, file], [], "", "")

    assert ("NSE:INFY", "NSE:TCS") == found.names
    assert ["NSE:TCS"] == list(found.places)


def test_every_underlying_gets_the_same_rule() -> None:
    found = following([], [], ["nifty", " Banknifty", "NIFTY"], "This-Month", "10")

    assert (Rule("NIFTY", "this-month", 10), Rule("BANKNIFTY", "this-month", 10)) == found.rules


@pytest.mark.parametrize(
    ("underlying", "stand_in"),
    [("NIFTY", "NFO:NIFTY"), ("SENSEX", "BFO:SENSEX"), ("MCX:GOLD", "MCX:GOLD"), ("NSE:NIFTY 50", "NFO:NIFTY 50")],
)
def test_a_rule_stands_for_an_exchange_before_its_options_are_known(underlying: str, stand_in: str) -> None:
    assert stand_in == Rule(underlying).stand_in


@pytest.mark.parametrize(
    ("expiry", "atm", "what", "next_step"),
    [
        ("this-weak", "", "this-weak is not an expiry", "did you mean this-week?"),
        ("2026-13-01", "", "2026-13-01 is not an expiry", "write one of them; a date like 2026-12-29"),
        ("", "-1", "-1 is not a number of strikes", "write it like `--atm 10`; leave it out for every strike"),
        ("", "501", "501 is not a number of strikes", "write it like `--atm 10`; leave it out for every strike"),
    ],
)
def test_a_rule_that_says_nothing_is_wrong_usage(expiry: str, atm: str, what: str, next_step: str) -> None:
    with pytest.raises(Problem) as caught:
        following([], [], ["NIFTY"], expiry, atm)

    assert (Exit.USAGE, what, next_step) == (caught.value.exit_code, caught.value.what, caught.value.next_step)


def test_a_date_is_an_expiry() -> None:
    assert "2026-12-29" == following([], [], ["NIFTY"], "2026-12-29", "").rules[0].expiry


def test_a_choice_without_an_underlying_is_wrong_usage() -> None:
    with pytest.raises(Problem, match="--atm needs --underlying"):
        following(["NSE:INFY"], [], [], "", "5")
    with pytest.raises(Problem, match="--underlying is not a name"):
        following([], [], [" "], "", "")


def test_a_name_is_brought_into_its_normal_form() -> None:
    assert ("NSE:infy", "408065", "NSE:NIFTY 50") == (normal(" nse: infy"), normal(" 0408065"), normal("NSE:NIFTY 50"))


# ------------------------------------------------------------------ settings


Flags = Mapping[str, str | list[str]]


def settings_of(tmp_path: Path, env: str = "", flags: Flags | None = None, **environ: str) -> Following:
    file = tmp_path / ".env"
    file.write_text(f"KITE_API_KEY=abc123\n{env}\n")
    return read_settings(file, environ, flags).following


def test_without_anything_the_indices_are_followed(tmp_path: Path) -> None:
    assert Following(DEFAULT_INSTRUMENTS) == settings_of(tmp_path)


def test_a_rule_or_a_file_alone_is_enough(tmp_path: Path) -> None:
    file = write(tmp_path / "a", "NSE:TCS\n")

    assert Following((), (Rule("NIFTY", "this-week", 10),)) == settings_of(
        tmp_path, KITEFEED_UNDERLYING="NIFTY", KITEFEED_EXPIRY="this-week", KITEFEED_ATM="10"
    )
    assert ("NSE:TCS",) == settings_of(tmp_path, f"KITEFEED_WATCHLIST={file}").names
    assert ("NSE:TCS", "NSE:INFY") == settings_of(tmp_path, flags={"instruments": ["NSE:TCS", "NSE:INFY"]}).names


def test_what_is_typed_is_not_added_to_what_a_weaker_place_says(tmp_path: Path) -> None:
    file = write(tmp_path / "a", "NSE:TCS\n")

    def weak(flags: Flags) -> Following:
        return settings_of(tmp_path, "KITEFEED_INSTRUMENTS=NSE:SBIN", flags, KITEFEED_WATCHLIST=file)

    assert ("NSE:TCS",) == weak({}).names
    assert Following(("NSE:INFY",)) == weak({"instruments": ["NSE:INFY"]})
    assert Following((), (Rule("NIFTY"),)) == weak({"underlying": ["NIFTY"]})
    assert ("NSE:INFY", "NSE:TCS") == weak({"instruments": ["NSE:INFY"], "watchlist": [file]}).names


def test_a_choice_in_the_environment_waits_for_an_underlying(tmp_path: Path) -> None:
    assert Following(DEFAULT_INSTRUMENTS) == settings_of(tmp_path, KITEFEED_ATM="10")
    assert (Rule("NIFTY", "nearest", 10),) == settings_of(
        tmp_path, flags={"underlying": ["NIFTY"]}, KITEFEED_ATM="10"
    ).rules
    with pytest.raises(Problem, match="--atm needs --underlying"):
        settings_of(tmp_path, flags={"atm": "10"})
