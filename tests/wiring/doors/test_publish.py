"""A whole run on a local Kite, published through a real Redis."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from kitefeed_cli.calendar import AlwaysOpen
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.gateway.upstream import Condition
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import read_settings
from kitefeed_cli.sharing.keys import Keys
from kitefeed_cli.sharing.server import Address
from kitefeed_cli.sharing.wants import Wish
from kitefeed_cli.sharing.words import began_of, gap_of, state_of, text_of
from kitefeed_cli.ticks.lane import WhenFull
from kitefeed_cli.ticks.last import Batch
from kitefeed_cli.ticks.packets import packets_of, split
from kitefeed_cli.wiring.doors.publish import published_alone, publishing_of
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.run.feed_run import FeedRun

from ...sharing.press import Paper, eventually
from ...sharing.redis_server import RedisServer, redis_server

CLOCK = SystemClock()
INFY, NIFTY, SBIN = 408065, 256265, 779521
PATIENCE_S = 20.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path / "redis") as running:
        yield running


class Witness:
    """What the run's own outputs got."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def accept(self, batch: Batch) -> None:
        self.packets += [packet for _, packet in packets_of(batch)]  # type: ignore[arg-type]

    def close(self) -> None:
        pass


@dataclass
class Published:
    kite: LocalKite
    store: TokenStore
    run: FeedRun
    err: io.StringIO
    witness: Witness

    def lines(self, word: str) -> int:
        return sum(word in line for line in self.err.getvalue().splitlines())


@contextmanager
def published(tmp_path: Path, url: str) -> Iterator[Published]:
    with LocalKite(CLOCK) as kite:
        env_file = tmp_path / ".env"
        settings = read_settings(
            env_file, {**environment(kite), "KITEFEED_PUBLISH": url}, instruments=["NSE:INFY", "NSE:NIFTY 50"]
        )
        store = TokenStore(env_file)
        store.save(kite.access_token)
        err, witness = io.StringIO(), Witness()
        printer = Printer(io.StringIO(), err, CLOCK)
        run = FeedRun(settings, store, CLOCK, printer, calendar=AlwaysOpen())
        with published_alone(run, publishing_of(settings), CLOCK, printer):
            run.bus.attach("witness", witness, WhenFull.BLOCK)
            thread = threading.Thread(target=run.run, name="kitefeed-test-run")
            thread.start()
            try:
                yield Published(kite, store, run, err, witness)
            finally:
                run.stop()
                thread.join(PATIENCE_S)
                assert not thread.is_alive(), "the run did not end"


def test_every_packet_that_the_run_got_is_published_and_how_it_is(tmp_path: Path, server: RedisServer) -> None:
    paper = Paper(server.client)
    with published(tmp_path, server.url) as feed:
        eventually(lambda: paper.board(1).newest != ())
        names = orjson.loads(server.client.get(paper.keys.names) or b"{}")
        states = [state_of(word.body) for word in paper.words("condition")]
        board = paper.board(1)

    packets = [packet for entry in paper.entries() for packet in split(entry.frame)]  # type: ignore[union-attr]
    assert feed.witness.packets == packets
    assert {str(INFY): ["NSE:INFY", "quote"], str(NIFTY): ["NSE:NIFTY 50", "quote"]} == names
    assert ("live", "feed", "Local Trader", 1) == (
        states[-1].condition.state,
        states[-1].condition.source,
        states[-1].user_name,
        states[-1].connections,
    )
    assert states[-1].condition.frame_age_s < 5.0
    assert ["feed"] == [one.source for one in board.newest]
    assert 1 == len(paper.words("began"))
    assert began_of(paper.words("began")[0].body).version
    assert server.client.get(paper.keys.lease) is None, "it was not given back"
    assert 1 == feed.lines(f"Publishing to 127.0.0.1:{server.port}")


def test_what_has_become_of_the_ticks_is_in_the_vitals(tmp_path: Path, server: RedisServer) -> None:
    with published(tmp_path, server.url) as feed:
        eventually(lambda: feed.lines("Publishing to") == 1 and len(feed.witness.packets) > 2)
        server.kill()
        eventually(lambda: feed.lines("error:") == 1)
        away = feed.run.monitor.vitals().published
        server.start()
        eventually(lambda: feed.lines("Published again") == 1)
        back = feed.run.monitor.vitals().published

    assert away is not None
    assert away.waiting_ticks > 0
    assert away.behind_s > 0.5
    assert "nothing listens there" == away.away
    assert back is not None
    assert back.ticks >= away.ticks + away.waiting_ticks
    assert (None, 0, False) == (back.away, back.lost_ticks, back.elsewhere)
    assert 0 < back.frames <= back.ticks


def test_what_a_restart_missed_is_a_gap_like_that_of_a_takeover(tmp_path: Path, server: RedisServer) -> None:
    paper = Paper(server.client)
    with published(tmp_path, server.url):
        eventually(lambda: paper.entries() != [])
    told, last = paper.words("gap"), paper.ids()[-1]
    CLOCK.sleep(5.5)
    with published(tmp_path, server.url) as feed:
        eventually(lambda: paper.words("gap") != [])
        eventually(lambda: paper.ids()[-1] != last)
        shown = feed.run.monitor.vitals().gaps

    (gap,) = [gap_of(word.body) for word in paper.words("gap")]
    first = paper.ids()[paper.ids().index(last) + 1]
    assert [] == told, "there was nobody before"
    assert ("takeover", 1, {INFY, NIFTY}) == (gap.cause, gap.connection, set(gap.instruments))
    for entry_id, at in ((last, gap.from_at), (first, gap.to_at)):
        assert int(entry_id.partition(b"-")[0]) / 1000 == pytest.approx(at.timestamp(), abs=0.5)
    assert gap.lasted_s > 5.0
    assert 1 == shown


def test_a_dead_access_token_a_login_a_gap_and_an_order_are_told_to_readers(
    tmp_path: Path, server: RedisServer
) -> None:
    paper = Paper(server.client)

    def latest() -> Any:
        words = paper.words("condition")
        return state_of(words[-1].body).condition if words else Condition("")

    with published(tmp_path, server.url) as feed:
        eventually(lambda: latest().state == "live")
        for ear in feed.run.ears:
            ear("order", '{"type":"order","data":{}}')
        feed.kite.set_token("expired")
        feed.kite.set_faults({"feed": "dropped"})
        eventually(lambda: latest().state == "signed-out")
        trouble = latest().trouble
        CLOCK.sleep(5.5)
        feed.kite.set_faults({})
        feed.store.save(feed.kite.login())
        eventually(lambda: latest().state == "live")
        eventually(lambda: paper.words("gap") != [])

    assert trouble is not None
    assert "token-expired" == trouble.cause
    assert "kitefeed login" in trouble.next_step
    gap = gap_of(paper.words("gap")[0].body)
    assert ((INFY, NIFTY), 1) == (tuple(sorted(gap.instruments, reverse=True)), gap.connection)
    assert gap.lasted_s > 5.0
    assert ["order"] == [text_of(word.body).kind for word in paper.words("text")]


def test_a_feed_that_another_program_publishes_is_refused(tmp_path: Path, server: RedisServer) -> None:
    server.client.set(Keys().lease, "5:elsewhere:77:1790000000:00")

    with pytest.raises(Problem) as caught, published(tmp_path, server.url):
        pass

    assert ("process 77 on elsewhere", Exit.NO) == (caught.value.why.partition(",")[0], caught.value.exit_code)
    assert "--standby" in caught.value.next_step


def test_the_lease_of_a_program_that_was_killed_is_waited_for(tmp_path: Path, server: RedisServer) -> None:
    server.client.set(Keys().lease, "5:elsewhere:77:1790000000:00", px=2000)
    server.client.set(Keys().epoch, 5)

    with published(tmp_path, server.url):
        eventually(lambda: Paper(server.client).entries() != [])


def test_a_redis_that_is_away_at_the_start_is_one_line_and_no_reason_not_to_run(
    tmp_path: Path, server: RedisServer
) -> None:
    server.kill()
    paper = Paper(server.client)
    with published(tmp_path, server.url) as feed:
        eventually(lambda: len(feed.witness.packets) > 2 and feed.lines("error:") > 0)
        server.start()
        eventually(lambda: feed.lines("Published again after") == 1)

    packets = [packet for entry in paper.entries() for packet in split(entry.frame)]  # type: ignore[union-attr]
    assert feed.witness.packets == packets
    assert (1, 1) == (feed.lines("error:"), feed.lines("nothing listens there"))
    assert 1 == feed.lines("nothing lost")


def test_a_lease_that_is_lost_is_one_line_and_its_return_another(tmp_path: Path, server: RedisServer) -> None:
    paper = Paper(server.client)
    with published(tmp_path, server.url) as feed:
        eventually(lambda: paper.entries() != [])
        epoch = int(server.client.get(paper.keys.epoch) or 0) + 1
        server.client.set(paper.keys.epoch, epoch)
        server.client.set(paper.keys.lease, f"{epoch}:elsewhere:77:1790000000:00", px=3000)
        eventually(lambda: feed.lines("error:") == 1)
        vitals = feed.run.monitor.vitals().published
        kept, had = len(paper.entries()), len(feed.witness.packets)
        eventually(lambda: len(feed.witness.packets) > had)
        meanwhile = len(paper.entries())
        eventually(lambda: feed.lines("Publishing again") == 1)
        eventually(lambda: len(paper.entries()) > kept)

    assert vitals is not None
    assert vitals.elsewhere
    assert kept == meanwhile
    assert (1, 1) == (feed.lines("error:"), feed.lines("process 77 on elsewhere"))
    assert (0, 0) == (feed.lines("Published again"), feed.lines("could not be published"))


def test_what_a_relays_clients_want_is_followed_and_what_cannot_be_had_is_told(
    tmp_path: Path, server: RedisServer
) -> None:
    wish = Wish(Address.parse(server.url, "test"))
    paper = Paper(server.client)

    def brought() -> set[int]:
        return {int.from_bytes(one[:4], "big") for entry in paper.entries() for one in split(entry.frame)}  # type: ignore[union-attr]

    with published(tmp_path, server.url):
        declined: dict[str, Any] = {}
        eventually(lambda: paper.entries() != [])
        eventually(lambda: bool(declined.update(wish.tell({SBIN: "full", 4: "ltp"})) or declined))
        eventually(lambda: SBIN in brought())
    wish.drop()

    assert [[4]] == list(declined.values())


def test_ctrl_c_ends_it_in_two_seconds_although_redis_stands_still(tmp_path: Path, server: RedisServer) -> None:
    command = [sys.executable, "-m", "kitefeed_cli", "run", "--emulator", "--publish", server.url, "256265"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path) as run:
        eventually(lambda: len(Paper(server.client).entries()) > 2)
        server.pause()
        CLOCK.sleep(0.5)
        at_s = CLOCK.now_s()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=10.0)
        took_s = CLOCK.now_s() - at_s

    assert (0, True) == (run.returncode, took_s < 2.0)
    assert b"Traceback" not in said


def test_a_password_on_the_command_line_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kitefeed_cli", "run", "--emulator", "--publish", "redis://:hunter22@127.0.0.1:1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=30)

    assert (Exit.USAGE, False) == (done.returncode, "hunter22" in done.stdout + done.stderr)
    assert "KITEFEED_PUBLISH" in done.stderr
