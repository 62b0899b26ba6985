"""`--notify-exec`: a program of the user's gets each message as JSON on its standard input."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping

from ..children import processors_as_before
from ..clock import Clock
from ..problems import Problem
from .notice import Notice
from .post import SinkError

WITHIN_S = 10.0  # the program's deadline


class CommandSink:
    """Runs the command without a shell. What it says goes nowhere, and it is told no setting of ours."""

    name = "the notify command"

    def __init__(self, command: str, environ: Mapping[str, str], clock: Clock) -> None:
        """Raises Problem when the command is no command line."""
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise _no_command(f"it cannot be split into words: {str(error).lower()}") from None
        if not self._words:
            raise _no_command("it is empty")
        self._environ = dict(environ)
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def send(self, notice: Notice) -> None:
        if self._closed:
            return
        try:
            with processors_as_before():
                child = subprocess.Popen(  # noqa: S603 - the user's own command line, no shell
                    self._words,
                    env=self._environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=os.name == "posix",
                )
        except (OSError, ValueError) as error:
            why = (getattr(error, "strerror", None) or "odd characters").lower()
            raise SinkError(f"it cannot be started ({why})") from None
        self._child = child
        try:
            child.communicate(notice.as_json().encode() + b"\n", timeout=self._clock.real_s(WITHIN_S))
        except subprocess.TimeoutExpired:
            raise SinkError(f"it did not end within {WITHIN_S:g} s") from None
        finally:
            self._child = None
            _kill(child)  # also what it left behind in the background
        if child.returncode != 0 and not self._closed:
            raise SinkError(f"it ended with exit code {child.returncode}")

    def close(self) -> None:
        self._closed = True
        child = self._child
        if child is not None:
            _kill(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the program and all it started; harmless when it has ended."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1.0)


def _no_command(why: str) -> Problem:
    return Problem(
        "the notify command cannot be used", why, "write the program and its arguments as you would in a terminal"
    )
