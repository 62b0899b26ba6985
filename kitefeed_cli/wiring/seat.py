"""One connection of a run: its loop, and what only that loop uses."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..driver.inbox import ThreadInbox
from ..driver.loop import Loop, Policy
from ..kite.feed import Feed
from ..policy import Limits, Saved, State
from ..problems import Problem, bug
from ..scenario.flight.incident import Incident
from ..scenario.flight.recorder import FlightRecorder
from .hands import LiveHands


class Seat:
    """`ended` is called with each outage and when it began on the clock, `fail` with a bug that ended the loop."""

    def __init__(
        self,
        feed: Feed,
        hands: LiveHands,
        inbox: ThreadInbox,
        clock: Clock,
        limits: Limits,
        policy: Policy,
        ended: Callable[[Incident, float], None],
        fail: Callable[[Problem], None],
    ) -> None:
        self.feed = feed
        self.hands = hands
        self.inbox = inbox
        self._recorder = FlightRecorder(hands, inbox, clock, self._outage_over)
        self._loop = Loop(self._recorder, self._recorder, self._recorder.clock, limits, policy)
        self._ended = ended
        self._fail = fail

    @property
    def state(self) -> State:
        return self._loop.state

    def run(self, saved: Saved, origin_s: float) -> None:
        """Go on until the policy finishes. The loop's clock stands at 0 at `origin_s` of the run's."""
        self._recorder.begin(saved, lambda: self._loop.state, origin_s)
        try:
            self._loop.run(saved)
        except Exception as error:  # noqa: BLE001 - on a thread of its own nobody else would hear of it
            self._fail(bug(error))
        finally:
            self._recorder.close()

    def _outage_over(self, incident: Incident) -> None:
        self._ended(incident, self._recorder.real_s(incident.recorded.steps[0].at_s))
