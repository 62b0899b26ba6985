"""Replacing a small private file: locked, all at once or not at all, durably, and readable by nobody else."""

from __future__ import annotations

import contextlib
import glob
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from .clock import Clock, SystemClock
from .env_file import read_text
from .locks import take_within

_LOCK_S = 10.0  # a writer holds the lock for milliseconds; others may lock a folder of theirs for the whole day
_AGAIN_S = 0.05
_TRIES = 5


class UnwritableError(Exception):
    """The file must not or cannot be replaced now. Its text is the reason."""


def rewrite(path: Path, change: Callable[[str], str], clock: Clock | None = None) -> None:
    """Replace the file by `change` of its text: locked, atomic, durable, mode 0600; a symlink stays one.

    A reader sees the old file or the new one, also when this process is killed half-way. Raises UnreadableError,
    UnwritableError or OSError, and then nothing has changed.
    """
    target = Path(os.path.realpath(path))
    if why := refusal(target):
        raise UnwritableError(why)
    with _locked(target, clock or SystemClock()):
        for leftover in target.parent.glob(f".{glob.escape(target.name)}.*.kitefeed"):
            leftover.unlink(missing_ok=True)  # of a writer that was killed
        for _ in range(_TRIES):
            if _replaced(target, change):
                return
    raise UnwritableError("another program writes it all the time")


def refusal(target: Path) -> str | None:
    """Why this file, which is no symlink, must not be replaced; None: it may be."""
    try:
        owner = os.stat(target).st_uid
    except OSError:
        return None
    if os.name == "posix" and os.geteuid() not in (0, owner):
        return "it belongs to another user, who could not read it any more"
    return None


def _replaced(target: Path, change: Callable[[str], str]) -> bool:
    """False: a program that knows nothing of our lock wrote the file meanwhile, and nothing was done."""
    before = _state(target)
    text = read_text(target)
    temporary = target.parent / f".{target.name}.{secrets.token_hex(6)}.kitefeed"
    try:
        _write_private(temporary, change(text or "").encode("utf-8"), target)
        if _state(target) != before:
            os.unlink(temporary)
            return False
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)
    return True


def _state(target: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _write_private(path: Path, content: bytes, like: Path) -> None:
    """A new file that nobody else could read at any moment, safely on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        if os.name == "posix":
            os.fchmod(descriptor, 0o600)  # the umask may have taken our own rights away
            if os.geteuid() == 0 and like.exists():
                owner = like.stat()
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(target: Path, clock: Clock) -> Iterator[None]:
    """Keep other writers of this program out. The kernel frees the lock of a killed process."""
    if os.name == "posix":
        # The folder itself is the lock: no stray file beside the user's, and it survives the renames
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            if not take_within(descriptor, _LOCK_S, _AGAIN_S, clock):
                raise UnwritableError("another program has locked its folder (flock)")
            yield
        finally:
            with contextlib.suppress(OSError):
                os.close(descriptor)
    else:
        with open(target.with_name(target.name + ".lock"), "ab") as stream, _windows_lock(stream.fileno()):
            yield


@contextlib.contextmanager
def _windows_lock(descriptor: int) -> Iterator[None]:
    import msvcrt

    msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows alone has it
    try:
        yield
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # the same
