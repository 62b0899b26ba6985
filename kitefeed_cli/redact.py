"""The last filter before anything is shown or stored: no secret passes, and outside text stays on its line.

Works by value (every secret the program meets is registered the moment it is read) and, for secrets nobody
registered, by shape (`access_token=…`). Redact first, shorten later: a cut secret is no longer recognised.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import unicodedata
from urllib.parse import quote, quote_plus

REDACTED = "<redacted>"
_SHORTEST = 6  # anything shorter occurs by chance, and redacting it would only garble the text

_KEYS = (
    *("access_token", "request_token", "public_token", "refresh_token", "enctoken", "checksum", "api_secret"),
    "analytics_token",  # Upstox's
)
_NAMES = rf"(?:{'|'.join(_KEYS)})"
_SHAPES = (
    # access_token=abc, KITE_ACCESS_TOKEN='abc', and the same inside an encoded URL
    re.compile(rf"(?P<keep>{_NAMES}\s*(?:=|%3D)\s*[\"']?)[^\s&\"',;#)\]}}]+", re.IGNORECASE),
    # "access_token": "abc"
    re.compile(rf"(?P<keep>[\"']{_NAMES}[\"']\s*:\s*b?[\"'])[^\"']+", re.IGNORECASE),
    # Authorization: token key:abc, as a header line or as a dictionary entry
    re.compile(r"(?P<keep>authorization[\"']?\s*[:=]\s*b?[\"']?)[^\"'\r\n,}]+", re.IGNORECASE),
    # http://user:password@proxy; the word itself stands in our advice
    re.compile(r"(?P<keep>://[^\s/:@]*:)(?!password@)[^\s/@]+(?=@)"),
)
# One of these is in every text that a shape fits. Looking for them first makes a line of prices 20 times as cheap.
_HINTS = (*_KEYS, "authorization", "://")
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Redactor:
    """Replaces registered secrets in any text. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        """Register one secret by its value; shorter ones than 6 characters are ignored."""
        if len(secret) < _SHORTEST:
            return
        with self._lock:
            self._forms |= _forms(secret)
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def redact(self, text: str) -> str:
        """The text with every secret replaced by `<redacted>`."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(REDACTED, text)
        lowered = text.lower()
        if any(hint in lowered for hint in _HINTS):
            for shape in _SHAPES:
                text = shape.sub(rf"\g<keep>{REDACTED}", text)
        return text


# A run of letters and digits as long as a token. A word, CamelCase included, is none.
_RUN = re.compile(r"[A-Za-z0-9]{12,}|(?=[^\s]*\d)(?=[^\s]*[A-Z])(?=[^\s]*[a-z])[A-Za-z0-9+/_-]{24,}={0,2}")
_WORD = re.compile(r"(?:[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z]))+")


def hide_tokens(text: str) -> str:
    """The text without anything that may be a token, for texts from outside: nobody registered what is in them."""
    return _RUN.sub(lambda run: run[0] if _WORD.fullmatch(run[0]) else REDACTED, text)


REDACTOR = Redactor()  # of this process; secrets are registered where they are read, sinks ask it


def one_line(text: str) -> str:
    """The text with control characters, line breaks and direction marks escaped: one line stays one line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if _is_unsafe(char) else char for char in text)


def _is_unsafe(char: str) -> bool:
    # Cc: controls; Cs: lone surrogates; Zl, Zp: line and paragraph separators
    return char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {
        secret,
        quote(raw, safe=""),
        quote_plus(raw),
        raw.hex(),
        raw.hex().upper(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
    }
    for shift in range(3):
        # Inside a longer text the secret may start at any of the three places of a base64 group. Only the
        # characters made of the secret's bits alone look the same everywhere.
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        core = encoded[-(-8 * shift // 6) : 8 * (shift + len(raw)) // 6]
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _SHORTEST}
