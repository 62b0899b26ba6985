"""What `poll` says, without a process around it."""

from __future__ import annotations

import io
from pathlib import Path

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.outputs.jsonl import JsonLines
from kitefeed_cli.policy import DEFAULT, Answer
from kitefeed_cli.polling import Ask, Course
from kitefeed_cli.session import TokenStore
from kitefeed_cli.settings import Settings
from kitefeed_cli.wiring.poller import Poller
from tests.conftest import Canary


def test_a_login_just_before_a_poll_is_no_error(tmp_path: Path, canary: Canary) -> None:
    """Kite kills the old access token at the login; a poll that carried it says nothing about the new one."""
    clock, talk = SystemClock(), io.StringIO()
    store = TokenStore(tmp_path / ".env")
    store.save(canary.access_token)
    poller = Poller(Settings("key", store.path), store, 5.0, clock, Printer(io.StringIO(), talk, clock))
    course = Course(5.0, DEFAULT)
    output = JsonLines(lambda text: None, {}, clock)

    store.save(canary.access_token[::-1])
    poller._fail(KiteError(Answer.TOKEN_DEAD, "403 TokenException"), course, output)
    assert ("", Ask.QUOTES) == (talk.getvalue(), course.ask)

    poller._fail(KiteError(Answer.TOKEN_DEAD, "403 TokenException"), course, output)
    assert 1 == talk.getvalue().count("error:")
    assert Ask.TOKEN is course.ask
