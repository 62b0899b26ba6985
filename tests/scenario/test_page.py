"""The page is one file that needs nothing, runs nothing, and shows hostile text as text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kitefeed_cli.policy import Shown
from kitefeed_cli.problems import Problem
from kitefeed_cli.scenario import catalogue, runner
from kitefeed_cli.scenario.explain import MARKS
from kitefeed_cli.scenario.format import read
from kitefeed_cli.scenario.log import Kind
from kitefeed_cli.scenario.page import laid_down, page
from kitefeed_cli.scenario.runner import Outcome, outcome
from kitefeed_cli.scenario.story import Expect

from .stories import log, promising

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """A page taken apart; every element must be closed in its order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []  # (innermost element, text)
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert [] == self._open, "never closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self._open.pop(), f"{tag} closes something else"

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def classes(self, tag: str) -> list[str]:
        return [attributes.get("class", "") for name, attributes in self.elements if name == tag]

    def text(self) -> str:
        return " ".join(data for tag, data in self.texts if tag != "style")


def expired() -> Outcome:
    path = catalogue.find("expired-token")
    return runner.run(path, read(path))


def hostile() -> Outcome:
    happened = log(
        (0.0, Kind.GIVEN, HOSTILE),
        (0.0, Kind.KITE, f"feed {HOSTILE}"),
        (0.0, Kind.WHY, HOSTILE),
        (1.0, Kind.SHOWN, f'live"><script> ({HOSTILE})'),
        (1.0, Kind.CHECK, "1 asks"),
        (1.0, Kind.CHECKED, f"1 {HOSTILE}"),
        (2.0, Kind.FEED, f"1 {HOSTILE}"),
        (2.0, Kind.STDERR, f"error: {HOSTILE}"),
        (2.0, Kind.STDERR, f"  why: {HOSTILE}"),
        (2.0, Kind.STDERR, f" next: {HOSTILE}"),
        (3.0, Kind.STDERR, f"10:00:03 `{HOSTILE}`"),
        (4.0, Kind.EXIT, HOSTILE),
    )
    scenario = promising(Expect(says=(HOSTILE,), never_says=("alert",)))
    return outcome(replace(scenario, name=HOSTILE, title=HOSTILE), happened, accepted=HOSTILE)


def test_the_bands_the_events_the_waits_and_the_one_error_are_on_it() -> None:
    parsed = Page(page(expired()))
    text = parsed.text()

    assert ["connecting", "closed", "live", "connecting", "signed-out", "connecting", "live"] == parsed.classes(
        "section"
    )
    assert 1 == sum("error" in name.split() for name in parsed.classes("li"))
    assert 1 == parsed.classes("path").count("error"), "a wedge in the strip"
    assert "Kite no longer accepts your access token, so live ticks have stopped" in text
    assert "5s before the next try" in text
    assert "the user logs in" in text
    assert "1 error, 14 waits between tries" in text
    assert 3 == parsed.classes("g").count("live"), "two bands and the legend"


def test_it_needs_nothing_and_fetches_nothing() -> None:
    text = page(expired())
    parsed = Page(text)

    assert set() == parsed.tags() & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "a", "audio"}
    for _, attributes in parsed.elements:
        assert set() == attributes.keys() & {"src", "href", "style", "srcset", "action", "data"}
        assert not any(name.startswith("on") or ":" in name for name in attributes)
    assert "http://" not in text
    assert "https://" not in text.replace("https://developers.kite.trade", "")
    assert "@import" not in text
    assert set() == {found for found in re.findall(r"url\(([^)]*)\)", text) if not found.startswith("#p-")}


def test_its_policy_lets_only_its_own_style_through() -> None:
    text = page(expired())
    parsed = Page(text)
    policy = next(a["content"] for t, a in parsed.elements if a.get("http-equiv") == "Content-Security-Policy")
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" == policy
    assert text.index("Content-Security-Policy") < text.index("<title>")


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    text = page(hostile())
    parsed = Page(text)

    assert set() == parsed.tags() & {"script", "img"}
    assert 1 == text.count("</style>")
    assert parsed.text().count(HOSTILE) >= 10
    for _, attributes in parsed.elements:
        assert not any(name.startswith("on") for name in attributes)
    assert {"connecting", "unknown"} == set(parsed.classes("section")), "a state that is none takes no class of its own"


STATES = {shown.value for shown in Shown} - {Shown.PARTIAL.value}  # a scenario has one connection


def test_light_dark_and_grey_are_thought_of() -> None:
    text = page(expired())
    states = STATES | {"unknown"}
    patterns = re.findall(r'<pattern id="p-([a-z-]+)"[^>]*>(.*?)</pattern>', text)

    assert "prefers-color-scheme: dark" in text
    assert "color-scheme: light dark" in text
    assert "width=device-width" in text
    assert states == {name for name, _ in patterns}
    assert len(states) == len({drawing for _, drawing in patterns}), "no two states look alike without colour"
    assert all(f".{state} .base {{" in text for state in states), "every state has its colour"


def test_the_terminal_has_a_mark_for_every_state_and_no_two_alike() -> None:
    assert set(MARKS) == STATES
    assert len(MARKS) == len({*MARKS.values(), "?"}) - 1


def test_what_is_broken_is_on_it_too() -> None:
    text = Page(page(hostile())).text()

    assert "(got: " in text
    assert "it is not the accepted one" in text


def test_it_is_written_as_the_outcome_passes(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    one = expired()

    assert [one] == list(laid_down([one], path))
    assert page(one) == path.read_text("utf-8")


@pytest.mark.parametrize("name", ["nowhere/page.html", ".", "a\0b"])
def test_a_place_that_takes_no_page_is_a_problem(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem, match="the page cannot be written"):
        list(laid_down([expired()], tmp_path / name))


def test_every_shipped_scenario_makes_a_page() -> None:
    for path in catalogue.shipped():
        scenario = read(path)
        if scenario.given.cassette is None:
            Page(page(runner.run(path, scenario)))
