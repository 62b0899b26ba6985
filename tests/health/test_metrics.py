from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as of_the_older_format

from kitefeed_cli.health import Ages, Published, Vitals, exposition
from kitefeed_cli.health.vitals import CAUSES, STATES
from kitefeed_cli.policy import Cause
from kitefeed_cli.problems import Problem
from tests.health.samples import AT, vitals

PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
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
    "kitefeed_published_frames_total",
    "kitefeed_published_ticks_total",
    "kitefeed_publish_lost_ticks_total",
    "kitefeed_publish_waiting_ticks",
    "kitefeed_publish_behind_seconds",
    "kitefeed_publish_redis_up",
    "kitefeed_publish_active",
    "process_open_fds",
    "process_resident_memory_bytes",
}


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Read with the strict parser of OpenMetrics, by name and labels."""
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def metrics_text(now: Vitals) -> str:
    """What Prometheus gets."""
    return exposition(now, PROMETHEUS)[0].decode()


def test_every_metric_that_was_promised_is_there_and_the_text_is_openmetrics() -> None:
    body, content_type = exposition(vitals(), PROMETHEUS)
    text = body.decode()

    assert set() == EXPECTED - {name for name, _ in samples(text)}
    assert text.endswith("# EOF\n")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain;version=0.0.4"])
def test_who_does_not_ask_for_openmetrics_gets_the_older_format_and_no_type_that_it_does_not_know(accept: str) -> None:
    body, content_type = exposition(vitals(), accept)
    families = list(of_the_older_format(body.decode()))
    types = set(re.findall("^# TYPE \\S+ (.*)$", body.decode(), re.MULTILINE))

    assert "text/plain; version=0.0.4; charset=utf-8" == content_type
    assert set() == EXPECTED - {one.name for family in families for one in family.samples}
    assert {"counter", "gauge", "histogram"} == types


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool, of Prometheus")
def test_promtool_has_no_complaint() -> None:
    body, _ = exposition(vitals())
    said = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)

    assert (0, b"", b"") == (said.returncode, said.stdout, said.stderr)


def test_every_state_and_cause_of_the_policy_is_there_from_the_start() -> None:
    found = samples(metrics_text(vitals(state="starting", outages={}, problems={})))

    assert sorted(cause.value for cause in Cause) == sorted(CAUSES)
    assert {("kitefeed_state", state) for state in STATES} == {
        pair for name, pairs in found if name == "kitefeed_state" for pair in pairs
    }
    for cause in CAUSES:
        assert 0.0 == found["kitefeed_problems_total", (("cause", cause),)]
        assert 0.0 == found["kitefeed_outages_total", (("cause", cause),)]


def test_the_numbers_are_those_of_the_snapshot() -> None:
    found = samples(metrics_text(vitals()))

    assert 1.0 == found["kitefeed_state", (("kitefeed_state", "live"),)]
    assert 0.0 == found["kitefeed_state", (("kitefeed_state", "signed-out"),)]
    assert 3.0 == found["kitefeed_kite_calls_total", (("kind", "token-check"), ("result", "token-dead"))]
    assert AT.timestamp() - 0.25 == found["kitefeed_last_tick_timestamp_seconds", ()]
    assert 1.0 == found["kitefeed_problems_total", (("cause", "token-expired"),)]
    assert 2.0 == found["kitefeed_tick_age_seconds_bucket", (("le", "1.0"),)]
    assert 3.0 == found["kitefeed_tick_age_seconds_count", ()]
    published = ("published_frames_total", "published_ticks_total", "publish_lost_ticks_total", "publish_waiting_ticks")
    assert [7.0, 900.0, 50.0, 12.0] == [found[f"kitefeed_{name}", ()] for name in published]
    assert [1.5, 0.0, 1.0] == [
        found[f"kitefeed_publish_{name}", ()] for name in ("behind_seconds", "redis_up", "active")
    ]
    assert 0.0 == samples(metrics_text(vitals(published=Published(elsewhere=True))))["kitefeed_publish_active", ()]


def test_what_is_not_known_is_left_out_and_not_told_as_zero() -> None:
    unknown = vitals(
        tick_age_s=None,
        frame_age_s=None,
        token=None,  # a relay
        relay=None,
        published=None,
        open_fds=None,
        resident_bytes=None,
        tick_ages=Ages(),
        calls={},
    )
    names = {name for name, _ in samples(metrics_text(unknown))}

    assert {"kitefeed_state", "kitefeed_ticks_total"} <= names
    assert set() == {
        name for name in names if re.search("last_|session|relay|publish|open_fds|resident|tick_age|calls", name)
    }


def test_no_label_says_who_or_what_is_followed() -> None:
    labels = {label for _, pairs in samples(metrics_text(vitals())) for label, _ in pairs}

    assert {"version", "kitefeed_state", "cause", "kind", "result", "why", "le"} == labels


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "prometheus_client"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client.exposition", None)

    with pytest.raises(Problem) as raised:
        metrics_text(vitals())

    assert "pip install prometheus-client" in raised.value.next_step
