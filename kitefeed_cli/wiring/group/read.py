"""The wiring of `read`: what the group gives this reader, as JSON lines, acknowledged when they are written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import orjson

from ...clock import Clock
from ...console.printer import Printer
from ...outputs.jsonl import JsonLines
from ...sharing.group import Delivery, Group
from ...sharing.member import Member
from ...sharing.standing import Stands
from ...ticks.gaps import Gap
from .joining import Joining, member_of

_LOOK_S = 0.5
_PIECE = 4096  # what a pipe takes without making its writer wait, once it is said to take more (pipe(7))
_FULL_S = 0.02


class Interrupted(Exception):
    """Ctrl-C came while the lines were not taken."""


class Reader:
    """Lines until Ctrl-C."""

    def __init__(self, member: Member, group: Group, printer: Printer, clock: Clock) -> None:
        self._member = member
        self._printer = printer
        self._clock = clock
        self._text: list[str] = []
        self._lines = JsonLines(self._text.append, group.names, clock)
        self._shown: Stands | None = None
        self._waits = False  # for Redis, where Ctrl-C may cut it short

    def run(self) -> None:
        """Until Ctrl-C or SIGTERM. Raises Problem for what no waiting cures, OutputClosed when nobody reads them."""
        before = [(number, signal.signal(number, self._asked)) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            while not self._member.stopped:
                self._turn()
        except (KeyboardInterrupt, Interrupted):
            pass
        finally:
            for number, was in before:
                signal.signal(number, was)

    def _turn(self) -> None:
        self._waits = True
        given = [] if self._member.stopped else self._member.take(_LOOK_S)
        self._waits = False
        self._show()
        for delivery in given:
            self._put(delivery)
        self._write()
        if given:
            self._member.acknowledge(given)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        """What is being written is finished and acknowledged, unless nobody takes it."""
        self._member.stop()
        if self._waits:
            raise KeyboardInterrupt

    def _show(self) -> None:
        stands = self._member.stands()
        if stands != self._shown:
            self._shown = stands
            self._lines.shown(stands.state, stands.why, stands.source)

    def _put(self, delivery: Delivery) -> None:
        more = {**delivery.more, **({"redelivered": True} if delivery.redelivered else {})}
        self._lines.more = "," + orjson.dumps(more).decode()[1:-1] if more else ""
        if isinstance(delivery.what, Gap):
            self._lines.gap(delivery.what)
        else:
            self._lines.accept(delivery.what)
        self._lines.more = ""

    def _write(self) -> None:
        """In pieces that are only begun when there is room for them, so that a pipe which nobody empties does not keep
        Ctrl-C waiting."""
        for piece in _pieces("".join(self._text)):
            while not self._printer.can_draw():
                if self._member.stopped:
                    raise Interrupted
                self._clock.sleep(_FULL_S)
            self._printer.data(piece)
        self._text.clear()


def read_group(joining: Joining, printer: Printer, clock: Clock) -> None:
    """Lines until Ctrl-C. Raises Problem, OutputClosed."""
    with member_of(joining, printer, clock) as (member, group, name):
        printer.status(f"Reading as {name} of the group {joining.group}")
        try:
            Reader(member, group, printer, clock).run()
        finally:
            for number, what in (
                (group.malformed, "entries that kitefeed has not written"),
                (group.refused, "packets"),
            ):
                if number:
                    printer.status(f"{number} {what} were left out")


def _pieces(text: str) -> Iterator[str]:
    """Whole lines, as many as fit."""
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + _PIECE) + 1 or text.find("\n", start) + 1
        yield text[start:end]
        start = end
