from __future__ import annotations

import re
import sys

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from kitefeed_cli.health import CONTENT_TYPE, Ages, metrics_text
from kitefeed_cli.problems import Problem
from tests.health.samples import AT, vitals

EXPECTED = {
    "kitefeed_build_info",
    "kitefeed_state",
    "kitefeed_last_frame_timestamp_seconds",
    "kitefeed_last_tick_timestamp_seconds",
    "kitefeed_outages_total",
    "kitefeed_outage_seconds_total",
    "kitefeed_kite_calls_total",
    "kitefeed_problems_total",
    "kitefeed_problems_suppressed_total",
    "kitefeed_bad_packets_total",
    "kitefeed_ticks_total",
    "kitefeed_tick_age_seconds_bucket",
    "kitefeed_gap_seconds_total",
    "kitefeed_relay_clients",
    "kitefeed_relay_dropped_total",
    "kitefeed_session_good",
    "process_open_fds",
    "process_resident_memory_bytes",
}


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read with the strict parser of OpenMetrics, by name and labels."""
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_every_metric_that_was_promised_is_there_and_the_text_is_openmetrics() -> None:
    text = metrics_text(vitals())

    assert set() == EXPECTED - {name for name, _ in samples(text)}
    assert text.endswith("# EOF\n")
    assert "openmetrics" in CONTENT_TYPE


def test_the_numbers_are_those_of_the_snapshot() -> None:
    found = samples(metrics_text(vitals()))

    assert 1.0 == found["kitefeed_state", (("kitefeed_state", "live"),)]
    assert 0.0 == found["kitefeed_state", (("kitefeed_state", "signed-out"),)]
    assert 3.0 == found["kitefeed_kite_calls_total", (("kind", "token-check"), ("result", "token-dead"))]
    assert AT.timestamp() - 0.25 == found["kitefeed_last_tick_timestamp_seconds", ()]
    assert 2.0 == found["kitefeed_tick_age_seconds_bucket", (("le", "1.0"),)]
    assert 3.0 == found["kitefeed_tick_age_seconds_count", ()]


def test_what_is_not_known_is_left_out_and_not_told_as_zero() -> None:
    unknown = vitals(
        tick_age_s=None, frame_age_s=None, relay=None, open_fds=None, resident_bytes=None, tick_ages=Ages(), calls={}
    )
    names = {name for name, _ in samples(metrics_text(unknown))}

    assert {"kitefeed_state", "kitefeed_ticks_total"} <= names
    assert set() == {name for name in names if re.search("last_|relay|open_fds|resident|tick_age|calls", name)}


def test_no_label_says_who_or_what_is_followed() -> None:
    labels = {label for _, pairs in samples(metrics_text(vitals())) for label, _ in pairs}

    assert {"version", "kitefeed_state", "cause", "kind", "result", "why", "le"} == labels


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "prometheus_client"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client.openmetrics.exposition", None)

    with pytest.raises(Problem) as raised:
        metrics_text(vitals())

    assert "pip install prometheus-client" in raised.value.next_step
