"""`simulate --swarm`: plays the days, tells what came of them, and keeps those that broke a rule as files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...clock import Clock
from ...console.printer import Printer
from ...console.progress import progress
from ...console.words import duration
from ...policy import DEFAULT, Limits
from ...problems import Problem
from ...redact import one_line
from ..as_toml import as_toml
from .draw import DAY_S, Density
from .judge import Judged
from .season import MOST_DAYS, MOST_SEED, Season, play
from .shrink import shrunk

SEEDS = Path("scenarios/seeds")

_MOST_FILES = 3  # of one run: shrinking takes a while, and the first day tells most
_MOST_LINES = 10


def swarm(
    printer: Printer,
    clock: Clock,
    seed: int,
    days: int,
    density: Density | None,
    folder: Path,
    limits: Limits = DEFAULT,
) -> bool:
    """Play `days` days of the seed; whether every rule was kept. stdout is the same for the same seed, byte for byte;
    how fast it went is talk. Raises Problem for a number out of range."""
    _check("--days", days, 1, MOST_DAYS)
    _check("--seed", seed, 0, MOST_SEED)
    season = Season(seed)
    failed: list[Judged] = []
    started_s = clock.now_s()
    try:
        with progress(printer, "trading days", days) as advance:
            for judged in play(seed, days, density, limits):
                season.add(judged)
                if judged.broken and len(failed) < _MOST_FILES:
                    failed.append(judged)
                advance(_rate(season.days, clock.now_s() - started_s))
        printer.status(_told(days, clock.now_s() - started_s))
        files = _kept(failed, folder, limits, printer)
    except KeyboardInterrupt:
        printer.status(_stopped(season, days))
        raise
    if printer.json:
        printer.data(season.as_json(files))
    else:
        printer.data("\n".join([*season.lines(), *_violations(season, files)]))
    return season.kept


def _rate(days: int, took_s: float) -> str:
    return f"{days / max(took_s, 0.001):.1f} days a second"


def _told(days: int, took_s: float) -> str:
    times = days * DAY_S / max(took_s, 0.001)
    return f"{_days(days)} in {duration(took_s)}: {_rate(days, took_s)}, {times:,.0f} × real time"


def _days(days: int) -> str:
    return f"{days:,} day{'s' * (days != 1)}"


def _stopped(season: Season, days: int) -> str:
    """What Ctrl-C ended, and what was known by then."""
    rules = "every rule kept so far"
    if season.broken:
        first = season.broken[0][0]
        rules = (
            f"rules broken {len(season.broken)} times so far; `--days {first + 1}` gets to the first, on day {first}"
        )
    return f"stopped after {season.days:,} of {_days(days)} of seed {season.seed}: {rules}"


def _violations(season: Season, files: list[str]) -> Iterator[str]:
    if season.kept:
        yield "every rule kept"
        return
    days = sorted({number for number, _ in season.broken})
    yield f"BROKEN  {len(season.broken)} times, on {len(days)} of {season.days} days"
    for number, verdict in season.broken[:_MOST_LINES]:
        yield f"  day {number}: {verdict.promised}; got {verdict.got}"
    if len(season.broken) > _MOST_LINES:
        yield f"  and {len(season.broken) - _MOST_LINES} more"
    for path in files:
        yield f"play it again: kitefeed simulate {shlex.quote(path)}"


def _kept(failed: list[Judged], folder: Path, limits: Limits, printer: Printer) -> list[str]:
    """The paths of these days as files. A disk that takes none is told, and costs nobody the sums."""
    paths: list[str] = []
    try:
        for judged in failed:
            printer.status(f"day {judged.day.number} broke a rule: leaving out what it can do without")
            paths.append(_file(judged, folder, limits))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        what = f"the days that broke a rule cannot be kept in {one_line(str(folder))}"
        printer.error(Problem(what, why, "choose a folder with `--seeds-in DIR`", cause="scenario"))
    return paths


def _file(judged: Judged, folder: Path, limits: Limits) -> str:
    """The day as a file, made as short as it can be while it breaks the same rule; its path."""
    rule = judged.broken[0].promised
    scenario = shrunk(judged.day, rule, limits).scenario
    scenario = replace(scenario, title=f"{scenario.title}, broke a rule: {rule}")
    path = folder / f"{scenario.name}.toml"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(as_toml(scenario), "utf-8", newline="\n")
    return str(path)


def _check(flag: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise Problem(f"`{flag} {number}` is out of range", f"it lies between {least} and {most}", "choose another")
