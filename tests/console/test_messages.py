"""The sentences, as a user reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kitefeed_cli.clock import IST
from kitefeed_cli.console.messages import BEGAN, CATALOGUE, STATUS, exit_code, problem, status_line
from kitefeed_cli.policy.actions import Note, Report, Say
from kitefeed_cli.policy.causes import Cause, Remedy
from kitefeed_cli.problems import Exit

AT = datetime(2026, 3, 2, 11, 20, 10, tzinfo=IST)


def report(
    cause: Cause, detail: str = "", lost: Cause | None = None, retry_in_s: float = 0.0, suppressed: int = 0
) -> Report:
    return Report(cause, detail, 0.0, lost, "connection reset", retry_in_s, suppressed)


def block(report: Report) -> str:
    told = problem(report, AT)
    return f"error: {told.what}\n  why: {told.why}\n next: {told.next_step}\n"


def test_an_expired_token_reads_like_this() -> None:
    expected = (
        "error: Kite no longer accepts your access token, so live ticks have stopped\n"
        "  why: the feed dropped at 11:20:10; Kite rejects the token (403 TokenException)\n"
        " next: run `kitefeed login`; this command notices and carries on by itself\n"
    )
    assert expected == block(report(Cause.TOKEN_EXPIRED, "403 TokenException", Cause.FEED_DROPPED, 5))


def test_a_feed_that_was_never_live_has_not_stopped() -> None:
    expected = (
        "error: Kite no longer accepts your access token, so no live ticks yet\n"
        "  why: Kite rejects the token (403 TokenException)\n"
        " next: run `kitefeed login`; this command notices and carries on by itself\n"
    )
    assert expected == block(report(Cause.TOKEN_EXPIRED, "403 TokenException"))


def test_problems_kept_back_are_counted_in_the_next_one() -> None:
    two = problem(report(Cause.KITE_UNREACHABLE, "timed out", suppressed=2), AT).why
    one = problem(report(Cause.KITE_UNREACHABLE, suppressed=1), AT).why

    assert "REST does not answer (timed out) (2 more kept back in the last hour)" == two
    assert "REST does not answer (1 more kept back in the last hour)" == one


@pytest.mark.parametrize(
    ("told", "why", "next_step"),
    [
        (
            report(Cause.KITE_UNREACHABLE, "timed out", Cause.FEED_DROPPED, 15),
            "the feed dropped at 11:20:10; REST does not answer (timed out)",
            "check this computer's network; the next try is in 15s",
        ),
        (
            report(Cause.FEED_DROPPED, "", Cause.FEED_DROPPED, 5),
            "the feed dropped at 11:20:10 (1006 connection reset)",
            "nothing to do: the next try is in 5s",
        ),
        (
            report(Cause.FEED_DROPPED, "closed with 1001", Cause.FEED_DROPPED),
            "the feed dropped at 11:20:10 (closed with 1001)",
            "nothing to do: kitefeed keeps trying by itself",
        ),
        (
            report(Cause.FEED_SILENT, "no frame for 5 s", Cause.FEED_SILENT),
            "the feed has been silent since 11:20:10 (no frame for 5 s)",
            "nothing to do: kitefeed keeps trying by itself",
        ),
        (
            report(Cause.FEED_MUTE, "heartbeats but no ticks", Cause.FEED_MUTE),
            "no tick has come since 11:20:10",
            "nothing to do: kitefeed keeps trying by itself",
        ),
        (
            report(Cause.FEED_REFUSED, "403 Forbidden", Cause.FEED_DROPPED, 300),
            "REST accepts the token, the WebSocket refuses it (403 Forbidden)",
            "wait, or try a fresh `kitefeed login`; the next try is in 5m 00s",
        ),
        (
            report(Cause.FEED_BUSY, "429 TooManyRequests", None, 30),
            "Kite allows 3 connections per API key (429 TooManyRequests)",
            "stop another program on this API key; the next try is in 30s",
        ),
        (
            report(Cause.NO_PERMISSION, "403 PermissionException"),
            'Kite: "Insufficient permission for that call." (403 PermissionException)',
            "switch to the Connect plan at https://developers.kite.trade",
        ),
        (
            report(Cause.TOKEN_MISSING, "no access token is saved", Cause.FEED_DROPPED),
            "the feed dropped at 11:20:10; the token store holds no KITE_ACCESS_TOKEN",
            "run `kitefeed login`; this command notices and carries on by itself",
        ),
    ],
)
def test_the_fact_that_decided_and_the_next_step(told: Report, why: str, next_step: str) -> None:
    shown = problem(told, AT)

    assert (why, next_step) == (shown.why, shown.next_step)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("lost", [None, *BEGAN])
@pytest.mark.parametrize(
    "detail", ["x y\n" * 200, "W" * 400, "certificate not yet valid (is this computer's clock right?)"]
)
@pytest.mark.parametrize("part", ["", "3,000 of 9,000 instruments"])
@pytest.mark.parametrize("suppressed", [0, 1, 719])
def test_every_block_is_three_lines_of_80_columns(
    cause: Cause, lost: Cause | None, detail: str, part: str, suppressed: int
) -> None:
    told = replace(report(cause, detail, lost, 300, suppressed), part=part)
    lines = block(told).splitlines()

    assert 3 == len(lines)
    assert 80 >= max(map(len, lines))
    assert "{" not in "".join(lines)
    assert not suppressed or f"({suppressed} more kept back" in lines[1]


def test_a_part_of_the_instruments_is_told_in_numbers() -> None:
    shown = problem(replace(report(Cause.FEED_SILENT), part="3,000 of 9,000 instruments"), AT)

    assert "the feed went silent, so no ticks for 3,000 of 9,000" == shown.what


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_says_whether_ticks_stopped_or_never_came(cause: Cause) -> None:
    assert problem(report(cause), AT).what.endswith(", so no live ticks yet")
    assert problem(report(cause, lost=Cause.FEED_DROPPED), AT).what.endswith(", so live ticks have stopped")


def test_a_long_detail_of_a_library_is_cut() -> None:
    why = problem(report(Cause.FEED_FAILED, "  Max retries\n exceeded with url" + " and so on" * 9), AT).why

    assert "it refused the handshake (Max retries exceeded with url and so on and...)" == why


def test_the_catalogues_are_complete() -> None:
    assert set(Cause) == set(CATALOGUE)
    assert set(Note) == set(STATUS)


@pytest.mark.parametrize("cause", Cause)
def test_the_login_is_advised_exactly_where_a_login_helps(cause: Cause) -> None:
    advised = CATALOGUE[cause].next.startswith("run `kitefeed login`")

    assert (cause.remedy is Remedy.LOG_IN) == advised
    assert (cause.remedy is Remedy.LOG_IN) == (exit_code(cause) is Exit.LOGIN)


def test_a_problem_carries_its_cause_and_exit_code() -> None:
    shown = problem(report(Cause.NO_PERMISSION), AT)

    assert ("no-permission", Exit.REFUSED) == (shown.cause, shown.exit_code)


def test_times_are_shown_in_ist_whatever_zone_they_come_in() -> None:
    dropped = report(Cause.FEED_DROPPED, "", Cause.FEED_DROPPED)

    assert "at 11:20:10" in problem(dropped, AT.astimezone(UTC)).why


@pytest.mark.parametrize(
    ("say", "line"),
    [
        (Say(Note.PREFLIGHT), "Pre-flight token validation"),
        (Say(Note.TOKEN_OK, "Asha Rao"), "Token validated - User: Asha Rao"),
        (Say(Note.CONNECTED), "Connected to Zerodha KiteTicker"),
        (Say(Note.LIVE), "Market feed is now LIVE"),
        (
            Say(Note.LIVE_AGAIN, "reset", 710, 1),
            "Market feed is now LIVE - live again after 11m 50s (1 try)",
        ),
        (Say(Note.LIVE_AGAIN, "", 0.42, 3), "Market feed is now LIVE - live again after 0.4s (3 tries)"),
        (Say(Note.STEADY, "", 60, 3), "Market feed has been LIVE for 1m 00s - the outage of 3 drops is over"),
        (Say(Note.TOKEN_FAILED, "403 TokenException"), "Token validation FAILED: TokenException"),
        (Say(Note.TOKEN_FAILED, "no answer in time"), "Token validation FAILED: TokenException"),
        (Say(Note.SKIPPING, "token-expired"), "Token is expired - skipping WebSocket connection"),
        (Say(Note.SKIPPING, "token-missing"), "No access token is saved - skipping WebSocket connection"),
        (
            Say(Note.SKIPPING, "token-malformed"),
            "The saved access token is damaged - skipping WebSocket connection",
        ),
        (
            Say(Note.POLLING, "kite-rest", 5.0),
            "Using REST API polling mode for market data (source: kite-rest, every 5 s)",
        ),
        (Say(Note.POLLING, "kite-rest"), "Using REST API polling mode for market data (source: kite-rest)"),
        (Say(Note.RETRY, seconds=5.0), "Next retry in 5 seconds"),
        (Say(Note.RETRY, seconds=1.0), "Next retry in 1 second"),
        (Say(Note.RECHECK, seconds=60.0), "Next retry in 60 seconds (asks Kite about the access token only)"),
        (Say(Note.LOGGED_IN), "AUTH STATE CHANGE DETECTED: User logged in!"),
        (Say(Note.REFRESHED), "Token refreshed - attempting WebSocket reconnection"),
        (Say(Note.WOKE, seconds=7380), "The computer slept for 2h 03m - checking the feed"),
    ],
)
def test_status_lines_keep_the_phrases_word_for_word(say: Say, line: str) -> None:
    assert line == status_line(say)


@pytest.mark.parametrize("note", Note)
def test_every_note_is_one_line_that_fits_beside_the_time(note: Note) -> None:
    line = status_line(Say(note, "a\nb", 5, 2))

    assert 80 >= len("11:20:10 " + line)
    assert "\n" not in line


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("403 TokenException", "The newly saved access token does not work either - still signed out"),
        ("no access token is saved", "No access token is saved - still signed out"),
        (
            "what is saved cannot be an access token",
            "What is saved cannot be an access token - still signed out",
        ),
    ],
)
def test_a_token_store_that_was_emptied_is_not_called_newly_saved(detail: str, expected: str) -> None:
    assert expected == status_line(Say(Note.STILL_REJECTED, detail))
