"""A feed in Redis, as a gateway knows it (`gateway.upstream.Upstream`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ...gateway.upstream import Condition, Declined
from ...problems import Problem
from ...sharing.hearing import Hearing
from ...sharing.reading import Reading
from ...sharing.server import errors
from ...sharing.wants import Wish
from ..values.lists import DayLists


class Distant:
    """Its access token is elsewhere, so no login starts from here."""

    def __init__(self, hearing: Hearing, reading: Reading, wish: Wish, lists: DayLists) -> None:
        self._hearing = hearing
        self._reading = reading
        self._wish = wish
        self._lists = lists
        self._declined: list[Declined] = []

    def condition(self) -> Condition:
        return self._hearing.condition()

    def names(self) -> Mapping[int, str]:
        return self._hearing.names

    def user_name(self) -> str:
        state = self._hearing.state
        return "" if state is None else state.user_name

    def want(self, wanted: Mapping[int, str]) -> list[Declined]:
        """Asked again every few seconds, so what Redis does not take now it takes then."""
        if self._hearing.reachable:
            try:
                declined = self._wish.tell(wanted)
            except errors():
                return self._declined
            self._declined = [Declined(tuple(tokens), why) for why, tokens in declined.items()]
        return self._declined

    def list_of(self, exchange: str | None) -> bytes:
        return self._lists.csv(exchange)

    def counters(self) -> Mapping[str, Any]:
        return {**asdict(self._reading.counts), "gaps": self._hearing.gaps.number}

    def login_origin(self) -> str:
        return ""

    def begin_login(self, back: str) -> str:
        raise Problem(
            "no login can be started here",
            "the access token is where the feed is published",
            "run `kitefeed login` there",
        )

    def login_news(self) -> str:
        return ""
