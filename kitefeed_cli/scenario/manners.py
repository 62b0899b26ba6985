"""The rules of speech that hold in every world, judged by the lines on the captured stderr and the states shown."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf

from ..console.messages import STATUS
from ..policy import Cause, Limits, Note, Remedy
from .log import OPEN_FEED, STUCK, Entry, Kind, Log
from .promises import Verdict, errors_of

MOST_ERRORS_AN_HOUR = 6

_HOUR_S = 3600.0
_RANK = {Remedy.WAIT: 1, Remedy.FIX: 2, Remedy.LOG_IN: 3}
_WOKE, _LOGGED_IN, _IS_LIVE = (
    STATUS[note].split("{", maxsplit=1)[0] for note in (Note.WOKE, Note.LOGGED_IN, Note.LIVE)
)


def manners(log: Log, limits: Limits) -> Iterator[Verdict]:
    """What was said against the rules."""
    yield from _Listener(log, limits).complaints()
    exits = [(entry.at_s, entry.text) for entry in log.of(Kind.EXIT)]
    if [text for _, text in exits] == [STUCK]:
        yield _complaint(log, exits[0][0], "time goes on", "the policy turned on the spot")
    asked = [entry.at_s for entry in log.of(Kind.USER) if entry.text == "presses Ctrl-C"]
    if asked and exits and exits[-1][0] > asked[0]:
        yield _complaint(log, exits[-1][0], "Ctrl-C ends the run at once", f"{exits[-1][0] - asked[0]:.3f} s later")


class _Listener:
    """One reading of the log, from its first line to its last."""

    def __init__(self, log: Log, limits: Limits) -> None:
        self._log = log
        self._stable_s = limits.stable_s
        self._errors = deque(errors_of(log))
        self._last_hour: deque[float] = deque()
        self._told = 0  # the rank of what this outage has told
        self._since_s = inf  # live since then
        self._again = True  # whether one may say that the feed is live
        self._logged_in = False  # since the last error: the first live ticks end the outage

    def complaints(self) -> Iterator[Verdict]:
        for entry in self._log.of(Kind.STDERR, Kind.SHOWN, Kind.USER):
            if self._told and entry.at_s >= self._since_s + self._stable_s:
                self._told = 0
            if entry.kind is Kind.SHOWN:
                self._shown(entry)
            elif entry.kind is Kind.USER:
                self._logged_in = self._logged_in or entry.text.startswith("logs in")
            elif entry.text.startswith("error:"):
                yield from self._error(entry)
            else:
                yield from self._status(entry)

    def _shown(self, entry: Entry) -> None:
        if entry.text.split()[0] not in OPEN_FEED:
            self._since_s = inf
            self._again = True
        elif self._since_s == inf:
            self._since_s = entry.at_s
            self._told = 0 if self._logged_in else self._told
        self._again = self._again or entry.text.split()[0] in OPEN_FEED[1:]

    def _error(self, entry: Entry) -> Iterator[Verdict]:
        _, word = self._errors.popleft()
        self._last_hour.append(entry.at_s)
        while self._last_hour[0] <= entry.at_s - _HOUR_S:
            self._last_hour.popleft()
        if len(self._last_hour) > MOST_ERRORS_AN_HOUR:
            rule = f"at most {MOST_ERRORS_AN_HOUR} errors in any hour"
            yield _complaint(self._log, entry.at_s, rule, f"{len(self._last_hour)}")
        rank = _RANK[Cause(word).remedy]
        if rank <= self._told:
            yield _complaint(self._log, entry.at_s, "one error an outage and remedy", f"`{word}` after another")
        self._told, self._logged_in = max(self._told, rank), False

    def _status(self, entry: Entry) -> Iterator[Verdict]:
        line = entry.text[len("11:20:10 ") :]
        if line.startswith(_IS_LIVE):
            if not self._again:
                yield _complaint(self._log, entry.at_s, "one recovery line an outage", f"once more: {line}")
            self._again = False
        elif line.startswith((_WOKE, _LOGGED_IN)):
            self._told, self._again = 0, True


def unrecovered(log: Log, at_s: float) -> str | None:
    """The newest error before that moment, unless the feed was announced live since."""
    newest: str | None = None
    for entry in log.of(Kind.STDERR):
        if entry.at_s > at_s:
            break
        if entry.text.startswith("error:"):
            newest = entry.text
        elif entry.text[len("11:20:10 ") :].startswith(_IS_LIVE):
            newest = None
    return newest


def _complaint(log: Log, at_s: float, rule: str, got: str) -> Verdict:
    return Verdict("every world", rule, f"{got} at {log.wall(at_s):%H:%M:%S.%f}"[:-3], kept=False)
