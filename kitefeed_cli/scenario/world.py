"""The scripted world: the loop's hands on a virtual clock, and a Kite, a user and a computer that follow a script.

Latencies are fixed, so that the same scenario always makes the same log. Speaking goes through the real console
into a captured stream; nothing here decides what is said.
"""

from __future__ import annotations

import io
from collections import deque
from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Protocol

from ..calendar import Hours
from ..console import messages
from ..console.hours import market_line, state_shown
from ..console.printer import Printer
from ..policy import Note, Report, Say, Show, Shown
from ..policy.events import Answer, Event, QuotesPolled, Saved, StopAsked, TimeUp, TokenChecked
from .feed import ScriptedFeed
from .kite import Reply, ScriptedKite, Token
from .log import Kind, Talk
from .secondary import ScriptedSecondary
from .stage import VirtualStage
from .store import Content, ScriptedStore
from .story import Happening, Scenario

_MOVED_S = 2.0  # the quotes have moved on without a feed whose last tick is older
_LOOKS_AT_ONCE = 100


class StuckError(Exception):
    """The policy asks for attention again and again while no time passes."""


class RestAnswers(Protocol):
    """Whoever answers the REST calls: the scripted Kite, or a recording that the command brings in."""

    def profile(self, token: Token | None) -> Reply:
        """The answer to one `GET /user/profile`."""

    def quotes(self, token: Token | None) -> Reply:
        """The answer to one `GET /quote`."""


class World:
    """Everything outside the policy, and the `Hands` that reach it."""

    def __init__(self, scenario: Scenario, recorded: RestAnswers | None = None) -> None:
        given = scenario.given
        self.stage = VirtualStage(given.starts_at)
        self._kite = ScriptedKite()
        self._rest: RestAnswers = recorded or self._kite
        for family, word in given.kite:
            self._kite.set(family, word)
        self._feed = ScriptedFeed(self.stage, self._kite, given.market, given.segments)
        self._store = ScriptedStore(self.stage, self._first_token(given.token))
        self._asked_with: Token | None = None  # the access token last checked
        self._closed: Hours | None = None  # the hours that were told with the state
        self._looks = 0
        self._looked_s = -1.0
        self._script = deque(scenario.timeline)
        self._printer = Printer(io.StringIO(), Talk(self.stage.log, lambda: self.stage.now_s), self.stage.clock)
        self._secondary = self._secondary_of(given.secondary)
        self._shown: tuple[str, str | None] = "", None  # state and reason, as they are shown
        self._set_out(scenario)

    @property
    def saved(self) -> Saved:
        """What the token store holds."""
        return self._store.saved

    # ------------------------------------------------------------------ asking

    def check_token(self, ask: int) -> None:
        self._catch_up()
        self._asked_with = self._store.ask()
        self.stage.note(Kind.CHECK, f"{ask} asks about the access token")
        reply = self._rest.profile(self._asked_with)
        self._reply(Kind.CHECKED, ask, reply, TokenChecked(ask, reply.answer, reply.detail, reply.user))

    def poll_quotes(self, ask: int) -> None:
        self._catch_up()
        self.stage.note(Kind.POLL, f"{ask} asks for quotes")
        reply = self._rest.quotes(self._asked_with)
        self._reply(Kind.POLLED, ask, reply, QuotesPolled(ask, reply.answer, reply.detail))

    def open_feed(self, ask: int) -> None:
        self._catch_up()
        self._feed.open(ask, self._asked_with)

    def close_feed(self, ask: int) -> None:
        self._feed.close(ask)

    def look(self) -> TimeUp:
        self._catch_up()
        self._count_look()
        feed = self._feed
        if self._closed is not None and feed.hours not in (self._closed, Hours.OPEN):
            self.show(Show(Shown.CLOSED, None))  # as the real voice does it
        trading = feed.seems_to_trade if feed.frame_age_s < inf else feed.matters
        return TimeUp(feed.frame_age_s, feed.tick_age_s, trading)

    def _count_look(self) -> None:
        """A policy whose deadline stays in the past would turn on the spot for ever."""
        same = self._looked_s == self.stage.now_s
        self._looks, self._looked_s = self._looks + 1 if same else 1, self.stage.now_s
        if self._looks > _LOOKS_AT_ONCE:
            raise StuckError

    # ---------------------------------------------------------------- speaking

    def report(self, report: Report) -> None:
        lost_at = self.stage.clock.wall() - timedelta(seconds=self.stage.now_s - report.since_s)
        self._printer.error(messages.problem(report, lost_at))

    def say(self, say: Say) -> None:
        if say.note is Note.POLLING and self._secondary is not None:
            self._secondary.polling(say)
        closed = say.note is Note.MARKET_CLOSED
        self._printer.status(market_line(self._feed.outlook) if closed else messages.status_line(say))

    def show(self, show: Show) -> None:
        self._closed = self._feed.hours if show.shown is Shown.CLOSED else None
        state, why = state_shown(show.shown, None if show.cause is None else show.cause.value, self._feed.outlook)
        self._shown = state, why
        if self._secondary is not None:
            self._secondary.shown(state)
        self._note_state()

    def _note_state(self) -> None:
        state, why = self._shown
        source = None if self._secondary is None else self._secondary.serves
        whys = [word for word in (why, source and f"source {source}") if word]
        self.stage.note(Kind.SHOWN, state + (f" ({', '.join(whys)})" if whys else ""))

    # -------------------------------------------------------------- happenings

    def _set_out(self, scenario: Scenario) -> None:
        given = scenario.given
        words = "".join(f", {family} {word}" for family, word in given.kite)
        self.stage.note(Kind.GIVEN, f"`kitefeed {given.command}`, token {given.token}, market {given.market}{words}")
        for happening in scenario.timeline:
            self.stage.inbox.at(happening.at_s, lambda: self._catch_up(sleepy=True))
        self._feed.ring_bells(scenario.ends_s)
        self.stage.inbox.at(scenario.ends_s, lambda: self.stage.post(StopAsked()))

    def _secondary_of(self, name: str) -> ScriptedSecondary | None:
        if not name:
            return None
        say, tell = self._printer.status, self._note_state
        return ScriptedSecondary(name, self.stage, self._kite, lambda: self._feed.matters, say, tell)

    def _first_token(self, word: str) -> Content:
        if word in ("missing", "damaged"):
            return Saved.NOTHING if word == "missing" else Saved.MALFORMED
        self._kite.set("token", word)
        return self._kite.token

    def _catch_up(self, sleepy: bool = False) -> None:
        """Let happen what is due: more than one thing, in their order, after the computer slept.

        It only falls asleep on its own entry of the agenda, never in the middle of what the loop is doing.
        """
        while self._script and self._script[0].at_s <= self.stage.now_s and (sleepy or not self._script[0].sleeps_s):
            self._happen(self._script.popleft())

    def _happen(self, one: Happening) -> None:
        log = self.stage.log
        for kind, text in told(one):
            log.add(one.at_s, kind, text)
        for family, word in one.kite:
            self._kite.set(family, word)
            dies = (family, word) == ("token", "expired") and not self._kite.sockets_outlive_token
            if dies or (family == "feed" and word in ("dropped", "unreachable")):
                self._feed.cut()
            self._feed.adjust()
        if one.user is not None:
            self._user(one.user)
        self.stage.clock.wall_offset_s += one.clock_jumps_s
        if one.sleeps_s:
            self._feed.sleep(one.sleeps_s)
            self.stage.clock.advance_to(self.stage.now_s + one.sleeps_s)

    def _user(self, deed: str) -> None:
        match deed:
            case "logs in":
                self._store.save(self._kite.login())
            case "logs in with a dead token":
                self._store.save(self._kite.dead_token())
            case "saves the same token":
                self._store.save(self._store.content)
            case "saves a damaged token":
                self._store.save(Saved.MALFORMED)
            case "removes the token":
                self._store.save(Saved.NOTHING)
            case "presses Ctrl-C":
                self.stage.post(StopAsked())
            case _:
                raise AssertionError(f"{deed!r} is no word of the user")

    def _reply(self, kind: Kind, ask: int, reply: Reply, event: Event) -> None:
        """Let the answer arrive after its time; None: it never does."""
        if reply.after_s is not None:
            text = f"{ask} {reply.detail or reply.answer.value}"
            self.stage.after(reply.after_s, lambda: self._arrive(kind, text, event))

    def _arrive(self, kind: Kind, text: str, event: Event) -> None:
        self.stage.note(kind, text)
        if isinstance(event, QuotesPolled) and event.answer is Answer.OK:
            event = replace(event, moved=self._feed.trades and self._feed.tick_age_s > _MOVED_S)
        self.stage.post(event)


def told(one: Happening) -> list[tuple[Kind, str]]:
    """How a happening stands in the log."""
    lines = [(Kind.KITE, f"{family} {word}") for family, word in one.kite]
    if one.user is not None:
        lines.append((Kind.USER, one.user))
    if one.sleeps_s:
        lines.append((Kind.COMPUTER, f"sleeps for {one.sleeps_s:g} s"))
    if one.clock_jumps_s:
        lines.append((Kind.COMPUTER, f"has its clock set {one.clock_jumps_s:+g} s"))
    if one.why:
        lines.append((Kind.WHY, one.why))
    return lines
