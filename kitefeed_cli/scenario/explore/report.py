"""`simulate --explore`: explores, tells what came of it, and keeps the ways to broken rules as scenario files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps
from pathlib import Path

from ...clock import Clock
from ...console.printer import Printer
from ...console.words import duration
from ...problems import Problem
from .exploration import COARSE_S, FINE_S, Exploration, Progress, explore, view_of
from .paths import told, write_scenarios

FOUND = Path("scenarios/explored")


def explored(printer: Printer, clock: Clock, *, fine: bool = False, folder: Path = FOUND) -> bool:
    """Explore every order of events; whether every rule holds and every bound is kept. Raises Problem for a folder
    that cannot be written."""
    started_s = clock.now_s()
    with _progress(printer) as tell:
        found = explore(FINE_S if fine else COARSE_S, tell, jobs=os.cpu_count() or 1)
    printer.status(f"explored in {duration(clock.now_s() - started_s)}")
    files = _kept(found, folder)
    if printer.json:
        printer.data(dumps(found.to_json() | {"files": files}))
    else:
        printer.data("\n".join([*lines(found), *(f"play it again: kitefeed simulate {path}" for path in files)]))
    return not (found.violations or found.broken_bounds)


def lines(found: Exploration) -> Iterator[str]:
    """The summary for people."""
    for name, one in found.views.items():
        yield f"{name:7} {one['states']:>9,} states {one['transitions']:>11,} moves, {one['depth']:>3} deep"
    yield f"{'all':7} {found.states:>9,} states {found.transitions:>11,} moves, {found.depth:>3} deep"
    asked = sum(found.invariants.values())
    yield f"{len(found.invariants)} rules, checked {asked:,} times, {len(found.violations)} broken"
    for what, one in found.bounds.get("in_any_minute", {}).items():
        yield f"worst in any 60 s: {one['worst']:>3} {what} (promised {one['promised']})"
    if found.bounds:
        hour = found.bounds["error_lines_in_any_hour"]
        yield f"worst in any hour: {hour['worst']:>3} error lines (promised {hour['promised']})"
    for what, one in found.bounds.get("recovery", {}).items():
        yield f"longest way back: {one['worst_s']:>5g} s (promised {one['promised_s']:g} s) - {what}"
    for violation in found.violations:
        yield ""
        yield from told(view_of(violation.view, found.quantum_s), violation)
    for what in found.broken_bounds:
        yield f"the bound is broken: {what}"


def _kept(found: Exploration, folder: Path) -> list[str]:
    if not found.violations:
        return []
    try:
        ways = [(view_of(one.view, found.quantum_s), one) for one in found.violations]
        return [str(path) for path in write_scenarios(ways, folder)]
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise Problem("the way to a broken rule cannot be kept", why, f"make {folder} writable") from None


@contextmanager
def _progress(printer: Printer) -> Iterator[Progress]:
    """A bar without an end, for nobody knows how many states there are; on a terminal only, and gone when done."""
    if not printer.talks_to_terminal:
        yield lambda view, states, moves: None
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[words]}")
    with Bar(*columns, console=printer.talk_console(), transient=True) as bar:
        task = bar.add_task("exploring", total=None, words="")
        yield lambda view, states, moves: bar.update(task, words=f"{view}: {states:,} states, {moves:,} moves")
