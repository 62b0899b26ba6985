"""The feed inside of a program: `from kitefeed_cli import Feed`.

A door like `kitefeed run`, with the same run behind it: the same policy, token check, ladder, polls and watch on the
token store. It differs in three things: batches go to whoever iterates, talk goes to `logging` (logger "kitefeed"),
and what no waiting cures is raised as a `Problem`. It never prints, never ends the process, and touches no signal.
"""

from __future__ import annotations

from ..problems import Problem
from ..ticks.gaps import Gap
from .batch import Batch
from .feed import Feed
from .group import Delivery, GroupReader
from .value import Value

__all__ = ["Batch", "Delivery", "Feed", "Gap", "GroupReader", "Problem", "Value"]
