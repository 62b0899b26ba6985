"""The hands and the inbox of a policy that runs for a few seconds only, and writes down what it met."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Protocol

from ..calendar import seems_open
from ..clock import Clock
from ..kite.feed import Feed
from ..kite.instruments import INDICES
from ..kite.rest import Rest
from ..policy.actions import Report, Say, Show
from ..policy.causes import Cause
from ..policy.events import (
    Answer,
    Event,
    FeedOpened,
    FeedRefused,
    FeedTicked,
    FeedUnreachable,
    QuotesPolled,
    StopAsked,
    TimeUp,
)
from ..policy.limits import DEFAULT
from ..session import Session
from ..settings import Settings
from ..ticks.last import Batch
from .finding import TICK, TOKEN, Finding, Grade, Sheet
from .market_data import Quoted, ask_quote, market_data_line
from .tick import tick_line, wait_s
from .token import check_token, token_line
from .websocket import websocket_line

TOTAL_S = 6.5  # Kite's part; with the start of the program no more than 8 s
_TOKEN_S = 2.5
_QUOTE_S = 1.5
_TICK_S = 1.0  # kept back for the tick when the handshake is slow
_SILENT_S = 3.0  # heartbeats come every second
_MUTE_S = 3.2  # after it, so that a silent link is not called mute

# The rules are the policy's, and only its patience is shorter. The questions themselves are bounded here.
LIMITS = replace(DEFAULT, handshake_s=TOTAL_S + 1.0, silence_s=_SILENT_S, mute_s=_MUTE_S, poll_grace_s=_MUTE_S)


class Queue(Protocol):
    """What is asked of the inbox underneath, `driver.inbox.ThreadInbox`."""

    def post(self, event: Event) -> None: ...

    def take(self, until_s: float) -> Event | None: ...


class Examination:
    """One visit. Run a `Loop` with it as hands and as inbox: it ends by itself within TOTAL_S, and then the sheet is
    filled and `report` holds the first cause the policy named, if any."""

    def __init__(
        self, settings: Settings, saved: Session, sheet: Sheet, rest: Rest, queue: Queue, clock: Clock
    ) -> None:
        self.reported: Report | None = None
        self.user = ""
        self._access_token = saved.access_token
        self._sheet = sheet
        self._rest = rest
        self._queue = queue
        self._clock = clock
        self._ends_s = self._last_s = clock.now_s() + TOTAL_S
        self._quoted: Quoted | None = None
        self._checked = Answer.OK  # what REST said of the access token
        self._asked_s = -inf  # when the handshake was asked for
        self._opened_s = -inf
        self._cached = False
        self._feed = Feed(
            settings.ws_root,
            settings.api_key,
            clock,
            queue.post,
            self._deliver,
            dict.fromkeys((index.instrument_token for index in INDICES), "ltp"),
            self._trading,
        )

    # ------------------------------------------------------------- the hands

    def check_token(self, ask: int) -> None:
        starts_s = self._clock.now_s()
        checked = check_token(self._rest, self._access_token, ask, min(_TOKEN_S, self._left_s()))
        self._checked, self.user = checked.answer, checked.user
        self._sheet.write(token_line(checked, self._clock.now_s() - starts_s))
        self._queue.post(checked)

    def open_feed(self, ask: int) -> None:
        """One quote first. When it is not permitted the handshake is not tried: Kite would refuse it with 403, and
        the policy would then ask for this very quote to learn why."""
        if self._quoted is None and self._checked is not Answer.UNREACHABLE:
            self._ask_quote()
        if self._quoted is not None and self._quoted.answer in (Answer.NOT_PERMITTED, Answer.TOKEN_DEAD):
            self._queue.post(FeedRefused(ask, 403, self._quoted.detail))
            return
        self._asked_s = self._clock.now_s()
        within_s = round(min(DEFAULT.handshake_s, max(_TICK_S, self._left_s() - _TICK_S)), 1)
        self._feed.open(ask, self._access_token, within_s)

    def close_feed(self, ask: int) -> None:
        self._feed.close(ask)

    def poll_quotes(self, ask: int) -> None:
        """After a 403 the quote we have is the answer. Beside an open feed a second one shows whether prices move."""
        before = self._quoted
        if self._opened_s == -inf:
            quoted = before or Quoted(self._checked, "not asked: REST does not answer")
        else:
            quoted = ask_quote(self._rest, self._access_token, min(_QUOTE_S, self._left_s()))
        known = before is not None and None not in (before.last_price, quoted.last_price)
        moved = known and before is not None and before.last_price != quoted.last_price
        self._queue.post(QuotesPolled(ask, quoted.answer, quoted.detail, moved, quoted.retry_after_s))

    def report(self, report: Report) -> None:
        """The policy has named a cause: that is the verdict, and the check that was reached last has failed."""
        if self.reported is not None:
            return
        self.reported = report
        if report.cause is Cause.KITE_UNREACHABLE:
            self._sheet.fail(TOKEN)  # the first that broke, though the policy gave the feed its chance
        if self._opened_s > -inf:
            took_s = self._clock.now_s() - self._opened_s
            self._sheet.write(Finding(TICK, Grade.FAILED, report.detail, took_s))
        elif report.cause not in (Cause.TOKEN_MISSING, Cause.TOKEN_MALFORMED):
            self._sheet.fail(self._sheet.reached[-1])
        self._end()

    def say(self, say: Say) -> None:
        """Status lines are for a run that goes on."""

    def show(self, show: Show) -> None:
        """So are states."""

    def look(self) -> TimeUp:
        frame_age_s, tick_age_s = self._feed.ages()
        return TimeUp(frame_age_s, tick_age_s, self._trading())

    # ------------------------------------------------------------- the inbox

    def post(self, event: Event) -> None:
        self._queue.post(event)

    def take(self, until_s: float) -> Event | None:
        """Like the queue's, and `StopAsked` when the visit is over."""
        event = self._queue.take(min(until_s, self._ends_s))
        match event:
            case None if self._clock.now_s() >= self._ends_s:
                return self._time_is_up()
            case FeedOpened():
                self._opened_s = self._clock.now_s()
                self._sheet.write(websocket_line(event, self._opened_s - self._asked_s))
                self._ends_s = min(self._last_s, self._opened_s + wait_s(self._clock.wall()))
            case FeedRefused() | FeedUnreachable() if self._asked_s > -inf:
                self._sheet.write(websocket_line(event, self._clock.now_s() - self._asked_s))
            case FeedTicked(fresh=fresh):
                self._cached = True
                if fresh:
                    self._write_tick(fresh=True)
                    self._end()
            case _:
                pass
        return event

    def close(self) -> None:
        """Close the connection and wait for it, at most a second."""
        self._feed.stop()

    def _time_is_up(self) -> Event | None:
        no_frame_yet = self._opened_s > -inf and not self._cached and self._feed.ages()[0] >= 1.0
        longer_s = min(self._last_s, self._opened_s + _SILENT_S + 0.5)
        if no_frame_yet and self.reported is None and self._ends_s < longer_s:
            self._ends_s = longer_s  # not even a heartbeat: let the policy say so
            return None
        if self.reported is None and self._sheet[TICK].grade is Grade.NOT_REACHED and self._opened_s > -inf:
            self._write_tick(fresh=False)
        return StopAsked()

    def _write_tick(self, *, fresh: bool) -> None:
        took_s = self._clock.now_s() - self._opened_s
        self._sheet.write(tick_line(fresh, self._cached, self._clock.wall(), took_s))

    def _ask_quote(self) -> None:
        starts_s = self._clock.now_s()
        self._quoted = ask_quote(self._rest, self._access_token, min(_QUOTE_S, self._left_s()))
        if self._quoted.answer is Answer.THROTTLED and self._quoted.retry_after_s <= LIMITS.poll_gap_s:
            self._clock.sleep(LIMITS.poll_gap_s)  # another program on this key was quicker; that is no finding
            self._quoted = ask_quote(self._rest, self._access_token, min(_QUOTE_S, self._left_s()))
        self._sheet.write(market_data_line(self._quoted, self._clock.now_s() - starts_s))

    def _end(self) -> None:
        self._ends_s = self._last_s = self._clock.now_s()

    def _left_s(self) -> float:
        return max(0.5, self._last_s - self._clock.now_s())

    def _trading(self) -> bool:
        return seems_open(self._clock.wall(), self._feed.fresh_age_s())

    def _deliver(self, batch: Batch) -> None:
        """The prices themselves are nobody's business here."""
