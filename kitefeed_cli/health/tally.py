"""What one connection's deciding loop went through, counted."""

from __future__ import annotations

from collections import Counter

from ..policy import Event, State
from ..policy.events import FeedOpened, FeedRefused, FeedUnreachable, QuotesPolled, TokenChecked

_KITE = "kite-rest"  # other sources are not Kite


class Tally:
    """`saw` is for the loop's thread; whoever reads a count meanwhile may miss the newest."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()  # of Kite: kind and result
        self.outages: Counter[str] = Counter()  # by how they began; those that a start begins are none
        self.opened = 0

    def saw(self, before: State, event: Event, after: State) -> None:
        """One step of the policy."""
        match event:
            case TokenChecked(answer=answer):
                self.calls["token-check", answer.value] += 1
            case FeedOpened():
                self.calls["handshake", "ok"] += 1
                self.opened += 1
            case FeedRefused():
                self.calls["handshake", "refused"] += 1
            case FeedUnreachable():
                self.calls["handshake", "unreachable"] += 1
            case QuotesPolled(source=source, answer=answer) if source == _KITE:
                self.calls["poll", answer.value] += 1
            case _:
                pass
        old, new = before.ledger.outage, after.ledger.outage
        if new is not None and new.lost is not None and (old is None or old.lost is None):
            self.outages[new.lost.value] += 1

    @property
    def reconnects(self) -> int:
        return max(0, self.opened - 1)
