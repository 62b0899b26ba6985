"""The snapshot for Prometheus: in OpenMetrics 1.0 for who asks for it, else in Prometheus' older text format, which all
scrapers read (extra `metrics`).

No user, access token or instrument is a label. Times of events are timestamps, so that a scrape that comes late does
not make them younger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from ..problems import Exit, Problem
from .vitals import BOUNDS_S, CAUSES, STATES, Published, Vitals

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def exposition(vitals: Vitals, accept: str = "") -> tuple[bytes, str]:
    """Every metric, and the Content-Type. `accept`: the request's header `Accept`; Prometheus asks for OpenMetrics, and
    who does not may know the older format alone. Raises Problem when the extra is not installed."""
    try:
        from prometheus_client.exposition import choose_encoder
    except ImportError:
        raise Problem(
            "there are no metrics to serve",
            "the package `prometheus-client` is not installed",
            "install it beside kitefeed: `pip install prometheus-client`",
            Exit.USAGE,
            "no-metrics",
        ) from None
    encode, content_type = choose_encoder(accept)
    return encode(_Collected(vitals)), content_type


class _Collected:
    """What the exposition asks of a registry."""

    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        yield from _state(self._vitals)
        yield from _counts(self._vitals)
        if self._vitals.published is not None:
            yield from _published(self._vitals.published)
        yield from _program(self._vitals)


def _state(vitals: Vitals) -> Iterator[Metric]:
    from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, StateSetMetricFamily

    yield InfoMetricFamily("kitefeed_build", "The version of kitefeed", {"version": vitals.version})
    yield StateSetMetricFamily(
        "kitefeed_state", "The state that a user sees", {state: state == vitals.state for state in STATES}
    )
    for name, age_s, what in (
        ("frame", vitals.frame_age_s, "When an open connection last brought a frame, heartbeats included"),
        ("tick", vitals.tick_age_s, "When the feed last brought a tick"),
    ):
        if age_s is not None:
            at = (vitals.at - timedelta(seconds=age_s)).timestamp()
            yield GaugeMetricFamily(f"kitefeed_last_{name}_timestamp_seconds", what, at)
    yield GaugeMetricFamily("kitefeed_market_open", "Whether ticks are to be expected", float(vitals.market_open))
    yield GaugeMetricFamily("kitefeed_connections", "WebSocket connections of this run", vitals.connections)
    yield GaugeMetricFamily("kitefeed_instruments", "How many instruments are followed", vitals.instruments)
    yield GaugeMetricFamily("kitefeed_output_lag_seconds", "How far the slowest output is behind", vitals.lag_s)
    if vitals.token is not None:
        yield GaugeMetricFamily(
            "kitefeed_session_good", "Whether REST last accepted the access token", float(vitals.token == "good")
        )
    if vitals.relay is not None:
        yield GaugeMetricFamily("kitefeed_relay_clients", "Clients of the local relay", vitals.relay.clients)


def _counts(vitals: Vitals) -> Iterator[Metric]:
    from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily

    def total(name: str, what: str, value: float) -> Metric:
        return CounterMetricFamily(f"kitefeed_{name}", what, value)

    # Every cause from the start: to Prometheus a counter that begins at 1 has not increased.
    never = dict.fromkeys(CAUSES, 0)
    yield _by("outages", "Outages, by how they began", "cause", {**never, **vitals.outages})
    yield total("outage_seconds", "Time not live while the market was open", vitals.outage_s)
    yield total("reconnects", "Handshakes that succeeded after the first of each connection", vitals.reconnects)
    calls = CounterMetricFamily("kitefeed_kite_calls", "What Kite was asked", labels=("kind", "result"))
    for kind, results in vitals.calls.items():
        for result, number in results.items():
            calls.add_metric((kind, result), number)
    yield calls
    yield _by("problems", "Problems told", "cause", {**never, **vitals.problems})
    yield total("problems_suppressed", "Problems that the line budget kept back", vitals.problems_kept_back)
    yield _by("bad_packets", "What was refused of the feed", "why", vitals.bad_packets)
    yield total("ticks", "Values received, from whatever source", vitals.ticks)
    yield total("lost_ticks", "Values that outputs lost", vitals.lost_ticks)
    yield total("gaps", "Intervals of more than 5 seconds without a tick while the market was open", vitals.gaps)
    yield total("gap_seconds", "Their time", vitals.gap_s)
    if vitals.relay is not None:
        yield _by("relay_dropped", "Clients that the relay closed", "why", vitals.relay.dropped)
    buckets, sum_so_far = [], 0
    for bound_s, number in zip((*map(str, BOUNDS_S), "+Inf"), vitals.tick_ages.counts, strict=False):
        sum_so_far += number
        buckets.append((bound_s, sum_so_far))
    if buckets:
        yield HistogramMetricFamily(
            "kitefeed_tick_age_seconds",
            "The age of the newest tick, looked at once a second while the market was open",
            buckets=buckets,
            sum_value=vitals.tick_ages.sum_s,
        )


def _published(published: Published) -> Iterator[Metric]:
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    for name, what, number in (
        ("published_frames", "Frames written to Redis", published.frames),
        ("published_ticks", "Values written to Redis", published.ticks),
        ("publish_lost_ticks", "Values given up because Redis was away for too long", published.lost_ticks),
    ):
        yield CounterMetricFamily(f"kitefeed_{name}", what, number)
    for name, what, value in (
        ("waiting_ticks", "Values kept until Redis takes them", published.waiting_ticks),
        ("behind_seconds", "The age of the oldest value that is kept", published.behind_s),
        ("redis_up", "Whether Redis takes what is published", float(published.away is None)),
        ("active", "Whether this run publishes, and no other program", float(not published.elsewhere)),
    ):
        yield GaugeMetricFamily(f"kitefeed_publish_{name}", what, value)


def _program(vitals: Vitals) -> Iterator[Metric]:
    from prometheus_client.metrics_core import GaugeMetricFamily

    yield GaugeMetricFamily("process_start_time_seconds", "When the run began", vitals.started_at.timestamp())
    if vitals.open_fds is not None:
        yield GaugeMetricFamily("process_open_fds", "Open file descriptors", vitals.open_fds)
    if vitals.resident_bytes is not None:
        yield GaugeMetricFamily("process_resident_memory_bytes", "Resident memory", vitals.resident_bytes)


def _by(name: str, what: str, label: str, numbers: Mapping[str, int]) -> Metric:
    from prometheus_client.metrics_core import CounterMetricFamily

    family = CounterMetricFamily(f"kitefeed_{name}", what, labels=(label,))
    for value, number in sorted(numbers.items()):
        family.add_metric((value,), number)
    return family
