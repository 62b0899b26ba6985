"""Recorded answers go through the real client, and nothing leaves this computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.recording import replaying
from kitefeed_cli.kite.rest import Profile, Rest
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.problems import Exit, Problem

MORNING = Path(__file__).parents[2] / "cassettes" / "kite" / "token-expired-morning.yaml"
TOKEN = "abcdefgh12"


@pytest.fixture
def rest() -> Rest:
    return Rest("key", "https://api.kite.trade", SystemClock())


def failure_of(rest: Rest) -> KiteError:
    with pytest.raises(KiteError) as caught:
        rest.profile(TOKEN, 5)
    return caught.value


def test_a_token_that_dies_in_the_morning_is_replayed(rest: Rest) -> None:
    with replaying(MORNING):
        assert Profile("XX0000", "A Trader") == rest.profile(TOKEN, 5)
        quotes = rest.quotes(TOKEN, ["NSE:INFY", "NSE:NOT RECORDED"], "quote", 5)
        again = [failure_of(rest) for _ in range(3)]

    assert {"NSE:INFY": 1573.15} == {name: quote.last_price for name, quote in quotes.items()}
    assert [(Answer.TOKEN_DEAD, "403 TokenException")] * 3 == [(error.answer, error.detail) for error in again]


def test_what_is_not_recorded_fails_and_goes_nowhere(rest: Rest) -> None:
    with replaying(MORNING), pytest.raises(KiteError) as caught:
        rest.logout(TOKEN, 5)

    assert (Answer.FAILED, "an unexpected reply (CannotOverwriteExistingCassetteException)") == (
        caught.value.answer,
        caught.value.detail,
    )


def test_a_replay_changes_neither_the_file_nor_what_comes_after(rest: Rest) -> None:
    before = MORNING.read_bytes()
    for _ in range(2):
        with replaying(MORNING):
            assert "XX0000" == rest.profile(TOKEN, 5).user_id

    assert before == MORNING.read_bytes()


@pytest.mark.parametrize(
    "content", [None, "", "[]", "a: [", "interactions: [1]", "!!python/object/apply:os.system ['touch ran']"]
)
def test_what_is_no_cassette_is_a_problem(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Problem) as caught, replaying(path):
        pass

    assert Exit.USAGE is caught.value.exit_code
    assert not Path("ran").exists()


def test_no_cassette_of_ours_holds_a_credential_or_a_person() -> None:
    for path in MORNING.parents[1].rglob("*.yaml"):
        text = path.read_text("utf-8")

        assert "token key:" not in text
        assert all(word not in text for word in ("access_token=", "request_token", "checksum=", "@"))
