"""The other side of `kitefeed status`: ask every run that has a socket."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..clock import Clock
from .place import Found, found
from .vitals import Vitals

_WITHIN_S = 3.0
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Heard:
    """One run. `vitals` is None when it did not answer, and `why` says how that was."""

    process_id: int
    env_file: str = ""
    vitals: Vitals | None = None
    why: str = ""


def ask_all(environ: Mapping[str, str], env_file: Path | None, clock: Clock) -> list[Heard]:
    """What this user's runs say, or those on one token store. The socket of a run that was killed is taken away."""
    answers = (_ask(one, clock) for one in found(environ, env_file))
    return [heard for heard in answers if heard is not None]


def _ask(one: Found, clock: Clock) -> Heard | None:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(clock.real_s(_WITHIN_S))
            line.connect(str(one.path))
            text = _all_of(line, clock)
    except (ConnectionRefusedError, FileNotFoundError):  # nobody is there any more
        with contextlib.suppress(OSError):
            one.path.unlink()
        return None
    except TimeoutError:
        return Heard(one.process_id, why=f"it did not answer within {_WITHIN_S:g} s")
    except PermissionError:
        return None  # another user's
    except OSError as error:
        return Heard(one.process_id, why=(error.strerror or type(error).__name__).lower())
    try:
        said = json.loads(text)
        return Heard(one.process_id, str(said["env_file"]), Vitals.from_record(said["vitals"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Heard(one.process_id, why="its answer is that of another version")


def _all_of(line: socket.socket, clock: Clock) -> bytes:
    until_s = clock.now_s() + _WITHIN_S
    text = b""
    while piece := line.recv(65536):
        text += piece
        if clock.now_s() > until_s or len(text) > _MOST_BYTES:
            raise TimeoutError
    return text
