"""DECIDE. What to do about a feed that is not live, and when.

Theory of operation
-------------------
`step(state, event, now_s, limits)` takes what happened and answers with the next state and a list of actions. It
has no clock, socket, file, logger or randomness; whoever calls it performs the actions in order and brings back
what happened (`driver.loop` is the only caller, live and in scenarios). `deadline(state, limits)` says when it wants
a `TimeUp` if nothing happens before: nobody starts or cancels timers, so none can go stale.

The road to a live feed is the same every time: **ask REST about the saved access token, then open the feed**
(`Checking`, `Opening`, `Joined`, `Live`). REST's verdict blocks the handshake only when it is a verdict: a timeout or
a 503 says nothing about the token. An open feed is never closed because a token died; Kite asks for it only at the
handshake, so closing would destroy the last live source.

A lost feed is tried again at once, then after 5, 15, 30, 60, 60… seconds (`Waiting`). Meanwhile REST is polled, and a
poll that succeeds after failures starts the next attempt at once: the poll is the canary of the network. At hours at
which nobody would miss ticks nothing is polled, and what heals by itself is no error. A 403 at the
handshake is not believed: one quote (`Asking`) tells a dead token (`SignedOut`), a plan without market data (`Barred`)
and a feed that is merely refused apart. Signed out, nothing goes out but a token check on the same ladder; the token
store is watched, and a login goes straight back to the start of the road.

Two budgets hold whatever the world does: attempts (4, one more each 15 s, so at most 8 handshakes and 8 token checks in
any minute) and error lines (3, one more each 20 minutes, so at most 6 an hour). An **outage** is one unbroken stretch
without a live feed; it prints one error per remedy (wait, then log in), and ends after 60 s of live ticks, a new token
or a wake from sleep. Live ticks for a moment end nothing, or a server that accepts and drops would print for ever.

Read on in this order: `events`, `actions`, `causes` (the words), `states` and `ledger` (where we are), `limits` (every
number), `machine` and `watching` (every transition), `moves` and `polling` (what several transitions share), `shown`.
"""

from .actions import Action, CheckToken, CloseFeed, Finish, Note, OpenFeed, PollQuotes, Report, Say, Show, Shown
from .causes import Cause, Remedy
from .events import Answer, Event, Saved
from .limits import DEFAULT, Limits
from .machine import Step, begin, step
from .states import State, Stopped, deadline

__all__ = [
    "DEFAULT",
    "Action",
    "Answer",
    "Cause",
    "CheckToken",
    "CloseFeed",
    "Event",
    "Finish",
    "Limits",
    "Note",
    "OpenFeed",
    "PollQuotes",
    "Remedy",
    "Report",
    "Saved",
    "Say",
    "Show",
    "Shown",
    "State",
    "Step",
    "Stopped",
    "begin",
    "deadline",
    "step",
]
