"""The table, and the machine it was measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .rounds import Ratio

_PACKAGES = ("kiteconnect", "autobahn", "Twisted", "websocket-client", "numpy", "orjson")
HEAD = "| what | the other | kitefeed | unit | ratio | 10th to 90th percentile |\n|---|---:|---:|---|---:|---:|"


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison. Costs are shown in `unit`, of which one second (or byte) is `scale`."""

    name: str
    measured: Ratio
    unit: str
    scale: float = 1.0

    def __str__(self) -> str:
        one = self.measured
        theirs, ours = _three(one.theirs * self.scale), _three(one.ours * self.scale)
        spread = f"{_three(one.low)} to {_three(one.high)}"
        return f"| {self.name} | {theirs} | {ours} | {self.unit} | **{_three(one.median)}** | {spread} |"


def machine() -> str:
    """One sentence a fact: what the numbers depend on."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return (
        f"{_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.release()}; "
        f"load averages at the end {load}.\n{platform.python_implementation()} {platform.python_version()}, {versions}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _three(number: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"
