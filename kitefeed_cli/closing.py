"""The end of an aiohttp server: no connection that it has taken is left open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from .clock import Clock

if TYPE_CHECKING:
    from aiohttp.web import AppRunner, ServerRunner

_TURNS = 4  # of the loop: a task for what was taken, its transport, word of it to aiohttp, and one to spare


async def close(runner: AppRunner | ServerRunner, listener: socket.socket, clock: Clock) -> None:
    """Take no more connections, and end those that there are.

    asyncio takes a connection in one turn of its loop and makes its transport in the next; when its server was closed
    in between, it forgets the socket (CPython issue 109564). So it stops taking first.
    """
    with contextlib.suppress(NotImplementedError):  # Windows' loop is told of connections, and looks for none
        asyncio.get_running_loop().remove_reader(listener)
    for _ in range(_TURNS):
        await clock.sleep_async(0)
    await runner.cleanup()
