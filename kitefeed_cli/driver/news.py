"""Which access token the policy knows of, so that a new one is told exactly once.

Two look at the token store: the watch, every second, and each attempt, at the moment it asks REST. Whoever sees a new
token first tells of it; the other has no news then. Without this, an attempt a moment before the watch would ask
with a token the policy never heard of, and the login would later pass for a second one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from ..policy.events import Event, Saved, TokenStored

T = TypeVar("T", bound=Hashable)


class TokenNews(Generic[T]):
    """Posts `TokenStored`. Thread-safe. A token is anything that can be compared; it is never shown."""

    def __init__(self, post: Callable[[Event], None], known: T) -> None:
        self._post = post
        self._known = known
        self._lock = threading.Lock()

    def know(self, token: T) -> None:
        """It is known from now on, and not told."""
        self._is_new(token)

    def found(self, saved: Saved, token: T) -> None:
        """The watch saw that the store was written."""
        self._post(TokenStored(saved, self._is_new(token)))

    def read(self, saved: Saved, token: T) -> None:
        """An attempt is about to ask REST about this token."""
        if self._is_new(token) and saved is Saved.TOKEN:
            self._post(TokenStored(saved, new=True, asked=True))

    def _is_new(self, token: T) -> bool:
        with self._lock:
            new = token != self._known
            self._known = token
        return new
