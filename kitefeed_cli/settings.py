"""Flags > environment > `.env` > defaults, read once into one frozen `Settings`.

The access token is not among them: it changes during a run and lives in `session`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

REST_ROOT = "https://api.kite.trade"
WS_ROOT = "wss://ws.kite.trade"
LOGIN_ROOT = "https://kite.zerodha.com/connect/login"
DEFAULT_INSTRUMENTS = ("NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command needs to know besides its own flags. `api_secret` is filled for `login` alone."""

    api_key: str
    env_file: Path
    rest_root: str = REST_ROOT
    ws_root: str = WS_ROOT
    login_root: str = LOGIN_ROOT
    instruments: tuple[str, ...] = DEFAULT_INSTRUMENTS
    mode: str = "quote"  # "ltp", "quote" or "full"
    api_secret: str = field(default="", repr=False)
    sources: dict[str, str] = field(default_factory=dict)  # setting name → where it came from, never the value
