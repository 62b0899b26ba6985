"""One connection of a run: its loop, and what only that loop uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...clock import Clock
from ...driver.fleet import Fleet
from ...driver.inbox import ThreadInbox
from ...driver.loop import Loop, Policy
from ...health.tally import Tally
from ...kite.feed import Feed
from ...policy import Limits, Report, Saved, Say, Show, State, step
from ...problems import Problem, bug
from ...scenario.flight.incident import Incident
from ...scenario.flight.recorder import FlightRecorder
from ...ticks.gaps import GapLedger
from .hands import LiveHands
from .witness import counted, witnessed


class Seat:
    """`fleet`: the connections it belongs to, None when it is the only one. `ledger` is told what each event came to.
    `ended` is called with each outage and when it began on the clock, `fail` with a bug that ended the loop."""

    def __init__(
        self,
        feed: Feed,
        hands: LiveHands,
        inbox: ThreadInbox,
        clock: Clock,
        limits: Limits,
        fleet: Fleet | None,
        ledger: GapLedger,
        ended: Callable[[Incident, float], None],
        fail: Callable[[Problem], None],
    ) -> None:
        self.feed = feed
        self.hands = hands
        self.inbox = inbox
        self.tally = Tally()
        self._recorder = FlightRecorder(hands, inbox, clock, self._outage_over)
        policy: Policy = step if fleet is None else fleet.seat(inbox.post, self._speak)
        policy = counted(witnessed(policy, ledger), self.tally)
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

    def _speak(self, words: Report | Say | Show) -> None:
        """For the fleet, whose words come from any loop."""
        match words:
            case Report():
                self.hands.report(replace(words, since_s=self._recorder.real_s(words.since_s)))
            case Say():
                self.hands.say(words)
            case Show():
                self.hands.show(words)

    def _outage_over(self, incident: Incident) -> None:
        self._ended(incident, self._recorder.real_s(incident.recorded.steps[0].at_s))
