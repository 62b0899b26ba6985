"""Readers and servers that die, while entries come."""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ...sharing.redis_server import RedisServer, redis_server
from .conftest import Start
from .readers import CLOCK, Running, Writer, pending, until


@contextmanager
def writing(server: RedisServer, every_s: float = 0.001) -> Iterator[Writer]:
    writer = Writer(server, every_s).start()
    try:
        yield writer
    finally:
        writer.stop()


def check_that_nothing_is_lost_or_doubled(writer: Writer, readers: Iterable[Running]) -> None:
    every = [reader.got for reader in readers]
    new = Counter(number for one in every for number in one.new)
    came = set(new) | {number for one in every for number in one.again}

    assert len(writer.ids) == len(writer.written), "the writer itself has doubled one"
    assert set() == writer.written - came
    assert [] == [number for number, times in new.items() if times > 1]
    assert [] == [gap for one in every for gap in one.gaps]


def test_twenty_crashes_of_a_reader_lose_nothing_and_double_nothing_unmarked(server: RedisServer, start: Start) -> None:
    chance = random.Random(20)
    readers: list[Running] = []
    acknowledged: list[set[int]] = []
    with writing(server) as writer:
        for _ in range(20):
            readers.append(one := start("--from-start"))
            until(lambda: one.got.new)
            CLOCK.sleep(chance.random() * 0.15)
            one.kill()
            left = pending(server.client)
            came = set(one.got.new) | set(one.got.again)
            acknowledged.append({number for ticket, number in writer.ids.items() if ticket not in left} & came)
    readers.append(last := start())
    until(lambda: not writer.written - {n for one in readers for n in (*one.got.new, *one.got.again)})
    until(lambda: not pending(server.client))
    assert 0 == last.stop()

    check_that_nothing_is_lost_or_doubled(writer, readers)
    assert any(one.got.again for one in readers)
    for place, mine in enumerate(acknowledged):
        later = {number for one in readers[place + 1 :] for number in (*one.got.new, *one.got.again)}
        assert set() == mine & later


@pytest.mark.parametrize("many", [2, 3])
def test_several_share_while_one_after_the_other_crashes(server: RedisServer, start: Start, many: int) -> None:
    chance = random.Random(many)
    with writing(server) as writer:
        running = [start("--from-start", "--claim-after", "2s") for _ in range(many)]
        readers = [*running]
        for _ in range(6):
            until(lambda: all(one.got.new for one in running))
            CLOCK.sleep(chance.random() * 0.1)
            running.pop(chance.randrange(many)).kill()
            running.append(start("--claim-after", "2s"))
            readers.append(running[-1])
    until(lambda: not writer.written - {n for one in readers for n in (*one.got.new, *one.got.again)})
    until(lambda: not pending(server.client))

    check_that_nothing_is_lost_or_doubled(writer, readers)
    assert 2 <= sum(bool(one.got.new) for one in readers)


def test_what_one_had_that_never_comes_back_is_taken_over_marked(server: RedisServer, start: Start) -> None:
    with writing(server) as writer:
        gone = start("--from-start", "--consumer", "gone")
        until(lambda: gone.got.new)
        gone.process.send_signal(signal.SIGSTOP)  # stuck first: it holds what it was given
        stays = start("--consumer", "stays", "--claim-after", "1s")
        until(lambda: len(stays.got.new) > 100)
        gone.kill()
    until(lambda: not pending(server.client))

    check_that_nothing_is_lost_or_doubled(writer, [gone, stays])


def test_one_that_is_stuck_and_wakes_up_doubles_nothing_unmarked(server: RedisServer, start: Start) -> None:
    with writing(server) as writer:
        stuck = start("--from-start", "--consumer", "stuck")
        until(lambda: stuck.got.new)
        stuck.process.send_signal(signal.SIGSTOP)
        other = start("--consumer", "other", "--claim-after", "0.5s")
        until(lambda: len(other.got.new) > 1000)
        stuck.process.send_signal(signal.SIGCONT)
        before = len(stuck.got.new)
        until(lambda: len(stuck.got.new) > before)
    until(lambda: not pending(server.client))

    check_that_nothing_is_lost_or_doubled(writer, [stuck, other])


def test_a_redis_that_is_killed_and_comes_back_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(9)
    with redis_server(tmp_path / "redis", saving=True) as server, writing(server, 0.005) as writer:
        reader = Running(server.url, tmp_path / "one.jsonl", "--from-start", XDG_RUNTIME_DIR=str(tmp_path))
        try:
            for _ in range(4):
                before = len(reader.got.new)
                until(lambda: len(reader.got.new) > before + 20)  # noqa: B023 - asked at once
                CLOCK.sleep(chance.random() * 0.1)
                server.kill()
                CLOCK.sleep(chance.random())
                server.start()
            writer.stop()
            until(lambda: not writer.written - {*reader.got.new, *reader.got.again})
            until(lambda: not pending(server.client))

            check_that_nothing_is_lost_or_doubled(writer, [reader])
        finally:
            reader.kill()


def test_a_redis_that_stands_still_is_told_once_and_loses_nothing(server: RedisServer, start: Start) -> None:
    with writing(server, 0.005) as writer:
        reader = start("--from-start")
        until(lambda: reader.got.new)
        server.pause()
        until(lambda: "nothing comes from Redis" in reader.err.read_text())
        CLOCK.sleep(2.0)
        server.resume()
        until(lambda: "Redis answers again" in reader.err.read_text())
    until(lambda: not writer.written - {*reader.got.new, *reader.got.again})
    until(lambda: not pending(server.client))

    assert 1 == reader.err.read_text().count("nothing comes from Redis")
    whys = [json.loads(line)["why"] for line in reader.out.read_text().splitlines() if '"status"' in line]
    assert ["redis-away"] == [why for why in whys if why]
    check_that_nothing_is_lost_or_doubled(writer, [reader])
