"""A gateway on a port of its own, the run behind it, and clients."""

from __future__ import annotations

import http.client
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import websocket

from kitefeed_cli.clock import Clock, SystemClock
from kitefeed_cli.gateway.server import Gateway, Serving
from kitefeed_cli.gateway.upstream import Condition, Declined
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.batch import TickBatch

from ..emulator.client import packets_of

INFY, NIFTY, SBIN = 408065, 256265, 779521
PATIENCE_S = 5.0

# The vectors that the decoder is pinned to (tests/kite/test_packets.py), and a full packet made of the same quote.
INDEX_FULL = bytes.fromhex("0003e909002620cd002639280025fe9a002625a0002625a0fffffb2d69573f3c")
QUOTE = bytes.fromhex("00063a010002668300000007000265690011f1b20003e9ff00058037000264f30002673c000261c90002646c")
FULL = (
    QUOTE
    + struct.pack(">5I", 1767325555, 0, 0, 0, 1767325556)
    + b"".join(struct.pack(">IIHxx", 10 + level, 157310 + level, level) for level in range(10))
)


def frame(*packets: bytes) -> bytes:
    """As Kite sends them."""
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(one)) + one for one in packets)


def batch(*packets: bytes, received_s: float = 0.0) -> TickBatch:
    """What the reader makes of such a frame."""
    decoded = decode(frame(*packets))
    decoded.received_s = received_s
    return decoded


def priced(packet: bytes, units: int) -> bytes:
    """The same with another last price."""
    return packet[:4] + units.to_bytes(4, "big") + packet[8:]


def deeper(packet: bytes) -> bytes:
    """The same full packet with another depth alone."""
    return packet[:-2] + b"\0\0" if packet[-12:-8] == b"\0\0\0\1" else packet[:-12] + b"\0\0\0\1" + packet[-8:]


class Behind:
    """An upstream that is as the test says."""

    def __init__(self) -> None:
        self.now = Condition("live", source="feed", frame_age_s=0.2)
        self.followed: dict[int, str] = {INFY: "NSE:INFY", NIFTY: "NSE:NIFTY 50", SBIN: "NSE:SBIN"}
        self.wanted: list[dict[int, str]] = []
        self.declines: list[Declined] = []
        self.link: str | Problem = "https://kite.example/connect/login?api_key=k"
        self.logins: list[str] = []
        self.csv: bytes | Problem = b"instrument_token,exchange\n408065,NSE\n"

    def condition(self) -> Condition:
        return self.now

    def become(self, **words: Any) -> None:
        self.now = replace(self.now, **words)

    def names(self) -> Mapping[int, str]:
        return self.followed

    @property
    def latest(self) -> dict[int, str]:
        """What the clients want now."""
        return self.wanted[-1] if self.wanted else {}

    def user_name(self) -> str:
        return "A Trader"

    def want(self, wanted: Mapping[int, str]) -> list[Declined]:
        self.wanted.append(dict(wanted))
        return self.declines

    def list_of(self, exchange: str | None) -> bytes:
        if isinstance(self.csv, Problem):
            raise self.csv
        return self.csv

    def counters(self) -> Mapping[str, Any]:
        return {}

    def login_origin(self) -> str:
        return "https://kite.example"

    def begin_login(self, back: str) -> str:
        self.logins.append(back)
        if isinstance(self.link, Problem):
            raise self.link
        return self.link

    def login_news(self) -> str:
        return ""


class Desk:
    """A gateway that is up, and what it needs."""

    def __init__(self, serving: Serving | None = None, clock: Clock | None = None) -> None:
        self.upstream = Behind()
        self.failures: list[Problem] = []
        self._clients: list[Listening] = []
        self.clock = clock or SystemClock()
        self.gateway = Gateway(serving or Serving(), self.upstream, self.clock, self.failures.append)

    def __enter__(self) -> Desk:
        self.gateway.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self.gateway.stop()
        assert self.failures == []

    def bring(self, *packets: bytes) -> None:
        self.gateway.accept(batch(*packets, received_s=self.clock.now_s()))

    def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (by lower-case name) and body of a GET."""
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        """The same for any method; a header's name is written with `_`."""
        line = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE_S)
        try:
            line.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            line.close()

    def state(self) -> dict[str, Any]:
        """What `GET /state` says."""
        state: dict[str, Any] = json.loads(self.get("/state")[2])
        return state

    def client(self, **wishes: Any) -> Listening:
        client = Listening(f"ws://{self.gateway.root}", **wishes)
        self._clients.append(client)
        return client


class Listening:
    """One client of the relay that speaks Kite by hand."""

    def __init__(self, url: str, query: str = "?api_key=k&access_token=t", **wishes: Any) -> None:
        self.ws = websocket.create_connection(url + "/" + query, timeout=PATIENCE_S, suppress_origin=True, **wishes)

    def say(self, action: str, value: object) -> None:
        self.ws.send(json.dumps({"a": action, "v": value}))

    def next(self) -> bytes | str:
        got = self.ws.recv()
        assert isinstance(got, bytes | str)
        return got

    def packets(self) -> list[bytes]:
        """Those of the next binary frame that is no heartbeat."""
        while True:
            got = self.next()
            if isinstance(got, bytes) and len(got) > 1:
                return packets_of(got)

    def text(self) -> dict[str, Any]:
        """The next text."""
        while True:
            got = self.next()
            if isinstance(got, str) and got:
                answer: dict[str, Any] = json.loads(got)
                return answer

    def closed(self) -> tuple[int, str]:
        """Read on until the other side closes: the code and the reason."""
        while True:
            frame = self.ws.frame_buffer.recv_frame()
            if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
                assert isinstance(frame.data, bytes)
                return int.from_bytes(frame.data[:2], "big"), frame.data[2:].decode()

    def settle(self) -> None:
        """Wait until what was said has been obeyed; what comes meanwhile is lost."""
        self.ws.ping()
        while self.ws.recv_data(control_frame=True)[0] != websocket.ABNF.OPCODE_PONG:
            pass

    def close(self) -> None:
        """Leave without a goodbye."""
        self.ws.shutdown()  # type: ignore[no-untyped-call]  # the library ships no types


def eventually(holds: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until it holds."""
    clock = SystemClock()
    until_s = clock.now_s() + patience_s
    while not holds():
        assert clock.now_s() < until_s, "it never came to be"
        clock.sleep(0.01)
