"""One feed on many machines: what a run does to publish itself, and how several take turns.

`standby` waits until the run's turn has come; `readiness` says meanwhile what a takeover would lack.
"""
