"""What the errors of Kite and its clients mean: one page each, for `kitefeed explain` and `docs/messages.md`."""

from __future__ import annotations

from . import feed, instruments, network, refused
from .lookup import found, nearest
from .page import Meaning, Page

# In the order in which people meet them.
PAGES = (
    refused.FORBIDDEN,
    refused.TOKEN,
    refused.PERMISSION,
    feed.CLOSED,
    feed.BUSY,
    feed.NO_TICKS,
    feed.GAVE_UP,
    feed.REACTOR,
    feed.TOO_MANY,
    instruments.NO_INSTRUMENT,
    refused.SPENT_TOKEN,
    refused.CHECKSUM,
    refused.HEADER,
    refused.STATIC_IP,
    network.UNREACHABLE,
    network.BACKEND,
    network.HTML,
    network.PROXY,
    network.CERTIFICATE,
    network.CLOCK,
    network.STORE,
)

__all__ = ["PAGES", "Meaning", "Page", "found", "nearest"]
