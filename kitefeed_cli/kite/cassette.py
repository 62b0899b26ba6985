"""Keeps REST answers for a VCR cassette, as `recording` replays them. Nothing is kept that is not known to be harmless.

A recorder that takes secrets out would have to know every place they can stand in. This one goes the other way: of
a request its method and path; of an answer its status, its content type, and what is rebuilt from the fields that the
client reads. A person becomes "A Trader"; prices stay, for whoever asks for a cassette asks for them.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from ..clock import Clock
from ..redact import REDACTOR, one_line

Heard = Callable[[str, str, int, Mapping[str, str], bytes], None]  # method, URL, status, headers, body

ROOT = "https://api.kite.trade"
MOST_ANSWERS = 500
MOST_CHARACTERS = 4_000_000

_PROFILE, _QUOTES = "/user/profile", ("/quote", "/quote/ohlc", "/quote/ltp")
_PERSON = {"user_id": "XX0000", "user_name": "A Trader"}
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
_ERROR_TYPE = re.compile(r"[A-Za-z]{1,40}")
_NAME = re.compile(r"[A-Z]{2,8}:[A-Z0-9 &._-]{1,40}|[a-z_]{1,30}")
_CONTENT_TYPE = re.compile(r"[a-z]+/[a-z+.-]+(; ?charset=[a-zA-Z0-9-]+)?")
_DEEPEST = 6


class CassetteRecorder:
    """The newest REST answers, with their times on the clock. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: deque[tuple[float, str]] = deque()
        self._characters = 0

    def heard(self, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """An answer has come. Other calls than those of a run are not kept."""
        path = next((one for one in (_PROFILE, *_QUOTES) if urlsplit(url).path.endswith(one)), None)
        if method != "GET" or path is None:
            return
        text = json.dumps(_interaction(path, status, headers, body), ensure_ascii=True)
        with self._lock:
            self._kept.append((self._clock.now_s(), text))
            self._characters += len(text)
            while len(self._kept) > MOST_ANSWERS or self._characters > MOST_CHARACTERS:
                self._characters -= len(self._kept.popleft()[1])

    def text(self, since_s: float) -> str | None:
        """A cassette of the answers since then; None when there are none. JSON, which is YAML too."""
        with self._lock:
            lines = [text for at_s, text in self._kept if at_s >= since_s]
        if not lines:
            return None
        return '{"version": 1, "interactions": [\n' + ",\n".join(lines) + "\n]}\n"


def _interaction(path: str, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    content_type = headers.get("content-type", "")
    kept = {"Content-Type": [content_type]} if _CONTENT_TYPE.fullmatch(content_type) else {}
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
    return {
        "request": {"method": "GET", "uri": ROOT + path, "headers": {}, "body": None},
        "response": {
            "status": {"code": status, "message": phrase},
            "headers": kept,
            "body": {"string": _harmless(path, body)},
        },
    }


def _harmless(path: str, body: bytes) -> str:
    """A body that means the same to the client."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return "<html></html>" if body.lstrip().startswith(b"<") else "not JSON" if body.strip() else ""
    if not isinstance(answer, dict):
        return "[]"
    if "error_type" in answer or answer.get("status") != "success":
        return json.dumps(_error(answer))
    if not isinstance(answer.get("data"), dict):
        return json.dumps({"status": "success", "data": None})
    return json.dumps({"status": "success", "data": _PERSON if path == _PROFILE else _numbers(answer["data"])})


def _error(answer: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"status": "error", "message": "", "data": None}
    message, error_type = answer.get("message"), answer.get("error_type")
    if isinstance(message, str):
        kept["message"] = one_line(REDACTOR.redact(message))[:200]
    if isinstance(error_type, str) and _ERROR_TYPE.fullmatch(error_type):
        kept["error_type"] = error_type
    return kept


def _numbers(value: Any, depth: int = 0) -> Any:
    """Numbers and timestamps, under the names of instruments and of Kite's fields; nothing else."""
    if isinstance(value, dict) and depth < _DEEPEST:
        return {name: _numbers(inner, depth + 1) for name, inner in value.items() if _NAME.fullmatch(name)}
    if isinstance(value, list) and depth < _DEEPEST:
        return [_numbers(inner, depth + 1) for inner in value]
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        return value
    return value if isinstance(value, int | float) else None
