"""The wiring of `logout`: the session ends at Kite, and the access token leaves the token store."""

from __future__ import annotations

import os
from pathlib import Path

from ...clock import Clock
from ...console.printer import Printer
from ...hardening import no_core_dumps
from ...kite.errors import KiteError
from ...kite.rest import Rest
from ...policy.events import Answer, Saved
from ...problems import Exit, Problem
from ...session import TokenStore
from ...settings import read_settings
from .tokens import open_store

_WITHIN_S = 10.0


def sign_out(env_file: Path | None, clock: Clock, printer: Printer) -> None:
    """Raises Problem when one of the two could not be done; the other has been done all the same, and is told."""
    settings = read_settings(env_file, os.environ)
    no_core_dumps()
    store = open_store(settings, os.environ, clock, printer.status)
    own = TokenStore(settings.env_file, vault=store.vault).read()
    found = {session.access_token for session in (store.read(), own) if session.saved is Saved.TOKEN}
    if not found:
        printer.status(f"There is no access token to log out with: {store.read().why}")
    rest = Rest(settings.api_key, settings.rest_root, clock)
    failed = [error for access_token in sorted(found) if (error := _ended(rest, access_token, printer)) is not None]
    if store.clear():
        printer.status(f"The access token is removed from {store.where}")
    if store.outside is not None and store.outside.read().saved is Saved.TOKEN:
        printer.status(f"It is still in {store.outside.title}, which kitefeed does not change")
    if failed:
        raise Problem(
            "the session could not be ended at Kite",
            f"not confirmed ({failed[0].detail}); it lives until the morning flush",
            "to end it now, log out of all sessions in Kite's web page",
            Exit.REFUSED if failed[0].answer is Answer.NOT_PERMITTED else Exit.UNREACHABLE,
            "not-logged-out",
        )


def _ended(rest: Rest, access_token: str, printer: Printer) -> KiteError | None:
    try:
        rest.logout(access_token, _WITHIN_S)
    except KiteError as error:
        if error.answer is not Answer.TOKEN_DEAD:
            printer.status(f"Kite did not confirm the end of this session ({error.detail})")
            return error
        printer.status("Kite had ended this session already")
    else:
        printer.status("Logged out: Kite has ended this session")
    return None
