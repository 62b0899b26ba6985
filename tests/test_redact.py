"""Redaction: by value in every disguise, by shape, and one line stays one line."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.redact import REDACTED, Redactor, hide_tokens, one_line

SECRET = "s3cr3t/Tok+en=42é'"

DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in a URL": lambda secret: quote(secret, safe=""),
    "in JSON": json.dumps,
    "in JSON with letters kept": lambda secret: json.dumps(secret, ensure_ascii=False),
    "in a repr": repr,
    "in hex": lambda secret: secret.encode().hex(),
    "in capital hex": lambda secret: secret.encode().hex().upper(),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_registered_secret_is_replaced_in_every_disguise(disguise: Callable[[str], str]) -> None:
    redactor = Redactor()
    redactor.add(SECRET)
    shown = redactor.redact(f"before {disguise(SECRET)} after")

    assert REDACTED in shown
    assert disguise(SECRET).strip("\"'") not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@given(before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_base64_hides_a_secret_at_no_offset(before: bytes, after: bytes) -> None:
    redactor = Redactor()
    redactor.add("aBcD1234eFgH5678")
    shown = redactor.redact(base64.b64encode(before + b"aBcD1234eFgH5678" + after).decode())

    assert REDACTED in shown
    assert len(shown) <= len(REDACTED) + 16  # only characters that hold bits of the neighbours are left


@given(st.text(min_size=6, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_whatever_the_secret_its_value_never_stays(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(secret)

    assert secret not in redactor.redact(before + secret + after).replace(REDACTED, "")


def test_a_secret_within_a_longer_secret_does_not_uncover_the_rest() -> None:
    redactor = Redactor()
    redactor.add("abcdefgh")
    redactor.add("abcdefghIJKLMNOP")

    assert f"x {REDACTED} y" == redactor.redact("x abcdefghIJKLMNOP y")


def test_short_values_are_ignored_so_that_text_stays_readable() -> None:
    redactor = Redactor()
    redactor.add("")
    redactor.add("live")

    assert "the feed is live" == redactor.redact("the feed is live")


@pytest.mark.parametrize(
    "text",
    [
        "GET /?api_key=k&access_token=UNKNOWN9&x=1 HTTP/1.1",
        "http://127.0.0.1/?request_token=UNKNOWN9",
        "KITE_ACCESS_TOKEN='UNKNOWN9'",
        "checksum=UNKNOWN9",
        "api_secret = UNKNOWN9",
        "enctoken=UNKNOWN9; path=/",
        "next=%2F%3Faccess_token%3DUNKNOWN9",
        '{"access_token":"UNKNOWN9","user_id":"x"}',
        "{'public_token': 'UNKNOWN9'}",
        "Authorization: token key:UNKNOWN9",
        "{'Authorization': 'token key:UNKNOWN9', 'X-Kite-Version': '3'}",
        "authorization=Basic UNKNOWN9",
        "Cannot connect to proxy http://trader:UNKNOWN9@proxy.office:3128/",
    ],
)
def test_a_secret_nobody_registered_is_known_by_its_shape(text: str) -> None:
    shown = Redactor().redact(text)

    assert "UNKNOWN9" not in shown
    assert REDACTED in shown


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect `api_key` or `access_token`.",
        "Invalid `checksum`.",
        "put KITE_ACCESS_TOKEN into .env",
        "instrument token 408065",
        "403 TokenException",
        "put it into HTTPS_PROXY, like http://user:password@host:port",
        "http://127.0.0.1:5000/ and me@example.com",
    ],
)
def test_prose_about_secrets_stays_as_it_is(text: str) -> None:
    assert text == Redactor().redact(text)


def test_redacting_twice_changes_nothing_more() -> None:
    once = Redactor().redact("access_token=abcdefgh&x=1 Authorization: token a:b")

    assert once == Redactor().redact(once)


def test_secrets_may_be_added_while_others_redact() -> None:
    redactor = Redactor()
    errors: list[BaseException] = []

    def add() -> None:
        try:
            for number in range(50):
                redactor.add(f"secret-{number:04}")
                assert f"secret-{number:04}" not in redactor.redact(f"a secret-{number:04} b")
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not errors


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\r\nb", r"a\r\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u2028b", r"a\u2028b"),
        ("a\u202eb", r"a\u202eb"),
        ("a\x85b", r"a\x85b"),
        ("\ud800", r"\ud800"),
        ("₹ 1,573.15 – नमस्ते", "₹ 1,573.15 – नमस्ते"),
    ],
)
def test_one_line_stays_one_line(text: str, shown: str) -> None:
    assert shown == one_line(text)


@given(st.text())
def test_no_text_breaks_the_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    "token",
    [
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF",  # an access token
        "QwErTyUiOpAsDfGhJkLzXcVbNmQwErTy",  # one without a digit
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9" * 2,  # a checksum
        "k3Jd/8fH+q2Lx9Zp/W7vR1tB+n6Mc0yQ==",  # an enctoken
        "aB3-dE6_gH9-jK2_mN5-pQ8_sT1",
        "12345678901234567890",
    ],
)
@pytest.mark.parametrize("text", ["{}", "what is {}?", "GET /?x={}&y=1", "token key:{} was sent"])
def test_what_may_be_a_token_is_hidden_in_a_text_from_outside(token: str, text: str) -> None:
    shown = hide_tokens(text.format(token))

    assert REDACTED in shown
    assert all(token[start : start + 8] not in shown for start in range(len(token) - 8))


@pytest.mark.parametrize(
    "text",
    [
        "WebSocketConnectionClosedException: Connection is already closed.",
        "ReactorNotRestartable",
        "KeyError: 'depth' in on_ticks",
        "https://api.kite.trade/user/profile",
        "NFO:NIFTY26NOV",
        "CERTIFICATE_VERIFY_FAILED",
    ],
)
def test_the_words_of_an_error_stay(text: str) -> None:
    assert text == hide_tokens(text)


def test_a_token_of_a_secondary_source_is_known_by_its_shape() -> None:
    assert "UPSTOX_ANALYTICS_TOKEN=<redacted>" == Redactor().redact("UPSTOX_ANALYTICS_TOKEN=eyJ0eXAiOiJKV1Qi.c2Vj.x")
