"""`kitefeed service`: the unit's file, and what systemd is told of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ...kite.instruments import cache_folder
from ...problems import Exit, Problem
from ...redact import one_line
from ...rewriting import UnwritableError, rewrite
from ...settings import env_file_path, read_settings
from .unit import MARK, NAME, Unit

_SYSTEM = Path("/etc/systemd/system")
_WITHIN_REAL_S = 30.0
# Whether the manager may do what the unit asks for.
_PROBE = ("PrivateUsers=yes", "PrivateDevices=yes", "ProtectSystem=strict", "ProtectProc=invisible")


def unit_of(
    words: Sequence[str], env_file: Path | None, user: str | None, environ: Mapping[str, str], *, namespaces: bool
) -> Unit:
    """The unit for `kitefeed run` with these words. `user` is None for the user's own manager, otherwise whose process
    it is to be. Raises Problem for settings that would not do."""
    path = Path(os.path.abspath(env_file_path(env_file, environ)))
    read_settings(path, {})  # what is only in this shell's environment the unit will not have
    if any(word.split("=")[0] == "--notify" for word in words):
        raise Problem(
            "the URL of --notify does not belong into a unit",
            "it holds a password, and anybody may read a unit",
            f"write KITEFEED_NOTIFY into {one_line(str(path))}",
        )
    for text in (str(path), *words):
        if not text.isprintable():  # a line break would begin another setting
            raise Problem(
                "a unit cannot hold a control character",
                f"there is one in {one_line(text)[:60]}",
                "give it without line breaks and the like, or rename the folder",
            )
    cache = _cache_of(user, environ)
    return Unit(
        (sys.executable, "-P", "-m", "kitefeed_cli", "run", "--env-file", str(path), *words),
        path.parent,
        (path.parent, *(() if cache is None else (cache,))),
        user or "",
        namespaces,
    )


def place_of(user: str | None, environ: Mapping[str, str]) -> Path:
    """Where the unit's file goes."""
    if user is not None:
        return _SYSTEM / NAME
    base = environ.get("XDG_CONFIG_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".config") / "systemd" / "user" / NAME


def owner_of(wanted: str | None, environ: Mapping[str, str]) -> str:
    """Whose process a unit of the system is to be: never root's. Raises Problem."""
    user = wanted or environ.get("SUDO_USER") or ""
    if not user or user == "root":
        raise Problem(
            "nobody is named whose process the feed is to be",
            "root need not read the market, and may do too much",
            "name a user: `kitefeed service install --system --as USER`",
        )
    _home_of(user)
    return user


def may_namespace() -> bool:
    """Whether the user's manager may make namespaces; where nobody can be asked, what most may."""
    if shutil.which("systemd-run") is None:
        return True
    asked = (
        "systemd-run",
        "--user",
        "--quiet",
        "--wait",
        "--collect",
        *(f"--property={one}" for one in _PROBE),
        "true",
    )
    return _done(asked)


def write(unit: Unit, place: Path, user: str | None, environ: Mapping[str, str]) -> None:
    """Write the file, and tell systemd. Raises Problem."""
    _check_ours(place)
    cache = _cache_of(user, environ)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if cache is not None:  # systemd does not make what it lets a unit write to
            _make(cache, user)
        rewrite(place, lambda before: unit.text())
        place.chmod(0o644)
    except (UnwritableError, OSError) as error:
        raise _no_file(place, error) from None
    tell_systemd(user, "daemon-reload")


def remove(place: Path, user: str | None) -> bool:
    """Stop the run, and remove the file; whether there was one. Raises Problem."""
    if not place.exists():
        return False
    _check_ours(place)
    tell_systemd(user, "disable", "--now", NAME)
    try:
        place.unlink()
    except OSError as error:
        raise _no_file(place, error) from None
    tell_systemd(user, "daemon-reload")
    return True


def _check_ours(place: Path) -> None:
    """Raises Problem for a file that this command did not write."""
    if place.exists() and not place.read_text("utf-8", "replace").startswith(MARK):
        raise Problem(
            f"{one_line(str(place))} is somebody else's",
            "it was not written by this command",
            "rename it, or remove it yourself, and try again",
        )


def tell_systemd(user: str | None, *words: str) -> bool:
    """Whether systemd heard it; on a computer without it, nobody does."""
    return _done(("systemctl", *(("--user",) if user is None else ()), *words))


def _done(words: Sequence[str]) -> bool:
    with suppress(OSError, subprocess.TimeoutExpired):
        said = subprocess.run(words, capture_output=True, check=False, timeout=_WITHIN_REAL_S)  # noqa: S603 - ours
        return said.returncode == 0
    return False


def _cache_of(user: str | None, environ: Mapping[str, str]) -> Path | None:
    return cache_folder(environ) if user is None else _home_of(user) / ".cache" / "kitefeed"


def _home_of(user: str) -> Path:
    import pwd

    try:
        return Path(pwd.getpwnam(user).pw_dir)
    except KeyError:
        raise Problem("there is no such user", f"nobody here is called {one_line(user)}", "name another") from None


def _make(folder: Path, user: str | None) -> None:
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True)
    if user is not None:
        for made in (folder.parent, folder):
            if made.stat().st_uid == os.geteuid():
                shutil.chown(made, user)


def _no_file(place: Path, error: Exception) -> Problem:
    why = (getattr(error, "strerror", None) or str(error)).lower()
    return Problem(
        f"{one_line(str(place))} cannot be written or removed",
        why,
        "for a unit of the system use sudo; for one of yours `--user`",
        Exit.USAGE,
    )
