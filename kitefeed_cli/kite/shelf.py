"""Copies of Kite's list on this computer's disk: one file a day, named by the day it is good for.

The first line of a file is ours and says what the rest must be; the rest is the list as Kite sent it. A file that is
not what it says, whoever wrote it, is thrown away.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from .dump import BrokenDumpError, Dump

MOST_BYTES = 64 * 1024 * 1024  # as much as is taken from Kite
_MARK = b"#kitefeed "
_KEPT = 2  # today's, and the one that today's was compared with
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True, slots=True)
class Copy:
    """The list that was fetched for `day` ("2026-03-02"), and what our first line says besides: `notes`, as `keep` was
    given them."""

    day: str
    dump: Dump
    notes: dict[str, object]


class Shelf:
    """`folder` None: keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.thrown_away: list[str] = []  # why, one line for each copy that was no good

    def newest(self, latest: str) -> Copy | None:
        """The newest copy of that day or an earlier one; None when there is none that is good. A later one is of a
        computer whose clock was wrong."""
        for path in sorted(self._paths(), reverse=True):
            day = path.stem
            if day > latest:
                continue
            try:
                return _read(path, day)
            except FileNotFoundError:
                continue  # another kitefeed was quicker to tidy up
            except (OSError, BrokenDumpError) as error:
                why = (error.strerror or "unreadable") if isinstance(error, OSError) else str(error)
                self.thrown_away.append(f"the kept instrument list of {day} is no good ({why}) and was thrown away")
                _remove(path)
        return None

    def keep(self, day: str, dump: Dump, notes: dict[str, object]) -> None:
        """Keep a copy: all of it under its name, or nothing. Older ones go. Raises OSError."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        about = {**notes, "day": day, "sha256": hashlib.sha256(dump.content).hexdigest()}
        temporary = self._folder / f".{day}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as stream:
                stream.write(_MARK + json.dumps(about, separators=(",", ":")).encode() + b"\n")
                stream.write(dump.content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self._folder / f"{day}.csv")
        except BaseException:
            _remove(temporary)
            raise
        self._tidy(day)

    def _tidy(self, day: str) -> None:
        """Leave the newest two; also what was begun on another day and never finished goes."""
        assert self._folder is not None
        kept = [path for path in sorted(self._paths(), reverse=True) if path.stem <= day][:_KEPT]
        begun = (path for path in self._folder.glob(".????-??-??.*") if not path.name.startswith(f".{day}."))
        for old in [*(path for path in self._paths() if path not in kept), *begun]:
            _remove(old)

    def _paths(self) -> list[Path]:
        if self._folder is None:
            return []
        try:
            return [path for path in self._folder.iterdir() if re.fullmatch(_DAY + r"\.csv", path.name)]
        except OSError:
            return []


def _read(path: Path, day: str) -> Copy:
    """Raises OSError and BrokenDumpError. Never waits for a FIFO, never reads without end."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise BrokenDumpError("it is not a file")
        if found.st_size > MOST_BYTES + 1024 * 1024:
            raise BrokenDumpError("it is too large")
        head, content = stream.readline(1024 * 1024), stream.read(MOST_BYTES)
    try:
        about = json.loads(head.removeprefix(_MARK)) if head.startswith(_MARK) else None
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or about.get("day") != day:
        raise BrokenDumpError("its first line is not ours")
    if about.get("sha256") != hashlib.sha256(content).hexdigest():
        raise BrokenDumpError("it has changed since it was written")
    return Copy(day, Dump(content), about)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink() if not path.is_dir() or path.is_symlink() else path.rmdir()
