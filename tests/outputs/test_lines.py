"""The lines of a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.console.gaps import gap_line
from kitefeed_cli.console.rows import line
from kitefeed_cli.outputs import Output
from kitefeed_cli.outputs.lines import Lines
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.gaps import QUIET, Gap
from kitefeed_cli.ticks.last import FEED, Last


@dataclass
class Values:
    """A batch."""

    values: Sequence[Last]
    source: str = FEED
    received_s: float = 0.0

    def __len__(self) -> int:
        return len(self.values)

    def lasts(self) -> Iterator[Last]:
        yield from self.values


def test_lines_carry_values_only_and_say_what_is_last_known() -> None:
    clock = VirtualClock(datetime(2026, 3, 2, 11, 20, 0, tzinfo=IST))
    texts: list[str] = []
    output: Output = Lines(texts.append, line, gap_line, {408065: "NSE:INFY", 256265: "NSE:NIFTY 50"}, clock)
    infy = Last(408065, 1523.4, FEED, 0.0, "quote", close=1516.5755)
    at = datetime(2026, 3, 2, 11, 19, 58, tzinfo=IST)

    output.shown("live", None)
    output.accept(Values([]))
    output.accept(Values([infy, Last(7, 24987.65, FEED, 0.0, "full", exchange_at=at)]))
    clock.advance_to(37.0)
    output.problem(Problem("what", "why", "next"))
    output.stale([infy])
    output.close()

    assert [
        "11:20:00  NSE:INFY          1,523.40    +0.45%  feed  0s\n"
        "11:19:58  7                24,987.65         -  feed  0s\n",
        "11:20:00  NSE:INFY          1,523.40    +0.45%  last-known  37s stale\n",
    ] == texts


def test_a_gap_has_its_line_among_the_values_unless_nothing_is_missing_there() -> None:
    clock = VirtualClock(datetime(2026, 3, 2, 11, 20, 0, tzinfo=IST))
    texts: list[str] = []
    output: Output = Lines(texts.append, line, gap_line, {}, clock)
    for cause in (QUIET, "feed-dropped"):
        output.gap(Gap(clock.wall() - timedelta(seconds=20), clock.wall(), 20.0, cause, (), (7,), 1))

    assert ["11:20:00  no ticks for 20s, since 11:19:40: feed-dropped\n"] == texts
