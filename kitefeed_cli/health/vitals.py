"""The snapshot: how a run is at one moment. Frozen, plain values, and there and back as JSON."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

TURN_S = 10.0  # a deciding loop that has not turned for so long is stuck

STARTING = "starting"  # the names are being looked up; no deciding loop runs yet
STANDBY = "standby"  # another program publishes the feed; this one takes over when that one is gone
# Causes that are not the policy's: of a standby, which would not notice that the other one is gone, and of a relay.
REDIS_AWAY, NO_PUBLISHER = "redis-away", "no-publisher"
STATES = (
    STARTING,
    STANDBY,
    "connecting",
    "live",
    "partial",
    "polling",
    "stale",
    "signed-out",
    "closed",
    "unknown",  # connected and without news, on a day of which the calendar has no word
)
CAUSES = (
    "feed-dropped",
    "feed-silent",
    "feed-mute",
    "feed-refused",
    "feed-busy",
    "feed-failed",
    "feed-unreachable",
    "kite-unreachable",
    "token-expired",
    "token-missing",
    "token-malformed",
    "no-permission",
)  # the policy's
_SERVING = frozenset({"live", "partial", "polling", "closed", "unknown"})


@dataclass(frozen=True, slots=True)
class Day:
    """What was counted since midnight, IST, or since the run began on this day."""

    reconnects: int = 0
    outages: int = 0
    problems: int = 0
    gaps: int = 0
    gap_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Ages:
    """How old the newest tick was, looked at once a second while the market was open. `counts` has one number for each
    of `BOUNDS_S`, and one for what is older: not cumulated."""

    counts: tuple[int, ...] = ()
    sum_s: float = 0.0

    @property
    def looks(self) -> int:
        return sum(self.counts)

    def seen(self, age_s: float) -> Ages:
        """With one more look."""
        counts = list(self.counts or (0,) * (len(BOUNDS_S) + 1))
        counts[bisect_left(BOUNDS_S, age_s)] += 1
        return Ages(tuple(counts), self.sum_s + age_s)


BOUNDS_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Relay:
    """The clients of the local relay. `dropped`: those it closed, by reason."""

    clients: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Published:
    """What a run has published through a Redis. A frame is what the feed brought at once: one batch of ticks."""

    frames: int = 0  # written
    ticks: int = 0  # in them
    lost_ticks: int = 0  # given up, since Redis was away for too long
    waiting_ticks: int = 0  # kept, and not known to be written yet
    behind_s: float = 0.0  # the age of the oldest that waits
    away: str | None = None  # what is wrong with Redis; None: nothing
    elsewhere: bool = False  # another program publishes this feed now


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a run is. Ages are seconds at the moment `at`; None: there is nothing that could have an age yet.

    Names no user, no access token and no instrument. Counts are those of the whole run, `today` those of the day.
    """

    version: str
    at: datetime  # aware, IST
    started_at: datetime
    state: str  # one of STATES
    cause: str | None  # a cause of docs/messages.md, when the state is not a good one; what a takeover would lack
    secondary: str | None  # the secondary source, while it serves
    turned_s: float | None  # since the slowest deciding loop last turned; None: they do not run yet
    market_open: bool  # whether an open feed is to bring ticks
    connections: int
    instruments: int
    frame_age_s: float | None = None  # of the newest frame of any connection that is open, heartbeats included
    tick_age_s: float | None = None  # of the newest tick of the feed, snapshots left out
    ticks: int = 0  # values received, from whatever source
    ticks_per_s: float = 0.0  # over the last ten seconds
    lag_s: float = 0.0  # how far the slowest output is behind
    lost_ticks: int = 0  # what outputs lost
    reconnects: int = 0  # handshakes that succeeded after the first of each connection
    outages: Mapping[str, int] = field(default_factory=dict)  # by how they began
    outage_s: float = 0.0  # time spent not live while the market was open
    calls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # of Kite: kind, then result
    problems: Mapping[str, int] = field(default_factory=dict)  # told, by cause
    problems_kept_back: int = 0  # by the line budget
    bad_packets: Mapping[str, int] = field(default_factory=dict)  # refused, by reason
    gaps: int = 0
    gap_s: float = 0.0
    today: Day = Day()
    # What REST last said: unknown, good, doubted, dead, missing, malformed. None: a relay's, which needs no login.
    token: str | None = "unknown"
    token_age_s: float | None = None  # since the login, where `kitefeed login` noted it
    tick_ages: Ages = Ages()
    open_fds: int | None = None
    resident_bytes: int | None = None
    relay: Relay | None = None
    published: Published | None = None  # None: it does not publish

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "at": self.at.isoformat(), "started_at": self.started_at.isoformat()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Vitals:
        """Back from JSON. Raises ValueError, TypeError or KeyError for what `as_record` did not make."""
        relay, published, ages = record["relay"], record["published"], record["tick_ages"]
        return cls(
            **{
                **record,
                "at": datetime.fromisoformat(record["at"]),
                "started_at": datetime.fromisoformat(record["started_at"]),
                "today": Day(**record["today"]),
                "tick_ages": Ages(tuple(ages["counts"]), ages["sum_s"]),
                "relay": None if relay is None else Relay(**relay),
                "published": None if published is None else Published(**published),
            }
        )


def livez(vitals: Vitals) -> bool:
    """Whether the program works: its deciding loops turned within ten seconds, or wait for the names to be looked up.
    Never depends on Kite: a restart cures no dead access token."""
    return vitals.turned_s is None or vitals.turned_s <= TURN_S


def readyz(vitals: Vitals) -> bool:
    """Whether the run serves: live, in part at least, or falling back, or connected to a market that is closed."""
    return livez(vitals) and (vitals.state in _SERVING or vitals.secondary is not None)
