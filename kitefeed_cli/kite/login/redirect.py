"""What comes back from Kite's login page: the redirect's query, as a browser sends it or as a user pastes it."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qs

from ...redact import REDACTOR
from ...session import is_access_token
from .link import STATE

_MOST_CHARS = 4096
_MOST_PAIRS = 32
_MARKS = re.compile(r"\x1b\[20[01]~")  # some terminals put them around what is pasted


@dataclass(frozen=True, slots=True)
class Granted:
    """Kite granted the login. The request token works once, for a few minutes."""

    request_token: str = field(repr=False)


class Odd(Enum):
    """Why a redirect is not a login."""

    CANCELLED = "cancelled"  # `status` is not "success"
    FOREIGN = "foreign"  # the nonce is missing or not ours: another login's, or forged
    LOGIN_LINK = "login-link"  # the link to open, not the address after it
    UNREADABLE = "unreadable"  # no request token in it


def from_query(query: str, state: str) -> Granted | Odd:
    """Judge the query of a redirect that a browser brought; it must carry our nonce."""
    pairs = _pairs(query)
    if pairs is None or not _same(pairs.get(STATE, []), state):
        return Odd.FOREIGN
    return _judged(pairs)


def from_paste(text: str, state: str) -> Granted | Odd:
    """Judge a pasted line: the whole redirect URL, any part of it with the request token, or the bare request token.

    The nonce is checked when the paste holds one.
    """
    text = _MARKS.sub("", text).strip().strip("\"'<>` ")
    if is_access_token(text):
        return _granted(text)
    query = text.partition("?")[2] if "?" in text else text
    pairs = _pairs(query.partition("#")[0].lstrip("&"))
    if pairs is None or "=" not in query:
        return Odd.UNREADABLE
    if "request_token" not in pairs and "api_key" in pairs:
        return Odd.LOGIN_LINK
    if STATE in pairs and not _same(pairs[STATE], state):
        return Odd.FOREIGN
    return _judged(pairs)


def _pairs(query: str) -> dict[str, list[str]] | None:
    if len(query) > _MOST_CHARS:
        return None
    try:
        return parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_PAIRS)
    except ValueError:
        return None


def _same(values: list[str], state: str) -> bool:
    return len(values) == 1 and hmac.compare_digest(values[0].encode("utf-8", "replace"), state.encode())


def _judged(pairs: dict[str, list[str]]) -> Granted | Odd:
    if any(status != "success" for status in pairs.get("status", [])):
        return Odd.CANCELLED
    match pairs.get("request_token"):
        case [request_token] if is_access_token(request_token):
            return _granted(request_token)
        case _:
            return Odd.UNREADABLE


def _granted(request_token: str) -> Granted:
    REDACTOR.add(request_token)
    return Granted(request_token)
