"""What a run received and did not show, and what it never received: its last lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ...console.backlog import line as backlog_line
from ...console.gaps import gaps_summary
from ...console.printer import Printer
from ...ticks.gaps import GapSums
from ...ticks.order import InOrder
from ...ticks.road import Road
from .health import Outputs


def tell_losses(printer: Printer, outputs: Outputs, refused: Counter[str], roads: Sequence[Road]) -> None:
    """What was received and not shown is never passed over in silence. `refused`: packets, by the reason."""
    slow = {name: counters for name, counters in outputs.items() if counters.dropped + counters.failed}
    if slow:
        printer.status(f"Not every output kept up: {backlog_line(slow)}")
    for line in (*refused_line(refused), *road_lines(roads)):
        printer.status(line)
    printer.detail(backlog_line(outputs, always=True))


def refused_line(refused: Counter[str]) -> Iterator[str]:
    """What was not believed, by the reason; nothing when all was."""
    if refused:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(refused.items()))
        yield f"refused and never shown: {reasons}"


def road_lines(roads: Sequence[Road]) -> Iterator[str]:
    """What was held back, and what was missing."""
    yield from order_lines([road.order for road in roads])
    if summary := gaps_summary(GapSums.of_all(road.ledger.sums for road in roads)):
        yield summary


def order_lines(orders: Sequence[InOrder]) -> Iterator[str]:
    """What was not shown, or not in the order of its exchange time."""
    held_back = sum((order.held_back for order in orders), Counter[str]())
    if held_back:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(held_back.items()))
        yield f"held back, as their exchange time would have gone back: {reasons}"
    unbelieved = sum(order.unbelieved for order in orders)
    if unbelieved:
        yield f"shown in the order of arrival, as their exchange time is over an hour ahead: {unbelieved} values"
