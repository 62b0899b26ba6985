"""What the clients of relays want besides what the publisher follows itself: told by each relay, added up by the
publisher, which says what cannot be had.

Each relay has a field in one hash, with the time on Redis' clock; one that has not been renewed for half a minute is
that of a relay which was killed, and counts no more.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import orjson

from ..ticks.packets import MODES, richest
from .keys import Keys
from .server import Address, errors

if TYPE_CHECKING:
    import redis

OLD_S = 30.0
_LAST_REAL_S = 0.4  # each thing that is to be waited for at the end
_FORGOTTEN_S = 600.0  # then its field is deleted
_INSTRUMENTS_MAX = 9000  # more can be followed by nobody

Wanted = Mapping[int, str]  # mode by instrument token
Declined = Mapping[str, Sequence[int]]  # instrument tokens by why they cannot be had


class Wish:
    """One relay's. For any thread; to be told again at least every ten seconds."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._field = token_hex(8)
        self._client: redis.Redis | None = None
        self._lock = threading.Lock()
        self._left = False

    def tell(self, wanted: Wanted) -> Declined:
        """From now on this relay's clients want these and no others; what the publisher has said that it cannot follow
        of what any relay wants. Raises `server.errors()`."""
        with self._lock:
            try:
                return {} if self._left else self._told(wanted)
            except (ValueError, AttributeError):  # what the library makes of a connection that `drop` has ended
                if not self._left:
                    raise
                return {}

    def drop(self) -> None:
        """The relay ends. Raises nothing: the field is forgotten by itself. Does not wait long for a Redis that stands
        still."""
        self._left = True
        quiet = self._lock.acquire(timeout=_LAST_REAL_S)
        if self._client is not None:
            with contextlib.suppress(*errors()):  # also under somebody who waits in `tell`, which ends that
                self._client.connection_pool.disconnect(inuse_connections=True)
            with contextlib.suppress(*errors()), self._address.connect(answer_s=_LAST_REAL_S) as client:
                client.hdel(self._address.keys.wants, self._field)
        if quiet:
            self._lock.release()

    def _told(self, wanted: Wanted) -> Declined:
        if self._client is None:
            self._client = self._address.connect()
        keys = self._address.keys
        seconds: Any
        seconds, _ = self._client.time()
        told = {"at": seconds, "wanted": {str(token): mode for token, mode in wanted.items()}}
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(keys.wants, self._field, orjson.dumps(told))
        pipe.get(keys.declined)
        _, declined = pipe.execute()
        return _declined_of(declined)


def added_up(client: redis.Redis, keys: Keys) -> dict[int, str]:
    """What all relays want together, each instrument in the richest mode that one asked for. Raises
    `server.errors()`."""
    pipe = client.pipeline(transaction=False)
    pipe.time()
    pipe.hgetall(keys.wants)
    (now_s, _), fields = pipe.execute()
    wishes = {field: _wanted_of(text) for field, text in fields.items()}
    forgotten = [field for field, (at_s, _) in wishes.items() if now_s - at_s > _FORGOTTEN_S]
    if forgotten:
        client.hdel(keys.wants, *forgotten)
    return richest(wanted for at_s, wanted in wishes.values() if now_s - at_s <= OLD_S)


def decline(client: redis.Redis, keys: Keys, declined: Declined) -> None:
    """Let the relays know what of it cannot be had. Raises `server.errors()`."""
    client.set(keys.declined, orjson.dumps({why: list(tokens) for why, tokens in declined.items()}))


def _wanted_of(text: bytes) -> tuple[int, dict[int, str]]:
    """When it was told, and what; whatever is no wish of ours is left out, and long ago."""
    try:
        told = orjson.loads(text)
        at_s, wanted = int(told["at"]), dict(told["wanted"])
        pairs = ((int(token), mode) for token, mode in list(wanted.items())[:_INSTRUMENTS_MAX])
        return at_s, {token: mode for token, mode in pairs if 0 < token < 2**32 and mode in MODES}
    except (ValueError, TypeError, KeyError):
        return 0, {}


def _declined_of(text: bytes | None) -> Declined:
    try:
        declined = dict(orjson.loads(text or b"{}"))
        return {str(why): [int(token) for token in tokens] for why, tokens in declined.items()}
    except (ValueError, TypeError):
        return {}
