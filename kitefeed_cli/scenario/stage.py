"""What every part of the scripted world stands on: the virtual clock, its agenda, and the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..clock import VirtualClock
from ..driver.inbox import VirtualInbox
from ..policy.events import Event
from .log import Kind, Log


class VirtualStage:
    """Time, agenda and log of one play."""

    def __init__(self, starts_at: datetime) -> None:
        self.clock = VirtualClock(starts_at)
        self.inbox = VirtualInbox(self.clock)
        self.log = Log(starts_at)

    @property
    def now_s(self) -> float:
        return self.clock.now_s()

    def note(self, kind: Kind, text: str) -> None:
        self.log.add(self.clock.now_s(), kind, text)

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        self.inbox.at(self.clock.now_s() + seconds, happen)

    def post(self, event: Event) -> None:
        self.inbox.post(event)
