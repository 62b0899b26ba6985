"""The hands and the inbox of a policy that runs for a few seconds only, and writes down what it met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from ..calendar import Calendar, Outlook
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
    TokenChecked,
)
from ..policy.limits import DEFAULT
from ..problems import Problem
from ..session import Session
from ..settings import Settings
from ..ticks.last import Batch
from .finding import (
    INSTRUMENTS,
    MARKET_DATA,
    SLOT,
    TICK,
    TOKEN,
    WEBSOCKET,
    Finding,
    Grade,
    Sheet,
)
from .instruments import NameCheck
from .kept import Kept
from .market_data import Quoted, ask_quote, market_data_line
from .patience import LIMITS, NAMES_S, QUOTE_S, SILENT_S, THROTTLED_S, TICK_S, TOKEN_S
from .tick import tick_line, wait_s
from .token import Checked, check_token, token_line
from .way import Ways
from .websocket import websocket_lines

FINE, NOT_REACHED = "ok", "not reached"


class Queue(Protocol):
    """What is asked of the inbox underneath, `driver.inbox.ThreadInbox`."""

    def post(self, event: Event) -> None: ...

    def take(self, until_s: float) -> Event | None: ...


@dataclass(frozen=True, slots=True)
class Case:
    """What is known before Kite is asked about the access token."""

    settings: Settings
    session: Session
    kept: Kept
    ways: Ways
    calendar: Calendar
    ends_s: float  # on the clock: when the visit is over at the latest


class Examination:
    """One visit. Run a `Loop` with it as hands and as inbox: it ends by itself at `ends_s`, and then the sheet is
    filled, and `report` holds the first cause the policy named, if any, or `problem` what `run` would end with."""

    def __init__(self, case: Case, sheet: Sheet, rest: Rest, names: NameCheck, queue: Queue, clock: Clock) -> None:
        self.reported: Report | None = None
        self.problem: Problem | None = None
        self.checked = Checked(TokenChecked(0, Answer.OK))  # what REST said of the access token
        self.said = ""  # Kite's own sentence beside its latest refusal
        self._case = case
        self._access_token = case.session.access_token
        self._sheet = sheet
        self._rest = rest
        self._names = names
        self._queue = queue
        self._clock = clock
        self._ends_s = self._last_s = case.ends_s
        self._quoted: Quoted | None = None
        self._asked_s = -inf  # when the handshake was asked for
        self._opened_s = -inf
        self._cached = False
        self._refusal = ""  # what the handshake was answered, or why it could not be
        self._feed = Feed(
            case.settings.ws_root,
            case.settings.api_key,
            clock,
            queue.post,
            self._deliver,
            dict.fromkeys((index.instrument_token for index in INDICES), "ltp"),
            self._trading,
        )

    @property
    def rest_answers(self) -> bool:
        """Whether REST has accepted the access token."""
        return self.checked.user_id != ""

    @property
    def rest_did(self) -> str:
        """How REST did in a few words: "ok", "not reached", or what it said instead."""
        refused = self._quoted is not None and self._quoted.answer in (Answer.NOT_PERMITTED, Answer.TOKEN_DEAD)
        if refused and self._quoted is not None:
            return self._quoted.detail
        return FINE if self.rest_answers else self.checked.event.detail or NOT_REACHED

    @property
    def feed_did(self) -> str:
        """The same of the feed."""
        if self._opened_s > -inf:
            return self.reported.cause.value if self.reported else FINE
        return self._refusal or NOT_REACHED

    # ------------------------------------------------------------- the hands

    def check_token(self, ask: int) -> None:
        broken = self._case.ways.rest.broken
        if broken is not None:  # a call would only find the same once more
            self.checked = Checked(TokenChecked(ask, Answer.UNREACHABLE, broken.said))
        else:
            self._sheet.begin(TOKEN)
            starts_s = self._clock.now_s()
            self.checked = check_token(self._rest, self._access_token, ask, min(TOKEN_S, self._left_s()))
            self.said = self.checked.said
            took_s = self._clock.now_s() - starts_s
            self._sheet.write(token_line(self.checked, self._case.kept, self._clock.wall(), took_s))
        self._queue.post(self.checked.event)

    def open_feed(self, ask: int) -> None:
        """One quote first. When it is not permitted the handshake is not tried: Kite would refuse it with 403, and
        the policy would then ask for this very quote to learn why."""
        broken = self._case.ways.feed.broken
        goes_on = self._sheet.wants(MARKET_DATA, INSTRUMENTS, SLOT, WEBSOCKET, TICK)
        if not goes_on and broken is None:
            return self._end()
        if goes_on and self._quoted is None and self.checked.event.answer is not Answer.UNREACHABLE:
            self._ask_quote()
        if self._quoted is not None and self._quoted.answer in (Answer.NOT_PERMITTED, Answer.TOKEN_DEAD):
            return self._queue.post(FeedRefused(ask, 403, self._quoted.detail))
        if broken is not None:
            self._refusal = broken.said
            return self._queue.post(FeedUnreachable(ask, broken.said))
        if not self._all_names_known(ask):
            return None
        if not self._sheet.wants(SLOT, WEBSOCKET, TICK):
            return self._end()
        self._sheet.begin(WEBSOCKET)
        self._asked_s = self._clock.now_s()
        within_s = round(min(DEFAULT.handshake_s, max(TICK_S, self._left_s() - TICK_S)), 1)
        return self._feed.open(ask, self._access_token, within_s)

    def _all_names_known(self, ask: int) -> bool:
        """As `run` has it: an unknown name ends everything, and without the list there is nothing to subscribe."""
        if not self._sheet.wants(INSTRUMENTS):
            return True
        self._sheet.begin(INSTRUMENTS)
        finding = self._names.finding(min(NAMES_S, self._left_s()))
        self._sheet.write(finding)
        if finding.grade is not Grade.FAILED:
            return True
        self.problem = self._names.problem
        if self.problem is None:
            self._queue.post(FeedUnreachable(ask, finding.why))
        else:
            self._end()
        return False

    def close_feed(self, ask: int) -> None:
        self._feed.close(ask)

    def poll_quotes(self, ask: int) -> None:
        """After a 403 the quote we have is the answer. Beside an open feed a second one shows whether prices move."""
        before = self._quoted
        if self._opened_s == -inf:
            quoted = before or Quoted(self.checked.event.answer, "not asked: REST does not answer")
        else:
            quoted = ask_quote(self._rest, self._access_token, min(QUOTE_S, self._left_s()))
        known = before is not None and None not in (before.last_price, quoted.last_price)
        moved = known and before is not None and before.last_price != quoted.last_price
        self._queue.post(QuotesPolled(ask, quoted.answer, quoted.detail, moved, quoted.retry_after_s))

    def report(self, report: Report) -> None:
        """The policy has named a cause: that is the verdict, and the check that was reached last has failed."""
        if self.reported is not None:
            return
        self.reported = report
        sheet = self._sheet
        if report.cause is Cause.KITE_UNREACHABLE and TOKEN in sheet.reached:
            sheet.fail(TOKEN)  # the first that broke, though the policy gave the feed its chance
        if self._opened_s > -inf:
            took_s = self._clock.now_s() - self._opened_s
            sheet.write(Finding(TICK, Grade.FAILED, report.detail, took_s))
        elif sheet.broken is None:
            sheet.fail(sheet.reached[-1])
        self._end()

    def say(self, say: Say) -> None:
        """Status lines are for a run that goes on."""

    def show(self, show: Show) -> None:
        """So are states."""

    def look(self) -> TimeUp:
        """Somebody asks now, at whatever hour: only what needs ticks for its proof may be put off until the bell."""
        frame_age_s, tick_age_s = self._feed.ages()
        told_at_night = frame_age_s >= SILENT_S  # infinite while no feed is open
        return TimeUp(frame_age_s, tick_age_s, told_at_night or self._trading())

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
                self._write(websocket_lines(event, self._opened_s - self._asked_s))
                self._ends_s = min(self._last_s, self._opened_s + wait_s(self._outlook().hours))
                self._sheet.begin(TICK)
                if not self._sheet.wants(TICK):
                    self._end()
            case FeedRefused(detail=detail) | FeedUnreachable(detail=detail) if self._asked_s > -inf:
                self._refusal = detail
                self._write(websocket_lines(event, self._clock.now_s() - self._asked_s))
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
        longer_s = min(self._last_s, self._opened_s + SILENT_S + 0.5)
        if no_frame_yet and self.reported is None and self._ends_s < longer_s:
            self._ends_s = longer_s  # not even a heartbeat: let the policy say so
            return None
        if self.reported is None and self._sheet[TICK].grade is Grade.NOT_REACHED and self._opened_s > -inf:
            self._write_tick(fresh=False)
        return StopAsked()

    def _write(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._sheet.write(finding)

    def _write_tick(self, *, fresh: bool) -> None:
        took_s = self._clock.now_s() - self._opened_s
        self._sheet.write(tick_line(fresh, self._cached, self._feed.ages()[0], self._outlook(), took_s))

    def _ask_quote(self) -> None:
        self._sheet.begin(MARKET_DATA)
        starts_s = self._clock.now_s()
        self._quoted = ask_quote(self._rest, self._access_token, min(QUOTE_S, self._left_s()))
        if self._quoted.answer is Answer.THROTTLED and self._quoted.retry_after_s <= THROTTLED_S:
            # Another program on this key was quicker; that is no finding
            self._clock.sleep(max(LIMITS.poll_gap_s, self._quoted.retry_after_s))
            self._quoted = ask_quote(self._rest, self._access_token, min(QUOTE_S, self._left_s()))
        self.said = self._quoted.said or self.said
        self._sheet.write(market_data_line(self._quoted, self._clock.now_s() - starts_s))

    def _end(self) -> None:
        self._ends_s = self._last_s = self._clock.now_s()

    def _left_s(self) -> float:
        return max(0.5, self._last_s - self._clock.now_s())

    def _trading(self) -> bool:
        return self._case.calendar.seems_open(self._clock.wall(), self._feed.fresh_age_s())

    def _outlook(self) -> Outlook:
        return self._case.calendar.outlook(self._clock.wall())

    def _deliver(self, batch: Batch) -> None:
        """The prices themselves are nobody's business here."""
