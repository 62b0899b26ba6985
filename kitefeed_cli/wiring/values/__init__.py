"""The prices of a run or a poll: where they go (`output`), and where from while Kite serves none (`fallback`).

`health` looks whether the outputs keep up, and `losses` are what they did not show, told at the end.
"""
