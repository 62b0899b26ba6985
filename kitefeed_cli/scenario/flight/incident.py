"""One outage as it was met: a scenario file and its transcript, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ...console.words import duration
from ...policy.causes import Cause
from ...policy.events import Saved
from .. import transcript
from ..log import Log
from ..promises import errors_of
from .plain import written
from .recording import Recorded, lines

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
        length = duration(self.recorded.steps[-1].at_s - self.began_s)
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
        yield f"starts_at = {self.log.starts_at.isoformat()}  # of the run: every `at_s` below counts from here"
        yield f'token     = "{_TOKENS[self.recorded.saved]}"'
        yield ""
        yield "[expect]"
        yield f"errors = {written([cause for _, cause in errors_of(self.log)])}"
        yield f'ends   = "{self.log.shown(float("inf"))}"'
        yield ""
        yield from lines(self.recorded)

    @property
    def _began_at(self) -> datetime:
        return self.log.wall(self.began_s)

    @property
    def _cause(self) -> str:
        return "outage" if self.cause is None else self.cause.value
