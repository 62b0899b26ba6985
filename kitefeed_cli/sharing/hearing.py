"""What a reader knows of the feed behind it: what the publisher said last, and for how long it has said nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..clock import Clock
from ..gateway.upstream import SILENT_S, Condition, Trouble
from ..health.vitals import NO_PUBLISHER, REDIS_AWAY
from ..ticks.batch import TickBatch
from ..ticks.gaps import GapSums
from ..ticks.last import FEED
from .entries import Word
from .reading import Loss, Names
from .server import Address, Away
from .words import BEGAN, CONDITION, GAP, TEXT, Began, State, Text, began_of, gap_of, state_of, text_of

_START_S = 3.0  # what the first answer may take
_NOTICED_S = 8.0  # a publisher tries again every five seconds


class Hearing:
    """A `reading.Listener`; what it knows may be asked from any thread. `take` gets the packets, `text` what Kite sent
    as text, `missed` what did not come."""

    def __init__(
        self,
        address: Address,
        take: Callable[[TickBatch], None],
        text: Callable[[Text], None],
        missed: Callable[[Loss], None],
        clock: Clock,
    ) -> None:
        self.state: State | None = None
        self.began: Began | None = None  # the last publisher that began while we listened
        self.publishers = 0  # that began meanwhile
        self.names: Mapping[int, str] = {}
        self.gaps = GapSums()  # of the feed itself, as its publisher told them
        self.away: Away | None = None  # why nothing comes from Redis
        self.ticked_s = -math.inf  # the feed's last packet that was news
        self.lost = missed
        self._shown, self._name = address.shown, address.keys.name
        self._take = take
        self._text = text
        self._clock = clock
        self._began_s = clock.now_s()
        self._back_s = math.inf  # since when Redis answers again, and the publisher has not yet noticed
        self._told_s = -math.inf  # the last condition was written
        self._heard_s = -math.inf  # the last word was written

    def accept(self, batch: TickBatch) -> None:
        if batch.source == FEED and len(batch.snapshots) < len(batch):
            self.ticked_s = max(self.ticked_s, batch.received_s)
        self._take(batch)

    def heard(self, word: Word, written_s: float) -> None:
        """Raises MalformedError."""
        if word.kind == CONDITION:
            self.state, self._told_s = state_of(word.body), written_s
        elif word.kind == BEGAN:
            self.began = began_of(word.body)
            self.publishers += 1
        elif word.kind == GAP:
            self.gaps.add(gap_of(word.body))
        elif word.kind == TEXT:
            self._text(text_of(word.body))
        self._heard_s = max(self._heard_s, written_s)

    @property
    def reachable(self) -> bool:
        """Whether Redis answers, as far as is known."""
        return self.away is None or self._back_s < math.inf

    def cut_off(self, away: Away) -> None:
        """Redis cannot be asked now."""
        self.away, self._back_s = away, math.inf

    def answered(self) -> None:
        """Redis answers. Silence is blamed on the publisher only when it, too, has had time to notice."""
        if self.away is None:
            return
        now_s = self._clock.now_s()
        self._back_s = min(self._back_s, now_s)
        if self._heard_s > self._back_s or now_s - self._back_s > _NOTICED_S:
            self.away, self._back_s = None, math.inf

    def named(self, names: Names) -> None:
        self.names = {token: name for token, (name, _) in names.items()}

    def condition(self) -> Condition:
        """As of now: what the publisher said, as long as it says something each second."""
        now_s, state = self._clock.now_s(), self.state
        if state is None or now_s - self._heard_s > SILENT_S:
            return self._silent(now_s)
        told, trouble = state.condition, state.condition.trouble
        if trouble is not None:
            trouble = replace(trouble, next_step=f"where the feed is published: {trouble.next_step}")
        return replace(told, frame_age_s=told.frame_age_s + max(0.0, now_s - self._told_s), trouble=trouble)

    def _silent(self, now_s: float) -> Condition:
        never = self.state is None
        if never and self.away is None and now_s - self._began_s < _START_S:
            return Condition("stale", "starting")
        if self.away is not None:
            what, cure = self.away
            trouble = Trouble(f"nothing comes from Redis at {self._shown}", what, cure, REDIS_AWAY)
            return Condition("stale", REDIS_AWAY, trouble=trouble)
        if never:
            why = f"Redis at {self._shown} is up, and nobody has written to it of late under the name {self._name!r}"
            trouble = Trouble("nobody publishes this feed yet", why, _PUBLISH, NO_PUBLISHER)
            return Condition("stale", NO_PUBLISHER, trouble=trouble)
        why = f"Redis at {self._shown} is up, and nobody has written to it for {now_s - self._heard_s:.0f} s"
        trouble = Trouble("the publisher of this feed is silent", why, _PUBLISH, NO_PUBLISHER)
        return Condition("stale", NO_PUBLISHER, trouble=trouble)


_PUBLISH = "start `kitefeed run --publish`, or see why it is silent"
