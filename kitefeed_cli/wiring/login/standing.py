"""How one stands with Kite: is there an access token, is it accepted, whose is it, since when. For `login`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from ...checkup.flush import next_window
from ...clock import Clock
from ...console.words import duration
from ...kite.errors import KiteError
from ...kite.rest import Profile, Rest
from ...policy.events import Answer, Saved
from ...problems import Exit
from ...session import Session, TokenStore

_WITHIN_S = 5.0
_STATES = {Answer.OK: "accepted", Answer.TOKEN_DEAD: "rejected", Answer.NOT_PERMITTED: "not-permitted"}
_EXITS = {
    "accepted": Exit.OK,
    "rejected": Exit.LOGIN,
    "missing": Exit.LOGIN,
    "malformed": Exit.LOGIN,
    "not-permitted": Exit.REFUSED,
}
_WORDS = {
    "accepted": "yes: Kite accepts the access token",
    "rejected": "no: Kite rejects the access token ({why})",
    "missing": "no: {why}",
    "malformed": "no: {why}",
    "not-permitted": "Kite refuses this user ({why})",
    "unknown": "perhaps: Kite did not say ({why})",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """`state` is one of the words above; `user` is known when the access token is accepted. `flush` is the window in
    which Kite is expected to flush it: to be shown, and nothing is decided by it."""

    state: str
    session: Session
    why: str
    user: Profile | None
    flush: tuple[datetime, datetime]
    at: datetime

    @property
    def exit_code(self) -> Exit:
        return _EXITS.get(self.state, Exit.UNREACHABLE)

    def as_json(self) -> str:
        """One object: `state`, `user_id`, `user_name`, `issued_at`, `age_s`, `flush_from`, `flush_to`, `source`,
        `why`. What is not known is null."""
        issued_at, (opens, closes) = self.session.issued_at, self.flush
        record = {
            "kind": "login",
            "state": self.state,
            "user_id": self.user.user_id if self.user else None,
            "user_name": self.user.user_name if self.user else None,
            "issued_at": issued_at.isoformat() if issued_at else None,
            "age_s": round((self.at - issued_at).total_seconds()) if issued_at else None,
            "flush_from": opens.isoformat() if self.state == "accepted" else None,
            "flush_to": closes.isoformat() if self.state == "accepted" else None,
            "source": self.session.source or None,
            "why": self.why or None,
        }
        return json.dumps(record, ensure_ascii=False)

    def lines(self) -> list[str]:
        """For people; at most 80 columns."""
        said = [f"logged in  {_WORDS[self.state].format(why=self.why)}"]
        if self.user:
            said.append(f"user       {self.user.user_name} ({self.user.user_id})")
        if self.session.saved is Saved.TOKEN:
            said.append(f"issued     {self._issued()}")
            said.append(f"from       {self.session.source}")
        if self.state == "accepted":
            opens, closes = self.flush
            said.append(f"flush      expected {opens:%a %d %b, %H:%M} to {closes:%H:%M} IST; only Kite's answer counts")
        return said

    def _issued(self) -> str:
        issued_at = self.session.issued_at
        if issued_at is None:
            return "at a time that nobody noted"
        return f"{issued_at:%a %d %b %Y %H:%M:%S} IST, {duration((self.at - issued_at).total_seconds())} ago"


def standing(store: TokenStore, rest: Rest, clock: Clock) -> Standing:
    """Ask REST about the saved access token, if there is one. Raises nothing."""
    session, now = store.read(), clock.wall()
    flush = next_window(now)
    if session.saved is not Saved.TOKEN:
        return Standing(
            "missing" if session.saved is Saved.NOTHING else "malformed", session, session.why, None, flush, now
        )
    try:
        user = rest.profile(session.access_token, _WITHIN_S)
    except KiteError as error:
        return Standing(_STATES.get(error.answer, "unknown"), session, error.detail, None, flush, now)
    return Standing("accepted", session, "", user, flush, now)
