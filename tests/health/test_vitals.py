from __future__ import annotations

import json

import pytest

from kitefeed_cli.health import Ages, Vitals, livez, readyz
from kitefeed_cli.health.vitals import BOUNDS_S, STATES
from kitefeed_cli.policy import Shown
from tests.health.samples import vitals


def test_a_snapshot_comes_back_from_json_as_it_was() -> None:
    for snapshot in (
        vitals(),
        vitals(relay=None, published=None, token=None, tick_age_s=None, turned_s=None, tick_ages=Ages()),
    ):
        assert snapshot == Vitals.from_record(json.loads(json.dumps(snapshot.as_record())))


def test_a_record_of_another_version_is_refused() -> None:
    record = vitals().as_record()

    with pytest.raises(TypeError):
        Vitals.from_record({**record, "mood": "good"})
    with pytest.raises(KeyError):
        Vitals.from_record({key: value for key, value in record.items() if key != "relay"})


@pytest.mark.parametrize(
    ("turned_s", "alive"), [(None, True), (0.0, True), (10.0, True), (10.1, False), (float("inf"), False)]
)
def test_it_lives_while_its_loops_turn(turned_s: float | None, alive: bool) -> None:
    for state in STATES:
        assert alive is livez(vitals(turned_s=turned_s, state=state, cause="kite-unreachable"))


def test_the_states_are_those_that_the_policy_shows_and_three_more() -> None:
    assert {"starting", "standby", "unknown"} == set(STATES) - {shown.value for shown in Shown}
    assert len(STATES) == len(Shown) + 3


def test_it_is_ready_while_it_serves() -> None:
    ready = {state for state in STATES if readyz(vitals(state=state))}

    assert {"live", "partial", "polling", "closed", "unknown"} == ready


def test_it_is_ready_while_another_source_than_kite_serves() -> None:
    assert not readyz(vitals(state="signed-out"))
    assert readyz(vitals(state="signed-out", secondary="upstox"))


def test_it_is_not_ready_when_a_loop_is_stuck() -> None:
    assert readyz(vitals(state="live", turned_s=1.0))
    assert not readyz(vitals(state="live", turned_s=11.0))


def test_an_age_is_counted_below_the_bound_that_it_does_not_exceed() -> None:
    ages = Ages().seen(0.25).seen(0.26).seen(301.0)

    assert (1, 1, *(0,) * (len(BOUNDS_S) - 2), 1) == ages.counts
    assert 3 == ages.looks
    assert pytest.approx(301.51) == ages.sum_s
