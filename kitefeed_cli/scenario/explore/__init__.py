"""Every order of events that the policy can meet, explored to closure, with the shipped `step` as the thing explored.

Read on in this order: `happenings` (what the world may do), `onlooker` (what somebody knows who sees only events and
actions), `rules` and `rules_*` (the invariants), `grid` and `forms` (when two states count as the same), `roads`,
`words` and `pace` (the three views), `search` (breadth first, to closure), `healing` and `windows` (the bounds),
`paths` (the shortest way to a violation, in words and as a scenario file). docs/exploration.md argues why nothing
hides in what the views merge.
"""

from .exploration import Exploration, explore

__all__ = ["Exploration", "explore"]
