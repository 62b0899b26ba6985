"""One of Kite's two hosts, layer by layer as an operator would look at it: name, TCP, proxy, TLS, HTTP.

The first layer that breaks ends it. No credential is sent: whatever is on the other side learns nothing. Each side is
met as its client meets it: the feed with this system's certificates, REST with those that `requests` takes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ..clock import Clock
from ..roots import is_loopback
from .dial import Address, Names, connect, proxy_for, tunnel
from .foreign import proxy_of
from .link import Link, Unreachable
from .stream import why_unreachable

_HEAD_BYTES = 16 * 1024


class Layer(Enum):
    """The values are the names of the checks."""

    DNS = "dns"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Met:
    """One layer of one host. `said`: one short line; `good`: it works."""

    layer: Layer
    good: bool
    said: str
    took_s: float


@dataclass(slots=True)
class Way:
    """How far the way to one host goes."""

    host: str
    proxy: str = ""  # "host:port" of the proxy on the way
    met: list[Met] = field(default_factory=list)
    routes: dict[str, str] = field(default_factory=dict)  # "IPv4", "IPv6" → this computer's address; empty: no route
    skew_s: float | None = None  # this computer's clock minus the server's
    unsure_s: float = 0.0  # by how much `skew_s` may be wrong either way
    answered_by: str = ""  # a proxy that answers in the host's place

    @property
    def broken(self) -> Met | None:
        """The layer that keeps a client from talking to the host at all. Without an answer to a HEAD one may."""
        return next((met for met in self.met if not met.good and met.layer is not Layer.HTTP), None)

    def of(self, layer: Layer) -> Met | None:
        return next((met for met in self.met if met.layer is layer), None)


@dataclass(frozen=True, slots=True)
class Side:
    """What to look at: the root of a host as in the settings, and how its client trusts certificates."""

    root: str
    trust: Callable[[], ssl.SSLContext]
    asks_http: bool


def rest_side(root: str) -> Side:
    bundled_alone = is_loopback(urlsplit(root).hostname or "")  # there our REST client heeds no variables
    return Side(root, lambda: _trust_of_requests({} if bundled_alone else os.environ), asks_http=True)


def feed_side(root: str) -> Side:
    return Side(root, ssl.create_default_context, asks_http=False)


def explore(side: Side, clock: Clock, within_s: float, http_within_s: float) -> Way:
    """The way to one host: its layers down to TLS within `within_s`, an answer to one HEAD within `http_within_s`."""
    parts = urlsplit(side.root)
    way = Way(parts.hostname or "")
    link = Link(clock)
    link.deadline_s = clock.now_s() + within_s
    try:
        for layer, step in _steps(way, link, side, parts, clock, http_within_s):
            starts_s = clock.now_s()
            try:
                said, good = step(), True
            except Exception as error:  # noqa: BLE001 - whatever it was, it is the finding
                patience_s = http_within_s if layer is Layer.HTTP else within_s
                said, good = why_unreachable(error, patience_s), False
            way.met.append(Met(layer, good, said, clock.now_s() - starts_s))
            if not good:
                break
    finally:
        link.close()
    return way


def _steps(
    way: Way, link: Link, side: Side, parts: SplitResult, clock: Clock, http_within_s: float
) -> Iterator[tuple[Layer, Callable[[], str]]]:
    """The layers of this way, in order; each is asked for when the one before it was good."""
    host = way.host
    secure = parts.scheme in ("https", "wss")
    port = parts.port or (443 if secure else 80)
    addresses: list[Address] = []
    proxy: SplitResult | None = None

    def dns() -> str:
        nonlocal proxy
        proxy = proxy_for(host) if secure else None
        name, at = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        way.proxy = "" if proxy is None else f"{name}:{at}"
        addresses.extend(Names(clock).addresses(name, at, link))
        way.routes = _routes(addresses)
        return f"{name} {' and '.join(way.routes)}" + (" (the proxy, which looks up Kite)" if proxy else "")

    yield Layer.DNS, dns
    yield Layer.TCP, lambda: _connected(way, link, addresses, plain=not secure)
    if proxy is not None:
        yield Layer.PROXY, lambda: _tunnelled(link, proxy, f"{host}:{port}")
    if secure:
        yield Layer.TLS, lambda: _secured(link, side, host)
    if side.asks_http:
        yield Layer.HTTP, lambda: _answered(way, link, parts, clock, http_within_s)


def _connected(way: Way, link: Link, addresses: list[Address], *, plain: bool) -> str:
    if plain and not all(is_loopback(str(address[0])) for _, address in addresses):
        raise Unreachable("a plain connection may only go to this computer")
    connect(link, addresses)
    return f"{way.proxy or way.host} at {link.peer()}"


def _routes(addresses: list[Address]) -> dict[str, str]:
    """Which address of this computer would speak to each family of addresses. Nothing is sent for that."""
    routes: dict[str, str] = {}
    for family, address in addresses:
        name = "IPv4" if family == socket.AF_INET else "IPv6"
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
            routes.setdefault(name, "")
            asking.connect(address)
            routes[name] = routes[name] or str(asking.getsockname()[0])
    return dict(sorted(routes.items()))


def _tunnelled(link: Link, proxy: SplitResult, target: str) -> str:
    tunnel(link, proxy, target)
    return f"lets us through to {target}"


def _secured(link: Link, side: Side, host: str) -> str:
    version = link.secure(side.trust(), host)
    return f"{host} {version}"


def _answered(way: Way, link: Link, parts: SplitResult, clock: Clock, within_s: float) -> str:
    """One HEAD of the root: any answer will do. Its Date is what this computer's clock is measured against."""
    starts_s = clock.now_s()
    link.deadline_s = starts_s + within_s
    host = parts.netloc
    request = f"HEAD {parts.path or '/'} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    while request:
        request = request[link.send(request) :]
    head = b""
    while b"\r\n\r\n" not in head:
        some = link.recv(4096)
        if not some or len(head) > _HEAD_BYTES:
            raise Unreachable("the answer was no HTTP")
        head += some
    came_at, took_s = clock.wall(), clock.now_s() - starts_s
    status, headers = _parsed(head)
    way.answered_by = proxy_of(headers)
    said_at = _date(headers.get("date", ""))
    if said_at is not None:  # whole seconds, written at some moment between our question and its answer
        way.skew_s = (came_at - said_at).total_seconds() - 0.5 - took_s / 2
        way.unsure_s = 0.5 + took_s / 2
    return f"{way.host} answers ({status})"


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if not first.startswith("HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        raise Unreachable("the answer was no HTTP")
    pairs = (line.partition(":") for line in lines)
    return int(words[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def _trust_of_requests(environ: Mapping[str, str]) -> ssl.SSLContext:
    """Verified against what `requests` would: its own list, or the one that its two variables name."""
    named = environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE")
    if not named:
        from certifi import where

        named = where()
    if Path(named).is_dir():
        return ssl.create_default_context(capath=named)
    return ssl.create_default_context(cafile=named)
