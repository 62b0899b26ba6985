"""Sinks that count."""

from __future__ import annotations

import threading

from kitefeed_cli.notices import Notice, SinkError


class CountingSink:
    """Keeps what it is sent. While `refuses` is set it takes nothing."""

    def __init__(self, name: str = "the sink") -> None:
        self.name = name
        self.refuses = False
        self.tries = 0
        self.taken: list[Notice] = []
        self.came = threading.Condition()

    def send(self, notice: Notice) -> None:
        with self.came:
            self.tries += 1
            if not self.refuses:
                self.taken.append(notice)
            self.came.notify_all()
        if self.refuses:
            raise SinkError("it is shut")

    def close(self) -> None:
        pass

    def wait_for(self, tries: int) -> None:
        """Until it was sent so many."""
        with self.came:
            assert self.came.wait_for(lambda: self.tries >= tries, timeout=10.0), f"{self.tries} of {tries} came"
