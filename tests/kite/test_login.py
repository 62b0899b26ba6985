"""The login's parts: the link, what comes back, the loopback listener, the wait, the exchange."""

from __future__ import annotations

import ast
import http.client
import os
import re
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import kitefeed_cli
from kitefeed_cli.clock import ScaledClock, SystemClock
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.login import (
    Arrivals,
    Callback,
    Granted,
    Odd,
    Road,
    await_redirect,
    from_paste,
    from_query,
    has_browser,
    listening_port,
    login_url,
    new_state,
    open_browser,
    read_lines,
)
from kitefeed_cli.kite.login.callback import DONE, _Request
from kitefeed_cli.kite.login.exchange import problem_of
from kitefeed_cli.kite.login.qr import qr_code
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Exit, Problem

from ..ports import free_port

STATE = "x" * 43
TOKEN = "aB3dE6gH9jK2mN5pQ8rS1tU4vW7yZ0cF"
GOOD = f"request_token={TOKEN}&status=success&state={STATE}"
CLOCK = SystemClock()
HURRIED = ScaledClock(100, CLOCK.wall())


# ------------------------------------------------------------------- the link


def test_the_link_carries_the_key_and_the_nonce_the_way_kite_hands_it_back() -> None:
    query = parse_qs(urlsplit(login_url("https://kite.example/connect/login", "key1", STATE)).query)

    assert {"v": ["3"], "api_key": ["key1"], "redirect_params": [f"state={STATE}"]} == query


def test_nonces_hold_at_least_128_bits_and_never_repeat() -> None:
    states = {new_state() for _ in range(10_000)}

    assert 10_000 == len(states)
    assert 24 == min(map(len, states))  # 144 bits in digits of six


# ------------------------------------------------------------ what comes back


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"  {TOKEN}\r",
        f'"{TOKEN}"',
        f"http://127.0.0.1:5000/?{GOOD}",
        f"<http://127.0.0.1:5000/cb?action=login&{GOOD}#frag>",
        f"127.0.0.1:5000/?status=success&request_token={TOKEN}",
        f"?request_token={TOKEN}",
        f"request_token={TOKEN}",
        f"&request_token={TOKEN}&action=login",
        f"\x1b[200~http://127.0.0.1:5000/?request_token={TOKEN}&status=success\x1b[201~",
        f"\x1b[200~{TOKEN}\x1b[201~",
    ],
)
def test_any_part_of_the_redirect_with_the_request_token_can_be_pasted(text: str) -> None:
    assert Granted(TOKEN) == from_paste(text, STATE)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("hello, is this it?", Odd.UNREADABLE),
        ("http://127.0.0.1:5000/", Odd.UNREADABLE),
        ("request_token=", Odd.UNREADABLE),
        (f"request_token={TOKEN}&request_token={TOKEN[::-1]}", Odd.UNREADABLE),
        ("request_token=a%0db%20c%27%22xxxxxxxx", Odd.UNREADABLE),
        ("request_token=" + "a" * 200, Odd.UNREADABLE),
        ("request_token=" + "a" * 10_000, Odd.UNREADABLE),
        ("&".join(f"a{n}=1" for n in range(100)), Odd.UNREADABLE),
        (f"?request_token={TOKEN}&state=another", Odd.FOREIGN),
        (f"?request_token={TOKEN}&state={STATE}&state={STATE}", Odd.FOREIGN),
        (f"?request_token={TOKEN}&state=%F0%9F%98%80", Odd.FOREIGN),
        (f"?status=error&request_token={TOKEN}", Odd.CANCELLED),
        ("?status=cancelled", Odd.CANCELLED),
        (login_url("https://kite.example/connect/login", "key1", STATE), Odd.LOGIN_LINK),
    ],
)
def test_a_paste_that_is_no_login_is_named(text: str, odd: Odd) -> None:
    assert odd == from_paste(text, STATE)


@pytest.mark.parametrize("query", ["", f"request_token={TOKEN}&status=success", GOOD + "x", GOOD + f"&state={STATE}"])
def test_a_browser_without_our_nonce_brings_nothing(query: str) -> None:
    assert Odd.FOREIGN == from_query(query, STATE)


def test_every_digit_of_a_nonce_is_as_likely_as_any_other() -> None:
    """100,000 nonces, 64 digits at 24 places: a digit at a place is expected 1562 times, give or take 39."""
    states = [new_state() for _ in range(100_000)]
    counts = [Counter(state[place] for state in states) for place in range(24)]

    assert {64} == {len(count) for count in counts}
    assert all(1562 - 6 * 39 < times < 1562 + 6 * 39 for count in counts for times in count.values())
    assert 100_000 == len(set(states))


def test_a_request_token_is_in_no_repr() -> None:
    assert TOKEN not in repr(from_paste(TOKEN, STATE))


# --------------------------------------------------------------- the listener


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:5000/", 5000),
        ("http://localhost:8080/callback", 8080),
        ("http://127.0.0.1", 80),
        ("https://127.0.0.1:5000/", None),
        ("https://example.com/cb", None),
        ("http://192.168.1.5:5000/", None),
        ("http://127.0.0.1:99999/", None),
        ("http://[::1", None),
        ("", None),
    ],
)
def test_only_a_redirect_to_this_computer_is_listened_for(url: str, port: int | None) -> None:
    assert port == listening_port(url)


class Caught:
    """What the listener told."""

    def __init__(self) -> None:
        self.all: list[Granted | Odd | None] = []

    def __call__(self, told: Granted | Odd | None) -> None:
        self.all.append(told)


@pytest.fixture
def caught() -> Caught:
    return Caught()


@pytest.fixture
def callback(caught: Caught) -> Iterator[Callback]:
    listening = Callback(f"http://127.0.0.1:{free_port()}/cb", STATE, caught)
    yield listening
    listening.close(HURRIED)


def get(callback: Callback, target: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", callback.port, timeout=5)
    connection.putrequest(method, target, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, dict(reply.getheaders()), body


def test_the_good_redirect_is_told_and_leaves_the_address_bar(callback: Callback, caught: Caught) -> None:
    status, headers, body = get(callback, f"/cb?{GOOD}")

    assert [Granted(TOKEN)] == caught.all
    assert (303, DONE) == (status, headers["Location"])
    assert TOKEN not in str(headers) + body
    assert 200 == get(callback, DONE)[0]


def test_a_second_good_redirect_is_not_a_second_login(callback: Callback, caught: Caught) -> None:
    for _ in range(3):
        get(callback, f"/cb?{GOOD}")

    assert [Granted(TOKEN)] == caught.all


@pytest.mark.parametrize("query", ["", "request_token=" + TOKEN, f"request_token={TOKEN}&state=guess&status=success"])
def test_a_forged_redirect_is_refused_and_the_real_one_still_works(
    callback: Callback, caught: Caught, query: str
) -> None:
    assert 400 == get(callback, f"/cb?{query}")[0]
    get(callback, f"/cb?{GOOD}")

    assert [Odd.FOREIGN, Granted(TOKEN)] == caught.all


def test_a_cancelled_login_is_told(callback: Callback, caught: Caught) -> None:
    assert 403 == get(callback, f"/cb?status=cancelled&state={STATE}")[0]

    assert [Odd.CANCELLED] == caught.all


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "127.0.0.1", "127.0.0.1:1", "localhost", ""])
def test_a_wrong_host_is_refused(callback: Callback, caught: Caught, host: str) -> None:
    assert 400 == get(callback, f"/cb?{GOOD}", Host=host)[0]
    assert [] == caught.all


def test_localhost_is_a_right_host(callback: Callback, caught: Caught) -> None:
    assert 303 == get(callback, f"/cb?{GOOD}", Host=f"LocalHost:{callback.port}")[0]


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT", "OPTIONS", "BREW"])
def test_anything_but_get_is_refused(callback: Callback, caught: Caught, method: str) -> None:
    assert 405 == get(callback, f"/cb?{GOOD}", method)[0]
    assert [] == caught.all


@pytest.mark.parametrize("target", ["/", "/favicon.ico", "/cb/../etc/passwd", "/cb2"])
def test_other_paths_are_not_there(callback: Callback, caught: Caught, target: str) -> None:
    assert 404 == get(callback, f"{target}?{GOOD}")[0]
    assert [] == caught.all


@pytest.mark.parametrize("length", [5_000, 60_000, 200_000])
def test_a_long_address_is_refused(callback: Callback, caught: Caught, length: int) -> None:
    assert 414 == get(callback, f"/cb?{GOOD}&x={'a' * length}")[0]
    assert [] == caught.all


def test_every_page_is_bare_and_kept_by_nobody(callback: Callback) -> None:
    for target in (f"/cb?{GOOD}", DONE, "/cb", "/other"):
        _, headers, body = get(callback, target)
        assert {
            "Content-Type": "text/html; charset=utf-8",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": (
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
            "Content-Length": str(len(body.encode())),
        } == {name: value for name, value in headers.items() if name != "Location"}
        assert [] == re.findall(r"<script|<img|<link|<form|http|src=|href=| on\w+=", body)


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "%3Cimg%20src=x%20onerror=alert(1)%3E",
        '"onload="alert(1)',
        "'-alert(1)-'",
        "</p><svg/onload=alert(1)>",
        "javascript:alert(1)",
        "{{alert(1)}}${alert(1)}",
        "%0d%0aSet-Cookie:alert=1",
        "+ADw-script+AD4-alert(1)",
        "&lt;script&gt;alert(1)",
        "%E2%80%AEalert",
        "\xc0\xbcscript\xc0\xbealert(1)",
    ],
)
def test_nothing_of_a_request_is_in_a_page(callback: Callback, evil: str) -> None:
    for target in (f"/cb?state={evil}", f"/cb?status={evil}&state={STATE}", f"/{evil}"):
        reply = raw(callback, f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{callback.port}\r\n\r\n".encode("latin-1"))

        assert b"alert" not in reply
        assert b"Set-Cookie" not in reply
        assert reply.startswith(b"HTTP/1.0 4")


def raw(callback: Callback, request: bytes) -> bytes:
    """What the listener answers to these bytes."""
    reply = b""
    with socket.create_connection(("127.0.0.1", callback.port), timeout=5) as connection:
        connection.sendall(request)
        while piece := connection.recv(65536):
            reply += piece
    return reply


def test_after_twenty_requests_it_stops_and_says_so(callback: Callback, caught: Caught) -> None:
    for _ in range(20):
        assert 404 == get(callback, "/scan")[0]
    with pytest.raises((OSError, http.client.HTTPException)):
        get(callback, f"/cb?{GOOD}")

    assert [None] == caught.all


def test_a_silent_connection_does_not_hold_up_the_browser(callback: Callback, caught: Caught) -> None:
    with socket.create_connection(("127.0.0.1", callback.port)):
        get(callback, f"/cb?{GOOD}")

    assert [Granted(TOKEN)] == caught.all


def test_it_listens_on_loopback_only(callback: Callback) -> None:
    assert "127.0.0.1" == callback._server.server_address[0]


def test_the_port_is_free_after_the_close(caught: Caught) -> None:
    listening = Callback(f"http://127.0.0.1:{free_port()}/", STATE, caught)
    port = listening.port
    listening.close(CLOCK)

    socket.create_server(("127.0.0.1", port)).close()


def test_a_taken_port_is_an_oserror(caught: Caught) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        Callback(f"http://127.0.0.1:{other.getsockname()[1]}/", STATE, caught)


def test_nothing_is_logged(
    callback: Callback, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Request, "timeout", 0.05)
    with socket.create_connection(("127.0.0.1", callback.port)) as silent:
        assert b"" == silent.recv(100)  # given up
    get(callback, f"/cb?{GOOD}")
    get(callback, "/none")
    get(callback, f"/cb?{GOOD}", "POST")
    with socket.create_connection(("127.0.0.1", callback.port)) as rude:
        rude.sendall(b"\x00\x01 nonsense\r\n\r\n")
        rude.recv(100)

    assert ("", "") == tuple(capfd.readouterr())


# ------------------------------------------------------------------- the wait


def wait(
    arrivals: Arrivals, roads: set[Road] | None = None, *, patient: bool = False, for_s: float = 5.0
) -> tuple[Granted, list[str]]:
    notes: list[str] = []
    roads = {Road.PASTE, Road.CALLBACK} if roads is None else roads
    return await_redirect(arrivals, roads, CLOCK.now_s() + for_s, notes.append, patient=patient), notes


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals(STATE, CLOCK)


def test_whichever_road_is_quicker_wins(arrivals: Arrivals) -> None:
    arrivals.called_back(Granted(TOKEN))
    arrivals.pasted(TOKEN[::-1])

    assert Granted(TOKEN) == wait(arrivals)[0]


def test_a_person_may_paste_again(arrivals: Arrivals) -> None:
    arrivals.pasted("what do I do?")
    arrivals.pasted(login_url("https://kite.example/connect/login", "key1", STATE))
    arrivals.pasted(f"?request_token={TOKEN}&state=old")
    arrivals.pasted(TOKEN)

    granted, notes = wait(arrivals, patient=True)

    assert Granted(TOKEN) == granted
    assert 3 == len(notes)


@pytest.mark.parametrize(
    ("line", "code"), [("nonsense?", Exit.USAGE), (f"?request_token={TOKEN}&state=old", Exit.LOGIN)]
)
def test_a_script_with_a_bad_line_fails_at_once(arrivals: Arrivals, line: str, code: Exit) -> None:
    arrivals.pasted(line)

    with pytest.raises(Problem) as caught:
        wait(arrivals)
    assert code == caught.value.exit_code


def test_forged_calls_are_noted_once(arrivals: Arrivals) -> None:
    for _ in range(10):
        arrivals.called_back(Odd.FOREIGN)
    arrivals.called_back(Granted(TOKEN))

    assert 1 == len(wait(arrivals)[1])


def test_a_cancelled_login_ends_with_exit_3(arrivals: Arrivals) -> None:
    arrivals.called_back(Odd.CANCELLED)

    with pytest.raises(Problem) as caught:
        wait(arrivals, patient=True)
    assert Exit.LOGIN == caught.value.exit_code


def test_the_end_of_the_input_leaves_the_browser(arrivals: Arrivals) -> None:
    arrivals.pasted(None)
    arrivals.called_back(Granted(TOKEN))

    assert Granted(TOKEN) == wait(arrivals)[0]


def test_no_road_left_ends_with_exit_3(arrivals: Arrivals) -> None:
    arrivals.pasted(None)

    with pytest.raises(Problem) as caught:
        wait(arrivals, {Road.PASTE}, for_s=1e9)
    assert Exit.LOGIN == caught.value.exit_code


def test_a_listener_that_gave_up_leaves_the_paste(arrivals: Arrivals) -> None:
    arrivals.called_back(None)
    arrivals.pasted(TOKEN)

    granted, notes = wait(arrivals)

    assert Granted(TOKEN) == granted
    assert 1 == len(notes)


def test_five_minutes_without_a_login_end_with_exit_3() -> None:
    clock = ScaledClock(10_000, CLOCK.wall())

    with pytest.raises(Problem) as caught:
        await_redirect(Arrivals(STATE, clock), {Road.CALLBACK}, clock.now_s() + 300, print, patient=True)
    assert Exit.LOGIN == caught.value.exit_code


def test_a_piped_line_is_seen_before_a_browser_is_opened(arrivals: Arrivals) -> None:
    reading, writing = os.pipe()
    read_lines(reading, arrivals.pasted)
    os.write(writing, b"\n  \n" + TOKEN.encode())
    os.close(writing)

    assert arrivals.has_paste(CLOCK.now_s() + 5.0)
    assert Granted(TOKEN) == wait(arrivals)[0]
    os.close(reading)


def test_an_empty_input_does_not_count_as_a_paste(arrivals: Arrivals) -> None:
    arrivals.pasted(None)

    assert not arrivals.has_paste(CLOCK.now_s() + 60.0)


def test_nobody_is_asked_for_a_password_a_pin_or_a_totp() -> None:
    """The one thing that is asked for at a prompt is the API secret."""
    package = Path(kitefeed_cli.__file__).parent
    calls = [
        ast.unparse(node)
        for module in package.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and re.search(r"(?:^|\.)(?:getpass|input|prompt_pass\w*)$", ast.unparse(node.func))
    ]

    assert ["getpass('KITE_API_SECRET (not shown, not saved): ')"] == calls


# ----------------------------------------------------------------- the browser


def test_the_browser_gets_nothing_of_ours(tmp_path: Path) -> None:
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\ncd "{tmp_path}"; (env; echo "URL=$1") > part; mv part env\n')
    opener.chmod(0o700)
    environ = {
        **os.environ,
        "BROWSER": str(opener),
        "KITE_API_SECRET": "s",
        "KITE_ACCESS_TOKEN": "t",
        "KITEFEED_X": "x",
    }

    assert open_browser("http://127.0.0.1:1/?a=b", environ)

    until_s = CLOCK.now_s() + 10
    while not (tmp_path / "env").exists() and CLOCK.now_s() < until_s:
        CLOCK.sleep(0.02)
    seen = (tmp_path / "env").read_text()
    assert "URL=http://127.0.0.1:1/?a=b" in seen
    assert "KITE" not in seen


@pytest.mark.parametrize(
    ("environ", "shown"),
    [
        ({}, sys.platform in ("darwin", "win32")),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"BROWSER": "lynx"}, True),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, False),
        ({"DISPLAY": ":10", "SSH_TTY": "/dev/pts/0"}, False),
        ({"BROWSER": "lynx", "SSH_TTY": "/dev/pts/0"}, True),
    ],
)
def test_a_browser_is_opened_where_the_user_would_see_it(environ: dict[str, str], shown: bool) -> None:
    assert shown is has_browser(environ)


# ---------------------------------------------------------------- the QR code


LINK = login_url("https://kite.zerodha.com/connect/login", "abcdefgh12345678", "x" * 24)


@pytest.mark.parametrize(
    ("columns", "lines", "blocks", "size"),
    [
        (120, 50, True, (49, 25)),  # four modules of quiet zone around 41
        (80, 24, True, (45, 23)),  # two
        (80, 22, True, (43, 22)),  # one
        (80, 21, True, None),
        (42, 99, True, None),
        (120, 50, False, (98, 49)),
        (80, 99, False, None),
    ],
)
def test_the_code_has_the_widest_quiet_zone_that_fits_or_is_left_out(
    columns: int, lines: int, blocks: bool, size: tuple[int, int] | None
) -> None:
    rows = qr_code(LINK, columns, lines, blocks=blocks)

    assert size == (None if rows is None else (len(rows[0]), len(rows)))


@pytest.mark.parametrize("blocks", [True, False])
def test_the_code_is_the_link(blocks: bool) -> None:
    rows = qr_code(LINK, 120, 60, blocks=blocks)
    assert rows is not None
    if blocks:
        halves = [[[char in pair for char in row] for pair in ("█▀", "█▄")] for row in rows]
        light = [line for both in halves for line in both]
    else:
        light = [[row[at : at + 2] == "##" for at in range(0, len(row), 2)] for row in rows]

    import segno

    code = segno.make(LINK, error="l", micro=False)
    drawn = [[not dark for dark in row] for row in code.matrix_iter(border=4)]
    assert drawn == light[: len(drawn)]


# ---------------------------------------------------------------- the exchange


@pytest.mark.parametrize(
    ("answer", "message", "code", "cause"),
    [
        (Answer.TOKEN_DEAD, "Invalid `checksum`.", Exit.REFUSED, "wrong-secret"),
        (Answer.TOKEN_DEAD, "Invalid `api_key`.", Exit.REFUSED, "wrong-key"),
        (Answer.TOKEN_DEAD, "Token is invalid or has expired.", Exit.LOGIN, "request-token-spent"),
        (Answer.NOT_PERMITTED, "", Exit.REFUSED, "no-permission"),
        (Answer.FAILED, "", Exit.UNREACHABLE, "kite-unreachable"),
        (Answer.UNREACHABLE, "", Exit.UNREACHABLE, "kite-unreachable"),
        (Answer.THROTTLED, "", Exit.UNREACHABLE, "kite-unreachable"),
    ],
)
def test_each_failed_exchange_has_its_own_exit_and_next_step(
    answer: Answer, message: str, code: Exit, cause: str
) -> None:
    problem = problem_of(KiteError(answer, "403 TokenException", message=message))

    assert (code, cause) == (problem.exit_code, problem.cause)


def test_the_next_steps_differ() -> None:
    steps = {
        problem_of(KiteError(answer, "", message=message)).next_step
        for answer, message in [
            (Answer.TOKEN_DEAD, "Invalid `checksum`."),
            (Answer.TOKEN_DEAD, "Token is invalid or has expired."),
            (Answer.UNREACHABLE, ""),
        ]
    }

    assert 3 == len(steps)
