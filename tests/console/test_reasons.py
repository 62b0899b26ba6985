"""What lies behind a cause, in three sentences."""

from __future__ import annotations

from itertools import combinations

import pytest

from kitefeed_cli.console.pages import PAGES
from kitefeed_cli.console.reasons import ADVICE, Advice, Reason, advise

FACTS = {
    "detail": "403 PermissionException",
    "host": "ws.kite.trade",
    "proxy": "proxy.office.example:3128",
    "since": "issued on Mon 02 Mar at 09:00",
}
SAVED = (Reason.REQUEST_TOKEN, Reason.PUBLIC_TOKEN, Reason.OTHER_APP)
ALIKE = (
    (*SAVED, Reason.LOGGED_OUT),
    (Reason.EXPIRED, *SAVED, Reason.LOGGED_OUT),
    (Reason.EXPIRED, Reason.LOGGED_OUT),
    (Reason.PERSONAL_PLAN, Reason.BOUGHT_TODAY),
)


@pytest.mark.parametrize("reasons", [*((reason,) for reason in ADVICE), *ALIKE])
def test_no_sentence_is_longer_than_a_line(reasons: tuple[Reason, ...]) -> None:
    found = advise(reasons, FACTS)

    for sentence in (found.what, found.why, found.next):
        assert len(sentence) <= 73, sentence
        assert "{" not in sentence
        assert not sentence.endswith(".")


def test_every_reason_is_named_alone_or_among_those_that_kite_answers_alike() -> None:
    told = {*ADVICE, *(reason for reasons in ALIKE for reason in reasons)}

    assert set(Reason) == told


def test_no_two_reasons_are_told_in_the_same_words() -> None:
    every = [advise((reason,), FACTS) for reason in ADVICE]

    assert [] == [(one.what, two.what) for one, two in combinations(every, 2) if one.what == two.what]


def test_those_that_are_alike_are_all_named() -> None:
    assert Advice(
        "Kite rejects what is saved as access token (403 PermissionException)",
        "it is expired, a request or public token, another app's or logged out",
        "run `kitefeed login`, which cures each; Kite's answer tells no more",
    ) == advise(ALIKE[1], FACTS)


def test_explain_has_a_page_for_every_reason() -> None:
    explained = {cause for page in PAGES for cause in page.causes}

    assert set() == {reason.value for reason in Reason} - explained
