"""What an access token looks like, and finding it in what another tool hands over."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from ..env_file import BOM, parse
from ..policy.events import Saved
from ..redact import REDACTOR
from ..settings import ACCESS_TOKEN_KEY


@dataclass(frozen=True, slots=True)
class Session:
    """What was found. `access_token` is empty unless `saved` is TOKEN; `why` says why not, and never quotes the value;
    `source` is "environment", the name of the file, and the like. `issued_at` is Kite's time of the login (IST), where
    `login` of this program wrote it down."""

    saved: Saved
    access_token: str = field(default="", repr=False)
    why: str = ""
    source: str = ""
    issued_at: datetime | None = None


def is_access_token(text: str) -> bool:
    """Whether the text has the shape of an access or request token: 8 to 128 letters and digits.

    Everything else is refused before a library sees it: their errors print a header or a URL they dislike.
    """
    return re.fullmatch(r"[A-Za-z0-9]{8,128}", text, re.ASCII) is not None


def oddity(text: str) -> str:
    """Why the text cannot be an access token, without quoting it."""
    if re.search(r"[\r\n\v\f\u0085\u2028\u2029]", text):
        return "contains a line break"
    if re.search(r"\s", text):
        return "contains a space"
    if re.search(r"[\"'`\u2018\u2019\u201c\u201d]", text):
        return "has a quote inside"
    if not re.fullmatch(r"[A-Za-z0-9]*", text):
        return "contains something else than letters and digits"
    return "is too short" if len(text) < 8 else "is too long"


def judged(value: str, name: str, source: str) -> Session:
    """A value that should be an access token; `name` is what a sentence calls it."""
    REDACTOR.add(value)
    if not value:
        return Session(Saved.NOTHING, why=f"no {name} in {source}", source=source)
    if is_access_token(value):
        return Session(Saved.TOKEN, value, source=source)
    return Session(Saved.MALFORMED, why=f"{name} in {source} {oddity(value)}", source=source)


def handed_over(text: str, source: str) -> Session:
    """What another tool wrote: the access token alone, or lines of which one is `KITE_ACCESS_TOKEN=...`."""
    bare = unquoted(text.removeprefix(BOM))
    if is_access_token(bare) or not bare:
        return judged(bare, "access token", source)
    value = parse(text).values.get(ACCESS_TOKEN_KEY)
    return judged(bare if value is None else value, "access token" if value is None else ACCESS_TOKEN_KEY, source)


def unquoted(value: str) -> str:
    """The value without the quotes that `docker --env-file` leaves around it."""
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
