"""The redactor against made-up texts, and the places where a text is cut: it is redacted before."""

from __future__ import annotations

import io

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.console.explaining import unknown
from kitefeed_cli.console.hearsay import Hearsay
from kitefeed_cli.console.pages import PAGES
from kitefeed_cli.console.printer import Printer
from kitefeed_cli.kite.errors import KiteError, judge
from kitefeed_cli.problems import Problem
from kitefeed_cli.redact import REDACTOR, Redactor
from tests.conftest import Canary, leaked

from .planting import leaks, left, texts

_PLANTED = 50_000


def test_nothing_planted_in_five_encodings_is_left() -> None:
    assert [] == leaks(_PLANTED, seed=1)


def test_the_search_finds_what_is_left() -> None:
    redactor, text, planted = next(texts(5, seed=1))

    assert planted == left(text, planted)
    assert [] == left(redactor.redact(text), planted)
    assert left(Redactor().redact(text), planted)


@pytest.mark.parametrize("before", range(0, 60, 3))
def test_a_text_is_redacted_before_it_is_cut(before: int, canary: Canary) -> None:
    """Wherever the cut falls: half a secret is none that a redactor knows."""
    REDACTOR.add(canary.access_token)
    text = "x " * (before // 2) + canary.access_token + " y" * 200
    body = f'{{"status":"error","error_type":"TokenException","message":"{text}"}}'.encode()

    with pytest.raises(KiteError) as caught:
        judge(403, {}, body, SystemClock().wall())

    assert leaked(caught.value.message) is None
    assert leaked(Hearsay(SystemClock()).line("z" * (170 - before) + " " + text) or "") is None
    assert leaked(unknown(text, PAGES).why) is None


def test_every_road_of_the_printer_takes_every_encoding(canary: Canary) -> None:
    out, err = io.StringIO(), io.StringIO()
    redactor = Redactor()
    for secret in (canary.access_token, canary.request_token, canary.api_secret):
        redactor.add(secret)
    printer = Printer(out, err, SystemClock(), json=True, verbose=2, redact=redactor.redact)
    from .planting import ENCODINGS

    for encode in ENCODINGS.values():
        text = f"a {encode(canary.api_secret)} b"
        printer.error(Problem(text, text, text))
        printer.status(text)
        printer.detail(text, 2)
        printer.prompt(text)
        printer.data(text)
        printer.table(text)
        printer.talk_console().print(text)

    assert leaked(out.getvalue() + err.getvalue()) is None
    assert out.getvalue().count("<redacted>") == 2 * len(ENCODINGS)
