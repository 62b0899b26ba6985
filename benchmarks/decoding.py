"""One frame, from its bytes to every field, against the official client's `KiteTicker._parse_binary`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from kiteconnect import KiteTicker

from kitefeed_cli.kite.packets import decode

from .frames import mixed, uniform
from .report import Line
from .rounds import compare

# Mostly full, as a day trader subscribes, and a quarter of each kind, which the official parser finds easier.
MOSTLY_FULL = {"full": 425, "quote": 50, "ltp": 15, "index": 10}
QUARTERS = {"full": 125, "quote": 125, "ltp": 125, "index": 125}


def lines() -> Iterator[Line]:
    official = KiteTicker("api_key", "access_token")._parse_binary
    every_field = {
        "500 full packets": uniform("full", 500),
        "50 full packets": uniform("full", 50),
        "10 full packets": uniform("full", 10),
        "500 packets, shuffled: 85 % full, 10 % quote, ltp, indices": mixed(MOSTLY_FULL),
        "500 packets, shuffled: a quarter each of full, quote, ltp, indices": mixed(QUARTERS),
    }
    for name, frame in every_field.items():
        yield _line(f"decode, {name}", frame, official, _columns)
    yield _line("decode, 1 full packet, price read", uniform("full", 1), official, _prices)
    for count in (1, 10, 50, 500):
        name = f"`to_dicts()`, {count} full packet{'s' * (count > 1)}"
        yield _line(name, uniform("full", count), official, _dicts)


def _columns(frame: bytes) -> None:
    for group in decode(frame).groups():
        group.words  # noqa: B018 - every field as native integers


def _prices(frame: bytes) -> list[float]:
    return decode(frame).prices()


def _dicts(frame: bytes) -> list[dict[str, Any]]:
    return decode(frame).to_dicts()


def _line(name: str, frame: bytes, theirs: Callable[[bytes], object], ours: Callable[[bytes], object]) -> Line:
    measured = compare(partial(theirs, frame), partial(ours, frame))  # no call around either
    return Line(name, measured, "µs a tick", 1e6 / int.from_bytes(frame[:2], "big"))
