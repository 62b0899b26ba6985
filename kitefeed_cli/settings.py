"""Flags > environment > `.env` > defaults, read once into one frozen `Settings`.

The access token is not among them: it changes during a run and lives in `session`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .durations import seconds_of
from .env_file import EnvText, UnreadableError, parse, read_text
from .following import Following, Rule, following
from .problems import Problem, nearest
from .redact import REDACTOR, one_line
from .roots import REDIRECT_URL, checked_root

REST_ROOT = "https://api.kite.trade"
WS_ROOT = "wss://ws.kite.trade"
LOGIN_ROOT = "https://kite.zerodha.com/connect/login"
DEFAULT_INSTRUMENTS = ("NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX")
MODES = ("ltp", "quote", "full")
ACCESS_TOKEN_KEY = "KITE_ACCESS_TOKEN"
API_SECRET_KEY = "KITE_API_SECRET"
LOGIN_AT_KEY = "KITEFEED_LOGIN_AT"  # when the saved access token was issued
STRICT_KEY = "KITEFEED_STRICT"  # refuse a token store that others can read

Value = str | Sequence[str]

_KEYS = {
    "api_key": "KITE_API_KEY",
    "api_secret": API_SECRET_KEY,
    "rest_root": "KITEFEED_REST_ROOT",
    "ws_root": "KITEFEED_WS_ROOT",
    "login_root": "KITEFEED_LOGIN_ROOT",
    "instruments": "KITEFEED_INSTRUMENTS",
    "watchlist": "KITEFEED_WATCHLIST",
    "underlying": "KITEFEED_UNDERLYING",
    "expiry": "KITEFEED_EXPIRY",
    "atm": "KITEFEED_ATM",
    "mode": "KITEFEED_MODE",
    "redirect_url": "KITEFEED_REDIRECT_URL",
    "token_file": "KITEFEED_TOKEN_FILE",
    "token_command": "KITEFEED_TOKEN_COMMAND",
    "keyring": "KITEFEED_KEYRING",
    "calendar": "KITEFEED_CALENDAR",
    "secondary": "KITEFEED_SECONDARY",
    "notify": "KITEFEED_NOTIFY",
    "notify_exec": "KITEFEED_NOTIFY_EXEC",
    "from_url": "KITEFEED_FROM",
    "publish": "KITEFEED_PUBLISH",
    "publish_keep": "KITEFEED_PUBLISH_KEEP",
    "serve": "KITEFEED_SERVE",
    "serve_remote": "KITEFEED_SERVE_REMOTE",
    "relay_key_file": "KITEFEED_RELAY_KEY_FILE",
    "relay_honest": "KITEFEED_RELAY_HONEST",
}
NAMES = frozenset(_KEYS)  # of the fields, by which `read_settings` takes flags
# A `.env` comes with whatever folder one stands in: it must not start programs, nor let other computers in.
_NOT_IN_FILE = frozenset({"token_command", "notify_exec", "serve_remote"})
_TEXTS = ("token_file", "token_command", "notify_exec", "from_url", "publish", "serve", "relay_key_file")
_KEEP_S, _KEEP_MOST_S = 30.0, 168 * 3600.0  # boards, from which readers begin, are up to some seconds old
_SANDBOX = r"user_id=[A-Za-z0-9]{2,20}"  # what its socket asks for (Kite Connect v3 docs, Sandbox page)
_KNOWN = frozenset({*_KEYS.values(), ACCESS_TOKEN_KEY, LOGIN_AT_KEY, STRICT_KEY, "KITEFEED_ENV_FILE"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command needs to know besides its own flags. `api_secret` is filled for `login` alone."""

    api_key: str
    env_file: Path
    rest_root: str = REST_ROOT
    ws_root: str = WS_ROOT
    login_root: str = LOGIN_ROOT
    instruments: tuple[str, ...] = DEFAULT_INSTRUMENTS  # those of watchlist files among them
    rules: tuple[Rule, ...] = ()  # more instruments, chosen each day
    places: Mapping[str, str] = field(default_factory=dict)  # where a name of a watchlist file stands
    mode: str = "quote"  # "ltp", "quote" or "full"
    redirect_url: str = REDIRECT_URL  # as registered for the app in the developer console
    token_file: str = ""  # another tool's, with the access token; "-": standard input
    token_command: str = ""  # prints the access token
    keyring: bool = False  # the access token is kept in the keyring of the operating system
    calendar: Path | None = None  # sessions and holidays that outrank the shipped ones
    secondary: str = ""  # the source of quotes that is asked while Kite serves none; empty: none
    notify: tuple[str, ...] = field(default=(), repr=False)  # URLs that apprise knows; they hold passwords
    notify_exec: str = ""  # a program that is given each message
    from_url: str = field(default="", repr=False)  # the Redis that another machine publishes to; may hold a password
    publish: str = field(default="", repr=False)  # the Redis to publish to; may hold a password
    publish_keep_s: float = 600.0  # how long that keeps what was published
    serve: str = ""  # [HOST:]PORT of the relay and the page; empty: they are not served
    relay_key_file: str = ""  # what its clients must show
    relay_honest: str = "tell"  # "tell" or "close"
    api_secret: str = field(default="", repr=False)
    sources: dict[str, str] = field(default_factory=dict)  # setting name → where it came from, never the value
    warnings: tuple[str, ...] = ()  # one line each, for the user

    @property
    def following(self) -> Following:
        """What is to be followed."""
        return Following(self.instruments, self.rules, self.places)


def env_file_path(env_file: Path | None, environ: Mapping[str, str]) -> Path:
    """The token store and settings file: the flag, else `KITEFEED_ENV_FILE`, else `.env` in this folder."""
    return (env_file or Path(environ.get("KITEFEED_ENV_FILE") or ".env")).expanduser()


def read_settings(
    env_file: Path | None,
    environ: Mapping[str, str],
    given: Mapping[str, Value | None] | None = None,
    *,
    need_secret: bool = False,
    need_key: bool = True,
    **flags: Value | None,
) -> Settings:
    """The settings of this command. `flags`, and those `given`, go by the names in NAMES; None: not given.

    Raises Problem (exit 2) naming the file and the key, never a value.
    """
    flags = {**(given or {}), **flags}
    assert flags.keys() <= _KEYS.keys(), flags.keys() - _KEYS.keys()
    path = env_file_path(env_file, environ)
    found = _parsed(path, "" if need_secret else API_SECRET_KEY)
    values, sources = _chosen(path, found, environ, flags, need_secret)
    REDACTOR.add(str(values.get("api_secret", "")))
    warnings = tuple(_warnings(path, found, environ))
    for name in (*(["api_key"] if need_key else []), *(["api_secret"] if need_secret else [])):
        _check_credential(name, str(values.get(name, "")), sources[name], path, found, warnings)
    followed = _followed(values, sources)
    return Settings(
        api_key=str(values.get("api_key", "")),
        api_secret=str(values.get("api_secret", "")),
        env_file=path,
        rest_root=checked_root(_KEYS["rest_root"], str(values.get("rest_root", REST_ROOT)), "https", "http"),
        ws_root=checked_root(_KEYS["ws_root"], str(values.get("ws_root", WS_ROOT)), "wss", "ws", _SANDBOX),
        login_root=checked_root(_KEYS["login_root"], str(values.get("login_root", LOGIN_ROOT)), "https", "http"),
        instruments=followed.names,
        rules=followed.rules,
        places=followed.places,
        mode=_mode(str(values.get("mode", "quote"))),
        redirect_url=str(values.get("redirect_url", REDIRECT_URL)),
        keyring=is_on(_KEYS["keyring"], str(values.get("keyring", ""))),
        calendar=Path(str(values["calendar"])).expanduser() if "calendar" in values else None,
        secondary=str(values.get("secondary", "")).strip(),
        notify=_notify(values.get("notify", ())),
        publish_keep_s=_keep(str(values.get("publish_keep", "10m"))),
        relay_honest=_relay_honest(str(values.get("relay_honest", "tell"))),
        **{name: str(values.get(name, "")) for name in _TEXTS},
        sources=sources,
        warnings=warnings,
    )


def _chosen(
    path: Path, found: EnvText, environ: Mapping[str, str], flags: Mapping[str, Value | None], need_secret: bool
) -> tuple[dict[str, Value], dict[str, str]]:
    """The values set somewhere, by field name, and where each came from. An empty one counts as not set."""
    values: dict[str, Value] = {}
    sources: dict[str, str] = {}
    for name, key in _KEYS.items():
        if name == "api_secret" and not need_secret:
            continue  # what was never read cannot leak
        sources[name] = "default"
        for source, value in (
            ("flag", flags.get(name)),
            ("environment", environ.get(key)),
            (str(path), None if name in _NOT_IN_FILE else found.values.get(key)),
        ):
            if value:
                values[name], sources[name] = value, source
                break
    return values, sources


def is_on(key: str, text: str) -> bool:
    """Whether a switch that is written as a word is on. Raises Problem for a word that is neither on nor off."""
    word = text.strip().lower()
    if word in ("", "0", "false", "no", "off"):
        return False
    if word in ("1", "true", "yes", "on"):
        return True
    raise Problem(f"{key} cannot be used", f"{one_line(word)[:40]} is neither on nor off", f"write {key}=on")


def _parsed(path: Path, blank: str) -> EnvText:
    try:
        text = read_text(path, blank=blank)
    except UnreadableError as error:
        raise Problem(
            f"the settings file {one_line(str(path))} cannot be used",
            f"it {error}",
            "correct it, or name another with `--env-file PATH`",
        ) from None
    return parse(text or "")


def _warnings(path: Path, found: EnvText, environ: Mapping[str, str]) -> Iterator[str]:
    shown = one_line(str(path))
    for line in found.bad_lines[:3]:
        yield f"{shown}: line {line} cannot be read and is ignored"
    for key in sorted(_KEYS[name] for name in _NOT_IN_FILE if found.values.get(_KEYS[name])):
        yield f"{shown}: {key} is ignored there; set it in the environment, or give the flag"
    for source, names in ((shown, found.values), ("the environment", environ)):
        for name in sorted(set(names) - _KNOWN):
            if name.startswith(("KITE_", "KITEFEED_")) and (guess := nearest(name, sorted(_KNOWN), 0.85)):
                yield f"{source}: {one_line(name)} is not a setting; did you mean {guess}?"


def _check_credential(name: str, value: str, source: str, path: Path, found: EnvText, warnings: Sequence[str]) -> None:
    key = _KEYS[name]
    shown = one_line(str(path))
    if not value:
        why = f"{key} is neither in the environment nor in {shown}"
        if not path.exists():
            why = f"{key} is not in the environment, and {shown} does not exist"
        elif found.bad_lines:
            why += f", whose line {found.bad_lines[0]} cannot be read"
        guess = next((line for line in warnings if line.endswith(f"{key}?")), "")
        raise Problem(
            f"no {'API key' if name == 'api_key' else 'API secret'} is set",
            f"{why} ({guess})" if guess else why,
            f"put {key} into {shown}; see developers.kite.trade",
        )
    shape = r"[A-Za-z0-9_.-]{3,64}" if name == "api_key" else r"[!-~]{3,256}"
    if not re.fullmatch(shape, value):
        raise Problem(
            f"{key} of {'the ' + source if source in ('flag', 'environment') else shown} cannot be right",
            "it has a space, a quote or another character that cannot be part of it",
            f"copy {key} again from your app at developers.kite.trade",
        )


def _followed(values: Mapping[str, Value], sources: dict[str, str]) -> Following:
    """What the strongest place says is to be followed; the default when none says anything."""
    given = {kind: _instruments(values[kind]) for kind in ("instruments", "watchlist", "underlying") if kind in values}
    said = [sources[kind] for kind in given]
    strongest = next((source for source in ("flag", "environment", *said) if source in said), "default")
    given = {kind: value for kind, value in given.items() if sources[kind] == strongest}
    sources["instruments"] = strongest
    underlyings = given.get("underlying", ())
    # In the environment they wait for an underlying; on the command line they must have one.
    expiry, atm = (
        str(values.get(word, "")) if underlyings or sources[word] == "flag" else "" for word in ("expiry", "atm")
    )
    names = given.get("instruments", () if said else DEFAULT_INSTRUMENTS)
    return following(names, given.get("watchlist", ()), underlyings, expiry, atm)


def _instruments(value: str | Sequence[str]) -> tuple[str, ...]:
    """Names, from a list or from one text with commas or line breaks between ("NSE:INFY, NSE:NIFTY 50")."""
    parts = re.split(r"[,;\n]", value) if isinstance(value, str) else value
    return tuple(name for part in parts if (name := part.strip()))


def _notify(value: str | Sequence[str]) -> tuple[str, ...]:
    """URLs, from a list or from one text with blanks between: commas are part of some."""
    return tuple(value.split()) if isinstance(value, str) else tuple(value)


def _keep(value: str) -> float:
    seconds = seconds_of(value)
    if seconds is None or not _KEEP_S <= seconds <= _KEEP_MOST_S:
        raise Problem(
            "KITEFEED_PUBLISH_KEEP, or --publish-keep, cannot be used",
            f"{one_line(value)[:40]} is no duration from 30s to 168h",
            "write it like 10m or 2h",
        )
    return seconds


def _relay_honest(value: str) -> str:
    if value in ("tell", "close"):
        return value
    raise Problem(
        "KITEFEED_RELAY_HONEST, or --relay-honest, cannot be used",
        f"{one_line(value)[:40]} is neither tell nor close",
        "write tell or close",
    )


def _mode(value: str) -> str:
    if value in MODES:
        return value
    guess = nearest(value.lower(), MODES, 0.5)
    raise Problem(
        "the mode is not one of Kite's",
        f"it must be one of {', '.join(MODES)}",
        f"use `{guess or 'quote'}`",
    )
