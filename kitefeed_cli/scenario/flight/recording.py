"""`[recorded]` of a scenario file: every event that reached the policy, one a line, and the state it met.

```toml
[recorded]
steps = [
    { at_s = 14410.031, event = "feed-closed", ask = 2, detail = "connection reset" },
    { at_s = 14410.085, event = "token-checked", ask = 3, answer = "token-dead", detail = "403 TokenException" },
]

[recorded.state]
name = "live"
ask = 2
```

`at_s` counts from `given.starts_at`. Without `state` the recording begins with the command itself.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, NoReturn

from ...policy.events import Event, Saved, Started
from ...policy.states import Joined, Live, State
from ..table import Table
from .plain import OddError, from_plain, to_plain, written

MOST_STEPS = 2500
MOST_BYTES = 200_000  # of the steps' lines; the file around them is small
USUAL_S = 2.0  # a look no later than that is not worth a word

_WORDS = ("steps", "state")


def _kebab(cls: type[Any]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()


_EVENTS: dict[str, type[Event]] = {_kebab(cls): cls for cls in typing.get_args(Event)}
_STATES: dict[str, type[Live] | type[Joined]] = {"live": Live, "joined": Joined}
# What a quiet state has at its default anyway. `outage` is not among them: a feed without ticks yet is in its first.
_NEVER = frozenset({"confirm", "woke_s", "ticked_s", "lost", "lost_detail", "cause", "shown_cause", "told", "reported"})


@dataclass(frozen=True, slots=True)
class Step:
    """One event, and when the policy met it. `late_s`: so long after the deadline, of a look that came very late, or
    that another event overtook."""

    at_s: float
    event: Event
    late_s: float = 0.0

    def line(self) -> str:
        """The step as it stands in the file."""
        when = {"at_s": self.at_s} | ({"late_s": self.late_s} if self.late_s else {})
        return f"    {written({**when, 'event': _kebab(type(self.event)), **to_plain(self.event)})},"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the policy met, in order, and where it was before; `state` None: the command had not begun."""

    steps: tuple[Step, ...]
    state: State | None = None

    @property
    def saved(self) -> Saved:
        """What the token store held when the command began, as far as is known."""
        first = self.steps[0].event if self.steps else None
        return first.saved if isinstance(first, Started) else Saved.TOKEN


def is_quiet(state: State) -> bool:
    """Whether a recording may begin here: nothing is wrong, nothing was said that is not forgotten, no poll is open."""
    ledger = state.ledger
    if ledger.polls.ask is not None or ledger.shown_cause is not None:
        return False
    if isinstance(state, Live):
        return ledger.outage is None and state.confirm is None and state.woke_s == -inf
    if not isinstance(state, Joined) or ledger.trading or ledger.outage is None:
        return False
    outage = ledger.outage
    return outage.lost is None and outage.cause is None and outage.told is None and not outage.reported


def lines(recorded: Recorded) -> Iterator[str]:
    """The section as it stands in a file."""
    yield "[recorded]  # every event that reached the policy; what it did about them is in the transcript"
    yield "steps = ["
    yield from (step.line() for step in recorded.steps)
    yield "]"
    if recorded.state is not None:
        state = {"name": _kebab(type(recorded.state)), **to_plain(recorded.state, _NEVER)}
        yield from _table("recorded.state", state, "  # where the policy was before")


def _table(name: str, table: Mapping[str, Any], comment: str = "") -> Iterator[str]:
    """A table with a line for each word, and the tables in it after it."""
    yield from ("", f"[{name}]{comment}")
    yield from (f"{word} = {written(value)}" for word, value in table.items() if not isinstance(value, Mapping))
    for word, value in table.items():
        if isinstance(value, Mapping):
            yield from _table(f"{name}.{word}", value)


def read_recorded(top: Table) -> Recorded | None:
    """The recording in a scenario file, None when it has none. Raises Problem."""
    if "recorded" not in top:
        return None
    table = Table(top.source, "recorded", 0, top.raw["recorded"], _WORDS)
    raw = table.raw.get("steps")
    if not isinstance(raw, list) or not 0 < len(raw) <= MOST_STEPS:
        table.fail("steps", f"`steps` must be a list of 1 to {MOST_STEPS} tables")
    steps: list[Step] = []
    for nth, one in enumerate(raw):
        try:
            steps.append(_step(one, steps[-1].at_s if steps else 0.0))
        except OddError as odd:
            _refuse(table, _line(table, nth), odd)
    try:
        state = _state(table.raw["state"]) if "state" in table else None
    except OddError as odd:
        _refuse(table, table.line_of("state"), odd)
    return Recorded(tuple(steps), state)


def _step(raw: object, before_s: float) -> Step:
    if not isinstance(raw, dict):
        raise OddError("steps", "a step must be a table")
    when = from_plain(_When, {word: raw[word] for word in raw if word in ("at_s", "late_s")}, place="steps")
    if when.at_s < before_s:
        raise OddError("at_s", "`at_s` lies before the one above it; time cannot go backwards")
    name = raw.get("event")
    if not isinstance(name, str) or name not in _EVENTS:
        raise OddError("event", f"`{str(name)[:64]}` is no word of `event`", tuple(_EVENTS))
    rest = {word: value for word, value in raw.items() if word not in ("at_s", "late_s", "event")}
    return Step(when.at_s, from_plain(_EVENTS[name], rest, place=name), when.late_s)


@dataclass(frozen=True, slots=True)
class _When:
    at_s: float
    late_s: float = 0.0


def _state(raw: object) -> State:
    if not isinstance(raw, Mapping):
        raise OddError("state", "`state` must be a table")
    name = raw.get("name")
    if not isinstance(name, str) or name not in _STATES:
        raise OddError("state", f"`{str(name)[:64]}` is no word of `state`", tuple(_STATES))
    state = from_plain(_STATES[name], {word: raw[word] for word in raw if word != "name"}, _NEVER, "state")
    if not is_quiet(state):
        raise OddError(
            "state", "a recording begins while nothing is wrong: open polls, causes and outages must be absent"
        )
    return state


def _line(table: Table, nth: int) -> int:
    """The line of the nth step, when each has one of its own."""
    first = table.line_of("steps")
    lines = [at for at, text in enumerate(table.source.lines, 1) if at >= first and "at_s" in text]
    return lines[nth] if nth < len(lines) else first


def _refuse(table: Table, line: int, odd: OddError) -> NoReturn:
    if odd.known:
        found = re.match(r"`(.*)` is no word of `(.*)`$", odd.why)
        assert found is not None
        raise table.source.misspelt(line, found[1], f"`{found[2]}`", odd.known) from None
    raise table.source.problem(line, odd.why) from None
