"""What systemd is told (sd_notify(3)): one datagram to the socket that it names in the environment.

READY=1 once the deciding loops run, WATCHDOG=1 only while they turn, STATUS= the state, STOPPING=1 at the end. A feed
that is signed out or mute is alive all the same: a restart cures neither, and the loops do what can be done.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

from .vitals import STARTING, Vitals, livez


class Supervisor:
    """`look` once a second, on one thread. Whatever becomes of a datagram, nothing is raised and nothing waits."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A path, or with `@` a name in Linux's abstract space.
        self.present = address[:1] in ("/", "@") and hasattr(socket, "AF_UNIX")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        self._watchdog = ours and environ.get("WATCHDOG_USEC", "").isdecimal()
        self._ready = False
        self._status = ""

    def look(self, vitals: Vitals) -> None:
        """Tell it how the run is."""
        running = vitals.turned_s is not None
        words = ["READY=1"] if running and not self._ready else []
        if self._watchdog and running and livez(vitals):
            words.append("WATCHDOG=1")
        status = _status(vitals)
        if status != self._status:
            words.append(f"STATUS={status}")
        if self._say(words):
            self._ready, self._status = running, status

    def stopping(self) -> None:
        """The run ends in good order."""
        self._say(["STOPPING=1", "STATUS=stopping"])

    def _say(self, words: list[str]) -> bool:
        """Whether it was heard."""
        if not (self.present and words):
            return False
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.connect(self._address)
            line.send("\n".join(words).encode())
            return True
        return False


def _status(vitals: Vitals) -> str:
    if vitals.state == STARTING:
        return "looking the instruments up"
    cause = f" ({vitals.cause})" if vitals.cause else ""
    source = f", served by {vitals.secondary}" if vitals.secondary else ""
    stuck = "" if livez(vitals) else "; the deciding loop is stuck"
    return f"{vitals.state}{cause}{source}{stuck}"
