"""What somebody who takes over has to know of the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ticks.last import FEED
from .entries import MalformedError, Packets, entry_of
from .keys import Keys

if TYPE_CHECKING:
    import redis

_MOST = 200  # entries to look at: the last may be quotes that were polled while the feed was away


def missed_s(client: redis.Redis, keys: Keys, connections: int) -> dict[int, float]:
    """How long ago, on Redis' clock, the last packets of Kite's feed were received that stand in the stream of each
    connection; it is missing for one whose stream has none. Raises `server.errors()`."""
    found = {}
    for connection in range(1, connections + 1):
        entries: Any = client.xrevrange(keys.stream(connection), count=_MOST)
        seconds, microseconds = client.time()
        received_s = next((at_s for at_s in map(_received_s, entries) if at_s is not None), None)
        if received_s is not None:
            found[connection] = max(0.0, seconds + microseconds / 1e6 - received_s)
    return found


def _received_s(entry: tuple[bytes, dict[bytes, bytes]]) -> float | None:
    """When it was received, on Redis' clock; None for what the feed has not brought."""
    entry_id, fields = entry
    try:
        packets = entry_of(fields)
    except MalformedError:
        return None
    if not isinstance(packets, Packets) or packets.source != FEED:
        return None
    return (int(entry_id.partition(b"-")[0]) - packets.late_ms) / 1000
