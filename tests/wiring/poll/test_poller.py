"""What `poll` says, without a process around it."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

from kitefeed_cli.clock import Clock, ScaledClock, SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.outputs.jsonl import JsonLines
from kitefeed_cli.policy import DEFAULT, Answer, Cause
from kitefeed_cli.polling import Ask, Course
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings, read_settings
from kitefeed_cli.ticks.board import Board
from kitefeed_cli.ticks.quotes import Quote, QuoteBatch
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.poll.poller import Poller
from kitefeed_cli.wiring.poll.voice import PollVoice
from tests.conftest import Canary


def voice_of(clock: Clock, talk: io.StringIO, texts: list[str] | None = None) -> PollVoice:
    output = JsonLines((texts if texts is not None else []).append, {}, clock)
    return PollVoice(output, Board(clock), Printer(io.StringIO(), talk, clock), clock, 5.0, lambda: None)


def test_a_login_just_before_a_poll_is_no_error(tmp_path: Path, canary: Canary) -> None:
    """Kite kills the old access token at the login; a poll that carried it says nothing about the new one."""
    clock, talk = SystemClock(), io.StringIO()
    store = TokenStore(tmp_path / ".env")
    store.save(canary.access_token)
    poller = Poller(Settings("key", store.path), store, 5.0, clock, Printer(io.StringIO(), talk, clock))
    course = Course(5.0, DEFAULT)
    voice = voice_of(clock, talk)

    store.save(canary.access_token[::-1])
    poller._fail(KiteError(Answer.TOKEN_DEAD, "403 TokenException"), course, voice)
    assert ("", Ask.QUOTES) == (talk.getvalue(), course.ask)

    poller._fail(KiteError(Answer.TOKEN_DEAD, "403 TokenException"), course, voice)
    assert 1 == talk.getvalue().count("error:")
    assert Ask.TOKEN is course.ask


def test_a_logout_just_before_a_poll_is_told(tmp_path: Path, canary: Canary) -> None:
    """Kite kills the access token first and the store is emptied then: a poll between two looks at it is rejected."""
    clock, talk = SystemClock(), io.StringIO()
    store = TokenStore(tmp_path / ".env")
    store.save(canary.access_token)
    poller = Poller(Settings("key", store.path), store, 5.0, clock, Printer(io.StringIO(), talk, clock))
    course = Course(5.0, DEFAULT)

    store.clear()
    poller._quotes.watch.look()  # an emptied store counts when the next look finds it so too
    poller._fail(KiteError(Answer.TOKEN_DEAD, "403 TokenException"), course, voice_of(clock, talk))

    assert "error: no access token is saved, so there are no quotes" in talk.getvalue()
    assert (Ask.TOKEN, Cause.TOKEN_MISSING) == (course.ask, course.cause)


def test_quotes_that_would_go_back_in_exchange_time_are_held_back(tmp_path: Path) -> None:
    """Kite's REST answers from more than one cache."""
    texts: list[str] = []
    clock = ScaledClock(20, SystemClock().wall())
    with LocalKite(clock) as kite:
        settings = read_settings(tmp_path / ".env", environment(kite), instruments=["NSE:INFY"])
        store = TokenStore(settings.env_file)
        store.save(kite.access_token)
        poller = Poller(settings, store, 5.0, clock, Printer(io.StringIO(), io.StringIO(), clock))
        batches, _ = poller._quotes.batches(5.0)
        voice = voice_of(clock, io.StringIO(), texts)
        newer = Quote("NSE:INFY", 408065, 5.0, "quote", exchange_at=clock.wall() + timedelta(minutes=9))
        for output_gets in (1, 0):
            texts.clear()
            poller._poll(batches, Course(5.0, DEFAULT), voice)
            assert output_gets == "".join(texts).count('"kind":"tick"')
            voice.order.sift(QuoteBatch([newer], clock.now_s()))
            clock.sleep(1.1)  # Kite allows one request a second

    assert {"older-quote": 1} == voice.order.held_back
