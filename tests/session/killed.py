"""A program for `test_killed`: saves an access token and is killed before its n-th call of the operating system.

    python killed.py PATH

For n = 1, 2, 3… a child saves and is killed; one JSON line each: what the file holds then, its mode, what lies beside
it, and whether the next save (which must sweep up) works. Ends with the first child that gets through.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kitefeed_cli.session import TokenStore

CALLS = (
    "open",
    "stat",
    "lstat",
    "fstat",
    "fchmod",
    "fchown",
    "write",
    "fsync",
    "close",
    "replace",
    "unlink",
    "scandir",
)
SHORT = 16  # bytes that one write takes, so that there are many


def kill_at(number: int) -> None:
    """From now on the process is killed before its `number`-th call, and writes are short."""
    left = [number]

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    write = os.write
    os.write = lambda descriptor, content: write(descriptor, memoryview(content)[:SHORT])
    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    fcntl.flock = counted(fcntl.flock)


def main() -> None:
    path = Path(sys.argv[1])
    old = path.read_bytes() if path.exists() else None
    TokenStore(path).read()  # what is imported late is imported now
    number = 0
    status = -1
    while status != 0:
        number += 1
        for leftover in path.parent.iterdir():
            leftover.unlink()
        if old is not None:
            path.write_bytes(old)
            path.chmod(0o600)
        child = os.fork()
        if child == 0:
            kill_at(number)
            TokenStore(path).save("newToken5678")
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        found = path.read_bytes().decode() if path.exists() else None
        mode = path.stat().st_mode & 0o777 if path.exists() else None
        beside = sorted(one.name for one in path.parent.iterdir() if one != path)
        modes = [one.stat().st_mode & 0o777 for one in path.parent.iterdir()]
        TokenStore(path).save("nextToken999")
        swept = [path.name] == os.listdir(path.parent) and "nextToken999" == TokenStore(path).read().access_token
        print(json.dumps({"found": found, "mode": mode, "beside": beside, "modes": modes, "swept": swept, "n": number}))


if __name__ == "__main__":
    main()
