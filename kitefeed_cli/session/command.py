"""`--token-command`: another program prints the access token, and is asked again now and then."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import IO

from ..children import processors_as_before
from ..clock import Clock
from ..policy.events import Saved
from ..problems import Problem
from ..redact import REDACTOR, one_line
from .shape import Session, handed_over

WITHIN_S = 10.0  # the program's deadline
SOON_S = 30.0  # between two questions while REST calls its access token dead, or there is none
CALM_S = 300.0  # and while all is well
_MOST_BYTES = 64 * 1024
_SHOWN = 160  # characters of what the program complains of


class TokenCommand:
    """Runs the command without a shell. `tell` hears why there is no access token, once for each reason.

    The first `read` asks it; later ones know the last answer, which `fingerprint` renews when the time has come.
    """

    name = "token command"
    title = "the token command"

    def __init__(self, command: str, environ: Mapping[str, str], clock: Clock, tell: Callable[[str], None]) -> None:
        """Raises Problem when the command is no command line."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise _no_command(f"it cannot be split into words: {str(error).lower()}") from None
        if not self._words:
            raise _no_command("it is empty")
        self._environ = dict(environ)
        self._clock = clock
        self._tell = tell
        self._told = ""
        self._asking = threading.Lock()  # one question at a time
        self._session: Session | None = None
        self._changes = 0
        self._next_s = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def read(self) -> Session:
        session = self._session
        if session is not None:  # also while it is being asked again: this must not wait
            return session
        with self._asking:
            return self._session or self._ask()

    def fingerprint(self) -> Hashable:
        with self._asking:
            if self._session is None or self._clock.now_s() >= self._next_s:
                self._ask()
            return self._changes

    def rejected(self, access_token: str) -> None:
        """Ask soon, and at the earliest SOON_S after the last question: a rejection must not make it run in a loop."""
        session = self._session
        if session is not None and session.access_token == access_token:
            self._next_s = min(self._next_s, self._asked_s + SOON_S)

    def close(self) -> None:
        self._closed = True
        child = self._child
        if child is not None:
            _kill(child)

    def _ask(self) -> Session:
        self._asked_s = self._clock.now_s()
        found = self._answer()
        if found != self._session:
            self._changes += 1
        self._session = found
        good = found.saved is Saved.TOKEN
        self._next_s = self._asked_s + (CALM_S if good else SOON_S)
        if not good and found.why != self._told and not self._closed:
            self._tell(f"No access token from the token command: {found.why}")
        self._told = "" if good else found.why
        return found

    def _answer(self) -> Session:
        try:
            with processors_as_before():
                child = subprocess.Popen(  # noqa: S603 - the user's own command line, no shell
                    self._words,
                    env=self._environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=os.name == "posix",
                )
        except (OSError, ValueError) as error:
            return _nothing(f"it cannot be started ({getattr(error, 'strerror', None) or 'odd characters'})".lower())
        self._child = child
        if self._closed:
            _kill(child)
        assert child.stdout is not None
        assert child.stderr is not None
        said, complaint = _Reader(child.stdout), _Reader(child.stderr)
        try:
            code = child.wait(self._clock.real_s(WITHIN_S))
        except subprocess.TimeoutExpired:
            return _nothing(f"it did not end within {WITHIN_S:g} s")
        finally:
            self._child = None
            _kill(child)  # also what it left behind in the background, which holds its output open
            texts = said.text(), complaint.text()
        if said.is_full:
            return _nothing("it printed far more than an access token")
        if code != 0:
            return _nothing(f"it ended with exit code {code}{_shown(texts[1])}")
        return handed_over(texts[0], TokenCommand.name)


class _Reader:
    """Takes what comes through a pipe, and no more of it than an access token can be."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._taken = b""
        self._thread = threading.Thread(target=self._run, name="kitefeed-token-command", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream:
            self._taken = self._stream.read(_MOST_BYTES)

    @property
    def is_full(self) -> bool:
        return len(self._taken) >= _MOST_BYTES

    def text(self) -> str:
        """All of it; the program has ended."""
        self._thread.join(1.0)
        return self._taken.decode("utf-8", "replace")


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the program and all it started; harmless when it has ended."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1.0)


def _shown(complaint: str) -> str:
    """What the program complained of, in one line, without anything that could be a secret."""
    text = one_line(" ".join(REDACTOR.redact(complaint).split()))
    text = re.sub(r"(?=\w*\d)(?=\w*[A-Za-z])\w{16,}", "<redacted>", text)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 3].rstrip() + "..."
    return f": {text}" if text else ""


def _nothing(why: str) -> Session:
    return Session(Saved.NOTHING, why=why, source=TokenCommand.name)


def _no_command(why: str) -> Problem:
    return Problem(
        "the token command cannot be used", why, "write the program and its arguments as you would in a terminal"
    )
