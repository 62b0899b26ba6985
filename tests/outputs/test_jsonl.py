"""The records of `--json`, field for field."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.outputs import Output
from kitefeed_cli.outputs.jsonl import JsonLines
from kitefeed_cli.problems import Problem
from kitefeed_cli.ticks.batch import batch_of_rows
from kitefeed_cli.ticks.gaps import Gap
from kitefeed_cli.ticks.lane import Counters
from kitefeed_cli.ticks.last import FEED, REST, Last
from kitefeed_cli.ticks.layouts import FULL, INDEX_FULL, INDEX_QUOTE, LTP, QUOTE, Row

NAMES = {408065: "NSE:INFY", 0x1203: "CDS:USDINR26MARFUT"}
STARTS = datetime(2026, 3, 2, 11, 19, 50, tzinfo=IST)


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


class Written:
    """A JSON-lines output at 11:20:00, ten seconds into the run."""

    def __init__(self) -> None:
        self.clock = VirtualClock(STARTS)
        self.clock.advance_to(10.0)
        self.texts: list[str] = []
        self.output: Output = JsonLines(self.texts.append, NAMES, self.clock)

    def records(self) -> list[Any]:
        assert all(text.endswith("\n") for text in self.texts)
        return [json.loads(line) for line in "".join(self.texts).splitlines()]


def test_further_fields_stand_in_every_record_that_is_written_meanwhile() -> None:
    written = Written()
    assert isinstance(written.output, JsonLines)
    written.output.more = ',"redelivered":true'
    written.output.accept(Values([Last(408065, 1523.4, FEED, 9.0, "ltp")]))
    written.output.accept(batch_of_rows([(LTP, (408065, 152340))]))
    written.output.more = ""
    written.output.shown("live", None)

    assert [True, True, None] == [record.get("redelivered") for record in written.records()]


def test_a_full_tick_has_everything_and_the_first_record_names_the_schema() -> None:
    written = Written()
    full = Last(
        408065,
        1523.4000000001,
        FEED,
        9.8,
        "full",
        exchange_at=datetime(2026, 3, 2, 11, 19, 58, tzinfo=IST),
        last_trade_at=datetime(2026, 3, 2, 11, 19, 57, tzinfo=IST),
        close=1516.5755,
        open=1520.0,
        high=1530.05,
        low=1511.0,
        volume=5_000_000,
        oi=0,
    )
    written.output.accept(Values([full]))

    assert [
        '{"kind":"tick","schema":1,"at":"2026-03-02T11:19:58+05:30","instrument":"NSE:INFY",'
        '"instrument_token":408065,"last_price":1523.4,"change_percent":0.45,"source":"feed","age_s":0.2,'
        '"mode":"full","snapshot":false,"exchange_at":"2026-03-02T11:19:58+05:30",'
        '"last_trade_at":"2026-03-02T11:19:57+05:30",'
        '"ohlc":{"open":1520.0,"high":1530.05,"low":1511.0,"close":1516.58},"volume":5000000,"oi":0}\n'
    ] == written.texts


def test_a_bare_tick_leaves_out_what_kite_did_not_send_and_tells_when_it_came() -> None:
    written = Written()
    written.output.accept(Values([Last(0x1203, 83.25254, REST, 9.75, "ltp", snapshot=True)]))

    assert [
        {
            "kind": "tick",
            "schema": 1,
            "at": "2026-03-02T11:19:59.750+05:30",
            "instrument": "CDS:USDINR26MARFUT",
            "instrument_token": 0x1203,
            "last_price": 83.2525,
            "change_percent": None,
            "source": "rest",
            "age_s": 0.25,
            "mode": "ltp",
            "snapshot": True,
        }
    ] == written.records()


def test_status_records_and_the_schema_only_once() -> None:
    written = Written()
    written.output.shown("connecting", None)
    written.output.shown("signed-out", "token-expired")
    written.output.shown("signed-out", "token-expired", "upstox")

    assert [
        {
            "kind": "status",
            "schema": 1,
            "state": "connecting",
            "at": "2026-03-02T11:20:00+05:30",
            "why": None,
        },
        {
            "kind": "status",
            "state": "signed-out",
            "at": "2026-03-02T11:20:00+05:30",
            "why": "token-expired",
        },
        {
            "kind": "status",
            "state": "signed-out",
            "at": "2026-03-02T11:20:00+05:30",
            "why": "token-expired",
            "source": "upstox",
        },
    ] == written.records()


def test_a_value_of_a_secondary_source_says_so_and_for_when_it_vouches() -> None:
    written = Written()
    as_of = datetime(2026, 3, 2, 11, 5, tzinfo=IST)
    written.output.accept(Values([Last(408065, 1523.4, "desk", 9.75, "ltp", as_of=as_of)]))
    (record,) = written.records()

    assert ("desk", "2026-03-02T11:05:00+05:30", "2026-03-02T11:05:00+05:30") == (
        record["source"],
        record["at"],
        record["as_of"],
    )
    assert "exchange_at" not in record


def test_gap_records() -> None:
    written = Written()
    gap = Gap(STARTS, STARTS + timedelta(seconds=8.5004), 8.5004, "feed-dropped", ("rest",), (408065, 7), 2, open=True)
    written.output.gap(gap)

    assert [
        {
            "kind": "gap",
            "schema": 1,
            "from": "2026-03-02T11:19:50+05:30",
            "to": "2026-03-02T11:19:58.500+05:30",
            "lasted_s": 8.5,
            "cause": "feed-dropped",
            "bridged_by": ["rest"],
            "open": True,
            "connection": 2,
            "instruments": ["NSE:INFY", "7"],
        }
    ] == written.records()


def test_last_known_values_say_so_and_how_old_they_are() -> None:
    written = Written()
    written.clock.advance_to(720.0)
    written.output.stale(iter([Last(408065, 1523.4, FEED, 10.0, "ltp")]))
    (record,) = written.records()

    assert ("last-known", 710.0, "2026-03-02T11:20:00+05:30") == (
        record["source"],
        record["age_s"],
        record["at"],
    )


def test_one_batch_is_one_write_and_an_empty_one_is_none() -> None:
    written = Written()
    written.output.accept(Values([]))
    written.output.accept(Values([Last(token, 1.0, FEED, 10.0, "ltp") for token in (1, 2, 3)]))

    assert 1 == len(written.texts)
    assert ["1", "2", "3"] == [record["instrument"] for record in written.records()]


def test_a_tiny_loss_is_not_minus_zero() -> None:
    written = Written()
    written.output.accept(Values([Last(408065, 99.999, FEED, 10.0, "quote", close=100.0)]))

    assert '"change_percent":0.0,' in written.texts[0]


def test_a_health_record_has_the_counters_of_every_output() -> None:
    written = Written()
    counters = Counters("drop-oldest", 3_000, 20, 10, 2, 1, 256, 1.23456, 6.54321)
    written.output.health({"stdout": counters})

    expected = {
        "policy": "drop-oldest",
        "delivered": 3_000,
        "dropped": 20,
        "conflated": 10,
        "failed": 2,
        "failures": 1,
        "waiting": 256,
        "busy_s": 1.235,
        "lag_s": 6.543,
    }
    record = {"kind": "health", "schema": 1, "at": "2026-03-02T11:20:00+05:30", "outputs": {"stdout": expected}}
    assert [record] == written.records()


def test_problems_are_not_data() -> None:
    written = Written()
    written.output.problem(Problem("what", "why", "next"))
    written.output.close()

    assert [] == written.texts


def test_ticks_straight_from_the_wire_read_byte_for_byte_as_any_other_values() -> None:
    chance = random.Random(7)
    for _ in range(300):
        rows: list[Row] = []
        for _ in range(chance.randrange(1, 12)):
            layout = chance.choice([LTP, INDEX_QUOTE, INDEX_FULL, QUOTE, FULL])
            segment = chance.choice([1, 3, 6, 9, 12])
            at = chance.choice([0, 1772430598, 1772430599])
            words = [chance.choice([0, 1, chance.randrange(2**31)]) for _ in range(len(layout.names) + 30)]
            words[0] = chance.choice([408065 >> 8, 0x12, chance.randrange(2**24)]) << 8 | segment
            words[4] = chance.choice([words[4], -5 if layout in (INDEX_QUOTE, INDEX_FULL) else 2**32 - 1])
            words[11], words[layout.time or 15] = chance.choice([0, at]), at
            if layout is not LTP and chance.random() < 0.2:  # a loss that rounds to nothing
                words[1], words[layout.word("close")] = 999_999, 1_000_000
            rows.append((layout, words))
        batch = batch_of_rows(rows)
        batch.received_s = chance.choice([9.8, 9.8766, 10.0, 11.0])
        batch.snapshots = {0} if chance.random() < 0.3 else ()
        straight, roundabout = Written(), Written()

        straight.output.accept(batch)
        roundabout.output.accept(Values(list(batch.lasts())))

        assert roundabout.texts == straight.texts


def test_a_name_that_comes_late_is_used_from_then_on_and_escaped() -> None:
    written = Written()
    batch = batch_of_rows([(LTP, (7 << 8 | 1, 152340))])
    written.output.accept(batch)
    with_name = JsonLines(written.texts.append, {7 << 8 | 1: 'NSE:"A"'}, written.clock)
    with_name.accept(batch)

    assert [str(7 << 8 | 1), 'NSE:"A"'] == [record["instrument"] for record in written.records()]
