"""`simulate --swarm`: plays the days, tells what came of them, and keeps those that broke a rule as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...clock import Clock
from ...console.printer import Printer
from ...console.progress import progress
from ...console.words import duration
from ...policy import DEFAULT, Limits
from ...problems import Problem
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
    how fast it went is talk. Raises Problem for a number out of range or a folder that cannot be written."""
    _check("--days", days, 1, MOST_DAYS)
    _check("--seed", seed, 0, MOST_SEED)
    season = Season(seed)
    failed: list[Judged] = []
    started_s = clock.now_s()
    with progress(printer, "trading days", days) as advance:
        for judged in play(seed, days, density, limits):
            season.add(judged)
            if judged.broken and len(failed) < _MOST_FILES:
                failed.append(judged)
            advance(_pace(season.days, clock.now_s() - started_s))
    took_s = clock.now_s() - started_s
    printer.status(f"{days} days in {duration(took_s)}: {_pace(days, took_s)}")
    files = [_kept(judged, folder, limits) for judged in failed]
    if printer.json:
        printer.data(season.as_json(files))
    else:
        printer.data("\n".join([*season.lines(), *_violations(season, files)]))
    return season.kept


def _pace(days: int, took_s: float) -> str:
    took_s = max(took_s, 0.001)
    return f"{days / took_s:.1f} days a second, {days * DAY_S / took_s:,.0f} × real time"


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
        yield f"play it again: kitefeed simulate {path}"


def _kept(judged: Judged, folder: Path, limits: Limits) -> str:
    """The day as a file, made as short as it can be while it breaks the same rule; its path."""
    scenario = shrunk(judged.day, judged.broken[0].promised, limits).scenario
    path = folder / f"{scenario.name}.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(as_toml(scenario), "utf-8", newline="\n")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Problem("a day that broke a rule cannot be kept", why, "choose a folder with `--seeds-in`") from None
    return str(path)


def _check(flag: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise Problem(f"`{flag} {number}` is out of range", f"it lies between {least} and {most}", "choose another")
