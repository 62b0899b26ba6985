"""One outage as it was met: a scenario file and its transcript, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ...console.words import duration
from ...policy.actions import Shown
from ...policy.causes import Cause
from ...policy.events import Saved
from .. import transcript
from ..log import Kind, Log
from ..promises import errors_of
from .plain import written
from .recording import Recorded, lines

_OPEN = (Shown.LIVE.value, Shown.CLOSED.value)
_TOKENS = {Saved.TOKEN: "valid", Saved.NOTHING: "missing", Saved.MALFORMED: "damaged"}


@dataclass(frozen=True, slots=True)
class Incident:
    """An outage, from the last moment before it to its end, or as much of it as there was room for.

    `began_s` counts as the steps do.
    """

    recorded: Recorded
    log: Log
    began_s: float
    cause: Cause | None  # the newest one
    whole: bool  # False: the recorder was full before the outage was over

    @property
    def name(self) -> str:
        """The stem of its file."""
        return f"incident-{self._began_at:%Y%m%d-%H%M%S}-{self._cause}"

    @property
    def title(self) -> str:
        length = duration(max(0.0, self._over_s - self.began_s))
        part = "" if self.whole else "; the recorder was full then, the rest is not here"
        return f"Recorded on {self._began_at:%Y-%m-%d at %H:%M:%S}: {self._cause}, {length}{part}"

    def text(self) -> str:
        """The scenario file."""
        return "\n".join(self._lines()) + "\n"

    def transcript(self) -> str:
        """The page that a replay of the file must come to."""
        return transcript.page(self.title, self.name, self.log, recorded=True)

    def _lines(self) -> Iterator[str]:
        yield f"title  = {written(self.title)}"
        yield 'source = "Recorded by `kitefeed run --incidents`; no secret, no price and no name is in it"'
        yield ""
        yield "[given]"
        yield 'command   = "run"'
        starts_at = self.log.starts_at.isoformat(timespec="milliseconds")
        yield f"starts_at = {starts_at}  # of the run: every `at_s` below counts from here"
        yield f'token     = "{_TOKENS[self.recorded.saved]}"'
        yield ""
        yield "[expect]"
        yield f"errors = {written([cause for _, cause in errors_of(self.log)])}"
        yield f'ends   = "{self.log.shown(float("inf"))}"'
        yield ""
        yield from lines(self.recorded)

    @property
    def _over_s(self) -> float:
        """When the feed was shown open for good; a record goes on until that has lasted a minute."""
        *_, (at_s, state) = [(self.began_s, ""), *((one.at_s, one.text) for one in self.log.of(Kind.SHOWN))]
        return at_s if state in _OPEN else self.recorded.steps[-1].at_s

    @property
    def _began_at(self) -> datetime:
        return self.log.wall(self.began_s)

    @property
    def _cause(self) -> str:
        return "outage" if self.cause is None else self.cause.value
