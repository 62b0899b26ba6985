"""Check: the token store holds something that can be an access token, and nobody else can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..git import is_tracked
from ..policy.events import Saved
from ..redact import one_line
from ..session import Session, TokenStore
from .finding import STORE, Finding, Grade
from .kept import Kept, Looks

_LOOKS = {
    Looks.API_SECRET: "what is saved looks like your API secret",
    Looks.API_KEY: "what is saved looks like an API key",
    Looks.WEB_TOKEN: "what is saved looks like the enctoken of Kite's web page",
    Looks.REDIRECT: "what is saved is a redirect URL, or a part of one",
    Looks.ODD: "what is saved is no 32 letters and digits, as Kite's access tokens are",
}
_ELSEWHERE = {"environment": "the environment", "token command": "the token command"}


def check_store(store: TokenStore, session: Session, kept: Kept, took_s: float) -> Finding:
    """The policy decides what a missing or damaged access token means; here it only fails."""
    if session.saved is not Saved.TOKEN:
        seen = _LOOKS.get(kept.looks) if session.saved is Saved.MALFORMED and kept.looks is not Looks.ODD else None
        return Finding(STORE, Grade.FAILED, seen or session.why, took_s)
    warning = store.permissions() or _LOOKS.get(kept.looks)
    if warning is None and is_tracked(store.path):
        warning = f"{one_line(str(store.path))} is tracked by git: `git rm --cached` it, and log in anew"
    if warning:
        return Finding(STORE, Grade.WARN, warning, took_s)
    if session.source != store.path.name:
        return Finding(STORE, Grade.OK, f"access token from {_ELSEWHERE.get(session.source, session.source)}", took_s)
    return Finding(STORE, Grade.OK, f"access token in {session.source}, {_mode(store.path)} and not in git", took_s)


def _mode(path: Path) -> str:
    """ "mode 0600", where files have modes."""
    try:
        return f"mode {stat.S_IMODE(os.stat(path).st_mode):04o}" if os.name == "posix" else "yours"
    except OSError:
        return "private"
