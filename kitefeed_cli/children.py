"""Programs of the user's that are run without a shell: how they are named, started and ended."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from .problems import Problem

_before: set[int] | None = None  # the processors that were allowed before this process kept to one


def remember_processors(allowed: set[int]) -> None:
    """What was allowed to begin with; the first to say so is right."""
    global _before
    _before = _before or allowed


def processors_before() -> set[int] | None:
    """What was allowed to begin with; None while this process does not keep to one."""
    return _before


@contextlib.contextmanager
def processors_as_before() -> Iterator[None]:
    """What this thread starts meanwhile may use the processors that this process was allowed to begin with."""
    if _before is None:
        yield
        return
    now = os.sched_getaffinity(0)  # of this thread alone (sched_setaffinity(2)), and inherited by what it starts
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, _before)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, now)


def words_of(command: str, title: str) -> list[str]:
    """The program and its arguments. Raises Problem, which calls the command by its `title`."""
    why = "it is empty"
    try:
        words = shlex.split(command)
    except ValueError as error:
        words, why = [], f"it cannot be split into words: {str(error).lower()}"
    if not words:
        raise Problem(f"{title} cannot be used", why, "write the program and its arguments as you would in a terminal")
    return words


def started(
    words: Sequence[str], environ: Mapping[str, str], *, stdin: int, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    """The program, in a session of its own where there are sessions: what it starts can be ended with it. Raises
    OSError or ValueError, for which `why_not_started` has the words."""
    with processors_as_before():
        return subprocess.Popen(  # noqa: S603 - the user's own command line, no shell
            words, env=environ, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=os.name == "posix"
        )


def why_not_started(error: Exception) -> str:
    """In our words: the library's may quote the command line."""
    return f"it cannot be started ({(getattr(error, 'strerror', None) or 'odd characters').lower()})"


def end(child: subprocess.Popen[bytes]) -> None:
    """End the program and all it started, also what it left behind in the background; harmless when it has ended."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(1.0)
