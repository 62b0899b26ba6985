"""Checks: the way to Kite's two hosts, layer by layer: name, addresses, TCP, proxy, TLS, an HTTP answer, the clock.

REST and the feed have a host each, and each can break alone. Without the feed's there are no ticks, so that is a
failure; without REST's there are, so that is a warning.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..clock import Clock
from ..kite.layers import Layer, Met, Side, Way, explore, feed_side, rest_side
from ..settings import Settings
from .finding import ADDRESS, CLOCK, HTTP, Finding, Grade, Sheet

_SKEW_S = 2.0
_LAYERS_S = 2.0
_HTTP_S = 1.0
_SPARE_S = 0.5  # real seconds: a thread that is late is left behind


@dataclass(frozen=True, slots=True)
class Ways:
    """Both ways, as far as they go."""

    rest: Way
    feed: Way


def find_ways(settings: Settings, sheet: Sheet, clock: Clock) -> Ways:
    """Explore both at once, and write their lines. At most about three seconds."""
    sheet.begin(Layer.DNS.value)
    sides = (rest_side(settings.rest_root), feed_side(settings.ws_root))
    found: dict[str, Way] = {}

    def go(side: Side) -> None:
        found[side.root] = explore(side, clock, _LAYERS_S, _HTTP_S)

    threads = [threading.Thread(target=go, args=(side,), name="kitefeed-way", daemon=True) for side in sides]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(clock.real_s(_LAYERS_S + _HTTP_S) + _SPARE_S)
    ways = Ways(*(found.get(side.root) or _lost(side) for side in sides))
    _write(ways, sheet)
    return ways


def _lost(side: Side) -> Way:
    """A way whose exploration did not come back: a look-up that hangs."""
    return Way(urlsplit(side.root).hostname or "", met=[Met(Layer.DNS, False, "no answer", _LAYERS_S)])


def _write(ways: Ways, sheet: Sheet) -> None:
    for layer in (Layer.DNS, Layer.TCP, Layer.PROXY, Layer.TLS):
        line = _layer_line(layer, ways)
        if line is not None:
            sheet.write(line)
        if layer is Layer.DNS and (ways.feed.routes or ways.rest.routes):
            sheet.write(_address_line(ways))
    http = ways.rest.of(Layer.HTTP)
    if http is not None:
        said = f"{http.said}, but {ways.rest.answered_by} speaks for it" if ways.rest.answered_by else http.said
        grade = Grade.OK if http.good and not ways.rest.answered_by else Grade.WARN
        sheet.write(Finding(HTTP, grade, said, http.took_s))
        if http.good and not ways.rest.answered_by:
            sheet.write(_clock_line(ways.rest, http.took_s))


def _layer_line(layer: Layer, ways: Ways) -> Finding | None:
    """None: neither way got there. A way without this layer (no proxy, no TLS) passes it."""
    sides = {"REST": ways.rest, "feed": ways.feed}
    reached = {name: met for name, way in sides.items() if (met := way.of(layer)) is not None}
    if not reached:
        beyond = any(not way.broken for way in sides.values())
        words = {Layer.PROXY: "none is set", Layer.TLS: "not used: Kite is on this computer"}
        return Finding(layer.value, Grade.OK, words.get(layer, ""), 0.0) if beyond else None
    took_s = max(met.took_s for met in reached.values())
    bad = {name: met for name, met in reached.items() if not met.good}
    if not bad:
        said = dict.fromkeys(met.said for met in reached.values())
        return Finding(layer.value, Grade.OK, ", ".join(said), took_s)
    whose = "" if len(bad) == 2 or len(sides) == 1 else f"{next(iter(bad))}: "
    said = dict.fromkeys(met.said for met in bad.values())
    grade = Grade.FAILED if "feed" in bad else Grade.WARN
    return Finding(layer.value, grade, whose + "; ".join(said), took_s)


def _address_line(ways: Ways) -> Finding:
    """From where we speak. Only Kite's order endpoints ask for a registered address, so no address is wrong."""
    routes: dict[str, str] = {}
    for way in (ways.rest, ways.feed):
        for family, mine in way.routes.items():
            routes[family] = routes.get(family) or mine
    told = [f"{family} {routes.get(family) or 'no route'}" for family in ("IPv4", "IPv6") if family in routes]
    return Finding(ADDRESS, Grade.OK, f"outgoing {', '.join(told)} (need not be registered)", 0.0)


def _clock_line(way: Way, took_s: float) -> Finding:
    if way.skew_s is None:
        return Finding(CLOCK, Grade.WARN, "the answer has no Date to compare with", took_s)
    off_s = max(0.0, abs(way.skew_s) - way.unsure_s)
    if off_s <= _SKEW_S:
        return Finding(CLOCK, Grade.OK, f"within {_SKEW_S:.0f} s of the server's Date", took_s)
    side = "ahead of" if way.skew_s > 0 else "behind"
    return Finding(CLOCK, Grade.WARN, f"this computer's clock is {abs(way.skew_s):.0f} s {side} Kite's: set it", took_s)
