"""Who serves, as the voice of a run tells it."""

from __future__ import annotations

import io
from datetime import datetime

import pytest

from kitefeed_cli.calendar import DEFAULT_SEGMENTS, shipped
from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.outputs.jsonl import JsonLines
from kitefeed_cli.policy import Cause, Note, Report, Say, Show, Shown
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.wiring.loop.voice import Voice

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=IST)


class Room:
    def __init__(self) -> None:
        clock = VirtualClock(NOON)
        self.err, self.texts = io.StringIO(), list[str]()
        output = JsonLines(self.texts.append, {}, clock)
        calendar = shipped()
        self.voice = Voice(
            Printer(io.StringIO(), self.err, clock),
            output,
            lambda call: call(),
            Board(clock),
            clock,
            lambda: calendar.outlook(clock.wall(), DEFAULT_SEGMENTS),
        )

    def said(self) -> list[str]:
        return [line[9:] for line in self.err.getvalue().splitlines()]


@pytest.mark.parametrize("shown", [Shown.LIVE, Shown.POLLING, Shown.CONNECTING, Shown.CLOSED])
def test_a_source_that_comes_when_kite_serves_is_not_told_and_does_not_serve(shown: Shown) -> None:
    room = Room()
    room.voice.show(Show(shown, None))
    before = len(room.texts)

    assert not room.voice.serving("desk", "desk, delay unknown")
    assert (None, [], before) == (room.voice.secondary, room.said(), len(room.texts))


def test_kites_rest_is_named_again_only_after_another_source_was() -> None:
    room = Room()
    polling, stale = Show(Shown.POLLING, Cause.FEED_REFUSED), Show(Shown.STALE, Cause.FEED_REFUSED)
    room.voice.say(Say(Note.POLLING, "kite-rest", 5))
    for _ in range(3):
        room.voice.show(polling)
        room.voice.show(stale)
    assert 1 == len(room.said())
    assert room.voice.serving("desk", "desk, delay unknown")
    room.voice.show(polling)
    room.voice.show(stale)
    room.voice.show(polling)

    assert ["kite-rest, every 5 s)", "desk, delay unknown)", "kite-rest, every 5 s)"] == [
        line.rpartition("source: ")[2] for line in room.said()
    ]


def test_of_several_connections_those_without_a_feed_may_be_served() -> None:
    room = Room()
    room.voice.show(Show(Shown.PARTIAL, Cause.FEED_REFUSED))

    assert room.voice.serving("desk", "desk, delay unknown")
    assert '"state":"partial"' in room.texts[-1]
    assert '"source":"desk"' in room.texts[-1]
    room.voice.resting("")
    assert '"source"' not in room.texts[-1]


def test_a_trouble_that_is_told_while_all_is_well_belongs_to_the_state_that_follows() -> None:
    room = Room()
    room.voice.show(Show(Shown.LIVE, None))
    room.voice.report(Report(Cause.TOKEN_EXPIRED, "403 TokenException", 0.0, None, "", 5.0, 0))
    room.voice.show(Show(Shown.SIGNED_OUT, Cause.TOKEN_EXPIRED))

    assert room.voice.trouble is not None
    assert Cause.TOKEN_EXPIRED.value == room.voice.trouble.cause
    room.voice.show(Show(Shown.CONNECTING, None))
    assert room.voice.trouble is not None, "not over yet"
    room.voice.show(Show(Shown.LIVE, None))
    assert room.voice.trouble is None
