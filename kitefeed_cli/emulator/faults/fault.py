"""What a fault is: data that the server obeys, so that HTTP, a scenario and Python name the same thing."""

from __future__ import annotations

from dataclasses import dataclass

# How an office's proxy signs what it says in Kite's place (RFC 9110 §7.6.3), as Squid does.
PROXYS_HEADERS = (("Server", "squid/5.7"), ("Via", "1.1 office.example (squid/5.7)"))
PROXYS_PAGE = "<html><head><title>ERROR: Access Denied</title></head><body><h1>ERROR</h1></body></html>\n"


@dataclass(frozen=True)
class Answer:
    """What is said instead of the truth. `content_type` None, with an empty body, leaves the header out."""

    status: int
    body: str
    content_type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()  # besides: what a proxy adds when it answers itself


@dataclass(frozen=True)
class Fault:
    """One word of a family and what it does. A fault persists until its family is given another word."""

    word: str
    summary: str
    answer: Answer | None = None
    delay_s: float = 0.0
    resets: bool = False  # the connection is torn down without an answer
    holds: bool = False  # the connection is accepted and never answered
    cuts: bool = False  # feed only: open sockets are cut when the fault begins
    passes: bool = False  # an event: its family is back at its first word at once
    heartbeats: bool = True  # feed only: open sockets get heartbeats, texts and pongs
    ticks: bool = True  # feed only: open sockets get snapshots and ticks
