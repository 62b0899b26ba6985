"""`python -m benchmarks [WORD...]`: all comparisons, or those whose part is named, and the page of all of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

from . import decoding, json_lines, loopback, memory, publishing, reader, scale, startup
from .page import PAGE
from .report import HEAD, machine

_PARTS: dict[str, Callable[[], Iterable[object]]] = {
    "decode": decoding.lines,
    "json": json_lines.lines,
    "memory": memory.lines,
    "cpu": loopback.cpu_lines,
    "tls": loopback.tls_lines,
    "latency": loopback.latency_lines,
    "startup": startup.lines,
    "scale": scale.lines,
    "reader": reader.lines,
    "publish": publishing.lines,
}
_TABLES = ("scale", "reader", "publish")  # with a place of their own on the page
_FILE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    wanted = sys.argv[1:] or list(_PARTS)
    if unknown := set(wanted) - set(_PARTS):
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. The parts: {', '.join(_PARTS)}.")
    made = {part: list(_shown(_PARTS[part]())) for part in wanted}
    if sys.argv[1:]:
        return
    ratios = chain.from_iterable(lines for part, lines in made.items() if part not in _TABLES)
    tables = {part: "\n".join(made[part]) for part in _TABLES}
    _FILE.write_text(PAGE.format(machine=machine(), ratios="\n".join([HEAD, *ratios]), **tables), "utf-8")


def _shown(lines: Iterable[object]) -> Iterator[str]:
    for line in lines:
        print(line, flush=True)
        yield str(line)


if __name__ == "__main__":
    main()
