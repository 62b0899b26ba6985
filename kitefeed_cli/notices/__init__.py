"""Telling someone who is not at the computer: one message when an outage is told of, one when it is over.

What is told is decided where the errors are (the policy's reports and their line budget), so that a phone is never
busier than stderr. The messages leave on a thread of their own; whatever becomes of them, the run does not notice.
"""

from __future__ import annotations

from .command import CommandSink
from .notice import Notice
from .post import Post, Sink, SinkError

__all__ = ["CommandSink", "Notice", "Post", "Sink", "SinkError"]
