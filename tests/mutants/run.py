"""Kills the mutants: each on a copy of the package, by the exploration (small), the policy's tests, the scenarios.

`python tests/mutants/run.py [--quick] [WORD…]` runs all, a quick few, or those whose names contain a word, and
prints a table of what killed each. Exit 1 when one survives, 2 when one does not apply any more.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutants.mutants import MUTANTS, Mutant  # noqa: E402  found only now

QUICK = ("dead token", "reports every", "attempt budget", "old question", "without counting", "blip")
_HEALTHY = Mutant("no fault", "machine.py", "", "")
_MOST_STATES = 4000  # of each view: enough for nearly every fault, in seconds
_PATIENCE_S = 300

_EXPLORE = f"""
from kitefeed_cli.scenario.explore import explore
found = explore(most_states={_MOST_STATES})
print(*sorted({{one.rule for one in found.violations}}), sep="\\n")
"""


def main(words: list[str]) -> int:
    quick = "--quick" in words
    wanted = QUICK if quick else [word for word in words if not word.startswith("-")]
    chosen = [one for one in MUTANTS if not wanted or any(word in one.name for word in wanted)]
    for one in chosen:
        if not applies(one):
            print(f"{one.name}: DOES NOT APPLY, its line is not in {one.file} any more")
            return 2
    width = max(len(one.name) for one in chosen)
    survivors = 0
    with _copies(os.cpu_count() or 1) as copies, ThreadPoolExecutor(copies.qsize()) as several:
        for one, killer in zip(
            (_HEALTHY, *chosen), several.map(partial(_kill, copies), (_HEALTHY, *chosen)), strict=True
        ):
            if one is _HEALTHY:
                if killer:
                    several.shutdown(cancel_futures=True)
                    print(f"the healthy policy is not: {killer}")
                    return 2
                continue
            survivors += not killer
            print(f"{one.name:<{width}}  {killer or 'SURVIVES'}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return 1 if survivors else 0


@contextmanager
def _copies(many: int) -> Iterator[Queue[Path]]:
    """So many copies of what a mutant needs, free to be taken."""
    free: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory() as folder:
        for nth in range(many):
            copy = Path(folder) / str(nth)
            copy.mkdir()
            for name in ("kitefeed_cli", "tests", "scenarios", "cassettes", "docs", "pyproject.toml"):
                _lay(ROOT / name, copy / name)
            free.put(copy)
        yield free


def _lay(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.exists():
        shutil.copy(source, target)


def applies(mutant: Mutant) -> bool:
    """Whether its line still stands in the policy, once."""
    return (ROOT / "kitefeed_cli" / "policy" / mutant.file).read_text(encoding="utf-8").count(mutant.before) == 1


def _kill(copies: Queue[Path], mutant: Mutant) -> str:
    """What notices the mutant first; nothing, when it survives."""
    copy = copies.get()
    path = copy / "kitefeed_cli" / "policy" / mutant.file
    healthy = path.read_text(encoding="utf-8")
    path.write_text(healthy.replace(mutant.before, mutant.after), encoding="utf-8")
    try:
        return next(filter(None, _noticed(copy)), "")
    finally:
        path.write_text(healthy, encoding="utf-8")
        copies.put(copy)


def _noticed(copy: Path) -> Iterator[str]:
    explored = _run(copy, "-c", _EXPLORE)
    rules = explored.stdout.split() if explored.returncode == 0 else ["the exploration itself fails"]
    yield f"rules: {', '.join(rules[:3])}{'…' if len(rules) > 3 else ''}" if rules else ""
    tested = _run(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/policy")
    failed = re.search(r"^FAILED \S+::(\S+)", tested.stdout, re.MULTILINE)
    yield f"test: {failed[1]}" if failed else ""
    played = _run(copy, "-m", "kitefeed_cli", "simulate")
    broken = re.findall(r"^broken +(\S+)", played.stdout, re.MULTILINE)
    every_one = played.returncode == 0 and " scenarios played" in played.stdout
    yield "" if every_one else f"scenario: {', '.join(broken) or 'none was played'}"


def _run(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *words]
    try:
        return subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "FAILED the-suite::hangs\n", "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
