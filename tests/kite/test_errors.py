"""Every REST reply and every broken connection has one meaning."""

from __future__ import annotations

import errno
import http.client
import json
import socket
import ssl
from datetime import datetime

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.clock import IST
from kitefeed_cli.kite.errors import KiteError, judge, not_csv, translated
from kitefeed_cli.policy.events import Answer

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=IST)  # 06:30 GMT


def verdict(status: int, body: object, **headers: str) -> KiteError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(KiteError) as caught:
        judge(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, NOON)
    return caught.value


def kite_error(error_type: object, message: object = "No.") -> dict[str, object]:
    return {"status": "error", "message": message, "data": None, "error_type": error_type}


@pytest.mark.parametrize(
    ("status", "body", "answer", "detail"),
    [
        (403, kite_error("TokenException"), Answer.TOKEN_DEAD, "403 TokenException"),
        (200, kite_error("TokenException"), Answer.TOKEN_DEAD, "200 TokenException"),
        (403, kite_error("PermissionException"), Answer.NOT_PERMITTED, "403 PermissionException"),
        (403, kite_error("UserException"), Answer.FAILED, "403 UserException"),
        (400, kite_error("InputException"), Answer.FAILED, "400 InputException"),
        (429, {"status": "error", "error_type": "NetworkException"}, Answer.THROTTLED, "429 NetworkException"),
        (503, kite_error("NetworkException"), Answer.FAILED, "503 NetworkException"),
        (500, kite_error("A" * 41), Answer.FAILED, "500 without error_type"),
        (500, kite_error(["TokenException"]), Answer.FAILED, "500 without error_type"),
        (403, {"status": "error", "message": "No."}, Answer.FAILED, "403 without error_type"),
        (403, {"status": "success", "data": {}}, Answer.FAILED, "403 without error_type"),
        (200, {"status": "success"}, Answer.FAILED, "200 with an unexpected reply"),
        (200, {"data": {}}, Answer.FAILED, "200 with an unexpected reply"),
        (200, [], Answer.FAILED, "200 without JSON"),
        (200, b"", Answer.FAILED, "200 without JSON"),
        (200, b"[" * 100_000, Answer.FAILED, "200 without JSON"),
        (200, b"<html>Log in to the hotel", Answer.FAILED, "200 with HTML (a portal?)"),
        (403, b"<html>Blocked by the company", Answer.FAILED, "403 with HTML (a proxy?)"),
        (502, b"\n<html>Bad Gateway", Answer.FAILED, "502 with HTML"),
        (302, b"", Answer.FAILED, "302, a redirect (a portal?)"),
        (429, b"slow down", Answer.THROTTLED, "429"),
        (403, b"Authentication failed", Answer.FAILED, "403 without JSON"),
    ],
)
def test_the_error_type_decides_and_never_the_status_alone(
    status: int, body: object, answer: Answer, detail: str
) -> None:
    error = verdict(status, body)

    assert (answer, detail, status) == (error.answer, error.detail, error.status)


def test_a_good_envelope_passes() -> None:
    body = {"status": "success", "data": None}

    assert body == judge(200, {}, json.dumps(body).encode(), NOON)


def test_kites_own_sentence_is_kept_but_harmless() -> None:
    told = verdict(403, kite_error("TokenException", "Bad\n\x1b[31m access_token=abcdefgh " + "x" * 500)).message

    assert told.startswith(r"Bad\n\x1b[31m access_token=<redacted> xxx")
    assert 200 == len(told)
    assert "" == verdict(403, kite_error("TokenException", {"a": 1})).message


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({}, 0.0),
        ({"retry_after": "1"}, 1.0),
        ({"retry_after": "3600"}, 3600.0),
        ({"retry_after": "7200"}, 3600.0),
        ({"retry_after": "9" * 30}, 60.0),
        ({"retry_after": "0"}, 60.0),
        ({"retry_after": "-5"}, 60.0),
        ({"retry_after": "soon"}, 60.0),
        ({"retry_after": "1.5"}, 60.0),
        ({"retry_after": "Mon, 02 Mar 2026 06:30:45 GMT"}, 45.0),
        ({"retry_after": "Mon, 02 Mar 2026 06:29:00 GMT"}, 60.0),
        ({"retry_after": "Mon, 02 Mar 2026 09:30:00 GMT"}, 3600.0),
        ({"retry_after": "Mon, 02 Mar 2026 07:30:45 GMT", "date": "Mon, 02 Mar 2026 07:30:00 GMT"}, 45.0),
        ({"retry_after": "Mon, 99 Mar 2026 06:30:45 GMT"}, 60.0),
    ],
)
def test_retry_after_is_believed_within_reason(headers: dict[str, str], wait_s: float) -> None:
    assert wait_s == verdict(429, kite_error("NetworkException"), **headers).retry_after_s


@given(st.integers(200, 599), st.binary(max_size=60), st.text(max_size=40))
def test_no_reply_breaks_the_judge(status: int, body: bytes, retry_after: str) -> None:
    error = not_csv(status, {"retry-after": retry_after}, body, NOON)

    assert 0.0 <= error.retry_after_s <= 3600.0
    assert error.answer not in (Answer.OK, Answer.TOKEN_DEAD)


def wrapped(cause: BaseException) -> BaseException:
    """As `requests` does it: the reason inside urllib3's error inside its own."""
    pool = urllib3.HTTPConnectionPool("example.invalid")
    reason = urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("x"), "failed")
    reason.__cause__ = cause
    return requests.ConnectionError(urllib3.exceptions.MaxRetryError(pool, "/?access_token=abcdefgh", reason))


def certificate(text: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = text
    return error


@pytest.mark.parametrize(
    ("cause", "detail"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection reset"),
        (socket.gaierror(-2, "x"), "name not found: api.kite.trade"),
        (OSError(errno.ENETUNREACH, "x"), "network unreachable"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to api.kite.trade"),
        (OSError("Tunnel connection failed: 407 Proxy Authentication Required"), "the proxy refused (407)"),
        (OSError(errno.EMFILE, "x"), "connection failed"),
        (TimeoutError("x"), "no answer within 5 s"),
        (http.client.IncompleteRead(b"x"), "connection cut in mid-answer"),
        (http.client.RemoteDisconnected("x"), "connection reset"),
        (certificate("certificate has expired"), "certificate expired"),
        (certificate("certificate is not yet valid"), "certificate not yet valid (is this computer's clock right?)"),
        (certificate("Hostname mismatch, certificate is not valid for"), "certificate is for another host"),
        (certificate("self-signed certificate"), "certificate not trusted"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "TLS failed"),
    ],
)
def test_a_broken_connection_is_named_without_the_url(cause: BaseException, detail: str) -> None:
    error = translated(wrapped(cause), "api.kite.trade", 5.0)

    assert (Answer.UNREACHABLE, detail) == (error.answer, error.detail)


def test_anything_else_a_library_raises_is_an_unexpected_reply() -> None:
    error = translated(KeyError("access_token=abcdefgh"), "api.kite.trade", 5.0)

    assert (Answer.FAILED, "an unexpected reply (KeyError)") == (error.answer, error.detail)


def test_a_chain_that_bites_its_tail_ends() -> None:
    error = ValueError("x")
    error.__context__ = OSError("y", error)

    assert "an unexpected reply (ValueError)" == translated(error, "api.kite.trade", 5.0).detail
