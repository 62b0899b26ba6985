"""A local Kite: REST, WebSocket and login page on one loopback port, with every fault on a switch.

Official clients work against it unchanged. It shares no code with the programs it judges.

How to extend it, from the most to the least common:

* a fault: one `Fault` in the file of its family under `faults/`;
* an instrument: one line in `instruments.py`;
* a REST route: one method of `rest.Rest`, named in its `routes`;
* a control: one method of `control.Controls`, one case of `control.ControlRoutes`.
"""

from __future__ import annotations

from kitefeed_cli.emulator.faults import UnknownFaultError
from kitefeed_cli.emulator.server import CannotListenError, LocalKite

__all__ = ["CannotListenError", "LocalKite", "UnknownFaultError"]
