"""The link the user opens."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

STATE = "state"  # the name of our pair among the redirect's


def new_state() -> str:
    """A nonce of 144 bits, safe in a URL; for one login only."""
    return secrets.token_urlsafe(18)


def login_url(login_root: str, api_key: str, state: str | None) -> str:
    """Kite's login page for this app. Holds the API key and the nonce, no secret.

    None for a link that is sent to somebody: the address it ends on is pasted into a login that has its own nonce.
    """
    pairs = {"v": "3", "api_key": api_key}
    if state is not None:
        pairs["redirect_params"] = urlencode({STATE: state})
    return f"{login_root}?{urlencode(pairs)}"
