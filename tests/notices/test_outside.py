from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kitefeed_cli.notices import SinkError
from kitefeed_cli.notices.outside import AppriseSink
from kitefeed_cli.problems import Exit, Problem
from tests.conftest import Canary
from tests.notices.test_post import PROBLEM

# Of a library that apprise imports.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """A web hook: its port, and what it was sent."""
    got: list[dict[str, Any]] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, got
        finally:
            server.shutdown()
            thread.join()


def test_a_web_hook_gets_the_message_and_the_link() -> None:
    with listening() as (port, got):
        AppriseSink(f"json://127.0.0.1:{port}/").send(PROBLEM)

    assert [("kitefeed: ticks have stopped", PROBLEM.body)] == [(one["title"], one["message"]) for one in got]
    assert PROBLEM.login is not None
    assert PROBLEM.login in got[0]["message"]


def test_one_that_answers_with_an_error_did_not_take_it() -> None:
    with listening(500) as (port, _), pytest.raises(SinkError, match="it was not accepted"):
        AppriseSink(f"json://127.0.0.1:{port}/").send(PROBLEM)


def test_a_url_that_is_none_is_a_problem_that_does_not_show_it(canary: Canary) -> None:
    for url, shown in ((f"nothing://{canary.api_secret}", "nothing://..."), (canary.api_secret, "the notify URL")):
        with pytest.raises(Problem) as raised:
            AppriseSink(url)

        assert f"{shown} is not a URL that apprise understands" == raised.value.why
        assert Exit.USAGE is raised.value.exit_code


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(Problem) as raised:
        AppriseSink("json://127.0.0.1:1/")

    assert "pip install apprise" in raised.value.next_step
