"""The one door of the server: every request is noted, meets the faults that are on, and finds its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from email.utils import format_datetime

from aiohttp import web

from kitefeed_cli.emulator import login, upstox
from kitefeed_cli.emulator.answers import KiteError, refusal, scripted
from kitefeed_cli.emulator.connection import reset
from kitefeed_cli.emulator.control import PREFIX, ControlRoutes
from kitefeed_cli.emulator.faults import Switches
from kitefeed_cli.emulator.feed import Feed
from kitefeed_cli.emulator.hours import KiteTime
from kitefeed_cli.emulator.oracle import RequestLog, RequestRow
from kitefeed_cli.emulator.rest import Answering
from kitefeed_cli.problems import bug

FEED_PATHS = ("/", "/ws")
LOOK_AGAIN_S = 0.25  # how often a held connection looks whether it has been let go


class _NoAnswerError(Exception):
    """The connection ends without an answer."""


class Door:
    """Sorts requests into control, feed and REST. Lives on the server's loop alone."""

    def __init__(
        self,
        routes: Mapping[str, Mapping[str, Answering]],
        feed: Feed,
        control: ControlRoutes,
        switches: Switches,
        time: KiteTime,
        log: RequestLog,
    ) -> None:
        self._routes = routes
        self._feed = feed
        self._control = control
        self._switches = switches
        self._time = time
        self._requests = log
        self.inside: set[asyncio.Task[object]] = set()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """What aiohttp calls for each request."""
        if request.path.startswith(PREFIX):
            return await self._control.answer(request)
        wants_feed = request.headers.get("Upgrade", "").lower() == "websocket"
        kind = "ws" if wants_feed else "rest"
        row = self._requests.open(self._time.t_s(), kind, request.method, request.path)
        task = asyncio.current_task()
        assert task is not None
        self.inside.add(task)
        try:
            answered = await (self._on_feed(request, row) if wants_feed else self._on_rest(request))
        except _NoAnswerError:
            reset(request.transport)
            return web.Response()
        except KiteError as error:
            answered = refusal(error)
        except Exception as error:  # noqa: BLE001 - aiohttp would print a traceback; who asked is told instead
            answered = refusal(KiteError(500, "GeneralException", f"a bug of the local Kite: {bug(error).why}"))
        finally:
            self.inside.discard(task)
        if not answered.prepared:
            answered.headers["Date"] = format_datetime(self._time.wall().astimezone(UTC), usegmt=True)
        if row["status"] == 0 and request.transport is not None:
            row["status"] = answered.status
        return answered

    async def _on_feed(self, request: web.BaseRequest, row: RequestRow) -> web.StreamResponse:
        scripted_answer = await self._meet_faults("feed", request)
        if scripted_answer is not None:
            return scripted_answer
        if request.path not in FEED_PATHS or request.method != "GET":
            raise _not_found()
        return await self._feed.handshake(request, row)

    async def _on_rest(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path not in (login.PATH, *upstox.LISTS):
            scripted_answer = await self._meet_faults("secondary" if path == upstox.QUOTES else "rest", request)
            if scripted_answer is not None:
                return scripted_answer
        methods = self._routes.get("/instruments" if path.startswith("/instruments/") else path)
        if methods is None:
            raise _not_found()
        answer = methods.get(request.method)
        if answer is None:
            response = refusal(KiteError(405, "GeneralException", "Method not allowed"))
            response.headers["Allow"] = ", ".join(methods)
            return response
        return await answer(request)

    async def _meet_faults(self, family: str, request: web.BaseRequest) -> web.Response | None:
        """Reset, hold, delay or answer as the family's fault says; None lets the request through."""
        fault = self._switches[family]
        while self._switches[family].holds and request.transport is not None:
            await self._time.clock.sleep_async(LOOK_AGAIN_S)
        if fault.resets or fault.holds:
            raise _NoAnswerError
        if fault.delay_s:
            await self._time.clock.sleep_async(fault.delay_s)
        return None if fault.answer is None else scripted(fault.answer)


def _not_found() -> KiteError:
    return KiteError(404, "GeneralException", "Route not found")
