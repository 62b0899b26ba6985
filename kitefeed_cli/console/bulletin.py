"""What `kitefeed status` says of a run: a verdict with its exit code, a small table, or one JSON object."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta

from ..health import Published, Vitals, livez, readyz
from ..health.vitals import NO_PUBLISHER, REDIS_AWAY, STANDBY
from ..policy import Cause, Shown
from ..problems import Exit
from .messages import exit_code
from .words import clock_time, duration

_OF_THE_FEED = frozenset({Cause.FEED_MUTE, Cause.FEED_SILENT, Cause.FEED_DROPPED})
_WORDS = {
    Exit.LOGIN: "a login is needed: run `kitefeed login`; the run carries on by itself",
    Exit.UNREACHABLE: "Kite cannot be reached; the run keeps trying",
    Exit.REFUSED: "Kite refuses; the run said why",
}
_STANDBY_WORDS = {
    Exit.LOGIN: "it could not take over: run `kitefeed login` on this computer too",
    Exit.UNREACHABLE: "Kite cannot be reached from here, so it could not take over now",
    Exit.REFUSED: "Kite refuses, so it could not take over",
}
_RELAY_WORDS = {
    REDIS_AWAY: "nothing comes from Redis; the relay keeps trying",
    NO_PUBLISHER: "nobody publishes the feed; the relay carries on when somebody does",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    exit_code: Exit
    words: str


def verdict(vitals: Vitals, max_tick_age_s: float | None = None) -> Verdict:
    """0: it serves, live or from a fallback, or could do so; 1: it does not tick although its feed is open, or does not
    work; 3, 4, 5 as for every command. `max_tick_age_s`: an older tick in market hours is a no, whatever serves
    instead."""
    age_s = vitals.tick_age_s
    if not livez(vitals):
        return Verdict(Exit.NO, f"its deciding loop has been stuck for {duration(vitals.turned_s or 0.0)}")
    if vitals.state == STANDBY:
        return _standing_by(vitals.cause)
    if vitals.cause in _RELAY_WORDS:
        return Verdict(Exit.NO, _RELAY_WORDS[vitals.cause])
    if max_tick_age_s is not None and vitals.market_open and (age_s is None or age_s > max_tick_age_s):
        return Verdict(Exit.NO, _no_tick(age_s))
    cause = None if vitals.cause is None else Cause(vitals.cause)
    if readyz(vitals):
        return Verdict(Exit.OK, _serving(vitals))
    if cause is None or (cause in _OF_THE_FEED and not vitals.market_open):
        return Verdict(Exit.NO, "it does not serve yet")
    if cause in _OF_THE_FEED:
        return Verdict(Exit.NO, _no_tick(age_s))
    code = exit_code(cause)
    return Verdict(code, _WORDS[code])


def lines(process_id: int, env_file: str, vitals: Vitals, said: Verdict) -> list[str]:
    """For people; at most 80 columns unless a path is long."""
    lasts = (vitals.at - vitals.started_at) / timedelta(seconds=1)
    cause = f" ({vitals.cause})" if vitals.cause and vitals.state != Shown.LIVE.value else ""
    source = f", served by {vitals.secondary}" if vitals.secondary else ""
    return [
        f"run        process {process_id} since {clock_time(vitals.started_at)} ({duration(lasts)}), {env_file}",
        f"state      {vitals.state}{cause}{source}",
        f"verdict    {said.words}",
        f"last tick  {_ticked(vitals)}",
        f"rate       {_rate(vitals.ticks_per_s)}, {_followed(vitals)}",
        f"lag        {_lag(vitals)}",
        *([] if vitals.published is None else [f"published  {_published(vitals.published)}"]),
        f"token      {_token(vitals)}",
        f"today      {_today(vitals)}",
    ]


def record(process_id: int, env_file: str, vitals: Vitals, said: Verdict) -> str:
    """For machines: the vitals with `exit_code` and `verdict`."""
    whole = {
        "kind": "vitals",
        "exit_code": int(said.exit_code),
        "verdict": said.words,
        "process_id": process_id,
        "env_file": env_file,
        **vitals.as_record(),
    }
    return json.dumps(whole, ensure_ascii=False)


def _standing_by(cause: str | None) -> Verdict:
    """Its duty is to wait, ready to take over."""
    if cause is None:
        return Verdict(Exit.OK, "ready to take over from the one that publishes")
    if cause == REDIS_AWAY:
        return Verdict(Exit.NO, "Redis does not answer, so nobody would notice that the other one is gone")
    code = exit_code(Cause(cause))
    return Verdict(code, _STANDBY_WORDS[code])


def _serving(vitals: Vitals) -> str:
    match vitals.state:
        case Shown.LIVE.value:
            return "live"
        case Shown.PARTIAL.value:
            return "live in part"
        case Shown.POLLING.value:
            return "falling back: quotes are polled from REST"
        case _ if vitals.secondary is not None:
            return f"falling back: {vitals.secondary} serves"
        case _:
            return "connected; the market is not open, as far as is known"


def _no_tick(age_s: float | None) -> str:
    if age_s is None:
        return "the market is open, and no tick has come yet"
    return f"the market is open, and no tick has come for {duration(age_s)}"


def _ticked(vitals: Vitals) -> str:
    if vitals.state == STANDBY:
        return "none: it holds no feed"
    if vitals.tick_age_s is None:
        return "none yet" + ("" if vitals.market_open else "; the market is closed")
    return f"{duration(vitals.tick_age_s)} ago" + ("" if vitals.market_open else "; the market is closed")


def _rate(ticks_per_s: float) -> str:
    if 0.0 < ticks_per_s < 9.95:
        return f"{ticks_per_s:.1f} ticks a second"
    return f"{_many(round(ticks_per_s), 'tick')} a second"


def _followed(vitals: Vitals) -> str:
    return f"{_many(vitals.instruments, 'instrument')} on {_many(vitals.connections, 'connection')}"


def _lag(vitals: Vitals) -> str:
    behind = f"{vitals.lag_s * 1000:.0f} ms" if vitals.lag_s < 1.0 else duration(vitals.lag_s)
    lost = f"; {_many(vitals.lost_ticks, 'tick')} lost by outputs" if vitals.lost_ticks else ""
    return ("none" if vitals.lag_s < 0.0005 else behind) + lost


def _published(published: Published) -> str:
    if published.elsewhere:
        return "nothing now: another program publishes this feed"
    written = f"{_many(published.ticks, 'tick')} in {_many(published.frames, 'frame')}"
    lost = f"; {published.lost_ticks:,} lost" if published.lost_ticks else ""
    if published.away is None:
        return written + lost
    return f"{written}{lost}; {published.waiting_ticks:,} kept until Redis is back"


def _token(vitals: Vitals) -> str:
    if vitals.token is None:
        return "none is needed: the publisher has one"
    words = {
        "good": "accepted by Kite",
        "doubted": "being checked again",
        "dead": "rejected by Kite",
        "missing": "none is saved",
        "malformed": "damaged",
    }
    age = "" if vitals.token_age_s is None else f", issued {duration(vitals.token_age_s)} ago"
    return words.get(vitals.token, "not checked yet") + age


def _today(vitals: Vitals) -> str:
    day = vitals.today
    gaps = _many(day.gaps, "gap") + (f" ({duration(day.gap_s)})" if day.gaps else "")
    return f"{_many(day.reconnects, 'reconnect')}, {gaps}, {_many(day.problems, 'problem')}"


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
