"""Where the access token of a command comes from: the token store, and what the settings name besides."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ...clock import Clock
from ...console.printer import Printer
from ...hardening import no_core_dumps, without_ours
from ...policy import Cause, Saved
from ...problems import Exit, Problem
from ...session import Given, Outside, TokenCommand, TokenFile, TokenStore
from ...settings import ACCESS_TOKEN_KEY, STRICT_KEY, Settings, is_on

_MOST_CHARS = 4096


def command_store(settings: Settings, clock: Clock, printer: Printer) -> TokenStore:
    """The token store of a command, which from now on leaves no core dump. Says what is odd in the settings, and when
    something outranks the store: else "the saved token" would be looked for in the wrong place. Raises Problem."""
    no_core_dumps()
    for warning in settings.warnings:
        printer.status(warning)
    store = open_store(settings, os.environ, clock, printer.status)
    refuse_shared_store(store, os.environ)
    if (others_can := _shared(store)) is not None:
        printer.status(others_can)
    if store.outside is not None:
        printer.status(f"{_capital(store.outside.title)} is used until a login is saved in {store.where}")
    return store


def refuse_shared_store(store: TokenStore, environ: Mapping[str, str]) -> None:
    """Raises Problem when others can read the access token and KITEFEED_STRICT is on, or neither on nor off."""
    warning = _shared(store) if is_on(STRICT_KEY, environ.get(STRICT_KEY, "")) else None
    if warning is not None:
        raise Problem(
            "the token store is not private, and KITEFEED_STRICT is on",
            warning,
            "correct that, or run `kitefeed login`, which writes it anew as 0600",
            Exit.REFUSED,
            "token-store-not-private",
        )


def _shared(store: TokenStore) -> str | None:
    """That others can read the access token, if it is the store that brings it."""
    return store.permissions() if store.read().source == store.path.name else None


def open_store(
    settings: Settings, environ: Mapping[str, str], clock: Clock, tell: Callable[[str], None], access_token: str = ""
) -> TokenStore:
    """The token store with what the settings and the environment name besides it. `tell` hears why a token command
    brings nothing; `access_token`: a program gives it, and nothing else is asked. Raises Problem."""
    if access_token:
        outside: Outside | None = Given(access_token, "the program", "access token")
    else:
        outside = outside_of(settings, environ, clock, tell)
    if not settings.keyring:
        return TokenStore(settings.env_file, outside)
    from ...session.keyring import Keyring

    return TokenStore(settings.env_file, outside, Keyring(settings.api_key))


def outside_of(
    settings: Settings, environ: Mapping[str, str], clock: Clock, tell: Callable[[str], None]
) -> Outside | None:
    """What outranks the token store when a command starts: a flag, then the environment, then the env file. Raises
    Problem when a token file and a token command are set in the same place."""
    given = environ.get(ACCESS_TOKEN_KEY, "").strip()
    ranks = {name: _rank(settings, name) for name in ("token_file", "token_command") if getattr(settings, name)}
    if not ranks or (given and min(ranks.values()) > _ENVIRONMENT):
        return Given(given, "environment", ACCESS_TOKEN_KEY) if given else None
    first = min(ranks, key=ranks.__getitem__)
    if list(ranks.values()) == [ranks[first]] * 2:
        raise Problem(
            "a token file and a token command are both set",
            f"both are from {'the ' if ranks[first] <= _ENVIRONMENT else ''}{settings.sources[first]}",
            "leave out one of the two",
        )
    if first == "token_command":
        return TokenCommand(settings.token_command, without_ours(environ), clock, tell)
    if settings.token_file == "-":
        return Given(_stdin(), "standard input", "access token")
    return TokenFile(Path(settings.token_file).expanduser())


def lacking(store: TokenStore, cause: Cause) -> str:
    """Why there is no access token, if that is the cause and another place than the token store should have it; else
    empty."""
    session, outside = store.read(), store.outside
    if cause not in (Cause.TOKEN_MISSING, Cause.TOKEN_MALFORMED) or session.saved is Saved.TOKEN:
        return ""
    if outside is None or session.source != outside.name:
        return ""
    return session.why


_ENVIRONMENT = 1


def _rank(settings: Settings, name: str) -> int:
    return {"flag": 0, "environment": _ENVIRONMENT}.get(settings.sources[name], 2)


def _stdin() -> str:
    """The one line with the access token. Whoever types it would show it to the room."""
    if sys.stdin.isatty():
        raise Problem(
            "no access token comes on standard input",
            "it is a terminal, which would show what you type",
            "pipe it in: `TOOL | kitefeed run --token-file -`, or `kitefeed login`",
        )
    return sys.stdin.readline(_MOST_CHARS)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
