"""Every fault word, over real sockets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import websocket

from kitefeed_cli.clock import ScaledClock, SystemClock
from kitefeed_cli.emulator import LocalKite, UnknownFaultError
from kitefeed_cli.emulator.faults import FAMILIES
from kitefeed_cli.emulator.faults.feed import HANDSHAKE_DELAY_S
from kitefeed_cli.emulator.faults.rest import REST_DELAY_S

from .client import DEADLINE_S, HEARTBEAT, INFY, Socket, eventually, get
from .conftest import MONDAY_MORNING

GONE = (ConnectionError, websocket.WebSocketConnectionClosedException)


def profile_status(kite: LocalKite) -> int:
    return get(kite, "/user/profile").status_code


def handshake_status(kite: LocalKite) -> int:
    try:
        with Socket(kite):
            return 101
    except websocket.WebSocketBadStatusException as refusal:
        return refusal.status_code


def read_to_the_end(socket: Socket) -> int | None:
    """Read until the connection ends; the close code, None when there was no close frame."""
    while True:
        try:
            opcode, frame = socket.ws.recv_data(control_frame=True)
        except GONE:
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(frame[:2], "big")


def subscribed(kite: LocalKite) -> Socket:
    socket = Socket(kite)
    socket.say("subscribe", [INFY])
    socket.next_packets()
    return socket


def kinds(frames: list[bytes | str]) -> set[str]:
    return {"text" if isinstance(f, str) else "heartbeat" if f == HEARTBEAT else "ticks" for f in frames}


def shows(socket: Socket, wanted: set[str]) -> bool:
    """Whether frames of all these kinds come before the deadline."""
    clock, seen = SystemClock(), set[str]()
    ends_s = clock.now_s() + DEADLINE_S
    while not wanted <= seen and (left_s := ends_s - clock.now_s()) > 0:
        socket.ws.settimeout(left_s)
        try:
            seen |= kinds([socket.receive()])
        except websocket.WebSocketTimeoutException:
            break
    return wanted <= seen


# ------------------------------------------------------------------- the feed


@pytest.mark.parametrize(
    ("close", "code"), [("reset", None), ("1006", None), (1000, 1000), (1001, 1001), ("1012", 1012)]
)
def test_a_drop_cuts_open_sockets_and_welcomes_new_ones(fast_kite: LocalKite, close: object, code: int | None) -> None:
    with subscribed(fast_kite) as one, subscribed(fast_kite) as two:
        fast_kite.set_faults({"feed": "dropped", "close": close})
        assert [code, code] == [read_to_the_end(one), read_to_the_end(two)]
    assert "up" == fast_kite.faults()["feed"]
    with subscribed(fast_kite) as again:
        assert again.next_packets()


def test_a_reset_is_a_reset_and_an_end_without_a_close_frame_is_not(kite: LocalKite) -> None:
    endings = {}
    for close in ("reset", "1006"):
        with subscribed(kite) as socket:
            kite.set_faults({"feed": "dropped", "close": close})
            with pytest.raises(GONE) as caught:
                socket.drain()
            endings[close] = caught.type
    assert {"reset": ConnectionResetError, "1006": websocket.WebSocketConnectionClosedException} == endings


def test_refused_handshakes_get_403_while_open_sockets_stay(fast_kite: LocalKite) -> None:
    with subscribed(fast_kite) as socket:
        fast_kite.set_faults({"feed": "refused"})
        assert 403 == handshake_status(fast_kite)
        assert shows(socket, {"ticks", "heartbeat"})


@pytest.mark.parametrize(("word", "status"), [("busy", 429), ("failing", 503)])
def test_handshakes_can_be_answered_with_another_status(kite: LocalKite, word: str, status: int) -> None:
    kite.set_faults({"feed": word})
    assert status == handshake_status(kite)


def test_a_silent_feed_sends_nothing_to_old_or_new_sockets_until_it_is_up_again(fast_kite: LocalKite) -> None:
    with subscribed(fast_kite) as old:
        fast_kite.set_faults({"feed": "silent"})
        old.collect(0.1)
        with Socket(fast_kite) as new:
            new.say("subscribe", [INFY])
            assert [] == new.collect(0.4)
            assert [] == old.collect(0.2)
            fast_kite.set_faults({"feed": "up"})
            assert shows(old, {"ticks", "heartbeat"})
            assert shows(new, {"ticks", "heartbeat"})


def test_a_mute_feed_sends_heartbeats_only_until_the_faults_are_cleared(fast_kite: LocalKite) -> None:
    with subscribed(fast_kite) as old:
        fast_kite.set_faults({"feed": "mute"})
        old.collect(0.1)
        with Socket(fast_kite) as new:
            new.say("subscribe", [INFY])
            assert {"text", "heartbeat"} == kinds(new.collect(0.4))
            assert {"heartbeat"} == kinds(old.collect(0.2))
            fast_kite.clear_faults()
            assert shows(old, {"ticks"})
            assert shows(new, {"ticks"})


def test_an_unreachable_feed_resets_everything_and_the_log_still_has_the_tries(kite: LocalKite) -> None:
    with subscribed(kite) as socket:
        kite.set_faults({"feed": "unreachable"})
        assert read_to_the_end(socket) is None
    for _ in range(2):
        with pytest.raises(ConnectionError):
            Socket(kite)
    assert [101, 0, 0] == [row["status"] for row in kite.requests() if row["kind"] == "ws"]
    assert 200 == profile_status(kite)
    kite.clear_faults()
    assert 101 == handshake_status(kite)


def test_a_blackholed_feed_never_answers_and_never_says_goodbye(fast_kite: LocalKite) -> None:
    with subscribed(fast_kite) as old:
        fast_kite.set_faults({"feed": "blackholed"})
        old.collect(0.1)
        with pytest.raises(websocket.WebSocketTimeoutException):
            Socket(fast_kite, timeout_s=0.4)
        assert [] == old.collect(0.2)
        fast_kite.clear_faults()
        assert shows(old, {"ticks"})
    assert 101 == handshake_status(fast_kite)


def test_a_silent_server_does_not_answer_a_close_frame(fast_kite: LocalKite) -> None:
    fast_kite.set_faults({"feed": "silent"})
    with Socket(fast_kite) as socket:
        socket.ws.send_close()
        assert [] == socket.collect(0.3)


def test_pings_are_answered_unless_the_feed_is_silent(fast_kite: LocalKite) -> None:
    def answered(socket: Socket, within_s: float) -> bool:
        socket.ws.ping("are you there")
        clock = SystemClock()
        ends_s = clock.now_s() + within_s
        while (left_s := ends_s - clock.now_s()) > 0:
            socket.ws.settimeout(left_s)
            try:
                if socket.ws.recv_data_frame(control_frame=True)[0] == websocket.ABNF.OPCODE_PONG:
                    return True
            except websocket.WebSocketTimeoutException:
                break
        return False

    with subscribed(fast_kite) as socket:
        assert answered(socket, DEADLINE_S)
        fast_kite.set_faults({"feed": "silent"})
        assert not answered(socket, 0.3)


def test_a_slow_handshake_is_answered_late(fast_kite: LocalKite) -> None:
    fast_kite.set_faults({"feed": "slow"})
    clock = SystemClock()
    began_s = clock.now_s()
    assert 101 == handshake_status(fast_kite)
    assert clock.now_s() - began_s >= HANDSHAKE_DELAY_S / 10


# ----------------------------------------------------------------------- REST


@pytest.mark.parametrize(
    ("word", "status", "error_type"), [("failing", 503, "NetworkException"), ("throttled", 429, "NetworkException")]
)
def test_rest_can_fail_the_way_kite_does(kite: LocalKite, word: str, status: int, error_type: str) -> None:
    kite.set_faults({"rest": word})
    for path in ("/user/profile", "/quote/ltp", "/instruments"):
        answer = get(kite, path)
        assert (status, error_type) == (answer.status_code, answer.json()["error_type"])
    assert 101 == handshake_status(kite)


@pytest.mark.parametrize(
    ("word", "status", "content_type", "start"),
    [
        ("html", 200, "text/html", "<html>"),
        ("bad-gateway", 502, "text/html", "<html>"),
        ("empty", 200, "application/json", ""),
        ("untyped", 403, "application/json", '{"status": "error"'),
        ("headless", 403, None, ""),
    ],
)
def test_rest_can_answer_in_odd_shapes(
    kite: LocalKite, word: str, status: int, content_type: str | None, start: str
) -> None:
    kite.set_faults({"rest": word})
    answer = get(kite, "/user/profile")
    assert (status, content_type) == (answer.status_code, answer.headers.get("Content-Type"))
    assert answer.text.startswith(start)
    assert "error_type" not in answer.text


def test_unreachable_rest_resets_and_the_log_still_has_the_tries(kite: LocalKite) -> None:
    kite.set_faults({"rest": "unreachable"})
    with pytest.raises(requests.ConnectionError):
        profile_status(kite)
    assert [{"rest": "/user/profile", "status": 0}] == [
        {row["kind"]: row["path"], "status": row["status"]} for row in kite.requests()
    ]
    assert 101 == handshake_status(kite)


def test_blackholed_rest_never_answers(kite: LocalKite) -> None:
    kite.set_faults({"rest": "blackholed"})
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{kite.rest_root}/user/profile", timeout=0.3)
    kite.clear_faults()
    assert 200 == profile_status(kite)
    assert [0, 200] == [row["status"] for row in kite.requests()]


def test_who_was_held_is_cut_and_not_answered_when_the_hole_closes(fast_kite: LocalKite) -> None:
    fast_kite.set_faults({"rest": "blackholed"})
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(profile_status, fast_kite)
        eventually(lambda: fast_kite.requests(), "the request is in the log")
        fast_kite.clear_faults()
        assert isinstance(held.exception(DEADLINE_S), requests.ConnectionError)
    assert [0] == [row["status"] for row in fast_kite.requests()]


def test_who_leaves_before_a_slow_answer_was_not_answered(fast_kite: LocalKite) -> None:
    fast_kite.set_faults({"rest": "slow"})
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{fast_kite.rest_root}/user/profile", timeout=0.2)
    assert 200 == profile_status(fast_kite), "this one came later, and so by now the first answer would have gone"
    assert [0, 200] == [row["status"] for row in fast_kite.requests()]


def test_slow_rest_outlasts_the_official_clients_patience(fast_kite: LocalKite) -> None:
    assert REST_DELAY_S > 7
    fast_kite.set_faults({"rest": "slow"})
    clock = SystemClock()
    began_s = clock.now_s()
    assert 200 == profile_status(fast_kite)
    assert clock.now_s() - began_s >= REST_DELAY_S / 10


def test_the_login_page_works_whatever_ails_rest(kite: LocalKite) -> None:
    kite.set_faults({"rest": "failing"})
    assert 200 == requests.get(kite.login_root, params={"api_key": kite.api_key}, timeout=5).status_code


# ------------------------------------------------------------------ the account


def test_the_personal_plan_has_a_profile_but_neither_quotes_nor_a_feed(kite: LocalKite) -> None:
    kite.set_faults({"plan": "personal"})
    assert 200 == profile_status(kite)
    answer = get(kite, "/quote/ltp", i="NSE:INFY")
    assert (403, "PermissionException", "Insufficient permission for that call.") == (
        answer.status_code,
        answer.json()["error_type"],
        answer.json()["message"],
    )
    assert 403 == handshake_status(kite)


def test_a_plan_bought_today_counts_from_the_next_login(kite: LocalKite) -> None:
    kite.set_faults({"plan": "bought-today"})
    before = (profile_status(kite), get(kite, "/quote/ltp", i="NSE:INFY").status_code, handshake_status(kite))
    kite.login()

    assert (200, 403, 403) == before
    assert "connect" == kite.faults()["plan"]
    assert 200 == profile_status(kite)
    assert 101 == handshake_status(kite)


def test_a_user_who_is_not_enabled_is_told_so_by_rest_and_by_the_login_page(kite: LocalKite) -> None:
    kite.set_faults({"plan": "user-not-enabled"})
    page = requests.get(kite.login_root, params={"api_key": kite.api_key}, timeout=5)
    answer = get(kite, "/user/profile")

    assert (400, "InputException") == (page.status_code, page.json()["error_type"])
    assert (403, "PermissionException") == (answer.status_code, answer.json()["error_type"])
    assert {"The user is not enabled for the app."} == {page.json()["message"], answer.json()["message"]}
    assert 403 == handshake_status(kite)


@pytest.mark.parametrize("kind", ["request-token", "public-token", "token-of-another-app", "api-secret", "api-key"])
def test_what_is_no_access_token_gets_the_answer_of_a_dead_one(kite: LocalKite, kind: str) -> None:
    header = {"Authorization": f"token {kite.api_key}:{kite.wrong_tokens()[kind]}"}
    answer = requests.get(kite.rest_root + "/user/profile", headers=header, timeout=5)

    assert (403, "TokenException", "Incorrect `api_key` or `access_token`.") == (
        answer.status_code,
        answer.json()["error_type"],
        answer.json()["message"],
    )


def test_the_token_of_another_app_opens_that_app(kite: LocalKite) -> None:
    header = {"Authorization": f"token anotherappskey01:{kite.wrong_tokens()['token-of-another-app']}"}

    assert 200 == requests.get(kite.rest_root + "/user/profile", headers=header, timeout=5).status_code


def test_a_proxys_own_403_bears_its_name(kite: LocalKite) -> None:
    kite.set_faults({"rest": "proxied", "feed": "proxied"})
    answer = get(kite, "/user/profile")

    assert (403, "1.1 office.example (squid/5.7)") == (answer.status_code, answer.headers["Via"])
    assert "html" in answer.headers["Content-Type"]
    assert 403 == handshake_status(kite)


def test_every_answer_bears_the_date_that_the_local_kite_shows(kite: LocalKite) -> None:
    kite.set_clock(wall="2026-03-02T09:15:00+05:30")

    assert get(kite, "/user/profile").headers["Date"].startswith("Mon, 02 Mar 2026 03:45:")
    assert requests.get(kite.rest_root + "/nothing", timeout=5).headers["Date"].startswith("Mon, 02 Mar 2026 03:45:")


def test_a_login_can_hand_out_the_same_token_again(kite: LocalKite) -> None:
    kite.set_faults({"login": "same-token"})
    dead = kite.set_token("expired")
    assert dead == kite.login()
    assert 200 == profile_status(kite)
    kite.clear_faults()
    assert dead != kite.login()


# ------------------------------------------------------------------- the switches


def test_faults_persist_and_merge_until_cleared(kite: LocalKite) -> None:
    kite.set_faults({"feed": "mute"})
    kite.set_faults({"rest": "failing", "plan": "personal"})
    assert ("mute", "failing", "personal") == tuple(kite.faults()[name] for name in ("feed", "rest", "plan"))
    kite.clear_faults()
    assert {family: next(iter(words)) for family, words in FAMILIES.items()} == kite.faults()


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        ({"feed": "silnt"}, "silent"),
        ({"fed": "up"}, "feed"),
        ({"rest": "up", "plan": "conect"}, "connect"),
        ({"token": "expird"}, "expired"),
    ],
)
def test_a_misspelt_word_changes_nothing_and_names_the_nearest(
    kite: LocalKite, words: dict[str, object], nearest: str
) -> None:
    before = kite.faults()
    with pytest.raises(UnknownFaultError) as caught:
        kite.set_faults({"close": "1001", **words})
    assert before == kite.faults()
    assert nearest == caught.value.nearest
    assert repr(nearest) in str(caught.value)


def test_a_token_state_may_stand_among_the_faults(kite: LocalKite) -> None:
    kite.set_faults({"token": "expired", "feed": "dropped"})
    assert 403 == profile_status(kite)
    kite.set_faults({"token": "valid"})
    assert 200 == profile_status(kite)


def test_a_fault_set_in_the_same_breath_as_a_dead_token_cuts_before_anyone_can_come_back(kite: LocalKite) -> None:
    with subscribed(kite) as socket:
        kite.set_faults({"feed": "dropped", "token": "expired"})
        assert read_to_the_end(socket) is None
    assert 403 == handshake_status(kite)


def test_ten_drops_in_a_row_leave_three_free_slots(kite: LocalKite) -> None:
    for _ in range(10):
        sockets = [subscribed(kite) for _ in range(3)]
        kite.set_faults({"feed": "dropped", "close": "1006"})
        for one in sockets:
            assert read_to_the_end(one) is None
            one.leave()


def test_faults_follow_the_given_clock() -> None:
    with LocalKite(ScaledClock(50, MONDAY_MORNING)) as kite:
        kite.set_faults({"rest": "slow"})
        clock = SystemClock()
        began_s = clock.now_s()
        assert 200 == profile_status(kite)
        assert REST_DELAY_S / 50 <= clock.now_s() - began_s < REST_DELAY_S


def test_every_word_says_what_it_does() -> None:
    for family, words in FAMILIES.items():
        for word, fault in words.items():
            assert word == fault.word, family
            assert len(fault.summary) > 10
