"""The kinds of trouble a random day may have. Each is drawn by itself into happenings of the scenario's own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from ..story import Happening
from ..words import KITE

_REST_UNWELL = ("failing", "html", "bad-gateway", "empty", "untyped", "headless", "slow", "throttled", "unreachable")
_DEAF = ("blackholed", "unreachable")  # what a network that is gone looks like, without and with a goodbye

Deed = tuple[float, Happening]  # how long after the trouble's beginning; the moment itself is filled in by `draw`
Drawn = Iterator[Deed]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind. `heals_alone`: when it ends, nobody needs to log in and no slow lane is waited out."""

    name: str
    draw: Callable[[Random, float], Drawn]  # the chance, and how many seconds it lasts if it lasts
    heals_alone: bool = True


def _kite(after_s: float, **words: str) -> Deed:
    return after_s, Happening(0.0, kite=tuple(words.items()))


def _token(after_s: float, state: str) -> Deed:
    return after_s, Happening(0.0, kite=(("token", state),))


def _user(after_s: float, deed: str) -> Deed:
    return after_s, Happening(0.0, user=deed)


def _drop(chance: Random, lasts_s: float) -> Drawn:
    yield _kite(0.0, feed="dropped", close=chance.choice(KITE["close"]))


def _flap(chance: Random, lasts_s: float) -> Drawn:
    after_s = 0.0
    for _ in range(chance.randint(3, 12)):
        yield _kite(after_s, feed="dropped")
        after_s += chance.uniform(0.3, 12.0)


def _feed(word: str) -> Callable[[Random, float], Drawn]:
    def draw(chance: Random, lasts_s: float) -> Drawn:
        yield _kite(0.0, feed=word)
        yield _kite(lasts_s, feed="up")

    return draw


def _rest(chance: Random, lasts_s: float) -> Drawn:
    yield _kite(0.0, rest=chance.choice(_REST_UNWELL))
    yield _kite(lasts_s, rest="up")


def _network(chance: Random, lasts_s: float) -> Drawn:
    """The whole network goes; its two halves come back in either order."""
    how = chance.choice(_DEAF)
    yield _kite(0.0, feed=how, rest=how)
    first, second = chance.choice((("feed", "rest"), ("rest", "feed")))
    yield _kite(lasts_s, **{first: "up"})
    yield _kite(lasts_s + chance.choice((0.0, chance.uniform(0.0, 20.0))), **{second: "up"})


def _plan(chance: Random, lasts_s: float) -> Drawn:
    yield _kite(0.0, plan="personal", feed="dropped")
    yield _kite(lasts_s, plan="connect")


def _storm(chance: Random, lasts_s: float) -> Drawn:
    """A good token is called dead for a while, as on some mornings."""
    yield _token(0.0, "expired")
    yield _token(lasts_s, "valid")


def _expiry(chance: Random, lasts_s: float) -> Drawn:
    """The token dies. The user logs in: once, twice, to the same token, or first with a dead one."""
    sockets = chance.choice(KITE["sockets"])
    yield _kite(0.0, sockets=sockets, login=chance.choice(KITE["login"]))
    yield _token(0.0, "expired")
    if chance.random() < 0.3:
        yield _user(lasts_s * chance.random(), "logs in with a dead token")
    yield _user(lasts_s, "logs in")
    if chance.random() < 0.3:
        yield _user(lasts_s + chance.uniform(0.0, 3.0), "logs in")


def _store(deed: str) -> Callable[[Random, float], Drawn]:
    def draw(chance: Random, lasts_s: float) -> Drawn:
        yield _user(0.0, deed)
        yield _user(lasts_s, "logs in")

    return draw


def _rewrites(chance: Random, lasts_s: float) -> Drawn:
    """Another program writes the token store in a loop."""
    after_s = 0.0
    for _ in range(chance.randint(2, 15)):
        yield _user(after_s, chance.choice(("saves the same token", "logs in", "logs in with a dead token")))
        after_s += chance.uniform(0.2, 4.0)
    yield _user(after_s, "logs in")


def _sleep(chance: Random, lasts_s: float) -> Drawn:
    yield 0.0, Happening(0.0, sleeps_s=max(1.0, round(lasts_s, 1)))


TROUBLES: tuple[Trouble, ...] = (
    Trouble("drop", _drop),
    Trouble("flap", _flap),
    *(Trouble(f"feed-{word}", _feed(word)) for word in ("silent", "mute", "unreachable", "blackholed", "slow")),
    *(Trouble(f"feed-{word}", _feed(word), heals_alone=False) for word in ("refused", "busy", "failing")),
    Trouble("rest", _rest),
    Trouble("network", _network),
    Trouble("plan", _plan, heals_alone=False),
    Trouble("storm", _storm, heals_alone=False),
    Trouble("expiry", _expiry, heals_alone=False),
    Trouble("token-damaged", _store("saves a damaged token"), heals_alone=False),
    Trouble("token-removed", _store("removes the token"), heals_alone=False),
    Trouble("rewrites", _rewrites, heals_alone=False),
    Trouble("sleep", _sleep),
)
