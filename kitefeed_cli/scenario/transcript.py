"""A play as a page of text: complete, in order, the same bytes for the same play.

It lies beside the scenario file and shows every change of behaviour; keep a changed line only if you can explain it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from .log import Entry, Kind, Log
from .story import Scenario

SUFFIX = ".transcript"
_LABEL = 9  # characters of the longest label
_MOST_BYTES = 4 * 1024 * 1024
_FOLD = 3  # so many like polls in a row become one line
_INDENT = " " * (12 + 2 + _LABEL + 2)


def written(scenario: Scenario, log: Log) -> str:
    """The whole transcript, with a last line end."""
    return page(scenario.title, scenario.name, log, recorded=scenario.recorded is not None)


def page(title: str, name: str, log: Log, *, recorded: bool) -> str:
    """The same for a log whose scenario is not read from a file."""
    origin = "Recorded: written beside its scenario" if recorded else f"Generated: kitefeed simulate {name} --accept"
    head = [f"# {title}", f"# {origin}", ""]
    return "\n".join([*head, *lines(log)]) + "\n"


def lines(log: Log) -> Iterator[str]:
    """One line an entry; runs of like polls folded."""
    entries = log.entries
    at = 0
    while at < len(entries):
        run = _polls_from(entries, at)
        if len(run) >= 2 * _FOLD:
            count, last = len(run) // 2, run[-1]
            outcome = last.text.split(" ", 1)[1]
            yield _line(log, entries[at], f"{count} times {outcome}, until {_time(log, last)}")
            at += len(run)
            continue
        yield _line(log, entries[at], entries[at].text)
        at += 1


def accepted(path: Path) -> str | None:
    """The transcript that lies beside the scenario file; None when there is none."""
    beside = path.with_suffix(SUFFIX)
    if not beside.is_file():
        return None
    with beside.open("rb") as file:  # it may have come from anywhere, like the scenario itself
        return file.read(_MOST_BYTES).decode("utf-8", "replace")


def accept(path: Path, text: str) -> None:
    """Lay the transcript beside the scenario file."""
    path.with_suffix(SUFFIX).write_text(text, "utf-8", newline="\n")


def difference(before: str, after: str) -> list[str]:
    """What changed, as the lines of a diff without line ends."""
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), "accepted", "now", lineterm="", n=2))


def _polls_from(entries: Sequence[Entry], at: int) -> list[Entry]:
    """The longest run of polls, asked and answered in turns and all answered alike, that begins here."""
    run: list[Entry] = []
    outcome: str | None = None
    while at + 1 < len(entries) and (entries[at].kind, entries[at + 1].kind) == (Kind.POLL, Kind.POLLED):
        answer = entries[at + 1].text.split(" ", 1)[1]
        if outcome not in (None, answer):
            break
        outcome = answer
        run += entries[at : at + 2]
        at += 2
    return run


def _line(log: Log, entry: Entry, text: str) -> str:
    if entry.kind is Kind.WHY:
        return f"{_INDENT}({text})"
    return f"{_time(log, entry)}  {entry.kind.value.strip():<{_LABEL}}  {text}".rstrip()


def _time(log: Log, entry: Entry) -> str:
    millis = round(entry.at_s * 1000)  # of the rounded moment, so that no float shows
    at = log.wall(millis / 1000)
    return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
