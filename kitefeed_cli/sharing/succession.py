"""What somebody who takes over has to know of the one before."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..ticks.last import FEED
from .entries import MalformedError, Packets, entry_of
from .keys import Keys

if TYPE_CHECKING:
    import redis

_LONG_S = 86400.0  # after so long nobody takes a place, but begins: a month off is no gap of a month
_MOST = 200  # entries to look at: the last may be quotes that were polled while the feed was away


def missed_s(client: redis.Redis, keys: Keys, connections: int) -> dict[int, float]:
    """How long ago, on Redis' clock, the last packets of Kite's feed were received that stand in the stream of each
    connection; it is missing for one whose stream has none of the last day. Raises `server.errors()`."""
    found = {}
    for connection in range(1, connections + 1):
        entries: Any = client.xrevrange(keys.stream(connection), count=_MOST)
        seconds, microseconds = client.time()
        received_s = _received_s(entries)
        ago_s = math.inf if received_s is None else max(0.0, seconds + microseconds / 1e6 - received_s)
        if ago_s <= _LONG_S:
            found[connection] = ago_s
    return found


def _received_s(entries: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> float | None:
    """When the newest was received that the feed has brought, on Redis' clock; `entries` begin with the newest.

    An entry's ID says when Redis wrote it, which may have stood still before. The publisher's wall clock says when it
    was received, and what was written soonest tells how far that clock is off.
    """
    epoch, received_s, off_s = None, 0.0, math.inf
    for entry_id, fields in entries:
        try:
            packets = entry_of(fields)
        except MalformedError:
            continue
        if not isinstance(packets, Packets) or packets.source != FEED:
            continue
        if epoch is None:
            epoch, received_s = packets.stamp.epoch, packets.received_us / 1e6
        if packets.stamp.epoch != epoch:
            break
        written_s = int(entry_id.partition(b"-")[0]) / 1000
        off_s = min(off_s, written_s - packets.late_ms / 1000 - packets.received_us / 1e6)
    return None if epoch is None else received_s + off_s
