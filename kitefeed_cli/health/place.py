"""Where a run can be asked how it is: a socket file of its own, in a folder that only its user may enter.

In the runtime folder of the user where there is one (`$XDG_RUNTIME_DIR/kitefeed`), in that of the system's unit
(`/run/kitefeed`), else in the temporary folder. The file's name says which token store the run has, and its process,
so that several runs can be told apart.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = Path("/run/kitefeed")  # of the unit that `kitefeed service install --system` writes
_KEY_CHARS = 12
_MAX_PATH = 103  # of a socket's path: 104 on macOS and 108 on Linux, with the zero at its end

AVAILABLE = hasattr(socket, "AF_UNIX") and hasattr(os, "getuid")


@dataclass(frozen=True, slots=True)
class Found:
    """A socket file, and the process that its name tells of."""

    path: Path
    process_id: int


def key_of(env_file: Path) -> str:
    """The same for every run on this token store."""
    return hashlib.sha256(os.path.realpath(env_file).encode()).hexdigest()[:_KEY_CHARS]


def places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Folders for the sockets of this user's runs, the best first. They need not exist."""
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]  # systemd.exec(5)
    if os.path.isabs(given) and os.path.basename(given) == "kitefeed":
        yield Path(given)
    base = environ.get("XDG_RUNTIME_DIR", "")
    # Neither cron nor `su` sets the variable.
    yield (Path(base) if os.path.isabs(base) else Path(f"/run/user/{os.getuid()}")) / "kitefeed"
    yield Path(tempfile.gettempdir()) / f"kitefeed-{os.getuid()}"


def entered(folder: Path) -> Path | None:
    """The folder, made if need be; None when it cannot be, or is not ours alone."""
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        pass
    except OSError:
        return None
    return folder if _is_ours(folder) else None


def socket_path(folder: Path, env_file: Path, process_id: int) -> Path | None:
    """The path of a run's socket; None when it would be too long for one."""
    path = folder / f"{key_of(env_file)}-{process_id}.sock"
    return path if len(os.fsencode(path)) <= _MAX_PATH else None


def found(environ: Mapping[str, str], env_file: Path | None) -> list[Found]:
    """The sockets of this user's runs, and of the system's unit where this user may enter its folder; of those on one
    token store, if named."""
    key = "" if env_file is None else key_of(env_file)
    every = []
    for folder in dict.fromkeys((*places(environ), _SYSTEM)):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        if not _is_ours(folder) and folder != _SYSTEM:
            continue
        for name in names:
            stem, _, number = name.removesuffix(".sock").rpartition("-")
            if name.endswith(".sock") and number.isdecimal() and stem.startswith(key):
                every.append(Found(folder / name, int(number)))
    return every


def _is_ours(folder: Path) -> bool:
    try:
        held = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(held.st_mode) and held.st_uid == os.getuid() and not held.st_mode & 0o077
