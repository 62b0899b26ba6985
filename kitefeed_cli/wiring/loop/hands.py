"""What the deciding loop can do in a real run. Each question is asked on a thread of its own and answered in the
inbox; the policy asks at most one of a kind at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from math import inf

from ...clock import Clock
from ...driver.news import TokenNews
from ...kite.errors import KiteError
from ...kite.feed import Feed
from ...kite.rest import MOST, Rest
from ...kite.watchlist import Part
from ...policy import Answer, Event, Limits, Note, Report, Say, Show
from ...policy.events import FeedUnreachable, QuotesPolled, TimeUp, TokenChecked
from ...polling import Batches
from ...problems import Problem, bug
from ...session import Session, TokenStore
from ...ticks.board import Board
from ...ticks.last import Batch
from ...ticks.quotes import QuoteBatch
from ..login.tokens import lacking
from .market import Market
from .voice import Voice


class LiveHands:
    """The hands of one connection of a real run (`driver.hands.Hands`)."""

    def __init__(
        self,
        rest: Rest,
        feed: Feed,
        store: TokenStore,
        watchlist: Part,
        board: Board,
        deliver: Callable[[Batch], None],
        post: Callable[[Event], None],
        voice: Voice,
        market: Market,
        fail: Callable[[Problem], None],
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._rest = rest
        self._feed = feed
        self._store = store
        self._watchlist = watchlist
        self._board = board
        self._deliver = deliver
        self._post = post
        self._voice = voice
        self.market = market
        self._fail = fail
        self._clock = clock
        self._limits = limits
        self._news = TokenNews(post, store.read().access_token)
        self.user_name = ""  # whose access token it is, as far as Kite has said
        self._access_token = ""  # the one last checked; read afresh from the store before every attempt
        self._wanted: int | None = None  # the connection the policy wants
        self._opening = threading.Lock()
        self._names: list[str] = []
        self._turns: Batches[str] | None = None  # of these names

    def begin(self) -> None:
        """The run begins now, and the access token that is saved is no news."""
        self._news.know(self._store.read().access_token)

    def check_token(self, ask: int) -> None:
        session = self._store.read()
        self._news.read(session.saved, session.access_token)
        self._access_token = access_token = session.access_token

        def check() -> None:
            try:
                user = self._rest.profile(access_token, self._limits.check_s)
            except KiteError as error:
                if error.answer is Answer.TOKEN_DEAD:
                    self._store.rejected(access_token)
                self._post(TokenChecked(ask, error.answer, error.detail))
            else:
                self.user_name = user.user_name
                self._post(TokenChecked(ask, Answer.OK, user=user.user_name))

        self._errand("check", check)

    def token_found(self, session: Session) -> None:
        """The watch saw that the token store was written; on its thread."""
        self._news.found(session.saved, session.access_token)

    def open_feed(self, ask: int) -> None:
        access_token = self._access_token
        with self._opening:
            self._wanted = ask
            if self._watchlist.resolved:
                self._feed.open(ask, access_token, self._limits.handshake_s)
                return
        self._errand("instruments", lambda: self._resolve_and_open(ask, access_token))

    def _resolve_and_open(self, ask: int, access_token: str) -> None:
        try:
            why_not = self._watchlist.resolve()
        except Problem as problem:
            self._fail(problem)
            return
        if why_not is not None:
            self._post(FeedUnreachable(ask, why_not))
            return
        with self._opening:
            if self._wanted == ask:  # the policy may have given this attempt up while the list was fetched
                self._feed.open(ask, access_token, self._limits.handshake_s)

    def close_feed(self, ask: int) -> None:
        with self._opening:
            if self._wanted == ask:
                self._wanted = None
            self._feed.close(ask)

    def poll_quotes(self, ask: int) -> None:
        names, access_token = self._batches().next(), self._access_token

        def poll() -> None:
            try:
                quotes = self._rest.quotes(access_token, names, "quote", self._limits.poll_s)
            except KiteError as error:
                self._post(QuotesPolled(ask, error.answer, error.detail, retry_after_s=error.retry_after_s))
                return
            batch = QuoteBatch(tuple(quotes.values()), self._clock.now_s())
            moved = self._board.outrun_by(batch)
            self._post(QuotesPolled(ask, Answer.OK, moved=moved))
            self._deliver(batch)

        self._errand("poll", poll)

    def report(self, report: Report) -> None:
        self._voice.report(report, lacking(self._store, report.cause))

    def say(self, say: Say) -> None:
        if say.note is Note.POLLING:
            turns = len(self._batches().turns)
            say = replace(say, seconds=say.seconds * turns)  # how often each instrument is refreshed
        self._voice.say(say)

    def show(self, show: Show) -> None:
        self._voice.show(show)

    def look(self) -> TimeUp:
        self._voice.look()
        frame_age_s, tick_age_s = self._feed.ages()
        trading = self.market.seems_open() if frame_age_s < inf else self.market.matters()
        return TimeUp(frame_age_s, tick_age_s, trading)

    def _batches(self) -> Batches[str]:
        """A long watchlist takes its turns: one legal batch a poll, and afresh once its names are known."""
        names = self._watchlist.names
        if self._turns is None or names != self._names:
            self._names = names
            self._turns = Batches(names, MOST["quote"], self._limits.poll_every_s, self._limits.poll_gap_s)
        return self._turns

    def _errand(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - a bug on this thread ends the run as one anywhere does
                self._fail(bug(error))

        threading.Thread(target=run, name=f"kitefeed-{name}", daemon=True).start()
