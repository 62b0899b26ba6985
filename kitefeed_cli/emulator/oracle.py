"""What the local Kite saw and said: the records that tests judge by. Bounded, and free of access tokens."""

from __future__ import annotations

from collections import deque
from typing import TypedDict

from kitefeed_cli.emulator.packets import Frame, Tick

REQUESTS_KEPT = 100_000
PACKETS_KEPT = 50_000


class RequestRow(TypedDict):
    """One request or handshake. `t`: seconds since the start; `status` 0: it was never answered."""

    t: float
    kind: str  # "rest" or "ws"
    method: str
    path: str  # without the query, which carries secrets
    status: int


class SentRow(TypedDict):
    """One binary frame handed to a client's socket; `connection` counts accepted handshakes from 1."""

    connection: int
    t: float
    frame: bytes
    ticks: list[Tick]


class RequestLog:
    """Every request and handshake in order of arrival, refused and unanswered ones too."""

    def __init__(self) -> None:
        self._rows: deque[RequestRow] = deque(maxlen=REQUESTS_KEPT)

    def open(self, t: float, kind: str, method: str, path: str) -> RequestRow:
        """Note the arrival; the caller writes the status into the row when it answers."""
        row = RequestRow(t=round(t, 3), kind=kind, method=method, path=path, status=0)
        self._rows.append(row)
        return row

    def rows(self) -> list[RequestRow]:
        return [row.copy() for row in self._rows]


class SentLog:
    """The latest frames sent, at most PACKETS_KEPT packets (a heartbeat counts as one)."""

    def __init__(self) -> None:
        self._rows: deque[tuple[int, float, Frame]] = deque()
        self._weight = 0

    def add(self, connection: int, t: float, frame: Frame) -> None:
        self._rows.append((connection, t, frame))
        self._weight += frame.weight
        while self._weight > PACKETS_KEPT:
            self._weight -= self._rows.popleft()[2].weight

    def rows(self) -> list[SentRow]:
        return [
            SentRow(connection=number, t=t, frame=frame.payload, ticks=frame.ticks()) for number, t, frame in self._rows
        ]
