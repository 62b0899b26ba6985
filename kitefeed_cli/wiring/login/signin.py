"""The wiring of `login`: settings, the two roads a login comes back on, the exchange and the token store.

The API secret lives here alone, for the seconds that the exchange takes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...checkup.flush import CLOSES, OPENS, is_soon
from ...clock import Clock
from ...console.printer import Printer
from ...git import keep_out
from ...hardening import no_core_dumps
from ...kite.login import (
    Arrivals,
    Callback,
    Granted,
    Road,
    await_redirect,
    exchanged,
    has_browser,
    listening_port,
    login_url,
    new_state,
    open_browser,
    read_lines,
)
from ...kite.rest import Rest
from ...problems import Problem
from ...session import TokenStore
from ...settings import Settings, read_settings
from .doorstep import show_link
from .standing import Standing, standing
from .tokens import open_store

_PIPED_S = 0.3  # a script's line comes at once, and then no browser is needed


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the user wants to log in. `listen`: catch the browser on this computer, besides taking what is pasted.
    `browser`: open one. `qr`: None lets the terminal decide. `force`: also while the saved access token is good."""

    wait_s: float
    listen: bool = True
    browser: bool = True
    qr: bool | None = None
    force: bool = False
    redirect_url: str | None = None


def ask_standing(env_file: Path | None, clock: Clock, printer: Printer) -> Standing:
    """`login --status`. Raises Problem when the settings are wrong."""
    settings = read_settings(env_file, os.environ)
    no_core_dumps()
    store = open_store(settings, os.environ, clock, printer.status)
    return standing(store, Rest(settings.api_key, settings.rest_root, clock), clock)


def sign_in(env_file: Path | None, wishes: Wishes, clock: Clock, printer: Printer) -> None:
    """One login, from the link to the saved access token. Raises Problem."""
    no_core_dumps()
    environ = os.environ
    person = sys.stdin is not None and sys.stdin.isatty()
    settings = read_settings(env_file, environ, redirect_url=wishes.redirect_url)
    for line in settings.warnings:
        printer.status(line)
    store = open_store(settings, environ, clock, printer.status)
    store.check_writable()  # before the request token is spent
    rest = Rest(settings.api_key, settings.rest_root, clock)
    before = standing(store, rest, clock)
    if not wishes.force and _stays(before, printer):
        return
    settings = _with_secret(env_file, environ, wishes.redirect_url, printer, person=person)
    granted = _granted(settings, wishes, clock, printer, person=person)
    another = store.read().access_token != before.session.access_token  # was quicker, in another terminal
    if another and not wishes.force and _stays(standing(store, rest, clock), printer):
        return
    login = exchanged(rest, granted, settings.api_secret)
    is_new = store.vault is None and not settings.env_file.exists()
    store.save(login.access_token, login.login_at or clock.wall())
    printer.status(f"Logged in - User: {login.user_name}")
    printer.status(f"Access token saved in {store.where}; a running `kitefeed run` picks it up by itself")
    _tell_more(store, settings, clock, printer, is_new=is_new)


def _stays(now: Standing, printer: Printer) -> bool:
    """Whether the user is logged in already: another login can end the session of another program."""
    if now.state != "accepted" or now.user is None:
        return False
    since = f", since {now.session.issued_at:%d %b %H:%M} IST" if now.session.issued_at else ""
    printer.status(f"Logged in already - User: {now.user.user_name} (access token from {now.session.source}{since})")
    if is_soon(now.session.issued_at, now.at):
        printer.status(f"The morning flush is expected until {CLOSES:%H:%M} IST, and may still end it")
    printer.status("Nothing was changed; `kitefeed login --force` logs in all the same")
    return True


def _granted(settings: Settings, wishes: Wishes, clock: Clock, printer: Printer, *, person: bool) -> Granted:
    """Show the link and wait for what comes back. Nobody listens any more when this returns."""
    state = new_state()
    arrivals = Arrivals(state, clock)
    browser = wishes.browser and has_browser(os.environ)
    with _listening(settings.redirect_url if wishes.listen else "", state, arrivals, clock, printer) as roads:
        url = login_url(settings.login_root, settings.api_key, state)
        show_link(printer, url, person=person, elsewhere=not browser, qr=wishes.qr)
        _take_pastes(arrivals)
        if browser and (person or not arrivals.has_paste(clock.now_s() + _PIPED_S)):
            open_browser(url, os.environ)
        return await_redirect(arrivals, roads, clock.now_s() + wishes.wait_s, printer.status, patient=person)


def _tell_more(store: TokenStore, settings: Settings, clock: Clock, printer: Printer, *, is_new: bool) -> None:
    """What may go wrong later, while it can still be helped."""
    for line in keep_out(settings.env_file, new=is_new):
        printer.status(line)
    if store.outside is not None:
        printer.status(f"{store.outside.title} outranks the saved one in new commands: unset it")
    now = clock.wall()
    if is_soon(now, now):
        printer.status(
            f"It is {now:%H:%M}: Kite's morning flush, expected between {OPENS:%H:%M} and {CLOSES:%H:%M} IST, may "
            "still end this access token. Should it, log in again"
        )


def _with_secret(
    env_file: Path | None, environ: Mapping[str, str], redirect_url: str | None, printer: Printer, *, person: bool
) -> Settings:
    """The settings with the API secret, which a person is asked for when it is missing or cannot be right."""
    try:
        return read_settings(env_file, environ, need_secret=True, redirect_url=redirect_url)
    except Problem as problem:
        if not person:
            raise
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
