"""Noticing a new access token."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..policy.events import Saved
from ..rounds import Rounds
from .shape import Session
from .store import TokenStore

LOOK_EVERY_S = 1.0


class TokenWatch:
    """Notices a new token. `look` about once a second and only from one thread."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._seen = store.fingerprint()
        self._unsettled = False
        self.session = store.read()  # what was last read

    def look(self) -> tuple[Session, bool] | None:
        """The session and whether its token is another than before, when the file was written since; else None.

        A file without a good token is reported only when the next look finds it so too: editors empty, remove and
        half-write files on their way to saving them.
        """
        seen = self._store.fingerprint()
        if seen == self._seen and not self._unsettled:
            return None
        first_look = not self._unsettled or seen != self._seen
        self._seen = seen
        session = self._store.read()
        if session.saved is not Saved.TOKEN and first_look:
            self._unsettled = True
            return None
        self._unsettled = False
        new = session.access_token != self.session.access_token
        self.session = session
        return session, new

    def rejected(self) -> None:
        """REST calls the access token of `session` dead."""
        self._store.rejected(self.session.access_token)

    def close(self) -> None:
        """End a look that takes a while; from any thread."""
        self._store.close()


class Watch:
    """A `TokenWatch` on a daemon thread of its own, looking every second of the clock."""

    def __init__(self, watch: TokenWatch, clock: Clock, tell: Callable[[Session, bool], None]) -> None:
        self._watch = watch
        self._tell = tell
        self._rounds = Rounds("token-watch", self._look, LOOK_EVERY_S, clock)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        """Stop looking; returns when no callback runs any more."""
        self._rounds.end()
        self._watch.close()
        self._rounds.join()

    def _look(self) -> None:
        news = self._watch.look()
        if news is not None:
            self._tell(*news)
