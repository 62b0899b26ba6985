from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.gateway.upstream import Condition
from kitefeed_cli.sharing.keys import Keys

from ...ports import free_port
from ...sharing.pen import Pen, ltp
from ...sharing.redis_server import RedisServer
from .conftest import Start
from .readers import CLOCK, COMMAND, INFY, Running, Writer, pending, until


@pytest.fixture
def pen(server: RedisServer) -> Pen:
    return Pen(server.client)


def records(reader: Running, kind: str) -> list[dict[str, Any]]:
    every = [json.loads(line) for line in reader.out.read_text().splitlines()]
    return [record for record in every if record["kind"] == kind]


def reading(reader: Running) -> bool:
    return "live" in reader.got.states


def test_the_records_are_those_of_a_run(pen: Pen, start: Start) -> None:
    pen.names({INFY: "NSE:INFY"})
    pen.condition()
    reader = start()
    until(lambda: reading(reader))
    pen.packets(ltp(INFY, 152340), late_ms=2000)
    pen.condition(Condition("polling", "feed-dropped", "rest"))
    pen.packets(ltp(INFY, 152345), source="rest")
    until(lambda: len(records(reader, "tick")) == 2 and "polling" in reader.got.states)
    assert 0 == reader.stop()

    first, second = records(reader, "tick")
    assert (1523.4, "NSE:INFY", INFY, "feed", "ltp", False) == tuple(
        first[name] for name in ("last_price", "instrument", "instrument_token", "source", "mode", "snapshot")
    )
    assert 2.0 <= first["age_s"] < 4.0
    assert ("rest", 1523.45) == (second["source"], second["last_price"])
    assert "redelivered" not in first
    assert 1 == json.loads(reader.out.read_text().splitlines()[0])["schema"]
    assert [] == [record for record in records(reader, "status") if "source" in record]


def test_a_publisher_that_falls_silent_makes_the_feed_stale(pen: Pen, start: Start) -> None:
    pen.condition()
    reader = start()
    until(lambda: "stale" in reader.got.states)

    assert "no-publisher" == records(reader, "status")[-1]["why"]
    pen.condition()
    until(lambda: reader.got.states[-1] == "live")


def test_what_is_missing_is_a_gap_record_and_marked_when_it_comes_again(pen: Pen, start: Start) -> None:
    reader = start("--from-start")
    until(lambda: pen.client.exists(Keys().places("book")))
    pen.packets(ltp(INFY, 1))
    until(lambda: reader.got.new)
    reader.process.send_signal(signal.SIGSTOP)
    for units in range(2, 7):
        pen.packets(ltp(INFY, units))
    pen.client.xtrim(pen.keys.stream(1), maxlen=2, approximate=False)
    reader.process.send_signal(signal.SIGCONT)
    until(lambda: 6 in reader.got.new)
    assert 0 == reader.stop()

    (gap,) = records(reader, "gap")
    assert ("trimmed", 1, 3) == (gap["cause"], gap["connection"], gap["entries"])
    assert {"from", "to", "lasted_s", "bridged_by", "open", "instruments"} <= gap.keys()
    assert [1, 5, 6] == reader.got.new


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_when_asked_and_leaves_nothing_unacknowledged(
    server: RedisServer, start: Start, number: int
) -> None:
    writer = Writer(server).start()
    try:
        reader = start()
        until(lambda: len(reader.got.new) > 100)
        asked_s = CLOCK.now_s()
        assert 0 == reader.stop(number)
        assert CLOCK.now_s() - asked_s < 2.0
    finally:
        writer.stop()
    written = {entry_id for entry_id, one in writer.ids.items() if one in reader.got.new}

    assert set() == written & pending(server.client)
    assert "Traceback" not in reader.err.read_text()


def test_it_ends_although_redis_stands_still(server: RedisServer, pen: Pen, start: Start) -> None:
    pen.condition()
    reader = start()
    until(lambda: reading(reader))
    server.pause()
    CLOCK.sleep(0.5)
    asked_s = CLOCK.now_s()
    assert 0 == reader.stop()

    assert CLOCK.now_s() - asked_s < 2.0


def piped(server: RedisServer, tmp_path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "read", "--from", server.url, "--group", "book", "--from-start"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )


def test_it_ends_although_nobody_empties_its_pipe_and_acknowledges_nothing_that_is_not_in_it(
    server: RedisServer, pen: Pen, tmp_path: Path
) -> None:
    for number in range(1, 4001):
        pen.packets(ltp(INFY, number))
    reader = piped(server, tmp_path)
    stream = pen.keys.stream(1)

    def given() -> int:
        groups: Any = pen.client.xinfo_groups(stream) if pen.client.exists(stream) else []
        return groups[0]["entries-read"] or 0 if groups else 0

    until(lambda: given() > 100)
    before = -1
    while before != given():  # the pipe is full
        before = given()
        CLOCK.sleep(0.5)
    asked_s = CLOCK.now_s()
    reader.send_signal(signal.SIGINT)
    reader.wait(20)
    took_s = CLOCK.now_s() - asked_s
    out, err = reader.communicate()

    assert took_s < 2.0
    assert 0 == reader.returncode, err
    lines = [json.loads(line) for line in out.decode().splitlines()]
    ticks = [line for line in lines if line["kind"] == "tick"]
    left = len(pending(server.client))
    assert 0 < left <= 16
    assert given() - left <= len(ticks) <= given()


def test_a_reader_of_its_pipe_that_leaves_ends_it_quietly(server: RedisServer, pen: Pen, tmp_path: Path) -> None:
    reader = piped(server, tmp_path)
    assert reader.stdout is not None
    pen.condition()
    pen.packets(ltp(INFY, 1))
    reader.stdout.readline()
    reader.stdout.close()
    numbers = iter(range(2, 10_000))

    def ended() -> bool:
        pen.packets(ltp(INFY, next(numbers)))
        return reader.poll() is not None

    until(ended)
    assert reader.stderr is not None
    assert (0, 0) == (reader.returncode, reader.stderr.read().count(b"error"))
    reader.stderr.close()


def test_a_redis_that_is_not_there_yet_is_told_once_and_waited_for(tmp_path: Path, start: Start) -> None:
    port = free_port()
    reader = Running(f"redis://127.0.0.1:{port}", tmp_path / "away.jsonl", XDG_RUNTIME_DIR=str(tmp_path))
    try:
        until(lambda: "nothing comes from Redis" in reader.err.read_text())
        CLOCK.sleep(2.0)
        assert 1 == reader.err.read_text().count("error:")
        assert "nothing listens there" in reader.err.read_text()
        assert 0 == reader.stop()
    finally:
        reader.kill()


def test_two_on_one_computer_have_two_names_and_a_restart_takes_the_free_one(
    pen: Pen, start: Start, server: RedisServer
) -> None:
    one, other = start(), start()
    until(lambda: "Reading as" in one.err.read_text() and "Reading as" in other.err.read_text())
    names = {
        said.partition("Reading as ")[2].partition(" ")[0] for said in (one.err.read_text(), other.err.read_text())
    }
    assert {"1", "2"} == {name.rpartition("-")[2] for name in names}
    one.kill()
    freed = one.err.read_text().partition("Reading as ")[2].partition(" ")[0]
    third = start()

    until(lambda: f"Reading as {freed} of the group book" in third.err.read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--group", "book"], "KITEFEED_FROM"),
        (["--from", "redis://127.0.0.1"], "--group"),
        (["--from", "redis://127.0.0.1", "--group", "a b"], "--group"),
        (["--from", "redis://127.0.0.1", "--group", "a", "--consumer", "{}"], "--consumer"),
        (["--from", "http://127.0.0.1", "--group", "a"], "--from"),
        (["--from", "redis://u:secret-password@127.0.0.1", "--group", "a"], "KITEFEED_FROM"),
        (["--from", "redis://127.0.0.1", "--group", "a", "--claim-after", "soon"], "duration"),
    ],
)
def test_what_cannot_be_right_is_exit_2(words: list[str], said: str) -> None:
    ended = subprocess.run([*COMMAND, "read", *words], capture_output=True, text=True, check=False, timeout=20)

    assert 2 == ended.returncode
    assert said in ended.stderr
    assert "secret-password" not in ended.stderr


def test_the_address_may_stand_in_the_env_file(pen: Pen, server: RedisServer, tmp_path: Path) -> None:
    pen.condition()
    env_file = tmp_path / "shared.env"
    env_file.write_text(f"KITEFEED_FROM={server.url}\n")
    env_file.chmod(0o600)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "KITEFEED_GROUP": "book", "KITEFEED_CONSUMER": "me"}
    reader = subprocess.Popen(
        [*COMMAND, "read", "--env-file", str(env_file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    )
    try:
        assert reader.stdout is not None
        assert b'"status"' in reader.stdout.readline()
    finally:
        reader.kill()
        reader.communicate()
