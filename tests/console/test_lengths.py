"""No error is longer than three lines of 80 columns: every `Problem` of the program, with its longest likely facts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.oneshot import told
from kitefeed_cli.console.pages import PAGES, found
from kitefeed_cli.console.reasons import ADVICE, Reason, advise
from kitefeed_cli.policy.causes import Cause

PACKAGE = Path(__file__).parents[2] / "kitefeed_cli"
ROOM = 73  # columns beside "error: ", "  why: " and " next: "

# What a fact of a sentence looks like at its longest, by a word in the expression that brings it.
_LONGEST = {
    "__name__": "FileNotFoundError",
    "path": "/home/trader/.env",
    "shown": "/home/trader/.env",
    "folder": "/home/trader/incidents",
    "place": "/home/trader/incidents",
    "cassette": "/home/trader/a.yaml",
    "key": "KITEFEED_LOGIN_ROOT",
    "exchange": "NSE",
    "guess": "NFO:NIFTY26NOV24500CE",
    "name": "NFO:NIFTY26NOV24500CE",
    "said": "403 TokenException",
    "_MAX": "9,000",
    "len(": "12,000",
    "flag": "--density",
    "least": "1",
    "most": "100",
    "stage": "emulator",
}
_OTHER = "x" * 12


def problems() -> Iterator[tuple[str, ast.Call]]:
    for module in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                yield f"{module.relative_to(PACKAGE)}:{node.lineno}", node


def longest(node: ast.expr) -> str | None:
    """The sentence at its longest; None when it is made elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(longest(value) or "" for value in values)
        case ast.FormattedValue(value=value):
            written = longest(value)
            return written if written is not None else _fact(ast.unparse(value))
        case ast.IfExp(body=body, orelse=orelse):
            return max((longest(body) or "", longest(orelse) or ""), key=len)
        case _:
            return None


def _fact(source: str) -> str:
    return next((text for word, text in _LONGEST.items() if word in source), _OTHER)


PROBLEMS = dict(problems())


def test_the_search_finds_the_problems() -> None:
    assert len(PROBLEMS) > 30
    assert "ab" + _OTHER == longest(ast.parse('f\'{"a" if y else "ab"}{z}\'', mode="eval").body)


@pytest.mark.parametrize("where", PROBLEMS)
def test_a_problem_is_three_lines_of_80_columns(where: str) -> None:
    call = PROBLEMS[where]
    said = [*call.args[:3], *(word.value for word in call.keywords if word.arg in ("what", "why", "next_step"))]
    sentences = [sentence for sentence in map(longest, said) if sentence is not None]

    assert [] == [sentence for sentence in sentences if len(sentence) > ROOM]


def consequences() -> set[str]:
    """What a cause means to the user of a command that ends by itself: "so there are no quotes"."""
    found = set()
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("so "):
                found.add(node.value)
    return {text for text in found if "{" not in text}


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("so", sorted(consequences()))
def test_a_cause_as_told_by_a_command_that_ends_is_three_lines_of_80_columns(cause: Cause, so: str) -> None:
    problem = told(cause, "certificate not trusted: self-signed certificate", so, SystemClock())

    assert [] == [text for text in (problem.what, problem.why, problem.next_step) if len(text) > ROOM]


_DETAILS = (
    "403 TokenException",
    "403 PermissionException",
    "the proxy refused (403)",
    "no answer within 1.5 s",
    "certificate not yet valid (is this computer's clock right?)",
)
_ALIKE = (
    (Reason.EXPIRED, Reason.REQUEST_TOKEN, Reason.PUBLIC_TOKEN, Reason.OTHER_APP, Reason.LOGGED_OUT),
    (Reason.REQUEST_TOKEN, Reason.PUBLIC_TOKEN, Reason.OTHER_APP, Reason.LOGGED_OUT),
    (Reason.PERSONAL_PLAN, Reason.BOUGHT_TODAY),
)


@pytest.mark.parametrize("reasons", [*((reason,) for reason in ADVICE), *_ALIKE], ids=lambda them: them[0].value)
@pytest.mark.parametrize("detail", _DETAILS)
def test_a_diagnosis_is_three_lines_of_80_columns(reasons: tuple[Reason, ...], detail: str) -> None:
    since = "issued on Mon 23 Nov at 09:14"
    facts = {"detail": detail, "since": since, "host": "api.kite.trade", "proxy": "proxy.example.com:3128"}
    said = advise(reasons, facts)

    assert [] == [text for text in (said.what, said.why, said.next) if len(text) > ROOM]
    assert detail[:8] in f"{said.what} {said.why}" or "{detail}" not in str(ADVICE.get(reasons[0]))


@pytest.mark.parametrize("reason", Reason)
def test_every_diagnosis_has_its_place_on_a_page(reason: Reason) -> None:
    assert any(reason.value in page.causes for page in found(reason.value, PAGES))


def test_a_page_names_no_word_that_nobody_says() -> None:
    said = {cause.value for cause in Cause} | {reason.value for reason in Reason}
    causes = re.compile(r"\"([a-z]+(?:-[a-z]+)*)\"")
    for call in PROBLEMS.values():
        said |= set(causes.findall(ast.unparse(call).replace("'", '"')))

    assert set() == {cause for page in PAGES for cause in page.causes} - said
