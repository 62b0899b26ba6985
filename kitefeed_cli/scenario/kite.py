"""The scripted Kite: which access tokens live, which faults are on, and what each question is answered.

Nothing here knows time or events; `world` asks it and does the rest. The words are those of `words.KITE`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from ..policy.events import Answer
from .words import KITE, TOKEN_STATES

_USER_NAME = "Asha Rao"
_REST_S = 0.1  # one REST call
_HANDSHAKE_S = 0.2
_SLOW_REST_S = 8.0  # the official clients give up after 7 s
_SLOW_HANDSHAKE_S = 6.0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a REST call, and after how many seconds it comes; None: never. `user` is the user's name."""

    answer: Answer
    detail: str = ""
    after_s: float | None = _REST_S
    user: str = ""


@dataclass(frozen=True, slots=True)
class Greeting:
    """The answer to a handshake: 101 opens the feed, another status refuses it, None is no answer at all."""

    status: int | None
    detail: str = ""
    after_s: float | None = _HANDSHAKE_S


@dataclass(frozen=True, slots=True)
class Fallback:
    """What the secondary source answers: quotes unless there is a `failure`, or `refused` says what was wrong with all
    of them; and after how many seconds."""

    failure: str = ""
    refused: str = ""
    after_s: float = _REST_S


# What REST says instead of the truth; the details are the words of `kite.errors`.
_REST = {
    "failing": Reply(Answer.FAILED, "503 NetworkException"),
    "unreachable": Reply(Answer.UNREACHABLE, "connection reset"),
    "blackholed": Reply(Answer.UNREACHABLE, after_s=None),
    "throttled": Reply(Answer.THROTTLED, "429 NetworkException"),
    "html": Reply(Answer.FAILED, "200 with HTML (a portal?)"),
    "bad-gateway": Reply(Answer.FAILED, "502 with HTML"),
    "empty": Reply(Answer.FAILED, "200 without JSON"),
    "untyped": Reply(Answer.FAILED, "403 without error_type"),
    "proxied": Reply(Answer.FAILED, "403, a proxy's own answer (squid/5.7)"),
    "headless": Reply(Answer.FAILED, "403 without JSON (a proxy?)"),
}
_FEED = {
    "refused": Greeting(403, "403 Forbidden"),
    "unreachable": Greeting(None, "connection reset"),
    "blackholed": Greeting(None, after_s=None),
    "busy": Greeting(429, "429 Too Many Requests"),
    "failing": Greeting(503, "503 Service Unavailable"),
    "proxied": Greeting(None, "403 Forbidden, a proxy's own answer (squid/5.7)"),
}
_SECONDARY = {
    "failing": Fallback("503 UDAPI100500"),
    "signed-out": Fallback("it does not accept UPSTOX_ANALYTICS_TOKEN (401 UDAPI100050)"),
    "throttled": Fallback("429, too many requests"),
    "blackholed": Fallback("no answer within 3.8 s", after_s=3.8),
    "nonsense": Fallback(refused="1 far off"),
}
_CLOSED = {
    "reset": "connection reset",
    "1006": "connection cut without a close frame",
    "1000": "closed by Kite (1000)",
    "1001": "closed by Kite (1001)",
    "1012": "closed by Kite (1012)",
}

Token = int  # the scripted world's access tokens are numbers: it has no secrets


class ScriptedKite:
    """Kite as a scenario bends it."""

    def __init__(self) -> None:
        self._words = {family: words[0] for family, words in KITE.items()}
        self._minted = count(1)
        self._latest = next(self._minted)
        self._living = {self._latest}

    @property
    def token(self) -> Token:
        """The access token handed out last, dead or alive."""
        return self._latest

    def set(self, family: str, word: str) -> None:
        """Switch one fault; a drop is over as it happens."""
        if family == "token":
            assert word in TOKEN_STATES
            (self._living.add if word == "valid" else self._living.discard)(self._latest)
            return
        self._words[family] = "up" if word == "dropped" else word

    def login(self) -> Token:
        """What a user's login brings: a fresh access token, or the same one again, alive."""
        if self._words["login"] != "same-token":
            self._living.discard(self._latest)
            self._latest = next(self._minted)
        if self._words["plan"] == "bought-today":
            self._words["plan"] = "connect"
        self._living.add(self._latest)
        return self._latest

    def dead_token(self) -> Token:
        """An access token that Kite never accepts."""
        return next(self._minted)

    def accepts(self, token: Token | None) -> bool:
        return token in self._living

    def profile(self, token: Token | None) -> Reply:
        """`GET /user/profile`: passes without a paid plan."""
        if not self.accepts(token):
            return self._rest(Reply(Answer.TOKEN_DEAD, "403 TokenException"))
        if self._words["plan"] == "user-not-enabled":
            return self._rest(Reply(Answer.NOT_PERMITTED, "403 PermissionException"))
        return self._rest(Reply(Answer.OK, user=_USER_NAME))

    def quotes(self, token: Token | None) -> Reply:
        """`GET /quote`: wants a living token, then a plan with market data."""
        if not self.accepts(token):
            return self._rest(Reply(Answer.TOKEN_DEAD, "403 TokenException"))
        if self._words["plan"] != "connect":
            return self._rest(Reply(Answer.NOT_PERMITTED, "403 PermissionException"))
        return self._rest(Reply(Answer.OK))

    def secondary(self) -> Fallback:
        """What the secondary source answers. It has a token of its own."""
        return _SECONDARY.get(self._words["secondary"], Fallback())

    def handshake(self, token: Token | None) -> Greeting:
        instead = _FEED.get(self._words["feed"])
        if instead is not None:
            return instead
        after_s = _SLOW_HANDSHAKE_S if self._words["feed"] == "slow" else _HANDSHAKE_S
        if self.accepts(token) and self._words["plan"] == "connect":
            return Greeting(101, after_s=after_s)
        return Greeting(403, "403 Forbidden", after_s)

    @property
    def heartbeats(self) -> bool:
        """Whether open feeds get any frame at all."""
        return self._words["feed"] not in ("silent", "blackholed")

    @property
    def ticks(self) -> bool:
        """Whether open feeds get ticks when the market trades."""
        return self.heartbeats and self._words["feed"] != "mute"

    @property
    def sockets_outlive_token(self) -> bool:
        return self._words["sockets"] == "outlive-token"

    @property
    def close_detail(self) -> str:
        """How a cut feed ends."""
        return _CLOSED[self._words["close"]]

    def _rest(self, truth: Reply) -> Reply:
        """What REST says in place of the truth, or the truth, perhaps late."""
        word = self._words["rest"]
        return replace(truth, after_s=_SLOW_REST_S) if word == "slow" else _REST.get(word, truth)
