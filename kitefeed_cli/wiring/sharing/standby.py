"""`run --publish --standby`: several programs, of which one holds Kite's socket and publishes, and the others wait.

A run is for one turn. It is made and its names are looked up while another program leads; when the lease is ours it
goes on, and when the lease is lost to another one it ends, and the next is made. The program itself stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress

from ...clock import Clock
from ...console.printer import Printer
from ...health.vitals import REDIS_AWAY
from ...problems import Problem
from ...session import TokenStore
from ...settings import Settings
from ...sharing.candidate import Candidate
from ...sharing.keeper import Keeper
from ...sharing.lease import Holder, Lease
from ...sharing.server import Address, check, errors, why_away
from ..doors.attended import attendance, run_until_stopped
from ..doors.publish import ANSWER_S, Publishing, give_back, missed, published, publishing_of
from ..run.feed_run import FeedRun
from ..vitals.monitor import Waiting
from .readiness import Readiness

_LOOK_S = 0.25  # how soon a lease that was given back is noticed
_BLIP_S = 1.0  # what is over so soon is not worth a line


class Standby:
    """Takes turns with the others until it is stopped. `make` makes a run, `beside` is what goes on beside it from then
    on, `published` publishes it while it runs."""

    def __init__(
        self,
        address: Address,
        make: Callable[[], FeedRun],
        beside: Callable[[FeedRun], AbstractContextManager[None]],
        published: Callable[[FeedRun, Lease, Collection[int]], AbstractContextManager[object]],
        store: TokenStore,
        printer: Printer,
        clock: Clock,
    ) -> None:
        """Raises Problem without the package for Redis."""
        self._address = address
        self._make = make
        self._beside = beside
        self._published = published
        self._store = store
        self._printer = printer
        self._clock = clock
        self._lease = Lease(address.connect(answer_s=ANSWER_S), address.keys)
        self._candidate = Candidate(self._lease, clock)
        self._run: FeedRun | None = None
        self._failure: Problem | None = None
        self._stopping = False
        self._told: Holder | None = None  # who the user knows to publish
        self._lacks: str | None = None  # what a takeover would lack, besides what the readiness knows
        self._turned_s: float | None = None  # when it last looked; None: it does not wait
        self._away_s: float | None = None  # since when Redis does not answer

    def run(self) -> None:
        """Raises what a run raises."""
        try:
            first = True
            while self._turn(first):
                self._store.reopen()
                first = False
        finally:
            give_back(self._lease, self._clock)

    def stop(self) -> None:
        """From any thread, also from a signal."""
        self._stopping = True
        if self._run is not None:
            self._run.stop()

    def _fail(self, problem: Problem) -> None:
        self._failure = self._failure or problem
        self.stop()

    def _turn(self, first: bool) -> bool:
        """Wait, and run. Whether another turn follows."""
        self._run = run = self._make()
        readiness = Readiness(run, self._store, self._fail, self._printer, self._clock)
        if not first:  # for a supervisor it is ready already
            run.monitor.waiting = lambda: self._waiting(readiness)
        with self._beside(run):
            run.look_up()
            if not self._wait(run, readiness):
                return False
            return self._lead(run) and not self._stopping

    # ---------------------------------------------------------------- it waits

    def _wait(self, run: FeedRun, readiness: Readiness) -> bool:
        """Until its turn has come; False: there will be none."""
        try:
            while not self._stopping:
                over = run.over()
                if over is not None:
                    self._printer.status(over)
                    return False
                if self._ours():
                    return True
                if self._turned_s is None:
                    run.stand_by(lambda: self._waiting(readiness))
                    readiness.start()
                self._turned_s = self._clock.now_s()
                self._clock.sleep(_LOOK_S)
        finally:
            self._turned_s = None
            readiness.stop()
        if self._failure is not None:
            raise self._failure
        return False

    def _ours(self) -> bool:
        """Whether the lease is."""
        try:
            ours = self._candidate.look()
        except errors() as error:
            self._redis_is_away(error)
            return False
        self._redis_answers()
        if not ours:
            self._tell_holder(self._candidate.holder)
        return ours

    def _tell_holder(self, holder: Holder | None) -> None:
        if holder is None or (self._told and (holder.host, holder.pid) == (self._told.host, self._told.pid)):
            return
        self._told = holder
        self._printer.status(f"Standing by: {holder} publishes this feed")

    def _redis_is_away(self, error: Exception) -> None:
        now_s = self._clock.now_s()
        if self._away_s is None:
            self._away_s = now_s
        if self._lacks is None and now_s - self._away_s >= _BLIP_S:
            self._lacks = REDIS_AWAY
            what, cure = why_away(error)
            self._printer.status(f"Cannot take over: Redis at {self._address.shown}: {what}; {cure}")

    def _redis_answers(self) -> None:
        self._away_s = None
        if self._lacks is not None:
            self._lacks = None
            self._printer.status("Redis answers again")

    def _waiting(self, readiness: Readiness) -> Waiting:
        """On any thread. While the names are looked up, that is what it does."""
        turned_s = self._clock.now_s() if self._turned_s is None else self._turned_s
        cause = None if readiness.cause is None else readiness.cause.value
        return Waiting(turned_s, self._lacks or cause, readiness.token)

    # ---------------------------------------------------------------- it leads

    def _lead(self, run: FeedRun) -> bool:
        """Run until the end, or until another one has the lease, which is what it answers."""
        lost: list[Holder | None] = []

        def losing(holder: Holder | None) -> None:
            lost.append(holder)
            run.stop()

        keeper = Keeper(self._lease, losing, self._clock)
        keeper.start()
        try:
            if self._told is not None:
                self._printer.status(f"Taking over: {self._told} publishes no more")
            told = run.take_over(missed(self._address, len(run.seats)))
            with self._published(run, self._lease, told):
                run.follow()
        finally:
            keeper.stop()
        if lost:
            self._told = lost[0]
            other = lost[0] or "another one"
            self._printer.status(f"{other} publishes this feed now, so it is closed here; standing by again")
        return bool(lost)


def publishing_in_turns(settings: Settings) -> Publishing:
    """Where a program that takes turns publishes to. Raises Problem for settings that do not say."""
    if not settings.publish:
        raise Problem(
            "`--standby` needs `--publish`",
            "without a Redis nobody knows whose turn it is",
            "name the one that all of them publish to, with `--publish`",
        )
    return publishing_of(settings)


def run_standby(
    make: Callable[[], FeedRun], settings: Settings, store: TokenStore, clock: Clock, printer: Printer
) -> None:
    """Take turns until stopped, by a signal or by what ends a run. `make` makes the run of a turn. Raises Problem for
    what no waiting cures, OutputClosed when nobody reads any more."""
    to = publishing_in_turns(settings)

    def publish_it(run: FeedRun, lease: Lease, told: Collection[int]) -> AbstractContextManager[object]:
        return published(run, to, lease, told, clock, printer)

    _check(to.address)
    with attendance(settings, store, clock, printer) as around:
        run_until_stopped(Standby(to.address, make, around.beside, publish_it, store, printer, clock))


def _check(address: Address) -> None:
    """Raises Problem for a Redis that will never do."""
    with suppress(*errors()), address.connect() as client:
        check(client, address)
