"""Where the rooms meet: one file a command, with everything it needs put together and nothing decided.

`run` (and what its loop can do: `hands`), `poller`, `visit` (for `validate`), `signin` (for `login`), `stages` and
`rehearsal` (for `simulate`), `local` and `demo` (`run --emulator`), `incidents` (`run --incidents`), `serve` and
`page_login` (`run --serve`). A room never imports a wiring; a command imports little else.
"""
