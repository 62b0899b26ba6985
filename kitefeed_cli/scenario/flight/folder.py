"""The folder that incidents are written to: beside the feed, never in its way."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from ...problems import Exit, Problem
from ...redact import one_line
from .. import transcript
from .incident import Incident

MOST = 200  # incidents in one folder; an older one is never removed to make room

_CLOSE_REAL_S = 0.5  # of the two seconds that Ctrl-C may take
_SAME_SECOND = 9  # incidents of one name
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class IncidentFolder:
    """Writes incidents, each on a thread of its own, because a disk may take its time.

    The folder is created if it is missing, and stays the same one whatever its path becomes later. `tell` takes one
    status line an incident. Raises Problem when `path` cannot be used.
    """

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self._path = path.expanduser()
        self._tell = tell
        self._writer: threading.Thread | None = None
        self._fd = self._opened()

    def write(self, incident: Incident, cassette: str | None = None) -> None:
        """Write it, and the REST answers of it if there are any, when there is time; returns at once."""
        if self._writer is not None and self._writer.is_alive():
            self._tell(f"the outage is not recorded: {self._shown} has not taken the one before it yet")
            return
        self._writer = threading.Thread(
            target=self._write, args=(incident, cassette), name="kitefeed-incident", daemon=True
        )
        self._writer.start()

    def close(self) -> None:
        """Give the last one a moment."""
        if self._writer is not None:
            self._writer.join(_CLOSE_REAL_S)
            if self._writer.is_alive():
                return  # it still needs the folder
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    @property
    def _shown(self) -> str:
        return one_line(str(self._path))

    def _opened(self) -> int | None:
        try:
            with contextlib.suppress(FileExistsError):
                self._path.mkdir(mode=0o700)
            if os.open not in os.supports_dir_fd:  # Windows: a name under the path will do
                if self._path.is_symlink() or not self._path.is_dir():
                    raise NotADirectoryError(0, "not a directory")
                return None
            return os.open(self._path, _FOLDER)
        except (OSError, ValueError) as error:
            linked = os.path.islink(self._path) if "\0" not in str(self._path) else False
            why = "it is a symbolic link" if linked else getattr(error, "strerror", None) or "its name is no file name"
            raise Problem(
                f"incidents cannot be written to {self._shown}",
                why.lower(),
                "name a folder of yours with `--incidents DIR`",
                Exit.USAGE,
                "incidents",
            ) from None

    def _write(self, incident: Incident, cassette: str | None) -> None:
        if self._count() >= MOST:
            self._tell(f"the outage is not recorded: {self._shown} holds {MOST} incidents; remove some")
            return
        try:
            name = self._put(incident, cassette)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            self._tell(f"the outage could not be recorded in {self._shown} ({why}); the feed carries on")
        else:
            path = one_line(shlex.quote(str(self._path / name)))
            self._tell(f"the outage is recorded: `kitefeed simulate {path}` plays it again")

    def _count(self) -> int:
        with contextlib.suppress(OSError):
            names = os.listdir(self._path if self._fd is None else self._fd)
            return sum(name.startswith("incident-") and name.endswith(".toml") for name in names)
        return 0

    def _put(self, incident: Incident, cassette: str | None) -> str:
        """Write its files under a name that is free; all or none. The name of the scenario file."""
        assert re.fullmatch(r"[a-z0-9-]+", incident.name), incident.name
        texts = {transcript.SUFFIX: incident.transcript()}
        if cassette is not None:
            texts[".yaml"] = cassette
        texts[".toml"] = incident.text()  # last: where it is, the others are, even after a kill in the middle
        for number in range(1, _SAME_SECOND + 1):
            stem = incident.name if number == 1 else f"{incident.name}-{number}"
            with contextlib.suppress(FileExistsError):
                self._create_all({stem + suffix: text for suffix, text in texts.items()})
                return stem + ".toml"
        raise FileExistsError(0, "its name is taken")

    def _create_all(self, texts: Mapping[str, str]) -> None:
        written: list[str] = []
        try:
            for name, text in texts.items():
                self._create(name, text)
                written.append(name)
        except OSError:
            for name in written:
                self._remove(name)
            raise

    def _create(self, name: str, text: str) -> None:
        descriptor = os.open(self._place(name), _NEW, 0o600, dir_fd=self._fd)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError:
            self._remove(name)
            raise

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._place(name), dir_fd=self._fd)

    def _place(self, name: str) -> str:
        return name if self._fd is not None else str(self._path / name)
