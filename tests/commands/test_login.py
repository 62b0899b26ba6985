"""`kitefeed login` as a process: every road a login can come back on."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import stat
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore

from ..ports import free_port
from .conftest import CLOCK, COMMAND, User

LISTEN = "0A"  # the state of a socket in /proc/net/tcp (Linux: include/net/tcp_states.h)


def press_the_button(url: str) -> str:
    """Log in on the local Kite's page; the address it sends the browser to."""
    return requests.post(url, allow_redirects=False, timeout=5).headers["Location"]


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/connect/login\?\S+", text)
    assert found is not None, text
    return found[0]


def read_link(running: subprocess.Popen[str]) -> str:
    assert running.stderr is not None
    lines = [running.stderr.readline() for _ in range(3)]
    return link_in("".join(lines))


def saved(user: User) -> str:
    return TokenStore(user.env_file).read().access_token


@pytest.fixture
def redirect(kite: LocalKite) -> str:
    return f"http://127.0.0.1:{free_port()}/"


def at(redirect: str, location: str) -> str:
    """The local Kite's redirect, sent to the listener of this test instead of port 5000."""
    return location.replace("http://127.0.0.1:5000/", redirect)


@pytest.fixture(autouse=True)
def _morning(kite: LocalKite) -> None:
    """The saved access token is dead, as every morning."""
    kite.set_token("expired")


def exchanges(kite: LocalKite) -> int:
    return [row["path"] for row in kite.requests()].count("/session/token")


def test_a_browser_brings_the_login_back(user: User, kite: LocalKite, redirect: str) -> None:
    before = saved(user)
    running = user.start("login", "--redirect-url", redirect)
    location = at(redirect, press_the_button(read_link(running)))
    page = requests.get(location, timeout=5)
    said = user.finish(running)

    assert (0, "") == (said.code, said.out)
    assert (200, "/kitefeed-login-done") == (page.status_code, page.url.removeprefix(redirect.rstrip("/")))
    assert kite.access_token == saved(user) != before
    assert "Logged in - User: Local Trader" in said.err
    assert str(user.env_file) in said.err
    for secret in (kite.access_token, re.findall(r"request_token=(\w+)", location)[0]):
        assert secret not in said.err + page.text
    assert 0o600 == stat.S_IMODE(user.env_file.stat().st_mode)
    assert "OTHER=kept # a comment" in user.env_file.read_text()


def test_a_forged_callback_changes_nothing(user: User, kite: LocalKite, redirect: str) -> None:
    running = user.start("login", "--redirect-url", redirect)
    link = read_link(running)
    stranger = press_the_button(link.partition("&redirect_params")[0])
    assert 400 == requests.get(at(redirect, stranger), timeout=5).status_code
    assert 400 == requests.get(f"{redirect}?request_token={'a' * 32}&status=success&state=guess", timeout=5).status_code
    requests.get(at(redirect, press_the_button(link)), timeout=5)
    said = user.finish(running)

    assert 0 == said.code
    assert 1 == said.err.count("does not belong to this login")
    assert 1 == exchanges(kite)


def test_a_cancelled_login_ends_with_3(user: User, redirect: str) -> None:
    running = user.start("login", "--redirect-url", redirect)
    state = re.findall(r"state%3D([\w-]+)", read_link(running))[0]
    requests.get(f"{redirect}?status=cancelled&state={state}", timeout=5)

    assert 3 == user.finish(running).code


@pytest.mark.parametrize("words", [["login", "--no-browser"], ["login", "-"]])
@pytest.mark.parametrize("bare", [True, False])
def test_a_script_may_pipe_the_address_or_the_request_token(
    user: User, kite: LocalKite, redirect: str, words: list[str], bare: bool
) -> None:
    location = press_the_button(f"{kite.login_root}?api_key={kite.api_key}")
    request_token = re.findall(r"request_token=(\w+)", location)[0]
    said = user.run(*words, "--redirect-url", redirect, text=(request_token if bare else location) + "\n")

    assert 0 == said.code, said.err
    assert kite.access_token == saved(user)
    assert request_token not in said.err + said.out
    assert link_in(said.err)


def test_a_used_request_token_ends_with_3_and_a_wrong_secret_with_5(user: User, kite: LocalKite, redirect: str) -> None:
    page = f"{kite.login_root}?api_key={kite.api_key}"
    location = press_the_button(page)
    assert 0 == user.run("login", "-", text=location).code

    used = user.run("login", "--force", "-", text=location)
    wrong = user.run("login", "--force", "-", text=press_the_button(page), KITE_API_SECRET="w" * 32)

    assert [3, 5] == [used.code, wrong.code]
    assert "open its link again" in used.err
    assert "copy the API secret again" in wrong.err


def test_a_busy_port_leaves_the_paste(user: User, kite: LocalKite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        running = user.start("login", "--redirect-url", f"http://127.0.0.1:{port}/", stdin=subprocess.PIPE)
        assert running.stderr is not None
        assert f"Port {port} of this computer is busy" in running.stderr.readline()
        said = user.finish(running, press_the_button(read_link(running)) + "\n")

    assert 0 == said.code
    assert kite.access_token == saved(user)


def test_with_a_closed_input_the_browser_still_brings_the_login(user: User, kite: LocalKite, redirect: str) -> None:
    words = ["login", "--env-file", str(user.env_file), "--redirect-url", redirect]
    running = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    requests.get(at(redirect, press_the_button(read_link(running))), timeout=5)

    assert 0 == user.finish(running).code
    assert kite.access_token == saved(user)


def test_the_wait_has_an_end_and_the_port_is_free_again(user: User, redirect: str) -> None:
    said = user.run("login", "--redirect-url", redirect, "--for", "1s")

    assert (3, True) == (said.code, 1.0 <= said.took_s < 10.0)
    socket.create_server(("127.0.0.1", int(redirect.rpartition(":")[2].strip("/")))).close()


def test_it_listens_on_loopback_alone(user: User, redirect: str) -> None:
    running = user.start("login", "--redirect-url", redirect)
    read_link(running)
    port = f"{int(redirect.rpartition(':')[2].strip('/')):04X}"
    sockets = [line.split() for of in ("tcp", "tcp6") for line in Path(f"/proc/net/{of}").read_text().splitlines()]
    listening = [at for _, at, _, state, *_ in sockets if at.endswith(f":{port}") and state == LISTEN]
    running.send_signal(signal.SIGINT)

    assert 0 == user.finish(running).code
    assert [f"0100007F:{port}"] == listening


def test_without_a_secret_a_script_is_told_and_nothing_is_spent(user: User, kite: LocalKite) -> None:
    kept = [line for line in user.env_file.read_text().splitlines() if "SECRET" not in line]
    user.env_file.write_text("\n".join(kept))

    said = user.run("login", "-", text="x")

    assert 2 == said.code
    assert "no API secret is set" in said.err
    assert 0 == exchanges(kite)


def settings_of(kite: LocalKite) -> dict[str, str]:
    return {
        "KITE_API_KEY": kite.api_key,
        "KITE_API_SECRET": kite.api_secret,
        "KITEFEED_REST_ROOT": kite.rest_root,
        "KITEFEED_LOGIN_ROOT": kite.login_root,
    }


def test_a_token_store_that_cannot_be_written_is_told_before_the_login(kite: LocalKite, tmp_path: Path) -> None:
    said = User(tmp_path / "nowhere" / ".env").run("login", "-", text="x", **settings_of(kite))

    assert 5 == said.code
    assert "its folder does not exist" in said.err
    assert [] == kite.requests()


def test_a_token_that_cannot_be_saved_after_all_is_told_and_not_shown(kite: LocalKite, tmp_path: Path) -> None:
    folder = tmp_path / "soon-gone"
    folder.mkdir()
    user = User(folder / ".env")
    running = user.start("login", "-", stdin=subprocess.PIPE, **settings_of(kite))
    link = read_link(running)
    folder.rmdir()
    said = user.finish(running, press_the_button(link))

    assert (5, "") == (said.code, said.out)
    assert "the access token cannot be saved" in said.err
    assert kite.access_token not in said.err
    assert 1 == exchanges(kite)


def test_the_token_cannot_be_given_as_an_argument(user: User) -> None:
    said = user.run("login", "someRequestToken00000000000000001")

    assert 2 == said.code
    assert "someRequestToken" not in said.out + said.err


@pytest.mark.parametrize("text", ["\n\n", "what?\n", "http://127.0.0.1:5000/?status=success\n"])
def test_a_pipe_without_a_login_fails_at_once(user: User, text: str) -> None:
    said = user.run("login", "-", text=text)

    assert said.code in (2, 3)
    assert said.took_s < 10.0
    assert ["error:", "  why:", " next:"] == [line[:6] for line in said.err.splitlines()[-3:]]


def test_the_browser_is_opened_with_the_link_and_without_our_secrets(
    user: User, tmp_path: Path, redirect: str, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    opener = tmp_path / "opener"
    opener.write_text(f'#!/bin/sh\ncd "{tmp_path}"; (env; echo "URL=$1") > part; mv part seen\n')
    opener.chmod(0o700)
    running = user.start("login", "--redirect-url", redirect, BROWSER=str(opener), KITE_ACCESS_TOKEN="t" * 32)
    link = read_link(running)
    eventually((tmp_path / "seen").exists)
    running.send_signal(signal.SIGINT)
    user.finish(running)

    seen = (tmp_path / "seen").read_text()
    assert f"URL={link}" in seen
    assert "KITE" not in seen.replace(link, "")


def test_a_person_pastes_the_address_on_a_terminal(user: User, kite: LocalKite, redirect: str) -> None:
    ours, theirs = pty.openpty()
    words = ["login", "--env-file", str(user.env_file), "--redirect-url", redirect]
    running = subprocess.Popen([*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    until_s = CLOCK.now_s() + 20
    while b"paste it" not in shown and CLOCK.now_s() < until_s:
        shown += os.read(ours, 4096)
    os.write(ours, b"which address?\n")
    os.write(ours, press_the_button(link_in(shown.decode())).encode() + b"\n")
    try:
        while True:
            shown += os.read(ours, 4096)
    except OSError:  # the other end is closed
        pass
    os.close(ours)

    assert 0 == running.wait(timeout=10)
    assert b"There is no request_token in this line" in shown
    assert kite.access_token == saved(user)
    assert kite.access_token.encode() not in shown


def seen_on_a_terminal(user: User, lines: int, columns: int, *words: str, **environ: str) -> str:
    """What stands on a terminal of that size once the login waits there."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (lines, columns))
    command = [*COMMAND, "login", "--env-file", str(user.env_file), "--redirect-url", "https://example.com/cb", *words]
    without = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "COLUMNS", "LINES")}
    running = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**without, "TERM": "xterm", **environ}
    )
    os.close(theirs)
    shown = b""
    until_s = CLOCK.now_s() + 20
    while b"paste it here" not in shown and CLOCK.now_s() < until_s:
        shown += os.read(ours, 65536)
    running.send_signal(signal.SIGINT)
    assert 0 == running.wait(timeout=10)
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize(
    ("lines", "columns", "words", "drawn"),
    [
        (50, 120, [], True),
        (29, 80, [], True),
        (24, 80, [], False),  # the link would leave the screen
        (24, 80, ["--qr"], True),
        (20, 80, ["--qr"], False),
        (50, 40, [], False),
        (50, 120, ["--no-qr"], False),
    ],
)
def test_a_code_is_drawn_where_link_and_code_fit(
    user: User, lines: int, columns: int, words: list[str], drawn: bool
) -> None:
    seen = seen_on_a_terminal(user, lines, columns, *words, LC_ALL="C.UTF-8")

    assert drawn is ("▀▀▀▀▀" in seen)
    assert ("too small" in seen) is (lines == 20)
    assert "Open this link on your phone or computer:" in seen


def test_without_unicode_the_code_is_drawn_in_ascii(user: User) -> None:
    seen = seen_on_a_terminal(user, 60, 120, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")

    assert "#" * 98 in seen
    assert seen.isascii()


def test_colours_make_the_code_light_on_dark_and_no_color_leaves_them_out(user: User) -> None:
    assert "\x1b[97;40m" in seen_on_a_terminal(user, 50, 120, LC_ALL="C.UTF-8")
    assert "\x1b" not in seen_on_a_terminal(user, 50, 120, LC_ALL="C.UTF-8", NO_COLOR="1")


def test_in_a_pipe_no_code_is_drawn(user: User) -> None:
    said = user.run("login", "-", "--qr", text="x")

    assert "▀" not in said.err


def test_a_new_store_in_a_git_work_tree_is_kept_out_of_git(kite: LocalKite, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    user = User(tmp_path / ".env")
    location = press_the_button(f"{kite.login_root}?api_key={kite.api_key}")
    said = user.run("login", "-", text=location, **settings_of(kite))

    assert 0 == said.code
    assert "/.env\n" == (tmp_path / ".gitignore").read_text()
    assert "is written, so that git leaves" in said.err


def test_a_waiting_login_leaves_no_core_dump(user: User, redirect: str) -> None:
    running = user.start("login", "--redirect-url", redirect)
    read_link(running)
    limits = Path(f"/proc/{running.pid}/limits").read_text()
    running.send_signal(signal.SIGINT)
    user.finish(running)

    assert ["0"] == [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size")]


def listens(redirect: str) -> bool:
    port = f":{int(redirect.rpartition(':')[2].strip('/')):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1].endswith(port) and row[3] == "0A" for row in rows)


def test_nobody_listens_while_the_request_token_is_exchanged(
    user: User, kite: LocalKite, redirect: str, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    kite.set_faults({"rest": "slow"})
    running = user.start("login", "--force", "--redirect-url", redirect)
    location = press_the_button(read_link(running))
    requests.get(at(redirect, location), timeout=5)
    starts_s = CLOCK.now_s()
    eventually(lambda: not listens(redirect))
    took_s = CLOCK.now_s() - starts_s
    kite.clear_faults()
    user.finish(running)

    assert took_s < 3.0  # Kite takes longer to answer


def test_of_two_logins_at_once_the_first_one_counts(user: User, kite: LocalKite, redirect: str) -> None:
    """The second would end the session that the first has just begun."""
    first = user.start("login", "--redirect-url", redirect)
    link = read_link(first)
    second = user.start("login", "--redirect-url", "https://example.com/cb", stdin=subprocess.PIPE)
    assert second.stderr is not None
    second.stderr.readline()  # that the redirect does not lead here
    other = press_the_button(read_link(second))
    requests.get(at(redirect, press_the_button(link)), timeout=5)
    said = [user.finish(first), user.finish(second, other)]

    assert [0, 0] == [one.code for one in said]
    assert 1 == exchanges(kite)
    assert "Logged in already - User: Local Trader" in said[1].err
