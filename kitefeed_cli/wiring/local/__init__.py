"""On a local Kite, in this very process: `run --emulator` (`run`) and its `demo`.

`stages` is where `simulate` plays a scenario; `rehearsal` is the stage that has real sockets.
"""
