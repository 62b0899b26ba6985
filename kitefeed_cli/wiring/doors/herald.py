"""Who is told what of a run: from the voice, which has the line budget, to the post."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from ...clock import Clock
from ...hardening import without_ours
from ...kite.login.link import login_url
from ...notices import CommandSink, Notice, Post, Sink
from ...policy import Note, Remedy, Report, Say
from ...problems import Exit, Problem
from ...redact import REDACTOR
from ...settings import Settings

_OVER = (Note.LIVE, Note.LIVE_AGAIN, Note.MARKET_CLOSED)


class Herald:
    """One message for each error that is told, and one when the feed is back. `login_link` is asked for the link of a
    message whose remedy is a login."""

    def __init__(self, post: Post, login_link: Callable[[], str], clock: Clock) -> None:
        self.login_link = login_link
        self._post = post
        self._clock = clock
        self._owed = False  # a recovery
        self._lock = threading.Lock()

    def heard(self, words: Report | Say, text: Problem | str) -> None:
        """What the run says, and its sentences; on the thread of any loop."""
        with self._lock:
            if isinstance(text, Problem):
                assert isinstance(words, Report)
                self._owed = True
                login = words.cause.remedy is Remedy.LOG_IN
                self._post.put(self._problem(text, words.cause.value, self.login_link() if login else None))
            elif isinstance(words, Say) and words.note in _OVER and self._owed:
                self._owed = False
                self._post.put(Notice("recovery", REDACTOR.redact(text), self._clock.wall()))

    def ended(self, problem: Problem) -> None:
        """The run ended with this."""
        login = problem.exit_code is Exit.LOGIN
        self._post.put(self._problem(problem, problem.cause, self.login_link() if login else None))

    def _problem(self, problem: Problem, cause: str, login: str | None) -> Notice:
        what, why, next_step = map(REDACTOR.redact, (problem.what, problem.why, problem.next_step))
        return Notice("problem", what, self._clock.wall(), cause, why, next_step, login)


def herald_of(
    settings: Settings, environ: Mapping[str, str], clock: Clock, tell: Callable[[str], None]
) -> tuple[Herald, Post] | None:
    """What the settings ask for; None: nobody is to be told. Raises Problem for a sink that cannot be used."""
    sinks: list[Sink] = []
    if settings.notify:
        from ...notices.outside import AppriseSink

        sinks += [AppriseSink(url) for url in settings.notify]
    if settings.notify_exec:
        sinks.append(CommandSink(settings.notify_exec, without_ours(environ), clock))
    if not sinks:
        return None
    post = Post(sinks, tell, clock)
    # Without a nonce: whoever pastes the address it ends on into `kitefeed login -` has that command's own.
    link = login_url(settings.login_root, settings.api_key, None)
    return Herald(post, lambda: link, clock), post
