"""The gateway: relay, REST and page on one port, on a thread and an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from ..clock import Clock
from ..closing import close
from ..health import Vitals
from ..problems import Exit, Problem, bug
from ..ticks.last import Batch
from .doorway import guarded_by, sweep, with_key
from .guard import Guard
from .history import History
from .hub import Hub
from .intake import Intake
from .login import Login
from .page import Page
from .probes import Probes
from .relay import MESSAGE_MAX, Relay
from .rest import Rest
from .state import StateOf
from .stream import Stream
from .upstream import Upstream

LINE_MAX = 16 * 1024  # of a request, which for a handshake is all there is but headers
_TICK_S = 0.25
_WANT_AGAIN_S = 5.0
_WANT_S = 0.1  # a client's subscriptions come in several messages
_STOP_S = 2.0

# aiohttp prints a traceback for every request that is no HTTP; the 400 it answers says enough.
_SILENT = logging.Logger("gateway", logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and how to serve. `port` 0 takes a free one; `honest`: clients are sent off while no source serves."""

    host: str = "127.0.0.1"
    port: int = 0
    key: str = field(default="", repr=False)
    honest: bool = False


class Gateway:
    """`accept` and `close` make it an output on the bus (`ticks.bus`); `start` and `stop` are its own life. Every
    method may be called from any thread.

    `failed` is called with what ended it before its time, which can only be a bug.
    """

    def __init__(
        self,
        serving: Serving,
        upstream: Upstream,
        clock: Clock,
        failed: Callable[[Problem], None],
        vitals: Callable[[], Vitals] | None = None,
    ) -> None:
        """`vitals`: for the probes; None: there are none."""
        self._serving = serving
        self._upstream = upstream
        self._clock = clock
        self._failed = failed
        self._vitals = vitals
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._intake = Intake(self._wake)
        self._relay: Relay | None = None
        self._spread: Callable[[], None] | None = None
        self._wanted: asyncio.Event | None = None
        self._busy: set[object] = set()
        self.port = serving.port

    # ------------------------------------------------------------------- life

    def start(self) -> None:
        """Returns when it is listening. Raises Problem."""
        listener = self._listen()
        self.port = int(listener.getsockname()[1])
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, args=(listener, ready), name="kitefeed-gateway", daemon=True)
        self._thread.start()
        ready.result()

    def stop(self) -> None:
        """Send the clients off and wait for it; harmless when repeated, or when it never started."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None:
            return
        if loop is not None and stopping is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(stopping.set)
        thread.join(self._clock.real_s(_STOP_S))
        self._thread = None

    @property
    def root(self) -> str:
        """Its address, without a scheme."""
        host = self._serving.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    # -------------------------------------------------------------- the bus

    def accept(self, batch: Batch) -> None:
        """One batch, from the thread of the bus; never waits."""
        self._intake.accept(batch)

    def close(self) -> None:
        """No batch will follow."""

    def pass_on(self, text: str) -> None:
        """A text frame of Kite's for every client; from the reader's thread, and never waits."""
        relay = self._relay
        if relay is not None:
            self._call(lambda: relay.pass_on(text))

    def _wake(self) -> None:
        spread = self._spread
        if spread is not None:
            self._call(spread)

    def _call(self, work: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # closed in this moment
                loop.call_soon_threadsafe(work)

    # ------------------------------------------------------------- the thread

    def _listen(self) -> socket.socket:
        host, port = self._serving.host, self._serving.port
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, port), family=family)
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "no such address"
            raise Problem(
                f"port {port} of {host} cannot be served",
                reason,
                "give `--serve` another port; 0 takes a free one",
                Exit.USAGE,
            ) from None

    def _run(self, listener: socket.socket, ready: concurrent.futures.Future[None]) -> None:
        try:
            asyncio.run(self._serve(listener, ready))
        except BaseException as error:  # noqa: BLE001 - the run goes on without us, and says so
            if ready.done():
                self._failed(_own_bug(error))
            else:
                ready.set_exception(error)
        finally:
            self._loop = None

    async def _serve(self, listener: socket.socket, ready: concurrent.futures.Future[None]) -> None:
        # Its warnings quote what a client sent, and reach stderr as often as that likes.
        logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
        self._stopping, self._wanted = asyncio.Event(), asyncio.Event()
        guard = Guard(self._serving.host, self.port, self._serving.key)
        hub = Hub(self._intake.known, self._wanted.set)
        relay = Relay(hub, self._upstream, guard, self._clock, honest=self._serving.honest)
        history = History(self._intake.known, self._clock)

        def spread() -> None:
            line = self._intake.take()
            hub.spread(line)
            history.note(line)

        app = self._app(guard, hub, relay, history)
        runner = web.AppRunner(
            app, access_log=None, logger=_SILENT, shutdown_timeout=0.1, max_line_size=LINE_MAX, max_field_size=LINE_MAX
        )
        await runner.setup()
        await web.SockSite(runner, listener).start()
        self._loop, self._relay, self._spread = asyncio.get_running_loop(), relay, spread
        spread()  # what came before
        ready.set_result(None)
        tasks = [
            asyncio.create_task(work)
            for work in (self._tick(relay, history, runner), self._want(hub, relay), self._stopping.wait())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await relay.close()
            await close(runner, listener, self._clock)
        for task in done:
            task.result()  # only a bug ends the others

    def _app(self, guard: Guard, hub: Hub, relay: Relay, history: History) -> web.Application:
        rest = Rest(self._intake, self._upstream, guard, self._clock, honest=self._serving.honest)
        state = StateOf(self._upstream, self._intake, hub, relay, self._clock)
        stream = Stream(history, self._intake, self._upstream, state.of, self._clock)
        nonce = secrets.token_urlsafe(18)
        page = Page(self._upstream.login_origin(), nonce, stream.made_by)
        login = Login(self._upstream, nonce, f"http://{self.root}/ui", self._clock)

        async def root(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await relay.answer(request)
            raise web.HTTPFound("/ui")

        app = web.Application(middlewares=[guarded_by(guard, self._busy)], client_max_size=MESSAGE_MAX, logger=_SILENT)
        own = {"/state": state.answer, "/ui": page.answer, "/ui/events": stream.answer}
        app.add_routes([web.get(path, with_key(guard, answer)) for path, answer in own.items()])
        if self._vitals is not None:
            probes = Probes(self._vitals, relay)
            app.add_routes([web.get("/livez", probes.livez), web.get("/readyz", probes.readyz)])
            app.add_routes([web.get("/metrics", with_key(guard, probes.metrics))])
        app.add_routes([web.post("/ui/login", with_key(guard, login.answer)), web.get("/", root), *rest.routes()])
        return app

    async def _tick(self, relay: Relay, history: History, runner: web.AppRunner) -> None:
        second_s = again_s = self._clock.now_s()
        while True:
            relay.tick()
            sweep(runner, self._busy)
            if self._clock.now_s() >= second_s:
                second_s = max(second_s + 1.0, self._clock.now_s())
                history.second(self._upstream.condition())
            if self._clock.now_s() >= again_s:  # a new day, or names that are known at last, may have changed it
                again_s = self._clock.now_s() + _WANT_AGAIN_S
                self._intake.prune(self._upstream.names())
                if self._wanted is not None:
                    self._wanted.set()
            await self._clock.sleep_async(_TICK_S)

    async def _want(self, hub: Hub, relay: Relay) -> None:
        """Tell the run what the clients want, one change at a time, and the clients what cannot be had."""
        wanted = self._wanted
        assert wanted is not None
        while True:
            await wanted.wait()
            await self._clock.sleep_async(_WANT_S)
            wanted.clear()
            declined = await asyncio.to_thread(self._upstream.want, hub.wanted())
            relay.decline(declined)


def _own_bug(error: BaseException) -> Problem:
    """The run goes on without us."""
    found = bug(error)
    what = "the gateway met a bug of its own and had to end; the feed goes on"
    return Problem(what, found.why, "start it again to serve; please report the line above", found.exit_code, "bug")
