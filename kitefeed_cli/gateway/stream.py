"""The live page's stream: server-sent messages, one JSON object each, at most four a second to each page.

Everything of a message is of one moment: the page must not call the feed LIVE and its prices last-known, or the other
way round, so both come of one look at the feed's condition, and come together.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from aiohttp import web

from ..clock import Clock
from ..ticks.last import LAST_KNOWN
from ..ticks.segments import decimals
from .history import History, Second, Span
from .intake import Intake
from .quotes import close_of, price_of
from .upstream import Condition, Upstream

PAGES_MAX = 16
SHOWN_MAX = 500  # instruments of a page
_EVERY_S = 0.25
_READ_WITHIN_S = 30.0


class Stream:
    """`state`: the object of `GET /state`, of a condition."""

    def __init__(
        self,
        history: History,
        intake: Intake,
        upstream: Upstream,
        state: Callable[[Condition], dict[str, Any]],
        clock: Clock,
    ) -> None:
        self.made_by = secrets.token_hex(8)  # no secret: tells this gateway from the next on the same port
        self._history = history
        self._intake = intake
        self._upstream = upstream
        self._state = state
        self._clock = clock

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self._history.watchers >= PAGES_MAX:
            return web.Response(status=429, text="Too many pages are open")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        fresh = self._history.watch()
        try:
            await self._write(response, fresh)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the page was closed
        except TimeoutError:  # it is there and does not read, or has vanished: its place is for another
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._history.unwatch(fresh)
        return response

    async def _write(self, response: web.StreamResponse, fresh: set[int]) -> None:
        shown: dict[int, str] = {}
        last: Second | None = None
        told: object = None
        since: object = None  # when the span that was told last began
        while True:
            condition = self._upstream.condition()
            names = dict(list(self._upstream.names().items())[:SHOWN_MAX])
            seconds = self._history.seconds
            changed = told != (condition.state, condition.source, condition.trouble)
            message: dict[str, Any] = {}
            if changed or (seconds and seconds[-1] is not last):
                last, told = (seconds[-1] if seconds else None), (condition.state, condition.source, condition.trouble)
                spans = self._history.spans
                here = spans[-1].from_at if spans else None
                message["second"] = self._second(condition, last, spans if here != since else [])
                since = here
            if names != shown:
                shown = names
                message["all"] = self._all(shown)
            if changed or "all" in message:  # a price may have to be called otherwise now
                message["ticks"] = self._values(shown, condition)
            elif fresh:
                message["ticks"] = self._values([token for token in fresh if token in shown], condition)
            fresh.clear()
            if message:
                message["now"] = int(self._clock.wall().timestamp() * 1000)
                async with asyncio.timeout(self._clock.real_s(_READ_WITHIN_S)):
                    await response.write(b"data: " + orjson.dumps(message) + b"\n\n")
            await self._clock.sleep_async(_EVERY_S)

    def _all(self, shown: dict[int, str]) -> dict[str, Any]:
        sparks = self._history.sparks
        return {
            "instruments": [
                {"token": token, "name": name, "decimals": decimals(token), "spark": list(sparks.get(token, ()))}
                for token, name in shown.items()
            ],
            "made_by": self.made_by,
            "more": max(0, len(self._upstream.names()) - len(shown)),
            "seconds": [[one.at_ms, one.ours_ms, one.exchange_ms] for one in self._history.seconds],
        }

    def _second(self, condition: Condition, last: Second | None, spans: Sequence[Span]) -> dict[str, Any]:
        """`spans`: empty when there is none that the page does not have."""
        return {
            "state": self._state(condition),
            "second": None if last is None else [last.at_ms, last.ours_ms, last.exchange_ms],
            "spans": [_span(span) for span in spans],
        }

    def _values(self, tokens: Iterable[int], condition: Condition) -> list[list[Any]]:
        """Token, price, change in per cent, source, and when it was received (epoch milliseconds)."""
        now_s, now_ms = self._clock.now_s(), self._clock.wall().timestamp() * 1000
        values = []
        for token in tokens:
            known = self._intake.known.get(token)
            if known is not None:
                price, close = price_of(known.packet), close_of(known.packet)
                change = None if close is None else round((price - close) * 100 / close, 2)
                at_ms = int(now_ms - (now_s - known.received_s) * 1000)
                values.append([token, price, change, known.source if condition.serves else LAST_KNOWN, at_ms])
        return values


def _span(span: Span) -> list[Any]:
    return [span.state, span.why, int(span.from_at.timestamp() * 1000), int(span.to_at.timestamp() * 1000)]
