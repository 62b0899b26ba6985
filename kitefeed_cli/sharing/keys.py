"""The names of everything that a feed has in Redis."""

from __future__ import annotations

import re
from dataclasses import dataclass

CONNECTIONS_MAX = 3  # that Kite allows an API key (Kite Connect v3 docs, WebSocket page)
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Keys:
    """Of the feed with this name; several may share one Redis. The braces keep all keys of one feed on one node of a
    cluster, where a script may touch them together."""

    name: str = "main"

    def __post_init__(self) -> None:
        assert NAME.fullmatch(self.name), f"not a name: {self.name!r}"

    def stream(self, connection: int) -> str:
        """The packets of one connection to Kite, counted from 1."""
        return self._key(f"feed:{connection}")

    def board(self, connection: int) -> str:
        """The newest packet of each instrument of a connection, for those who begin to read; a hash."""
        return self._key(f"board:{connection}")

    @property
    def state(self) -> str:
        """How the feed is, once a second and at each change, with its gaps and Kite's texts; a stream."""
        return self._key("state")

    @property
    def names(self) -> str:
        """The instruments: JSON, instrument token → [name, mode]."""
        return self._key("names")

    @property
    def lease(self) -> str:
        """Who publishes now; gone when that one is."""
        return self._key("lease")

    @property
    def epoch(self) -> str:
        """The number of the newest lease; never goes back."""
        return self._key("epoch")

    @property
    def written(self) -> str:
        """The stamp of the newest entry of each stream; a hash. It lets a write be repeated without doubling it."""
        return self._key("written")

    @property
    def wants(self) -> str:
        """What the relays' clients ask for besides; a hash, one field a relay."""
        return self._key("wants")

    @property
    def declined(self) -> str:
        """Which of them cannot be had, and why: JSON, reason → instrument tokens."""
        return self._key("declined")

    def holes(self, group: str) -> str:
        """What a consumer group was not given, since it was gone by then; a stream that the group itself writes."""
        return self._key(f"group:{group}:holes")

    def places(self, group: str) -> str:
        """The entry of each stream that a consumer group was given last; a hash."""
        return self._key(f"group:{group}:places")

    def _key(self, word: str) -> str:
        return f"kitefeed:{{{self.name}}}:{word}"
