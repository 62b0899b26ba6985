"""`kitefeed run`: the one place where policy, driver, Kite, ticks and console meet (`feed_run`).

What only a whole run does is beside it: it looks up the `names` of its watchlist, goes on following the right
instruments (`upkeep`), ends by itself (`until`), and writes its outages down (`incidents`).
"""
