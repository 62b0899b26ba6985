from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli import Delivery, GroupReader, Problem
from kitefeed_cli.clock import SystemClock

from ..sharing.pen import Pen, ltp
from ..sharing.redis_server import RedisServer, redis_server

CLOCK = SystemClock()
INFY = 408065
PAGE = Path(__file__).parents[2] / "docs/groups.md"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with redis_server(tmp_path / "redis") as running:
        monkeypatch.setenv("KITEFEED_FROM", running.url)
        yield running


@pytest.fixture
def pen(server: RedisServer) -> Pen:
    pen = Pen(server.client)
    pen.names({INFY: "NSE:INFY"})
    pen.condition()
    return pen


def coming(reader: GroupReader) -> Delivery:
    delivery = reader.next(5.0)
    assert delivery is not None
    return delivery


def test_a_batch_comes_with_columns_and_dictionaries(pen: Pen) -> None:
    pen.packets(ltp(INFY, 152340), ltp(INFY, 152345))
    with GroupReader("book", from_start=True) as reader:
        delivery = coming(reader)

        assert ["NSE:INFY"] * 2 == delivery.batch.instruments
        assert [1523.4, 1523.45] == delivery.batch["last_price"].tolist()
        assert [1523.4, 1523.45] == [tick["last_price"] for tick in delivery.batch.to_dicts()]
        assert (False, None) == (delivery.redelivered, delivery.gap)
        assert "live" == reader.state
        assert delivery.acknowledge()


def test_what_was_acknowledged_is_over_and_the_rest_comes_again_marked(pen: Pen) -> None:
    for units in (100, 200, 300):
        pen.packets(ltp(INFY, units))
    with GroupReader("book", from_start=True) as reader:
        first = [coming(reader) for _ in range(3)]
        first[1].acknowledge()
        name = reader.consumer
    with GroupReader("book") as again:
        second = [coming(again) for _ in range(2)]

        assert name == again.consumer
        assert [(1.0, True), (3.0, True)] == [(one.batch["last_price"][0], one.redelivered) for one in second]
        assert again.next(0.0) is None


def test_a_gap_is_a_delivery_without_values(pen: Pen) -> None:
    pen.packets(ltp(INFY, 100))
    pen.skip(3)
    pen.packets(ltp(INFY, 200))
    with GroupReader("book", from_start=True) as reader:
        given = [coming(reader) for _ in range(3)]

    gaps = [one for one in given if one.gap is not None]
    assert [("missing", {"entries": 3}, [])] == [
        (one.gap.cause, one.missing, one.batch.to_dicts()) for one in gaps if one.gap is not None
    ]


def test_two_in_one_program_share(pen: Pen) -> None:
    for units in range(100):
        pen.packets(ltp(INFY, units * 100))
    with GroupReader("book", from_start=True) as one, GroupReader("book") as other:
        assert one.consumer != other.consumer
        given: list[Delivery] = []
        while len(given) < 100:
            given += [delivery for reader in (one, other) if (delivery := reader.next(0.0)) is not None]

        assert list(range(100)) == sorted(int(delivery.batch["last_price"][0]) for delivery in given)
        assert {False} == {delivery.redelivered for delivery in given}


def test_another_thread_may_acknowledge_and_close(pen: Pen) -> None:
    pen.packets(ltp(INFY, 100))
    with GroupReader("book", from_start=True) as reader:
        delivery = coming(reader)
        said: list[bool] = []

        def work() -> None:
            said.append(delivery.acknowledge())
            reader.close()

        worker = threading.Thread(target=work)
        worker.start()
        assert [] == list(reader)
        worker.join()

        assert [True] == said
        assert "stopped" == reader.state
        assert not delivery.acknowledge()
        with pytest.raises(RuntimeError):
            reader.next(0.0)


def test_it_may_be_opened_again(pen: Pen) -> None:
    reader = GroupReader("book", from_start=True)
    for units in (100, 200):
        pen.packets(ltp(INFY, units))
        with reader:
            delivery = coming(reader)
            assert units / 100 == delivery.batch["last_price"][0]
            delivery.acknowledge()


def test_redis_that_is_away_is_a_problem_and_a_line_in_the_log(
    server: RedisServer, pen: Pen, caplog: pytest.LogCaptureFixture
) -> None:
    pen.packets(ltp(INFY, 100))
    with GroupReader("book", from_start=True) as reader:
        delivery = coming(reader)
        server.kill()
        until_s = CLOCK.now_s() + 10.0
        while not caplog.records:
            assert reader.next(0.1) is None
            assert CLOCK.now_s() < until_s

        assert not delivery.acknowledge()
        assert "stale" == reader.state
        assert reader.problem is not None
        assert "nothing comes from Redis" == reader.problem.what


def test_a_password_that_is_wrong_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with redis_server(tmp_path / "redis", "--requirepass", "right-password") as server:
        url = f"redis://:wrong-password@127.0.0.1:{server.port}"
        with GroupReader("book", url=url) as reader, pytest.raises(Problem) as caught:
            reader.next(5.0)

    assert "password" in caught.value.why
    assert "wrong-password" not in str(caught.value) + repr(reader)


def test_what_cannot_be_right_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KITEFEED_FROM", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(Problem, match="no Redis is named"), GroupReader("book"):
        pass
    with pytest.raises(Problem, match="cannot be the name"), GroupReader("a b", url="redis://127.0.0.1"):
        pass
    with pytest.raises(TypeError):
        GroupReader(None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="not open"):
        GroupReader("book").next(0.0)


def test_a_forked_child_is_told(pen: Pen) -> None:
    with GroupReader("book", from_start=True) as reader:
        reader.next(0.0)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                reader.next(0.0)
            except RuntimeError:
                os.write(write, b"told")
            os._exit(0)
        os.waitpid(child, 0)
        assert b"told" == os.read(read, 10)
        os.close(read)
        os.close(write)


_EXAMPLES = [
    code for code in re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S) if "GroupReader" in code
]


def test_there_is_an_example() -> None:
    assert _EXAMPLES


@pytest.mark.parametrize("code", _EXAMPLES)
def test_an_example_prints_ticks_until_ctrl_c(code: str, pen: Pen, server: RedisServer) -> None:
    code = re.sub(r"redis://[\w.]+", server.url, code)
    program = subprocess.Popen(
        [sys.executable, "-u", "-W", "error", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            pen.packets(ltp(INFY, 152340))
            CLOCK.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert program.stdout is not None
        lines = [program.stdout.readline() for _ in range(3)]
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=20)
    finally:
        ended.set()
        writer.join()
        program.kill()

    assert all("1523.4" in line for line in lines), err
    assert "KeyboardInterrupt" == err.strip().splitlines()[-1]


def test_nothing_heavy_is_loaded_by_the_name_alone() -> None:
    code = (
        "import sys; from kitefeed_cli import GroupReader; print(*({'redis', 'numpy', 'aiohttp'} & sys.modules.keys()))"
    )
    assert "" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
