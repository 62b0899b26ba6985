"""The scripted secondary source: the real `Chain` decides when it is asked, the script what it answers."""

from __future__ import annotations

from collections.abc import Callable

from ..console.messages import status_line
from ..console.words import source_words
from ..policy import Note, Say
from ..sources.chain import Chain
from .kite import ScriptedKite
from .log import Kind
from .stage import VirtualStage


class ScriptedSecondary:
    """`state` is what the policy shows; `say` prints a status line; `tell` is called when `serves` has changed."""

    def __init__(
        self,
        name: str,
        stage: VirtualStage,
        kite: ScriptedKite,
        trades: Callable[[], bool],
        say: Callable[[str], None],
        tell: Callable[[], None],
    ) -> None:
        self._name = name
        self._stage = stage
        self._kite = kite
        self._trades = trades
        self._say = say
        self._tell = tell
        self._chain = Chain()
        self._state = ""
        self._told = ""  # the source that the user was last told of
        self._polling: Say | None = None  # how Kite's REST was told to serve
        self._asked = 0
        self._under_way = False
        self._refused = False  # and the user knows

    @property
    def serves(self) -> str | None:
        """Its name while it serves."""
        return self._name if self._chain.served else None

    def polling(self, say: Say) -> None:
        """The policy says that Kite's REST serves."""
        self._polling, self._told = say, say.detail

    def shown(self, state: str) -> None:
        """The policy shows this now."""
        self._state = state
        self._look()
        if state == "polling" and self._polling is not None and self._told != self._polling.detail:
            self._told = self._polling.detail
            self._say(status_line(self._polling))

    def _look(self) -> None:
        self._chain.look(self._state if self._trades() else "", self._stage.now_s)
        if self._chain.wanted and not self._under_way:
            self._stage.inbox.at(max(self._stage.now_s, self._chain.due_s), self._due)

    def _due(self) -> None:
        now_s = self._stage.now_s
        if self._under_way or now_s < self._chain.due_s:
            return
        self._asked += 1
        self._under_way = True
        self._chain.asked(now_s)
        self._stage.note(Kind.SOURCE, f"{self._asked} asks {self._name} for quotes")
        reply = self._kite.secondary()
        self._stage.after(reply.after_s, lambda: self._answered(reply.failure, reply.refused))

    def _answered(self, failure: str, refused: str) -> None:
        self._under_way = False
        self._stage.note(Kind.SOURCED, f"{self._asked} {failure or refused or 'ok'}")
        if refused and not self._refused:
            self._refused = True
            self._say(f"Refused from {self._name} and not shown: {refused}")
        if failure or refused:
            self._failed(failure or "no usable quotes")
        elif self._chain.good():
            self._told = self._name
            self._tell()
            self._say(status_line(Say(Note.POLLING, source_words(self._name, None))))
        self._look()

    def _failed(self, failure: str) -> None:
        served = self._chain.served
        if self._chain.bad(self._stage.now_s):
            stale = " - what was last known is marked stale" if served else ""
            self._say(f"{self._name} brings no quotes ({failure}){stale}")
        if served:
            self._tell()
