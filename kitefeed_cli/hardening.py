"""What a command that holds a secret asks of the operating system, and what its children are not told."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>


def no_core_dumps() -> None:
    """This process leaves no memory image behind when it crashes, and on Linux no other program of the same user may
    look into it. Its children are as they were before: both ends with the start of another program, or is theirs."""
    if os.name != "posix":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def without_ours(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without any setting of ours: for children, who need no secret."""
    return {name: value for name, value in environ.items() if not name.upper().startswith(("KITE_", "KITEFEED_"))}
