"""The wiring of `poll`: quotes from REST, the course they are asked on, an output, and what the user is told."""

from __future__ import annotations

import signal

from ...clock import Clock
from ...console.messages import status_line
from ...console.oneshot import told
from ...console.printer import Printer
from ...console.words import duration
from ...kite.errors import KiteError
from ...policy import DEFAULT, Answer, Cause, Limits, Note, Saved, Say, Shown
from ...policy.causes import Remedy
from ...polling import Ask, Batches, Course, Quotes
from ...problems import Problem
from ...session import TokenStore
from ...settings import Settings
from ...sources.offer import QuoteSource
from ..login.tokens import lacking
from ..values.fallback import Fallback, NoFallback, Share, secondary_of, wanted_of
from ..values.losses import order_lines, refused_line
from ..values.output import make_output, start
from .voice import PollVoice
from .words import SO, SO_FROM_KITE, name_missing, problem_of

_LOOK_S = 1.0  # between two looks at the token store
_GOES_ON = {
    Remedy.LOG_IN: "; this command notices and carries on by itself",
    Remedy.WAIT: "; kitefeed keeps trying by itself",
}


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
        secondary: QuoteSource | None = None,
    ) -> None:
        """`secondary` is asked while Kite has no quotes; None: the one of the settings."""
        self._store = store
        self._clock = clock
        self._printer = printer
        self._quotes = Quotes(settings, store, clock, limits, printer.detail)
        self._every_s = every_s
        self._limits = limits
        self._secondary = secondary or secondary_of(settings, clock)
        self._so = SO if self._secondary is None else SO_FROM_KITE
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
        voice = PollVoice(output, self._quotes.board, self._printer, self._clock, batches.refresh_s, _gone)
        fallback = self._fallback(voice)
        try:
            fallback.start()
            self._follow(batches, course, voice)
        except KeyboardInterrupt:
            if voice.failure is not None:
                raise voice.failure from None
        finally:
            fallback.stop()
            voice.close()
            for line in (*order_lines([voice.order]), *refused_line(fallback.refused)):
                self._printer.status(line)

    def _fallback(self, voice: PollVoice) -> Fallback | NoFallback:
        if self._secondary is None:
            return NoFallback()
        share = Share(lambda: voice.state, lambda: [wanted_of(one) for one in self._quotes.instruments], voice.offer)
        return Fallback(self._secondary, [share], self._quotes.board, voice, self._printer, self._clock)

    def _follow(self, batches: Batches[str], course: Course, voice: PollVoice) -> None:
        session = self._quotes.watch.session
        self._tell(course.stored(session.saved, self._clock.now_s()), session.why, voice)
        while True:
            self._show(course, voice)
            self._wait(course, voice)
            course.asked(self._clock.now_s())
            if course.ask is Ask.QUOTES:
                self._poll(batches, course, voice)
            else:
                self._check(course)
            course.answered(self._clock.now_s())

    def _wait(self, course: Course, voice: PollVoice) -> None:
        """Until the next request is due, with an eye on the token store."""
        while (left_s := course.due_s - self._clock.now_s()) > 0:
            self._clock.sleep(min(left_s, _LOOK_S))
            news = self._quotes.watch.look()
            if news is None:
                continue
            session, new = news
            self._greet = self._greet or (session.saved is Saved.TOKEN and course.ask is Ask.TOKEN)
            if new or course.ask is Ask.TOKEN or session.saved is not Saved.TOKEN:
                self._tell(course.stored(session.saved, self._clock.now_s()), session.why, voice)
                self._show(course, voice)

    def _poll(self, batches: Batches[str], course: Course, voice: PollVoice) -> None:
        names = batches.next()
        try:
            batch = self._quotes.ask(names)
        except KiteError as error:
            self._fail(error, course, voice)
            return
        lasted_s = course.good(self._clock.now_s())
        if self._greet:
            self._printer.status(status_line(Say(Note.LOGGED_IN)))
        first, self._announced = not self._announced, True
        self._show(course, voice)
        if first:
            name_missing(self._printer, names, batch)
        if lasted_s is not None:
            again = "come again" if self._secondary is None else "come from Kite again"
            self._printer.status(f"Quotes {again} after {duration(lasted_s)}")
        self._greet, self._throttled = False, False
        voice.accept(batch)

    def _fail(self, error: KiteError, course: Course, voice: PollVoice) -> None:
        now_s = self._clock.now_s()
        if error.answer is Answer.TOKEN_DEAD:
            self._quotes.watch.rejected()
        if error.answer is Answer.TOKEN_DEAD and (news := self._quotes.watch.look()) is not None:
            session, _ = news  # a login, while the old token was still asked with; or a logout
            self._greet = session.saved is Saved.TOKEN
            self._tell(course.stored(session.saved, now_s), session.why, voice)
            return
        cause = course.bad(error.answer, error.retry_after_s, now_s)
        self._tell(cause, error.detail, voice, problem_of(error, self._so, self._clock))
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

    def _tell(self, cause: Cause | None, detail: str, voice: PollVoice, problem: Problem | None = None) -> None:
        if cause is None:
            return
        problem = problem or told(cause, detail, self._so, self._clock, lacking(self._store, cause))
        problem.next_step += _GOES_ON.get(cause.remedy, "")
        voice.problem(problem)

    def _show(self, course: Course, voice: PollVoice) -> None:
        cause = course.cause
        if cause is None:
            state = Shown.POLLING if self._announced else Shown.CONNECTING
        else:
            state = Shown.SIGNED_OUT if cause.remedy is Remedy.LOG_IN else Shown.STALE
        voice.show(state, cause)


def _gone() -> None:
    signal.raise_signal(signal.SIGINT)
