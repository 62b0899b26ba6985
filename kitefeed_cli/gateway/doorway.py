"""What every request passes on its way in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ..problems import bug
from .guard import Guard, headers_of
from .rest import failure

CONNECTIONS_MAX = 256  # descriptors are the run's as well

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def sweep(runner: web.AppRunner, busy: set[object]) -> None:
    """Where there are too many connections, end those that wait for a request."""
    connections = [] if runner.server is None else runner.server.connections
    if len(connections) > CONNECTIONS_MAX:
        for connection in connections:
            if connection not in busy:
                connection.force_close()


def guarded_by(guard: Guard, busy: set[object]) -> Any:
    """`busy`: the connections whose request is being answered."""

    @web.middleware
    async def guarded(request: web.Request, handler: Answer) -> web.StreamResponse:
        if not guard.admits(*headers_of(request.headers)):
            return web.Response(status=403, text="This address is not for you")
        if len(busy) >= CONNECTIONS_MAX:
            full = web.Response(status=503, text="Too many requests are being answered")
            full.force_close()
            return full
        busy.add(request.protocol)
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and nothing of the request is printed
            return failure(500, "GeneralException", f"a bug of kitefeed: {bug(error).why}")
        finally:
            busy.discard(request.protocol)

    return guarded


def with_key(guard: Guard, answer: Answer) -> Answer:
    """The page's own paths: a browser asks its user for the relay key."""

    async def locked(request: web.Request) -> web.StreamResponse:
        if guard.knows_header(request.headers.get("Authorization")):
            return await answer(request)
        challenge = {"WWW-Authenticate": 'Basic realm="kitefeed", charset="UTF-8"'}
        return web.Response(status=401, text="The relay key is needed", headers=challenge)

    return locked
