"""Whether a play kept what its scenario promises. Judged on the log alone, so one judge serves both stages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from ..console.messages import CATALOGUE
from .log import OPEN_FEED, STUCK, TRYING, Kind, Log
from .story import Bounds, Expect, Scenario

_ASKED = {"handshakes": Kind.HANDSHAKE, "checks": Kind.CHECK, "polls": Kind.POLL, "secondary": Kind.SOURCE}
_MINUTE_S = 60.0
_ROUNDING_S = 0.001

_WAIT_OFF_S = 0.25  # a quote may still be asked after a refused handshake before the try counts as failed


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise, judged."""

    promise: str
    promised: str
    got: str
    kept: bool


def judge(scenario: Scenario, log: Log, off_s: float = 0.0) -> tuple[Verdict, ...]:
    """Every promise of the scenario; `off_s` is how late real machinery may make a moment or a wait."""
    return tuple(_Judge(scenario.expect, log, off_s).verdicts())


def errors_of(log: Log) -> list[tuple[float, str]]:
    """When each error was printed, and its cause: found by the words on the captured stderr."""
    texts = ((entry.at_s, entry.text) for entry in log.of(Kind.STDERR))
    return [(at_s, _cause_of(text.removeprefix("error: "))) for at_s, text in texts if text.startswith("error:")]


def waits_of(log: Log) -> list[float]:
    """The waits between the tries for a live feed: each from the end of one that failed to the start of the next."""
    return [round(until_s - from_s, 3) for from_s, until_s in pauses_of(log)]


def pauses_of(log: Log) -> list[tuple[float, float]]:
    """When each of these waits began and ended."""
    pauses: list[tuple[float, float]] = []
    ended_s: float | None = None  # when the last thing of the present try happened; None: it is not a failed try
    for entry in log.entries:
        if entry.kind is Kind.CHECK:
            if ended_s is not None:
                pauses.append((ended_s, entry.at_s))
            ended_s = entry.at_s
        elif entry.kind in TRYING and ended_s is not None:
            ended_s = entry.at_s
        elif entry.kind is Kind.SHOWN and entry.text.split()[0] in OPEN_FEED:
            ended_s = None
    return pauses


class _Judge:
    def __init__(self, expect: Expect, log: Log, off_s: float) -> None:
        self._expect = expect
        self._log = log
        self._off_s = off_s
        self._errors = errors_of(log)
        self._said = [entry.text for entry in log.of(Kind.STDERR)]

    def verdicts(self) -> Iterator[Verdict]:
        expect = self._expect
        if expect.errors is not None:
            promised = [cause.value for cause in expect.errors]
            got = [cause for _, cause in self._errors]
            yield Verdict("errors", _list(promised), _list(got), promised == got)
        if expect.error_by_s is not None:
            yield self._error_by(expect.error_by_s)
        for bounds in expect.bounds:
            yield self._count(bounds)
        for what, most in expect.in_any_minute:
            got_most = self._busiest_minute(what)
            yield Verdict(f"{what} in any minute", f"at most {most}", f"{got_most}", got_most <= most)
        if expect.live_by_s is not None:
            yield self._live_by(expect.live_by_s)
        if expect.waits_s is not None:
            yield self._waits(expect.waits_s)
        if expect.shows is not None:
            wanted = [one.value for one in expect.shows]
            shown = self._shown()
            yield Verdict("shows", _list(wanted), _list(shown), wanted == shown)
        if expect.ends is not None:
            last = self._log.shown(float("inf"))
            yield Verdict("ends", expect.ends.value, last, expect.ends.value == last)
        yield from self._phrases()
        codes = [entry.text for entry in self._log.of(Kind.EXIT)]
        if STUCK in codes:
            yield Verdict("goes on", "time passes", "the policy turned on the spot for ever", False)
        if expect.exit is not None:
            yield Verdict("exit", str(expect.exit), _list(codes), codes == [str(expect.exit)])

    def _error_by(self, by_s: float) -> Verdict:
        first_s = self._errors[0][0] if self._errors else None
        kept = first_s is not None and first_s <= by_s + self._off_s
        return Verdict("error by", self._clock(by_s), "no error" if first_s is None else self._clock(first_s), kept)

    def _count(self, bounds: Bounds) -> Verdict:
        times_s = [entry.at_s for entry in self._log.of(_ASKED[bounds.what])]
        got = sum(bounds.from_s <= at_s <= bounds.until_s for at_s in times_s)
        words = [f"at least {bounds.least}"] if bounds.least or bounds.most is None else []
        words += [] if bounds.most is None else [f"at most {bounds.most}"]
        between = f"between {self._clock(bounds.from_s)} and {self._clock(bounds.until_s)}"
        kept = bounds.least <= got and (bounds.most is None or got <= bounds.most)
        return Verdict(bounds.what, f"{' and '.join(words)} {between}", f"{got}", kept)

    def _busiest_minute(self, what: str) -> int:
        window: deque[float] = deque()
        most = 0
        for entry in self._log.of(_ASKED[what]):
            window.append(entry.at_s)
            while window[0] <= entry.at_s - _MINUTE_S:
                window.popleft()
            most = max(most, len(window))
        return most

    def _live_by(self, by_s: float) -> Verdict:
        shown = self._log.shown(by_s + self._off_s)
        if shown == "live":
            since_s = max((e.at_s for e in self._log.of(Kind.SHOWN) if e.at_s <= by_s + self._off_s), default=0.0)
            return Verdict("live by", self._clock(by_s), f"live since {self._clock(since_s)}", True)
        later_s = [e.at_s for e in self._log.of(Kind.SHOWN) if e.at_s > by_s and e.text.split()[0] == "live"]
        when = f", live at {self._clock(later_s[0])}" if later_s else ", never live after it"
        return Verdict("live by", self._clock(by_s), shown + when, False)

    def _waits(self, promised_s: tuple[float, ...]) -> Verdict:
        got_s = waits_of(self._log)[: len(promised_s)]
        same = len(got_s) == len(promised_s) and all(
            abs(got - promised) <= _WAIT_OFF_S + self._off_s for got, promised in zip(got_s, promised_s, strict=True)
        )
        return Verdict("waits", _seconds(promised_s), _seconds(got_s), same)

    def _shown(self) -> list[str]:
        states = ["connecting"]  # where every run begins, whether or not it says so
        for entry in self._log.of(Kind.SHOWN):
            state = entry.text.split()[0]
            if states[-1] != state:
                states.append(state)
        return states[1:]

    def _phrases(self) -> Iterator[Verdict]:
        at = 0  # goes on where the phrase before was found
        for phrase in self._expect.says:
            found = next((line for line in range(at, len(self._said)) if phrase in self._said[line]), None)
            at = at if found is None else found + 1
            yield Verdict(
                "says", phrase, "not said, or not in this order" if found is None else "said", found is not None
            )
        for phrase in self._expect.never_says:
            times = sum(phrase in line for line in self._said)
            yield Verdict("never says", phrase, f"said {times} times" if times else "not said", not times)

    def _clock(self, at_s: float) -> str:
        at = self._log.wall(at_s + _ROUNDING_S / 2)
        text = f"{at:%H:%M:%S}"
        return text if at.microsecond < 1000 else f"{text}.{at.microsecond // 1000:03d}"


def _cause_of(text: str) -> str:
    for cause, entry in CATALOGUE.items():
        if text.startswith(entry.what.split("{")[0]):
            return cause.value
    return "unknown"


def _list(words: list[str]) -> str:
    return ", ".join(words) or "none"


def _seconds(waits_s: tuple[float, ...] | list[float]) -> str:
    return (", ".join(f"{wait_s:g}" for wait_s in waits_s) or "none") + " s"
