"""The REST side: session, profile, quotes and instruments, with Kite's own texts."""

from __future__ import annotations

import gzip
import hashlib
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from kitefeed_cli.clock import SystemClock, VirtualClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.emulator.accounts import REQUEST_TOKEN_LIFE_S, Accounts
from kitefeed_cli.emulator.answers import KiteError
from kitefeed_cli.emulator.hours import KiteTime
from kitefeed_cli.emulator.limits import Limits

from .client import DEADLINE_S, get
from .conftest import MONDAY_MORNING

DEAD = {
    "status": "error",
    "message": "Incorrect `api_key` or `access_token`.",
    "data": None,
    "error_type": "TokenException",
}


def press_button(kite: LocalKite, **parameters: str) -> dict[str, str]:
    """Log in on the page; the query the browser is sent back with."""
    asked = {"v": "3", "api_key": kite.api_key, **parameters}
    page = requests.get(kite.login_root, params=asked, timeout=DEADLINE_S)
    assert 1 == page.text.count("<button")
    answer = requests.post(kite.login_root, params=asked, allow_redirects=False, timeout=DEADLINE_S)
    assert 302 == answer.status_code
    assert "http://127.0.0.1:5000/" == answer.headers["Location"].partition("?")[0]
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def exchange(kite: LocalKite, request_token: str, secret: str | None = None) -> requests.Response:
    checksum = hashlib.sha256(f"{kite.api_key}{request_token}{secret or kite.api_secret}".encode()).hexdigest()
    form = {"api_key": kite.api_key, "request_token": request_token, "checksum": checksum}
    return requests.post(f"{kite.rest_root}/session/token", data=form, timeout=DEADLINE_S)


def test_a_login_goes_from_the_page_to_a_new_access_token(kite: LocalKite) -> None:
    before = kite.access_token
    back = press_button(kite, redirect_params="state=a%26b&more=Y")
    assert ("success", "login", "login", "a&b", "Y") == tuple(
        back[name] for name in ("status", "action", "type", "state", "more")
    )
    assert 32 == len(back["request_token"])
    session = exchange(kite, back["request_token"]).json()["data"]
    assert kite.access_token == session["access_token"] != before
    assert 19 == len(session["login_time"])
    assert {"user_id", "user_name", "public_token", "refresh_token", "meta", "api_key"} <= session.keys()
    assert 200 == get(kite, "/user/profile").status_code


def test_a_request_token_works_once(kite: LocalKite) -> None:
    request_token = press_button(kite)["request_token"]
    assert 200 == exchange(kite, request_token).status_code
    again = exchange(kite, request_token)
    assert (403, "TokenException", "Token is invalid or has expired.") == (
        again.status_code,
        again.json()["error_type"],
        again.json()["message"],
    )


def test_a_wrong_checksum_is_refused_and_does_not_use_the_request_token_up(kite: LocalKite) -> None:
    request_token = press_button(kite)["request_token"]
    wrong = exchange(kite, request_token, secret="not the secret")
    assert (403, "Invalid `checksum`.") == (wrong.status_code, wrong.json()["message"])
    assert 200 == exchange(kite, request_token).status_code


def test_a_request_token_has_a_short_life() -> None:
    clock = VirtualClock(MONDAY_MORNING)
    accounts = Accounts(KiteTime(clock), "key", "secret", None)
    request_token = accounts.grant_request_token()
    checksum = hashlib.sha256(f"key{request_token}secret".encode()).hexdigest()
    clock.sleep(REQUEST_TOKEN_LIFE_S)
    with pytest.raises(KiteError, match="expired"):
        accounts.redeem("key", request_token, checksum)


def test_the_login_page_knows_its_app(kite: LocalKite) -> None:
    answer = requests.get(kite.login_root, params={"api_key": "other"}, timeout=DEADLINE_S)
    assert (400, "InputException") == (answer.status_code, answer.json()["error_type"])


def test_the_login_page_escapes_what_it_is_given(kite: LocalKite) -> None:
    asked = {"api_key": kite.api_key, "redirect_params": '"><script>'}
    assert "<script>" not in requests.get(kite.login_root, params=asked, timeout=DEADLINE_S).text


def test_a_logout_ends_the_token_at_once(kite: LocalKite) -> None:
    pair = {"api_key": kite.api_key, "access_token": kite.access_token}
    answer = requests.delete(f"{kite.rest_root}/session/token", params=pair, timeout=DEADLINE_S)
    assert {"status": "success", "data": True} == answer.json()
    assert 403 == get(kite, "/user/profile").status_code
    again = requests.delete(f"{kite.rest_root}/session/token", params=pair, timeout=DEADLINE_S)
    assert DEAD == again.json()


def test_the_profile_holds_no_token(kite: LocalKite) -> None:
    answer = get(kite, "/user/profile")
    assert "application/json" == answer.headers["Content-Type"]
    assert "Local Trader" == answer.json()["data"]["user_name"]
    assert kite.access_token not in answer.text
    assert "token" not in answer.text


def test_a_dead_token_is_refused_with_kites_text_and_accepted_again_when_valid(kite: LocalKite) -> None:
    assert kite.access_token == kite.set_token("expired")
    for path in ("/user/profile", "/quote/ltp?i=NSE:INFY"):
        answer = get(kite, path)
        assert (403, DEAD) == (answer.status_code, answer.json())
    assert kite.access_token == kite.set_token("valid")
    assert 200 == get(kite, "/user/profile").status_code


def test_no_token_and_a_malformed_one_are_told_apart(kite: LocalKite) -> None:
    url = f"{kite.rest_root}/user/profile"
    assert DEAD == requests.get(url, timeout=DEADLINE_S).json()
    headers = {"Authorization": f"{kite.api_key}:{kite.access_token}"}
    malformed = requests.get(url, headers=headers, timeout=DEADLINE_S)
    assert (400, "InputException", "Invalid `api_key` or `access_token`.") == (
        malformed.status_code,
        malformed.json()["error_type"],
        malformed.json()["message"],
    )


def test_quotes_are_keyed_as_asked_and_unknown_ones_are_absent(fast_kite: LocalKite) -> None:
    answer = get(fast_kite, "/quote/ltp", i=["NSE:INFY", "NSE:NIFTY 50", "256265", "NSE:NOWHERE", "4294967295", "²"])
    assert {"NSE:INFY", "NSE:NIFTY 50", "256265"} == answer.json()["data"].keys()
    assert {"instrument_token", "last_price"} == answer.json()["data"]["NSE:INFY"].keys()


def test_unknown_instruments_alone_give_an_empty_success(kite: LocalKite) -> None:
    answer = get(kite, "/quote", i="NSE:NOWHERE")
    assert (200, {"status": "success", "data": {}}) == (answer.status_code, answer.json())


def test_a_full_quote_has_kites_fields_and_the_shown_time(fast_kite: LocalKite) -> None:
    quote = get(fast_kite, "/quote", i="NSE:INFY").json()["data"]["NSE:INFY"]
    assert quote["timestamp"].startswith("2026-03-02 11:0")
    assert {"buy": 5, "sell": 5} == {side: len(levels) for side, levels in quote["depth"].items()}
    expected = (
        "instrument_token timestamp last_trade_time last_price last_quantity average_price volume buy_quantity "
        "sell_quantity ohlc net_change oi oi_day_high oi_day_low lower_circuit_limit upper_circuit_limit depth"
    )
    assert set(expected.split()) == quote.keys()
    assert {"open", "high", "low", "close"} == quote["ohlc"].keys()
    assert quote["net_change"] == pytest.approx(quote["last_price"] - quote["ohlc"]["close"])


@pytest.mark.parametrize(("path", "most"), [("/quote", 500), ("/quote/ohlc", 1000), ("/quote/ltp", 1000)])
def test_a_quote_request_takes_so_many_instruments_and_no_more(path: str, most: int) -> None:
    asked = [f"NSE:DEMO{n:05d}" for n in range(1, most + 1)]
    for extra, expected in (([], 200), (["NSE:INFY"], 400)):
        with LocalKite(SystemClock(), instruments=1000) as kite:
            answer = get(kite, path, i=asked + extra)
            assert expected == answer.status_code
            assert answer.json().get("error_type") == (None if expected == 200 else "InputException")


def test_the_quote_rate_is_one_a_second_for_all_three_and_forgives_a_hair() -> None:
    clock = VirtualClock(MONDAY_MORNING)
    limits = Limits(KiteTime(clock))
    assert limits.allow("key", "/quote")
    assert not limits.allow("key", "/quote/ltp")
    assert limits.allow("another", "/quote/ltp")
    clock.sleep(0.9)
    assert limits.allow("key", "/quote/ohlc")
    clock.sleep(1.0)
    assert limits.allow("key", "/quote")


def test_in_a_minute_of_hammering_no_more_than_sixty_quotes_and_one_get_through() -> None:
    clock = VirtualClock(MONDAY_MORNING)
    limits = Limits(KiteTime(clock))
    served = 0
    for _ in range(6000):
        served += limits.allow("key", "/quote")
        clock.sleep(0.01)
    assert 60 <= served <= 61


def test_ten_other_requests_a_second_are_fine_and_an_eleventh_is_not() -> None:
    clock = VirtualClock(MONDAY_MORNING)
    limits = Limits(KiteTime(clock))
    assert [True] * 10 + [False] == [limits.allow("key", "/user/profile") for _ in range(11)]
    clock.sleep(1.0)
    assert limits.allow("key", "/user/profile")


def test_too_many_requests_have_a_body_without_data(kite: LocalKite) -> None:
    get(kite, "/quote/ltp", i="NSE:INFY")
    answer = get(kite, "/quote", i="NSE:INFY")
    expected = {"status": "error", "message": "Too many requests", "error_type": "NetworkException"}
    assert (429, expected) == (answer.status_code, answer.json())


def test_instruments_come_gzipped_to_anybody(kite: LocalKite) -> None:
    kite.set_token("expired")
    answer = requests.get(f"{kite.rest_root}/instruments/NSE", stream=True, timeout=DEADLINE_S)
    assert ("text/csv", "gzip") == (answer.headers["Content-Type"], answer.headers["Content-Encoding"])
    lines = gzip.decompress(answer.raw.read(decode_content=False)).decode().splitlines()
    assert {"NSE"} == {line.rpartition(",")[2] for line in lines[1:]}
    everything = requests.get(f"{kite.rest_root}/instruments", timeout=DEADLINE_S).text.splitlines()
    assert len(lines) < len(everything)
    assert lines[0] == everything[0]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [("GET", "/portfolio/gold", 404, "Route not found"), ("POST", "/user/profile", 405, "Method not allowed")],
)
def test_unknown_routes_and_methods_are_json_errors(
    kite: LocalKite, method: str, path: str, status: int, message: str
) -> None:
    answer = requests.request(method, kite.rest_root + path, timeout=DEADLINE_S)
    expected = {"status": "error", "message": message, "data": None, "error_type": "GeneralException"}
    assert (status, expected) == (answer.status_code, answer.json())


def test_rest_and_the_feed_read_the_same_board_even_while_the_feed_is_mute(fast_kite: LocalKite) -> None:
    fast_kite.set_faults({"feed": "mute"})
    first = get(fast_kite, "/quote", i="NSE:INFY").json()["data"]["NSE:INFY"]
    SystemClock().sleep(0.3)
    later = get(fast_kite, "/quote", i="NSE:INFY").json()["data"]["NSE:INFY"]
    assert later["volume"] > first["volume"]
    assert later["timestamp"] > first["timestamp"]


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=nope"])
def test_an_exchange_without_a_readable_form_is_an_input_error(kite: LocalKite, kind: str) -> None:
    url = f"{kite.rest_root}/session/token"
    answer = requests.post(url, data=b"abcde", headers={"Content-Type": kind}, timeout=DEADLINE_S)
    assert (400, "InputException") == (answer.status_code, answer.json()["error_type"])


def test_a_bug_is_told_to_who_asked_and_prints_nothing(
    kite: LocalKite, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(_: object) -> bytes:
        raise KeyError("a value")

    monkeypatch.setattr("kitefeed_cli.emulator.rest.as_csv", broken)
    answer = requests.get(f"{kite.rest_root}/instruments", timeout=DEADLINE_S)
    assert 500 == answer.status_code
    assert "a bug of the local Kite: KeyError at test_rest.py" in answer.json()["message"]
    assert ("", "") == capfd.readouterr()
