"""One feed for everyone: a server beside the run, for programs that speak Kite and for people who look.

* `relay`: Kite's ticker at `/`, for the official clients unchanged. `packets` (bytes, cut and framed, never decoded),
  `intake` (what the bus brings), `hub` (who gets what), `client` (the line of one of them).
* `rest`: the reading half of Kite's REST API, out of what the feed has brought (`quotes`).
* `state`: `GET /state`.
* `guard`: who may come in.
* `server`: all of it on one port, on a thread and an event loop of its own. It is an output on the bus like any other,
  and its `accept` never waits, so nothing here can slow the reader.

It knows the run as an `Upstream` alone, and never holds Kite's access token. Loading `server`, `relay`, `client` or
`rest` loads aiohttp; this module, `upstream` and `guard` do not.
"""
