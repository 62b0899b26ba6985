from __future__ import annotations

import http.client
import json
import math
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlencode

import pytest

from kitefeed_cli.gateway import login, stream
from kitefeed_cli.gateway.server import Serving
from kitefeed_cli.gateway.upstream import Condition, Trouble
from kitefeed_cli.problems import Problem

from .desk import FULL, INFY, PATIENCE_S, Desk, eventually, priced

NONCE = re.compile(r'name="nonce" value="([^"]+)"')


def page(desk: Desk, **headers: str) -> tuple[Mapping[str, str], str]:
    status, found, body = desk.get("/ui", **headers)
    assert 200 == status
    return found, body.decode()


@contextmanager
def events(desk: Desk) -> Iterator[Iterator[dict[str, Any]]]:
    """What a page is sent."""
    line = http.client.HTTPConnection("127.0.0.1", desk.gateway.port, timeout=PATIENCE_S)
    line.request("GET", "/ui/events")
    answer = line.getresponse()
    assert (200, "text/event-stream") == (answer.status, answer.headers["Content-Type"])

    def read() -> Iterator[dict[str, Any]]:
        while True:
            text = answer.readline().strip()
            if text:
                message: dict[str, Any] = json.loads(text.removeprefix(b"data: "))
                yield message

    try:
        yield read()
    finally:
        answer.close()
        line.close()


def press(desk: Desk, nonce: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    """The LOGIN button."""
    line = http.client.HTTPConnection("127.0.0.1", desk.gateway.port, timeout=PATIENCE_S)
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        line.request("POST", "/ui/login", urlencode({"nonce": nonce}), form)
        answer = line.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        line.close()


def nonce_of(desk: Desk) -> str:
    found = NONCE.search(page(desk)[1])
    assert found is not None
    return found[1]


def origin(desk: Desk) -> str:
    return f"http://127.0.0.1:{desk.gateway.port}"


def test_the_page_is_one_document_that_loads_nothing_from_elsewhere(desk: Desk) -> None:
    _, text = page(desk)

    assert "{{" not in text
    assert [] == re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(?!data:,)", text)
    assert [] == [
        url
        for url in re.findall(r"https?://[^\s\"')]+", text)
        if "github.com/leeoniya/uPlot" not in url and "www.w3.org" not in url
    ]
    assert "uPlot" in text


def test_the_policy_runs_the_scripts_of_this_answer_alone(desk: Desk) -> None:
    headers, text = page(desk)
    policy = headers["content-security-policy"]
    (nonce,) = set(re.findall(r"script-src 'nonce-([^']+)'", policy))

    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert text.count("<script") == text.count(f'<script nonce="{nonce}"') == 2
    assert text.count("<style") == text.count(f'<style nonce="{nonce}"') == 2
    assert [] == re.findall(r"\son[a-z]+=|\sstyle=", text.partition("<body>")[2].partition("<script")[0])
    assert nonce not in page(desk)[1], "another answer has another nonce"
    assert ("no-store", "nosniff") == (headers["cache-control"], headers["x-content-type-options"])


def test_a_browser_at_the_root_is_shown_the_page(desk: Desk) -> None:
    status, headers, _ = desk.get("/")
    assert (302, "/ui") == (status, headers["location"])


def test_the_stream_tells_all_first_and_then_what_is_new(desk: Desk) -> None:
    desk.bring(FULL)
    with events(desk) as told:
        first = next(told)
        desk.bring(priced(FULL, 160000))
        news = next(message for message in told if "ticks" in message and message["ticks"][0][1] == 1600.0)

    assert ["NSE:INFY", "NSE:NIFTY 50", "NSE:SBIN"] == [one["name"] for one in first["all"]["instruments"]]
    token, price, change, source, at_ms = first["ticks"][0]
    assert (INFY, 1573.15, 0.34, "feed") == (token, price, change, source)
    assert "live" == first["second"]["state"]["state"]
    assert 0 <= news["now"] - at_ms < 5000


def test_the_stream_tells_of_a_change_of_state_with_its_problem_and_calls_old_prices_old(desk: Desk) -> None:
    desk.bring(FULL)
    with events(desk) as told:
        next(told)
        trouble = Trouble("Kite no longer accepts it", "403 TokenException", "log in", "token-expired")
        desk.upstream.become(state="signed-out", source=None, frame_age_s=math.inf, trouble=trouble)
        seconds = (message for message in told if "second" in message)
        news = next(message for message in seconds if message["second"]["state"]["state"] == "signed-out")
        spans = next(message["second"]["spans"] for message in seconds if len(message["second"]["spans"]) == 2)

    assert "last-known" == news["ticks"][0][3]
    problem = {"what": trouble.what, "why": trouble.why, "next_step": "log in", "cause": "token-expired"}
    assert problem == news["second"]["state"]["problem"]
    assert ["live", "signed-out"] == [span[0] for span in spans]


def test_a_message_never_calls_the_feed_live_and_its_prices_old(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.bring(FULL)
    conditions = cycle([Condition("live", source="feed"), Condition("signed-out")])
    monkeypatch.setattr(desk.upstream, "condition", lambda: next(conditions))  # another one at each look
    with events(desk) as told:
        messages = list(islice((message for message in told if "second" in message), 8))

    called = {(message["second"]["state"]["state"], message["ticks"][0][3]) for message in messages}
    assert called <= {("live", "feed"), ("signed-out", "last-known")}


def test_prices_of_a_secondary_source_are_not_called_old_while_kite_is_away(desk: Desk) -> None:
    desk.bring(FULL)
    with events(desk) as told:
        for source, called in (("upstox", "feed"), (None, "last-known"), ("upstox", "feed")):
            desk.upstream.become(state="stale", source=source)
            news = next(
                message for message in told if message.get("second", {}).get("state", {}).get("source") == source
            )
            assert called == news["ticks"][0][3]
            assert (source is not None) == news["second"]["state"]["serves"]


def test_an_open_page_can_tell_that_another_run_answers() -> None:
    """Its LOGIN button would bring the nonce of the one before."""
    said = []
    for _ in range(2):
        with Desk() as desk, events(desk) as told:
            made_by = next(told)["all"]["made_by"]
            assert f'<meta name="made-by" content="{made_by}">' in page(desk)[1]
            said.append(made_by)

    assert said[0] != said[1]


def test_new_instruments_come_to_an_open_page(desk: Desk) -> None:
    with events(desk) as told:
        next(told)
        desk.upstream.followed = {**desk.upstream.followed, 738561: "NSE:RELIANCE"}
        again = next(message["all"] for message in told if "all" in message)

    assert 4 == len(again["instruments"])


def test_only_so_many_pages_are_served_and_a_closed_one_makes_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PAGES_MAX", 1)
    with events(desk) as told:
        next(told)
        assert 429 == desk.get("/ui/events")[0]

    eventually(lambda: _is_let_in(desk))


def test_the_login_button_leads_to_kite_and_back_here(desk: Desk) -> None:
    status, headers, _ = press(desk, nonce_of(desk), Origin=origin(desk))

    assert (303, desk.upstream.link) == (status, headers["location"])
    assert [f"http://127.0.0.1:{desk.gateway.port}/ui"] == desk.upstream.logins
    assert "https://kite.example" in page(desk)[0]["content-security-policy"]


@pytest.mark.parametrize("nonce", ["", "forged", "é"])
def test_a_login_without_the_pages_nonce_is_not_begun(desk: Desk, nonce: str) -> None:
    assert 403 == press(desk, nonce, Origin=origin(desk))[0]
    assert [] == desk.upstream.logins


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}])
def test_a_login_from_another_page_is_not_begun(desk: Desk, headers: dict[str, str]) -> None:
    assert 403 == press(desk, nonce_of(desk), **headers)[0]
    assert [] == desk.upstream.logins


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded; charset=none", "multipart/form-data; boundary=a", "multipart/form-data"],
)
def test_what_is_no_form_begins_no_login(desk: Desk, kind: str) -> None:
    assert 403 == press(desk, "forged", Origin=origin(desk), **{"Content-Type": kind})[0]


def test_a_form_that_never_ends_is_not_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "_FORM_WITHIN_S", 0.2)
    with socket.create_connection(("127.0.0.1", desk.gateway.port), timeout=PATIENCE_S) as line:
        asked = f"POST /ui/login HTTP/1.1\r\nHost: 127.0.0.1:{desk.gateway.port}\r\nOrigin: {origin(desk)}\r\n"
        kind = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\nnonce="
        line.sendall((asked + kind).encode())

        assert line.recv(100).startswith(b"HTTP/1.1 403")


def test_a_page_that_does_not_read_loses_its_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_READ_WITHIN_S", 0.3)
    monkeypatch.setattr(stream, "PAGES_MAX", 1)
    desk.upstream.followed = dict.fromkeys(range(1, 500), "NSE:" + "X" * 20_000)
    with socket.create_connection(("127.0.0.1", desk.gateway.port), timeout=PATIENCE_S) as line:
        line.sendall(f"GET /ui/events HTTP/1.1\r\nHost: 127.0.0.1:{desk.gateway.port}\r\n\r\n".encode())
        assert line.recv(1)
        assert 429 == desk.get("/ui/events")[0]
        desk.upstream.followed = {}

        eventually(lambda: _is_let_in(desk))


def _is_let_in(desk: Desk) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", desk.gateway.port, timeout=PATIENCE_S)
    line.request("GET", "/ui/events")
    try:
        return line.getresponse().status == 200
    finally:
        line.close()


def test_why_a_login_cannot_be_begun_is_told_in_the_tab(desk: Desk) -> None:
    desk.upstream.link = Problem("no API secret is set", "KITE_API_SECRET is nowhere", "put it into .env")
    status, headers, body = press(desk, nonce_of(desk), Origin=origin(desk))

    assert (409, "text/plain; charset=utf-8") == (status, headers["content-type"])
    assert b"why: KITE_API_SECRET is nowhere\nnext: put it into .env" in body


def test_the_page_asks_for_the_relay_key_where_there_is_one() -> None:
    with Desk(Serving(key="relaykeyrelaykey0123")) as desk:
        for path in ("/ui", "/ui/events", "/state"):
            status, headers, _ = desk.get(path)
            assert (401, True) == (status, headers["www-authenticate"].startswith("Basic"))
