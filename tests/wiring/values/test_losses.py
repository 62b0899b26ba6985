"""The last lines of a run."""

from __future__ import annotations

from kitefeed_cli.clock import VirtualClock
from kitefeed_cli.ticks.last import FEED, REST
from kitefeed_cli.ticks.order import InOrder
from kitefeed_cli.wiring.values.losses import order_lines
from tests.ticks.sample import NOON, Values, last


def test_what_was_held_back_is_told_by_reason() -> None:
    order = InOrder(VirtualClock(NOON))
    assert [] == list(order_lines([order]))

    came = [(5, FEED, False), (4, FEED, False), (3, FEED, True), (4, REST, False), (1e6, FEED, False)]
    for at_s, source, snapshot in came:
        order.sift(Values(last(1, at_s=at_s, source=source, snapshot=snapshot)))
    assert [
        "held back, as their exchange time would have gone back: 1 older-quote, 1 older-snapshot, 1 older-tick",
        "shown in the order of arrival, as their exchange time is over an hour ahead: 1 values",
    ] == list(order_lines([order]))
