"""Every number of the policy, in one place. Durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What the policy waits for and how often it may ask. The defaults are the promises of the README."""

    ladder_s: tuple[float, ...] = (5.0, 15.0, 30.0, 60.0)  # waits between attempts; the last one repeats
    check_s: float = 5.0  # one token check, in all
    handshake_s: float = 5.0  # one handshake, in all
    poll_s: float = 4.0  # one poll, in all: shorter than the interval, so a black-holed poll delays nothing
    poll_every_s: float = 5.0  # from start to start
    poll_gap_s: float = 1.0  # Kite allows one quote request a second
    poll_grace_s: float = 3.0  # how long an outage must last before the first poll: a blip needs none
    throttled_s: tuple[float, ...] = (15.0, 30.0, 60.0)  # poll waits after a 429 that names no time
    silence_s: float = 5.0  # no frame for so long: the link is dead (Kite's own Go and JS clients agree)
    mute_s: float = 55.0  # no tick for so long while the market trades: ask REST, and act within the promised 60 s
    look_s: float = 0.05  # least wait between two looks at the open feed
    wake_grace_s: float = 2.0  # after a sleep the open feed must show a frame within
    stable_s: float = 60.0  # live for so long: the outage is over and the ladder starts afresh
    attempts: int = 4  # attempts in a burst; an attempt is at most one token check and one handshake
    attempt_every_s: float = 15.0  # one more each: at most attempts + 60/15 in any minute
    busy_s: float = 30.0  # least wait after a 429 handshake
    refusals: int = 3  # handshakes refused in a row, with a good access token, before the slow lane
    slow_lane_s: float = 300.0  # between handshakes in the slow lane
    problems: int = 3  # error lines in a burst
    problem_every_s: float = 1200.0  # one more each: at most 6 in any hour

    def rung_s(self, rung: int) -> float:
        """The wait on that rung of the ladder, from 0; the last one repeats."""
        return self.ladder_s[min(rung, len(self.ladder_s) - 1)]

    def throttle_s(self, throttles: int) -> float:
        """The wait of polls after so many 429s in a row before this one; the last one repeats."""
        return self.throttled_s[min(throttles, len(self.throttled_s) - 1)]


DEFAULT = Limits()
