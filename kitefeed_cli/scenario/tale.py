"""A play as a tale: what the user saw from when to when, and within it what happened, in plain sentences.

The common ground of `explain` (a terminal) and `page` (a browser). The sentences say what the log says, and no more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile

from ..console.words import clock_time, duration
from .log import OPEN_FEED, Entry, Kind, Log
from .promises import errors_of, pauses_of

_LEAST_WAIT_S = 0.5  # shorter ones are part of one try
_QUESTIONS = {
    Kind.CHECK: (Kind.CHECKED, "asks Kite about the access token"),
    Kind.HANDSHAKE: (Kind.SHAKEN, "opens the WebSocket"),
    Kind.POLL: (Kind.POLLED, "asks REST for quotes"),
    Kind.SOURCE: (Kind.SOURCED, "asks the secondary source for quotes"),
}
_ANSWERS = frozenset(answer for answer, _ in _QUESTIONS.values())
_AT_KITE = {
    "token expired": "Kite stops accepting the access token",
    "token valid": "Kite accepts the access token again",
    "feed dropped": "Kite drops the feed",
    "plan personal": "the plan lacks market data",
    "plan bought-today": "the plan was bought since the login, and counts from the next one",
    "plan user-not-enabled": "the app is not enabled for this user",
}
_SECONDS = re.compile(r"([\d.]+) s$")
_TIME = re.compile(r"\d\d:\d\d:\d\d ")


class Voice(Enum):
    """Who or what a moment is about. The value is its label."""

    WORLD = "world"
    TRIES = "kitefeed"
    FEED = "feed"
    WAITS = "waits"
    SAYS = "says"
    ERROR = "ERROR"
    ENDS = "ends"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, as a sentence; `more` are the lines that belong under it."""

    at_s: float
    voice: Voice
    text: str
    more: tuple[str, ...] = ()
    times: int = 1
    until_s: float = 0.0  # of the last of several


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch in which the user saw one state. `cause` is "" when it is a good one."""

    from_s: float
    until_s: float
    state: str
    cause: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Tale:
    """The whole play."""

    log: Log
    bands: tuple[Band, ...]

    def clock(self, at_s: float) -> str:
        return clock_time(self.log.wall(round(at_s, 3)))

    def summary(self) -> str:
        """What it came to, in one line."""
        errors, waits = len(errors_of(self.log)), sum(map(_is_wait, pauses_of(self.log)))
        dark_s = sum(band.until_s - band.from_s for band in self.bands if band.state not in OPEN_FEED)
        words = [f"{errors} error{'s' * (errors != 1)}", f"{waits} wait{'s' * (waits != 1)} between tries"]
        return f"{', '.join(words)}; {duration(dark_s)} without a live feed, and at the end: {self.bands[-1].state}"


def tale_of(log: Log) -> Tale:
    """The tale of a play."""
    moments = _paired(list(_folded(sorted(_moments(log), key=lambda moment: moment.at_s))))
    shown = [(entry.at_s, *_state(entry.text)) for entry in log.of(Kind.SHOWN)]
    first_s = log.entries[0].at_s if log.entries else 0.0
    last_s = log.entries[-1].at_s if log.entries else 0.0
    if not shown or shown[0][0] > first_s:
        shown.insert(0, (first_s, "connecting", ""))
    bands = []
    for nth, (from_s, state, cause) in enumerate(shown):
        until_s = shown[nth + 1][0] if nth + 1 < len(shown) else last_s
        last = nth + 1 == len(shown)
        within = [one for one in moments[1:] if from_s <= one.at_s < until_s or (last and one.at_s >= until_s)]
        bands.append(Band(from_s, until_s, state, cause, (*(moments[:1] if nth == 0 else []), *within)))
    return Tale(log, tuple(bands))


def _state(text: str) -> tuple[str, str]:
    state, _, cause = text.partition(" ")
    return state, cause[1:-1]


def _is_wait(pause: tuple[float, float]) -> bool:
    return pause[1] - pause[0] >= _LEAST_WAIT_S


def _moments(log: Log) -> Iterator[Moment]:
    entries = log.entries
    answers = _answers(entries)
    for at, entry in enumerate(entries):
        if entry.kind in _QUESTIONS:
            yield _question(entry, answers)
        elif entry.kind is Kind.KITE and (at == 0 or entries[at - 1].kind is not Kind.KITE):
            yield Moment(entry.at_s, Voice.WORLD, _at_kite(entries, at), tuple(_whys(entries, at)))
        elif entry.kind in (Kind.GIVEN, Kind.USER, Kind.COMPUTER):
            yield Moment(entry.at_s, Voice.WORLD, _of_the_world(entry), tuple(_whys(entries, at)))
        elif entry.kind is Kind.FEED:
            yield Moment(entry.at_s, Voice.FEED, _feed(entry.text))
        elif entry.kind is Kind.STDERR and not entry.text.startswith((" ", "error:")):
            yield Moment(entry.at_s, Voice.SAYS, _TIME.sub("", entry.text, 1))
        elif entry.kind is Kind.STDERR and entry.text.startswith("error:"):
            more = tuple(one.text.strip() for one in entries[at + 1 : at + 3])
            yield Moment(entry.at_s, Voice.ERROR, entry.text.removeprefix("error:").strip(), more)
        elif entry.kind is Kind.EXIT:
            yield Moment(entry.at_s, Voice.ENDS, f"the command ends with exit code {entry.text}")
    for from_s, until_s in filter(_is_wait, pauses_of(log)):
        yield Moment(from_s, Voice.WAITS, f"{duration(until_s - from_s)} before the next try")


def _answers(entries: list[Entry]) -> dict[tuple[Kind, str], list[Entry]]:
    """The answers by their kind and the number of their question, the last one first."""
    answers: dict[tuple[Kind, str], list[Entry]] = defaultdict(list)
    for entry in reversed(entries):
        if entry.kind in _ANSWERS:
            answers[entry.kind, entry.text.split(" ", 1)[0]].append(entry)
    return answers


def _question(asked: Entry, answers: dict[tuple[Kind, str], list[Entry]]) -> Moment:
    """A question and its answer in one sentence."""
    answer_kind, words = _QUESTIONS[asked.kind]
    found = answers.get((answer_kind, asked.text.split(" ", 1)[0]))
    if not found:
        return Moment(asked.at_s, Voice.TRIES, f"{words}: no answer")
    answer = found.pop()
    took_s = answer.at_s - asked.at_s
    late = f", after {duration(took_s)}" if took_s >= 1 else ""
    return Moment(asked.at_s, Voice.TRIES, f"{words}: {answer.text.split(' ', 1)[-1]}{late}")


def _at_kite(entries: list[Entry], at: int) -> str:
    """What changed at Kite at one moment."""
    changes = list(takewhile(lambda entry: entry.kind is Kind.KITE, _from(entries, at)))
    if len(changes) == 1 and changes[0].text in _AT_KITE:
        return _AT_KITE[changes[0].text]
    return "at Kite: " + ", ".join(change.text for change in changes)


def _of_the_world(entry: Entry) -> str:
    match entry.kind:
        case Kind.USER:
            return entry.text if " is " in entry.text else f"the user {entry.text}"
        case Kind.COMPUTER:
            return "the computer " + _SECONDS.sub(lambda found: duration(float(found[1])), entry.text)
        case _:
            return entry.text


def _feed(text: str) -> str:
    """Without the number of its question."""
    words = text.split(" ", 1)[-1]
    return "is closed by kitefeed" if words == "closed by us" else words


def _from(entries: list[Entry], at: int) -> Iterator[Entry]:
    return (entries[nth] for nth in range(at, len(entries)))


def _whys(entries: list[Entry], at: int) -> Iterator[str]:
    for one in _from(entries, at + 1):
        if one.kind is Kind.WHY:
            yield one.text
            return
        if one.kind is not Kind.KITE:
            return


def _folded(moments: Iterable[Moment]) -> Iterator[Moment]:
    """The same question with the same answer again and again is told once."""
    run: Moment | None = None
    for one in moments:
        if run is not None and one.voice is Voice.TRIES and one.text == run.text:
            run = Moment(run.at_s, run.voice, run.text, run.more, run.times + 1, one.at_s)
            continue
        if run is not None:
            yield run
        run = one
    if run is not None:
        yield run


def _paired(moments: list[Moment]) -> list[Moment]:
    """The same question and the same wait in turns are told once."""
    told: list[Moment] = []
    for one in moments:
        told.append(one)
        *_, asked, waited, again, rests = [None] * 4 + told[-4:]
        if asked is None or waited is None or again is None or rests is None:
            continue
        turns = (asked.voice, waited.voice) == (Voice.TRIES, Voice.WAITS)
        if turns and (asked.text, waited.text) == (again.text, rests.text) and again.times == 1:
            told[-4:] = [
                replace(asked, times=asked.times + 1, until_s=again.at_s),
                replace(waited, times=waited.times + 1, until_s=rests.at_s),
            ]
    return told
