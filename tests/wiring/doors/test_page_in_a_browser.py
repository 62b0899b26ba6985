"""The user's three scenarios, clicked through in a real browser; the pictures stay in build/screenshots."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ...ports import free_port
from .test_serve import CLOCK, Whole, whole

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
SHOTS = Path(__file__).parents[3] / "build" / "screenshots"

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed (Debian: apt-get install chromium)"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="playwright is not installed"),
    pytest.mark.timeout(120),
]


class Browser:
    """Chromium, in a process of its own."""

    def __init__(self, page: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("browser.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.complaints: list[str] = []
        assert self.does(page=page, chromium=CHROMIUM, folder=str(SHOTS))["ready"]

    def does(self, **wish: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.complaints = said.get("complaints", [])
        return said

    def shoots(self, name: str) -> None:
        CLOCK.sleep(1.5)  # for the picture's sake: some ticks, a point on the plot
        assert [] == self.does(shoot=name)["overflow"], "wider than the screen"

    def close(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[Whole]:
    names = ("NSE:NIFTY 50", "NSE:NIFTY BANK", "BSE:SENSEX", "NSE:INFY", "NSE:RELIANCE", "NSE:SBIN", "NSE:TCS")
    with whole(tmp_path, *names, mode="full", redirect_url=f"http://127.0.0.1:{free_port()}/") as running:
        yield running


@pytest.fixture
def browser(feed: Whole) -> Iterator[Browser]:
    opened = Browser(f"http://{feed.gateway.root}/ui")
    yield opened
    opened.close()
    assert [] == opened.complaints, "the browser complained"


def test_normal_operation_then_an_expired_token_then_a_login_while_one_watches(feed: Whole, browser: Browser) -> None:
    assert "prices from feed" in browser.does(wait="LIVE")["about"]
    # Live since the first tick, which may be another instrument's.
    name, price, change, _, source, age = browser.does(row="NSE:INFY", source="feed")["cells"]
    assert ("NSE:INFY", "feed") == (name, source)
    assert price.startswith("1,")
    assert change.endswith("%")
    assert age.endswith(" s")
    browser.shoots("live")

    feed.kite.set_token("expired")
    feed.kite.set_faults({"feed": "dropped"})
    told = browser.does(wait="SIGNED OUT")
    assert "no source: last known prices" in told["about"]
    assert told["problem"].startswith("Kite no longer accepts your access token")
    assert "Next: press LOGIN, or run `kitefeed login`" in told["problem"]
    assert "last-known" == browser.does(row="NSE:INFY")["cells"][4], "as soon as the word is there"
    browser.shoots("signed-out")

    began_s = CLOCK.now_s()
    back_at = browser.does(login=True)["back_at"]
    assert f"http://{feed.gateway.root}/ui" == back_at
    # Two seconds where nothing else runs; the login is a Python of its own, which a busy machine starts slowly.
    assert CLOCK.now_s() - began_s < 12.0, "the click, the exchange, and three seconds"
    told = browser.does(wait="LIVE")
    assert "" == told["problem"]
    assert "feed" == browser.does(row="NSE:INFY")["cells"][4], "as soon as the word is there"
    browser.shoots("live-again")


def test_the_page_shows_polling_and_stale_for_what_they_are(feed: Whole, browser: Browser) -> None:
    browser.does(wait="LIVE")
    feed.kite.set_faults({"feed": "unreachable"})
    told = browser.does(wait="POLLING")
    assert "prices from rest" in told["about"]
    browser.shoots("polling")

    feed.kite.set_faults({"rest": "failing"})
    told = browser.does(wait="STALE")
    assert "no source: last known prices" in told["about"]
    assert told["problem"]
    browser.shoots("stale")
