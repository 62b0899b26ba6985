"""The link the user opens."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

STATE = "state"  # the name of our pair among the redirect's


def new_state() -> str:
    """A nonce of 144 bits, safe in a URL; for one login only."""
    return secrets.token_urlsafe(18)


def login_url(login_root: str, api_key: str, state: str) -> str:
    """Kite's login page for this app. Holds the API key and the nonce, no secret."""
    back = urlencode({STATE: state})
    return f"{login_root}?{urlencode({'v': '3', 'api_key': api_key, 'redirect_params': back})}"
