"""`--token-command`: another program prints the access token, and is asked again now and then."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import IO

from ..children import end, started, why_not_started, words_of
from ..clock import Clock
from ..policy.events import Saved
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
        self._words = words_of(command, self.title)
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
            end(child)

    def reopen(self) -> None:
        self._closed = False

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
            child = started(
                self._words, self._environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except (OSError, ValueError) as error:
            return _nothing(why_not_started(error))
        self._child = child
        if self._closed:
            end(child)
        assert child.stdout is not None
        assert child.stderr is not None
        said, complaint = _Reader(child.stdout), _Reader(child.stderr)
        try:
            code = child.wait(self._clock.real_s(WITHIN_S))
        except subprocess.TimeoutExpired:
            return _nothing(f"it did not end within {WITHIN_S:g} s")
        finally:
            self._child = None
            end(child)  # its background would hold its output open
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


def _shown(complaint: str) -> str:
    """What the program complained of, in one line, without anything that could be a secret."""
    text = one_line(" ".join(REDACTOR.redact(complaint).split()))
    text = re.sub(r"(?=\w*\d)(?=\w*[A-Za-z])\w{16,}", "<redacted>", text)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 3].rstrip() + "..."
    return f": {text}" if text else ""


def _nothing(why: str) -> Session:
    return Session(Saved.NOTHING, why=why, source=TokenCommand.name)
