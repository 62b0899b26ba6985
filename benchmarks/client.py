"""One client in a process of its own: `python -m benchmarks.client WHICH ROOT PACKETS NUMBER`, WHICH being official,
kitefeed, free, whole or bare.

Prints the CPU seconds of the whole process a tick, once it has settled down, and the times at which frames reached the
callback, on the system's monotonic clock.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

from .frames import steady
from .server import framed

# From the first frame on: as long as threads of numpy, which never get any work, go round and round before they sleep.
_SETTLED_S = 0.2


class Counter:
    """Counts ticks; writes the result and ends the process after `number` frames."""

    def __init__(self, number: int, packets: int) -> None:
        self._number = number
        self._packets = packets
        self._times: list[float] = []
        self._from: tuple[int, float] | None = None  # frames, CPU seconds

    def frame(self) -> None:
        now_s = time.monotonic()
        self._times.append(now_s)
        if len(self._times) == self._number:
            frames, before_s = self._from or (0, 0.0)
            cpu_s = (time.process_time() - before_s) / (self._number - frames) / self._packets
            sys.stdout.write(json.dumps({"cpu_s": cpu_s, "times": self._times[:1000]}))
            sys.stdout.flush()
            os._exit(0)
        if self._from is None and now_s - self._times[0] >= _SETTLED_S:
            self._from = len(self._times), time.process_time()

    def fail(self, why: str) -> None:
        sys.stderr.write(f"{why}\n")
        sys.stderr.flush()
        os._exit(1)


def official(root: str, counter: Counter) -> None:
    from kiteconnect import KiteTicker

    ticker = KiteTicker("api_key", "access_token", root=root)
    ticker.on_ticks = lambda ws, ticks: counter.frame()
    ticker.connect()


def kitefeed(root: str, counter: Counter, packets: int, which: str) -> None:
    """`whole`: with all that `kitefeed run` does; `free`: on any processor, as in a program that uses the library."""
    from kitefeed_cli.kite.packets import decode
    from kitefeed_cli.wiring.vitals.processor import keep_to_one_processor

    from .ours import Ours

    if which != "free":
        keep_to_one_processor()  # as `kitefeed run` does
    wanted = dict.fromkeys(decode(steady(packets)[0]).tokens(), "full")
    Ours(lambda ticks: counter.frame(), counter.fail, which == "whole").connect(root, wanted)
    threading.Event().wait()


def bare(root: str, counter: Counter, packets: int) -> None:
    """A socket that reads as many bytes as there are in a frame, and decodes nothing."""
    url = urlsplit(root)
    size = len(framed(steady(packets)[0]))
    with socket.create_connection((url.hostname, url.port)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += sock.recv(1)
        while True:
            sock.recv(size, socket.MSG_WAITALL)
            counter.frame()


def main() -> None:
    which, root = sys.argv[1:3]
    packets, number = map(int, sys.argv[3:])
    counter = Counter(number, packets)
    if which == "official":
        official(root, counter)
    elif which == "bare":
        bare(root, counter, packets)
    else:
        kitefeed(root, counter, packets, which)


if __name__ == "__main__":
    main()
