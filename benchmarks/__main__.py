"""`python -m benchmarks [WORD...]`: all comparisons, or those whose part is named, and the page of all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from . import decoding, json_lines, loopback, memory, startup
from .report import Line, machine, table
from .rounds import ROUNDS

_PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_PARTS: dict[str, Callable[[], Iterable[Line]]] = {
    "decode": decoding.lines,
    "json": json_lines.lines,
    "memory": memory.lines,
    "cpu": loopback.cpu_lines,
    "tls": loopback.tls_lines,
    "latency": loopback.latency_lines,
    "startup": startup.lines,
}
_WORDS = f"""# Benchmarks

What kitefeed costs beside the official Python client, on frames made up for the purpose. Written by `make bench`;
measure on your own machine before you rely on a number.

A ratio is taken within one round, both sides in turn, so that a machine that slows down slows both: the median of
{ROUNDS} rounds for decoding and JSON lines (CPU time of the thread, best of three turns each), of 7 for what needs
processes and sockets (CPU time of the whole process), of 15 for start-up. Below 1 kitefeed costs more.
"""


def main() -> None:
    wanted = sys.argv[1:] or list(_PARTS)
    made = []
    for part in wanted:
        for line in _PARTS[part]():
            print(line, flush=True)
            made.append(line)
    if not sys.argv[1:]:
        _PAGE.write_text(f"{_WORDS}\n{machine()}\n\n{table(made)}", "utf-8")


if __name__ == "__main__":
    main()
