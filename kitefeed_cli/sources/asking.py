"""One source, asked on a thread of its own: whatever it does there, whoever asks goes on at the deadline."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from ..clock import Clock
from ..redact import REDACTOR, one_line
from .offer import QuoteSource, SourceError, Wanted

FETCH_S = 4.0  # one question, in all
PREPARE_S = 60.0
MOST = 100  # instruments in one question, for a source that does not say
_MOST_DETAIL = 120
_SPARE = 1000  # what a source may answer beyond what it was asked, before it is cut off


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question: an answer, or why there is none. Nothing of it has been looked at yet."""

    answer: Sequence[object] = ()
    failure: str = ""  # one line without secrets; empty: there is an answer
    retry_after_s: float = 0.0


class Asker:
    """Used by one thread; `stop` may come from another."""

    def __init__(self, source: QuoteSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._done = threading.Condition()
        self._stopped = False
        self._stuck: threading.Thread | None = None
        most = getattr(source, "most", MOST)
        self.most = most if isinstance(most, int) and most > 0 else MOST
        self._prepare: Callable[[Sequence[Wanted]], object] | None = getattr(source, "prepare", None)

    def fetch(self, instruments: Sequence[Wanted]) -> Outcome:
        """Ask for these quotes."""
        most = len(instruments) + _SPARE
        return self._run(lambda: list(islice(self._source.fetch(instruments), most)), FETCH_S)

    def prepare(self, instruments: Sequence[Wanted]) -> Outcome:
        """Let it fetch what it needs before it can be asked."""
        prepare = self._prepare
        if prepare is None:
            return Outcome()

        def work() -> list[object]:
            prepare(instruments)
            return []

        return self._run(work, PREPARE_S)

    def stop(self) -> None:
        """Whoever waits goes on at once, and nothing is asked any more."""
        with self._done:
            self._stopped = True
            self._done.notify_all()

    def _run(self, work: Callable[[], Sequence[object]], within_s: float) -> Outcome:
        if self._stuck is not None and self._stuck.is_alive():
            return Outcome(failure="an earlier question still hangs")
        outcomes: list[Outcome] = []

        def ask() -> None:
            try:
                outcome = Outcome(work())
            except BaseException as error:  # noqa: BLE001 - other people's code, at the end of its thread
                outcome = _failed(error)
            with self._done:
                outcomes.append(outcome)
                self._done.notify_all()

        thread = threading.Thread(target=ask, name=f"kitefeed-source-{self._source.name}", daemon=True)
        ends_s = self._clock.now_s() + within_s
        thread.start()
        with self._done:
            while not outcomes and not self._stopped and (left_s := ends_s - self._clock.now_s()) > 0:
                self._clock.wait(self._done, left_s)
            if outcomes:
                return outcomes[0]
        self._stuck = thread
        return Outcome(failure=f"no answer within {within_s:g} s")


def _failed(error: BaseException) -> Outcome:
    """Foreign exceptions by their kind alone: their texts quote URLs and headers."""
    if not isinstance(error, SourceError):
        return Outcome(failure=f"it failed with {type(error).__name__}")
    try:
        detail = one_line(REDACTOR.redact(str(error.detail)))[:_MOST_DETAIL]
        return Outcome(failure=detail or "it has none now", retry_after_s=max(0.0, float(error.retry_after_s)))
    except Exception:  # noqa: BLE001 - its fields are other people's too
        return Outcome(failure="it has none now")
