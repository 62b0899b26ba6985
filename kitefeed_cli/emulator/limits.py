"""Kite's request rates per api_key (Kite Connect v3 docs, "Exceptions and errors" page, API rate limit)."""

from __future__ import annotations

from dataclasses import dataclass, field

from kitefeed_cli.emulator.hours import KiteTime


@dataclass
class Bucket:
    """One request each `interval_s` in the long run; `slack_s` of requests may come early."""

    interval_s: float
    slack_s: float
    due_s: dict[str, float] = field(default_factory=dict)  # api_key → when the next request is due

    def take(self, api_key: str, now_s: float) -> bool:
        """Whether a request is within the limit; a refused one costs nothing."""
        due_s = max(self.due_s.get(api_key, now_s), now_s)
        if due_s - now_s > self.slack_s:
            return False
        self.due_s[api_key] = due_s + self.interval_s
        return True


class Limits:
    """Quotes share one request a second; everything else shares ten a second."""

    def __init__(self, time: KiteTime) -> None:
        self._time = time
        # The slack forgives a client that keeps exactly to the limit and is a little early over the network.
        self._quote = Bucket(interval_s=1.0, slack_s=0.25)
        self._other = Bucket(interval_s=0.1, slack_s=0.9)

    def allow(self, api_key: str, path: str) -> bool:
        quotes = path == "/quote" or path.startswith("/quote/")
        return (self._quote if quotes else self._other).take(api_key, self._time.t_s())
