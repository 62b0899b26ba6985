"""Every way a REST call can fail, translated into one exception with an `Answer` the policy understands.

Kite's `error_type` decides, never the HTTP status alone: a proxy's 403 page says nothing about the access token
(Kite Connect v3 docs, Exceptions page; the status codes are shared by several types).
"""

from __future__ import annotations

import errno
import json
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from ..policy.events import Answer
from ..redact import REDACTOR, one_line
from .foreign import in_words, proxy_of

_RETRY_UNCLEAR_S = 60.0  # the wait after a Retry-After that makes no sense
_RETRY_MOST_S = 3600.0
_BY_TYPE = {"TokenException": Answer.TOKEN_DEAD, "PermissionException": Answer.NOT_PERMITTED}


class KiteError(Exception):
    """A REST call that brought no good answer.

    `detail` is one short line without secrets ("403 TokenException"); `message` is Kite's own sentence, made
    harmless, or empty; `retry_after_s` is 0 when the answer named no time.
    """

    def __init__(
        self,
        answer: Answer,
        detail: str,
        *,
        status: int | None = None,
        error_type: str = "",
        message: str = "",
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(detail)
        self.answer = answer
        self.detail = detail
        self.status = status
        self.error_type = error_type
        self.message = message
        self.retry_after_s = retry_after_s


def judge(status: int, headers: Mapping[str, str], body: bytes, wall: datetime) -> dict[str, Any]:
    """The JSON envelope of a good reply (`status` is "success" and `data` is there); raises KiteError otherwise.

    `headers` must ignore case; `wall` is the time now, for a Retry-After date of a server that sends no Date.
    """
    retry_after_s = _retry_after_s(headers, wall)
    envelope = _json_object(body)
    if envelope is None:
        raise _not_json(status, headers, body, retry_after_s)
    error_type = envelope.get("error_type")
    if status < 400 and not error_type and envelope.get("status") == "success" and "data" in envelope:
        return envelope
    if status < 400 and not error_type and envelope.get("status") != "error":
        raise KiteError(Answer.FAILED, f"{status} with an unexpected reply", status=status)
    word = error_type if isinstance(error_type, str) and re.fullmatch(r"[A-Za-z]{1,40}", error_type) else ""
    answer = _BY_TYPE.get(word, Answer.THROTTLED if status == 429 else Answer.FAILED)
    raise KiteError(
        answer,
        f"{status} {word or 'without error_type'}",
        status=status,
        error_type=word,
        message=_harmless(envelope.get("message")),
        retry_after_s=retry_after_s,
    )


def not_csv(status: int, headers: Mapping[str, str], body: bytes, wall: datetime) -> KiteError:
    """What is wrong with a reply that should have been the instrument list."""
    try:
        judge(status, headers, body, wall)
    except KiteError as error:
        return error
    return KiteError(Answer.FAILED, f"{status} with an unexpected reply", status=status)


def translated(error: BaseException, host: str, within_s: float) -> KiteError:
    """The KiteError for anything a client library may raise. Says nothing of the original's text: it may quote
    the URL with its query."""
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, KiteError):
            return link
    detail = next(filter(None, (_connection_detail(link, host) for link in chain)), "")
    if detail:
        return KiteError(Answer.UNREACHABLE, detail)
    if any(isinstance(link, TimeoutError) or "Timeout" in type(link).__name__ for link in chain):
        return no_answer(within_s)
    if isinstance(error, OSError):
        return KiteError(Answer.UNREACHABLE, "connection failed")
    return KiteError(Answer.FAILED, f"an unexpected reply ({type(error).__name__})")


def no_answer(within_s: float) -> KiteError:
    """The deadline passed."""
    return KiteError(Answer.UNREACHABLE, f"no answer within {within_s:g} s")


def no_turn(wait_s: float, *, held: bool) -> KiteError:
    """Not asked, for the rate limit's sake; `held`: because of a 429 that some process on this computer met."""
    why = "held after a 429" if held else "other kitefeeds use up the rate"
    return KiteError(Answer.THROTTLED, f"not asked: {why}", retry_after_s=wait_s)


def unexpected(what: str) -> KiteError:
    """A well-formed envelope with something odd inside; `what` names the place, never the value."""
    return KiteError(Answer.FAILED, f"an unexpected reply ({what})", status=200)


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _not_json(status: int, headers: Mapping[str, str], body: bytes, retry_after_s: float) -> KiteError:
    if 300 <= status < 400:
        # Never followed: the credentials would travel along
        return KiteError(Answer.FAILED, f"{status}, a redirect (a portal?)", status=status)
    if status == 429:
        return KiteError(Answer.THROTTLED, "429", status=status, retry_after_s=retry_after_s)
    html = "html" in headers.get("content-type", "").lower() or body.lstrip()[:1] == b"<"
    proxy = proxy_of(headers)
    if proxy:
        return KiteError(Answer.FAILED, in_words(str(status), proxy), status=status, retry_after_s=retry_after_s)
    guess = {True: " (a portal?)", False: " (a proxy?)" if status in (401, 403, 407) else ""}[status < 400]
    kind = f"with HTML{guess}" if html else "without JSON"
    return KiteError(Answer.FAILED, f"{status} {kind}", status=status, retry_after_s=retry_after_s)


def _retry_after_s(headers: Mapping[str, str], wall: datetime) -> float:
    """Seconds to wait: 0 without the header, 60 when it makes no sense, at most an hour (RFC 9110 §10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return 0.0
    if re.fullmatch(r"\d{1,18}", text):
        seconds = float(text)
    else:
        moment = _http_date(text)
        if moment is None:
            return _RETRY_UNCLEAR_S
        # The server's own clock when it sends one: ours may be wrong
        seconds = (moment - (_http_date(headers.get("date", "")) or wall)) / timedelta(seconds=1)
    return min(seconds, _RETRY_MOST_S) if seconds >= 1 else _RETRY_UNCLEAR_S


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def _harmless(text: object) -> str:
    return one_line(REDACTOR.redact(text))[:200] if isinstance(text, str) else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and all it wraps: causes, contexts, and what the libraries tuck into `args` and `reason`."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        link = todo.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            todo += [*link.args, getattr(link, "reason", None), link.__cause__, link.__context__]


def _connection_detail(error: BaseException, host: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_detail(error)
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    if isinstance(error, socket.gaierror):
        return f"name not found: {host}"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError | ConnectionAbortedError | BrokenPipeError):
        return "connection reset"
    if isinstance(error, OSError) and error.errno in (errno.ENETUNREACH, errno.ENETDOWN):
        return "network unreachable"
    if isinstance(error, OSError) and error.errno == errno.EHOSTUNREACH:
        return f"no route to {host}"
    tunnel = re.match(r"Tunnel connection failed: (\d{3})", str(error.args[0]) if error.args else "")
    if tunnel:
        return f"the proxy refused ({tunnel[1]})"
    if type(error).__name__ in ("IncompleteRead", "RemoteDisconnected", "ChunkedEncodingError", "BadStatusLine"):
        return "connection cut in mid-answer"
    return ""


def _certificate_detail(error: ssl.SSLCertVerificationError) -> str:
    text = str(getattr(error, "verify_message", "")).lower()  # one that Python raises itself has none
    if "expired" in text:
        return "certificate expired"
    if "not yet valid" in text:
        return "certificate not yet valid (is this computer's clock right?)"
    if "mismatch" in text or "not valid for" in text:
        return "certificate is for another host"
    return "certificate not trusted"
