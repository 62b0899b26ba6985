"""The wiring of `poll`: quotes from REST, the course they are asked on, an output, and what the user is told."""

from __future__ import annotations

import signal

from ..clock import Clock
from ..console.messages import status_line
from ..console.oneshot import told
from ..console.printer import Printer
from ..console.words import duration
from ..kite.errors import KiteError
from ..outputs import Output
from ..policy import DEFAULT, Answer, Cause, Limits, Note, Saved, Say, Shown
from ..policy.causes import Remedy
from ..polling import Ask, Batches, Course, Quotes, without_quote
from ..problems import Exit, Problem
from ..session import TokenStore
from ..settings import Settings
from ..ticks.order import InOrder
from ..ticks.quotes import QuoteBatch
from .losses import order_lines
from .output import make_output, start

_LOOK_S = 1.0  # between two looks at the token store
_SO = "so there are no quotes"
_GOES_ON = {
    Remedy.LOG_IN: "; this command notices and carries on by itself",
    Remedy.WAIT: "; kitefeed keeps trying by itself",
}


def poll_once(settings: Settings, store: TokenStore, clock: Clock, printer: Printer, limits: Limits = DEFAULT) -> None:
    """Every instrument once. Raises Problem when a request brings no quotes."""
    quotes = Quotes(settings, store, clock, limits)
    session = quotes.watch.session
    if session.saved is not Saved.TOKEN:
        cause = Cause.TOKEN_MISSING if session.saved is Saved.NOTHING else Cause.TOKEN_MALFORMED
        raise told(cause, session.why, _SO, clock)
    batches, warnings = quotes.batches()
    for warning in warnings:
        printer.status(warning)
    output = make_output(printer, printer.data, quotes.board, quotes.names, clock, None)
    for number, names in enumerate(batches.turns):
        if number:
            clock.sleep(limits.poll_gap_s)
        try:
            batch = _ask_twice(quotes, names, clock, limits)
        except KiteError as error:
            raise _problem(error, clock) from None
        output.accept(batch)
        _name_missing(printer, names, batch)


class Poller:
    """Quotes until Ctrl-C, each instrument at most every `every_s` seconds."""

    def __init__(
        self,
        settings: Settings,
        store: TokenStore,
        every_s: float,
        clock: Clock,
        printer: Printer,
        limits: Limits = DEFAULT,
    ) -> None:
        self._clock = clock
        self._printer = printer
        self._quotes = Quotes(settings, store, clock, limits)
        self._order = InOrder(clock)
        self._every_s = every_s
        self._limits = limits
        self._shown: tuple[Shown, Cause | None] | None = None
        self._announced = False  # quotes came for the first time
        self._greet = False  # a login was noticed, and Kite has not accepted it yet
        self._throttled = False  # and the user knows

    def run(self) -> None:
        """Until Ctrl-C or SIGTERM. Raises Problem for unknown names, OutputClosed when nobody reads any more."""
        for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background job ignores it
            signal.signal(number, signal.default_int_handler)
        batches, warnings = self._quotes.batches(self._every_s)
        for warning in warnings:
            self._printer.status(warning)
        course = Course(batches.gap_s, self._limits)
        output = make_output(
            self._printer, self._printer.data, self._quotes.board, self._quotes.names, self._clock, _gone
        )
        start(output, self._printer)
        session = self._quotes.watch.session
        try:
            self._tell(course.stored(session.saved, self._clock.now_s()), session.why, output)
            while True:
                self._show(course, output)
                self._wait(course, output)
                course.asked(self._clock.now_s())
                if course.ask is Ask.QUOTES:
                    self._poll(batches, course, output)
                else:
                    self._check(course)
                course.answered(self._clock.now_s())
        except KeyboardInterrupt:
            return
        finally:
            output.close()
            for line in order_lines([self._order]):
                self._printer.status(line)

    def _wait(self, course: Course, output: Output) -> None:
        """Until the next request is due, with an eye on the token store."""
        while (left_s := course.due_s - self._clock.now_s()) > 0:
            self._clock.sleep(min(left_s, _LOOK_S))
            news = self._quotes.watch.look()
            if news is None:
                continue
            session, new = news
            self._greet = self._greet or (session.saved is Saved.TOKEN and course.ask is Ask.TOKEN)
            if new or course.ask is Ask.TOKEN or session.saved is not Saved.TOKEN:
                self._tell(course.stored(session.saved, self._clock.now_s()), session.why, output)
                self._show(course, output)

    def _poll(self, batches: Batches, course: Course, output: Output) -> None:
        names = batches.next()
        try:
            batch = self._quotes.ask(names)
        except KiteError as error:
            self._fail(error, course, output)
            return
        lasted_s = course.good(self._clock.now_s())
        if self._greet:
            self._printer.status(status_line(Say(Note.LOGGED_IN)))
        if not self._announced:
            self._printer.status(status_line(Say(Note.POLLING, "kite-rest", seconds=batches.refresh_s)))
            _name_missing(self._printer, names, batch)
        if lasted_s is not None:
            self._printer.status(f"Quotes come again after {duration(lasted_s)}")
        self._announced, self._greet, self._throttled = True, False, False
        self._show(course, output)
        in_order = self._order.sift(batch)
        if len(in_order):
            output.accept(in_order)

    def _fail(self, error: KiteError, course: Course, output: Output) -> None:
        now_s = self._clock.now_s()
        if error.answer is Answer.TOKEN_DEAD:
            self._quotes.watch.rejected()
        if error.answer is Answer.TOKEN_DEAD and (news := self._quotes.watch.look()) is not None:
            course.stored(news[0].saved, now_s)  # a login, while the old token was still asked with
            self._greet = True
            return
        cause = course.bad(error.answer, error.retry_after_s, now_s)
        self._tell(cause, error.detail, output, _problem(error, self._clock))
        if error.answer is Answer.THROTTLED and not self._throttled:
            self._throttled = True
            wait_s = course.due_s - now_s
            self._printer.status(f"Kite allows no more requests for now ({error.detail}); next poll in {wait_s:.0f} s")
        elif course.cause is None and error.answer is not Answer.THROTTLED:
            self._printer.status(f"A poll failed ({error.detail}); trying again")

    def _check(self, course: Course) -> None:
        """Ask about the rejected access token: the user may have logged in and been given the same one."""
        try:
            self._quotes.check_token()
        except KiteError as error:
            if error.answer is Answer.TOKEN_DEAD:
                self._quotes.watch.rejected()
            course.unchecked(self._clock.now_s())
        else:
            self._greet = True
            course.accepted(self._clock.now_s())

    def _tell(self, cause: Cause | None, detail: str, output: Output, problem: Problem | None = None) -> None:
        if cause is None:
            return
        problem = problem or told(cause, detail, _SO, self._clock)
        problem.next_step += _GOES_ON.get(cause.remedy, "")
        self._printer.error(problem)
        output.problem(problem)

    def _show(self, course: Course, output: Output) -> None:
        """Tell the output when the state has changed; and once, when no source serves, the last known values."""
        cause = course.cause
        if cause is None:
            state = Shown.POLLING if self._announced else Shown.CONNECTING
        else:
            state = Shown.SIGNED_OUT if cause.remedy is Remedy.LOG_IN else Shown.STALE
        if (state, cause) == self._shown:
            return
        served = self._shown is not None and self._shown[0] is Shown.POLLING
        self._shown = (state, cause)
        output.shown(state.value, None if cause is None else cause.value)
        if served:
            output.stale(self._quotes.board.lasts())


def _gone() -> None:
    signal.raise_signal(signal.SIGINT)


def _ask_twice(quotes: Quotes, names: list[str], clock: Clock, limits: Limits) -> QuoteBatch:
    """Another program on the same API key may just have had this second's request."""
    try:
        return quotes.ask(names)
    except KiteError as error:
        if error.answer is not Answer.THROTTLED or error.retry_after_s > limits.poll_every_s:
            raise
        clock.sleep(max(limits.poll_gap_s, error.retry_after_s))
        return quotes.ask(names)


def _name_missing(printer: Printer, names: list[str], batch: QuoteBatch) -> None:
    missing = without_quote(names, batch)
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        printer.status(f"Kite has no quote for {', '.join(missing[:5])}{more}")


def _problem(error: KiteError, clock: Clock) -> Problem:
    """What a failed request means to somebody who wants quotes."""
    match error.answer:
        case Answer.TOKEN_DEAD:
            return told(Cause.TOKEN_EXPIRED, error.detail, _SO, clock)
        case Answer.NOT_PERMITTED:
            return told(Cause.NO_PERMISSION, error.detail, _SO, clock)
        case Answer.THROTTLED:
            why = f"{error.detail}: one quote request a second is allowed for an API key"
            advice = "stop other programs that poll with this API key, or wait a minute"
            return Problem(f"Kite allows no more requests for now, {_SO}", why, advice, Exit.REFUSED, "throttled")
        case Answer.FAILED:
            what, why = f"Kite's REST answers with an error, {_SO}", f"it says {error.detail}"
            advice = "try again in a minute"
            return Problem(what, why, advice, Exit.UNREACHABLE, Cause.KITE_UNREACHABLE.value)
        case _:
            found = told(Cause.KITE_UNREACHABLE, error.detail, _SO, clock)
            found.why = f"REST does not answer ({error.detail})"
            return found
