"""Keeping a file with secrets out of git. Outside of its work trees there is nothing to keep it from."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .hardening import without_ours
from .redact import one_line

_WITHIN_S = 2.0


def is_tracked(path: Path) -> bool:
    """Whether git keeps versions of the file: what is in its history cannot be taken back."""
    return _git(path, "ls-files", "--error-unmatch") == 0


def keep_out(path: Path, *, new: bool) -> Iterator[str]:
    """Write a `.gitignore` beside a `new` file that git would pick up, where there is none yet. What the user should
    know, in lines."""
    shown = one_line(str(path))
    if is_tracked(path):
        yield f"{shown} is tracked by git, secrets and all: `git rm --cached {shown}`, and ignore it from now on"
        return
    if not new or _git(path, "check-ignore", "-q") != 1:
        return
    real = Path(os.path.realpath(path))
    ignore = real.with_name(".gitignore")
    if re.fullmatch(r"[\w.-]+", real.name) and _written(ignore, f"/{real.name}\n"):
        yield f"{one_line(str(ignore))} is written, so that git leaves {shown} alone"
    else:
        yield f"git does not ignore {shown}: add a line `/{one_line(real.name)}` to {one_line(str(ignore))}"


def _written(path: Path, text: str) -> bool:
    with contextlib.suppress(OSError), open(path, "x", encoding="utf-8") as stream:
        stream.write(text)
        return True
    return False


def _git(path: Path, *words: str) -> int | None:
    """git's exit code when asked about this file; None when it cannot be asked."""
    real = Path(os.path.realpath(path))
    if not any((folder / ".git").exists() for folder in real.parents):
        return None
    git = shutil.which("git", path=os.environ.get("PATH") or os.defpath)  # cron's PATH may be empty
    if git is None:
        return None
    try:
        asked = subprocess.run(  # noqa: S603 - fixed words, no shell
            # A folder one stands in may bring a configuration: it must not start programs
            [git, "-c", "core.fsmonitor=false", "-C", str(real.parent), *words, "--", real.name],
            env=without_ours(os.environ) | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return asked.returncode
