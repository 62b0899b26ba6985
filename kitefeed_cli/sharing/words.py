"""The bodies of the state stream: how the feed is, and what happened to it.

Each kind of word is a class here, but for `NAMES`, which has nothing to say: the names under their own key are others
now.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from ..clock import epoch_to_ist
from ..gateway.upstream import Condition, Trouble
from ..ticks.gaps import Gap
from .entries import MalformedError

BEGAN, CONDITION, NAMES, GAP, TEXT = "began", "condition", "names", "gap", "text"

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Began:
    """A publisher begins to publish: where it runs, and which kitefeed it is."""

    host: str
    pid: int
    version: str


@dataclass(frozen=True, slots=True)
class State:
    """How the feed is; once a second and at each change."""

    condition: Condition
    user_name: str  # may be empty
    connections: int  # to Kite; as many streams there are


@dataclass(frozen=True, slots=True)
class Text:
    """What Kite sent as text: an order update as it came, a broker's message or an error."""

    kind: str  # "order", "message" or "error"
    text: str


def began_body(began: Began) -> Body:
    return asdict(began)


def began_of(body: Body) -> Began:
    """Raises MalformedError, as the others do."""
    with _reading("began"):
        return Began(str(body["host"]), int(body["pid"]), str(body["version"]))


def state_body(state: State) -> Body:
    """An age that is infinite is null."""
    one = state.condition
    return {
        "state": one.state,
        "why": one.why,
        "source": one.source,
        "frame_age_s": round(one.frame_age_s, 3) if math.isfinite(one.frame_age_s) else None,
        "trouble": None if one.trouble is None else _trouble_body(one.trouble),
        "user_name": state.user_name,
        "connections": state.connections,
    }


def state_of(body: Body) -> State:
    with _reading("condition"):
        trouble, age_s = body["trouble"], body["frame_age_s"]
        condition = Condition(
            state=str(body["state"]),
            why=_text(body["why"]),
            source=_text(body["source"]),
            frame_age_s=math.inf if age_s is None else float(age_s),
            trouble=None if trouble is None else _trouble_of(trouble),
        )
        return State(condition, str(body["user_name"]), int(body["connections"]))


def gap_body(gap: Gap) -> Body:
    """Times as microseconds since 1970, on the publisher's wall clock."""
    body = asdict(gap)
    return body | {"from_at": _us(gap.from_at.timestamp()), "to_at": _us(gap.to_at.timestamp())}


def gap_of(body: Body) -> Gap:
    with _reading("gap"):
        return Gap(
            from_at=epoch_to_ist(int(body["from_at"]) / 1e6),
            to_at=epoch_to_ist(int(body["to_at"]) / 1e6),
            lasted_s=float(body["lasted_s"]),
            cause=str(body["cause"]),
            bridged_by=tuple(map(str, body["bridged_by"])),
            instruments=tuple(map(int, body["instruments"])),
            connection=int(body["connection"]),
            open=bool(body["open"]),
        )


def text_body(text: Text) -> Body:
    return asdict(text)


def text_of(body: Body) -> Text:
    with _reading("text"):
        return Text(str(body["kind"]), str(body["text"]))


def _trouble_body(trouble: Trouble) -> Body:
    return {"what": trouble.what, "why": trouble.why, "next_step": trouble.next_step, "cause": trouble.cause}


def _trouble_of(body: Body) -> Trouble:
    return Trouble(*(str(body[name]) for name in ("what", "why", "next_step", "cause")))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


@contextmanager
def _reading(kind: str) -> Iterator[None]:
    """Whatever is wrong with a body is one error."""
    try:
        yield
    except (KeyError, ValueError, TypeError, OverflowError, OSError) as error:
        raise MalformedError(f"a word {kind!r} is not kitefeed's: {error}") from None
