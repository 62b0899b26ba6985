"""What can be known of the saved access token without showing it: since when it is there, and what it looks like."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from ..clock import epoch_to_ist
from ..env_file import UnreadableError, parse, read_text
from ..policy.events import Saved
from ..redact import REDACTOR
from ..session import Session
from ..settings import ACCESS_TOKEN_KEY

_SECRET_KEY = "KITE_API_SECRET"


class Looks(Enum):
    """What the saved text is by its looks. Kite's access, request and public tokens are all 32 letters and digits,
    so no look tells them apart; its secrets and keys have no capitals (Kite Connect v3 docs, and public callbacks)."""

    ACCESS_TOKEN = "access-token"
    API_SECRET = "api-secret"
    API_KEY = "api-key"
    WEB_TOKEN = "web-token"  # the `enctoken` of kite.zerodha.com
    REDIRECT = "redirect"  # the redirect URL of a login, or a part of it
    ODD = "odd"  # none of these


@dataclass(frozen=True, slots=True)
class Kept:
    """`saved_at` is aware, in IST; None when nobody knows (the environment). `by_login`: our own login got it, so
    its kind and its app are right."""

    looks: Looks
    saved_at: datetime | None = None
    by_login: bool = False


def kept(session: Session, path: Path, api_key: str, environ: Mapping[str, str], *, ours: bool) -> Kept:
    """What is known of `session`, which was read from the token store at `path` when it is `ours`, and was else
    brought by another tool."""
    in_file = _values(path)
    text = session.access_token or (in_file if ours else environ).get(ACCESS_TOKEN_KEY, "").strip("'\" ")
    secrets = [value for source in (environ, in_file) if (value := source.get(_SECRET_KEY, ""))]
    for secret in secrets:
        REDACTOR.add(secret)
    looks = _looks(text, api_key, secrets)
    if session.issued_at is not None:
        return Kept(looks, session.issued_at, by_login=True)
    return Kept(looks, _written_at(path) if ours and session.saved is Saved.TOKEN else None)


def _looks(text: str, api_key: str, secrets: list[str]) -> Looks:
    if any(hmac.compare_digest(text.encode(), secret.encode()) for secret in secrets):
        return Looks.API_SECRET
    if text == api_key or re.fullmatch(r"[a-z0-9]{16}", text):
        return Looks.API_KEY
    if re.search(r"request_token|status=success|https?:", text):
        return Looks.REDIRECT
    if re.fullmatch(r"[A-Za-z0-9+/]{60,}={0,2}", text):
        return Looks.WEB_TOKEN
    if re.fullmatch(r"[a-z0-9]{32}", text):
        return Looks.API_SECRET  # 32 letters and digits drawn at random have a capital all but once in 10^7
    return Looks.ACCESS_TOKEN if re.fullmatch(r"[A-Za-z0-9]{32}", text) else Looks.ODD


def _values(path: Path) -> Mapping[str, str]:
    try:
        return parse(read_text(path) or "").values
    except UnreadableError:
        return {}


def _written_at(path: Path) -> datetime | None:
    try:
        return epoch_to_ist(os.stat(path).st_mtime)
    except OSError:
        return None
