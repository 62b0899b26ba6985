"""The 403 family: what people save in place of an access token, what their account lacks, who answers in Kite's place.

Each alone, by name, with its exit code. Where Kite gives several of them one answer, all that remain are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kitefeed_cli.checkup import Grade
from kitefeed_cli.console.reasons import Reason
from kitefeed_cli.problems import Exit
from kitefeed_cli.settings import ACCESS_TOKEN_KEY
from kitefeed_cli.wiring.validate.visit import Outcome
from tests.conftest import Canary

from .office import MONDAY, Office, office_at

YESTERDAY = MONDAY - timedelta(days=1)
THIS_MORNING = MONDAY.replace(hour=9)
IN_THE_FLUSH = MONDAY.replace(hour=6)
JUST_NOW = MONDAY - timedelta(minutes=3)

BY_HAND = (Reason.REQUEST_TOKEN, Reason.PUBLIC_TOKEN, Reason.OTHER_APP)
PLAN = (Reason.PERSONAL_PLAN, Reason.BOUGHT_TODAY)


def saves(kind: str) -> Callable[[Office], None]:
    """The user copies the wrong thing into the token store, an hour ago."""
    return lambda office: office.write(office.kite.wrong_tokens()[kind])


def types(text: str) -> Callable[[Office], None]:
    return lambda office: office.write(text)


def dies(saved_at: datetime) -> Callable[[Office], None]:
    """A good token, saved by hand then, that Kite has ended since."""

    def happen(office: Office) -> None:
        office.saved_at(saved_at)
        office.kite.set_token("expired")

    return happen


def logs_in(when: datetime, **faults: str) -> Callable[[Office], None]:
    """Our own login brought the token then; the faults came after."""

    def happen(office: Office) -> None:
        office.logged_in(office.canary.access_token, when)
        office.kite.set_faults(faults)

    return happen


def meets(**faults: str) -> Callable[[Office], None]:
    def happen(office: Office) -> None:
        office.kite.set_faults(faults)

    return happen


@dataclass(frozen=True)
class Injected:
    """A cause, and what `validate` makes of it: the check that fails, what it names, the policy's word, the exit."""

    cause: str
    happens: Callable[[Office], None]
    fails: str
    reasons: tuple[Reason, ...]
    told: str
    code: Exit


EVERY_403 = (
    Injected(
        "a request token is saved",
        saves("request-token"),
        "token",
        (*BY_HAND, Reason.LOGGED_OUT),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected(
        "a public token is saved",
        saves("public-token"),
        "token",
        (*BY_HAND, Reason.LOGGED_OUT),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected(
        "another app's access token is saved",
        saves("token-of-another-app"),
        "token",
        (*BY_HAND, Reason.LOGGED_OUT),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected(
        "the API secret is saved", saves("api-secret"), "token", (Reason.API_SECRET,), "token-expired", Exit.LOGIN
    ),
    Injected(
        "a text with an API secret's shape is saved",
        types("0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p"),
        "token",
        (Reason.API_SECRET,),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected("the API key is saved", saves("api-key"), "token", (Reason.API_KEY,), "token-expired", Exit.LOGIN),
    Injected(
        "the enctoken of Kite's page is saved",
        types("aB3+/" * 17 + "abc=="),
        "token-store",
        (Reason.WEB_TOKEN,),
        "token-malformed",
        Exit.LOGIN,
    ),
    Injected(
        "the redirect URL is saved",
        types("http://127.0.0.1:5000/?status=success&request_token=0a1B2c3D4e5F"),
        "token-store",
        (Reason.REDIRECT,),
        "token-malformed",
        Exit.LOGIN,
    ),
    Injected(
        "the token expired, saved yesterday", dies(YESTERDAY), "token", (Reason.EXPIRED,), "token-expired", Exit.LOGIN
    ),
    Injected(
        "the token expired, saved in the flush",
        dies(IN_THE_FLUSH),
        "token",
        (Reason.EXPIRED, *BY_HAND, Reason.LOGGED_OUT),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected(
        "logged out elsewhere, token of our login",
        logs_in(THIS_MORNING, token="expired"),
        "token",
        (Reason.LOGGED_OUT,),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected(
        "logged out elsewhere, token saved by hand",
        dies(THIS_MORNING),
        "token",
        (*BY_HAND, Reason.LOGGED_OUT),
        "token-expired",
        Exit.LOGIN,
    ),
    Injected(
        "the free Personal plan, just logged in",
        logs_in(JUST_NOW, plan="personal"),
        "market-data",
        (Reason.PERSONAL_PLAN,),
        "no-permission",
        Exit.REFUSED,
    ),
    Injected(
        "the free Personal plan, an older token",
        meets(plan="personal"),
        "market-data",
        PLAN,
        "no-permission",
        Exit.REFUSED,
    ),
    Injected(
        "Connect bought since the login",
        logs_in(THIS_MORNING, plan="bought-today"),
        "market-data",
        PLAN,
        "no-permission",
        Exit.REFUSED,
    ),
    Injected(
        "the user is not enabled for the app",
        meets(plan="user-not-enabled"),
        "token",
        (Reason.USER_NOT_ENABLED,),
        "no-permission",
        Exit.REFUSED,
    ),
    Injected(
        "the handshake alone gets 403",
        meets(feed="refused"),
        "websocket",
        (Reason.FEED_REFUSED,),
        "feed-refused",
        Exit.REFUSED,
    ),
    Injected(
        "a proxy's own 403 to the handshake",
        meets(feed="proxied"),
        "websocket",
        (Reason.PROXY_ANSWERS,),
        "feed-unreachable",
        Exit.UNREACHABLE,
    ),
    Injected(
        "a proxy's own 403 to everything",
        meets(feed="proxied", rest="proxied"),
        "websocket",
        (Reason.PROXY_ANSWERS,),
        "feed-unreachable",
        Exit.UNREACHABLE,
    ),
    Injected(
        "429: no connection of the key is free",
        meets(feed="busy"),
        "slot",
        (Reason.NO_FREE_SLOT,),
        "feed-busy",
        Exit.REFUSED,
    ),
)


@pytest.fixture
def office(tmp_path: Path, canary: Canary) -> Iterator[Office]:
    with office_at(tmp_path, canary) as office:
        yield office


def failed(outcome: Outcome) -> list[str]:
    return [found.name for found in outcome.findings if found.grade is Grade.FAILED]


@pytest.mark.parametrize("injected", EVERY_403, ids=lambda one: one.cause.replace(" ", "-"))
def test_each_cause_fails_alone_and_by_name(office: Office, injected: Injected) -> None:
    injected.happens(office)

    outcome = office.visit()

    assert outcome.problem is not None
    assert [injected.fails] == failed(outcome)
    assert injected.reasons == outcome.reasons
    assert (injected.told, injected.code) == (outcome.problem.cause, outcome.exit_code)
    for sentence in (outcome.problem.what, outcome.problem.why, outcome.problem.next_step):
        assert len(sentence) <= 73, sentence


def test_nothing_injected_nothing_found(office: Office) -> None:
    outcome = office.visit()

    assert (Exit.OK, (), []) == (outcome.exit_code, outcome.reasons, failed(outcome))


def test_every_403_of_the_family_has_a_sentence_of_its_own(office: Office) -> None:
    told = set()
    for injected in EVERY_403:
        office.kite.clear_faults()
        office.kite.set_token("valid")
        office.write()
        injected.happens(office)
        problem = office.visit().problem
        assert problem is not None
        told.add((injected.reasons, problem.what, problem.next_step.split(";")[0]))

    assert len({injected.reasons for injected in EVERY_403}) == len(told)


def test_a_token_from_the_environment_has_no_known_age(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACCESS_TOKEN_KEY, office.canary.access_token)
    office.kite.set_token("expired")

    assert (Reason.EXPIRED, *BY_HAND, Reason.LOGGED_OUT) == office.visit().reasons


def test_a_plan_bought_today_counts_after_a_login(office: Office) -> None:
    office.logged_in(office.canary.access_token, THIS_MORNING)
    refused = office.visit(plan="bought-today")
    office.logged_in(office.kite.login(), JUST_NOW)
    cured = office.visit()

    assert [Exit.REFUSED, Exit.OK] == [refused.exit_code, cured.exit_code]


def test_a_user_who_is_not_enabled_is_known_by_kites_words_whatever_their_type(office: Office) -> None:
    office.kite.set_faults({"plan": "user-not-enabled"})

    problem = office.visit().problem

    assert problem is not None
    assert "your user is not enabled for this app (403 PermissionException)" == problem.what
    assert "developers.kite.trade" in problem.next_step


def test_the_wrong_thing_is_told_of_by_the_token_store_before_kite_is_asked(office: Office) -> None:
    office.write(office.kite.wrong_tokens()["api-secret"])

    outcome = office.visit()

    (store,) = [found for found in outcome.findings if found.name == "token-store"]
    assert (Grade.WARN, "what is saved looks like your API secret") == (store.grade, store.why)
