"""What the page shows of the past: prices and delays of the last minutes, and the states of the day."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..clock import Clock
from .intake import Known, News
from .quotes import exchange_at_of, price_of
from .upstream import Condition

SPARK = 60  # points; one every two seconds
SPARK_S = 2.0
SECONDS = 300  # of delays
_SPANS = 1000  # of states; then the oldest are forgotten
_LOOKED_AT = 8  # packets of a batch whose exchange time is looked at


@dataclass(slots=True)
class Span:
    """A state that lasted. Times on the wall."""

    state: str
    why: str | None
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class Second:
    """The delays of one second. `ours_ms`: from the receipt of a frame to when it was handed to the clients, the worst
    of the second. `exchange_ms`: from the exchange's time, which is in whole seconds, to the receipt, the middle one.
    None: no tick, or none with a time."""

    at_ms: int
    ours_ms: float | None
    exchange_ms: float | None


class History:
    """Lives on the gateway's loop alone."""

    def __init__(self, known: Mapping[int, Known], clock: Clock) -> None:
        self.seconds: deque[Second] = deque(maxlen=SECONDS)
        self.spans: list[Span] = []
        self.sparks: dict[int, deque[float]] = {}
        self._known = known
        self._clock = clock
        self._spark_s = -math.inf
        self._ours_ms: list[float] = []
        self._exchange_ms: list[float] = []
        self._watching: list[set[int]] = []

    def watch(self) -> set[int]:
        """A set that collects the instrument tokens that have news, until `unwatch`; whoever reads it empties it."""
        fresh: set[int] = set()
        self._watching.append(fresh)
        return fresh

    def unwatch(self, fresh: set[int]) -> None:
        self._watching = [one for one in self._watching if one is not fresh]

    @property
    def watchers(self) -> int:
        return len(self._watching)

    def note(self, line: Sequence[News]) -> None:
        """These were handed out just now."""
        if not line:
            return
        now_s = self._clock.now_s()
        wall_ms = self._clock.wall().timestamp() * 1000
        for news in line:
            age_ms = (now_s - news.received_s) * 1000
            self._ours_ms.append(age_ms)
            for fresh in self._watching:
                fresh.update(news.packets)
            if news.source == "feed":
                for packet, _ in list(news.packets.values())[:_LOOKED_AT]:
                    at = exchange_at_of(packet)
                    if at:
                        self._exchange_ms.append(wall_ms - age_ms - at * 1000)

    def second(self, condition: Condition) -> Second:
        """Another second is over."""
        now, now_s = self._clock.wall(), self._clock.now_s()
        self._extend(condition, now)
        if now_s - self._spark_s >= SPARK_S:
            self._spark_s = now_s
            for token in self.sparks.keys() - self._known.keys():
                del self.sparks[token]
            for token, known in list(self._known.items()):
                points = self.sparks.setdefault(token, deque(maxlen=SPARK))
                points.append(price_of(known.packet))
        lags = sorted(self._exchange_ms)
        second = Second(
            int(now.timestamp() * 1000),
            round(max(self._ours_ms), 2) if self._ours_ms else None,
            round(max(1.0, lags[len(lags) // 2])) if lags else None,
        )
        self._ours_ms, self._exchange_ms = [], []
        self.seconds.append(second)
        return second

    def _extend(self, condition: Condition, now: datetime) -> None:
        spans = self.spans
        if spans and spans[-1].from_at.date() != now.date():
            spans[:] = [Span(spans[-1].state, spans[-1].why, now, now)]
        if spans and (spans[-1].state, spans[-1].why) == (condition.state, condition.why):
            spans[-1].to_at = now
            return
        if spans:
            spans[-1].to_at = now
        spans.append(Span(condition.state, condition.why, now, now))
        del spans[:-_SPANS]
