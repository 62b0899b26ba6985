"""The shortest way to a violation: to be read, and as a scenario file that plays it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from math import inf
from pathlib import Path
from typing import NamedTuple

from ...policy import Event, State, begin, deadline
from ...policy.events import (
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    TimeUp,
    TokenChecked,
)
from ...policy.states import Joined, Live
from ..flight.plain import to_plain, written
from ..flight.recording import Recorded, Step, lines
from .again import Judging
from .grid import SLEPT_S
from .happenings import ASK_CONFIRM, ASK_OWN, ASK_POLL
from .rules import RULES
from .search import NIGHT, Happening, View, Violation, happenings

_STARTS_AT = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=5, minutes=30)))
_ANSWERS = (TokenChecked, QuotesPolled, FeedOpened, FeedRefused, FeedUnreachable, FeedTicked, FeedClosed)
_MORE_LOOKS = 20
_TOKENS = {Saved.TOKEN: "valid", Saved.NOTHING: "missing", Saved.MALFORMED: "damaged"}


class Leg(NamedTuple):
    """One event of the way, on the clock of a run that began at 0, and what came of it."""

    at_s: float
    event: Event
    before: State
    after: State | None  # None: `step` raised
    actions: tuple[str, ...]


def legs(view: View, violation: Violation) -> list[Leg]:
    """The way as the view went it, between its representatives."""
    now_s, gone = 0.0, list[Leg]()
    for key, label in violation.way:
        one, after_s = _at(view, key, label)
        now_s += after_s
        if one is not None and one.event is not None:
            after: State | None = None
            actions: tuple[str, ...] = (one.problem,)
            if one.move is not None:
                after, actions = one.move.after, tuple(map(_action, one.move.actions))
            gone.append(Leg(now_s, one.event, one.scene.state, after, actions))
    return gone


def walked(view: View, violation: Violation) -> list[Step]:
    """The events of the way for a policy of its own, from the start: with the numbers of its own questions. In a view
    whose timers are free, the waits that make them due are put in, and a few more at the end until the rule breaks."""
    state, now_s, steps = begin(view.limits), 0.0, list[Step]()
    judging = Judging(tuple(one for one in RULES.values() if one.name == violation.rule))
    for leg in legs(view, violation):
        now_s = max(now_s, leg.at_s)
        if isinstance(leg.event, TimeUp):
            due_s = deadline(state, view.limits)
            now_s = max(now_s, due_s) if due_s < now_s + SLEPT_S else now_s
        event = _asked(leg.event, state)
        steps.append(Step(now_s, event))
        try:
            state = judging(state, event, now_s, view.limits).state
        except Exception:  # noqa: BLE001  what it raises was found, and told
            return steps
    later = list(_waited_for(violation.rule, judging, state, now_s, view))
    return [*steps, *later] if violation.rule in judging.broken_s else steps


def _waited_for(rule: str, judging: Judging, state: State, now_s: float, view: View) -> Iterator[Step]:
    """Looks at the next deadlines, until the rule breaks."""
    for _ in range(_MORE_LOOKS):
        due_s = deadline(state, view.limits)
        if rule in judging.broken_s or due_s == inf:
            return
        now_s = max(now_s, due_s)
        look = TimeUp(inf, inf, True) if not isinstance(state, Joined | Live) else TimeUp(0.0, 0.0, True)
        state = judging(state, look, now_s, view.limits).state
        yield Step(now_s, look)


def told(view: View, violation: Violation) -> list[str]:
    """A line for every event of the way, and what is broken."""
    rule = RULES.get(violation.rule)
    says = rule.says if rule is not None else violation.told
    return [*(_line(leg) for leg in legs(view, violation)), f"broken: {violation.rule} ({says})"]


def as_scenario(view: View, violation: Violation) -> str:
    """A scenario file with the way as a recording."""
    recorded = Recorded(tuple(walked(view, violation)))
    return "\n".join((*_head(violation, recorded.saved), *lines(recorded))) + "\n"


def write_scenarios(violations: list[tuple[View, Violation]], folder: Path) -> list[Path]:
    """One file for the shortest way to each broken rule."""
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for view, violation in violations:
        if violation.rule not in paths:
            path = folder / f"explored-{violation.rule}.toml"
            path.write_text(as_scenario(view, violation), encoding="utf-8")
            paths[violation.rule] = path
    return list(paths.values())


def _head(violation: Violation, saved: Saved) -> Iterator[str]:
    yield f"title  = {written(f'The shortest way to break the rule {violation.rule}')}"
    yield f"guards = {written([violation.rule])}"
    yield 'source = "Found by exploring every order of events"'
    yield ""
    yield "[given]"
    yield 'command   = "run"'
    yield f"starts_at = {_STARTS_AT.isoformat()}"
    yield f'token     = "{_TOKENS[saved]}"'
    yield ""
    yield "[expect]"
    yield ""


def _at(view: View, key: bytes, label: int) -> tuple[Happening | None, float]:
    """What happens with that move, nothing for mere waiting, and how long it was waited for."""
    last = -1
    for last, one in enumerate(happenings(view, key)):
        if last == label:
            return one, 0.0 if one.move is None else one.move.now_s
    _, many = view.passing(key)[label - last - 1]
    return None, SLEPT_S if many == NIGHT else many * view.quantum_s


def _asked(event: Event, state: State) -> Event:
    """The same answer, to the question that is really open."""
    if not isinstance(event, _ANSWERS):
        return event
    confirm = state.confirm if isinstance(state, Live) else None
    numbers = {ASK_OWN: getattr(state, "ask", None), ASK_POLL: state.ledger.polls.ask, ASK_CONFIRM: confirm}
    real = numbers.get(event.ask)
    return event if real is None else replace(event, ask=real)


def _line(leg: Leg) -> str:
    words = {word: value for word, value in to_plain(leg.event).items() if word not in ("ask", "detail", "user")}
    if isinstance(leg.event, FeedTicked):
        words = {"fresh": leg.event.fresh, "trading": leg.event.trading}
    facts = ", ".join(f"{word} {value}" for word, value in words.items())
    to = "raised" if leg.after is None else type(leg.after).__name__
    did = f": {', '.join(leg.actions)}" if leg.actions else ""
    event = type(leg.event).__name__ + (f" ({facts})" if facts else "")
    return f"{leg.at_s:8.1f} s  {type(leg.before).__name__} + {event} -> {to}{did}"


def _action(action: object) -> str:
    words = [getattr(action, name) for name in ("cause", "note", "shown") if hasattr(action, name)]
    return " ".join([type(action).__name__, *(one.value for one in words if one is not None)])
