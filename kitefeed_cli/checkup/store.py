"""Check: the token store holds something that can be an access token, and nobody else can read it."""

from __future__ import annotations

from ..policy.events import Saved
from ..session import Session, TokenStore
from .finding import STORE, Finding, Grade


def check_store(store: TokenStore, session: Session, took_s: float) -> Finding:
    """The policy decides what a missing or damaged access token means; here it only fails."""
    if session.saved is not Saved.TOKEN:
        return Finding(STORE, Grade.FAILED, session.why, took_s)
    warning = store.permissions()
    if warning:
        return Finding(STORE, Grade.WARN, warning, took_s)
    where = "the environment" if session.source == "environment" else f"{session.source}, private"
    return Finding(STORE, Grade.OK, f"access token in {where}", took_s)
