"""The server's life: start, stop, ports, threads, and nothing secret in what it says of itself."""

from __future__ import annotations

import contextlib
import gc
import os
import socket
import threading
import warnings
from pathlib import Path

import pytest
import requests

from kitefeed_cli.clock import ScaledClock, SystemClock
from kitefeed_cli.emulator import CannotListenError, LocalKite

from .client import INFY, Socket, eventually, get
from .conftest import MONDAY_MORNING


def open_descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list its descriptors in /proc")
def test_many_starts_and_stops_under_load_leak_no_thread_and_no_descriptor() -> None:
    def live_once() -> None:
        with LocalKite(ScaledClock(10, MONDAY_MORNING)) as kite:
            sockets = [Socket(kite) for _ in range(3)]
            sockets[0].say("subscribe", [INFY])
            get(kite, "/user/profile")
            kite.set_faults({"feed": "blackholed", "rest": "blackholed"})
            with socket.create_connection(("127.0.0.1", kite.port)) as held:
                held.sendall(b"GET /user/profile HTTP/1.1\r\nHost: x\r\n\r\n")
                kite.stop()
            for one in sockets:
                one.leave()

    live_once()
    before = (threading.active_count(), open_descriptors())
    for _ in range(10):
        live_once()
    assert before == (threading.active_count(), open_descriptors())


def test_connections_that_come_just_as_it_stops_are_closed() -> None:
    came: list[socket.socket] = []

    def knock(port: int) -> None:
        with contextlib.suppress(OSError):  # it has stopped
            for _ in range(60):  # fewer than may wait to be taken: the system would let one more wait for a second
                came.append(socket.create_connection(("127.0.0.1", port), 5.0))

    def stop_while_they_knock() -> None:
        with LocalKite(SystemClock()) as kite:
            knocking = [threading.Thread(target=knock, args=(kite.port,)) for _ in range(2)]
            for thread in knocking:
                thread.start()
            eventually(lambda: len(came) > 20, "they knock")
        for thread in knocking:
            thread.join()
        while came:
            came.pop().close()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(30):
            stop_while_they_knock()
        gc.collect()
    assert [] == [str(one.message) for one in caught if one.category is ResourceWarning]


def test_a_stop_is_quick_and_may_be_repeated() -> None:
    kite = LocalKite(SystemClock())
    kite.start()
    clock = SystemClock()
    with Socket(kite) as open_socket:
        open_socket.next_text()
        kite.set_faults({"rest": "slow"})
        with socket.create_connection(("127.0.0.1", kite.port)) as waiting:
            waiting.sendall(b"GET /user/profile HTTP/1.1\r\nHost: x\r\n\r\n")
            began_s = clock.now_s()
            kite.stop()
            kite.stop()
            assert clock.now_s() - began_s < 5.0  # the slow answer would take longer


def test_the_same_kite_starts_again_on_its_port_with_its_token_and_log() -> None:
    kite = LocalKite(SystemClock())
    with kite:
        port, access_token = kite.port, kite.access_token
        get(kite, "/user/profile")
    with pytest.raises(requests.ConnectionError):
        get(kite, "/user/profile")
    with kite:
        assert (port, access_token) == (kite.port, kite.access_token)
        assert 200 == get(kite, "/user/profile").status_code
        assert [200, 200] == [row["status"] for row in kite.requests()]


def test_a_port_in_use_is_told_in_one_sentence(kite: LocalKite) -> None:
    with pytest.raises(CannotListenError, match=f"cannot listen on port {kite.port}"):
        LocalKite(SystemClock(), port=kite.port).start()


def test_only_loopback_is_ever_bound() -> None:
    with pytest.raises(ValueError, match="loopback"):
        LocalKite(SystemClock(), host="0.0.0.0")


def test_the_switches_work_before_the_start_and_after_the_stop() -> None:
    kite = LocalKite(SystemClock(), access_token="a" * 32)
    assert "a" * 32 == kite.set_token("expired")
    kite.set_faults({"feed": "dropped"})
    with kite:
        assert 403 == get(kite, "/user/profile").status_code
    assert "a" * 32 != kite.login()
    assert [403] == [row["status"] for row in kite.requests()]


def test_the_ready_words_are_the_ones_others_wait_for(kite: LocalKite) -> None:
    root = f"127.0.0.1:{kite.port}"
    expected = {
        "kind": "ready",
        "rest": f"http://{root}",
        "ws": f"ws://{root}",
        "login": f"http://{root}/connect/login",
        "api_key": kite.api_key,
        "api_secret": kite.api_secret,
        "access_token": kite.access_token,
        "upstox_token": kite.upstox_token,
    }
    assert expected == kite.ready()
    assert 32 == len(kite.access_token)
    assert kite.access_token.isalnum()


def test_its_repr_holds_no_secret(kite: LocalKite) -> None:
    assert kite.access_token not in repr(kite)
    assert kite.api_secret not in repr(kite)


def test_two_at_once_do_not_know_each_other() -> None:
    with LocalKite(SystemClock()) as one, LocalKite(SystemClock()) as two:
        one.set_token("expired")
        assert 200 == get(two, "/user/profile").status_code
        assert [] == one.requests()
