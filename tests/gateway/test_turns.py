from __future__ import annotations

import asyncio
from collections.abc import Callable

from kitefeed_cli.gateway.turns import Pace, Turns

from ..clocks import HandClock


class Dial(HandClock):
    """Waits are noted, and over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def sleep_async(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.at_s += seconds
        await super().sleep_async(0)


def lasting(clock: HandClock, seconds: float, said: list[str], word: str) -> Callable[[], None]:
    def work() -> None:
        clock.at_s += seconds
        said.append(word)

    return work


def test_after_each_piece_of_work_there_is_as_much_rest() -> None:
    clock = Dial()

    async def take() -> None:
        turns = Turns(clock)
        for seconds in (0.5, 0.001, 0.002, 0.25):
            await turns.take(lasting(clock, seconds, [], ""))

    asyncio.run(take())

    assert [0.5, 0.003, 0.25] == clock.waits, "small pieces share a rest"


def test_nobody_has_two_turns_while_another_waits_for_one() -> None:
    clock, said = Dial(), list[str]()

    async def ask(turns: Turns, word: str) -> None:
        for _ in range(3):
            await turns.take(lasting(clock, 0.1, said, word))

    async def both() -> None:
        turns = Turns(clock)
        await asyncio.gather(ask(turns, "a"), ask(turns, "b"))

    asyncio.run(both())

    assert "ababab" == "".join(said)


def test_many_messages_are_read_at_once_and_then_so_many_a_second() -> None:
    clock = Dial()

    async def keep(count: int) -> None:
        pace = Pace(clock)
        for _ in range(count):
            await pace.keep()

    asyncio.run(keep(200))
    assert [] == clock.waits
    began_s = clock.now_s()
    asyncio.run(keep(400))
    assert 2.0 == round(clock.now_s() - began_s, 6)
