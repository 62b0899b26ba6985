"""What lies behind the cause that the policy named. Refines the words of the verdict, never the verdict.

Evidence: what the saved text looks like and since when it is there, Kite's own sentence, who signed an answer, and
which layer broke. Kite gives one answer to an expired token, a wrong one, and one whose session was ended; then all
that remain possible are named.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..console.reasons import Reason
from ..kite.foreign import PROXYS_OWN
from ..kite.layers import Layer
from ..policy.causes import Cause
from .flush import Flushed, flushed
from .kept import Kept, Looks
from .way import Ways

_NOT_ENABLED = re.compile(r"not enabled for the app", re.IGNORECASE)  # Kite's words on its login page
_JUST = timedelta(minutes=10)  # a plan bought within the time since a login is not what one thinks of

_BY_LOOKS = {
    Looks.API_SECRET: Reason.API_SECRET,
    Looks.API_KEY: Reason.API_KEY,
    Looks.WEB_TOKEN: Reason.WEB_TOKEN,
    Looks.REDIRECT: Reason.REDIRECT,
}
_BY_HAND = (Reason.REQUEST_TOKEN, Reason.PUBLIC_TOKEN, Reason.OTHER_APP)
_BY_LAYER = {
    Layer.DNS: Reason.NAME,
    Layer.TCP: Reason.NO_CONNECTION,
    Layer.PROXY: Reason.PROXY_DENIES,
    Layer.TLS: Reason.TLS_UNTRUSTED,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """`said`: Kite's sentence beside its 403; `detail`: what the policy reported with the cause."""

    cause: Cause
    detail: str
    kept: Kept
    said: str
    ways: Ways
    rest_answers: bool  # it has accepted the access token during this visit
    now: datetime


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`reasons`: what it can be, the likeliest first; empty when there is no more to say than the cause."""

    reasons: tuple[Reason, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def diagnose(seen: Evidence) -> Diagnosis:
    reasons, facts = _reasons(seen)
    return Diagnosis(reasons, {"detail": seen.detail, "since": _since(seen.kept), "host": "", "proxy": "", **facts})


def _reasons(seen: Evidence) -> tuple[tuple[Reason, ...], dict[str, str]]:
    if _NOT_ENABLED.search(seen.said):
        return (Reason.USER_NOT_ENABLED,), {}
    match seen.cause:
        case Cause.TOKEN_MALFORMED if seen.kept.looks in _BY_LOOKS:
            return (_BY_LOOKS[seen.kept.looks],), {}
        case Cause.TOKEN_EXPIRED:
            return _of_token(seen), {}
        case Cause.NO_PERMISSION:
            saved_at = seen.kept.saved_at
            just = seen.kept.by_login and saved_at is not None and seen.now - saved_at < _JUST
            return (Reason.PERSONAL_PLAN,) if just else (Reason.PERSONAL_PLAN, Reason.BOUGHT_TODAY), {}
        case Cause.FEED_REFUSED if seen.rest_answers:
            return (Reason.FEED_REFUSED,), {}
        case Cause.FEED_BUSY:
            return (Reason.NO_FREE_SLOT,), {}
        case Cause.FEED_UNREACHABLE | Cause.KITE_UNREACHABLE | Cause.FEED_FAILED:
            return _of_way(seen)
        case _:
            return (), {}


def _of_token(seen: Evidence) -> tuple[Reason, ...]:
    """A login of ours vouches for the kind and the app, and the time of the flush for the rest, as far as it goes."""
    if seen.kept.looks in _BY_LOOKS:
        return (_BY_LOOKS[seen.kept.looks],)
    by_hand = () if seen.kept.by_login else _BY_HAND
    match flushed(seen.kept.saved_at, seen.now):
        case Flushed.YES:
            return (Reason.EXPIRED,)
        case Flushed.PERHAPS:
            return (Reason.EXPIRED, *by_hand, Reason.LOGGED_OUT)
        case Flushed.NO:
            return (*by_hand, Reason.LOGGED_OUT)


def _of_way(seen: Evidence) -> tuple[tuple[Reason, ...], dict[str, str]]:
    way = seen.ways.feed
    broken = way.broken or (seen.ways.rest.broken if seen.cause is Cause.KITE_UNREACHABLE else None)
    facts = {"host": way.host, "proxy": way.proxy}
    if broken is not None:
        return (_of_layer(broken.layer, broken.said),), {**facts, "detail": broken.said}
    if PROXYS_OWN in seen.detail:
        return (Reason.PROXY_ANSWERS,), facts
    if way.proxy and seen.rest_answers:
        return (Reason.PROXY_DROPS,), facts
    return (), facts


def _of_layer(layer: Layer, said: str) -> Reason:
    if layer is Layer.PROXY and "407" in said:
        return Reason.PROXY_LOGIN
    if layer is Layer.TLS and "not yet valid" in said:
        return Reason.CLOCK_WRONG
    if layer is Layer.TLS and "certificate" not in said:
        return Reason.TLS_FAILED
    return _BY_LAYER[layer]


def _since(kept: Kept) -> str:
    if kept.saved_at is None:
        return "saved some time ago"
    return f"{'issued' if kept.by_login else 'saved'} on {kept.saved_at:%a %d %b at %H:%M}"
