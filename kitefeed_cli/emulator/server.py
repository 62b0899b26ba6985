"""`LocalKite`: the whole of it in one object, served from a thread of its own on one loopback port."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from kitefeed_cli.clock import Clock
from kitefeed_cli.closing import close
from kitefeed_cli.emulator.accounts import Accounts
from kitefeed_cli.emulator.control import ControlRoutes, Controls
from kitefeed_cli.emulator.door import Door
from kitefeed_cli.emulator.faults import Fault, Switches
from kitefeed_cli.emulator.feed import Feed
from kitefeed_cli.emulator.hours import KiteTime, Trading, last_close
from kitefeed_cli.emulator.instruments import universe
from kitefeed_cli.emulator.limits import Limits
from kitefeed_cli.emulator.login import PATH as LOGIN_PATH
from kitefeed_cli.emulator.login import Login
from kitefeed_cli.emulator.market import Market
from kitefeed_cli.emulator.oracle import RequestLog, RequestRow, SentLog, SentRow
from kitefeed_cli.emulator.rest import Answering, Rest
from kitefeed_cli.emulator.tally import Tally
from kitefeed_cli.emulator.upstox import Upstox
from kitefeed_cli.roots import REDIRECT_URL

LOOPBACK = ("127.0.0.1", "localhost")
ASK_S = 10.0  # real seconds: only a stop in the same instant makes an answer fail to come
LINE_MAX = 64 * 1024  # a thousand instruments in one query

# aiohttp prints a traceback for every request that is no HTTP; the 400 it answers says enough.
_SILENT = logging.Logger("local-kite", logging.CRITICAL + 1)

Result = TypeVar("Result")


class CannotListenError(OSError):
    """The port is in use or not ours to take; its text says so in one sentence."""

    def __str__(self) -> str:
        return str(self.strerror)


class LocalKite:
    """A Kite on loopback that official clients use unchanged. May be started and stopped again and again.

    Every method may be called from any thread. The access token and the secret are in no repr.
    """

    def __init__(
        self,
        clock: Clock,
        port: int = 0,
        seed: int = 7,
        instruments: int = 0,
        market: Trading = "open",
        host: str = "127.0.0.1",
        access_token: str | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        redirect_url: str = REDIRECT_URL,
        updates_per_s: int = 1,
    ) -> None:
        """`port` 0 takes a free one; `instruments` counts made-up ones besides the well-known; `updates_per_s`: how
        often each instrument moves."""
        if host not in LOOPBACK:
            raise ValueError(f"the local Kite listens on loopback only, not on {host}")
        self._host = host
        self._port = port
        self._clock, self._time = clock, KiteTime(clock)
        wall = self._time.wall()
        self._switches = Switches(lambda fault: self._begins(fault))
        self._accounts = Accounts(self._time, api_key, api_secret, access_token)
        stamped = wall if market == "open" else min(wall, last_close(wall))
        self._market = Market(universe(wall.date(), instruments), seed, int(stamped.timestamp()))
        log, sent, tally = RequestLog(), SentLog(), Tally()
        self._feed = Feed(self._accounts, self._market, self._switches, self._time, market, sent, tally, updates_per_s)
        self._controls = Controls(self._accounts, self._switches, self._feed, self._time, log, sent, tally)
        self._upstox = Upstox(self._market, self._switches, self._time)
        self._door = Door(
            self._routes(redirect_url),
            self._feed,
            ControlRoutes(self._controls),
            self._switches,
            self._time,
            log,
        )
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    # ------------------------------------------------------------------ life

    def start(self) -> None:
        """Returns when it is listening. Raises CannotListenError. Starting what runs is a programmer's mistake."""
        assert self._thread is None, "already started"
        listener = self._listen()
        ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, args=(listener, ready), name="local-kite", daemon=True)
        self._thread.start()
        try:
            ready.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close every connection and join the thread; the state stays for the next start. Does nothing if stopped."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None:
            return
        if loop is not None and stopping is not None and thread.is_alive():
            loop.call_soon_threadsafe(stopping.set)
        thread.join()
        self._thread = self._loop = self._stopping = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------- addresses

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the first start unless one was asked for."""
        return self._port

    @property
    def rest_root(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def ws_root(self) -> str:
        return f"ws://{self._host}:{self._port}"

    @property
    def login_root(self) -> str:
        return self.rest_root + LOGIN_PATH

    @property
    def api_key(self) -> str:
        return self._accounts.api_key

    @property
    def api_secret(self) -> str:
        return self._accounts.api_secret

    @property
    def access_token(self) -> str:
        """The latest access token, dead or alive."""
        return self._accounts.access_token

    @property
    def upstox_token(self) -> str:
        """The token of the Upstox-shaped endpoint, which is at the REST root; it does not die."""
        return self._upstox.token

    def ready(self) -> dict[str, str]:
        """What a client needs to know: the words of the line that announces it. The access token is among them."""
        return {
            "kind": "ready",
            "rest": self.rest_root,
            "ws": self.ws_root,
            "login": self.login_root,
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "access_token": self.access_token,
            "upstox_token": self.upstox_token,
        }

    def wrong_tokens(self) -> dict[str, str]:
        """What people save in place of the access token, by kind; each would be the right thing elsewhere."""
        return self._on_loop(self._controls.wrong_tokens)

    # -------------------------------------------------------------- switches

    def set_token(self, state: str) -> str:
        """`expired` kills the access token, `valid` makes it accepted again; returns it. Raises UnknownFaultError."""
        return self._on_loop(lambda: self._controls.set_token(state))

    def set_clock(self, **words: object) -> None:
        """`skip_s` or `wall`, as `POST /_emulator/clock`: the date shown is moved, and the `Date` of every answer."""
        self._on_loop(lambda: self._controls.set_clock(words))

    def login(self) -> str:
        """Log in as a user would: returns a fresh access token; the old one is dead."""
        return self._on_loop(self._controls.login)

    def set_faults(self, words: Mapping[str, object]) -> dict[str, str]:
        """Merge fault words, as `POST /_emulator/faults`; returns every family's word. Raises UnknownFaultError."""
        return self._on_loop(lambda: self._controls.set_faults(words))

    def clear_faults(self) -> None:
        """All is well again; the access token stays as it is."""
        self._on_loop(self._controls.clear_faults)

    def faults(self) -> dict[str, str]:
        """The present word of every family."""
        return self._on_loop(self._controls.faults)

    def tell(self, text: str) -> None:
        """Send a text frame, an order update for example, on every open socket."""
        self._on_loop(lambda: self._feed.tell(text))

    def requests(self) -> list[RequestRow]:
        """Every request and handshake so far, in order of arrival; `status` 0 has not been answered."""
        return self._on_loop(self._controls.log.rows)

    def sent(self) -> list[SentRow]:
        """The latest binary frames handed to clients, heartbeats among them, in order."""
        return self._on_loop(self._controls.sent.rows)

    def tally(self, after: int = 0) -> dict[str, Any]:
        """Where every tick went, and the frames sent after frame number `after` (`tally.Tally`)."""
        return self._on_loop(lambda: self._controls.tally.as_json(after))

    # -------------------------------------------------------------- the thread

    def _routes(self, redirect_url: str) -> dict[str, dict[str, Answering]]:
        page = Login(self._accounts, self._switches, redirect_url)
        rest = Rest(
            self._accounts,
            self._market,
            self._switches,
            Limits(self._time),
            self._time,
            new_login=self._controls.login,
            logged_out=lambda: self._controls.set_token("expired"),
        )
        return {**rest.routes(), **self._upstox.routes(), LOGIN_PATH: {"GET": page.page, "POST": page.button}}

    def _begins(self, fault: Fault) -> None:
        self._controls.begins(fault)

    def _listen(self) -> socket.socket:
        try:
            listener = socket.create_server((self._host, self._port))
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            raise CannotListenError(error.errno, f"cannot listen on port {self._port}: {reason}") from error
        self._port = listener.getsockname()[1]
        return listener

    def _on_loop(self, ask: Callable[[], Result]) -> Result:
        """Run `ask` where the state lives: on the server's loop while it runs, else here."""
        loop = self._loop
        if loop is None:
            return ask()

        async def asked() -> Result:
            return ask()

        return asyncio.run_coroutine_threadsafe(asked(), loop).result(ASK_S)

    def _run(self, listener: socket.socket, ready: concurrent.futures.Future[None]) -> None:
        try:
            asyncio.run(self._serve(listener, ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, listener: socket.socket, ready: concurrent.futures.Future[None]) -> None:
        self._stopping = asyncio.Event()
        server = web.Server(
            self._door.serve, access_log=None, logger=_SILENT, max_line_size=LINE_MAX, max_field_size=LINE_MAX
        )
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        self._loop = asyncio.get_running_loop()
        ready.set_result(None)
        pulse = asyncio.create_task(self._feed.pulse())
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({pulse, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in [*self._door.inside, stopped]:
            task.cancel()
        await close(runner, listener, self._clock)
        if pulse.done():
            await pulse  # only a bug ends it: let the thread die loudly
        pulse.cancel()
