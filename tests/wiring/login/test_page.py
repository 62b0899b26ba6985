"""The LOGIN button of the live page, pressed without a browser."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from kitefeed_cli.problems import Problem
from kitefeed_cli.settings import read_settings
from kitefeed_cli.wiring.local.run import environment
from kitefeed_cli.wiring.login.page import PageLogin

from ...ports import free_port
from ..doors.test_serve import Whole, eventually, whole


def ask(method: str, url: str, body: str | None = None, **headers: str) -> tuple[int, str, str]:
    """Status, where it leads, and the body; redirects are not followed."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        line.request(method, f"{parts.path}?{parts.query}", body, headers)
        answer = line.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    finally:
        line.close()


def press(feed: Whole) -> tuple[int, str, str]:
    """As the page does."""
    found = re.search(r'name="nonce" value="([^"]+)"', feed.get("/ui").decode())
    assert found is not None
    page = f"http://{feed.gateway.root}"
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": page}
    return ask("POST", f"{page}/ui/login", urlencode({"nonce": found[1]}), **form)


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Whole]:
    with whole(tmp_path, "NSE:INFY", redirect_url=f"http://127.0.0.1:{free_port()}/back") as running:
        eventually(lambda: "live" == running.state()["state"], "live")
        yield running


def test_a_login_from_the_page_brings_the_feed_and_the_browser_back(
    feed: Whole, no_secret_in: Callable[..., None]
) -> None:
    feed.kite.set_token("expired")
    feed.kite.set_faults({"feed": "dropped"})
    eventually(lambda: "signed-out" == feed.state()["state"], "signed out")

    status, link, _ = press(feed)
    assert 303 == status
    assert link.startswith(feed.kite.login_root)
    assert "Waiting for the login in the other tab" == feed.state()["login_news"]
    assert link == press(feed)[1], "pressed twice, it is the same login"

    _, redirect, _ = ask("POST", link)
    status, back, page = ask("GET", redirect)
    assert (303, f"http://{feed.gateway.root}/ui") == (status, back)
    eventually(lambda: "live" == feed.state()["state"], "live again")
    eventually(lambda: "Logged in - User: Local Trader" == feed.state()["login_news"], "told")
    no_secret_in(page, feed.get("/state"), feed.get("/ui"), feed.err.getvalue())


def test_a_forged_redirect_is_no_login(feed: Whole) -> None:
    press(feed)
    redirect_url = feed.settings.redirect_url

    assert 400 == ask("GET", f"{redirect_url}?request_token=forged00forged00forged00forged00&status=success&state=x")[0]
    assert "Waiting for the login in the other tab" == feed.state()["login_news"]


def test_a_port_that_is_busy_is_said_in_the_tab(feed: Whole) -> None:
    port = urlsplit(feed.settings.redirect_url).port
    with socket.create_server(("127.0.0.1", port or 0)):
        status, _, said = press(feed)

    assert 409 == status
    assert f"port {port} of this computer" in said


def login_of(tmp_path: Path, feed: Whole, changed: Mapping[str, str]) -> PageLogin:
    env_file = tmp_path / "other.env"
    environ = {**environment(feed.kite), **changed}
    return PageLogin(read_settings(env_file, environ), environ)


def test_a_missing_api_secret_is_a_problem_with_a_next_step(tmp_path: Path, feed: Whole) -> None:
    with pytest.raises(Problem, match="API secret") as raised:
        login_of(tmp_path, feed, {"KITE_API_SECRET": ""}).begin("http://127.0.0.1:1/ui")
    assert "developers.kite.trade" in raised.value.next_step


def test_a_redirect_url_that_leads_elsewhere_is_said(tmp_path: Path, feed: Whole) -> None:
    with pytest.raises(Problem, match="cannot finish a login here"):
        login_of(tmp_path, feed, {"KITEFEED_REDIRECT_URL": "https://example.com/back"}).begin("http://127.0.0.1:1/ui")


def test_the_logins_process_finds_packages_where_the_run_did(tmp_path: Path, feed: Whole) -> None:
    """Installed with `pip install --user`, they are where Python's isolated mode does not look."""
    (tmp_path / "sitecustomize.py").write_text(f"open({str(tmp_path / 'seen')!r}, 'w').close()\n")
    login = login_of(tmp_path, feed, {"PYTHONPATH": str(tmp_path), "KITEFEED_REDIRECT_URL": "https://example.com/back"})
    with pytest.raises(Problem, match="cannot finish a login here"):
        login.begin("http://127.0.0.1:1/ui")

    assert (tmp_path / "seen").exists()
