"""Where the rooms meet: everything a command needs is put together here, and nothing decided.

A room for each thing somebody does: `run`, `poll`, `login`, `validate`, `local` (on a local Kite: `run --emulator` and
`simulate`), `systemd` (`service`), and `doors`, by which a run is reached from outside (`run --serve`, `status`).
Under them lie what they are made of: `loop` (what a deciding loop works with), `values` (where prices come from and go
to), and `vitals` (how a run is). No other room of the package imports a wiring; a command imports little else.
"""
