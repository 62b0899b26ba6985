"""The emulator stage: a real `run` of the command over real sockets against a local Kite, on a faster clock.

All limits and all the times of the scenario stay as they are written; only real time is shorter. Idle stretches
are cut out of the day: the wall clock jumps and no deadline notices. What happened is read from the local Kite's
own request log, the captured stderr and the status records on the captured stdout.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...calendar import shipped
from ...clock import ScaledClock
from ...console.printer import Printer
from ...kite.errors import KiteError
from ...kite.rest import Rest
from ...policy import DEFAULT
from ...problems import Problem
from ...redact import REDACTOR
from ...scenario.log import Captured, Entry, Kind, Log, Talk
from ...scenario.story import Happening, Scenario
from ...scenario.world import told
from ...session import TokenStore
from ...settings import ACCESS_TOKEN_KEY, read_settings
from ...sources.asking import FETCH_S
from ..run.feed_run import FeedRun
from ..values.fallback import secondary_of
from .run import environment

if TYPE_CHECKING:
    from ...emulator import LocalKite
    from ...emulator.oracle import RequestRow

SPEED = 10.0
LATE_S = 1.5  # how late a moment of the scenario may be: 0.15 real seconds, for a machine with other work

_BEFORE_S = 600.0  # the clock starts so long before the scenario, and jumps to its start when everything is ready
_LEAD_S = 5.0  # played before a moment of the scenario when idle time was cut
_EPILOGUE_S = 20.0  # played after the last moment that matters
_JOIN_S = 5.0  # real seconds that the run may take to end
_GLANCE_S = 2.0  # between two looks at the curtain: 0.2 real seconds
_DAMAGED = "half a token"


class AbandonedError(Exception):
    """The play was broken off: the curtain fell."""


class _Time:
    """The scenario's time over a scaled clock: seconds after `starts_at`, cuts counted."""

    def __init__(self, scenario: Scenario, curtain: threading.Event) -> None:
        self._curtain = curtain
        self._starts_at = scenario.given.starts_at
        self.clock = ScaledClock(SPEED, self._starts_at - timedelta(seconds=_BEFORE_S))
        self._cuts: list[tuple[float, float]] = []  # (on the clock, how much)

    def now_s(self) -> float:
        return (self.clock.wall() - self._starts_at) / timedelta(seconds=1)

    def at_s(self, clock_s: float) -> float:
        """The scenario time of a moment on the clock."""
        return clock_s - _BEFORE_S + sum(cut_s for at_s, cut_s in self._cuts if at_s <= clock_s)

    def cut(self, seconds: float) -> None:
        if seconds > 0:
            self._cuts.append((self.clock.now_s(), seconds))
            self.clock.skip(seconds)

    def wait_until(self, at_s: float) -> None:
        while (left_s := at_s - self.now_s()) > 0:
            if self._curtain.is_set():
                raise AbandonedError
            self.clock.sleep(min(left_s, _GLANCE_S))


class _Records(Captured):
    """A captured stdout of JSON lines; the states go into the log, the ticks nowhere."""

    def write(self, text: str, /) -> int:
        for line in text.splitlines():
            if line.startswith('{"kind":"status"'):
                record = json.loads(line)
                source = f"source {record['source']}" if "source" in record else ""
                whys = ", ".join(word for word in (record["why"], source) if word)
                self.note(Kind.SHOWN, record["state"] + (f" ({whys})" if whys else ""))
        return len(text)


def rehearse(scenario: Scenario, curtain: threading.Event) -> Log:
    """Play it, in about a tenth of the scenario's time, idle stretches left out; what happened.

    Raises AbandonedError soon after somebody has set `curtain`.
    """
    from ...emulator import LocalKite

    given = scenario.given
    time = _Time(scenario, curtain)
    log = Log(given.starts_at)
    market: Literal["open", "closed", "calendar"] = given.market  # type: ignore[assignment]  # the format checked it
    kite_at_s = time.clock.now_s()  # from here on the local Kite counts the seconds of its request log
    with LocalKite(time.clock, market=market) as kite, tempfile.TemporaryDirectory(prefix="kitefeed-") as folder:
        _Play(scenario, kite, kite_at_s, Path(folder) / "stage.env", time, log).play()
    return log


class _Play:
    """One play: the run on a thread of its own, the scenario's hands on this one."""

    def __init__(
        self, scenario: Scenario, kite: LocalKite, kite_at_s: float, env_file: Path, time: _Time, log: Log
    ) -> None:
        self._scenario = scenario
        self._kite = kite
        self._time = time
        self._log = log
        self._store = TokenStore(env_file)
        self._kite_at_s = kite_at_s
        self._words: list[tuple[float, str, str]] = []  # (when, family, word)
        given, words = scenario.given, environment(kite)
        settings = read_settings(env_file, words, instruments=given.names or None, secondary=given.secondary or None)
        printer = Printer(
            _Records(log, time.now_s),
            Talk(log, time.now_s),
            time.clock,
            json=True,
            redact=REDACTOR.redact,
        )
        self._set_out()
        self._rest = Rest(settings.api_key, settings.rest_root, time.clock)
        secondary = secondary_of(settings, time.clock, words)
        self._run = FeedRun(settings, self._store, time.clock, printer, secondary=secondary, calendar=shipped())

    def play(self) -> None:
        with contextlib.suppress(KiteError):  # the first call loads the client, which must not cost the scenario time
            self._rest.profile(self._kite.access_token, 60.0)
        thread = threading.Thread(target=self._perform, name="rehearsal", daemon=True)
        self._time.cut(-self._time.now_s())
        thread.start()
        try:
            self._act()
        finally:
            self._run.stop()
        thread.join(_JOIN_S)
        self._log.entries[:] = sorted([*self._log.entries, *self._requests()], key=lambda entry: entry.at_s)

    def _set_out(self) -> None:
        given = self._scenario.given
        for family, word in given.kite:
            self._bend(family, word)
        if given.token in ("valid", "expired"):
            self._store.save(self._kite.access_token)
            self._kite.set_token(given.token)
        else:
            self._write("" if given.token == "missing" else _DAMAGED)
        self._log.add(0.0, Kind.GIVEN, f"`kitefeed {given.command}`, token {given.token}, market {given.market}")

    def _perform(self) -> None:
        try:
            self._run.run()
            code = 0
        except Problem as problem:
            code = int(problem.exit_code)
        self._log.add(self._time.now_s(), Kind.EXIT, str(code))

    def _act(self) -> None:
        moment_s = 0.0
        happenings = list(self._scenario.timeline)
        moments = {one.at_s for one in happenings} | set(self._scenario.expect.moments_s())
        for next_s in sorted(moments | {self._scenario.ends_s}):
            self._pass(moment_s, next_s)
            while happenings and happenings[0].at_s <= next_s:
                self._happen(happenings.pop(0))
            moment_s = next_s

    def _pass(self, from_s: float, until_s: float) -> None:
        """Let time pass; what is longer than the longest quiet is cut out of it."""
        quiet_s = self._scenario.stage.longest_quiet_s
        if until_s == self._scenario.ends_s:
            quiet_s = min(quiet_s, _EPILOGUE_S)
        if until_s - from_s > quiet_s:
            self._time.wait_until(from_s + quiet_s - _LEAD_S)
            self._time.cut(until_s - _LEAD_S - self._time.now_s())
        self._time.wait_until(until_s)

    def _happen(self, one: Happening) -> None:
        for kind, text in told(one):
            self._log.add(self._time.now_s(), kind, text)
        for family, word in one.kite:
            self._bend(family, word)
        if one.user is not None:
            self._user(one.user)

    def _bend(self, family: str, word: str) -> None:
        self._words.append((self._time.now_s(), family, word))
        if family == "token":
            self._kite.set_token(word)
        else:
            self._kite.set_faults({family: word})

    def _user(self, deed: str) -> None:
        match deed:
            case "logs in":
                self._store.save(self._kite.login())
            case "logs in with a dead token":
                self._store.save(uuid.uuid4().hex)
            case "saves the same token":
                self._store.save(self._store.read().access_token)
            case "saves a damaged token":
                self._write(_DAMAGED)
            case "removes the token":
                self._write("")
            case "presses Ctrl-C":
                self._run.stop()
            case _:
                raise AssertionError(f"{deed!r} is no word of the user")

    def _write(self, token: str) -> None:
        """The file as an editor would leave it."""
        self._store.path.write_text(f"{ACCESS_TOKEN_KEY}={token}\n", "utf-8")
        self._store.path.chmod(0o600)

    def _requests(self) -> list[Entry]:
        """What the local Kite was asked, and what it answered."""
        entries: list[Entry] = []
        for number, row in enumerate(self._kite.requests(), 1):
            kinds = _kinds(row)
            at_s = self._time.at_s(self._kite_at_s + row["t"])
            if kinds is None or at_s < 0:
                continue
            asked, answered, within_s = kinds
            answer = str(row["status"] or "no answer")
            entries.append(Entry(at_s, asked, f"{number} asks"))
            entries.append(Entry(at_s + self._took_s(row, at_s, within_s), answered, f"{number} {answer}"))
        return entries

    def _took_s(self, row: RequestRow, at_s: float, within_s: float) -> float:
        """How long the program waited: no time for what was answered or reset, all of it for what vanished."""
        if row["status"]:
            return 0.0
        family = "feed" if row["kind"] == "ws" else "secondary" if "market-quote" in row["path"] else "rest"
        words = [word for since_s, of, word in self._words if of == family and since_s <= at_s]
        return within_s if words and words[-1] in ("blackholed", "slow") else 0.0


def _kinds(row: RequestRow) -> tuple[Kind, Kind, float] | None:
    """The entries that a request makes, and how long its answer is waited for; None: it is none of the policy's."""
    if row["kind"] == "ws":
        return Kind.HANDSHAKE, Kind.SHAKEN, DEFAULT.handshake_s
    if row["path"] == "/user/profile":
        return Kind.CHECK, Kind.CHECKED, DEFAULT.check_s
    if row["path"].startswith("/quote"):
        return Kind.POLL, Kind.POLLED, DEFAULT.poll_s
    if row["path"].startswith("/v2/market-quote/"):
        return Kind.SOURCE, Kind.SOURCED, FETCH_S
    return None
