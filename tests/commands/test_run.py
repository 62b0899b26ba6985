"""`kitefeed run` as a process: the story it exists for, over real sockets."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore

from .conftest import Said, User

Until = Callable[[Callable[[], bool]], None]


def next_tick(running: subprocess.Popen[str], source: str = "feed") -> dict[str, Any]:
    """The next tick on stdout from that source; what comes before it is read and dropped."""
    assert running.stdout is not None
    for line in running.stdout:
        record: dict[str, Any] = json.loads(line)
        if record["kind"] == "tick" and record["source"] == source:
            return record
    raise AssertionError("the stream ended")


def until_live(running: subprocess.Popen[str]) -> None:
    """What comes before the state `live` is read and dropped. By the calendar the market may be closed: then the
    first tick is the cached one, and it is the next that says live."""
    assert running.stdout is not None
    for line in running.stdout:
        if json.loads(line).get("state") == "live":
            return
    raise AssertionError("the stream ended")


def ended(user: User, running: subprocess.Popen[str]) -> Said:
    running.send_signal(signal.SIGINT)
    return user.finish(running)


def asked(kite: LocalKite, path: str) -> int:
    return len([row for row in kite.requests() if row["path"] == path])


def errors(said: Said) -> list[str]:
    return [line for line in said.err.splitlines() if line.startswith("error:")]


def test_an_open_feed_outlives_its_token_and_one_login_brings_it_back(
    user: User, kite: LocalKite, until: Until
) -> None:
    running = user.start("run", "--json", "NSE:INFY")
    until_live(running)
    kite.set_token("expired")
    next_tick(running)
    checks, handshakes = asked(kite, "/user/profile"), asked(kite, "/")
    kite.set_faults({"feed": "dropped"})
    until(lambda: asked(kite, "/user/profile") > checks)
    next_tick(running, "last-known")
    assert handshakes == asked(kite, "/"), "the dead token must not reach the WebSocket"

    TokenStore(user.env_file).save(kite.login())
    assert "NSE:INFY" == next_tick(running)["instrument"]
    until_live(running)
    said = ended(user, running)

    assert 0 == said.code
    assert ["error: Kite no longer accepts your access token, so live ticks have stopped"] == errors(said)
    story = (
        "Market feed is now LIVE",
        "Token validation FAILED: TokenException",
        "error:",
        "AUTH STATE CHANGE DETECTED",
    )
    places = [said.err.index(words) for words in (*story, "live again after")]
    assert sorted(places) == places


def test_a_clean_drop_is_one_status_line_and_no_error(user: User, kite: LocalKite) -> None:
    running = user.start("run", "--json", "NSE:INFY")
    until_live(running)
    kite.set_faults({"feed": "dropped"})
    assert running.stdout is not None
    for line in running.stdout:
        if '"state":"connecting"' in line and "feed-dropped" in line:
            break
    until_live(running)
    said = ended(user, running)

    assert [] == errors(said)
    assert 1 == said.err.count("live again after")


def test_a_dead_token_opens_no_websocket(user: User, kite: LocalKite, until: Until) -> None:
    kite.set_token("expired")
    running = user.start("run", "--json")
    until(lambda: asked(kite, "/user/profile") >= 2)
    said = ended(user, running)

    assert (0, 0) == (said.code, asked(kite, "/"))
    assert 1 == len(errors(said))
    assert "Using REST API polling mode" not in said.err, "nothing serves, so nothing may claim to"


def test_the_env_file_may_say_where_to_serve(user: User) -> None:
    with user.env_file.open("a") as lines:
        lines.write("KITEFEED_SERVE=0\n")
    running = user.start("run", "--json", "NSE:INFY")
    until_live(running)

    assert 'Serving root="ws://127.0.0.1:' in ended(user, running).err


def test_without_json_a_pipe_gets_lines_for_people(user: User) -> None:
    running = user.start("run", "NSE:INFY")
    assert running.stdout is not None
    words = running.stdout.readline().split()
    said = ended(user, running)

    assert ("NSE:INFY", "feed") == (words[1], words[4])
    assert "\x1b" not in said.out + said.err


def test_a_token_of_the_environment_is_named_as_such(user: User) -> None:
    running = user.start("run", "--json", KITE_ACCESS_TOKEN="environment0environment0environ")
    assert running.stderr is not None
    first = running.stderr.readline()
    ended(user, running)

    assert "KITE_ACCESS_TOKEN of the environment is used until a login is saved" in first


@pytest.fixture
def until(eventually: Until) -> Until:
    return eventually
