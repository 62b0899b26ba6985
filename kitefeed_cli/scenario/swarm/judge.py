"""Plays a drawn day and judges it: the rules of every world (safety), and each heal (liveness)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time, timedelta
from hashlib import sha256

from ...policy import DEFAULT, Limits
from ...problems import bug
from ..log import OPEN_FEED, Kind, Log
from ..manners import unrecovered
from ..promises import Verdict
from ..story import Scenario
from ..witness import attend
from .draw import Day, Heal

LIVENESS = "live after everything works again"
RECOVERY = "every error is followed by a recovery line"

_OPENS, _CLOSES = time(9, 15), time(15, 30)
_ASKED = {Kind.CHECK: "checks", Kind.HANDSHAKE: "handshakes", Kind.POLL: "polls"}


@dataclass(frozen=True, slots=True)
class Judged:
    """What one day came to."""

    day: Day
    broken: tuple[Verdict, ...]
    digest: bytes  # of the whole play, to the last line on stderr
    asked: dict[str, int]  # word of COUNTED → how often
    errors: int
    recoveries_s: tuple[float, ...]  # of the heals that found the feed away: how long until it was live


def judge_day(day: Day, limits: Limits = DEFAULT) -> Judged:
    """Play it on the virtual stage. An exception is a broken rule as well."""
    try:
        log, broken = attend(day.scenario, limits=limits)
    except Exception as error:  # noqa: BLE001 - whatever it is, the day's number must be told with it
        verdict = Verdict("every world", "no exception", bug(error).why, kept=False)
        return Judged(day, (verdict,), b"", {}, 0, ())
    asked = dict.fromkeys(_ASKED.values(), 0)
    errors, digest = 0, sha256()
    for entry in log.entries:
        digest.update(f"{entry.at_s!r} {entry.kind.name} {entry.text}\n".encode())
        if entry.kind in _ASKED:
            asked[_ASKED[entry.kind]] += 1
        errors += entry.kind is Kind.STDERR and entry.text.startswith("error:")
    stops_s = _stops_s(day.scenario)
    heals = [heal for heal in day.heals if heal.live_by_s < stops_s]
    complaints = [complaint for heal in heals for complaint in _liveness(log, heal)]
    recoveries = [took_s for heal in heals if (took_s := _took_s(log, heal)) is not None]
    return Judged(day, (*broken, *complaints), digest.digest(), asked, errors, tuple(recoveries))


def _stops_s(scenario: Scenario) -> float:
    return next((one.at_s for one in scenario.timeline if one.user == "presses Ctrl-C"), scenario.ends_s)


def _liveness(log: Log, heal: Heal) -> Iterator[Verdict]:
    """In the market's hours the feed is shown live and every error is taken back; before and after, it is open."""
    at = log.wall(heal.live_by_s)
    trades = (at - timedelta(seconds=1)).time() > _OPENS and at.time() < _CLOSES
    shown = log.shown(heal.live_by_s)
    when = f"{log.wall(heal.at_s):%H:%M:%S}"
    if shown != "live" and (trades or shown not in OPEN_FEED):
        by = f"by {at:%H:%M:%S.%f}"[:-3]
        yield Verdict("every world", LIVENESS, f"still {shown} {by}, healed at {when}", kept=False)
    error = unrecovered(log, heal.live_by_s) if trades else None
    if error is not None:
        yield Verdict("every world", RECOVERY, f"none after `{error}`, healed at {when}", kept=False)


def _took_s(log: Log, heal: Heal) -> float | None:
    """How long the feed took to be shown open; None when it already was."""
    if log.shown(heal.at_s) in OPEN_FEED:
        return None
    shown = (one.at_s for one in log.of(Kind.SHOWN) if one.at_s >= heal.at_s and one.text.split()[0] in OPEN_FEED)
    first_s = next(shown, None)
    return None if first_s is None else first_s - heal.at_s
