"""One client in a process of its own: `python -m benchmarks.client official|kitefeed|with-board PORT PACKETS NUMBER`.

Prints the CPU seconds of the whole process a tick, from the second frame on, and the times at which frames reached the
callback, on the system's monotonic clock.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable

from .frames import steady


class Counter:
    """Counts ticks from the second frame on; writes the result and ends the process after `number` frames."""

    def __init__(self, number: int, packets: int) -> None:
        self._number = number
        self._packets = packets
        self._times: list[float] = []
        self._starts_s = 0.0
        self.done = threading.Event()

    def frame(self) -> None:
        self._times.append(time.monotonic())
        if len(self._times) == 1:
            self._starts_s = time.process_time()
        if len(self._times) == self._number:
            cpu_s = (time.process_time() - self._starts_s) / (self._number - 1) / self._packets
            sys.stdout.write(json.dumps({"cpu_s": cpu_s, "times": self._times[:1000]}))
            sys.stdout.flush()
            os._exit(0)


def official(port: int, counter: Counter) -> None:
    from kiteconnect import KiteTicker

    ticker = KiteTicker("api_key", "access_token", root=f"ws://127.0.0.1:{port}")
    ticker.on_ticks = lambda ws, ticks: counter.frame()
    ticker.connect()


def kitefeed(port: int, counter: Counter, packets: int, with_board: bool) -> None:
    from kitefeed_cli.clock import SystemClock
    from kitefeed_cli.kite.feed import Feed
    from kitefeed_cli.kite.packets import decode
    from kitefeed_cli.ticks.batch import TickBatch
    from kitefeed_cli.ticks.board import Board
    from kitefeed_cli.ticks.bus import Bus, WhenFull
    from kitefeed_cli.ticks.last import Batch

    class Output:
        def accept(self, batch: Batch) -> None:
            assert isinstance(batch, TickBatch)
            if batch.columnar:
                for group in batch.groups():
                    group.words  # noqa: B018 - every field, as the official client decodes them all
            counter.frame()

        def close(self) -> None:
            pass

    clock = SystemClock()
    board = Board(clock)
    bus = Bus(clock, lambda name, error: os._exit(1))
    # A queue that the server cannot fill: this measures work, not what is dropped.
    bus.attach("counter", Output(), WhenFull.DROP_OLDEST, 1 << 30)

    def deliver(batch: Batch) -> None:
        if with_board:
            board.take(batch)
        bus.deliver(batch)

    to: Callable[[Batch], None] = deliver if with_board else bus.deliver
    wanted = dict.fromkeys(decode(steady(packets)[0]).tokens(), "full")
    feed = Feed(f"ws://127.0.0.1:{port}", "api_key", clock, lambda event: None, to, wanted, lambda: True)
    feed.open(1, "access_token", 10.0)
    counter.done.wait()


def main() -> None:
    which, port, packets, number = sys.argv[1], *map(int, sys.argv[2:])
    counter = Counter(number, packets)
    if which == "official":
        official(port, counter)
    else:
        kitefeed(port, counter, packets, which == "with-board")


if __name__ == "__main__":
    main()
