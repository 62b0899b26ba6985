"""The REST client against a server that may say and do anything."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import itertools
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.rest import MOST, Kind, Login, Profile, Rest
from kitefeed_cli.kite.transport import MOST_STUCK, _Line, equip
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.quotes import Quote

from ..ports import free_port
from .certificates import server_context
from .stub import Bytes, Request, Stub, failure, reply, success

CLOCK = SystemClock()
TOKEN = "aToken1234567890"
SHORT_S = 0.3
PROFILE = {"user_id": "XX0000", "user_name": "A Trader"}


def rest_at(stub: Stub, prefix: str = "") -> Rest:
    return Rest("key", stub.root + prefix, CLOCK)


def refused(root: str, within_s: float = SHORT_S) -> KiteError:
    with pytest.raises(KiteError) as caught:
        Rest("key", root, CLOCK).profile(TOKEN, within_s)
    return caught.value


def answering(*replies: Bytes) -> Callable[[Request], Bytes]:
    turns = iter(replies)
    return lambda request: next(turns)


def test_the_profile_says_whose_token_it_is() -> None:
    with Stub(answering(success(PROFILE))) as stub:
        assert Profile("XX0000", "A Trader") == rest_at(stub).profile(TOKEN, 5)
    (request,) = stub.requests

    assert ("GET", "/user/profile") == (request.method, request.target)
    assert f"token key:{TOKEN}" == request.headers["authorization"]
    assert "3" == request.headers["x-kite-version"]


def test_a_profile_without_a_name_goes_by_its_id_and_names_are_made_harmless() -> None:
    with Stub(answering(success({"user_id": "XX0000"}), success({"user_id": "X", "user_name": "A\nB"}))) as stub:
        rest = rest_at(stub)

        assert "XX0000" == rest.profile(TOKEN, 5).user_name
        assert r"A\nB" == rest.profile(TOKEN, 5).user_name


def test_quotes_come_by_name_with_aware_times_and_missing_ones_absent() -> None:
    infy = {
        "instrument_token": 408065,
        "timestamp": "2026-03-02 11:19:58",
        "last_trade_time": None,
        "last_price": 1573.15,
        "volume": 1175986,
        "oi": 0,
        "ohlc": {"open": 1569.15, "high": 1575, "low": 1561.05, "close": 1567.8},
    }
    with Stub(answering(success({"NSE:INFY": infy, "NSE:NOT ASKED": infy}))) as stub:
        quotes = rest_at(stub).quotes(TOKEN, ["NSE:INFY", "NSE:GONE"], "quote", 5)
    expected = Quote(
        "NSE:INFY",
        408065,
        1573.15,
        "quote",
        exchange_at=datetime(2026, 3, 2, 11, 19, 58, tzinfo=IST),
        close=1567.8,
        open=1569.15,
        high=1575.0,
        low=1561.05,
        volume=1175986,
        oi=0,
    )

    assert {"NSE:INFY": expected} == quotes
    assert {"i": ["NSE:INFY", "NSE:GONE"]} == parse_qs(stub.requests[0].target.partition("?")[2])


def test_a_whole_quote_brings_what_a_tick_of_mode_full_would() -> None:
    entry = {"price": 1573.1, "quantity": 7, "orders": 2, "more": 1}
    infy = {
        "instrument_token": 408065,
        "last_price": 1573.15,
        "last_quantity": 1,
        "average_price": 1570.5,
        "buy_quantity": 2,
        "sell_quantity": 3,
        "oi_day_high": 4,
        "oi_day_low": 5,
        "depth": {"buy": [entry], "sell": None},
    }
    with Stub(answering(success({"NSE:INFY": infy}))) as stub:
        quote = rest_at(stub).quotes(TOKEN, ["NSE:INFY"], "quote", 5)["NSE:INFY"]

    assert (1, 1570.5, 2, 3, 4, 5) == (
        *(quote.last_traded_quantity, quote.average_traded_price, quote.total_buy_quantity),
        *(quote.total_sell_quantity, quote.oi_day_high, quote.oi_day_low),
    )
    assert {"buy": [{"quantity": 7, "price": 1573.1, "orders": 2}], "sell": []} == quote.depth


@pytest.mark.parametrize(("kind", "path", "mode"), [("ltp", "/quote/ltp", "ltp"), ("ohlc", "/quote/ohlc", "quote")])
def test_the_smaller_quotes_have_their_own_paths(kind: Kind, path: str, mode: str) -> None:
    with Stub(answering(success({"NSE:INFY": {"instrument_token": 408065, "last_price": 1573}}))) as stub:
        quotes = rest_at(stub).quotes(TOKEN, ["NSE:INFY"], kind, 5)

    assert Quote("NSE:INFY", 408065, 1573.0, mode) == quotes["NSE:INFY"]
    assert stub.requests[0].target.startswith(f"{path}?")


@pytest.mark.parametrize(
    "value",
    [
        None,
        ["NSE:INFY"],
        "text",
        {"NSE:INFY": None},
        {"NSE:INFY": []},
        {"NSE:INFY": {}},
        {"NSE:INFY": {"instrument_token": "408065", "last_price": 1.0}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": "1.0"}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": True}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": float("nan")}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": float("inf")}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": 1.0, "timestamp": "2026-13-99 00:00:00"}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": 1.0, "timestamp": 5}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": 1.0, "depth": []}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": 1.0, "depth": {"buy": {}}}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": 1.0, "depth": {"buy": [5]}}},
        {"NSE:INFY": {"instrument_token": 408065, "last_price": 1.0, "depth": {"buy": [{"price": "5"}]}}},
    ],
)
def test_an_odd_quote_is_an_unexpected_reply(value: object) -> None:
    with Stub(answering(success(value))) as stub, pytest.raises(KiteError) as caught:
        rest_at(stub).quotes(TOKEN, ["NSE:INFY"], "quote", 5)

    assert Answer.FAILED is caught.value.answer


def test_a_call_never_asks_for_more_than_kite_allows() -> None:
    with pytest.raises(AssertionError):
        Rest("key", "https://api.kite.trade", CLOCK).quotes(TOKEN, ["NSE:INFY"] * 501, "quote", 5)
    assert {"quote": 500, "ohlc": 800, "ltp": 800} == MOST


def test_a_request_token_is_exchanged_with_its_checksum() -> None:
    answer = {**PROFILE, "access_token": "fresh12345678", "login_time": "2026-03-02 07:50:00"}
    with Stub(answering(success(answer))) as stub:
        login = rest_at(stub).exchange("request1234", "secret!", 5)
    form = {name: values[0] for name, values in parse_qs(stub.requests[0].body).items()}

    assert Login("fresh12345678", "XX0000", "A Trader", datetime(2026, 3, 2, 7, 50, tzinfo=IST)) == login
    assert "fresh12345678" not in repr(login)
    assert "POST" == stub.requests[0].method
    assert hashlib.sha256(b"keyrequest1234secret!").hexdigest() == form["checksum"]
    assert "authorization" not in stub.requests[0].headers


@pytest.mark.parametrize("answer", [{}, PROFILE, {**PROFILE, "access_token": "a b", "login_time": ""}])
def test_an_exchange_without_a_proper_token_is_an_unexpected_reply(answer: object) -> None:
    with Stub(answering(success(answer))) as stub, pytest.raises(KiteError) as caught:
        rest_at(stub).exchange("request1234", "secret!", 5)

    assert Answer.FAILED is caught.value.answer


def test_the_reason_of_a_refused_exchange_is_kept() -> None:
    said = failure("403 Forbidden", "TokenException", "Invalid `checksum`.")
    with Stub(answering(said)) as stub, pytest.raises(KiteError) as caught:
        rest_at(stub).exchange("request1234", "secret!", 5)

    assert (Answer.TOKEN_DEAD, "Invalid `checksum`.") == (caught.value.answer, caught.value.message)


def test_logout_ends_the_token() -> None:
    with Stub(answering(success(True))) as stub:
        rest_at(stub).logout(TOKEN, 5)

    assert "DELETE" == stub.requests[0].method
    assert f"/session/token?api_key=key&access_token={TOKEN}" == stub.requests[0].target


def test_the_instrument_list_is_unpacked_and_needs_no_token() -> None:
    content = b"instrument_token,tradingsymbol\n408065,INFY\n"
    packed = reply(gzip.compress(content), content_type="text/csv", Content_Encoding="gzip")
    with Stub(answering(packed, reply(gzip.compress(content), content_type="text/csv"))) as stub:
        rest = rest_at(stub)

        assert content == rest.instruments("NSE", 5)
        assert content == rest.instruments(None, 5)
    assert ["/instruments/NSE", "/instruments"] == [request.target for request in stub.requests]
    assert "authorization" not in stub.requests[0].headers


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (reply(b"<html>hotel", content_type="text/html"), Answer.FAILED),
        (reply(b"<html>bad gateway", "502 Bad Gateway", "text/html"), Answer.FAILED),
        (success({}), Answer.FAILED),
        (failure("429 Too Many Requests", "NetworkException"), Answer.THROTTLED),
        (reply(b"\x1f\x8bnot gzip", content_type="text/csv"), Answer.FAILED),
        (reply(b"junk", content_type="text/csv", Content_Encoding="gzip"), Answer.FAILED),
        (reply(gzip.compress(bytes(65 * 1024 * 1024)), content_type="text/csv"), Answer.FAILED),
    ],
    ids=["portal", "502", "json", "throttled", "half gzip", "no gzip", "bomb"],
)
def test_an_instrument_list_that_is_none_is_refused(said: bytes, answer: Answer) -> None:
    with Stub(answering(said)) as stub, pytest.raises(KiteError) as caught:
        rest_at(stub).instruments("NSE", 5)

    assert answer is caught.value.answer
    assert caught.value.__context__ is None


def test_a_reply_without_a_content_type_is_judged_by_its_body() -> None:
    good = reply(json.dumps({"status": "success", "data": PROFILE}).encode(), content_type=None)
    dead = reply(b'{"status":"error","error_type":"TokenException"}', "403 Forbidden", None)
    with Stub(answering(good, dead)) as stub:
        rest = rest_at(stub)

        assert "XX0000" == rest.profile(TOKEN, 5).user_id
        with pytest.raises(KiteError, match="403 TokenException"):
            rest.profile(TOKEN, 5)


def test_a_proxys_403_page_does_not_condemn_the_token() -> None:
    with Stub(answering(reply(b"<html>Blocked", "403 Forbidden", "text/html"))) as stub:
        error = refused(stub.root, 5)

    assert (Answer.FAILED, "403 with HTML (a proxy?)") == (error.answer, error.detail)


def dripping(first: bytes, piece: bytes) -> Iterator[bytes]:
    """One piece every 20 ms, for ever."""
    yield first
    while True:
        CLOCK.sleep(0.02)
        yield piece


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP/1.1 ", b"2"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n", b" "),
    ],
    ids=["status line", "header", "body"],
)
def test_a_drip_of_bytes_ends_at_the_deadline_and_so_does_its_connection(first: bytes, piece: bytes) -> None:
    with Stub(lambda request: dripping(first, piece)) as stub:
        start_s = CLOCK.now_s()
        error = refused(stub.root)
        took_s = CLOCK.now_s() - start_s

        assert (Answer.UNREACHABLE, "no answer within 0.3 s") == (error.answer, error.detail)
        assert SHORT_S <= took_s < SHORT_S + 5.0
        assert stub.cut.wait(2), "the connection lives on"


def test_a_server_that_never_speaks_ends_at_the_deadline() -> None:
    silence = threading.Event()

    def answer(request: Request) -> Bytes:
        silence.wait(5)
        return b""

    with Stub(answer) as stub:
        error = refused(stub.root)
        silence.set()

    assert "no answer within 0.3 s" == error.detail


def test_a_tls_handshake_that_stalls_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        error = refused(f"https://127.0.0.1:{listener.getsockname()[1]}")

    assert "no answer within 0.3 s" == error.detail


def test_an_endless_body_is_refused_at_the_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    zeros = itertools.chain([head], itertools.repeat(bytes(65536)))
    with Stub(lambda request: zeros) as stub:
        error = refused(stub.root, 5)

        assert (Answer.FAILED, "200, longer than 1 MiB") == (error.answer, error.detail)
        assert stub.cut.wait(2)


@pytest.mark.parametrize(
    ("said", "answer", "detail"),
    [
        (b"", Answer.UNREACHABLE, "connection reset"),
        (b"\x16\x03\x01 nonsense\r\n\r\n", Answer.UNREACHABLE, "connection cut in mid-answer"),
        (reply(b'{"status":')[:-3], Answer.UNREACHABLE, "connection cut in mid-answer"),
        (reply(b"junk", Content_Encoding="gzip"), Answer.FAILED, "an unexpected reply (DecodeError)"),
        (reply(b'{"status":"success","data":[]}'), Answer.FAILED, "an unexpected reply (user_id)"),
    ],
    ids=["hangs up", "not HTTP", "cut", "not gzip", "wrong shape"],
)
def test_a_broken_reply_is_named(said: bytes, answer: Answer, detail: str) -> None:
    with Stub(answering(said)) as stub:
        error = refused(stub.root, 5)

    assert (answer, detail) == (error.answer, error.detail)


def test_a_redirect_is_not_followed_and_carries_nothing_away() -> None:
    with Stub(lambda request: success(PROFILE)) as elsewhere:
        said = reply(b"", "302 Found", Location=f"{elsewhere.root}/user/profile")
        with Stub(answering(said)) as stub:
            error = refused(stub.root, 5)

    assert "302, a redirect (a portal?)" == error.detail
    assert [] == elsewhere.requests


def test_a_closed_port_and_an_unknown_name_are_unreachable() -> None:
    assert "connection refused" == refused(f"http://127.0.0.1:{free_port()}", 5).detail
    assert "name not found: kite.invalid" == refused("https://kite.invalid", 5).detail


@pytest.fixture
def hanging_lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Name lookups that answer when the event is set."""
    go_on = threading.Event()
    real = socket.getaddrinfo

    def lookup(host: str, *args: Any, **kwargs: Any) -> object:
        assert go_on.wait(20)
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    yield go_on
    go_on.set()


def test_a_hanging_name_lookup_holds_nobody_up_and_sends_nothing_later(hanging_lookup: threading.Event) -> None:
    with Stub(lambda request: success(PROFILE)) as stub:
        rest = Rest("key", f"http://localhost:{stub.port}", CLOCK)
        details = []
        for _ in range(MOST_STUCK + 1):
            with pytest.raises(KiteError) as caught:
                rest.profile(TOKEN, 0.25)
            details.append(caught.value.detail)
        hanging_lookup.set()
        for thread in threading.enumerate():
            if thread.name == "kitefeed-rest":
                thread.join(5)

        assert ["no answer within 0.25 s"] * MOST_STUCK + ["earlier calls to localhost still hang"] == details
        assert [] == stub.requests
        assert "XX0000" == rest.profile(TOKEN, 5).user_id


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Trust one certificate and no other."""
    load = ssl.SSLContext.load_verify_locations

    def only(authority: Path) -> None:
        monkeypatch.setattr(
            ssl.SSLContext, "load_verify_locations", lambda context, *args, **more: load(context, authority)
        )

    return only


def test_a_certificate_of_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    context, _ = server_context(["127.0.0.1"], tmp_path)
    with Stub(lambda request: success(PROFILE), tls=context) as stub:
        error = refused(stub.root, 5)

    assert (Answer.UNREACHABLE, "certificate not trusted") == (error.answer, error.detail)
    assert [] == stub.requests


def test_a_certificate_of_another_host_is_not_trusted(tmp_path: Path, trust: Callable[[Path], None]) -> None:
    context, authority = server_context(["kite.invalid"], tmp_path)
    trust(authority)
    with Stub(lambda request: success(PROFILE), tls=context) as stub:
        error = refused(stub.root, 5)

    assert "certificate is for another host" == error.detail
    assert [] == stub.requests


def test_a_drip_under_tls_ends_at_the_deadline_too(tmp_path: Path, trust: Callable[[Path], None]) -> None:
    context, authority = server_context(["127.0.0.1"], tmp_path)
    trust(authority)
    with Stub(lambda request: dripping(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"), tls=context) as stub:
        error = refused(stub.root)

        assert "no answer within 0.3 s" == error.detail
        assert 1 == len(stub.requests)
        assert stub.cut.wait(2), "the connection lives on"


@pytest.mark.parametrize("root", ["http://api.kite.trade", "http://10.0.0.1:80", "ftp://127.0.0.1", "https://u:p@x"])
def test_credentials_go_nowhere_unencrypted(root: str) -> None:
    with pytest.raises(Problem):
        Rest("key", root, CLOCK)


@pytest.mark.parametrize("token", ["", "short", "with space", "line\nbreak12", "“curly12”", "a" * 129, "tökenn12"])
def test_what_cannot_be_a_token_never_reaches_a_library(token: str) -> None:
    with Stub(lambda request: success(PROFILE)) as stub, pytest.raises(KiteError) as caught:
        rest_at(stub).profile(token, 5)

    assert (Answer.TOKEN_DEAD, "not the shape of an access token") == (caught.value.answer, caught.value.detail)
    assert 0 == stub.connections


def test_a_path_in_the_root_is_kept() -> None:
    with Stub(lambda request: success(PROFILE)) as stub:
        rest_at(stub, "/oms/").profile(TOKEN, 5)

    assert "/oms/user/profile" == stub.requests[0].target


def test_a_proxy_has_no_part_in_a_call_to_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with Stub(lambda request: success(PROFILE)) as stub:
        assert "XX0000" == rest_at(stub).profile(TOKEN, 5).user_id


def test_a_proxy_that_wants_a_password_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with Stub(answering(reply(b"", "407 Proxy Authentication Required"))) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.root)
        error = refused("https://kite.invalid", 5)

    assert (Answer.UNREACHABLE, "the proxy refused (407)") == (error.answer, error.detail)
    assert "authorization" not in proxy.requests[0].headers


def test_a_default_entry_in_netrc_does_not_replace_our_authorization() -> None:
    Path.home().joinpath(".netrc").write_text("default login somebody password something\n")
    with Stub(lambda request: success(PROFILE)) as stub, requests.Session() as session:
        line = _Line()
        equip(session, line, 1000, lambda *reply: None, loopback=False)
        session.get(stub.root, headers={"Authorization": "token ours"})
        line.shut()

    assert "token ours" == stub.requests[0].headers["authorization"]


def test_a_failed_call_leaves_no_trail_to_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Stub(answering(reply(b"<html>", "502 Bad", "text/html"))) as stub:
        rest = rest_at(stub)
        with pytest.raises(KiteError) as caught:
            rest.logout(TOKEN, 5)
    error = caught.value

    assert error.__context__ is None
    assert error.__cause__ is None
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(error) + str(error.args)


def test_a_warning_of_the_http_library_goes_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    broken = success(PROFILE).replace(b"Content-Type", b"no header at all\r\nContent-Type")
    with caplog.at_level(logging.DEBUG), Stub(answering(broken)) as stub, contextlib.suppress(KiteError):
        rest_at(stub).quotes(TOKEN, ["NSE:INFY"], "ltp", 5)

    assert 1 == len(stub.requests)
    assert [] == [record.getMessage() for record in caplog.records]


def test_many_threads_may_call_at_once() -> None:
    def answer(request: Request) -> Bytes:
        return success({"user_id": request.headers["authorization"].rpartition(":")[2]})

    with Stub(answer) as stub:
        rest = rest_at(stub)
        seen: dict[str, str] = {}

        def call(token: str) -> None:
            seen[token] = rest.profile(token, 5).user_id

        tokens = [f"token{number:08}" for number in range(12)]
        threads = [threading.Thread(target=call, args=(token,)) for token in tokens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert {token: token for token in tokens} == seen
