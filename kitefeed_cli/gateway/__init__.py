"""One feed for everyone: a server beside the run, for programs that speak Kite and for people who look.

* `relay`: Kite's ticker at `/`, for the official clients unchanged. `intake` (what the bus brings),
  `hub` (who gets what), `client` (the line of one of them).
* `rest`: the reading half of Kite's REST API, out of what the feed has brought (`quotes`).
* `page`: the live page at `/ui`, `stream` its events, `history` what it shows of the past, `login` its button.
* `state`: `GET /state`. `probes`: what supervisors and Prometheus ask.
* `guard`: who may come in. `doorway`: where every request is asked.
* `server`: all of it on one port, on a thread and an event loop of its own. It is an output on the bus like any other,
  and its `accept` never waits, so nothing here can slow the reader.

It knows the run as an `Upstream` alone, and never holds Kite's access token. This module, `upstream` and
`guard` load no aiohttp; most others do.
"""
