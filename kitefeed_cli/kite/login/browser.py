"""Opening the system's browser, with nothing of ours in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping

from ...hardening import without_ours


def open_browser(url: str, environ: Mapping[str, str]) -> bool:
    """Start the user's browser when there is a display; says whether it was tried.

    In a child of its own, because Python's `webbrowser` hands the whole environment of its process on, and ours
    may hold the API secret. `-I` keeps a `webbrowser.py` of the working folder out.
    """
    has_display = sys.platform in ("darwin", "win32") or any(
        environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if not has_display or not sys.executable:
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
