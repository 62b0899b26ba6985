"""The rules that hold in every world, watched while a scenario is played on the virtual stage.

A scenario promises what is special about it; these need no promise. They are judged by what the world saw (who was
asked, with which access token, how old the newest frame was) and by the words on the captured stderr, never by what
the policy believes.
"""

from __future__ import annotations

from collections import deque
from math import inf

from ..driver.loop import Loop
from ..policy import DEFAULT, Limits, Show, Shown
from ..policy.events import Answer, Event, QuotesPolled, TimeUp, TokenChecked
from .kite import Token
from .log import STUCK, Kind, Log
from .manners import manners
from .promises import Verdict
from .story import Happening, Scenario
from .world import RestAnswers, StuckError, World

MOST_IN_A_MINUTE = {"handshakes": 8, "checks": 8, "polls": 20}

_MINUTE_S = 60.0
_A_BIT_S = 0.001  # what floats may lose
_MOST_TOLD = 20  # of one play: a broken rule breaks often


def attend(
    scenario: Scenario, recorded: RestAnswers | None = None, limits: Limits = DEFAULT
) -> tuple[Log, tuple[Verdict, ...]]:
    """Play it as `runner.play` does; what happened, and the rules of every world that were broken."""
    witness = Witness(scenario, recorded, limits)
    log = perform(witness, limits)
    return log, (*witness.broken, *manners(log, limits))


def perform(world: World, limits: Limits) -> Log:
    """The real loop and the real console in that world, until the curtain falls."""
    loop = Loop(world, world.stage.inbox, world.stage.clock, limits)
    try:
        loop.run(world.saved)
    except StuckError:
        world.stage.note(Kind.EXIT, STUCK)
    else:
        world.stage.note(Kind.EXIT, "0")
    return world.stage.log


class Witness(World):
    """The scripted world, with an eye on the rules."""

    def __init__(self, scenario: Scenario, recorded: RestAnswers | None, limits: Limits) -> None:
        super().__init__(scenario, recorded)
        self.broken: list[Verdict] = []
        self._limits = limits
        self._asked: dict[int, tuple[Token | None, float]] = {}  # question → with which access token, when
        self._dead: set[object] = set()  # access tokens that REST called dead, in time to be heard
        self._times_s: dict[str, deque[float]] = {what: deque() for what in MOST_IN_A_MINUTE}
        self._shows_live = self._shows_open = False
        self._away: set[int] = set()  # polls that were asked while no open feed was shown
        self._polled_dead = False  # a poll was told so, and no check came since
        self._woke_s = -inf
        self._mute_s = -inf  # when REST was last asked while no tick had come for so long
        self._stops_s = scenario.ends_s

    # ------------------------------------------------------------------ asking

    def check_token(self, ask: int) -> None:
        super().check_token(ask)
        self._count("checks")
        self._polled_dead = False
        self._asked[ask] = self._asked_with, self.stage.now_s

    def poll_quotes(self, ask: int) -> None:
        super().poll_quotes(ask)
        self._count("polls")
        self._asked[ask] = self._asked_with, self.stage.now_s
        if not self._shows_open:
            self._away.add(ask)
        if self._feed.tick_age_s >= self._limits.mute_s - _A_BIT_S:
            self._mute_s = self.stage.now_s
        self._spare_the_dead("poll")

    def open_feed(self, ask: int) -> None:
        super().open_feed(ask)
        self._count("handshakes")
        self._asked[ask] = self._asked_with, self.stage.now_s
        self._spare_the_dead("handshake")

    def close_feed(self, ask: int) -> None:
        now_s = self.stage.now_s
        frame_s = self._feed.frame_age_s  # infinite: a handshake, of which anybody may tire
        silent = frame_s >= self._limits.silence_s - _A_BIT_S or frame_s > now_s - self._woke_s
        mute = now_s - self._mute_s <= self._limits.poll_s
        if self._feed.seems_to_trade and self._polled_dead:  # REST cannot be asked with that token any more
            mute = mute or self._feed.tickless_s >= self._limits.mute_s - _A_BIT_S
        if not (silent or mute or now_s >= self._stops_s):
            self._broke("never close a feed that lives", f"closed, its newest frame {frame_s:.3f} s old")
        super().close_feed(ask)

    def look(self) -> TimeUp:
        ages = super().look()
        self._see_frames()
        return ages

    def show(self, show: Show) -> None:
        self._see_frames()
        self._shows_live = show.shown is Shown.LIVE
        self._shows_open = show.shown in (Shown.LIVE, Shown.CLOSED)
        super().show(show)

    # -------------------------------------------------------------- happenings

    def _happen(self, one: Happening) -> None:
        self._see_frames()
        super()._happen(one)
        if one.user == "logs in":
            self._dead.discard(self._store.content)  # the same token again, but the user vouches for it
        if one.sleeps_s:
            self._woke_s = self.stage.now_s
        if one.user == "presses Ctrl-C":
            self._stops_s = self.stage.now_s

    def _arrive(self, kind: Kind, text: str, event: Event) -> None:
        if isinstance(event, TokenChecked | QuotesPolled):
            token, asked_s = self._asked[event.ask]
            within_s = self._limits.check_s if isinstance(event, TokenChecked) else self._limits.poll_s
            in_time = self.stage.now_s - asked_s < within_s - _A_BIT_S
            needless = self._shows_open and event.ask in self._away  # the feed came back while the poll was out
            self._polled_dead |= isinstance(event, QuotesPolled) and event.answer is Answer.TOKEN_DEAD
            if event.answer is Answer.OK:
                self._dead.discard(token)
            elif event.answer is Answer.TOKEN_DEAD and token and in_time and not needless:
                self._dead.add(token)
        super()._arrive(kind, text, event)

    # ------------------------------------------------------------------- rules

    def _count(self, what: str) -> None:
        now_s, times_s = self.stage.now_s, self._times_s[what]
        times_s.append(now_s)
        while times_s[0] <= now_s - _MINUTE_S:
            times_s.popleft()
        if len(times_s) > MOST_IN_A_MINUTE[what]:
            self._broke(f"at most {MOST_IN_A_MINUTE[what]} {what} in any minute", f"{len(times_s)}")

    def _spare_the_dead(self, what: str) -> None:
        if self._asked_with in self._dead:
            self._broke(f"no {what} with an access token that Kite called dead", f"a {what}")

    def _see_frames(self) -> None:
        """Live is what is shown while the newest frame is young; a computer that woke has its grace first."""
        if not self._shows_live:
            return
        most_s = self._limits.silence_s + self._limits.look_s + _A_BIT_S
        age_s = min(self._feed.frame_age_s, self._feed.tick_age_s)  # a tick is a frame
        woke_s = self.stage.now_s - self._woke_s
        if most_s < age_s < inf and woke_s > self._limits.wake_grace_s + self._limits.look_s:
            self._broke(f"no `live` without a frame in {most_s:.2f} s", f"the newest is {age_s:.3f} s old")

    def _broke(self, rule: str, got: str) -> None:
        if len(self.broken) < _MOST_TOLD:
            when = f"{self.stage.clock.wall():%H:%M:%S.%f}"[:-3]
            self.broken.append(Verdict("every world", rule, f"{got} at {when}", kept=False))
