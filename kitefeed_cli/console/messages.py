"""Every sentence the program says while it runs: the errors, as a catalogue, and the status lines.

Both are data with format fields, so that `docs/messages.md` is generated from them and a better word is a change
of one line. The rest of the program knows causes and notes, never sentences.

A problem is three lines of at most 80 columns: what happened to the user, the one fact that decided it, the one next
step. Kite's own words (`TokenException`, `1006`, `403 Forbidden`) stand beside ours so that a search for them lands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ..clock import IST
from ..policy.actions import Note, Report, Say
from ..policy.causes import Cause, Remedy
from ..problems import Exit, Problem
from .words import clock_time, duration, shortened

_MAX_DETAIL = 48  # characters of a library's text that are worth a place in a sentence
_MIN_DETAIL = 32  # a shorter beginning says nothing
MOST_COLUMNS = 73  # beside the label of 80: what decides nothing is left out rather than wrapped

_STOPPED = "so live ticks have stopped"
_NOT_YET = "so no live ticks yet"
_PARTLY = "so no ticks for {part}"

_WAIT = "nothing to do: {retry}"
_LOGIN = "run `kitefeed login`; this command notices and carries on by itself"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one cause. Fields: `{ticks}` in `what`, `{retry}` in `next`.

    `fact` is what decided. The detail that came with the report follows in brackets, unless `fact` says it all.
    """

    what: str
    fact: str
    next: str
    says_it_all: bool = False


CATALOGUE: dict[Cause, Entry] = {
    Cause.FEED_DROPPED: Entry(
        what="the feed drops and does not stay up, {ticks}",
        fact="the connection dropped before its first tick",
        next=_WAIT,
    ),
    Cause.FEED_SILENT: Entry(
        what="the feed went silent, {ticks}",
        fact="not even a heartbeat comes",
        next=_WAIT,
    ),
    Cause.FEED_MUTE: Entry(
        what="the feed sends heartbeats but no ticks, {ticks}",
        fact="REST shows that the market trades",
        next=_WAIT,
        says_it_all=True,
    ),
    Cause.FEED_REFUSED: Entry(
        what="Kite accepts your login but not the feed, {ticks}",
        fact="REST accepts the token, the WebSocket refuses it",
        next="wait, or try a fresh `kitefeed login`; {retry}",
    ),
    Cause.FEED_BUSY: Entry(
        what="your API key has no free feed connection, {ticks}",
        fact="Kite allows 3 connections per API key",
        next="stop another program on this API key; {retry}",
    ),
    Cause.FEED_FAILED: Entry(
        what="Kite's feed server answers with an error, {ticks}",
        fact="it refused the handshake",
        next=_WAIT,
    ),
    Cause.FEED_UNREACHABLE: Entry(
        what="Kite's feed server cannot be reached, {ticks}",
        fact="the handshake failed",
        next=_WAIT,
    ),
    Cause.KITE_UNREACHABLE: Entry(
        what="Kite cannot be reached, {ticks}",
        fact="REST does not answer",
        next="check this computer's network; {retry}",
    ),
    Cause.TOKEN_EXPIRED: Entry(
        what="Kite no longer accepts your access token, {ticks}",
        fact="Kite rejects the token",
        next=_LOGIN,
    ),
    Cause.TOKEN_MISSING: Entry(
        what="no access token is saved, {ticks}",
        fact="the token store holds no KITE_ACCESS_TOKEN",
        next=_LOGIN,
        says_it_all=True,
    ),
    Cause.TOKEN_MALFORMED: Entry(
        what="the saved access token is damaged, {ticks}",
        fact="KITE_ACCESS_TOKEN is not 8-128 letters and digits",
        next=_LOGIN,
        says_it_all=True,
    ),
    Cause.NO_PERMISSION: Entry(
        what="your Kite plan has no market data, {ticks}",
        fact='Kite: "Insufficient permission for that call."',
        next="switch to the Connect plan at https://developers.kite.trade",
    ),
}

# How an outage begins. Only an open feed can be lost.
BEGAN: dict[Cause, str] = {
    Cause.FEED_DROPPED: "the feed dropped at {at}",
    Cause.FEED_SILENT: "the feed has been silent since {at}",
    Cause.FEED_MUTE: "no tick has come since {at}",
}

# Word for word the phrases that users and their log filters look for; ours only where they have none.
STATUS: dict[Note, str] = {
    Note.PREFLIGHT: "Pre-flight token validation",
    Note.TOKEN_OK: "Token validated - User: {detail}",
    Note.TOKEN_FAILED: "Token validation FAILED: {exception}",
    Note.SKIPPING: "{reason} - skipping WebSocket connection",
    Note.CONNECTED: "Connected to Zerodha KiteTicker",
    Note.LIVE: "Market feed is now LIVE",
    Note.LIVE_AGAIN: "Market feed is now LIVE - live again after {duration} ({tries})",
    Note.PARTLY: "Market feed is LIVE for {detail}",
    Note.STEADY: "Market feed has been LIVE for {duration} - the outage of {tries} is over",
    Note.POLLING: "Using REST API polling mode for market data (source: {detail}{every})",
    Note.RETRY: "Next retry in {seconds}",
    Note.RECHECK: "Next retry in {seconds} (asks Kite about the access token only)",
    Note.LOGGED_IN: "AUTH STATE CHANGE DETECTED: User logged in!",
    Note.REFRESHED: "Token refreshed - attempting WebSocket reconnection",
    Note.TOKEN_KEPT: "New access token saved - the open feed carries on with the old one",
    Note.STILL_REJECTED: "{saved} - still signed out",
    Note.MARKET_CLOSED: "The market is closed - connected and waiting for the first tick",
    Note.WOKE: "The computer slept for {duration} - checking the feed",
}

_KEPT_BACK = " ({} more kept back{})"
_WHEN = (" in the last hour", "")

_SKIPPED = {
    Cause.TOKEN_MISSING.value: "No access token is saved",
    Cause.TOKEN_MALFORMED.value: "The saved access token is damaged",
}


def problem(report: Report, lost_at: datetime, fact: str = "") -> Problem:
    """The three sentences of one error. `lost_at` (aware) is `report.since_s` on the wall; `fact` is what decided,
    where that is not the catalogue's."""
    entry = CATALOGUE[report.cause]
    ticks = _NOT_YET if report.lost is None else _STOPPED
    if report.part:
        ticks = _PARTLY.format(part=report.part.removesuffix(" instruments"))
    return Problem(
        what=entry.what.format(ticks=ticks),
        why=_why(report, clock_time(lost_at.astimezone(IST)), fact or entry.fact),
        next_step=entry.next.format(retry=_retry(report.retry_in_s)),
        exit_code=exit_code(report.cause),
        cause=report.cause.value,
    )


def exit_code(cause: Cause) -> Exit:
    """What a command that does not wait ends with."""
    match cause.remedy:
        case Remedy.LOG_IN:
            return Exit.LOGIN
        case Remedy.FIX:
            return Exit.REFUSED
        case Remedy.WAIT:
            return Exit.REFUSED if cause in (Cause.FEED_REFUSED, Cause.FEED_BUSY) else Exit.UNREACHABLE


def status_line(say: Say) -> str:
    """One status line, without the time the printer puts before it."""
    return STATUS[say.note].format(
        detail=shortened(say.detail, _MAX_DETAIL),
        exception=_exception(say.detail),
        reason=_SKIPPED.get(say.detail, "Token is expired"),
        saved=_saved(shortened(say.detail, _MAX_DETAIL)),
        duration=duration(say.seconds),
        seconds=_plural(round(say.seconds), "second"),
        every=f", every {say.seconds:g} s" if say.seconds else "",
        tries=_plural(say.tries, *(("drop", "drops") if say.note is Note.STEADY else ("try", "tries"))),
    )


def _why(report: Report, at: str, fact: str) -> str:
    """The richest of several sentences that still fits; the deciding fact is in all of them."""
    fact = shortened(fact, MOST_COLUMNS)
    detail = _in_brackets(report.cause, report.detail)
    room = MOST_COLUMNS - len(fact) - len(" ()")
    cut = _in_brackets(report.cause, report.detail, room) if room >= _MIN_DETAIL else ""
    began = BEGAN.get(report.lost, "live ticks stopped at {at}").format(at=at) if report.lost else ""
    if report.lost is report.cause:
        tries = [began + _in_brackets(report.cause, report.detail or report.lost_detail), began]
    elif began:
        tries = [f"{began}; {fact}{detail}", fact + detail, fact + cut, fact]
    else:
        tries = [fact + detail, fact + cut, fact]
    if report.suppressed:
        tries = [words + _KEPT_BACK.format(report.suppressed, when) for words in tries for when in _WHEN]
    return next((words for words in tries if len(words) <= MOST_COLUMNS), tries[-1])


def _in_brackets(cause: Cause, detail: str, most: int = _MAX_DETAIL) -> str:
    detail = shortened(detail, most)
    # Kite's own clients call every close without a close code 1006; people search for that number.
    if cause is Cause.FEED_DROPPED and not re.search(r"\b1\d{3}\b", detail):
        detail = f"1006 {detail}".rstrip()
    return f" ({detail})" if detail and not CATALOGUE[cause].says_it_all else ""


def _retry(seconds: float) -> str:
    return f"the next try is in {duration(seconds)}" if seconds else "kitefeed keeps trying by itself"


def _exception(detail: str) -> str:
    """Kite's `error_type` in a detail such as "403 TokenException"."""
    found = re.search(r"\b\w+Exception\b", detail)
    return found.group() if found else "TokenException"


def _saved(detail: str) -> str:
    """What the token store holds now that does not do; emptied or damaged, it holds no new token to speak of."""
    rejected = "The newly saved access token does not work either"
    return f"{detail[0].upper()}{detail[1:]}" if detail and "Exception" not in detail else rejected


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
