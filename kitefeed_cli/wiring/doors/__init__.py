"""How a run is reached from outside, and reaches out.

`attended` is a run as a command has it: with signals, a socket that `status` asks, a supervisor, the `herald` of its
messages to somebody, and the gateway beside it (`serve`).
"""
