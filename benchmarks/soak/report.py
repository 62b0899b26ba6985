"""The report of the soak: what must hold, a page and a plot."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from .ledger import Ledger

_WARM_UP_S = 1800.0  # at most; a third of a shorter run
_RSS_MIB = 120.0
_SLOPE_MIB_H = 1.0
_ENOUGH_S = 3600.0  # of samples: below, one step of the allocator is a slope of several MiB an hour
_STEPS_MIB = 2.0  # so this much growth is let pass there
_STOP_S = 2.0
_TITLE: Any = {"loc": "left", "fontsize": 10}
_BLUE, _GREY, _RED = "#1f5fa8", "#8a8a8a", "#b3261e"


@dataclass(frozen=True)
class Sample:
    """The run's process at one moment. CPU seconds and ticks count from the start."""

    at_s: float
    rss_mib: float
    threads: int
    descriptors: int
    cpu_s: float
    kite_cpu_s: float
    age_s: float  # the greatest age of a tick as it was written, since the sample before
    ticks: int


@dataclass(frozen=True)
class Outcome:
    """All that was measured and counted."""

    samples: list[Sample]
    drops: list[tuple[float, str]]
    tally: dict[str, Any]
    ledger: Ledger
    out_of_stdout: int
    other_records: dict[str, int]
    dropped: int
    refused: list[str]
    errors: int
    recovered: int
    exit_code: int
    stopped_s: float

    @property
    def settled(self) -> list[Sample]:
        """The samples after the warm-up."""
        from_s = min(_WARM_UP_S, self.samples[-1].at_s / 3)
        return [sample for sample in self.samples if sample.at_s >= from_s]

    def slope(self) -> tuple[float, float]:
        """MiB an hour after the warm-up, by least squares, and its standard error."""
        hours = np.array([sample.at_s for sample in self.settled]) / 3600
        rss = np.array([sample.rss_mib for sample in self.settled])
        by, start = np.polyfit(hours, rss, 1)
        spread = rss - (by * hours + start)
        error = np.sqrt((spread**2).sum() / max(1, len(hours) - 2) / ((hours - hours.mean()) ** 2).sum())
        return float(by), float(error)

    def total(self, name: str) -> int:
        """Of the counts of all connections of the local Kite."""
        return sum(int(counts[name]) for counts in self.tally["connections"].values())


def failures(outcome: Outcome) -> list[str]:
    """What does not hold."""
    ledger, tally = outcome.ledger, outcome.tally
    offered, snapshots = outcome.total("offered"), outcome.total("snapshots")
    sent, withheld = outcome.total("sent"), outcome.total("withheld")
    delivered, in_flight, lost = (count.total() for count in (ledger.delivered, ledger.in_flight, ledger.lost))
    first, last = outcome.settled[0], outcome.settled[-1]
    must = {
        "every move was offered or unheard": tally["made"] == offered - snapshots + tally["unheard"],
        "every tick offered was sent or withheld": offered == sent + withheld,
        "every tick sent was delivered, in flight or dropped": sent == delivered + in_flight + lost,
        "what stdout has is what was found among the frames": outcome.out_of_stdout == delivered + ledger.strange,
        "no tick was delivered that was not sent": ledger.strange == 0,
        "no more was lost than the run says": lost == outcome.dropped,
        "nothing was refused or held back": not outcome.refused,
        "every drop was recovered from": outcome.recovered == len(outcome.drops),
        "no error was told": outcome.errors == 0,
        "as many descriptors at the end as after the warm-up": first.descriptors >= last.descriptors,
        "as many threads at the end as after the warm-up": first.threads >= last.threads,
        f"memory stays below {_RSS_MIB:.0f} MiB": max(one.rss_mib for one in outcome.samples) < _RSS_MIB,
        **_growth(outcome),
        f"Ctrl-C ends it within {_STOP_S:.0f} s, exit code 0": outcome.stopped_s <= _STOP_S and not outcome.exit_code,
    }
    return [f"does not hold: {words}" for words, holds in must.items() if not holds]


def _growth(outcome: Outcome) -> dict[str, bool]:
    first, last = outcome.settled[0], outcome.settled[-1]
    if last.at_s - first.at_s < _ENOUGH_S:
        grown = last.rss_mib - first.rss_mib
        return {f"memory grows by less than {_STEPS_MIB:.0f} MiB after the warm-up": grown < _STEPS_MIB}
    slope, error = outcome.slope()
    return {f"memory grows by less than {_SLOPE_MIB_H:.0f} MiB an hour": slope - 2 * error < _SLOPE_MIB_H}


def write_report(outcome: Outcome, instruments: int, updates: int, folder: Path) -> list[str]:
    """Write `soak.md` and `soak.png`; what does not hold."""
    failed = failures(outcome)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.md").write_text(_page(outcome, instruments, updates, failed), "utf-8")
    _plot(outcome, folder / "soak.png")
    return failed


def _page(outcome: Outcome, instruments: int, updates: int, failed: list[str]) -> str:
    settled, samples = outcome.settled, outcome.samples
    lasted_s = samples[-1].at_s - samples[0].at_s
    slope, error = outcome.slope()
    cpu = (samples[-1].cpu_s - samples[0].cpu_s) / lasted_s
    kite_cpu = (samples[-1].kite_cpu_s - samples[0].kite_cpu_s) / lasted_s
    rate = (samples[-1].ticks - samples[0].ticks) / lasted_s
    rows = [
        ("lasted", f"{lasted_s / 60:.0f} minutes"),
        ("feed", f"{instruments:,} instruments, full mode, {updates} a second each: {rate:,.0f} ticks a second"),
        ("drops", f"{len(outcome.drops)}, taking turns: {', '.join(sorted({style for _, style in outcome.drops}))}"),
        ("recovered, errors told", f"{outcome.recovered}, {outcome.errors}"),
        ("memory after the warm-up", _span(f"{one.rss_mib:.1f}" for one in settled) + " MiB"),
        (
            f"memory, growth in the last {(settled[-1].at_s - settled[0].at_s) / 60:.0f} minutes",
            f"{settled[-1].rss_mib - settled[0].rss_mib:+.1f} MiB; fitted, {slope:+.2f} MiB an hour (± {error:.2f})",
        ),
        ("descriptors", _span(one.descriptors for one in settled)),
        ("threads", _span(one.threads for one in settled)),
        ("CPU of `run --json`", f"{cpu:.1%} of a core, of the local Kite {kite_cpu:.1%}"),
        ("greatest age of a tick as it was written", f"{max(one.age_s for one in samples) * 1000:.0f} ms"),
        ("Ctrl-C to the end", f"{outcome.stopped_s:.2f} s, exit code {outcome.exit_code}"),
        ("other records", ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.other_records.items()))),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    verdict = "Everything held." if not failed else "\n".join(f"* {words}" for words in failed)
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    return _PAGE.format(table=table, sums=_sums(outcome), verdict=verdict, machine=machine)


_PAGE = """\
# The long run

Written by `make soak` (`HOURS=6` for longer). `kitefeed run --json` in one process reads a local Kite in another, which
drops the feed after every minute of live ticks, in another way each time. Every tick that the local Kite made is looked
for among the lines on stdout, value for value and in order: the frames are matched by a check sum over instrument
token, last price, volume and exchange time.

{verdict}

| | |
|---|---|
{table}

![Memory, threads, descriptors, ticks and their age over time](soak.png)

## Every tick accounted for

{sums}

* *offered*: put in line for a socket. *Withheld*: still in line when the connection ended.
* *unheard*: made while no socket was subscribed to the instrument: the feed was down, or had not subscribed yet.
* *in flight*: handed to a socket and never received, because the connection was cut. A client receives a prefix of what
  was sent, so these are the frames after the last one that arrived, and there are none unless the cut is a TCP reset,
  or kitefeed itself leaves.
* *dropped*: lost to a full queue of ours, which the run counts and tells by itself.

{machine}.
"""


def _sums(outcome: Outcome) -> str:
    ledger, tally = outcome.ledger, outcome.tally
    offered, snapshots = outcome.total("offered"), outcome.total("snapshots")
    sent, withheld = outcome.total("sent"), outcome.total("withheld")
    delivered, in_flight, lost = (count.total() for count in (ledger.delivered, ledger.in_flight, ledger.lost))
    lines = [
        ("made + snapshots", tally["made"] + snapshots, f"{tally['made']:,} + {snapshots:,}"),
        ("= offered + unheard", offered + tally["unheard"], f"{offered:,} + {tally['unheard']:,}"),
        ("offered", offered, ""),
        ("= sent + withheld", sent + withheld, f"{sent:,} + {withheld:,}"),
        ("sent", sent, ""),
        (
            "= delivered + in flight + dropped",
            delivered + in_flight + lost,
            f"{delivered:,} + {in_flight:,} + {lost:,}",
        ),
        ("delivered", delivered, ""),
        ("= ticks on stdout", outcome.out_of_stdout, ""),
    ]
    return "\n".join(
        ["| | ticks | |", "|---|---:|---|", *(f"| {name} | {count:,} | {how} |" for name, count, how in lines)]
    )


def _span(values: Any) -> str:
    listed = list(values)
    least, most = min(listed, key=float), max(listed, key=float)
    return f"{least} to {most}" if least != most else f"{least}"


def _plot(outcome: Outcome, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    samples = outcome.samples
    minutes = [one.at_s / 60 for one in samples]
    rates = [0.0] + [(after.ticks - before.ticks) / (after.at_s - before.at_s) for before, after in pairwise(samples)]
    slope, _ = outcome.slope()
    panels = (
        (f"memory, MiB ({slope:+.2f} an hour)", [one.rss_mib for one in samples]),
        ("", [one.threads for one in samples]),
        ("ticks a second", rates),
        ("oldest tick written, ms", [one.age_s * 1000 for one in samples]),
    )
    figure, axes = plt.subplots(len(panels), 1, sharex=True, figsize=(10, 9), layout="constrained")
    for axis, (title, values) in zip(axes, panels, strict=True):
        for at_s, _ in outcome.drops:
            axis.axvline(at_s / 60, color=_RED, alpha=0.25, linewidth=0.8)
        axis.plot(minutes, values, color=_BLUE, linewidth=1.2)
        axis.set_title(title, **_TITLE)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].plot(minutes, [one.descriptors for one in samples], color=_GREY, linewidth=1.2)
    axes[1].set_title(f"{samples[-1].threads} threads (blue), {samples[-1].descriptors} descriptors (grey)", **_TITLE)
    for axis in axes:
        axis.set_ylim(bottom=0)
    axes[-1].set_xlabel("minutes; the red lines are drops")
    figure.savefig(path, dpi=110)
    plt.close(figure)
