"""What a deciding loop of a run works with: a `seat` for each connection, with its `hands`.

All seats of a run share one `voice` (what it says and shows) and one `market` (what it knows of the hours); the
`witness` of each tells others of what is decided.
"""
