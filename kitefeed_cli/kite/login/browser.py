"""Opening the system's browser, with nothing of ours in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping

from ...hardening import without_ours


def has_browser(environ: Mapping[str, str]) -> bool:
    """Whether a browser opened here would show up before the user: there is a display, and it is not at the other end
    of SSH. `BROWSER` says so itself."""
    if environ.get("BROWSER"):
        return True
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def open_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Start the user's browser; says whether it could be tried.

    In a child of its own, because Python's `webbrowser` hands the whole environment of its process on, and ours
    may hold the API secret. `-I` keeps a `webbrowser.py` of the working folder out.
    """
    if not sys.executable:
        return False
    try:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-I", "-m", "webbrowser", url],
            env=without_ours(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",  # Ctrl-C ends the login, not the browser
        )
    except OSError:
        return False
    threading.Thread(target=child.wait, name="kitefeed-browser", daemon=True).start()
    return True
