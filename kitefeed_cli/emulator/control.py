"""The switches: what a test, a scenario or a user does to the local Kite, from Python or over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from kitefeed_cli.emulator.accounts import Accounts
from kitefeed_cli.emulator.answers import json_answer
from kitefeed_cli.emulator.faults import Fault, Switches, UnknownFaultError, nearest
from kitefeed_cli.emulator.feed import Feed
from kitefeed_cli.emulator.hours import KiteTime
from kitefeed_cli.emulator.oracle import RequestLog, SentLog
from kitefeed_cli.emulator.tally import Tally

PREFIX = "/_emulator/"
TOKEN_STATES = ("valid", "expired")


class Controls:
    """Everything that can be done to the local Kite. Lives on the server's loop alone."""

    def __init__(
        self,
        accounts: Accounts,
        switches: Switches,
        feed: Feed,
        time: KiteTime,
        log: RequestLog,
        sent: SentLog,
        tally: Tally,
    ) -> None:
        self._accounts = accounts
        self._switches = switches
        self._feed = feed
        self._time = time
        self.log = log
        self.sent = sent
        self.tally = tally

    def set_token(self, state: object) -> str:
        """`expired`: the access token is dead; `valid`: accepted again. Returns it. Raises UnknownFaultError."""
        if state not in TOKEN_STATES:
            raise nearest("token state", str(state), list(TOKEN_STATES))
        if state == "valid":
            return self._accounts.revive()
        access_token = self._accounts.expire()
        self._feed.token_died(access_token)
        return access_token

    def login(self) -> str:
        """A user's login; says the access token it gave."""
        before = self._accounts.access_token
        if self._switches["plan"].word == "bought-today":
            self._switches.turn_on(self._switches.look_up({"plan": "connect"}))
        if self._switches["login"].word == "same-token":
            return self._accounts.revive()
        access_token = self._accounts.renew()
        self._feed.token_died(before)
        return access_token

    def wrong_tokens(self) -> dict[str, str]:
        """What people save in place of the access token, by kind."""
        return {
            "request-token": self._accounts.grant_request_token(),
            "public-token": self._accounts.public_token,
            "token-of-another-app": self._accounts.other_app_token,
            "api-secret": self._accounts.api_secret,
            "api-key": self._accounts.api_key,
        }

    def set_faults(self, words: Mapping[str, object]) -> dict[str, str]:
        """Merge fault words, `token` with its states among them; says every family's word. Raises UnknownFaultError."""
        faults = dict(words)
        state = faults.pop("token", None)
        if state is not None and state not in TOKEN_STATES:
            raise nearest("token state", str(state), list(TOKEN_STATES))
        chosen = self._switches.look_up(faults)
        if state is not None:
            self.set_token(state)
        self._switches.turn_on(chosen)
        return self._switches.words()

    def clear_faults(self) -> dict[str, str]:
        """All is well again; the access token stays as it is."""
        self._switches.clear()
        return self._switches.words()

    def faults(self) -> dict[str, str]:
        """The present word of every family."""
        return self._switches.words()

    def begins(self, fault: Fault) -> None:
        """A fault has been switched on: those that are events happen now."""
        if fault.cuts:
            self._feed.cut_all()

    def set_clock(self, words: Mapping[str, object]) -> dict[str, Any]:
        """`skip_s` moves the date shown by so much; `wall` (ISO 8601 with an offset) sets it. No wait moves."""
        match dict(words):
            case {"skip_s": int() | float() as skip_s}:
                self._time.shift(float(skip_s))
            case {"wall": str(text)} if (shown := datetime.fromisoformat(text)).tzinfo is not None:
                self._time.shift((shown - self._time.wall()).total_seconds())
            case _:
                raise ValueError('say {"skip_s": seconds} or {"wall": "2026-03-02T09:15:00+05:30"}')
        return {"wall": self._time.wall().isoformat(timespec="milliseconds"), "t": round(self._time.t_s(), 3)}


class ControlRoutes:
    """The same over HTTP, under `/_emulator/`."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """JSON in, JSON out; 400 with `error` (and `nearest`) for a word that does not exist."""
        try:
            return await self._route(request)
        except UnknownFaultError as error:
            return json_answer({"error": str(error), "nearest": error.nearest}, 400)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)

    async def _route(self, request: web.BaseRequest) -> web.Response:
        controls = self._controls
        match request.method, request.path.removeprefix(PREFIX):
            case "POST", "token":
                state = (await _body(request)).get("state")
                return json_answer({"access_token": controls.set_token(state), "state": state})
            case "POST", "login":
                return json_answer({"access_token": controls.login(), "state": "valid"})
            case "GET", "wrong-tokens":
                return json_answer(controls.wrong_tokens())
            case "GET", "faults":
                return json_answer({"faults": controls.faults()})
            case "POST", "faults":
                return json_answer({"faults": controls.set_faults(await _body(request))})
            case "DELETE", "faults":
                return json_answer({"faults": controls.clear_faults()})
            case "GET", "requests":
                return json_answer(controls.log.rows())
            case "GET", "sent":
                rows = [{**row, "frame": row["frame"].hex()} for row in controls.sent.rows()]
                return json_answer(rows)
            case "GET", "tally":
                return json_answer(controls.tally.as_json(int(request.query.get("after", "0"))))
            case "POST", "clock":
                return json_answer(controls.set_clock(await _body(request)))
        return json_answer({"error": f"no control {request.method} {request.path}"}, 404)


async def _body(request: web.BaseRequest) -> dict[str, object]:
    text = await request.text()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
