"""A reader of a consumer group that outlives its connection: tries again, and says once that Redis is away."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from ..clock import Clock
from ..console.words import duration
from ..health.vitals import REDIS_AWAY
from ..problems import Exit, Problem
from .group import BLOCK_S, Delivery, Group
from .server import Address, Away, check, errors, library, why_away
from .standing import Stands

if TYPE_CHECKING:
    import redis

_AGAIN_S = (0.0, 0.2, 0.5, 1.0)  # between tries
_NOTICED_S = 8.0  # after so long the publisher, too, knows that Redis is back
_BLIP_S = 1.0  # what is over so soon is not worth a line


class Told(Protocol):
    """Who is told what goes on. `console.printer.Printer` has both."""

    def error(self, problem: Problem) -> None: ...

    def status(self, line: str) -> None: ...


class Member:
    """For one thread, but for `stop`."""

    def __init__(self, address: Address, group: Group, told: Told, clock: Clock) -> None:
        self.stopped = False
        self._address = address
        self._group = group
        self._told = told
        self._clock = clock
        self._client: redis.Redis | None = None
        self._away: Away | None = None
        self._away_s = self._try_s = -math.inf  # since when; when to try again
        self._back_s = -math.inf  # since when it is not, after it was
        self._tries = 0
        self._said_away = self._said_malformed = self._ever = False

    def take(self, within_s: float) -> list[Delivery]:
        """What is there to read; none when nothing comes within so many seconds, or half a second at most. Raises
        Problem for what no waiting cures."""
        if (left_s := self._try_s - self._clock.now_s()) > 0:
            self._clock.sleep(min(left_s, within_s))
            return []
        try:
            given = self._group.read(self._connected(), min(within_s, BLOCK_S))
        except errors() as error:
            self._failed(error)
            return []
        self._well()
        return given

    def acknowledge(self, deliveries: Iterable[Delivery]) -> bool:
        """They never come again. Whether Redis knows it already: if not, it is told when it is back, and what this
        process cannot tell before its end comes again, marked."""
        self._group.acknowledge(deliveries)
        if self._client is None or self._away is not None:
            return False
        try:
            self._group.settle(self._client)
        except errors() as error:
            self._failed(error)
            return False
        return True

    def stands(self) -> Stands:
        """How the feed is."""
        standing = self._group.standing
        unnoticed = self._clock.now_s() - self._back_s <= _NOTICED_S and standing.heard_s < self._back_s
        return Stands("stale", REDIS_AWAY) if self.away or unnoticed else standing.now()

    @property
    def away(self) -> bool:
        """Whether Redis does not answer."""
        return self._away is not None

    def stop(self) -> None:
        """`stopped` from now on; for whoever loops over `take`. From any thread."""
        self.stopped = True

    def close(self) -> None:
        """Hang up. What is not acknowledged stays with this consumer."""
        if self._client is not None:
            with contextlib.suppress(*errors()):
                self._client.close()
            self._client = None

    def _connected(self) -> redis.Redis:
        if self._client is None:
            self._client = self._address.connect(BLOCK_S)
            check(self._client, self._address)
            self._group.resume()
        return self._client

    def _failed(self, error: Exception) -> None:
        self.close()
        if not self._ever and self._hopeless(error):
            what, cure = why_away(error)
            raise Problem(f"the Redis at {self._address.shown} cannot be used", what, cure) from None
        now_s = self._clock.now_s()
        if self._away is None:
            self._away_s, self._tries = now_s, 0
        self._away = why_away(error)
        self._try_s = now_s + _AGAIN_S[min(self._tries, len(_AGAIN_S) - 1)]
        self._tries += 1
        if now_s - self._away_s >= _BLIP_S and not self._said_away:
            self._said_away = True
            what, cure = self._away
            shown = self._address.shown
            self._told.error(
                Problem("nothing comes from Redis", f"{shown}: {what}", cure, Exit.UNREACHABLE, REDIS_AWAY)
            )

    def _hopeless(self, error: Exception) -> bool:
        """What a person has to correct before anything can be read."""
        redis = library().exceptions
        cases = (redis.AuthenticationError, redis.NoPermissionError, redis.ReadOnlyError)
        return isinstance(error, cases) or "WRONGTYPE" in str(error)

    def _well(self) -> None:
        if self.away:
            self._back_s = self._clock.now_s()
        if self._said_away:
            self._told.status(f"Redis answers again after {duration(self._clock.now_s() - self._away_s)}")
        if self._group.made == "forgotten" and self._ever:
            self._told.status("Redis has lost everything; the group goes on with what is new")
        elif self._group.made == "again":
            self._told.status("The group was gone and goes on at its place; what was not acknowledged may be missing")
        if self._group.malformed and not self._said_malformed:
            self._said_malformed = True
            self._told.status("An entry was left out, since kitefeed has not written it; more are only counted")
        self._group.made, self._away, self._said_away, self._ever = "", None, False, True
