"""A scenario file → `Scenario`. Strict: a misspelt word stops with the line and the nearest word that exists.

The form is described in `docs`' scenario page and best learned from a shipped file. Nothing here trusts the file:
its size, its lines and every value are checked before anything is played.
"""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from pathlib import Path

from ..policy.actions import Shown
from ..policy.causes import Cause
from .flight.recording import read_recorded
from .source_text import SourceText
from .story import LONGEST_QUIET_S, Bounds, Expect, Given, Happening, Scenario, Stage
from .table import Table
from .words import COMPUTER, COUNTED, HEALTHY, KITE, MARKETS, SAVED_TOKENS, TOKEN_STATES, USER

_TOP = ("title", "guards", "source", "given", "timeline", "expect", "stage", "recorded")
_GIVEN = ("command", "starts_at", "ends_at", "token", "kite", "market", "cassette")
_TIMELINE = ("at", "kite", "user", "computer", "why")
_EXPECT = (
    "errors",
    "error_by",
    *COUNTED,
    "in_any_minute",
    "live_by",
    "waits_s",
    "shows",
    "ends",
    "says",
    "never_says",
    "exit",
)
_STAGE = ("longest_quiet_s", "only")
STAGES = ("virtual", "emulator")

_MOST_HAPPENINGS = 2000
_DAY_S = 24 * 3600.0
_EPILOGUE_S = 90.0  # longer than an outage takes to be lived down, so that a second error would still be seen


def read(path: Path) -> Scenario:
    """The scenario in that file. Raises Problem."""
    source = SourceText(path)
    top = Table(source, "", 0, source.parsed(), _TOP)
    given_table = Table(source, "given", 0, top.raw.get("given"), _GIVEN)
    given = _given(given_table)
    timeline = _timeline(top, given.starts_at)
    expect = _expect(Table(source, "expect", 0, top.raw.get("expect"), _EXPECT), given.starts_at)
    recorded = read_recorded(top)
    if recorded is not None and (timeline or given.kite or given.cassette):
        top.fail("recorded", "a recording says all that happened: leave out `timeline`, `kite` and `cassette`")
    last_s = max([0.0, *(one.at_s for one in timeline), *expect.moments_s()])
    ends_s = last_s + _EPILOGUE_S
    if "ends_at" in given_table:
        ends_s = given_table.moment_s("ends_at", given.starts_at)
        if ends_s < last_s:
            given_table.fail("ends_at", "`ends_at` lies before the last thing that happens or is promised")
    return Scenario(
        name=path.stem,
        title=top.text("title"),
        guards=top.texts("guards") or (),
        source=top.text("source"),
        given=given,
        timeline=timeline,
        expect=expect,
        stage=_stage(Table(source, "stage", 0, top.raw.get("stage", {}), _STAGE)),
        ends_s=ends_s,
        recorded=recorded,
    )


def _given(table: Table) -> Given:
    starts_at = table.start("starts_at")
    cassette = table.text("cassette", "") or None
    if cassette is not None and not re.fullmatch(r"(?:[a-z0-9_-]+/)*[a-z0-9_-]+\.yaml", cassette):
        table.fail("cassette", "`cassette` must be the path of a recording below cassettes, like kite/morning.yaml")
    return Given(
        command=_command(table),
        starts_at=starts_at,
        token=table.word("token", SAVED_TOKENS),
        kite=_kite(table, ()),
        market=table.word("market", MARKETS, "open"),
        cassette=cassette,
    )


def _command(table: Table) -> str:
    """The command line without `kitefeed`; only the long-running feed has a story to tell."""
    command = table.text("command")
    try:
        words = shlex.split(command)
    except ValueError:
        table.fail("command", "`command` has an open quote")
    table.known("command", words[0] if words else "", ("run",))
    return command


def _timeline(top: Table, starts_at: datetime) -> tuple[Happening, ...]:
    raw = top.raw.get("timeline", [])
    if not isinstance(raw, list) or len(raw) > _MOST_HAPPENINGS:
        top.fail("timeline", f"`timeline` must be a list of at most {_MOST_HAPPENINGS} tables")
    happenings: list[Happening] = []
    for nth, one in enumerate(raw):
        table = Table(top.source, "timeline", nth, one, _TIMELINE, label="[[timeline]]")
        happening = _happening(table, starts_at)
        if happenings and happening.at_s < happenings[-1].at_s:
            table.fail("at", "`at` lies before the one above it; time cannot go backwards")
        happenings.append(happening)
    return tuple(happenings)


def _happening(table: Table, starts_at: datetime) -> Happening:
    user = table.word("user", USER) if "user" in table else None
    sleeps_s = clock_jumps_s = 0.0
    if "computer" in table:
        computer = Table(table.source, "timeline", table.nth, table.raw["computer"], COMPUTER, "`computer`", "computer")
        if "sleeps_s" in computer:
            sleeps_s = computer.number("sleeps_s", 1.0, _DAY_S)
        if "clock_jumps_s" in computer:
            clock_jumps_s = computer.number("clock_jumps_s", -_DAY_S, _DAY_S)
    happening = Happening(
        at_s=table.moment_s("at", starts_at),
        kite=_kite(table, ("token",)),
        user=user,
        sleeps_s=sleeps_s,
        why=table.text("why", ""),
        clock_jumps_s=clock_jumps_s,
    )
    if not (happening.kite or user or sleeps_s or clock_jumps_s):
        table.fail("timeline", "nothing happens here: say `kite`, `user` or `computer`")
    return happening


def _kite(table: Table, besides: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Fault words: `"healthy"`, or a table of families and words."""
    raw = table.raw.get("kite")
    if raw is None:
        return ()
    if isinstance(raw, str):
        table.known("kite", raw, (HEALTHY,))
        return tuple((family, words[0]) for family, words in KITE.items() if family in ("feed", "rest", "plan"))
    kite = Table(table.source, table.section, table.nth, raw, (*KITE, *besides), "`kite`", "kite")
    return tuple((family, kite.word(family, KITE.get(family, TOKEN_STATES))) for family in kite.raw)


def _expect(table: Table, starts_at: datetime) -> Expect:
    def moment_s(key: str) -> float | None:
        return table.moment_s(key, starts_at) if key in table else None

    errors = table.texts("errors")
    shows = table.texts("shows")
    ends = table.word("ends", [one.value for one in Shown]) if "ends" in table else None
    return Expect(
        errors=None if errors is None else tuple(Cause(_cause(table, "errors", one)) for one in errors),
        error_by_s=moment_s("error_by"),
        bounds=tuple(_bounds(table, what, starts_at) for what in COUNTED if what in table),
        in_any_minute=_in_any_minute(table),
        live_by_s=moment_s("live_by"),
        waits_s=table.numbers("waits_s"),
        shows=None if shows is None else tuple(Shown(_shown(table, one)) for one in shows),
        ends=None if ends is None else Shown(ends),
        says=table.texts("says") or (),
        never_says=table.texts("never_says") or (),
        exit=table.count("exit"),
    )


def _cause(table: Table, key: str, word: str) -> str:
    return table.known(key, word, [one.value for one in Cause])


def _shown(table: Table, word: str) -> str:
    return table.known("shows", word, [one.value for one in Shown])


def _bounds(table: Table, what: str, starts_at: datetime) -> Bounds:
    one = Table(table.source, "expect", 0, table.raw[what], ("from", "until", "min", "max"), f"`{what}`", what)
    from_s, until_s = one.moment_s("from", starts_at), one.moment_s("until", starts_at)
    if until_s < from_s:
        one.fail(what, f"the `until` of `{what}` lies before its `from`")
    if "min" not in one and "max" not in one:
        one.fail(what, f"`{what}` must say `max` or `min`")
    return Bounds(what, from_s, until_s, one.count("min", 0) or 0, one.count("max"))


def _in_any_minute(table: Table) -> tuple[tuple[str, int], ...]:
    raw = table.raw.get("in_any_minute")
    if raw is None:
        return ()
    one = Table(table.source, "expect", 0, raw, COUNTED, "`in_any_minute`", "in_any_minute")
    return tuple((what, one.count(what) or 0) for what in one.raw)


def _stage(table: Table) -> Stage:
    longest_s = table.number("longest_quiet_s", 5.0) if "longest_quiet_s" in table else LONGEST_QUIET_S
    return Stage(longest_s, table.word("only", STAGES) if "only" in table else None)
