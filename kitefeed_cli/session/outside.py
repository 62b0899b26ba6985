"""Access tokens that another tool hands over. They are read here and never written."""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Protocol

from ..env_file import UnreadableError, read_text
from ..policy.events import Saved
from ..redact import one_line
from .shape import Session, handed_over, judged, unquoted

Fingerprint = tuple[int, int, int]


class Outside(Protocol):
    """Where an access token comes from, besides the token store. Thread-safe."""

    name: str  # the `source` of its sessions: "environment"
    title: str  # what a sentence calls it: "KITE_ACCESS_TOKEN of the environment"

    def read(self) -> Session:
        """What it holds. Odd content is an answer, never an exception. Only the first call may take a while."""

    def fingerprint(self) -> Hashable:
        """Another value whenever it has brought something since. For the watch alone: it may take a while."""

    def rejected(self, access_token: str) -> None:
        """REST calls this access token dead."""

    def close(self) -> None:
        """End whatever goes on; from any thread."""

    def reopen(self) -> None:
        """It is asked again after `close`."""


class Given:
    """A value handed over once: from the environment or standard input."""

    def __init__(self, value: str, source: str, key: str) -> None:
        """`key` is what the value is called there."""
        self.name = source
        self.title = f"{key} of the {source}" if source == "environment" else f"the access token from {source}"
        self._session = judged(unquoted(value), key, source)

    def read(self) -> Session:
        return self._session

    def fingerprint(self) -> Hashable:
        return None

    def rejected(self, access_token: str) -> None:
        """It has no other."""

    def close(self) -> None:
        """Nothing goes on."""

    def reopen(self) -> None:
        """It was never closed."""


class TokenFile:
    """A file that another tool writes: the access token alone, or a line `KITE_ACCESS_TOKEN=...`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        self.title = f"the token file {one_line(str(path))}"

    def read(self) -> Session:
        name = self.name
        try:
            text = read_text(self._path)
        except UnreadableError as error:
            return Session(Saved.MALFORMED, why=f"{name} {error}", source=name)
        if text is None:
            return Session(Saved.NOTHING, why=f"{name} does not exist", source=name)
        return handed_over(text, name)

    def fingerprint(self) -> Hashable:
        return fingerprint_of(self._path)

    def rejected(self, access_token: str) -> None:
        """The file is looked at every second anyway."""

    def close(self) -> None:
        """Nothing goes on."""

    def reopen(self) -> None:
        """It was never closed."""


def fingerprint_of(path: Path) -> Fingerprint | None:
    """(mtime in ns, inode, size) of the file, a symlink followed; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def permissions_of(path: Path) -> str | None:
    """A warning when others can read or replace the file; None when all is well or on Windows."""
    if os.name != "posix":
        return None
    try:
        found = os.stat(path)
        folder = os.stat(path.parent)
    except OSError:
        return None
    shown = one_line(str(path))
    if found.st_uid != os.geteuid():
        return f"{shown} belongs to another user"
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        return f"{shown} can be read by others (mode {mode:04o}); `chmod 600 {shown}` keeps it private"
    if folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX:
        return f"anybody can replace {shown}: its folder is writable for all"
    return None
