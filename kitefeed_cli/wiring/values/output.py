"""Which output a command's values go to: the table on a terminal, JSON, or lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...clock import Clock
from ...console.gaps import gap_line
from ...console.printer import Printer
from ...console.rows import line
from ...outputs import Output
from ...outputs.jsonl import JsonLines
from ...outputs.lines import Lines
from ...ticks.board import Board


def make_output(
    printer: Printer,
    write: Callable[[str], None],
    board: Board,
    names: Mapping[int, str],
    clock: Clock,
    gone: Callable[[], None] | None,
) -> Output:
    """`write` takes whole lines. `gone`: what the table does when its terminal is gone; None: no table, for a command
    that ends by itself."""
    if gone is not None and printer.live_table:
        from ...console.live import LiveTable  # rich takes its time

        return LiveTable(printer, board.lasts, names, clock, gone)
    if printer.json:
        return JsonLines(write, names, clock)
    return Lines(write, line, gap_line, names, clock)


def start(output: Output, printer: Printer) -> None:
    """Let the table appear; the others need no start."""
    if printer.live_table:
        from ...console.live import LiveTable

        assert isinstance(output, LiveTable)
        output.start()
