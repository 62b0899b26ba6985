"""Waiting for the first good answer from whichever road is quicker."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum

from ...clock import Clock
from ...problems import Exit, Problem
from .redirect import Granted, Odd, from_paste

Told = Granted | Odd | None


class Road(Enum):
    CALLBACK = "callback"
    PASTE = "paste"


class Arrivals:
    """What the two roads brought, in order. Thread-safe. A road's None means that nothing more comes on it."""

    def __init__(self, state: str, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self._arrived = threading.Condition()
        self._told: deque[tuple[Road, Told]] = deque()

    def called_back(self, told: Told) -> None:
        """For `Callback`."""
        self._put(Road.CALLBACK, told)

    def pasted(self, line: str | None) -> None:
        """For `read_lines`."""
        self._put(Road.PASTE, None if line is None else from_paste(line, self._state))

    def take(self, until_s: float) -> tuple[Road, Told] | None:
        """The next one; None when the time is up."""
        with self._arrived:
            while not self._told:
                left_s = until_s - self._clock.now_s()
                if left_s <= 0:
                    return None
                self._clock.wait(self._arrived, left_s)
            return self._told.popleft()

    def has_paste(self, until_s: float) -> bool:
        """Whether a line has come by then; returns at once when the input ends. Takes nothing."""
        with self._arrived:
            while True:
                pasted = [told for road, told in self._told if road is Road.PASTE]
                left_s = until_s - self._clock.now_s()
                if pasted or left_s <= 0:
                    return any(told is not None for told in pasted)
                self._clock.wait(self._arrived, left_s)

    def _put(self, road: Road, told: Told) -> None:
        with self._arrived:
            self._told.append((road, told))
            self._arrived.notify()


_NOTES = {
    Odd.FOREIGN: "This address belongs to another login: open the link above and paste what follows it",
    Odd.LOGIN_LINK: "This is the link to open: log in there and paste the address you land on",
    Odd.UNREADABLE: "There is no request_token in this line: paste the whole address you landed on",
}
_CALLED = "Ignored a call to the login address that does not belong to this login"
_CLOSED = "Too many calls to the login address: it is closed now, paste the address you land on instead"
_WHY = {
    Odd.FOREIGN: "the pasted address was made by another login than this one",
    Odd.LOGIN_LINK: "the pasted line is the link to open, not the address that follows it",
    Odd.UNREADABLE: "the pasted line holds no request_token",
}


def await_redirect(
    arrivals: Arrivals, roads: set[Road], until_s: float, note: Callable[[str], None], *, patient: bool
) -> Granted:
    """The first good answer on one of the open `roads`. `patient`: a person can paste again after a bad line.

    Raises Problem: exit 3 when the time is up, the user cancels or no road is left.
    """
    called = False
    while roads:
        arrival = arrivals.take(until_s)
        if arrival is None:
            raise _no_login("nobody logged in within the time allowed")
        match arrival:
            case (_, Granted() as granted):
                return granted
            case (_, Odd.CANCELLED) | (Road.CALLBACK, Odd.UNREADABLE):
                raise _no_login("Kite did not grant it (cancelled on the login page, or the user is not enabled)")
            case (road, None):
                roads = roads - {road}
                if road is Road.CALLBACK and roads:
                    note(_CLOSED)
            case (Road.PASTE, odd) if not patient:
                raise _bad_paste(odd)
            case (Road.PASTE, odd):
                note(_NOTES[odd])
            case (Road.CALLBACK, _) if not called:
                called = True  # any page in the browser can call: one note for all
                note(_CALLED)
    raise _no_login("the input ended without a redirect URL or a request_token")


def _no_login(why: str) -> Problem:
    return Problem("there was no login", why, "run `kitefeed login` again", Exit.LOGIN, "no-login")


def _bad_paste(odd: Odd) -> Problem:
    return Problem(
        "this is no login",
        _WHY[odd],
        "run `kitefeed login`, open its link, and paste the address you land on",
        Exit.LOGIN if odd is Odd.FOREIGN else Exit.USAGE,
        "no-login",
    )
