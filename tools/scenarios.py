"""Writes `docs/scenarios.md`: what the shipped scenarios retell: `python tools/scenarios.py [--check]`.

With `--check` nothing is written, and the exit code is 1 when the page is stale, when something that happened to
somebody has no scenario, or when none of its scenarios says in its `source` where it comes from. It is run by
`make docs` and `make format`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kitefeed_cli.scenario import catalogue
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.story import Scenario

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "scenarios.md"


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened to somebody, where it was told, and the scenarios that tell it again."""

    what: str
    where: str  # every word of it stands in the `source` of one of the scenarios
    scenarios: tuple[str, ...]


TROUBLES = (
    Told(
        "The access token dies every morning, and only a restart revives the feed",
        "openalgo PR 1387",
        ("expired-token", "two-mornings", "sleep-across-the-flush"),
    ),
    Told("403 means that the token is yesterday's", "openalgo issue 1419", ("login-after-expiry",)),
    Told(
        "403 means that a request token was pasted, or half a token",
        "kite.trade forum discussion 7300",
        ("wrong-token-pasted", "damaged-token", "half-a-token-saved"),
    ),
    Told(
        "403 means that the plan has no market data, or that a new plan wants a new login",
        "kite.trade forum comment 52663",
        ("personal-plan", "plan-bought-today", "plan-lapses-twice"),
    ),
    Told(
        "403 means that the user is not enabled for the app",
        "kite.trade forum discussion 1390",
        ("user-not-enabled",),
    ),
    Told(
        "403 means that another session logged out",
        "kite.trade forum comment 30627",
        ("logged-out-elsewhere", "same-token-saved-again"),
    ),
    Told(
        "403 comes from a proxy, a portal or a gateway in between",
        "kite.trade forum comment 52828",
        ("proxy-says-403", "proxy-signs-its-403", "rest-answers-nonsense", "captive-portal"),
    ),
    Told(
        "A dead token is tried for the better part of an hour, and then nothing is tried any more",
        "openalgo issue 788",
        ("fifty-403s", "dead-token-at-start", "token-file-rewritten-in-a-loop"),
    ),
    Told(
        "Connected, but silent: with heartbeats or without, and not by night",
        "pykiteconnect issue 229",
        ("mute-feed", "silent-socket", "not-one-tick", "quiet-evening"),
    ),
    Told(
        "A reconnect loses the subscriptions",
        "kite.trade forum comment 47981",
        ("subscriptions-survive-drops", "closes-of-all-kinds"),
    ),
    Told(
        "Nobody says before 09:15 that today will fail",
        "openalgo issue 1432",
        ("told-before-the-bell", "no-token-at-start"),
    ),
    Told(
        "REST says yes and the feed says no",
        "kite.trade forum comment 51452",
        ("forbidden-but-token-fine", "fresh-login-still-403"),
    ),
    Told("REST says no and the feed ticks", "kite.trade forum comment 41815", ("rest-down-feed-fine", "rest-crawls")),
    Told(
        "Nobody knows at which hour the token dies",
        "openalgo PR 1387",
        ("flush-at-any-hour", "token-lives-past-eight", "fickle-flush"),
    ),
    Told("429 Too Many Requests on quotes", "kite.trade forum comment 9006", ("too-many-requests",)),
    Told(
        "The feed is away, and nothing falls back to REST",
        "openalgo issue 810",
        ("feed-server-failing", "feed-black-hole", "slow-handshakes"),
    ),
    Told(
        "Sessions fight: each login kills the token of the one before",
        "kite.trade forum comment 9775",
        ("two-scripts-fight", "login-while-polling", "token-removed-while-live"),
    ),
    Told(
        "The first tick after a subscribe is yesterday's",
        "kite.trade forum comment 34446",
        ("fridays-last-tick", "opening-bell"),
    ),
    Told(
        "Is it me, or is it Zerodha?",
        "is it me, or is it Zerodha?",
        ("is-it-me-or-zerodha", "flaky-wifi", "captive-portal"),
    ),
    Told("The computer's clock is wrong", "reports of clocks", ("wrong-clock",)),
)
INCIDENTS = (
    Told("A storm of 403s after the morning's flush", "openalgo issue 788", ("fifty-403s", "login-after-expiry")),
    Told(
        "A fresh login, and the feed answers 403 for hours (31 August 2021, June 2023)",
        "kite.trade forum comment 42832",
        ("fresh-login-still-403", "forbidden-but-token-fine"),
    ),
    Told(
        "Ticks stop, the socket is established, no callback is called, several days running (May 2026)",
        "pykiteconnect issue 229",
        ("mute-feed", "silent-socket"),
    ),
    Told(
        "The wifi is lost, and a ghost of a socket stays",
        "pykiteconnect issue 237",
        ("kite-unreachable-30s", "silent-socket"),
    ),
    Told("Cloudflare is down (18 November and 5 December 2025)", "5 December 2025", ("cloudflare-outage",)),
    Told(
        "Logins fail and the market watch stands still (4 December 2023)",
        "Zerodha's bulletin on 4 December 2023",
        ("nobody-can-log-in", "login-page-down-at-the-open"),
    ),
    Told(
        "NetworkException near the open and the close",
        "kite.trade forum comment 21259",
        ("quotes-fail-at-the-bell", "rest-down-feed-fine"),
    ),
    Told(
        "429 on the feed after crashes in a row",
        "kite.trade forum comment 40313",
        ("fourth-connection", "ten-drops-in-a-minute"),
    ),
    Told(
        "1006, closed uncleanly, every few minutes",
        "pykiteconnect issue 88",
        ("1006-every-two-minutes", "closes-of-all-kinds"),
    ),
    Told(
        "A login in one process, and the other keeps the old token",
        "openalgo issue 765",
        ("feed-outlives-its-token",),
    ),
    Told("50 × 403 until 08:51, and no feed until a restart", "openalgo issue 788", ("fifty-403s",)),
    Told(
        "The notice of a new token is lost; what comes with the old one is starved and cut without a code",
        "openalgo issue 1414",
        ("old-feed-starves-after-a-login",),
    ),
    Told(
        "Works after a restart, dead the next morning; and a watchdog that bites when the market is closed",
        "openalgo issue 1419",
        ("two-mornings", "quiet-evening"),
    ),
    Told(
        "Subscribed at 09:20, not one tick, and no reconnect helps",
        "openalgo issue 1421",
        ("not-one-tick",),
    ),
)
# What no scenario can tell, because it happens outside of the feed's control: what, and the test that has it instead.
ELSEWHERE = (
    ("Work in a callback blocks the reading thread, and Kite cuts the feed: many a 1006", "ticks/test_bus.py"),
    ("Which mode a tick comes in after a reconnect, and which instruments are asked for", "kite/test_feed_opens.py"),
    ("Quotes asked for one symbol at a time", "polling/test_course.py"),
    ("A request token that is used or too old, a wrong checksum, a cancelled login", "commands/test_login.py"),
    ("The pre-market check: every fault named, with its exit code", "wiring/validate/test_visit.py"),
    ("A handshake that Kite accepts with a dead token: none is made", "policy/test_road_to_live.py"),
)
_HEAD = """\
# Scenarios

Generated by `python tools/scenarios.py`; do not edit.

What happened to somebody, and the worlds that tell it again. `kitefeed simulate NAME` plays one and judges its
promises; the file `scenarios/NAME.toml` holds the story, `NAME.transcript` beside it everything that happened. All are
played on every commit. [faults.md](faults.md) lists the words they are made of.
"""


def shipped() -> dict[str, Scenario]:
    """The shipped scenarios by name."""
    return {path.stem: read(path) for path in catalogue.shipped()}


def lacking(told: tuple[Told, ...], scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    """What has no scenario, or none that says where it comes from."""
    for one in told:
        unknown = [name for name in one.scenarios if name not in scenarios]
        if unknown:
            yield f"no scenario `{', '.join(unknown)}` tells: {one.what}"
        elif not any(all(word in scenarios[name].source for word in one.where.split()) for name in one.scenarios):
            yield f"no `source` of {', '.join(one.scenarios)} names {one.where}"


def page() -> str:
    """The whole page."""
    scenarios = shipped()
    parts = [_HEAD, *_told("What traders struggle with", TROUBLES), *_told("What went wrong on a day", INCIDENTS)]
    parts += ["## What no scenario can tell", "", "| What | Held by |", "|---|---|"]
    parts += [f"| {what} | `tests/{test}` |" for what, test in ELSEWHERE]
    parts += [
        "| Orders that fail while the data is fine (6 November 2023) | nothing: kitefeed places no orders |",
        "",
        f"## All {len(scenarios)}",
        "",
        "| Scenario | What it tells | Guards | Source |",
        "|---|---|---|---|",
        *(f"| `{name}` | {one.title} | {', '.join(one.guards)} | {one.source} |" for name, one in scenarios.items()),
        "",
    ]
    return "\n".join(parts)


def _told(title: str, told: tuple[Told, ...]) -> list[str]:
    rows = [f"| {one.what} | {one.where} | {', '.join(f'`{name}`' for name in one.scenarios)} |" for one in told]
    return [f"## {title}", "", "| What | Told in | Told again as |", "|---|---|---|", *rows, ""]


def complaints() -> Iterator[str]:
    """Everything that keeps the page from being true."""
    yield from lacking(TROUBLES + INCIDENTS, shipped())
    for what, test in ELSEWHERE:
        if not (ROOT / "tests" / test).is_file():
            yield f"tests/{test} is gone, which had: {what}"
    if not PAGE.exists() or PAGE.read_text("utf-8") != page():
        yield "docs/scenarios.md is stale: run `python tools/scenarios.py` and read what changed"


def main() -> int:
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), "utf-8")
    found = list(complaints())
    for complaint in found:
        print(complaint, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
