from __future__ import annotations

from kitefeed_cli.gateway.hub import Hub
from kitefeed_cli.gateway.intake import Known, News
from kitefeed_cli.ticks.packets import Portion

from ..gateway.desk import FULL, INDEX_FULL, INFY, NIFTY, QUOTE


class Ear:
    """A client that remembers."""

    def __init__(self) -> None:
        self.modes: dict[int, int] = {}
        self.heard: list[Portion] = []

    def offer(self, portion: Portion) -> None:
        self.heard.append(portion)

    def tell(self, text: str) -> None:
        """Nothing is told here."""

    def beat(self) -> None:
        """Nothing beats here."""


def hub() -> tuple[Hub, list[int]]:
    changes: list[int] = []
    return Hub({}, lambda: changes.append(1)), changes


def entered(into: Hub, tokens: list[int], mode: int) -> Ear:
    ear = Ear()
    into.enter(ear)
    into.subscribe(ear, tokens, mode)
    return ear


def test_the_run_hears_only_of_what_changes_for_all_clients_together() -> None:
    one, changes = hub()
    full = entered(one, [INFY, NIFTY], 3)
    assert 1 == len(changes)
    poorer = entered(one, [INFY], 1)
    one.subscribe(poorer, [INFY], 2)
    one.leave(poorer)
    assert 1 == len(changes), "there is one of mode full all the time"
    one.leave(full)
    assert 2 == len(changes)
    assert {} == one.wanted()


def test_clients_that_want_the_same_share_one_frame() -> None:
    one, _ = hub()
    ears = [entered(one, [NIFTY, INFY], 2) for _ in range(3)]
    other = entered(one, [INFY], 3)

    one.spread([News({INFY: (FULL, 1), NIFTY: (INDEX_FULL, 1)}, "feed", 0.0)])

    assert 1 == len({id(ear.heard[0]) for ear in ears})
    assert {INFY: QUOTE, NIFTY: INDEX_FULL[:28]} == ears[0].heard[0].packets
    assert {INFY: FULL} == other.heard[0].packets


def test_a_plain_subscribe_leaves_a_mode_as_it_is() -> None:
    known = {INFY: Known(FULL, "feed", 0.0)}
    one = Hub(known, lambda: None)
    ear = entered(one, [INFY], 3)
    one.subscribe(ear, [INFY], None)

    assert {INFY: 3} == ear.modes
    assert 1 == len(ear.heard), "nothing is sent twice"
