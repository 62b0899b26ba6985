"""What Kite says in words is told, but not as often as Kite says it."""

from __future__ import annotations

from datetime import datetime

from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.console.hearsay import Hearsay
from kitefeed_cli.redact import REDACTOR

STARTS_AT = datetime(2026, 3, 2, 9, 20, tzinfo=IST)


def test_a_text_that_is_repeated_is_told_once_an_hour() -> None:
    clock = VirtualClock(STARTS_AT)
    hearsay = Hearsay(clock)

    assert "Kite says: too many instruments" == hearsay.line("too  many\ninstruments")
    clock.advance_to(3599.0)
    assert hearsay.line("too many instruments") is None
    clock.advance_to(3600.0)
    assert "Kite says: too many instruments" == hearsay.line("too many instruments")


def test_a_flood_of_different_texts_is_cut_off() -> None:
    clock = VirtualClock(STARTS_AT)
    hearsay = Hearsay(clock)

    lines = [hearsay.line(f"text {number}") for number in range(1000)]

    assert 10 == sum(line is not None for line in lines)
    clock.advance_to(3600.0)
    assert "Kite says: text 1000" == hearsay.line("text 1000")


def test_a_long_text_is_cut_after_its_secrets_are_out() -> None:
    secret = "hearsaySECRET" + "x" * 300
    REDACTOR.add(secret)

    line = Hearsay(VirtualClock(STARTS_AT)).line("y" * 150 + secret + "z" * 60_000) or ""

    assert "hearsaySECRET" not in line
    assert line.startswith("Kite says: yyy")
    assert len("Kite says: ") + 200 >= len(line)
