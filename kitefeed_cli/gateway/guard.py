"""Who may come in: by address and origin before anything else, and by the relay key where there is one.

Any web page can make its reader's browser call 127.0.0.1, and a name that is made to point there (DNS rebinding) makes
such a call look like one to that page's own server. So the Host must be ours by name, and an Origin, which only
browsers send, must be our own page's.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..problems import Problem
from ..redact import REDACTOR, one_line

_KEY_MIN, _KEY_MAX = 16, 256


@dataclass(frozen=True, slots=True)
class Guard:
    """`host`: where the gateway listens. `key`: what clients must show; empty: nothing, and what they show is not
    looked at."""

    host: str
    port: int
    key: str = field(default="", repr=False)

    def admits(self, host: str | None, origin: str | None) -> bool:
        """Whether a request with these headers is meant for us."""
        return host is not None and self._is_ours(host) and (origin is None or self._is_our_page(origin))

    def knows(self, shown: str | None) -> bool:
        """Whether that is the relay key, or none is asked for."""
        return not self.key or (shown is not None and same(shown, self.key))

    def knows_header(self, authorization: str | None) -> bool:
        """The same for an `Authorization` header: Kite's `token api_key:access_token`, or a browser's Basic one, whose
        password it is."""
        if not self.key:
            return True
        scheme, _, rest = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            try:
                rest = base64.b64decode(rest, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                return False
        return self.knows(rest.partition(":")[2])

    def _is_ours(self, host: str) -> bool:
        name, port = _split(host)
        if port != self.port:
            return False
        names = {"127.0.0.1", "localhost", "[::1]", self.host.lower()}
        return name in names or (not is_here(self.host) and _is_address(name))

    def _is_our_page(self, origin: str) -> bool:
        scheme, _, host = origin.partition("://")
        return scheme == "http" and self._is_ours(host)


def same(shown: str, secret: str) -> bool:
    """Compares without telling by the time it takes how much is right. What came in may hold halves of characters."""
    return hmac.compare_digest(shown.encode(errors="replace"), secret.encode())


def is_here(host: str) -> bool:
    """Whether only this computer reaches that address."""
    return host.lower() == "localhost" or (_is_address(host) and ipaddress.ip_address(host.strip("[]")).is_loopback)


def address(text: str) -> tuple[str, int]:
    """`[HOST:]PORT`. Raises Problem."""
    host, _, port = text.rpartition(":")
    host = (host or "127.0.0.1").strip("[]")
    if not (port.isascii() and port.isdecimal() and int(port) <= 65535) or not host.isprintable() or " " in host:
        raise Problem(
            f"--serve cannot listen on {one_line(text)[:40]}",
            "it must be a port, or an address and a port",
            "give it like `--serve 8765`",
        )
    return host, int(port)


def read_key(path: Path) -> str:
    """The relay key out of a file that nobody else may read. Raises Problem."""
    shown = one_line(str(path))
    why = ""
    text = ""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, encoding="utf-8") as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                why = "it is not a file"
            elif os.name == "posix" and (about.st_mode & 0o077 or about.st_uid != os.geteuid()):
                why = "others than its owner, which must be you, may read it"
            else:
                text = stream.read(_KEY_MAX + 2).strip()
    except (OSError, UnicodeDecodeError):
        why = "it cannot be read"
    REDACTOR.add(text)
    if not why and not (_KEY_MIN <= len(text) <= _KEY_MAX and text.isascii() and text.isalnum()):
        why = f"it must hold {_KEY_MIN} to {_KEY_MAX} letters and digits, and nothing else"
    if why:
        raise Problem(
            f"the relay key file {shown[:60]} cannot be used",
            why,
            f"make one: (umask 077; openssl rand -hex 24 > {shown[:40]})",
        )
    return text


def check_exposed(host: str, key: str, *, remote: bool) -> None:
    """Raises Problem for an address that others reach, unless both the flag and the key say that they may."""
    if is_here(host) or (remote and key):
        return
    raise Problem(
        f"--serve does not listen on {one_line(host)[:40]} just like that",
        "other computers reach it, and nothing there is encrypted",
        "add `--serve-remote` and `--relay-key-file PATH`, or serve 127.0.0.1",
    )


def headers_of(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Host and Origin."""
    return headers.get("Host"), headers.get("Origin")


def _split(host: str) -> tuple[str, int]:
    name, _, port = host.lower().rpartition(":")
    if not name or host.endswith("]"):
        return host.lower(), 80
    return name, int(port) if port.isascii() and port.isdecimal() else -1


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
