"""Where credentials may travel: over TLS, or within this computer."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from .problems import Exit, Problem
from .redact import one_line

REDIRECT_URL = "http://127.0.0.1:5000/"  # where a login sends the browser, unless the app is registered with another


def checked_root(key: str, url: str, secure: str, plain: str, query: str = "") -> str:
    """The URL without its last slash, when credentials may travel there: TLS, or this computer. `query`: the shape of
    the one query it may have. Raises Problem."""
    why = ""
    host: str | None = None
    scheme = ""
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname
        _ = parts.port  # reading it checks it
    except ValueError:
        why = "it is not a URL"
    else:
        if not host or scheme not in (secure, plain) or not url.isprintable() or " " in url:
            why = f"it must look like {secure}://host or {plain}://127.0.0.1:port"
        elif parts.username is not None or parts.password is not None:
            why = "it carries a user name or a password"
        elif parts.fragment or (parts.query and not re.fullmatch(query, parts.query)):
            why = "it must not have a query" + (" other than `user_id`" if query else "")
        elif scheme == plain and not is_loopback(host):
            why = f"plain {plain}:// would send your access token unencrypted to {one_line(host)}"
    if why:
        raise Problem(
            f"{key} cannot be used", why, f"correct {key}, or remove it to use Kite's own address", Exit.USAGE
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether the host name can only be this computer."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
