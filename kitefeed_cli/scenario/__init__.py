"""Incidents as files: what the world did, and what the user must see.

`format` reads a file into a `story`; `world` plays it with the real loop and the real console on a virtual clock;
`log` keeps what happened; `promises` judges it; `transcript` writes it down; `runner` puts them in that order.
"""
