"""Is an HTTP answer Kite's own, or does a proxy on the way speak in its place?

Kite stands behind Cloudflare (REST) and AWS (the ticker), so their names in `Via` and `Server` tell nothing. What a
company's proxy or a virus scanner says of itself does: RFC 9110 §7.6.3 (`Via`), RFC 9209 (`Proxy-Status`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..redact import one_line

PROXYS_OWN = "a proxy's own answer"  # the words by which such an answer is known further on

_KITES_FRONTS = ("cloudfront", "cloudflare", "google", "awselb", "varnish")
_PROXYS_ALONE = ("proxy-authenticate", "proxy-status", "proxy-agent", "x-squid-error", "x-bluecoat-via")
_PROXIES = re.compile(
    r"squid|zscaler|blue ?coat|forti(?:gate|proxy|web)|websense|forcepoint|mcafee|sophos|netskope|tinyproxy|privoxy"
    r"|mitmproxy|ironport|barracuda|palo ?alto",
    re.IGNORECASE,
)
_LONGEST = 40


def proxy_of(headers: Mapping[str, str]) -> str:
    """What the proxy that made this answer calls itself ("squid/5.7"), "unnamed", or empty: none confesses.

    `headers` by lower-case names. Made harmless: the text is a stranger's.
    """
    via = headers.get("via", "")
    named = via if via and not any(front in via.lower() for front in _KITES_FRONTS) else ""
    if not named and _PROXIES.search(headers.get("server", "")):
        named = headers["server"]
    if not named and any(name in headers for name in _PROXYS_ALONE):
        named = headers.get("proxy-agent") or headers.get("server") or "unnamed"
    return _short(named) if named else ""


def in_words(what: str, proxy: str) -> str:
    """`what` ("403 Forbidden") with the remark that the proxy said it; unchanged without one."""
    return f"{what}, {PROXYS_OWN} ({proxy})" if proxy else what


def _short(named: str) -> str:
    """The product in a `Via` such as `1.1 office.example (squid/5.7)`, or all of it."""
    product = re.search(r"\(([^()]+)\)", named)
    text = one_line(product[1] if product else named.removeprefix("1.1 ").removeprefix("1.0 "))
    return text[:_LONGEST].strip() or "unnamed"
