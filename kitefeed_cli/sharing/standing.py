"""How the feed is, as a reader of its words knows it."""

from __future__ import annotations

from dataclasses import dataclass

from ..clock import Clock
from ..gateway.upstream import SILENT_S
from ..health.vitals import NO_PUBLISHER
from ..ticks.last import FEED, REST
from .entries import MalformedError, Word
from .words import CONDITION, state_of


@dataclass(frozen=True, slots=True)
class Stands:
    """As in a status record."""

    state: str
    why: str | None = None
    source: str | None = None  # the name of the secondary source, while that serves


class Standing:
    """For one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said = Stands("connecting")
        self.heard_s = clock.now_s()  # the last word was written

    def heard(self, word: Word, written_s: float) -> None:
        """A word of the publisher's, written then on this reader's clock."""
        self.heard_s = written_s
        if word.kind != CONDITION:
            return
        try:
            one = state_of(word.body).condition
        except MalformedError:
            return
        self._said = Stands(one.state, one.why, None if one.source in (FEED, REST) else one.source)

    def now(self) -> Stands:
        """As of now; "connecting" until something was heard."""
        if self._clock.now_s() - self.heard_s > SILENT_S:
            return Stands("stale", NO_PUBLISHER)
        return self._said
