"""`Feed`: a run of the feed inside of a program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ..clock import Clock, SystemClock
from ..problems import Problem
from ..settings import Settings, read_settings
from ..ticks.gaps import Gap
from ..ticks.lane import Counters
from ..wiring.login.tokens import open_store
from .batch import Batch
from .opened import Opened
from .talk import LogPrinter
from .value import Value

Mode = Literal["ltp", "quote", "full"]


class Feed:
    """Live batches of some instruments, kept up as `kitefeed run` keeps them up.

        with Feed("NSE:INFY", "NSE:NIFTY 50", mode="full") as feed:
            for batch in feed:
                for tick in batch.to_dicts():
                    print(tick["instrument_token"], tick["last_price"])

    The loop waits while there is nothing: signed out, before the market opens, in an outage. A login
    (`kitefeed login`) brings the ticks back to the same loop. It ends when `close` is called, from any thread.

    Entering the `with` reads the settings and looks the names up, half a minute at the very most. It raises `Problem`
    for what no waiting cures: no API key, no instruments, a name that no exchange lists, more than Kite allows. What
    passes by itself or with a login (a dead access token, no network) raises nothing: it is one error in the log
    (`logging.getLogger("kitefeed")`), and can be asked for: `state`, `problem`.

    One thread at a time may iterate; everything else may be called from any. No signal is touched. A `Feed` may be
    entered again after it was closed, and several may be open at once, each with its own connection of the three that
    Kite allows an API key.
    """

    def __init__(
        self,
        *instruments: str | int,
        mode: Mode | None = None,
        env_file: str | Path | None = None,
        api_key: str | None = None,
        access_token: str | None = None,
        backlog: int | None = None,
        secondary: str | None = None,
    ) -> None:
        """What is not given comes from the environment, then from the env file, as for the commands.

        `instruments`: "NSE:INFY" or instrument tokens, at least one, or else `KITEFEED_INSTRUMENTS`.
        `env_file`: the token store, where a login is noticed; `.env` if not named.
        `access_token`: used until a login is saved in the env file, as `KITE_ACCESS_TOKEN` of the environment.
        `secondary`: the source that is asked while Kite serves nothing: "upstox", or a plugin's name.
        `backlog`: how many batches may wait for the loop; then the oldest are dropped, counted and warned of.

        Raises TypeError for what is of another type than said here (numpy's whole numbers are numbers), ValueError for
        a backlog below 1.
        """
        for instrument in instruments:
            if isinstance(instrument, bool) or not isinstance(instrument, str | Integral):
                raise TypeError(f"an instrument is a text or a number, not a {type(instrument).__name__}: Feed(*names)")
        for name, value in (("api_key", api_key), ("access_token", access_token), ("secondary", secondary)):
            if value is not None and not isinstance(value, str):
                raise TypeError(f"{name} is a text, not a {type(value).__name__}")
        if backlog is not None and (isinstance(backlog, bool) or not isinstance(backlog, int)):
            raise TypeError(f"a backlog is a whole number, not a {type(backlog).__name__}")
        if backlog is not None and backlog < 1:
            raise ValueError("a backlog has room for one batch at least")
        self._instruments = [str(instrument) for instrument in instruments]
        self._mode = mode
        self._env_file = None if env_file is None else Path(env_file)
        self._api_key = api_key
        self._access_token = access_token
        self._backlog = backlog
        self._secondary = secondary
        self._clock: Clock = SystemClock()
        self._opened: Opened | None = None

    def __repr__(self) -> str:
        return f"<Feed of {', '.join(self._instruments) or 'the configured instruments'}: {self.state}>"

    # -------------------------------------------------------------------- life

    def __enter__(self) -> Self:
        if self._opened is not None and not self._opened.closed:
            raise RuntimeError("this Feed is open already; another one may be opened beside it")
        printer = LogPrinter(self._clock)
        try:
            settings = self._settings()
            for warning in settings.warnings:
                printer.warning(warning)
            store = open_store(settings, os.environ, self._clock, printer.warning, self._access_token or "")
            self._start(Opened(settings, store, self._clock, printer, self._backlog))
        except Problem as problem:
            raise printer.worded(problem) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the loop and the connection, within two seconds. Harmless when repeated."""
        if self._opened is not None:
            self._opened.close()

    # ----------------------------------------------------------------- batches

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        """The next batch; StopIteration once closed. Raises Problem when the run had to end."""
        batch = self._entered().next(None)
        if batch is None:
            raise StopIteration
        return batch

    def next(self, within_s: float) -> Batch | None:
        """The next batch, or None when none comes within so many seconds. Raises Problem when the run had to end,
        RuntimeError once closed."""
        opened = self._entered()
        batch = opened.next(within_s)
        if batch is None and opened.over:
            raise RuntimeError("this Feed is closed")
        return batch

    # --------------------------------------------------------------- questions

    @property
    def state(self) -> str:
        """ "live", "connecting", "polling" (quotes from REST), "stale" (no source serves), "signed-out" (waits for a
        login), "closed" (the market is), "unknown" (no news, and the calendar does not know the day) or "stopped" (this
        Feed is not open)."""
        return "stopped" if self._opened is None else self._opened.state

    @property
    def problem(self) -> Problem | None:
        """What the log was last told is wrong, with `what`, `why`, `next_step` and `cause`; None while all is well."""
        return None if self._opened is None else self._opened.problem

    @property
    def counters(self) -> Counters:
        """What was `delivered` to this loop, what was `dropped` because it was slow, what is `waiting`, and `lag_s`,
        how old the batch in hand was. Values, except `waiting`, which is batches."""
        return self._entered().counters

    @property
    def gaps(self) -> list[Gap]:
        """Every interval of more than five seconds without a tick, once it is over: `from_at`, `to_at`, `cause`,
        `instruments` (tokens), `bridged_by` (who sent quotes meanwhile). Oldest first, the newest thousand; the one
        that is not over when the Feed closes is there from then on, and `open`."""
        return self._entered().gaps

    def last(self, instrument: str | int) -> Value | None:
        """The newest value of one instrument, whether or not the loop has come to it; None before its first. By name
        or instrument token; KeyError for one that this Feed does not follow."""
        return self._entered().last(instrument)

    def lasts(self) -> dict[str, Value]:
        """The newest value of every instrument that has one, by name."""
        return self._entered().lasts()

    @property
    def instrument_tokens(self) -> dict[str, int]:
        """The instruments by name; empty as long as Kite could not be asked for them."""
        return self._entered().instrument_tokens

    def _start(self, opened: Opened) -> None:
        before, self._opened = self._opened, opened  # known from the start: `close` ends the look-up too
        try:
            opened.start()
        except BaseException:
            self._opened = before
            raise

    def _entered(self) -> Opened:
        if self._opened is None:
            raise RuntimeError("this Feed is not open: use `with Feed(...) as feed:`")
        self._opened.check_process()
        return self._opened

    def _settings(self) -> Settings:
        settings = read_settings(
            self._env_file,
            os.environ,
            instruments=self._instruments,
            mode=self._mode,
            api_key=self._api_key,
            secondary=self._secondary,
        )
        if settings.sources["instruments"] == "default":  # an empty list is a mistake of a program, not a wish
            raise Problem(
                "there is nothing to follow",
                "Feed was given no instruments, and KITEFEED_INSTRUMENTS is not set",
                'name one: Feed("NSE:INFY")',
            )
        return settings
