"""A `Turn`: one call of `step` under construction, the ledger as it becomes and the actions so far."""

from __future__ import annotations

from typing import Any

from .actions import Action, Note, Say
from .ledger import Ledger, Outage
from .limits import Limits


class Turn:
    """One call of `step` under construction."""

    def __init__(self, ledger: Ledger, now_s: float, limits: Limits) -> None:
        self.ledger = ledger
        self.now_s = now_s
        self.limits = limits
        self.actions: list[Action] = []

    def put(self, **changes: Any) -> None:
        ledger = self.ledger
        for name, value in changes.items():
            if getattr(ledger, name) != value:  # a copy costs more
                self.ledger = ledger._replace(**changes)
                return

    def put_outage(self, **changes: Any) -> None:
        self.put(outage=self.outage._replace(**changes))

    def put_polls(self, **changes: Any) -> None:
        self.put(polls=self.ledger.polls._replace(**changes))

    @property
    def outage(self) -> Outage:
        assert self.ledger.outage is not None, "only a live feed is without an outage"
        return self.ledger.outage

    def do(self, action: Action) -> None:
        self.actions.append(action)

    def ask(self) -> int:
        """A number for a new question."""
        ask = self.ledger.next_ask
        self.put(next_ask=ask + 1)
        return ask

    def say(self, note: Note, detail: str = "", seconds: float = 0.0, tries: int = 0) -> None:
        self.do(Say(note, detail, seconds, tries))

    def say_once(self, note: Note, detail: str = "", seconds: float = 0.0) -> None:
        """A status line that is not repeated within one outage."""
        if note not in self.outage.said:
            self.put_outage(said=self.outage.said | {note})
            self.say(note, detail, seconds)
