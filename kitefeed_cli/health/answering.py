"""The run's side of `kitefeed status`: whoever connects is told how the run is, in one line of JSON, and that is all.

On a thread of its own, which waits for nobody else and which nobody waits for. What is sent to it is not read.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from .place import AVAILABLE, entered, places, socket_path
from .vitals import Vitals

SCHEMA = 1
_LOOK_REAL_S = 2.0  # between two looks whether the socket file is still there: a logout clears the runtime folder
_WRITE_REAL_S = 1.0


class Answering:
    """`env_file`: the token store of the run. `start` it once, `stop` it always."""

    def __init__(self, vitals: Callable[[], Vitals], env_file: Path, environ: Mapping[str, str]) -> None:
        self._vitals = vitals
        self._env_file = Path(os.path.abspath(env_file))
        self._environ = dict(environ)
        self._listener: socket.socket | None = None
        self.path: Path | None = None
        self._bell, self._ears = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="kitefeed-answering", daemon=True)

    def start(self) -> str | None:
        """Why nobody will be able to ask; None when all is well."""
        if not AVAILABLE:
            return "this system has no Unix domain sockets"
        if not self._listen():
            return "no folder for its socket is this user's alone"
        self._thread.start()
        return None

    def stop(self) -> None:
        """Returns at once, or after the answer that is being given."""
        self._bell.close()
        if self._thread.is_alive():
            self._thread.join(2 * _WRITE_REAL_S)
        self._hang_up()
        self._ears.close()

    def _listen(self) -> bool:
        self._hang_up()
        for place in places(self._environ):
            folder = entered(place)
            path = None if folder is None else socket_path(folder, self._env_file, os.getpid())
            if path is None:
                continue
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()  # of a run that was killed and had the same number
                listener.bind(str(path))
                path.chmod(0o600)
                listener.listen(8)
                listener.setblocking(False)
            except OSError:
                listener.close()
                continue
            self._listener, self.path = listener, path
            return True
        return False

    def _hang_up(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self.path = None

    def _run(self) -> None:
        while True:
            waiting = [self._ears] if self._listener is None else [self._ears, self._listener]
            ready, _, _ = select.select(waiting, [], [], _LOOK_REAL_S)
            if self._ears in ready:
                return
            if self._listener is not None and self._listener in ready:
                with contextlib.suppress(Exception):  # whoever asks must not end what is asked
                    self._answer(self._listener.accept()[0])
            elif self.path is None or not os.path.lexists(self.path):
                self._listen()

    def _answer(self, caller: socket.socket) -> None:
        answer = {
            "schema": SCHEMA,
            "process_id": os.getpid(),
            "env_file": str(self._env_file),
            "vitals": self._vitals().as_record(),
        }
        with caller:
            caller.settimeout(_WRITE_REAL_S)
            caller.sendall(json.dumps(answer).encode() + b"\n")
