"""Writes `docs/states.md` by asking `step` about every state and every event: `python tools/states.py [--check]`.

With `--check` nothing is written, and the exit code is 1 when the page is stale. It stands outside of the package
because no user needs it: it is run by `make docs` and `make format`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

from kitefeed_cli.policy import DEFAULT, State, begin, step
from kitefeed_cli.policy.actions import Action, Report, Say, Show
from kitefeed_cli.policy.causes import Cause
from kitefeed_cli.policy.events import (
    Answer,
    Event,
    FeedClosed,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    Saved,
    Started,
    StopAsked,
    TimeUp,
    TokenChecked,
    TokenStored,
    Woke,
)
from kitefeed_cli.policy.ledger import Ledger, Outage, Polls, Verdict
from kitefeed_cli.policy.shown import shown_of
from kitefeed_cli.policy.states import (
    Asking,
    Barred,
    Checking,
    Joined,
    Live,
    Opening,
    SignedOut,
    Stopped,
    Waiting,
    own_deadline_s,
)

PAGE = Path(__file__).resolve().parents[1] / "docs" / "states.md"

_NOW_S = 1000.0
_FEED, _POLL = 10, 11  # the numbers of the open questions

_HEAD = """# States

Where the policy can be, and what every event makes of it. Generated from `kitefeed_cli.policy.step` by
`python tools/states.py`; do not edit.

Each section stands for one situation in that state: the feed was lost once, a poll is under way after polls that
failed, and the attempt budget is full (`Live`: the outage is over, and REST is being asked whether the feed is mute).
What a section does not list changes nothing there. `kitefeed_cli/policy/states.py` says what a state holds,
`messages.md` what each line says.

```mermaid
stateDiagram-v2
    [*] --> Idle
{diagram}
    Stopped --> [*]
```
"""


def situations() -> Iterator[State]:
    """One of each state; all but `Idle`, `Live` and `Stopped` in the middle of an outage."""
    fresh = Ledger.opened(DEFAULT)
    polls = Polls(ask=_POLL, asked_s=_NOW_S - 1, next_s=_NOW_S + 4, failed=True)
    lost = Outage(_NOW_S - 30, Cause.FEED_DROPPED, "1006", Cause.FEED_DROPPED, tries=2)
    away = fresh._replace(next_ask=20, verdict=Verdict.GOOD, rung=1, polls=polls, outage=lost)
    dead = away._replace(verdict=Verdict.DEAD, polls=Polls())
    yield begin(DEFAULT)
    yield _seen(Checking(away, _FEED, _NOW_S + 5))
    yield _seen(Opening(away, _FEED, _NOW_S + 5, Answer.OK))
    yield _seen(Joined(away, _FEED, _NOW_S - 60, _NOW_S + 5))
    yield _seen(Live(away._replace(outage=None, polls=Polls()), _FEED, _NOW_S + 5, _NOW_S, True, confirm=_POLL))
    yield _seen(Asking(away, _NOW_S + 4, "403 Forbidden"))
    yield _seen(Waiting(away, _NOW_S + 15))
    yield _seen(SignedOut(dead, _NOW_S + 15))
    yield _seen(Barred(away._replace(polls=Polls()), _NOW_S + 300))
    yield Stopped(away)


def _seen(state: State) -> State:
    """The same state, after the user was shown it."""
    shown, cause = shown_of(state)
    return replace(state, ledger=state.ledger._replace(shown=shown, shown_cause=cause))


def happenings() -> Iterator[tuple[str, Event]]:
    """Every event in each shape that the policy tells apart, and the name of the shape."""
    yield "with a token", Started(Saved.TOKEN)
    yield "without one", Started(Saved.NOTHING)
    yield "new", TokenStored(Saved.TOKEN, new=True)
    yield "the same", TokenStored(Saved.TOKEN, new=False)
    yield "nothing", TokenStored(Saved.NOTHING, new=True)
    for answer in Answer:
        yield answer.value, TokenChecked(_FEED, answer)
    yield "", FeedOpened(_FEED)
    for status in (403, 429, 502):
        yield str(status), FeedRefused(_FEED, status)
    yield "", FeedUnreachable(_FEED)
    yield "", FeedTicked(_FEED, fresh=True, trading=True)
    yield "", FeedClosed(_FEED, "1006")
    for answer in Answer:
        yield answer.value, QuotesPolled(_POLL, answer)
    yield "ok and the market moved", QuotesPolled(_POLL, Answer.OK, moved=True)
    yield "all flows", TimeUp(0.0, 0.0, trading=True)
    yield "no frame for 5 s", TimeUp(5.0, 5.0, trading=True)
    yield "no tick for 55 s", TimeUp(0.0, 55.0, trading=True)
    yield "", Woke(600.0)
    yield "", StopAsked()


def page() -> str:
    """The whole page."""
    states, events = list(situations()), list(happenings())
    assert {type(state) for state in states} == set(get_args(State)), "a state is missing on the page"
    assert {type(event) for _, event in events} == set(get_args(Event)), "an event is missing on the page"
    edges: dict[tuple[str, str], list[str]] = {}
    sections = [f"\n## {_name(state)}\n\n{_sentence(state)}\n\n{_table(state, edges)}" for state in states]
    diagram = "\n".join(f"    {here} --> {there}: {', '.join(names)}" for (here, there), names in edges.items())
    return _HEAD.format(diagram=diagram) + "".join(sections)


def _table(state: State, edges: dict[tuple[str, str], list[str]]) -> str:
    rows = []
    here = _name(state)
    for kind, outcomes in _outcomes(state).items():
        for (there, deeds), shapes in outcomes.items():
            if (there, deeds) == (here, ""):
                continue
            name = kind if len(outcomes) == 1 else f"{kind}: {', '.join(shapes)}"
            rows.append(f"| {name} | {'stays' if there == here else there} | {deeds} |")
            if there != here:
                names = edges.setdefault((here, there), [])
                names += [] if kind in names else [kind]
    if not rows:
        return "Nothing happens any more.\n"
    return "\n".join(["| Event | Next | Actions |", "|---|---|---|", *rows]) + "\n"


def _outcomes(state: State) -> dict[str, dict[tuple[str, str], list[str]]]:
    """Kind of event → (next state, actions) → the shapes of the event that lead there."""
    outcomes: dict[str, dict[tuple[str, str], list[str]]] = {}
    for shape, event in happenings():
        # A deadline is met at its time; everything else happens now.
        now_s = min(own_deadline_s(state, DEFAULT), _NOW_S + 300) if isinstance(event, TimeUp) else _NOW_S
        decided = step(state, event, now_s, DEFAULT)
        outcome = _name(decided.state), ", ".join(map(_deed, decided.actions))
        outcomes.setdefault(type(event).__name__, {}).setdefault(outcome, []).append(shape)
    return outcomes


def _deed(action: Action) -> str:
    match action:
        case Report(cause=cause):
            return f"error `{cause.value}`"
        case Say(note=note):
            return f"says `{note.value}`"
        case Show(shown=shown):
            return f"shows `{shown.value}`"
        case _:
            return f"**{type(action).__name__}**"


def _name(state: State) -> str:
    return type(state).__name__


def _sentence(state: State) -> str:
    return " ".join((type(state).__doc__ or "").split())


def main() -> int:
    wanted = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != wanted:
        print("docs/states.md is stale: run `python tools/states.py` and read what changed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
