"""`--notify-exec`: a program of the user's gets each message as JSON on its standard input."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from ..children import end, started, why_not_started, words_of
from ..clock import Clock
from .notice import Notice
from .post import SinkError

WITHIN_S = 10.0  # the program's deadline


class CommandSink:
    """Runs the command without a shell. What it says goes nowhere, and it is told no setting of ours."""

    name = "the notify command"

    def __init__(self, command: str, environ: Mapping[str, str], clock: Clock) -> None:
        """Raises Problem when the command is no command line."""
        self._words = words_of(command, self.name)
        self._environ = dict(environ)
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None
        self._closed = False

    def send(self, notice: Notice) -> None:
        if self._closed:
            return
        try:
            child = started(
                self._words, self._environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except (OSError, ValueError) as error:
            raise SinkError(why_not_started(error)) from None
        self._child = child
        try:
            child.communicate(notice.as_json().encode() + b"\n", timeout=self._clock.real_s(WITHIN_S))
        except subprocess.TimeoutExpired:
            raise SinkError(f"it did not end within {WITHIN_S:g} s") from None
        finally:
            self._child = None
            end(child)
        if child.returncode != 0 and not self._closed:
            raise SinkError(f"it ended with exit code {child.returncode}")

    def close(self) -> None:
        self._closed = True
        child = self._child
        if child is not None:
            end(child)
