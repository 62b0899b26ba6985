"""How durations, times and rupees are written."""

from __future__ import annotations

from datetime import datetime


def clock_time(at: datetime) -> str:
    """`11:20:10`."""
    return at.strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """`0.4s`, `37s`, `11m 50s`, `2h 03m`."""
    seconds = max(0.0, seconds)
    tenths = round(seconds, 1)
    if tenths < 10 and tenths != int(tenths):
        return f"{tenths:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def grouped(price: float, decimals: int) -> str:
    """Indian digit grouping, no sign of currency: `1,23,456.78`."""
    sign = "-" if price < 0 else ""
    whole, _, fraction = f"{abs(price):.{decimals}f}".partition(".")
    head, tail = whole[:-3], whole[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    groups = ",".join([*reversed(pairs), tail])
    return f"{sign}{groups}.{fraction}" if fraction else f"{sign}{groups}"


def shortened(text: str, most: int) -> str:
    """The text on one line of at most so many characters, with three dots for what is left out."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def percent(change: float | None) -> str:
    """`+0.45%`; `-` when unknown."""
    return "-" if change is None else f"{round(change, 2) + 0.0:+.2f}%"  # + 0.0: never -0.00


def source_words(name: str, delay_s: float | None) -> str:
    """`upstox, delay unknown`; `upstox, delay 15m 00s`."""
    return f"{name}, delay {'unknown' if delay_s is None else duration(delay_s)}"
