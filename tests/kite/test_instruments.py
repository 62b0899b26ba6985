"""Names become instruments, from today's list, an old copy, or none at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST
from kitefeed_cli.kite.dump import BrokenDumpError, read_dump
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.instruments import Instrument, Instruments, cache_folder
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Exit, Problem

ROOT = "https://api.kite.trade"
HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange\n"
)
NSE = (
    HEADER
    + """408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE
738561,2885,RELIANCE,"RELIANCE, LTD",0,,0,0.05,1,EQ,NSE,NSE
519937,2031,M&M,MAHINDRA,0,,0,0.05,1,EQ,NSE,NSE
257801,1007,NIFTY FIN SERVICE,NIFTY FIN SERVICE,0,,0,0,0,EQ,INDICES,NSE

"""
)
NFO = HEADER + "12345602,48225,NIFTY26MARFUT,NIFTY,0,2026-03-31,0,0.1,75,FUT,NFO-FUT,NFO\n"
BSE = HEADER + "128053508,500209,INFY,INFOSYS,0,,0,0.05,1,EQ,BSE,BSE\n"


@dataclass
class Source:
    """Lists to download; a KiteError is raised instead."""

    lists: dict[str, str | bytes | KiteError]
    fetched: list[str] = field(default_factory=list)

    def __call__(self, exchange: str) -> bytes:
        self.fetched.append(exchange)
        content = self.lists.get(exchange, KiteError(Answer.FAILED, "404 GeneralException"))
        if isinstance(content, KiteError):
            raise content
        return content.encode() if isinstance(content, str) else content


def at(text: str) -> Callable[[], datetime]:
    moment = datetime.fromisoformat(text).replace(tzinfo=IST)
    return lambda: moment


MORNING = at("2026-03-02T09:00")


def from_lists(cache: Path | None = None, **lists: str | bytes | KiteError) -> tuple[Instruments, Source]:
    source = Source(dict(lists))
    return Instruments(source, ROOT, MORNING, cache), source


def problem_of(instruments: Instruments, *names: str) -> Problem:
    with pytest.raises(Problem) as caught:
        instruments.resolve(names)
    return caught.value


def test_the_default_indices_need_no_download() -> None:
    instruments, source = from_lists()
    found = instruments.resolve(["NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX", "260105"])

    assert [256265, 260105, 265] == [instrument.instrument_token for instrument in found]
    assert ["NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX"] == [instrument.key for instrument in found]
    assert [] == source.fetched


def test_names_numbers_and_doubles_become_instruments_in_order() -> None:
    instruments, source = from_lists(NSE=NSE, NFO=NFO, BSE=BSE)
    found = instruments.resolve(
        ["NFO:NIFTY26MARFUT", "NSE:INFY", "408065", " nse:infy ", "NSE:M&M", "128053508", "257801"]
    )

    assert [
        Instrument(12345602, "NFO", "NIFTY26MARFUT", "NIFTY", "NFO-FUT", 0.1, 75, date(2026, 3, 31), "FUT"),
        Instrument(408065, "NSE", "INFY", "INFOSYS", "NSE", 0.05, 1, None, "EQ"),
    ] == found[:2]
    assert ["NFO:NIFTY26MARFUT", "NSE:INFY", "NSE:M&M", "BSE:INFY", "NSE:NIFTY FIN SERVICE"] == [
        instrument.key for instrument in found
    ]
    assert ["NFO", "NSE", "BSE"] == source.fetched
    assert [] == instruments.warnings


def test_unknown_names_are_told_with_the_nearest_ones() -> None:
    instruments, _ = from_lists(NSE=NSE)
    problem = problem_of(instruments, "NSE:INFI", "NSE:INFY", *(f"NSE:XX{number}\x1b" for number in range(7)))

    assert (Exit.REFUSED, "unknown-symbol") == (problem.exit_code, problem.cause)
    assert (
        r"Kite has no instrument NSE:INFI, NSE:XX0\x1b, NSE:XX1\x1b, NSE:XX2\x1b, NSE:XX3\x1b and 3 more"
        == problem.what
    )
    assert "did you mean NSE:INFY?" == problem.next_step


def test_a_number_that_todays_list_does_not_have_is_unknown() -> None:
    instruments, _ = from_lists(NSE=NSE, BSE=BSE)

    assert "Kite has no instrument 513" in problem_of(instruments, "513").what  # segment 1: NSE
    assert "Kite has no instrument 9" in problem_of(instruments, "9").what  # segment 9: an index
    assert "Kite has no instrument 14" in problem_of(instruments, "14").what  # no segment of Kite


def test_without_a_list_a_bare_number_still_serves() -> None:
    instruments, _ = from_lists()

    assert [Instrument(408065, "", "408065")] == instruments.resolve(["408065"])
    assert "408065" == instruments.resolve(["408065"])[0].key


def test_without_a_list_a_name_is_a_problem_of_reaching_kite() -> None:
    instruments, _ = from_lists(NSE=KiteError(Answer.UNREACHABLE, "connection refused"))
    problem = problem_of(instruments, "NSE:INFY")

    assert (Exit.UNREACHABLE, "connection refused") == (problem.exit_code, problem.why)


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("INFY", "write NSE:INFY"),
        ("NSE:", "write it like NSE:INFY"),
        ("", "write it like NSE:INFY"),
        ("NSEE:INFY", "did you mean NSE:INFY?"),
        ("NYSE:IBM", "did you mean NSE:IBM?"),
        ("12345678901", "write NSE:12345678901"),
        ("../../etc:passwd", "write it like NSE:INFY"),
    ],
)
def test_what_is_no_name_at_all_is_wrong_usage(name: str, next_step: str) -> None:
    instruments, source = from_lists()
    problem = problem_of(instruments, name)

    assert (Exit.USAGE, next_step) == (problem.exit_code, problem.next_step)
    assert [] == source.fetched


def resolve_infy(cache: Path, wall: str, content: str | bytes | KiteError) -> tuple[list[str], list[str], int]:
    """What was fetched, what was warned of, and the token found."""
    source = Source({"NSE": content})
    instruments = Instruments(source, ROOT, at(wall), cache)
    (found,) = instruments.resolve(["NSE:INFY"])
    return source.fetched, instruments.warnings, found.instrument_token


def test_a_list_is_good_until_the_next_mornings_half_past_eight(tmp_path: Path) -> None:
    assert (["NSE"], [], 408065) == resolve_infy(tmp_path, "2026-03-02T09:00", NSE)
    assert ([], [], 408065) == resolve_infy(tmp_path, "2026-03-03T08:29", NSE)
    assert (["NSE"], [], 408065) == resolve_infy(tmp_path, "2026-03-03T08:30", NSE)
    assert ["NSE-2026-03-03.csv"] == [path.name for path in tmp_path.rglob("*.csv")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (KiteError(Answer.UNREACHABLE, "no answer within 30 s"), "no answer within 30 s"),
        (HEADER, "it has no instrument of NSE"),
        ("", "its header lacks instrument_token, tradingsymbol, name"),
        (NSE.replace("tick_size", "tick"), "its header lacks tick_size"),
        (NSE.rstrip()[:-20], "damaged lines: 1"),
        (NSE + "408065,1594,AGAIN,X,0,,0,0.05,1,EQ,NSE,NSE\n", "instrument tokens given twice: 1"),
        (b"\xff\xfe" + NSE.encode(), "it is not a text table"),
        (NSE + "x,1,X,X,0,,0,0.05,1,EQ,NSE,NSE\n", "damaged lines: 1"),
        (NSE + f"513,1,X,{'x' * 5000},0,,0,0.05,1,EQ,NSE,NSE\n", "damaged lines: 1"),
        (NSE + f'513,1,X,"{"x" * 200_000}\n', "damaged lines: 1"),
    ],
    ids=["unreachable", "header only", "empty", "no column", "cut", "doubled", "no text", "no number", "long", "huge"],
)
def test_a_bad_list_leaves_yesterdays_in_use_and_says_so(
    tmp_path: Path, content: str | bytes | KiteError, why: str
) -> None:
    resolve_infy(tmp_path, "2026-03-02T09:00", NSE)
    fetched, warnings, token = resolve_infy(tmp_path, "2026-03-03T09:00", content)

    assert ["NSE"] == fetched
    assert 408065 == token
    assert [f"using the NSE instrument list of 2026-03-02: today's is no good ({why})"] == warnings
    assert ["NSE-2026-03-02.csv"] == [path.name for path in tmp_path.rglob("*.csv")]


def test_a_damaged_list_is_better_than_none_but_is_not_kept(tmp_path: Path) -> None:
    _, warnings, token = resolve_infy(tmp_path, "2026-03-02T09:00", NSE + "cut")

    assert 408065 == token
    assert ["the NSE instrument list is damaged (damaged lines: 1); its good lines are used"] == warnings
    assert [] == list(tmp_path.rglob("*.csv"))


def test_a_kept_list_that_was_spoilt_on_disk_is_fetched_again(tmp_path: Path) -> None:
    resolve_infy(tmp_path, "2026-03-02T09:00", NSE)
    next(tmp_path.rglob("*.csv")).write_bytes(b"\0\xff")

    assert (["NSE"], [], 408065) == resolve_infy(tmp_path, "2026-03-02T10:00", NSE)


def test_lists_of_different_kites_never_mix(tmp_path: Path) -> None:
    resolve_infy(tmp_path, "2026-03-02T09:00", NSE)
    source = Source({"NSE": NSE})
    Instruments(source, "https://sandbox.kite.trade/oms", MORNING, tmp_path).resolve(["NSE:INFY"])

    assert ["NSE"] == source.fetched


def test_a_local_kites_list_is_never_kept(tmp_path: Path) -> None:
    for _ in range(2):
        source = Source({"NSE": NSE})
        Instruments(source, "http://127.0.0.1:5000", MORNING, tmp_path).resolve(["NSE:INFY"])

        assert ["NSE"] == source.fetched
    assert [] == list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path: Path) -> None:
    (tmp_path / "instruments").write_text("a file where the folder should be")
    fetched, warnings, token = resolve_infy(tmp_path, "2026-03-02T09:00", NSE)

    assert (["NSE"], 408065) == (fetched, token)
    assert ["the NSE instrument list could not be kept: Not a directory"] == warnings


def test_the_cache_is_where_the_system_wants_it() -> None:
    assert Path("/x/kitefeed") == cache_folder({"XDG_CACHE_HOME": "/x"})
    assert Path.home() / ".cache" / "kitefeed" == cache_folder({})
    assert Path.home() / ".cache" / "kitefeed" == cache_folder({"XDG_CACHE_HOME": "relative"})


def test_a_user_without_a_home_keeps_no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd", reason="only there can a user have no home")

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    assert cache_folder({}) is None


def test_a_bom_is_harmless_and_rows_of_other_exchanges_are_left_out() -> None:
    dump = read_dump(b"\xef\xbb\xbf" + NSE.encode() + NFO[len(HEADER) :].encode(), "NSE")

    assert "" == dump.damage
    assert ["INFY", "RELIANCE", "M&M", "NIFTY FIN SERVICE"] == dump.symbols()
    with pytest.raises(BrokenDumpError):
        read_dump(NSE.encode(), "MCX")


def test_odd_numbers_in_a_row_become_nothing_rather_than_something_wrong() -> None:
    row = HEADER + "408065,1594,INFY,INFOSYS,0,31-03-2026,0,nan,-1,EQ,NSE,NSE\n"
    instruments, _ = from_lists(NSE=row)

    assert [Instrument(408065, "NSE", "INFY", "INFOSYS", "NSE", 0.0, 0, None, "EQ")] == instruments.resolve(
        ["NSE:INFY"]
    )
