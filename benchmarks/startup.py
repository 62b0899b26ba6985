"""Commands as whole processes, CPU time, against an empty Typer app."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from .report import Line
from .rounds import ratio

_ROUNDS = 15
_EMPTY = """
import typer
app = typer.Typer()
@app.command()
def main(version: bool = False) -> None: ...
app()
"""
_COMPLETION = {"_KITEFEED_COMPLETE": "complete_bash", "COMP_WORDS": "kitefeed v", "COMP_CWORD": "1"}


def lines() -> Iterator[Line]:
    kitefeed = [str(Path(sys.executable).with_name("kitefeed"))]
    with TemporaryDirectory() as folder:
        path = Path(folder, "empty.py")
        path.write_text(_EMPTY, "utf-8")
        empty = [sys.executable, str(path)]
        for name, command, environ in (
            ("`kitefeed --version`", [*kitefeed, "--version"], {}),
            ("shell completion", kitefeed, _COMPLETION),
        ):
            rounds = [(_cpu_s(empty, {}), _cpu_s(command, environ)) for _ in range(_ROUNDS)]
            yield Line(f"start-up, {name}, against an empty Typer app", ratio(*zip(*rounds, strict=True)), "ms", 1e3)


def _cpu_s(command: list[str], environ: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
