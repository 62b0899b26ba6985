"""Reach a host: its name, the proxy of the environment, TCP, TLS; all within the deadline of one `Link`."""

from __future__ import annotations

import math
import socket
import ssl
import threading
from base64 import b64encode
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ..clock import Clock
from ..family import allowed_family, remark
from ..roots import is_loopback
from .link import Interrupted, Link, Unreachable

# A dead IPv6 route must not eat the deadline that a living IPv4 one could keep.
_NEXT_ADDRESS_S = 1.0
_ANSWER_BYTES = 8192

Address = tuple[int, tuple[object, ...]]  # family, socket address


class _Question:
    """One name look-up under way."""

    def __init__(self) -> None:
        self.answers: list[Address] | None = None


class Names:
    """Name look-ups that can be given up. A stuck resolver cannot be killed, so at most one is ever asked per host
    at a time, whatever the number of connections that gave up on it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._condition = threading.Condition()
        self._asked: dict[tuple[str, int], _Question] = {}

    def addresses(self, host: str, port: int, link: Link) -> list[Address]:
        """The addresses of `host`, before the link's deadline. Raises Unreachable, TimeoutError, Interrupted."""
        with self._condition:
            question = self._asked.get((host, port)) or self._ask(host, port)
            while question.answers is None:
                if link.rung:
                    raise Interrupted
                if link.left_s() <= 0:
                    raise TimeoutError
                # A short slice: the link's bell is not heard here.
                self._clock.wait(self._condition, min(link.left_s(), 0.1))
        if not question.answers:
            raise Unreachable(f"name not found: {host}{remark()}")
        return question.answers

    def _ask(self, host: str, port: int) -> _Question:
        question = self._asked[(host, port)] = _Question()
        thread = threading.Thread(target=self._answer, args=(host, port), name="kitefeed-resolver", daemon=True)
        thread.start()
        return question

    def _answer(self, host: str, port: int) -> None:
        try:
            found = socket.getaddrinfo(host, port, allowed_family(), socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            found = []
        with self._condition:
            self._asked.pop((host, port)).answers = [(entry[0], entry[4]) for entry in found]
            self._condition.notify_all()


def dial(link: Link, names: Names, host: str, port: int, tls: bool) -> None:
    """Connect `link` to the host. Raises Unreachable, OSError (ssl.SSLError among them), TimeoutError, Interrupted.

    Plain connections stay on this computer and never use a proxy.
    """
    proxy = proxy_for(host) if tls else None
    if proxy is None:
        addresses = names.addresses(host, port, link)
    else:
        addresses = names.addresses(proxy.hostname or "", proxy.port or 80, link)
    if not tls and not all(is_loopback(str(address[0])) for _, address in addresses):
        raise Unreachable("a plain connection may only go to this computer")
    connect(link, addresses)
    if proxy is not None:
        tunnel(link, proxy, f"{host}:{port}")
    if tls:
        link.secure(ssl.create_default_context(), host)


def connect(link: Link, addresses: list[Address]) -> None:
    """To the first of them that answers. Raises OSError, TimeoutError, Interrupted."""
    for family, address in addresses[:-1]:
        try:
            return link.connect(family, address, _NEXT_ADDRESS_S)
        except OSError:
            continue
    family, address = addresses[-1]
    return link.connect(family, address, math.inf)


def proxy_for(host: str) -> SplitResult | None:
    """The proxy that the environment names for TLS to that host. Raises Unreachable for one we cannot use."""
    proxies = getproxies()
    setting = proxies.get("https") or proxies.get("all", "")
    if not setting or is_loopback(host) or proxy_bypass(host):
        return None
    proxy = urlsplit(setting if "://" in setting else f"http://{setting}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise Unreachable("the proxy of the environment is not an http:// proxy")
    return proxy


def tunnel(link: Link, proxy: SplitResult, target: str) -> None:
    """Have the proxy connect us to `target`. Raises Unreachable, and what a Link does."""
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {b64encode(login.encode()).decode()}")
    request = "\r\n".join((*lines, "", "")).encode()
    while request:
        request = request[link.send(request) :]
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        byte = link.recv(1)
        if not byte or len(answer) > _ANSWER_BYTES:
            _refused("nothing that we understand")
        answer += byte
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        _refused(status[0].decode("ascii", "replace") if status and status[0].isdigit() else "nonsense")


def _refused(what: str) -> NoReturn:
    raise Unreachable(f"the proxy answered {what}")
