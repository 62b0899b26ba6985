"""The wiring of `relay`: a follower in Redis, and a gateway that serves what it brings."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from ...clock import Clock
from ...console.printer import Printer
from ...health.answering import Answering
from ...health.supervisor import Supervisor
from ...kite.packets import decode
from ...kite.rest import Rest
from ...problems import Problem
from ...settings import Settings
from ...sharing.follower import Follower
from ...sharing.hearing import Hearing
from ...sharing.reading import Reading
from ...sharing.server import Address, library
from ...sharing.wants import Wish
from ..doors.serve import pass_on
from ..values.lists import DayLists
from .telling import Telling
from .upstream import Distant
from .vitals import Pulse

if TYPE_CHECKING:
    from ...gateway.server import Serving

_PATIENCE_S = 3600.0


class RelayRun:
    """One relay: its parts, and the order in which they start and stop. Raises Problem without the package."""

    def __init__(self, address: Address, serving: Serving, settings: Settings, clock: Clock, printer: Printer) -> None:
        from ...gateway.server import Gateway

        library()
        self._clock = clock
        self._printer = printer
        self._telling = Telling(printer, clock)
        self._hearing = Hearing(
            address,
            lambda batch: self.gateway.accept(batch),
            lambda text: pass_on(self.gateway, text.kind, text.text),
            self._telling.lost,
            clock,
        )
        self._reading = Reading(address.keys, decode, self._hearing, clock)
        self._wish = Wish(address)
        self._pulse = Pulse(self._hearing, self._reading, self._telling, clock)
        self._follower = Follower(address, self._reading, self._hearing, self._look, self._fail, clock)
        lists = DayLists(Rest(settings.api_key, settings.rest_root, clock), clock)
        upstream = Distant(self._hearing, self._reading, self._wish, lists)
        self.gateway = Gateway(serving, upstream, clock, self._fail, self._pulse.vitals)
        self._answering = Answering(self._pulse.vitals, settings.env_file, os.environ)
        self._supervisor = Supervisor(os.environ)
        self._failure: Problem | None = None
        self._end = threading.Condition()
        self._ended = False

    def run(self) -> None:
        """Until `stop`. Raises Problem for what no waiting cures."""
        self.gateway.start()
        root = self.gateway.root
        self._printer.status(f'Serving root="ws://{root}" and http://{root}/ui')
        why_not = self._answering.start()
        if why_not is not None:
            self._printer.detail(f"`kitefeed status` will not find this relay: {why_not}")
        self._follower.start()
        try:
            with self._end:
                while not self._ended:
                    self._clock.wait(self._end, _PATIENCE_S)
        finally:
            self._supervisor.stopping()
            self._follower.stop()
            self._wish.drop()
            self.gateway.stop()
            self._answering.stop()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """From any thread, also from a signal."""
        with self._end:
            self._ended = True
            self._end.notify_all()

    def _fail(self, problem: Problem) -> None:
        self._failure = self._failure or problem
        self.stop()

    def _look(self) -> None:
        """What the follower's thread does twice a second."""
        condition = self._hearing.condition()
        self._telling.look(condition)
        self._pulse.look(condition)
        if self._supervisor.present:
            self._supervisor.look(self._pulse.vitals())
