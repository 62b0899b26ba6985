"""Redis is killed, paused, restarted empty, full or not let in: what becomes of every tick, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli.sharing.entries import Lost
from kitefeed_cli.sharing.lease import LEASE_S
from kitefeed_cli.sharing.words import text_of

from .press import CLOCK, Paper, Press, eventually, press
from .redis_server import RedisServer, redis_server


@pytest.fixture
def paper(server: RedisServer) -> Paper:
    return Paper(server.client)


@pytest.fixture
def saving(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "saving", saving=True) as server:
        yield server


def feed_for(made: Press, seconds: float, every_s: float = 0.01) -> int:
    """How many batches; none may wait for Redis."""
    until_s, slowest_s, many = CLOCK.now_s() + seconds, 0.0, 0
    while (began_s := CLOCK.now_s()) < until_s:
        made.accept(ticks=2, number=1 + many % 2)
        slowest_s = max(slowest_s, CLOCK.now_s() - began_s)
        many += 1
        CLOCK.sleep(every_s)
    assert slowest_s < 0.25
    return many


def all_there(made: Press, paper: Paper) -> None:
    """Every tick is written once, in order on its stream."""
    last = made.last_price
    eventually(lambda: len(paper.prices(1)) + len(paper.prices(2)) >= last)
    for connection in (1, 2):
        assert sorted(paper.prices(connection)) == paper.prices(connection)
        assert list(range(1, len(paper.entries(connection)) + 1)) == [
            one.stamp.number for one in paper.entries(connection)
        ]
    assert list(range(1, last + 1)) == sorted(paper.prices(1) + paper.prices(2))


def said(made: Press) -> list[str]:
    return [problem.why.partition(": ")[2] for problem in made.problems]


def test_a_redis_that_is_killed_and_comes_back_has_every_tick_once(saving: RedisServer) -> None:
    paper = Paper(saving.client)
    with press(saving.url) as made:
        for _ in range(3):
            feed_for(made, 0.5)
            saving.kill()
            feed_for(made, 1.5)
            saving.start()
        all_there(made, paper)
        eventually(lambda: made.backs != [])

    assert {"nothing listens there"} == set(said(made))
    assert all((0, False) == (back.ticks_lost, back.forgotten) for back in made.backs)
    assert 1 == len({entry.stamp.epoch for entry in paper.entries()})


@pytest.mark.parametrize("paused_s", [2.4, LEASE_S + 1.5], ids=["shorter than the lease", "longer"])
def test_a_redis_that_was_paused_has_no_tick_twice(server: RedisServer, paper: Paper, paused_s: float) -> None:
    """The write whose answer did not come in time is in its socket, and carried out when it goes on."""
    with press(server.url) as made:
        feed_for(made, 0.5)
        server.pause()
        feed_for(made, paused_s)
        server.resume()
        feed_for(made, 0.5)
        all_there(made, paper)
        eventually(lambda: made.backs != [])

    assert ["it does not answer"] == said(made)
    assert [(0, False)] == [(back.ticks_lost, back.forgotten) for back in made.backs]
    assert made.backs[0].lasted_s > paused_s - 2.2


def test_a_redis_that_comes_back_empty_gets_all_that_is_new_and_it_is_said(server: RedisServer, paper: Paper) -> None:
    with press(server.url) as made:
        made.feed.followed = {257: ("NSE:X", "ltp")}
        feed_for(made, 0.3)
        eventually(lambda: len(paper.prices(1)) + len(paper.prices(2)) == made.last_price)
        before, epoch = made.last_price, made.lease.epoch
        server.kill()
        feed_for(made, 0.3)
        server.start()
        eventually(lambda: made.backs != [])
        feed_for(made, 0.3)
        eventually(lambda: len(paper.prices(1)) + len(paper.prices(2)) == made.last_price - before)
        eventually(lambda: paper.board(1).newest != () and server.client.get(paper.keys.names) is not None)

    assert list(range(before + 1, made.last_price + 1)) == sorted(paper.prices(1) + paper.prices(2))
    assert [(0, True)] == [(back.ticks_lost, back.forgotten) for back in made.backs]
    assert {made.lease.epoch} == {entry.stamp.epoch for entry in paper.entries()}
    assert made.lease.epoch > epoch
    assert "began" == paper.words()[0].kind


def test_what_was_said_while_nothing_listened_is_written_when_something_does(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis") as server:
        server.kill()
        with press(server.url) as made:
            made.publisher.remark("text", {"kind": "order", "text": "{}"})
            feed_for(made, 1.5)
            server.start()
            paper = Paper(server.client)
            all_there(made, paper)
            eventually(lambda: made.backs != [])

        assert "{}" == text_of(paper.words("text")[0].body).text
        assert ["nothing listens there"] == said(made)


def test_an_outage_is_one_line_however_long_it_lasts(server: RedisServer) -> None:
    with press(server.url) as made:
        server.kill()
        eventually(lambda: made.problems != [])
        CLOCK.sleep(9.0)
        server.start()
        eventually(lambda: made.backs != [])
        server.kill()
        CLOCK.sleep(4.0)
        server.start()

    assert (1, 1) == (len(made.problems), len(made.backs))
    assert "redis-away" == made.problems[0].cause


def test_what_does_not_fit_is_a_loss_in_its_place(server: RedisServer, paper: Paper) -> None:
    with press(server.url, most_bytes=100_000) as made:
        made.accept()
        eventually(lambda: paper.prices() == [1])
        server.pause()
        made.accept()
        CLOCK.sleep(0.1)  # that one is on its way
        for _ in range(1000):
            made.accept(ticks=10)
        eventually(lambda: made.problems != [])
        server.resume()
        eventually(lambda: made.backs != [])
        made.accept()
        eventually(lambda: paper.prices()[-1] == made.last_price)

    prices, (hole,) = paper.prices(), [entry for entry in paper.entries() if isinstance(entry, Lost)]
    lost = hole.ticks
    assert [1, 2, -lost, 3 + lost] == prices[:4]
    assert list(range(3 + lost, made.last_price + 1)) == prices[3:]
    assert 5_000 < lost < 10_000
    assert [lost] == [back.ticks_lost for back in made.backs]
    assert hole.since_us < hole.until_us
    assert lost == made.publisher.counters().lost_ticks
    assert list(range(1, len(paper.entries()) + 1)) == [entry.stamp.number for entry in paper.entries()]


def test_words_that_do_not_fit_are_missing_numbers(server: RedisServer, paper: Paper) -> None:
    with press(server.url, most_bytes=10_000) as made:
        eventually(lambda: len(paper.words("condition")) == 1)
        server.pause()
        for number in range(100):
            made.publisher.remark("text", {"kind": "order", "text": str(number)})
        eventually(lambda: made.problems != [])
        server.resume()
        eventually(lambda: made.backs != [])
        eventually(lambda: len(paper.words("text")) > 0)

    texts = [int(text_of(word.body).text) for word in paper.words("text")]
    numbers = [word.stamp.number for word in paper.words()]
    assert 99 == texts[-1]
    assert 0 < len(texts) < 60
    assert 100 - len(texts) == numbers[-1] - len(numbers)


def test_a_full_memory_makes_room_by_what_is_trimmed_anyhow(server: RedisServer, paper: Paper) -> None:
    with press(server.url, keep_s=2.0) as made:
        made.accept(ticks=2000)
        eventually(lambda: len(paper.entries()) == 1)
        used = int(server.client.info("memory")["used_memory"])
        server.client.config_set("maxmemory", str(used + 3_000_000))
        for _ in range(200):
            made.accept(ticks=2000)  # 20 kB each
        eventually(lambda: made.problems != [])
        eventually(lambda: made.backs != [])
        eventually(lambda: paper.prices()[-1] == made.last_price)

    assert ["its memory is full"] == said(made)
    assert [(0, False)] == [(back.ticks_lost, back.forgotten) for back in made.backs]


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    with redis_server(tmp_path / "redis", "--appendfsync", "everysec", saving=True) as server:
        server.kill()
        server.start(largest_file=300_000)
        paper = Paper(server.client)
        with press(server.url) as made:
            for _ in range(30):
                made.accept(ticks=2000)
                CLOCK.sleep(0.02)
            eventually(lambda: made.problems != [])
            feed_for(made, 1.0)
            server.room()
            eventually(lambda: made.backs != [])
            eventually(lambda: len(paper.prices(1)) + len(paper.prices(2)) == made.last_price)
            server.kill()
            server.start()
            all_there(made, paper)

    assert ["it cannot save to its disk and refuses writes"] == said(made)
    assert [(0, False)] == [(back.ticks_lost, back.forgotten) for back in made.backs]


def test_a_replica_and_a_password_that_was_changed_are_named(server: RedisServer, paper: Paper) -> None:
    with press(server.url) as made:
        made.accept()
        server.client.replicaof("127.0.0.1", "1")
        eventually(lambda: made.problems != [])
        server.client.replicaof("NO", "ONE")
        eventually(lambda: made.backs != [])
    with press(server.url, "another") as other:
        other.accept()
        server.client.config_set("requirepass", "secret-secret")
        server.client.client_kill_filter(skipme=True)
        eventually(lambda: other.problems != [])

    assert (["it is a replica and takes no writes"], ["it refuses the user or the password"]) == (
        said(made),
        said(other),
    )


def test_the_end_waits_for_no_redis(server: RedisServer) -> None:
    with press(server.url) as made:
        feed_for(made, 0.3)
        server.pause()
        feed_for(made, 0.3)
        at_s = CLOCK.now_s()
        made.publisher.close()
        took_s = CLOCK.now_s() - at_s
        server.resume()

    assert took_s < 0.9


def test_what_is_there_at_the_end_is_written(server: RedisServer, paper: Paper) -> None:
    with press(server.url) as made:
        eventually(lambda: bool(made.lease.value))
        for _ in range(2000):
            made.accept()
        made.publisher.close()

    assert 2000 == len(paper.prices())
