from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from kitefeed_cli.clock import IST, SystemClock
from kitefeed_cli.notices import Notice, Post, Sink
from tests.conftest import Canary
from tests.notices.sinks import CountingSink

AT = datetime(2026, 3, 2, 11, 20, 10, tzinfo=IST)
PROBLEM = Notice(
    "problem", "ticks have stopped", AT, "token-expired", "Kite rejects it", "log in", "https://kite.invalid/?v=3"
)


@contextmanager
def posting(told: list[str], *sinks: Sink) -> Iterator[Post]:
    post = Post(sinks, told.append, SystemClock())
    post.start()
    try:
        yield post
    finally:
        post.stop(5.0)


def numbered(number: int) -> Notice:
    return Notice("recovery", f"number {number}", AT)


def test_every_sink_gets_every_message_in_order() -> None:
    one, two = CountingSink(), CountingSink()
    with posting([], one, two) as post:
        for number in range(5):
            post.put(numbered(number))

    assert [numbered(number) for number in range(5)] == one.taken == two.taken


def test_what_waits_at_the_end_is_sent() -> None:
    sink = CountingSink()
    with posting([], sink) as post:
        post.put(PROBLEM)

    assert [PROBLEM] == sink.taken


def test_a_sink_that_fails_is_told_of_in_one_line_until_it_takes_one_again() -> None:
    told: list[str] = []
    bad, good = CountingSink("the bad one"), CountingSink()
    with posting(told, bad, good) as post:
        for refuses in (True, True, False, True):
            bad.refuses = refuses
            post.put(PROBLEM)
            good.wait_for(good.tries + 1)

    assert ["the bad one did not take a message: it is shut; the feed carries on"] * 2 == told
    assert 4 == len(good.taken)


def test_what_a_sink_raises_is_not_shown(canary: Canary) -> None:
    class Raising(CountingSink):
        def send(self, notice: Notice) -> None:
            raise ValueError(f"secret {canary.access_token}")

    told: list[str] = []
    with posting(told, Raising("the odd one")) as post:
        post.put(PROBLEM)

    assert ["the odd one did not take a message: it raised ValueError; the feed carries on"] == told


def test_a_sink_that_hangs_holds_up_neither_who_puts_nor_the_end() -> None:
    clock, free = SystemClock(), threading.Event()

    class Hanging(CountingSink):
        def send(self, notice: Notice) -> None:
            free.wait(20.0)

        def close(self) -> None:
            free.set()

    post = Post([Hanging()], lambda line: None, clock)
    post.start()
    starts_s = clock.now_s()
    for number in range(1000):
        post.put(numbered(number))
    post.stop(0.2)

    assert 1.5 > clock.now_s() - starts_s


def test_a_phone_reads_what_a_terminal_reads_and_the_link() -> None:
    assert "kitefeed: ticks have stopped" == PROBLEM.title
    assert ["Kite rejects it", "log in", "https://kite.invalid/?v=3", "Mon 02 Mar, 11:20:10 IST"] == (
        PROBLEM.body.splitlines()
    )


def test_a_program_reads_json() -> None:
    assert {
        "schema": 1,
        "kind": "problem",
        "what": "ticks have stopped",
        "at": "2026-03-02T11:20:10+05:30",
        "cause": "token-expired",
        "why": "Kite rejects it",
        "next": "log in",
        "login": "https://kite.invalid/?v=3",
    } == json.loads(PROBLEM.as_json())
