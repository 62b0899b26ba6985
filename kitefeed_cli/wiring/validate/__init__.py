"""`kitefeed validate`: one `visit` is all checks in order and one outcome.

`appointment` says when it takes place: when the market has opened, and never two of them at a time.
"""
