"""Upstox's answers, read from the local Kite's Upstox-shaped endpoint and from a server that misbehaves."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.instruments import universe
from kitefeed_cli.problems import Problem
from kitefeed_cli.sources import Quote, Setup, SourceError, Wanted
from kitefeed_cli.sources.batches import Batches
from kitefeed_cli.sources.upstox import ROOT, TOKEN, Upstox
from kitefeed_cli.sources.upstox_lists import KeyBook, _pairs
from tests.clocks import HandClock

CLOCK = SystemClock()
SECRET = "eyJ0eXAiOiJKV1QifQ.c2VjcmV0LW9mLXVwc3RveA.0123456789"
INFY = Wanted("NSE:INFY", 408065, "NSE", "INFY")
NIFTY = Wanted("NSE:NIFTY 50", 256265, "NSE", "NIFTY 50")


def all_of_them() -> list[Wanted]:
    shown = CLOCK.wall().date()
    return [Wanted(one.key, one.instrument_token, one.exchange, one.tradingsymbol) for one in universe(shown, 0)]


def upstox(root: str, token: str = SECRET) -> Upstox:
    return Upstox(Setup(CLOCK, values={ROOT: root, TOKEN: token}))


def test_every_instrument_of_the_local_kite_has_the_price_that_kite_shows(kite: LocalKite) -> None:
    source = upstox(kite.rest_root, kite.upstox_token)
    wanted = all_of_them()
    source.prepare(wanted)
    turns = Batches(wanted, source.most, 5.0, 1.0).turns
    by_key = {quote.instrument: quote for turn in turns for quote in source.fetch(turn)}

    assert {one.key for one in wanted} == set(by_key)
    for key, quote in by_key.items():
        assert quote.last_price == round(quote.last_price, 4), f"{key} has the noise of 32 bits"
        assert quote.close is not None
        assert quote.as_of is not None
        assert abs((quote.as_of - CLOCK.wall()).total_seconds()) < 60
        assert quote.delay_s is None, "nobody says how old they are"


@pytest.fixture
def kite() -> Iterator[LocalKite]:
    with LocalKite(CLOCK) as running:
        yield running


def test_it_is_not_asked_without_its_lists(kite: LocalKite) -> None:
    with pytest.raises(SourceError, match="its instrument list is not here yet"):
        upstox(kite.rest_root, kite.upstox_token).fetch([INFY])


Answer = tuple[int, bytes, dict[str, str]]


@contextmanager
def server(answer: Callable[[str], Answer]) -> Iterator[tuple[str, list[str]]]:
    """A server at whose root everything is answered by `answer(path)`; and the paths that were asked."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, body, headers = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}", asked
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


ROWS: list[dict[str, object]] = [
    {"segment": "NSE_EQ", "exchange_token": "1594", "instrument_key": "NSE_EQ|INE009A01021", "name": "INFOSYS"},
    {"segment": "NSE_INDEX", "exchange_token": "1", "instrument_key": "NSE_INDEX|Nifty 50", "name": "Nifty 50"},
    {"segment": "NSE_FO", "exchange_token": "53001", "instrument_key": "NSE_FO|53001", "name": "NIFTY"},
    {"segment": "NSE_EQ", "exchange_token": "22", "instrument_key": "NSE_EQ|x&api_key=evil\n", "name": "ACC"},
    {"segment": None, "exchange_token": 5},
]


def quotes(*answers: Answer) -> Callable[[str], Answer]:
    """The lists, and these answers to the questions for quotes."""
    left = list(answers)

    def answer(path: str) -> Answer:
        if "instruments" in path:
            return 200, gzip.compress(json.dumps(ROWS).encode()), {}
        return left.pop(0)

    return answer


def answered(*answers: Answer) -> list[Quote]:
    with server(quotes(*answers)) as (root, _):
        source = upstox(root)
        source.prepare([INFY])
        return source.fetch([INFY, NIFTY])


def good(**fields: Any) -> Answer:
    row = {"instrument_token": "NSE_EQ|INE009A01021", "last_price": 1523.4000244140625, "net_change": 13.4} | fields
    return 200, json.dumps({"status": "success", "data": {"NSE_EQ:INFY": row}}).encode(), {}


def test_prices_lose_the_noise_and_get_the_close_from_the_change() -> None:
    (quote,) = answered(good(timestamp="2026-03-02T11:20:10.5+05:30", ohlc={"open": 1511.0999755859375}, volume=7))

    assert ("NSE:INFY", 1523.4, 1510.0, 1511.1, 7) == (
        quote.instrument,
        quote.last_price,
        quote.close,
        quote.open,
        quote.volume,
    )
    assert datetime(2026, 3, 2, 11, 20, 10, 500_000, IST) == quote.as_of


@pytest.mark.parametrize("timestamp", [None, 5, "yesterday", "2026-03-02T11:20:10"])
def test_a_time_that_cannot_be_placed_is_no_time(timestamp: object) -> None:
    assert answered(good(timestamp=timestamp))[0].as_of is None


def test_what_was_not_asked_for_is_handed_on_to_be_counted() -> None:
    body = json.dumps({"status": "success", "data": {"a": {"instrument_token": "NSE_EQ|X"}, "b": None}}).encode()

    assert ["NSE_EQ|X", ""] == [quote.instrument for quote in answered((200, body, {}))]


@pytest.mark.parametrize(
    ("answer", "detail", "retry_after_s"),
    [
        (
            (401, b'{"errors":[{"errorCode":"UDAPI100050"}]}', {}),
            f"accept {TOKEN} (401 UDAPI100050)",
            0,
        ),
        ((403, b'{"status":"error"}', {}), f"accept {TOKEN} (403)", 0),
        ((429, b'{"status":"error"}', {"Retry-After": "17"}), "429, too many requests", 17),
        ((429, b"", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), "429, too many requests", 60),
        ((503, b'{"status":"error","errors":[{"error_code":"UDAPI100500"}]}', {}), "503 UDAPI100500", 0),
        ((400, b'{"status":"error","errors":[{"errorCode":"<script>"}]}', {}), "400", 0),
        ((502, b"<html>Bad Gateway</html>", {}), "502 without JSON", 0),
        ((200, b"", {}), "200 without JSON", 0),
        ((200, b"[" * 100_000, {}), "200 without JSON", 0),
        ((200, b'{"status":"success","data":[]}', {}), "200", 0),
        ((302, b"", {"Location": "http://127.0.0.1:1/"}), "302 without JSON", 0),
        ((200, b" " * (5 << 20), {}), "200, longer than 4 MiB", 0),
    ],
)
def test_every_refusal_is_one_line_without_the_token(answer: Answer, detail: str, retry_after_s: float) -> None:
    with pytest.raises(SourceError) as caught:
        answered(answer)

    assert detail in caught.value.detail
    assert retry_after_s == caught.value.retry_after_s
    assert SECRET not in str(caught.value)


def test_a_server_that_is_away_is_one_line_too() -> None:
    source = upstox("http://127.0.0.1:9")
    with pytest.raises(SourceError, match=r"not reached \(ConnectionError\)"):
        source.prepare([INFY])


def test_a_token_that_a_library_would_print_is_refused_and_none_is_shown() -> None:
    for odd in ("two words of a token", "quote'inside-the-token", "short", "line\nbreak-in-the-token", "é" * 30):
        with pytest.raises(SourceError) as caught:
            upstox("http://127.0.0.1:9", odd)
        assert odd not in str(caught.value)
    assert SECRET not in repr(upstox("http://127.0.0.1:9"))
    with pytest.raises(SourceError, match=f"{TOKEN} is not set"):
        Upstox(Setup(CLOCK))
    with pytest.raises(Problem, match="cannot be used"):
        upstox("http://upstox.example")


# --------------------------------------------------------------------- the lists


def test_keys_are_found_by_the_exchanges_number_and_indices_by_name() -> None:
    with server(quotes()) as (root, _):
        book = KeyBook(root, None, CLOCK)
        book.learn([INFY])
        future = Wanted("NFO:NIFTY26NOVFUT", 53001 << 8 | 2, "NFO", "NIFTY26NOVFUT")
        acc = Wanted("NSE:ACC", 22 << 8 | 1, "NSE", "ACC")
        odd = Wanted("NCO:GOLD", 5 << 8 | 12, "NCO", "GOLD")

        assert ["NSE_EQ|INE009A01021", "NSE_INDEX|Nifty 50", "NSE_FO|53001", None, None] == [
            book.key_of(one) for one in (INFY, NIFTY, future, acc, odd)
        ]


def test_lists_are_fetched_once_a_day_and_kept(tmp_path: Path) -> None:
    clock = HandClock()
    with server(quotes()) as (root, asked):
        for _ in range(2):
            book = KeyBook(root, tmp_path, clock)
            book.learn([INFY, NIFTY])
            book.learn([INFY])
        assert 1 == len(asked)
        (kept,) = (tmp_path / "upstox").iterdir()
        kept.write_text("{broken", "utf-8")
        again = KeyBook(root, tmp_path, clock)
        again.learn([INFY])

        assert 2 == len(asked)
        assert "NSE_EQ|INE009A01021" == again.key_of(INFY)


def test_yesterdays_list_stays_in_use_when_todays_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    days = [date(2026, 3, 2), date(2026, 3, 3)]

    class Days(HandClock):
        def wall(self) -> datetime:
            return datetime(days[0].year, days[0].month, days[0].day, 9, tzinfo=IST)

    left = [quotes()("instruments"), (503, b"", {})]
    with server(lambda path: left.pop(0)) as (root, _):
        book = KeyBook(root, None, Days())
        book.learn([INFY])
        days.pop(0)
        with pytest.raises(SourceError, match="could not be had"):
            book.learn([INFY])

    assert "NSE_EQ|INE009A01021" == book.key_of(INFY)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "has no instrument"),
        (b'[{"segment": "NSE_EQ", ', "is damaged"),
        (b"\x1f\x8bnothing", "is damaged"),
        (gzip.compress(b" " * (3 << 20)), "is longer than 1 MiB"),
    ],
)
def test_a_list_that_is_none_is_said_in_one_line(body: bytes, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitefeed_cli.sources.upstox_lists._MOST_UNPACKED", 1 << 20)
    with server(lambda path: (200, body, {})) as (root, _), pytest.raises(SourceError, match=why):
        KeyBook(root, None, CLOCK).learn([INFY])


def test_a_long_list_is_read_object_by_object_so_that_no_thread_waits_long() -> None:
    rows = [{**ROWS[0], "exchange_token": str(number)} for number in range(20_000)]
    waits_s: list[float] = []
    done = threading.Event()

    def watch() -> None:
        before_s = CLOCK.now_s()
        while not done.is_set():
            CLOCK.sleep(0.001)
            now_s = CLOCK.now_s()
            waits_s.append(now_s - before_s)
            before_s = now_s

    thread = threading.Thread(target=watch)
    thread.start()
    text = json.dumps(rows)
    waits_s.clear()
    assert 20_000 == len(dict(_pairs(text)))
    done.set()
    thread.join()

    assert max(waits_s) < 0.2


def test_a_list_of_wanted_may_be_any_sequence() -> None:
    wanted: Sequence[Wanted] = (INFY,)
    with server(quotes(good())) as (root, _):
        source = upstox(root)
        source.prepare(wanted)
        assert 1 == len(source.fetch(wanted))
