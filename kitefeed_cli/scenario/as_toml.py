"""A scenario as the text of a file that reads back as the same scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from json import dumps

from .story import Expect, Happening, Scenario


def as_toml(scenario: Scenario) -> str:
    """The whole file. Of the promises only those that a machine makes: `exit`, `errors`, `live_by`, `in_any_minute`."""
    given = scenario.given
    lines = [
        f"title  = {dumps(scenario.title, ensure_ascii=False)}",
        f"guards = {_list(scenario.guards)}",
        f"source = {dumps(scenario.source, ensure_ascii=False)}",
        "",
        "[given]",
        f"command   = {dumps(given.command, ensure_ascii=False)}",
        f"starts_at = {given.starts_at.isoformat()}",
        f"ends_at   = {_moment(scenario, scenario.ends_s)}",
        f'token     = "{given.token}"',
        f'market    = "{given.market}"',
        *([f"kite      = {_kite(given.kite)}"] if given.kite else []),
    ]
    for one in scenario.timeline:
        lines += ["", "[[timeline]]", f"at = {_moment(scenario, one.at_s)}", *_deeds(one)]
    lines += ["", "[expect]", *_expect(scenario, scenario.expect)]
    if scenario.stage.only is not None:
        lines += ["", "[stage]", f'only = "{scenario.stage.only}"']
    return "\n".join(lines) + "\n"


def _deeds(one: Happening) -> Iterator[str]:
    if one.kite:
        yield f"kite = {_kite(one.kite)}"
    if one.user is not None:
        yield f'user = "{one.user}"'
    deeds = {"sleeps_s": one.sleeps_s, "clock_jumps_s": one.clock_jumps_s}
    if any(deeds.values()):
        yield "computer = { " + ", ".join(f"{word} = {value!r}" for word, value in deeds.items() if value) + " }"
    if one.why:
        yield f"why = {dumps(one.why, ensure_ascii=False)}"


def _expect(scenario: Scenario, expect: Expect) -> Iterator[str]:
    if expect.errors is not None:
        yield f"errors = {_list(cause.value for cause in expect.errors)}"
    if expect.live_by_s is not None:
        yield f"live_by = {_moment(scenario, expect.live_by_s)}"
    if expect.in_any_minute:
        counts = ", ".join(f"{what} = {most}" for what, most in expect.in_any_minute)
        yield f"in_any_minute = {{ {counts} }}"
    if expect.exit is not None:
        yield f"exit = {expect.exit}"


def _kite(words: tuple[tuple[str, str], ...]) -> str:
    return "{ " + ", ".join(f'{family} = "{word}"' for family, word in words) + " }"


def _list(words: Iterable[str]) -> str:
    return "[" + ", ".join(dumps(word, ensure_ascii=False) for word in words) + "]"


def _moment(scenario: Scenario, at_s: float) -> str:
    """A date and time, so that a day of any length has its moments; thousandths only where there are some."""
    at = scenario.given.starts_at + timedelta(seconds=at_s)
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
