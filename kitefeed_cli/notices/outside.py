"""`--notify`: the messengers that apprise knows, by its URLs (extra `notify`).

Such a URL holds a bot's token or a password. It is shown nowhere; only the name of its kind is.
"""

from __future__ import annotations

import logging
import re

from ..problems import Exit, Problem
from ..redact import REDACTOR
from .notice import Notice
from .post import SinkError


class AppriseSink:
    """Raises Problem when apprise is not installed, or does not know the URL."""

    def __init__(self, url: str) -> None:
        REDACTOR.add(url)
        kind = re.match(r"[a-z][a-z0-9+]{0,15}(?=://)", url)
        self.name = f"{kind.group()}://..." if kind else "the notify URL"
        try:
            import apprise
        except ImportError:
            raise _no_notices(
                "the package `apprise` is not installed", "install it beside kitefeed: `pip install apprise`"
            ) from None
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines quote URLs
        logging.getLogger("apprise").addHandler(logging.NullHandler())
        self._apprise = apprise.Apprise()
        if kind is None or not self._apprise.add(url):
            raise _no_notices(
                f"{self.name} is not a URL that apprise understands", "see https://github.com/caronc/apprise/wiki"
            )

    def send(self, notice: Notice) -> None:
        if not self._apprise.notify(title=notice.title, body=notice.body):
            raise SinkError("it was not accepted")

    def close(self) -> None:
        """Its own deadlines end it."""


def _no_notices(why: str, next_step: str) -> Problem:
    return Problem("nobody can be notified with --notify", why, next_step, Exit.USAGE, "no-notify")
