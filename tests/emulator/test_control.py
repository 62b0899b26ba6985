"""The control endpoints, exactly as others rely on them."""

from __future__ import annotations

from typing import Any

import requests
import websocket

from kitefeed_cli.emulator import LocalKite

from .client import DEADLINE_S, INFY, Socket, get
from .conftest import MONDAY_MORNING


def control(kite: LocalKite, method: str, name: str, body: object = None) -> Any:
    answer = requests.request(method, f"{kite.rest_root}/_emulator/{name}", json=body, timeout=DEADLINE_S)
    assert 200 == answer.status_code
    return answer.json()


def test_a_token_is_killed_revived_and_replaced_over_http(kite: LocalKite) -> None:
    first = kite.access_token
    assert first == control(kite, "POST", "token", {"state": "expired"})["access_token"]
    assert 403 == get(kite, "/user/profile").status_code
    assert first == control(kite, "POST", "token", {"state": "valid"})["access_token"]
    assert 200 == get(kite, "/user/profile").status_code
    second = control(kite, "POST", "login")["access_token"]
    assert first != second == kite.access_token
    assert 200 == get(kite, "/user/profile").status_code


def test_faults_are_set_and_cleared_over_http(kite: LocalKite) -> None:
    assert "silent" == control(kite, "POST", "faults", {"feed": "silent"})["faults"]["feed"]
    control(kite, "POST", "faults", {"rest": "failing"})
    assert "silent" == kite.faults()["feed"]
    assert 503 == get(kite, "/user/profile").status_code
    control(kite, "DELETE", "faults")
    assert 200 == get(kite, "/user/profile").status_code


def test_what_control_does_not_understand_is_a_400_that_names_the_nearest_word(kite: LocalKite) -> None:
    def refused(name: str, body: object) -> dict[str, str]:
        answer = requests.post(f"{kite.rest_root}/_emulator/{name}", json=body, timeout=DEADLINE_S)
        assert 400 == answer.status_code
        problem: dict[str, str] = answer.json()
        return problem

    assert "dropped" == refused("faults", {"feed": "droped"})["nearest"]
    assert "expired" == refused("token", {"state": "expire"})["nearest"]
    assert "object" in refused("faults", ["feed"])["error"]
    assert "skip_s" in refused("clock", {"jump": 3})["error"]
    garbage = requests.post(f"{kite.rest_root}/_emulator/faults", data=b"{", timeout=DEADLINE_S)
    assert 400 == garbage.status_code
    assert 404 == requests.get(f"{kite.rest_root}/_emulator/nothing", timeout=DEADLINE_S).status_code


def test_the_log_has_one_row_for_each_request_and_handshake_without_secrets(kite: LocalKite) -> None:
    get(kite, "/user/profile")
    get(kite, "/quote/ltp", i="NSE:INFY")
    with Socket(kite):
        control(kite, "GET", "requests")  # control is not logged
        kite.set_token("expired")
        try:
            Socket(kite)
        except websocket.WebSocketBadStatusException:
            get(kite, "/user/profile")
        rows = control(kite, "GET", "requests")
    expected = [
        ("rest", "GET", "/user/profile", 200),
        ("rest", "GET", "/quote/ltp", 200),
        ("ws", "GET", "/", 101),
        ("ws", "GET", "/", 403),
        ("rest", "GET", "/user/profile", 403),
    ]
    assert expected == [(row["kind"], row["method"], row["path"], row["status"]) for row in rows]
    assert all({"t", "kind", "method", "path", "status"} == row.keys() for row in rows)
    times = [row["t"] for row in rows]
    assert sorted(times) == times
    assert 0 <= times[0] <= times[-1] < 30
    assert kite.access_token not in str(rows)


def test_what_was_sent_can_be_read_over_http(kite: LocalKite) -> None:
    with Socket(kite) as socket:
        socket.say("subscribe", [INFY])
        frame = socket.next_packets()
    [first] = [row for row in control(kite, "GET", "sent") if row["ticks"]][:1]
    assert frame.hex() == first["frame"]
    assert (1, INFY, "quote") == (
        first["connection"],
        first["ticks"][0]["instrument_token"],
        first["ticks"][0]["mode"],
    )


def test_the_date_shown_can_be_moved_without_moving_any_wait(fast_kite: LocalKite) -> None:
    before = control(fast_kite, "POST", "clock", {"skip_s": 3600})
    assert before["wall"].startswith("2026-03-02T12:00")
    later = control(fast_kite, "POST", "clock", {"wall": "2026-03-03T09:15:00+05:30"})
    assert later["wall"].startswith("2026-03-03T09:15:0")
    assert later["t"] - before["t"] < 60
    stamp = get(fast_kite, "/quote", i="NSE:INFY").json()["data"]["NSE:INFY"]["timestamp"]
    assert stamp[:10] in (f"{MONDAY_MORNING:%Y-%m-%d}", "2026-03-03")
