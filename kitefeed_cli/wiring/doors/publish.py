"""`run --publish`: the publisher beside a run, and the run as the publisher knows it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ... import __version__
from ...clock import Clock
from ...console.backlog import failed
from ...console.printer import Printer
from ...console.words import duration
from ...problems import Exit, Problem
from ...settings import Settings
from ...sharing import succession
from ...sharing.backlog import Backlog
from ...sharing.claim import Claim
from ...sharing.keys import Keys
from ...sharing.lease import LEASE_S, Holder, Lease
from ...sharing.outage import Back, Outage
from ...sharing.publisher import Publisher
from ...sharing.server import Address, check, errors
from ...sharing.words import GAP, TEXT, Began, State, Text, gap_body, text_body
from ...sharing.writer import Names, Writer
from ...ticks.gaps import Gap
from ...ticks.lane import WhenFull
from .relay_wishes import RelayWishes
from .serve import Run as Looked
from .serve import Served

ANSWER_S = 1.0  # a Redis that stands still must not hold up Ctrl-C, nor a takeover
_AGAIN_S = 0.25
_RELEASE_S = 0.3  # what giving the lease back may take of the two seconds after Ctrl-C


class Run(Looked, Protocol):
    """What is published: a `FeedRun`."""

    gap_ears: list[Callable[[Gap], None]]

    def take_over(self, missed_s: Mapping[int, float]) -> Collection[int]: ...


@dataclass(frozen=True, slots=True)
class Publishing:
    """Where to, and how long it is kept there."""

    address: Address
    keep_s: float


def publishing_of(settings: Settings) -> Publishing:
    """What the settings ask for, when they ask for it. Raises Problem."""
    flagged = settings.sources["publish"] == "flag"
    where = "--publish" if flagged else "KITEFEED_PUBLISH"
    return Publishing(Address.parse(settings.publish, where, secret=not flagged), settings.publish_keep_s)


class _Shared:
    """A run as what is published (`sharing.publisher.Feed`)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._served = Served(run, None)
        self._connections: dict[int, int] = {}  # by instrument token, also of those that are followed no more

    def state(self) -> State:
        return State(self._served.condition(), self._served.user_name(), len(self._run.watchlist.parts))

    def names(self) -> Names:
        modes = dict(self._run.watchlist.subscriptions)
        return {token: (name, modes.get(token, "")) for token, name in self._served.names().items()}

    def connection_of(self, instrument_token: int) -> int:
        for number, part in enumerate(self._run.watchlist.parts, start=1):
            if instrument_token in part.subscriptions:
                self._connections[instrument_token] = number
                return number
        return self._connections.get(instrument_token, 1)


@contextmanager
def published_alone(run: Run, publishing: Publishing, clock: Clock, printer: Printer) -> Iterator[None]:
    """The run is published inside of the `with`, unless another one publishes its feed. Raises Problem when one does
    that now. A Redis that is away is no reason not to run."""
    address = publishing.address
    lease = Lease(address.connect(), address.keys)
    try:
        _take(lease, address, clock)
        missed_s = missed(address, len(run.seats)) if lease.value else {}
        told = run.take_over(missed_s)
        with published(run, publishing, lease, told, clock, printer) as publisher:
            lost, again = _losing(publisher, printer)
            claim = Claim(lease, lost, again, clock)
            claim.start()
            try:
                yield
            finally:
                claim.stop()
    finally:
        give_back(lease, clock)


@contextmanager
def published(
    run: Run, publishing: Publishing, lease: Lease, told: Collection[int], clock: Clock, printer: Printer
) -> Iterator[Publisher]:
    """What comes is published inside of the `with` while the lease is ours; somebody else keeps it. `told`: the
    connections of which a gap is sure to tell what is missing since the run before."""
    address, shared = publishing.address, _Shared(run)
    connections = len(run.watchlist.parts)
    backlog = Backlog(range(connections + 1))
    writer = Writer(address, connections, publishing.keep_s, backlog, clock, told)
    outage = Outage(address.shown, printer.error, lambda back: printer.status(_back(back)), clock)
    began = Began(socket.gethostname(), os.getpid(), __version__)
    publisher = Publisher(
        writer,
        backlog,
        lease,
        shared,
        outage,
        began,
        lambda error: printer.error(failed("publish", error)),
        clock,
    )
    lane = run.bus.attach("publish", publisher, WhenFull.BLOCK, hears=False)
    publisher.fed_by(lane)
    run.monitor.published = publisher.counters
    run.ears.append(lambda kind, text: publisher.remark(TEXT, text_body(Text(kind, text))))
    run.gap_ears.append(lambda gap: publisher.remark(GAP, gap_body(gap)))
    wishes = RelayWishes(partial(run.wishes.want, "relays"), address, lambda: not publisher.paused, clock)
    wishes.start()
    publisher.start()
    name = "" if address.keys == Keys() else f" as {address.keys.name}"
    printer.status(f"Publishing to {address.shown}{name}")
    try:
        yield publisher
    finally:
        wishes.stop()
        publisher.close()
        lane.finish()
        if publisher.unwritten:
            printer.status(f"{_ticks(publisher.unwritten)} could not be published any more")


def missed(address: Address, connections: int) -> dict[int, float]:
    """By connection, how long ago a publisher before wrote its last tick; nothing where Redis does not say."""
    client = address.connect(answer_s=ANSWER_S)
    try:
        return succession.missed_s(client, address.keys, connections)
    except errors():
        return {}
    finally:
        client.close()


def _take(lease: Lease, address: Address, clock: Clock) -> None:
    """Take it, also from a program that was killed and whose lease runs out. Raises Problem for one that lives."""
    until_s = clock.now_s() + LEASE_S + _AGAIN_S
    try:
        with address.connect() as client:
            check(client, address)
        while not lease.take():
            if clock.now_s() >= until_s:
                raise _taken(lease.other, address)
            clock.sleep(_AGAIN_S)
    except errors():
        return


def _taken(other: Holder | None, address: Address) -> Problem:
    who = "it" if other is None else f"{other}, since {other.since:%d %b %H:%M}"
    return Problem(
        f"another program publishes this feed to {address.shown}",
        who,
        "stop that one, or add `--standby`, to take over when it ends",
        Exit.NO,
        "published-elsewhere",
    )


def _losing(publisher: Publisher, printer: Printer) -> tuple[Callable[[Holder | None], None], Callable[[], None]]:
    """What is done and said when another one has the lease, and when it is ours again."""

    def lost(other: Holder | None) -> None:
        publisher.pause()
        printer.error(
            Problem(
                "this run does not publish any more; all else goes on",
                f"{other or 'another program'} publishes this feed now",
                "it publishes again when that one ends",
                Exit.NO,
                "published-elsewhere",
            )
        )

    def again() -> None:
        publisher.resume()
        printer.status("Publishing again: the other program does not any more")

    return lost, again


def give_back(lease: Lease, clock: Clock) -> None:
    """Give it back if it is ours, without waiting for a Redis that stands still."""

    def give_back() -> None:
        if lease.value:
            lease.release()
        lease.close()

    thread = threading.Thread(target=give_back, name="kitefeed-release", daemon=True)
    thread.start()
    thread.join(clock.real_s(_RELEASE_S))


def _back(back: Back) -> str:
    lost = "nothing lost" if not back.ticks_lost else f"{_ticks(back.ticks_lost)} lost"
    forgotten = "; Redis had lost all that was there before" if back.forgotten else ""
    return f"Published again after {duration(back.lasted_s)}; {lost}{forgotten}"


def _ticks(count: int) -> str:
    return f"{count:,} tick{'' if count == 1 else 's'}"
