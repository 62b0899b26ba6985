"""The shapes of Kite's REST answers (Kite Connect v3 docs, "Response structure" and "Exceptions and errors")."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from kitefeed_cli.emulator.faults import Answer

_OMIT_DATA = {429}  # this one body has no `data` key


class KiteError(Exception):
    """A refusal: HTTP status, Kite's error_type, Kite's text."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


def dead_token() -> KiteError:
    return KiteError(403, "TokenException", "Incorrect `api_key` or `access_token`.")


def not_permitted() -> KiteError:
    return KiteError(403, "PermissionException", "Insufficient permission for that call.")


def not_enabled(status: int = 403, error_type: str = "PermissionException") -> KiteError:
    """The text is that of Kite's login page (reported by users); that REST says it too is our guess."""
    return KiteError(status, error_type, "The user is not enabled for the app.")


def json_answer(payload: Any, status: int = 200) -> web.Response:
    """Any JSON."""
    return web.Response(status=status, body=json.dumps(payload).encode(), headers={"Content-Type": "application/json"})


def success(payload: Any) -> web.Response:
    return json_answer({"status": "success", "data": payload})


def refusal(error: KiteError) -> web.Response:
    body: dict[str, Any] = {"status": "error", "message": error.message}
    if error.status not in _OMIT_DATA:
        body["data"] = None
    return json_answer(body | {"error_type": error.error_type}, error.status)


def scripted(answer: Answer) -> web.Response:
    """What a fault says instead of the truth."""
    headers = dict(answer.headers)
    if answer.content_type is not None:
        headers["Content-Type"] = answer.content_type
    return web.Response(status=answer.status, body=answer.body.encode(), headers=headers)
