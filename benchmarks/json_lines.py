"""A decoded batch of full ticks to the text of its records, against the same records through the standard `json`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.packets import decode
from kitefeed_cli.outputs.jsonl import JsonLines

from .frames import uniform
from .report import Line
from .rounds import compare


def lines() -> Iterator[Line]:
    for count in (50, 500):
        yield from _lines(count)


def _lines(count: int) -> Iterator[Line]:
    clock = SystemClock()
    batch = decode(uniform("full", count))
    names = {token: f"NFO:OPTION{token}" for token in batch.tokens()}
    texts: list[str] = []
    output = JsonLines(texts.append, names, clock)

    def ours() -> None:
        texts.clear()
        output.accept(batch)

    def theirs() -> str:
        now_s, now = clock.now_s(), clock.wall()
        records = [output._tick(last, last.source, now_s, now) for last in batch.lasts()]
        return _written(records)

    ours()
    ready = [json.loads(line) for line in texts[0].splitlines()]
    name = f"JSON lines, {count} full ticks"
    yield Line(f"{name}, record built and written", compare(theirs, ours), "µs a tick", 1e6 / count)
    yield Line(
        f"{name}, the other's records ready made", compare(lambda: _written(ready), ours), "µs a tick", 1e6 / count
    )


def _written(records: list[dict[str, object]]) -> str:
    return "".join([json.dumps(record, separators=(",", ":")) + "\n" for record in records])
