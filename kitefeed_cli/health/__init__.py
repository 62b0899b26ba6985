"""How a run is, in numbers: one snapshot (`Vitals`), and what is said of it to machines.

The snapshot is made by the wiring, on a thread that neither the reader nor a deciding loop waits for. Everything here
is a function of it: `livez` (is this program working?), `readyz` (does it serve?), `exposition` (for Prometheus), and
the answer that `kitefeed status` gets over a local socket. None of them asks Kite anything.
"""

from __future__ import annotations

from .metrics import exposition
from .vitals import Ages, Day, Published, Relay, Vitals, livez, readyz

__all__ = ["Ages", "Day", "Published", "Relay", "Vitals", "exposition", "livez", "readyz"]
