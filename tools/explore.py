"""Explores every order of events, and writes or checks docs/guarantees.md.

`python tools/explore.py` writes the page; `--check` fails when it would change. `--fine` explores the fine grid and
prints what it finds; it writes nothing. Exit 1 when a rule or a bound is broken; the shortest ways to broken rules
are printed and kept as scenario files in `scenarios/explored/`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kitefeed_cli.clock import SystemClock  # noqa: E402
from kitefeed_cli.scenario.explore import explore  # noqa: E402
from kitefeed_cli.scenario.explore.exploration import COARSE_S, FINE_S, view_of  # noqa: E402
from kitefeed_cli.scenario.explore.guarantees import page  # noqa: E402
from kitefeed_cli.scenario.explore.paths import told, write_scenarios  # noqa: E402

PAGE = ROOT / "docs" / "guarantees.md"
_SAY_EVERY_S = 10.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the page is stale")
    parser.add_argument("--fine", action="store_true", help="the fine grid: minutes, and more than a million states")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    clock = SystemClock()
    said_s = began_s = clock.now_s()

    def progress(view: str, states: int, moves: int) -> None:
        nonlocal said_s
        if clock.now_s() - said_s >= _SAY_EVERY_S:
            said_s = clock.now_s()
            print(f"{said_s - began_s:5.0f} s  {view}: {states:,} states, {moves:,} moves", file=sys.stderr, flush=True)

    quantum_s = FINE_S if asked.fine else COARSE_S
    found = explore(quantum_s, progress, jobs=asked.jobs)
    print(
        f"{found.states:,} states, {found.transitions:,} moves, {len(found.invariants)} rules, "
        f"{len(found.violations)} violations in {clock.now_s() - began_s:.0f} s"
    )
    for one in found.violations:
        print("\n".join(told(view_of(one.view, quantum_s), one)))
    kept = [(view_of(one.view, quantum_s), one) for one in found.violations]
    for path in write_scenarios(kept, ROOT / "scenarios" / "explored") if kept else []:
        print(f"written: {path.relative_to(ROOT)}")
    for what in found.broken_bounds:
        print(f"the bound is broken: {what}")
    text = page(found)
    if asked.fine:
        print(text)
    elif not asked.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/guarantees.md is stale: run `python tools/explore.py` and read what changed")
        return 1
    return 1 if found.violations or found.broken_bounds else 0


if __name__ == "__main__":
    sys.exit(main())
