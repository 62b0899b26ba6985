"""The login that the live page starts, in a process of its own: the run's process never holds the API secret.

The process is this module: `python -m kitefeed_cli.wiring.login.page ENV_FILE BACK`. It prints two lines of JSON, first
the link and then what came of it, and listens for Kite's redirect between them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ...clock import SystemClock
from ...hardening import no_core_dumps
from ...kite.login import Arrivals, Callback, Road, await_redirect, exchanged, listening_port, login_url, new_state
from ...kite.rest import Rest
from ...problems import Exit, Problem
from ...redact import REDACTOR, one_line
from ...settings import Settings, read_settings
from .tokens import open_store

_WAIT_S = 300.0


class PageLogin:
    """At most one login at a time; every method may be called from any thread."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.news = ""  # one line about the login, for the page
        self._settings = settings
        self._environ = environ
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._link = ""

    @property
    def origin(self) -> str:
        """Where the link leads."""
        parts = urlsplit(self._settings.login_root)
        return f"{parts.scheme}://{parts.netloc}"

    def begin(self, back: str) -> str:
        """The link to open; takes a moment. Raises Problem."""
        with self._lock:
            if self._child is not None and self._child.poll() is None:
                return self._link  # the button was pressed again
            child = self._start(back)
            assert child.stdout is not None
            said = _read(child.stdout.readline())
            if "link" not in said:
                child.stdout.close()
                child.wait()
                raise Problem(
                    said.get("what", "the login could not be started"),
                    said.get("why", "its process ended without a word"),
                    said.get("next", "run `kitefeed login`"),
                    Exit.LOGIN,
                    "no-login",
                )
            self._child, self._link = child, said["link"]
            self.news = "Waiting for the login in the other tab"
            threading.Thread(target=self._await, args=(child,), name="kitefeed-page-login", daemon=True).start()
            return self._link

    def stop(self) -> None:
        """End a login that is under way."""
        child = self._child
        if child is not None and child.poll() is None:
            child.kill()

    def _start(self, back: str) -> subprocess.Popen[str]:
        settings = self._settings
        ours = {
            "KITE_API_KEY": settings.api_key,
            "KITEFEED_REST_ROOT": settings.rest_root,
            "KITEFEED_LOGIN_ROOT": settings.login_root,
            "KITEFEED_REDIRECT_URL": settings.redirect_url,
        }
        return subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-P", "-m", __name__, str(settings.env_file.absolute()), back],
            env={**self._environ, **ours},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _await(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        with child.stdout as lines:
            said = _read(lines.readline())
        child.wait()
        if "user" in said:
            self.news = f"Logged in - User: {said['user']}"
        else:
            self.news = f"{said.get('what', 'the login was ended')}: {said.get('why', '')} - {said.get('next', '')}"


def _read(line: str) -> dict[str, str]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return {str(name): one_line(str(value))[:500] for name, value in said.items()} if isinstance(said, dict) else {}


def log_in(env_file: Path, back: str) -> None:
    """The process. Raises Problem."""
    no_core_dumps()
    clock = SystemClock()
    settings = read_settings(env_file, os.environ, need_secret=True)
    store = open_store(settings, os.environ, clock, lambda line: None)
    store.check_writable()
    if listening_port(settings.redirect_url) is None:
        raise Problem(
            "the page cannot finish a login here",
            "the redirect URL of your app does not lead to this computer",
            "run `kitefeed login` and paste the address you land on",
        )
    state = new_state()
    arrivals = Arrivals(state, clock)
    try:
        callback = Callback(settings.redirect_url, state, arrivals.called_back, back)
    except OSError:
        raise Problem(
            "the page cannot finish a login now",
            f"port {listening_port(settings.redirect_url)} of this computer, where Kite sends you, is busy",
            "end the other login, or run `kitefeed login`",
        ) from None
    try:
        _say(link=login_url(settings.login_root, settings.api_key, state))
        until_s = clock.now_s() + _WAIT_S
        granted = await_redirect(arrivals, {Road.CALLBACK}, until_s, lambda line: None, patient=False)
        login = exchanged(Rest(settings.api_key, settings.rest_root, clock), granted, settings.api_secret)
        store.save(login.access_token, login.login_at or clock.wall())
    finally:
        callback.close(clock)
    _say(user=login.user_name)


def _say(**words: str) -> None:
    print(json.dumps({name: REDACTOR.redact(value) for name, value in words.items()}), flush=True)


if __name__ == "__main__":
    try:
        log_in(Path(sys.argv[1]), sys.argv[2])
    except Problem as problem:
        _say(what=problem.what, why=problem.why, next=problem.next_step)
        sys.exit(problem.exit_code)
