"""The wiring of `login`: settings, the two roads a login comes back on, the exchange and the token store.

The API secret lives here alone, for the seconds that the exchange takes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..clock import Clock
from ..console.printer import Printer
from ..kite.login import (
    Arrivals,
    Callback,
    Road,
    await_redirect,
    exchanged,
    listening_port,
    login_url,
    new_state,
    open_browser,
    read_lines,
)
from ..kite.rest import Rest
from ..problems import Problem
from ..settings import ACCESS_TOKEN_KEY, Settings, read_settings
from .tokens import open_store

_PIPED_S = 0.3  # a script's line comes at once, and then no browser is needed
_HOW = "Should the page you land on not load, paste its address here and press Enter.\n"


def sign_in(
    env_file: Path | None,
    redirect_url: str | None,
    wait_s: float,
    clock: Clock,
    printer: Printer,
    *,
    listen: bool,
    browser: bool,
) -> None:
    """One login, from the link to the saved access token. Raises Problem.

    `listen`: catch the browser on this computer, besides taking what is pasted; `browser`: open one.
    """
    environ = os.environ
    person = sys.stdin is not None and sys.stdin.isatty()
    settings = _settings(env_file, environ, redirect_url, printer, person=person)
    for line in settings.warnings:
        printer.status(line)
    store = open_store(settings, environ, clock, printer.status)
    store.check_writable()  # before the request token is spent
    state = new_state()
    arrivals = Arrivals(state, clock)
    with _listening(settings.redirect_url if listen else "", state, arrivals, clock, printer) as roads:
        url = login_url(settings.login_root, settings.api_key, state)
        printer.prompt(f"Log in to Kite here:\n\n  {url}\n\n" + (_HOW if person else ""))
        _take_pastes(arrivals)
        if browser and (person or not arrivals.has_paste(clock.now_s() + _PIPED_S)):
            open_browser(url, environ)
        granted = await_redirect(arrivals, roads, clock.now_s() + wait_s, printer.status, patient=person)
        login = exchanged(Rest(settings.api_key, settings.rest_root, clock), granted, settings.api_secret)
        store.save(login.access_token)
    printer.status(f"Logged in - User: {login.user_name}")
    printer.status(f"Access token saved in {settings.env_file}; a running `kitefeed run` picks it up by itself")
    if environ.get(ACCESS_TOKEN_KEY):
        printer.status(f"{ACCESS_TOKEN_KEY} of the environment outranks the saved one in new commands: unset it")


def _settings(
    env_file: Path | None, environ: Mapping[str, str], redirect_url: str | None, printer: Printer, *, person: bool
) -> Settings:
    """The settings with the API secret, which a person is asked for when it is missing or cannot be right."""
    try:
        return read_settings(env_file, environ, need_secret=True, redirect_url=redirect_url)
    except Problem as problem:
        if not person:
            raise
        read_settings(env_file, environ)  # raises when it is not the secret that is at fault
        from getpass import getpass

        printer.prompt(f"{problem.what}: {problem.why}\n")
        try:
            typed = getpass("KITE_API_SECRET (not shown, not saved): ").strip()
        except EOFError:
            raise problem from None
        return read_settings(env_file, environ, need_secret=True, api_secret=typed, redirect_url=redirect_url)


def _take_pastes(arrivals: Arrivals) -> None:
    if sys.stdin is None:  # closed by whoever started us; descriptor 0 may be anything by now
        arrivals.pasted(None)
        return
    if hasattr(signal, "SIGTTIN"):  # in the background a terminal cannot be read: that must not stop the process
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    read_lines(sys.stdin.fileno(), arrivals.pasted)


@contextlib.contextmanager
def _listening(
    redirect_url: str, state: str, arrivals: Arrivals, clock: Clock, printer: Printer
) -> Iterator[set[Road]]:
    """The open roads: the listener too when the redirect URL leads here and its port is free."""
    callback: Callback | None = None
    port = listening_port(redirect_url)
    if redirect_url and port is None:
        printer.status("The redirect URL does not lead to this computer: paste the address you land on")
    if port is not None:
        try:
            callback = Callback(redirect_url, state, arrivals.called_back)
        except OSError:
            printer.status(f"Port {port} of this computer is busy: paste the address you land on instead")
    try:
        yield {Road.PASTE} if callback is None else {Road.PASTE, Road.CALLBACK}
    finally:
        if callback is not None:
            callback.close(clock)
