"""Each layer between this computer and a tick, broken alone: the first that broke is the verdict."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.checkup import OF_KITE, Grade
from kitefeed_cli.console.reasons import Reason
from kitefeed_cli.emulator.proxy import Proxy, Word
from kitefeed_cli.problems import Exit
from kitefeed_cli.wiring.validate.visit import Outcome
from tests.conftest import Canary
from tests.kite.certificates import server_context
from tests.ports import free_port

from .office import Office, office_at

REST, FEED = "api.kite.invalid", "ws.kite.invalid"


@pytest.fixture
def office(tmp_path: Path, canary: Canary) -> Iterator[Office]:
    with office_at(tmp_path, canary) as office:
        yield office


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Kite's certificate, which both clients trust."""
    context, chain = server_context([REST, FEED, "127.0.0.1"], tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(chain))
    return context


@pytest.fixture
def behind(office: Office, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Word], Proxy]]:
    """The office's only way to Kite is a proxy."""
    started: list[Proxy] = []

    def start(word: Word) -> Proxy:
        proxy = Proxy(office.kite.port, tls, word, login="Basic dXNlcjpzZWNyZXQ=")
        started.append(proxy.__enter__())
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        office.write(rest=f"https://{REST}", feed=f"wss://{FEED}")
        return proxy

    yield start
    for proxy in started:
        proxy.__exit__(None, None, None)


def graded(outcome: Outcome, grade: Grade) -> list[str]:
    return [found.name for found in outcome.findings if found.grade is grade]


def beyond(name: str) -> list[str]:
    """What stands on that layer."""
    below = ("address",) if name == "dns" else ()
    return [one for one in OF_KITE[OF_KITE.index(name) + 1 :] if one not in below] + list(below)


@dataclass(frozen=True)
class Broken:
    """A layer, how it is broken on both ways, and what is said of it."""

    layer: str
    rest: str
    feed: str
    reason: Reason


def filled(root: str, office: Office) -> str:
    """With the places it names: of the local Kite, and one where nobody listens."""
    return root.format(kite=f"127.0.0.1:{office.kite.port}", nobody=f"127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    "broken",
    [
        Broken("dns", "https://nowhere.invalid", "wss://nowhere.invalid", Reason.NAME),
        Broken("tcp", "http://{nobody}", "ws://{nobody}", Reason.NO_CONNECTION),
    ],
    ids=lambda one: one.layer,
)
def test_both_ways_broken_at_one_layer(office: Office, broken: Broken) -> None:
    office.write(rest=filled(broken.rest, office), feed=filled(broken.feed, office))

    outcome = office.visit()

    assert outcome.problem is not None
    assert ([broken.layer], (broken.reason,)) == (graded(outcome, Grade.FAILED), outcome.reasons)
    assert ("kite-unreachable", Exit.UNREACHABLE) == (outcome.problem.cause, outcome.exit_code)
    assert set(beyond(broken.layer)) == set(graded(outcome, Grade.NOT_REACHED)) | (
        {"address"} if broken.layer == "dns" else set()
    )
    assert [] == office.paths()


@pytest.mark.parametrize(
    ("feed", "layer", "reason"),
    [
        ("wss://nowhere.invalid", "dns", Reason.NAME),
        ("ws://{nobody}", "tcp", Reason.NO_CONNECTION),
        ("wss://{kite}", "tls", Reason.TLS_FAILED),
    ],
)
def test_the_feeds_way_broken_alone(office: Office, feed: str, layer: str, reason: Reason) -> None:
    office.write(feed=filled(feed, office))

    outcome = office.visit()

    assert outcome.problem is not None
    assert ([layer], (reason,)) == (graded(outcome, Grade.FAILED), outcome.reasons)
    assert ("feed-unreachable", Exit.UNREACHABLE) == (outcome.problem.cause, outcome.exit_code)
    assert {"instruments", "slot", "websocket", "tick"} == set(graded(outcome, Grade.NOT_REACHED))
    assert ("ok", 0) == (outcome.rest, office.handshakes())


@pytest.mark.parametrize(
    ("rest", "layer"),
    [
        ("https://nowhere.invalid", "dns"),
        ("http://{nobody}", "tcp"),
        ("https://{kite}", "tls"),
    ],
)
def test_rests_way_broken_alone_is_a_warning(office: Office, rest: str, layer: str) -> None:
    office.write(rest=filled(rest, office))

    outcome = office.visit()

    assert (Exit.OK, [layer]) == (outcome.exit_code, graded(outcome, Grade.WARN))
    assert "ok" == outcome.feed
    assert "ok" != outcome.rest
    (line,) = [found.why for found in outcome.findings if found.name == layer]
    assert line.startswith("REST: ")


def test_a_certificate_that_is_not_trusted(
    office: Office, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with Proxy(office.kite.port, tls, direct=True) as front:
        office.write(rest=f"https://127.0.0.1:{front.port}", feed=f"wss://127.0.0.1:{front.port}")
        outcome = office.visit()

    assert (["tls"], (Reason.TLS_UNTRUSTED,)) == (graded(outcome, Grade.FAILED), outcome.reasons)
    assert (Exit.UNREACHABLE, []) == (outcome.exit_code, office.paths())


def test_a_certificate_that_requests_alone_trusts_breaks_the_feed_alone(
    behind: Any, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A company's proxy that looks into TLS, and a user who has told only half of the program of it."""
    behind("through")
    monkeypatch.delenv("SSL_CERT_FILE")

    outcome = office.visit()

    assert outcome.problem is not None
    assert ("ok", (Reason.TLS_UNTRUSTED,)) == (outcome.rest, outcome.reasons)
    assert "SSL_CERT_FILE" in outcome.problem.next_step


@pytest.mark.parametrize(
    ("word", "layer", "reason"),
    [
        ("denies", "proxy", Reason.PROXY_DENIES),
        ("wants-login", "proxy", Reason.PROXY_LOGIN),
        ("answers", "websocket", Reason.PROXY_ANSWERS),
        ("drops-websocket", "websocket", Reason.PROXY_DROPS),
    ],
)
def test_a_proxy_is_told_from_kite(behind: Any, office: Office, word: Word, layer: str, reason: Reason) -> None:
    behind(word)

    outcome = office.visit()

    assert ([layer], (reason,)) == (graded(outcome, Grade.FAILED), outcome.reasons)
    assert Exit.UNREACHABLE is outcome.exit_code
    assert 0 == office.handshakes()


def test_a_proxy_that_lets_us_through_is_no_trouble(behind: Any, office: Office) -> None:
    proxy = behind("through")

    outcome = office.visit()

    assert (Exit.OK, []) == (outcome.exit_code, graded(outcome, Grade.WARN))
    assert {f"CONNECT {host}:443" for host in (REST, FEED)} == {line.rpartition(" ")[0] for line in proxy.asked}


def test_the_login_that_a_proxy_wants_is_sent_and_never_shown(
    behind: Any, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = behind("wants-login")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:secret@"))

    outcome = office.visit()

    assert Exit.OK is outcome.exit_code
    assert "secret" not in repr(outcome)


@pytest.mark.parametrize(("off_s", "words"), [(90, "90 s behind"), (-90, "90 s ahead of")])
def test_a_clock_that_is_wrong_is_a_warning(office: Office, off_s: float, words: str) -> None:
    office.kite.set_clock(skip_s=off_s)

    outcome = office.visit()

    assert (Exit.OK, ["clock"]) == (outcome.exit_code, graded(outcome, Grade.WARN))
    (line,) = [found.why for found in outcome.findings if found.name == "clock"]
    assert line in (f"this computer's clock is {near} Kite's: set it" for near in _about(words))


def _about(words: str) -> list[str]:
    """The Date has whole seconds, so the measure may be one off."""
    return [words, words.replace("90", "89"), words.replace("90", "91")]


@pytest.mark.parametrize("off_s", [1, -1])
def test_a_second_is_no_wrong_clock(office: Office, off_s: float) -> None:
    office.kite.set_clock(skip_s=off_s)

    assert [] == graded(office.visit(), Grade.WARN)


@pytest.mark.parametrize("word", ["silent", "mute"])
def test_an_open_feed_without_ticks_fails_at_the_tick(office: Office, word: str) -> None:
    outcome = office.visit(feed=word)

    assert outcome.problem is not None
    assert (["tick"], f"feed-{word}") == (graded(outcome, Grade.FAILED), outcome.problem.cause)
    assert Exit.UNREACHABLE is outcome.exit_code
