"""How a run is (`monitor`), what it takes of the computer (`footprint`), and how it takes little all day long.

The last is for a process of our own alone: `memory` and `processor` set up the C library and the scheduler for it.
"""
