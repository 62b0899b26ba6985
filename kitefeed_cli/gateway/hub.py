"""Who gets what: the clients by what they subscribed to, and the union of all of it.

Clients with the same subscriptions share one profile, so that a hundred copies of one program cost one frame a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from ..ticks.packets import WORDS, Portion, cut, frame, portions
from .intake import Known, News

SUBSCRIBED_MAX = 3000  # Kite's own limit of a connection (Kite Connect v3 docs, WebSocket page)


class Listener(Protocol):
    """What the hub knows of a client."""

    modes: dict[int, int]

    def offer(self, portion: Portion) -> None: ...

    def tell(self, text: str) -> None: ...

    def beat(self) -> None: ...


class _Profile:
    """The clients that get the same frames."""

    __slots__ = ("clients", "modes")

    def __init__(self, modes: Mapping[int, int]) -> None:
        self.modes = modes
        self.clients: set[Listener] = set()

    def portion_of(self, news: News) -> Portion | None:
        """What of this batch is for these clients; None: nothing."""
        modes, packets = self.modes, news.packets
        if len(modes) < len(packets):
            some = [(token, *packets[token], mode) for token, mode in modes.items() if token in packets]
        else:
            some = [(token, *each, modes[token]) for token, each in packets.items() if token in modes]
        chosen = {token: cut(packet, mode) for token, packet, poorest, mode in some if mode >= poorest}
        return Portion(frame(chosen.values()), chosen) if chosen else None


class Hub:
    """Lives on the gateway's loop alone. `known` gives the first packets of a new subscription. `changed` is called
    when the union of all subscriptions is another."""

    def __init__(self, known: Mapping[int, Known], changed: Callable[[], None]) -> None:
        self.clients: set[Listener] = set()
        self._known = known
        self._changed = changed
        self._profiles: dict[frozenset[tuple[int, int]], _Profile] = {}
        self._counts: dict[int, list[int]] = {}  # by instrument token: how many clients in each mode

    # ---------------------------------------------------------------- clients

    def enter(self, client: Listener) -> None:
        self.clients.add(client)

    def leave(self, client: Listener) -> None:
        self.clients.discard(client)
        self._become(client, {})

    def subscribe(self, client: Listener, tokens: Collection[int], mode: int | None) -> bool:
        """Add instruments, or give them another mode, and send their last packets. `mode` None is a plain subscribe:
        new ones come in mode quote, and those that are there already keep theirs. False: they are too many."""
        modes = client.modes
        given = {token: modes.get(token, 2) if mode is None else mode for token in tokens}
        after = modes | given
        if len(after) > SUBSCRIBED_MAX:
            return False
        fresh = [token for token, asked in given.items() if modes.get(token) != asked]
        self._become(client, after)
        known = ((token, self._known.get(token)) for token in fresh)
        first = {token: cut(one.packet, after[token]) for token, one in known if one is not None}
        for portion in portions(first):
            client.offer(portion)
        return True

    def unsubscribe(self, client: Listener, tokens: Collection[int]) -> None:
        gone = set(tokens)
        self._become(client, {token: mode for token, mode in client.modes.items() if token not in gone})

    def wanted(self) -> dict[int, str]:
        """The union of all subscriptions, each instrument in the richest mode that a client asked for."""
        return {token: WORDS[_richest(counts)] for token, counts in self._counts.items()}

    # ------------------------------------------------------------------ frames

    def spread(self, line: Iterable[News]) -> None:
        """Hand the packets to the clients they are for."""
        for news in line:
            for profile in self._profiles.values():
                portion = profile.portion_of(news)
                if portion is not None:
                    for client in profile.clients:
                        client.offer(portion)

    def tell(self, text: str) -> None:
        """A text frame for everybody."""
        for client in self.clients:
            client.tell(text)

    def beat(self) -> None:
        """A heartbeat for everybody."""
        for client in self.clients:
            client.beat()

    # -------------------------------------------------------------- the union

    def _become(self, client: Listener, after: dict[int, int]) -> None:
        before = client.modes
        if after == before:
            return
        key = frozenset(before.items())
        profile = self._profiles.get(key)
        if profile is not None:
            profile.clients.discard(client)
            if not profile.clients:
                del self._profiles[key]
        client.modes = after
        if after:
            self._profiles.setdefault(frozenset(after.items()), _Profile(after)).clients.add(client)
        if self._count(before, after):
            self._changed()

    def _count(self, before: Mapping[int, int], after: Mapping[int, int]) -> bool:
        """Whether the union is another now."""
        changed = False
        for token in before.keys() | after.keys():
            was, now = before.get(token, 0), after.get(token, 0)
            if was == now:
                continue
            counts = self._counts.setdefault(token, [0, 0, 0, 0])
            richest = _richest(counts)
            counts[was] -= bool(was)
            counts[now] += bool(now)
            changed = changed or _richest(counts) != richest
            if not any(counts):
                del self._counts[token]
        return changed


def _richest(counts: list[int]) -> int:
    return 3 if counts[3] else 2 if counts[2] else 1 if counts[1] else 0
