"""What is kept of Kite's answers: enough to replay them, and nothing that could be a secret or a person."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli.clock import IST, SystemClock, VirtualClock
from kitefeed_cli.kite import cassette
from kitefeed_cli.kite.cassette import CassetteRecorder
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.recording import replaying
from kitefeed_cli.kite.rest import Profile, Rest
from kitefeed_cli.policy.events import Answer
from kitefeed_cli.redact import REDACTOR

from ..conftest import Canary

JSON = {"content-type": "application/json"}
PROFILE = "https://api.kite.trade/user/profile"
QUOTE = "https://api.kite.trade/quote?i=NSE:INFY"
TOKEN = "abcdefgh12"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 3, 2, 10, 0, tzinfo=IST))


@pytest.fixture
def recorder(clock: VirtualClock) -> CassetteRecorder:
    return CassetteRecorder(clock)


def body_of(recorder: CassetteRecorder, nth: int = -1) -> str:
    text = recorder.text(0.0)
    assert text is not None
    return str(json.loads(text)["interactions"][nth]["response"]["body"]["string"])


def written(folder: Path, recorder: CassetteRecorder) -> Path:
    path = folder / "answers.yaml"
    path.write_text(recorder.text(0.0) or "", "utf-8")
    return path


def test_nothing_planted_anywhere_in_an_exchange_is_kept(
    recorder: CassetteRecorder, canary: Canary, no_secret_in: Callable[..., None], tmp_path: Path
) -> None:
    REDACTOR.add(canary.access_token)
    secrets = [canary.access_token, canary.request_token, canary.api_secret]
    for secret in secrets:
        for url in (f"{PROFILE}?access_token={secret}", f"https://{secret}.example/{secret}/quote?i={secret}"):
            headers = {"content-type": f"text/{secret}", "set-cookie": secret, "x-request-id": secret, secret: secret}
            for body in (
                secret,
                f"<html>{secret}",
                json.dumps([secret]),
                json.dumps({"status": secret, "data": secret}),
                json.dumps({"status": "success", "data": secret, secret: secret}),
                json.dumps({"status": "success", "data": {secret: secret, "user_name": secret, "email": [secret]}}),
                json.dumps({"status": "success", "data": {"NSE:INFY": {"last_price": 1.5, "timestamp": secret}}}),
                json.dumps({"status": "error", "error_type": secret, "data": secret}),
            ):
                recorder.heard("GET", url, 200, headers, body.encode())
    message = f"bad access_token={canary.access_token}"
    recorder.heard("GET", PROFILE, 403, JSON, json.dumps({"error_type": "TokenException", "message": message}).encode())

    no_secret_in(written(tmp_path, recorder))
    assert "access_token=<redacted>" in body_of(recorder)


def test_answers_replay_through_the_real_client(recorder: CassetteRecorder, tmp_path: Path) -> None:
    person = {"user_id": "AB1234", "user_name": "Asha Rao", "email": "asha@example.com", "user_shortname": "Asha"}
    recorder.heard("GET", PROFILE, 200, JSON, json.dumps({"status": "success", "data": person}).encode())
    quotes = {"NSE:INFY": {"instrument_token": 408065, "last_price": 1573.15, "timestamp": "2026-03-02 10:00:00"}}
    recorder.heard("GET", QUOTE, 200, JSON, json.dumps({"status": "success", "data": quotes}).encode())
    dead = {"status": "error", "message": "Incorrect `api_key` or `access_token`.", "error_type": "TokenException"}
    recorder.heard("GET", PROFILE, 403, JSON, json.dumps(dead).encode())
    recorder.heard("GET", PROFILE, 502, {"content-type": "text/html"}, b"<html><h1>Bad gateway</h1></html>")
    path = written(tmp_path, recorder)

    rest = Rest("key", "https://api.kite.trade", SystemClock())
    with replaying(path):
        assert Profile("XX0000", "A Trader") == rest.profile(TOKEN, 5)
        assert 1573.15 == rest.quotes(TOKEN, ["NSE:INFY"], "quote", 5)["NSE:INFY"].last_price
        for answer, detail in ((Answer.TOKEN_DEAD, "403 TokenException"), (Answer.FAILED, "502 with HTML")):
            with pytest.raises(KiteError) as caught:
                rest.profile(TOKEN, 5)
            assert (answer, detail) == (caught.value.answer, caught.value.detail)
    assert "Asha" not in path.read_text("utf-8")
    assert "asha@" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"", ""),
        (b" <!doctype html>secret", "<html></html>"),
        (b"secret", "not JSON"),
        (b"[1, 2]", "[]"),
        (b'{"status": "success", "data": [1]}', '{"status": "success", "data": null}'),
        (b"[" * 100_000, "not JSON"),
        (b'{"status": "error", "message": "a\\nb"}', '{"status": "error", "message": "a\\\\nb", "data": null}'),
    ],
)
def test_an_odd_body_becomes_one_that_means_the_same(recorder: CassetteRecorder, body: bytes, kept: str) -> None:
    recorder.heard("GET", PROFILE, 299, JSON, body)

    assert kept == body_of(recorder)


def test_only_what_a_run_asks_is_kept(recorder: CassetteRecorder) -> None:
    recorder.heard("POST", "https://api.kite.trade/session/token", 200, JSON, b"{}")
    recorder.heard("GET", "https://api.kite.trade/instruments/NSE", 200, JSON, b"{}")

    assert recorder.text(0.0) is None


def test_a_cassette_begins_with_its_incident(recorder: CassetteRecorder, clock: VirtualClock) -> None:
    recorder.heard("GET", PROFILE, 503, JSON, b"1")
    clock.advance_to(100.0)
    recorder.heard("GET", PROFILE, 504, JSON, b"2")
    text = recorder.text(50.0)

    assert text is not None
    assert [504] == [one["response"]["status"]["code"] for one in json.loads(text)["interactions"]]


def test_the_newest_are_kept_when_there_are_too_many(
    recorder: CassetteRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cassette, "MOST_ANSWERS", 3)
    for status in range(500, 510):
        recorder.heard("GET", PROFILE, status, JSON, b"")
    text = recorder.text(0.0)

    assert text is not None
    assert [507, 508, 509] == [one["response"]["status"]["code"] for one in json.loads(text)["interactions"]]
