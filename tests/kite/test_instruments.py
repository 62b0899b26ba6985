"""Names become instruments, from today's list, an old copy, or none at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.instruments import Instrument, Instruments, cache_folder
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Exit, Problem

ROOT = "https://api.kite.trade"
HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
    "instrument_type,segment,exchange\n"
)
LIST = (
    HEADER
    + """408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE
738561,2885,RELIANCE,"RELIANCE, LTD",0,,0,0.05,1,EQ,NSE,NSE
519937,2031,M&M,MAHINDRA,0,,0,0.05,1,EQ,NSE,NSE
257801,1007,NIFTY FIN SERVICE,NIFTY FIN SERVICE,0,,0,0,0,EQ,INDICES,NSE
12345602,48225,NIFTY26MARFUT,NIFTY,0,2026-03-31,0,0.1,75,FUT,NFO-FUT,NFO
12345858,48226,NIFTY26APRFUT,NIFTY,0,2026-04-28,0,0.1,75,FUT,NFO-FUT,NFO
12346114,48227,NIFTY26MAR25000CE,NIFTY,0,2026-03-31,25000,0.05,75,CE,NFO-OPT,NFO
128053508,500209,INFY,INFOSYS,0,,0,0.05,1,EQ,BSE,BSE

"""
)


@dataclass
class Source:
    """A list to download; a KiteError is raised instead."""

    content: str | bytes | KiteError
    fetched: int = 0

    def __call__(self) -> bytes:
        self.fetched += 1
        if isinstance(self.content, KiteError):
            raise self.content
        return self.content.encode() if isinstance(self.content, str) else self.content


def at(text: str) -> Callable[[], datetime]:
    moment = datetime.fromisoformat(text).replace(tzinfo=IST)
    return lambda: moment


MORNING = at("2026-03-02T09:00")


def from_list(content: str | bytes | KiteError = LIST, cache: Path | None = None) -> tuple[Instruments, Source]:
    source = Source(content)
    return Instruments(source, ROOT, MORNING, cache), source


def problem_of(instruments: Instruments, *names: str) -> Problem:
    with pytest.raises(Problem) as caught:
        instruments.resolve(names)
    return caught.value


def test_the_default_indices_need_no_download() -> None:
    instruments, source = from_list()
    found = instruments.resolve(["NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX", "260105"])

    assert [256265, 260105, 265] == [instrument.instrument_token for instrument in found]
    assert ["NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX"] == [instrument.key for instrument in found]
    assert 0 == source.fetched


def test_names_numbers_and_doubles_become_instruments_in_order() -> None:
    instruments, source = from_list()
    found = instruments.resolve(
        ["NFO:NIFTY26MARFUT", "NSE:INFY", "0408065", " nse:infy ", "NSE:M&M", "128053508", "257801"]
    )

    assert [
        Instrument(12345602, "NFO", "NIFTY26MARFUT", "NIFTY", "NFO-FUT", 0.1, 75, date(2026, 3, 31), "FUT"),
        Instrument(408065, "NSE", "INFY", "INFOSYS", "NSE", 0.05, 1, None, "EQ"),
    ] == found[:2]
    assert ["NFO:NIFTY26MARFUT", "NSE:INFY", "NSE:M&M", "BSE:INFY", "NSE:NIFTY FIN SERVICE"] == [
        instrument.key for instrument in found
    ]
    assert 1 == source.fetched
    assert [] == instruments.warnings
    assert ("2026-03-02", 0) == (instruments.day, instruments.age_days)


def test_an_option_knows_its_strike() -> None:
    (option,) = from_list()[0].resolve(["NFO:NIFTY26MAR25000CE"])

    assert ("CE", 25000.0) == (option.instrument_type, option.strike)


def test_unknown_names_are_told_with_the_nearest_ones() -> None:
    instruments, _ = from_list()
    problem = problem_of(instruments, "NSE:INFI", "NSE:INFY", *(f"NSE:XX{number}\x1b" for number in range(7)))

    assert (Exit.REFUSED, "unknown-symbol") == (problem.exit_code, problem.cause)
    assert r"Kite has no instrument NSE:INFI, NSE:XX0\x1b, NSE:XX1\x1b and 5 more" == problem.what
    assert "did you mean NSE:INFY?" == problem.next_step


def test_a_guess_for_another_name_than_the_first_says_for_which() -> None:
    instruments, _ = from_list()

    problem = problem_of(instruments, "NSE:QQQQQQQQ", "NSE:INFI")

    assert "NSE:INFI: did you mean NSE:INFY?" == problem.next_step


def test_many_unknown_names_fit_a_line_of_80_columns() -> None:
    instruments, _ = from_list()
    problem = problem_of(instruments, *(f"NSE:NOBODYKNOWS{number}" for number in range(200)))

    assert "Kite has no instrument NSE:NOBODYKNOWS0, NSE:NOBODYKNOWS1 and 198 more" == problem.what
    assert all(len(line) <= 73 for line in (problem.what, problem.why, problem.next_step))


def test_an_unknown_name_is_told_with_the_place_where_it_was_read() -> None:
    instruments, _ = from_list()
    with pytest.raises(Problem) as caught:
        instruments.resolve(["NSE:INFI"], {"NSE:INFI": "mine.txt, line 3"})

    assert "Kite has no instrument NSE:INFI (mine.txt, line 3)" == caught.value.what


def test_an_expired_contract_is_refused_by_name_with_the_next_one() -> None:
    instruments, _ = from_list()
    problem = problem_of(instruments, "NFO:NIFTY26FEBFUT", "NFO:NIFTY26FEB25000CE")

    assert "NFO:NIFTY26FEBFUT and 1 more are expired contracts" == problem.what
    assert "the next contract is NFO:NIFTY26MARFUT" == problem.next_step
    assert "the next contract is NFO:NIFTY26MAR25000CE" == problem_of(instruments, "NFO:NIFTY26FEB25000CE").next_step


def test_a_contract_of_an_old_list_that_is_over_is_refused_too(tmp_path: Path) -> None:
    Instruments(Source(LIST), ROOT, at("2026-03-31T15:00"), tmp_path).resolve(["NSE:INFY"])
    gone = Source(KiteError(Answer.UNREACHABLE, "connection refused"))
    instruments = Instruments(gone, ROOT, at("2026-04-01T09:00"), tmp_path)
    problem = problem_of(instruments, "12345602")

    assert "12345602 is an expired contract" == problem.what
    assert "the next contract is NFO:NIFTY26APRFUT" == problem.next_step


def test_a_contract_trades_on_its_last_day() -> None:
    instruments = Instruments(Source(LIST), ROOT, at("2026-03-31T15:00"), None)

    assert ["NFO:NIFTY26MARFUT"] == [one.key for one in instruments.resolve(["NFO:NIFTY26MARFUT"])]


def test_the_exchanges_own_number_is_no_symbol_and_its_owner_is_named() -> None:
    problem = problem_of(from_list()[0], "BSE:500209")

    assert "500209 is the exchange's number of BSE:INFY: write BSE:INFY" == problem.next_step


def test_a_number_that_todays_list_does_not_have_is_unknown() -> None:
    instruments, _ = from_list()

    assert "Kite has no instrument 513" in problem_of(instruments, "513").what  # segment 1: NSE
    assert "Kite has no instrument 9" in problem_of(instruments, "9").what  # segment 9: an index
    assert "Kite has no instrument 14" in problem_of(instruments, "14").what  # no segment of Kite


def test_without_a_list_a_bare_number_still_serves() -> None:
    instruments, _ = from_list(KiteError(Answer.FAILED, "503 NetworkException"))

    assert [Instrument(408065, "", "408065")] == instruments.resolve(["408065"])
    assert "408065" == instruments.resolve(["408065"])[0].key
    assert "no segment of Kite" in problem_of(instruments, "14").why


def test_without_a_list_a_name_is_a_problem_of_reaching_kite() -> None:
    instruments, source = from_list(KiteError(Answer.UNREACHABLE, "connection refused"))
    for _ in range(2):
        problem = problem_of(instruments, "NSE:INFY")

        assert (Exit.UNREACHABLE, "connection refused") == (problem.exit_code, problem.why)
    assert 1 == source.fetched, "an answer is an answer"


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("INFY", "write NSE:INFY"),
        ("NSE:", "write it like NSE:INFY"),
        ("", "write it like NSE:INFY"),
        ("NSEE:INFY", "did you mean NSE:INFY?"),
        ("NYSE:IBM", "did you mean NSE:IBM?"),
        ("12345678901", "write it like NSE:INFY"),
        ("-5", "write it like NSE:INFY"),
        ("5PAISA", "write NSE:5PAISA"),
        ("../../etc:passwd", "write it like NSE:INFY"),
    ],
)
def test_what_is_no_name_at_all_is_wrong_usage(name: str, next_step: str) -> None:
    instruments, source = from_list()
    problem = problem_of(instruments, name)

    assert (Exit.USAGE, next_step) == (problem.exit_code, problem.next_step)
    assert 0 == source.fetched


def resolve_infy(cache: Path, wall: str, content: str | bytes | KiteError = LIST) -> tuple[int, list[str], int]:
    """How often the list was fetched, what was warned of, and the token found."""
    source = Source(content)
    instruments = Instruments(source, ROOT, at(wall), cache)
    (found,) = instruments.resolve(["NSE:INFY"])
    return source.fetched, instruments.warnings, found.instrument_token


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_a_list_is_good_until_the_next_mornings_half_past_eight(tmp_path: Path) -> None:
    assert (1, [], 408065) == resolve_infy(tmp_path, "2026-03-02T09:00")
    assert (0, [], 408065) == resolve_infy(tmp_path, "2026-03-03T08:29")
    assert (1, [], 408065) == resolve_infy(tmp_path, "2026-03-03T08:30")
    assert (1, [], 408065) == resolve_infy(tmp_path, "2026-03-04T08:30")
    assert ["2026-03-03.csv", "2026-03-04.csv"] == kept(tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (KiteError(Answer.UNREACHABLE, "no answer within 30 s"), "no answer within 30 s"),
        (HEADER, "it has no instrument"),
        ("", "it is not a text table"),
        ("<html>\n<body>", "its header lacks instrument_token, exchange_token, tradingsymbol and more"),
        (LIST.replace("tick_size", "tick"), "its header lacks tick_size"),
        (LIST.rstrip()[:-20], "damaged lines: 1"),
        (b"\xff\xfe" + LIST.encode("utf-16-le"), "it is not a text table"),
        (LIST.encode() + b"\xff,", "it is not a text table"),
        (LIST + "x,1,X,X,0,,0,0.05,1,EQ,NSE,NSE\n", "damaged lines: 1"),
        (LIST + "513,1,X,X,0,,0,0.05,1,EQ,NSE,nse:\n", "damaged lines: 1"),
        (LIST + f"513,1,X,{'x' * 5000},0,,0,0.05,1,EQ,NSE,NSE\n", "damaged lines: 1"),
        (LIST + f'513,1,X,"{"x" * 200_000}\n', "damaged lines: 1"),
    ],
    ids=[
        "away",
        "header",
        "empty",
        "page",
        "no column",
        "cut",
        "utf-16",
        "bytes",
        "number",
        "exchange",
        "long",
        "huge",
    ],
)
def test_a_bad_list_leaves_yesterdays_in_use_and_says_so_with_its_age(
    tmp_path: Path, content: str | bytes | KiteError, why: str
) -> None:
    resolve_infy(tmp_path, "2026-02-28T09:00")
    fetched, warnings, token = resolve_infy(tmp_path, "2026-03-03T09:00", content)

    assert (1, 408065) == (fetched, token)
    assert [f"using the instrument list of 2026-02-28, 3 days old: today's is no good ({why})"] == warnings
    assert ["2026-02-28.csv"] == kept(tmp_path)


def test_columns_that_nobody_knows_and_a_bom_are_tolerated() -> None:
    lines = [f"{line},x" if line else "" for line in LIST.splitlines()]
    content = "\ufeffnew," + "\r\n".join(f"1,{line}" if number else line for number, line in enumerate(lines))
    instruments, _ = from_list(content)

    assert [408065] == [one.instrument_token for one in instruments.resolve(["NSE:INFY"])]


def test_a_damaged_list_is_better_than_none_but_is_not_kept(tmp_path: Path) -> None:
    _, warnings, token = resolve_infy(tmp_path, "2026-03-02T09:00", LIST + "cut")

    assert 408065 == token
    assert ["today's instrument list is damaged (damaged lines: 1); its good lines are used"] == warnings
    assert [] == kept(tmp_path)


def test_a_user_without_a_home_keeps_no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd", reason="on Windows every user has a home folder")

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    assert cache_folder({}) is None


def test_lists_of_different_kites_never_mix(tmp_path: Path) -> None:
    resolve_infy(tmp_path, "2026-03-02T09:00")
    source = Source(LIST)
    Instruments(source, "https://sandbox.kite.trade/oms", MORNING, tmp_path).resolve(["NSE:INFY"])

    assert 1 == source.fetched


def test_a_local_kites_list_is_never_kept(tmp_path: Path) -> None:
    for _ in range(2):
        source = Source(LIST)
        Instruments(source, "http://127.0.0.1:5000", MORNING, tmp_path).resolve(["NSE:INFY"])

        assert 1 == source.fetched
    assert [] == list(tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path: Path) -> None:
    (tmp_path / "instruments").write_text("a file where the folder should be")
    fetched, warnings, token = resolve_infy(tmp_path, "2026-03-02T09:00")

    assert (1, 408065) == (fetched, token)
    assert ["the instrument list could not be kept: Not a directory"] == warnings


def test_the_cache_is_where_the_system_wants_it() -> None:
    assert Path("/x/kitefeed") == cache_folder({"XDG_CACHE_HOME": "/x"})
    assert Path.home() / ".cache" / "kitefeed" == cache_folder({})
    assert Path.home() / ".cache" / "kitefeed" == cache_folder({"XDG_CACHE_HOME": "relative"})


def test_odd_numbers_in_a_row_become_nothing_rather_than_something_wrong() -> None:
    instruments, _ = from_list(HEADER + "408065,1594,INFY,INFOSYS,0,31-03-2026,x,nan,-1,EQ,NSE,NSE\n")

    assert [Instrument(408065, "NSE", "INFY", "INFOSYS", "NSE", 0.0, 0, None, "EQ")] == instruments.resolve(
        ["NSE:INFY"]
    )


# ------------------------------------------------------------------ overnight

LISTS = Path(__file__).parent / "lists"


def on(day: str, cache: Path) -> Instruments:
    return Instruments(Source((LISTS / f"{day}.csv").read_bytes()), ROOT, at(f"{day}T09:00"), cache)


def test_what_changed_since_the_day_before_is_told_of_ones_own_instruments_and_counted_of_the_rest(
    tmp_path: Path,
) -> None:
    on("2026-03-31", tmp_path).resolve(["NSE:INFY"])
    for _ in range(2):  # from the download, and from the copy that another command finds
        today = on("2026-04-01", tmp_path)
        found = today.resolve(["12345602", "NSE:INFY"])

        assert [
            "instrument token 12345602 was NFO:NIFTY26MARFUT on 2026-03-31 and is NFO:NIFTY26JUNFUT now",
            "since the instrument list of 2026-03-31: 6 other tokens, symbols or expiries changed, 3 instruments gone, "
            "1 new",
        ] == today.news(found)
        assert [] == today.news(today.resolve(["NSE:INFY"])), "nothing that concerns them"


def test_a_symbol_of_yesterday_is_refused_with_todays(tmp_path: Path) -> None:
    on("2026-03-31", tmp_path).resolve(["NSE:INFY"])

    assert "it is called NSE:TMPV now" == problem_of(on("2026-04-01", tmp_path), "nse:tatamotors").next_step
