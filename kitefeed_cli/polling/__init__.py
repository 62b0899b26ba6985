"""Quotes from Kite's REST alone: when to ask, and what to ask.

The feed's policy is not at work here, for every state of it is about a socket that `poll` never opens. What the two
share is not copied: the numbers (`policy.limits`), the causes and who can end them (`policy.causes`), the budget of
error lines (`policy.ledger.Bucket`) and the words. What is left is `Course`: quotes while the access token is good, a
token check now and then while it is dead, and nothing in between that Kite could mind.
"""

from ..sources.batches import Batches
from .course import Ask, Course
from .quotes import Quotes, without_quote

__all__ = ["Ask", "Batches", "Course", "Quotes", "without_quote"]
