"""Machines that share one feed, as real processes on a local Kite and a real Redis: they are killed, stopped, started
at once; and every tick is accounted for."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.sharing.group import Group
from kitefeed_cli.ticks.gaps import TAKEOVER, Gap
from kitefeed_cli.ticks.packets import split
from tests.conftest import Canary
from tests.sharing.redis_server import RedisServer, redis_server

from .machines import CLOCK, KEYS, Machine, Streams, Written, eventually, now_ms

pytestmark = pytest.mark.timeout(120)

TAKEOVER_S = 5.0
Add = Callable[[], Machine]


@pytest.fixture
def kite(canary: Canary) -> Iterator[LocalKite]:
    made = LocalKite(CLOCK, access_token=canary.access_token, api_secret=canary.api_secret, updates_per_s=5)
    with made as running:
        yield running


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def streams(redis: RedisServer) -> Streams:
    return Streams(redis)


@pytest.fixture
def add(kite: LocalKite, redis: RedisServer, tmp_path: Path) -> Iterator[Add]:
    numbers = count(1)
    with ExitStack() as machines:

        def one() -> Machine:
            made = Machine(tmp_path / f"machine{next(numbers)}", kite, redis)
            machines.callback(made.leave)
            return made

        yield one


def pair(add: Add, streams: Streams) -> tuple[Machine, Machine]:
    """One that publishes, and one that is ready to take over."""
    first = add()
    eventually(streams.packets, "the first publishes")
    second = add()
    eventually(second.is_ready, "the second is ready")
    return first, second


def handshakes(kite: LocalKite) -> int:
    return len([row for row in kite.requests() if row["kind"] == "ws"])


def offered(kite: LocalKite) -> dict[int, int]:
    """Ticks put in line for each connection so far; it stands still when the connection has ended."""
    return {int(number): counts["offered"] for number, counts in kite.tally()["connections"].items()}


def is_open(kite: LocalKite, connection: int) -> bool:
    before = offered(kite)[connection]
    CLOCK.sleep(0.5)
    return offered(kite)[connection] > before


def assert_one_after_another(streams: Streams) -> None:
    for name, epochs in streams.epochs().items():
        assert sorted(epochs) == epochs, f"an older lease wrote behind a newer one: {name}"


def test_a_leader_that_is_killed_is_replaced_within_five_seconds(add: Add, streams: Streams, kite: LocalKite) -> None:
    first, second = pair(add, streams)
    epoch, before = streams.last_epoch(), handshakes(kite)
    first.kill()
    killed_ms = now_ms()
    eventually(lambda: streams.last_epoch() > epoch, "the second publishes")
    since = next(entry for entry in streams.packets() if entry.stamp.epoch > epoch)

    assert (1, 2) == (before, handshakes(kite))
    assert since.at_ms - killed_ms < TAKEOVER_S * 1000
    assert 1 == since.stamp.number
    assert first.holder in second.said
    assert "publishes no more" in second.said
    assert_one_after_another(streams)


def test_a_leader_that_was_stopped_writes_nothing_when_it_wakes_up_and_stands_by(
    add: Add, streams: Streams, kite: LocalKite
) -> None:
    first, second = pair(add, streams)
    epoch = streams.last_epoch()
    first.signal(signal.SIGSTOP)
    eventually(lambda: streams.last_epoch() > epoch, "the second publishes")
    first.signal(signal.SIGCONT)
    closed_s = eventually(lambda: not is_open(kite, 1), "the first closes its feed")
    eventually(lambda: "standing by again" in first.said, "the first stands by")
    eventually(first.is_ready, "the first is ready")
    between = streams.last_epoch()
    second.kill()
    killed_ms = now_ms()
    eventually(lambda: streams.last_epoch() > between, "the first publishes again")
    back = next(entry for entry in streams.packets() if entry.stamp.epoch > between)

    assert closed_s < 4.0
    assert second.holder in first.said
    assert back.at_ms - killed_ms < TAKEOVER_S * 1000
    assert 3 == len(set(streams.epochs()[KEYS.stream(1)]))
    assert 3 == handshakes(kite)
    assert first.process.poll() is None
    assert_one_after_another(streams)


def test_a_leader_that_ends_is_replaced_at_once(add: Add, streams: Streams) -> None:
    first, second = pair(add, streams)
    epoch = streams.last_epoch()
    code = first.end()
    ended_ms = now_ms()
    eventually(lambda: streams.last_epoch() > epoch, "the second publishes")
    since = next(entry for entry in streams.packets() if entry.stamp.epoch > epoch)

    assert 0 == code
    assert since.at_ms - ended_ms < 2000
    assert second.process.poll() is None


def test_of_two_that_start_at_once_one_leads(add: Add, streams: Streams, kite: LocalKite) -> None:
    machines = [add(), add()]
    eventually(lambda: any(machine.is_ready() for machine in machines), "one stands by")
    eventually(streams.packets, "one publishes")
    leads = [machine for machine in machines if not machine.is_ready()]
    CLOCK.sleep(2.0)

    assert 1 == handshakes(kite)
    assert 1 == len(leads)
    assert [0, 0] == [machine.status() for machine in machines]
    holder = streams.holder()
    assert holder is not None
    assert leads[0].process.pid == holder.pid


def test_a_redis_that_comes_back_empty_finds_the_same_leader(
    add: Add, streams: Streams, kite: LocalKite, redis: RedisServer
) -> None:
    first, second = pair(add, streams)
    epoch = streams.last_epoch()
    redis.kill()
    CLOCK.sleep(1.5)
    redis.start()
    eventually(lambda: streams.last_epoch() > epoch, "somebody publishes")
    CLOCK.sleep(4.0)
    holder = streams.holder()

    assert holder is not None
    assert first.process.pid == holder.pid
    assert 1 == handshakes(kite)
    assert 1 == len(set(streams.epochs()[KEYS.stream(1)]))
    assert second.process.poll() is None
    assert_one_after_another(streams)


def test_a_redis_that_stands_still_does_not_hold_up_ctrl_c(add: Add, streams: Streams, redis: RedisServer) -> None:
    first, second = pair(add, streams)
    redis.pause()
    CLOCK.sleep(0.5)
    for machine in (second, first):
        asked_s = CLOCK.now_s()
        assert 0 == machine.end()
        assert CLOCK.now_s() - asked_s < 2.0


def test_every_tick_is_in_the_streams_or_within_the_gap_of_the_takeover(
    add: Add, streams: Streams, kite: LocalKite, redis: RedisServer
) -> None:
    first, second = pair(add, streams)
    epoch = streams.last_epoch()
    CLOCK.sleep(2.0)
    redis.pause()
    CLOCK.sleep(1.0)  # ticks that are received and not written
    first.kill()
    redis.resume()
    eventually(lambda: streams.last_epoch() > epoch, "the second publishes")
    CLOCK.sleep(2.0)
    assert 0 == second.end()
    packets = streams.packets()
    (gap,) = [gap for gap in streams.gaps() if gap.cause == TAKEOVER]
    from_ms, to_ms = gap.from_at.timestamp() * 1000, gap.to_at.timestamp() * 1000
    last_ms = max(entry.at_ms for entry in packets if entry.stamp.epoch == epoch)
    first_ms = next(entry.at_ms for entry in packets if entry.stamp.epoch > epoch)
    lost = missing(kite, 1, packets, epoch)
    unread = missing(kite, 2, packets, streams.last_epoch())

    assert from_ms < last_ms + 50
    assert abs(to_ms - first_ms) < 500
    assert len(lost) > 5
    assert all(from_ms - 50 < at_ms < to_ms for at_ms in lost)
    assert all(at_ms > packets[-1].at_ms - 50 for at_ms in unread), "only what was on its way when the last one ended"
    assert len(packets) > 20
    assert_one_after_another(streams)


def test_a_takeover_is_one_gap_to_a_group(add: Add, streams: Streams, redis: RedisServer) -> None:
    first, second = pair(add, streams)
    epoch = streams.last_epoch()
    group = Group(KEYS, "book", "one", decode, CLOCK, from_start=True)
    given = group.read(redis.client, 0.0)
    first.kill()
    eventually(lambda: streams.last_epoch() > epoch, "the second publishes")
    assert 0 == second.end()
    while more := group.read(redis.client, 0.0):
        given += more

    assert [TAKEOVER] == [one.what.cause for one in given if isinstance(one.what, Gap)]
    assert len(given) > len(streams.packets()) > 0


def missing(kite: LocalKite, connection: int, packets: Iterable[Written], epoch: int) -> list[float]:
    """When each packet was handed to that connection's socket, on the wall clock in milliseconds, that does not stand
    in the streams under that lease."""
    zero_ms = now_ms() - kite._time.t_s() * 1000
    came = Counter(packet for entry in packets if entry.stamp.epoch == epoch for packet in entry.packets)
    found = []
    for row in kite.sent():
        if row["connection"] == connection and row["ticks"]:
            for packet in map(bytes, split(row["frame"])):
                came[packet] -= 1
                found += [zero_ms + row["t"] * 1000] if came[packet] < 0 else []
    assert max(came.values()) == 0, "what nobody has sent"
    return found
