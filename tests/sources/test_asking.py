"""A source on its own thread: whatever it does, whoever asks goes on."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest

from kitefeed_cli.clock import IST, ScaledClock, SystemClock
from kitefeed_cli.redact import REDACTOR
from kitefeed_cli.sources import Quote, SourceError, Wanted
from kitefeed_cli.sources.asking import MOST, Asker
from tests.conftest import Canary

INFY = Wanted("NSE:INFY", 408065, "NSE", "INFY")
Answer = Callable[[Sequence[Wanted]], Iterable[Quote]]


class Desk:
    name = "desk"
    needs_kite_token = False

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def fetch(self, instruments: Sequence[Wanted]) -> Iterable[Quote]:
        return self.answer(instruments)


def asker(answer: Answer, speed: float = 1.0) -> Asker:
    return Asker(Desk(answer), ScaledClock(speed, SystemClock().wall().astimezone(IST)))


def raising(error: BaseException) -> Answer:
    def answer(instruments: Sequence[Wanted]) -> Iterable[Quote]:
        raise error

    return answer


def test_an_answer_is_handed_on_unseen() -> None:
    outcome = asker(lambda wanted: [Quote(one.key, 5.0) for one in wanted]).fetch([INFY])

    assert ([Quote("NSE:INFY", 5.0)], "") == (outcome.answer, outcome.failure)


def test_an_answer_may_be_made_as_it_is_read() -> None:
    def answer(wanted: Sequence[Wanted]) -> Iterator[Quote]:
        for one in wanted:
            yield Quote(one.key, 5.0)

    assert 1 == len(asker(answer).fetch([INFY]).answer)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (SourceError("503"), "503"),
        (SourceError(""), "it has none now"),
        (SourceError(None), "None"),  # type: ignore[arg-type]  # what a plugin may do
        (ValueError("https://desk/?access_token=abc"), "it failed with ValueError"),
        (KeyboardInterrupt(), "it failed with KeyboardInterrupt"),
        (SystemExit(3), "it failed with SystemExit"),
        (RecursionError(), "it failed with RecursionError"),
        (SourceError("two\nlines\x1b[31m"), "two\\nlines\\x1b[31m"),
    ],
)
def test_what_it_raises_is_one_line_of_ours(
    error: BaseException, failure: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert failure == asker(raising(error)).fetch([INFY]).failure
    assert ("", "") == capfd.readouterr(), "and no traceback"


def test_its_words_are_redacted(canary: Canary) -> None:
    REDACTOR.add(canary.api_secret)
    failure = asker(raising(SourceError(f"bad token {canary.api_secret}"))).fetch([INFY]).failure

    assert "bad token <redacted>" == failure


@pytest.mark.parametrize("answer", [None, 5, Quote("NSE:INFY", 5.0)])
def test_an_answer_that_is_no_list_is_a_failure(answer: object) -> None:
    assert "it failed with TypeError" == asker(lambda wanted: answer).fetch([INFY]).failure  # type: ignore[arg-type, return-value]


def test_an_endless_answer_has_an_end() -> None:
    outcome = asker(lambda wanted: (Quote("x", 1.0) for _ in itertools.count())).fetch([INFY])

    assert len(outcome.answer) < 2000


def test_one_that_hangs_is_left_behind_and_not_asked_again_until_it_is_free() -> None:
    free, clock = threading.Event(), SystemClock()
    began: list[None] = []

    def answer(wanted: Sequence[Wanted]) -> list[Quote]:
        began.append(None)
        free.wait(20)
        return []

    one = asker(answer, speed=20)
    began_s = clock.now_s()
    try:
        assert "no answer within 4 s" == one.fetch([INFY]).failure
        assert clock.now_s() - began_s < 2.0
        assert ["an earlier question still hangs"] * 3 == [one.fetch([INFY]).failure for _ in range(3)]
        assert 1 == len(began)
    finally:
        free.set()
    for thread in threading.enumerate():
        if thread.name == "kitefeed-source-desk":
            thread.join(5)
    assert "" == one.fetch([INFY]).failure


def test_a_stop_waits_for_nobody() -> None:
    free, clock = threading.Event(), SystemClock()

    def answer(wanted: Sequence[Wanted]) -> list[Quote]:
        free.wait(20)
        return []

    one = asker(answer)
    threading.Timer(0.2, one.stop).start()
    began_s = clock.now_s()
    try:
        one.fetch([INFY])
        assert clock.now_s() - began_s < 2.0
    finally:
        free.set()


def test_it_may_say_how_many_it_takes_at_once() -> None:
    class Wide(Desk):
        most: object = 500

    wide = Wide(lambda wanted: [])
    clock = SystemClock()
    assert [500, MOST] == [Asker(wide, clock).most, asker(lambda wanted: []).most]
    for odd in (0, -3, "7", None):
        wide.most = odd
        assert MOST == Asker(wide, clock).most


def test_what_it_prepares_may_fail_too() -> None:
    class Late(Desk):
        def prepare(self, instruments: Sequence[Wanted]) -> None:
            raise SourceError("no list yet")

    assert "no list yet" == Asker(Late(lambda wanted: []), SystemClock()).prepare([INFY]).failure
    assert "" == asker(lambda wanted: []).prepare([INFY]).failure
