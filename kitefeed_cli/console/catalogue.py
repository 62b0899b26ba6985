"""Writes `docs/messages.md` from the catalogue: `python -m kitefeed_cli.console.catalogue [--check]`.

With `--check` nothing is written, and the exit code is 1 when the page is stale.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from ..clock import IST
from ..policy.actions import Note, Report, Say
from ..policy.causes import Cause
from .messages import BEGAN, problem, status_line
from .pages import PAGES
from .pages.markdown import as_markdown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "messages.md"

_AT = datetime(2026, 3, 2, 11, 20, 10, tzinfo=IST)
_DETAILS = {
    Cause.FEED_DROPPED: "connection reset",
    Cause.FEED_SILENT: "no frame for 5 s",
    Cause.FEED_REFUSED: "403 Forbidden",
    Cause.FEED_BUSY: "429 TooManyRequests",
    Cause.FEED_FAILED: "502 Bad Gateway",
    Cause.FEED_UNREACHABLE: "no answer in time",
    Cause.KITE_UNREACHABLE: "no answer in time",
    Cause.TOKEN_EXPIRED: "403 TokenException",
    Cause.NO_PERMISSION: "403 PermissionException",
}
_SAID = {
    Note.PREFLIGHT: Say(Note.PREFLIGHT),
    Note.TOKEN_OK: Say(Note.TOKEN_OK, "<name>"),
    Note.TOKEN_FAILED: Say(Note.TOKEN_FAILED, "403 TokenException"),
    Note.SKIPPING: Say(Note.SKIPPING, Cause.TOKEN_EXPIRED.value),
    Note.LIVE_AGAIN: Say(Note.LIVE_AGAIN, "", 710, 1),
    Note.STEADY: Say(Note.STEADY, seconds=60, tries=3),
    Note.POLLING: Say(Note.POLLING, "kite-rest", 5),
    Note.RETRY: Say(Note.RETRY, seconds=5),
    Note.RECHECK: Say(Note.RECHECK, seconds=5),
    Note.WOKE: Say(Note.WOKE, seconds=7380),
}
_HEAD = """\
# Messages

Generated from the program by `python -m kitefeed_cli.console.catalogue`; do not edit.

Talk goes to stderr, data to stdout. An error is three lines: what happened to you, the one fact that decided it, the
one next step. There is one error an outage, or two when it first seemed that waiting would do. Whatever happens, there
are at most six an hour; those kept back are counted in the next one.
"""
_ERRORS_HEAD = """\
## Errors

By cause; `cause` is also the word of the JSON records.
"""
_PAGES_HEAD = """\
## What Kite and its clients say

Errors as Kite, its official clients and their libraries print them. `kitefeed explain` followed by any of them, or by
one of the causes above, prints its page; `kitefeed explain -` takes what you paste.
"""
_STATUS_HEAD = """\
## Status lines

One line each, only when something changes, after the time in IST. `--quiet` silences them.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, _ERRORS_HEAD]
    for cause in Cause:
        parts.append(f"### {cause.value}\n\nWho can end it: {_WHO[cause.remedy.value]}\n\n{_example(cause)}")
    lines = "\n".join(f"11:20:10 {status_line(_SAID.get(note, Say(note)))}" for note in Note)
    parts.append(f"{_STATUS_HEAD}\n```\n{lines}\n```\n")
    parts += [_PAGES_HEAD, as_markdown(PAGES)]
    return "\n".join(parts)


_WHO = {
    "wait": "nobody but the network or Kite; kitefeed keeps trying.",
    "fix": "you, by changing a plan or a setting.",
    "log in": "you, by logging in.",
}


def _example(cause: Cause) -> str:
    lost = cause if cause in BEGAN else Cause.FEED_DROPPED
    told = problem(Report(cause, _DETAILS.get(cause, ""), 0.0, lost, "", 5.0, 0), _AT)
    return f"```\nerror: {told.what}\n  why: {told.why}\n next: {told.next_step}\n```\n"


def main(arguments: list[str]) -> int:
    """The exit code."""
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page():
            return 0
        sys.stderr.write(f"{PAGE.name} is stale: run `python -m kitefeed_cli.console.catalogue`\n")
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
