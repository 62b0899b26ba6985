"""The long run: `kitefeed run` against a local Kite that drops the feed every minute, and every tick accounted for.

`python -m benchmarks.soak [--hours 0.5] [--instruments 3000] [--updates 1] [--to docs]`, or `make soak HOURS=6`. Writes
`soak.md` and `soak.png` into the folder `--to`; the exit code is 1 when the sums do not come out even or something
grows. Linux only: it looks into /proc.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from kitefeed_cli.clock import SystemClock

from .ledger import Ledger, Sent, sum_of
from .report import Outcome, Sample, write_report

_EVERY_S = 5.0  # between two samples
_DROP_S = 61.0  # of live ticks before a drop: after a minute kitefeed calls an outage over
_STYLES = ("reset", "1006", "1001", "1012", "1000")
_WELL_KNOWN = 41  # instruments that the local Kite has in any case
_LIVE_S = 60.0  # for the first tick to come
_END_S = 10.0
_KITEFEED = [sys.executable, "-m", "kitefeed_cli"]
_CLOCK = SystemClock()


class LocalKite:
    """`kitefeed emulator` in a process of its own."""

    def __init__(self, instruments: int, updates: int) -> None:
        made_up = ["--instruments", str(max(0, instruments - _WELL_KNOWN)), "--updates", str(updates)]
        self.process = subprocess.Popen([*_KITEFEED, "emulator", "--json", *made_up], stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.words: dict[str, str] = json.loads(self.process.stdout.readline())
        self._seen = 0

    def tokens(self, number: int) -> list[str]:
        """The instrument tokens of the daily dump."""
        credentials = f"token {self.words['api_key']}:{self.words['access_token']}"
        text = gzip.decompress(self._ask("/instruments", headers={"Authorization": credentials})).decode()
        return [line.split(",")[0] for line in text.splitlines()[1:]][:number]

    def drop(self, style: str) -> None:
        """Cut the feed."""
        self._ask("/_emulator/faults", json.dumps({"close": style, "feed": "dropped"}).encode())

    def tally(self) -> tuple[dict[str, Any], list[Sent]]:
        """The counts, and the frames sent since the last call."""
        tally: dict[str, Any] = json.loads(self._ask(f"/_emulator/tally?after={self._seen}"))
        frames = tally.pop("frames")
        assert not frames or frames[0][0] == self._seen + 1, "frames were forgotten before they were looked at"
        self._seen = frames[-1][0] if frames else self._seen
        return tally, [Sent(*frame[1:]) for frame in frames]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def _ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        request = urllib.request.Request(self.words["rest"] + path, body, headers or {})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            read: bytes = answer.read()
        return read


@dataclass
class Stdout:
    """What `run --json` has written so far, read on a thread of its own."""

    sums: list[int] = field(default_factory=list)  # of the feed's ticks, taken away by `taken`
    kinds: Counter[str] = field(default_factory=Counter)  # records by kind, ticks of other sources by source
    ticks: int = 0
    age_s: float = 0.0  # the greatest since `taken`
    live_s: float = math.inf  # since when the feed has been live
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            record = orjson.loads(line)
            feed = record["kind"] == "tick" and record["source"] == "feed"
            one = sum_of(record) if feed else 0
            with self.lock:
                if feed:
                    self.sums.append(one)
                    self.ticks += 1
                    self.age_s = max(self.age_s, record["age_s"])
                else:
                    if record["kind"] == "status":
                        self.live_s = _CLOCK.now_s() if record["state"] == "live" else math.inf
                    self.kinds[record["source"] if record["kind"] == "tick" else record["kind"]] += 1

    def taken(self) -> tuple[list[int], float]:
        with self.lock:
            sums, self.sums, age_s, self.age_s = self.sums, [], self.age_s, 0.0
        return sums, age_s


class Soak:
    """One long run."""

    def __init__(self, kite: LocalKite, instruments: int, folder: Path) -> None:
        self.kite = kite
        tokens = kite.tokens(instruments)
        assert len(tokens) == instruments
        env_file = folder / "soak.env"
        names = {"rest": "KITEFEED_REST_ROOT", "ws": "KITEFEED_WS_ROOT", "api_key": "KITE_API_KEY"}
        names["access_token"] = "KITE_ACCESS_TOKEN"
        env_file.touch(0o600)
        env_file.write_text("".join(f"{name}={self.kite.words[word]}\n" for word, name in names.items()), "utf-8")
        self.err = folder / "stderr"
        command = [*_KITEFEED, "-v", "run", "--json", "--mode", "full", "--env-file", str(env_file)]
        with self.err.open("wb") as err:
            self.run = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=err,
                cwd=folder,
                env={**os.environ, "KITEFEED_INSTRUMENTS": ",".join(tokens), "KITEFEED_CALENDAR": "always-open"},
            )
        self.out = Stdout()
        self.ledger = Ledger()
        self._reading = threading.Thread(target=self.out.read, args=(self.run,), name="soak-stdout")
        self._reading.start()
        self.samples: list[Sample] = []
        self.drops: list[tuple[float, str]] = []
        self._began_s = _CLOCK.now_s()

    def last(self, seconds: float) -> None:
        """Sample every five seconds, drop after every minute of live ticks."""
        until_s = _CLOCK.now_s() + _LIVE_S
        while not self.out.ticks:
            assert _CLOCK.now_s() < until_s, f"no tick came: {self.err.read_text('utf-8')}"
            _CLOCK.sleep(0.1)
        self._began_s = _CLOCK.now_s()
        while (at_s := _CLOCK.now_s() - self._began_s) < seconds:
            assert self.run.poll() is None, f"the run ended: {self.err.read_text('utf-8')}"
            if at_s >= len(self.samples) * _EVERY_S:
                self._sample(at_s)
            if _CLOCK.now_s() - self.out.live_s >= _DROP_S and at_s < seconds - 20:
                style = _STYLES[len(self.drops) % len(_STYLES)]
                self.out.live_s = math.inf
                self.kite.drop(style)
                self.drops.append((at_s, style))
            _CLOCK.sleep(0.5)

    def end(self) -> Outcome:
        """Ctrl-C, and the sums."""
        asked_s = _CLOCK.now_s()
        self.run.send_signal(signal.SIGINT)
        code = self.run.wait(_END_S)
        stopped_s = _CLOCK.now_s() - asked_s
        self._reading.join()
        _CLOCK.sleep(1.0)  # for the local Kite to see the end of the connection
        self._account()
        self.ledger.match(finished=True)
        tally, _ = self.kite.tally()
        said = self.err.read_text("utf-8")
        lost = re.findall(r"Not every output kept up:.*stdout: ([\d,]+) ticks lost", said)
        return Outcome(
            samples=self.samples,
            drops=self.drops,
            tally=tally,
            ledger=self.ledger,
            out_of_stdout=self.out.ticks,
            other_records=dict(self.out.kinds),
            dropped=sum(int(number.replace(",", "")) for number in lost),
            refused=re.findall(r"refused and never shown: .*|held back, as .*", said),
            errors=said.count("\nerror:"),
            recovered=said.count("live again after"),
            exit_code=code,
            stopped_s=stopped_s,
        )

    def close(self) -> None:
        if self.run.poll() is None:
            self.run.kill()
            self.run.wait()
        self._reading.join()

    def _sample(self, at_s: float) -> None:
        pid = self.run.pid
        words = Path(f"/proc/{pid}/status").read_text("utf-8")
        rss_kib = int(re.findall(r"VmRSS:\s+(\d+)", words)[0])
        threads = int(re.findall(r"Threads:\s+(\d+)", words)[0])
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
        age_s = self._account()
        self.samples.append(
            Sample(
                at_s,
                rss_kib / 1024,
                threads,
                descriptors,
                cpu_s(pid),
                cpu_s(self.kite.process.pid),
                age_s,
                self.out.ticks,
            )
        )

    def _account(self) -> float:
        sums, age_s = self.out.taken()  # before the frames are asked for, so that each tick finds its own
        _, frames = self.kite.tally()
        self.ledger.came(sums)
        self.ledger.sent(frames)
        self.ledger.match()
        return age_s


def cpu_s(pid: int) -> float:
    """CPU seconds that the process has had."""
    words = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _soak(soak: Soak, seconds: float) -> Outcome:
    try:
        soak.last(seconds)
        return soak.end()
    finally:
        soak.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="The long run; see docs/soak.md.")
    parser.add_argument("--hours", type=float, default=0.5)
    parser.add_argument("--instruments", type=int, default=3000)
    parser.add_argument("--updates", type=int, default=1, help="of each instrument in a second")
    parser.add_argument("--to", type=Path, default=Path(__file__).resolve().parents[2] / "docs")
    asked = parser.parse_args()
    kite = LocalKite(asked.instruments, asked.updates)
    try:
        with tempfile.TemporaryDirectory(prefix="kitefeed-soak-") as folder:
            outcome = _soak(Soak(kite, asked.instruments, Path(folder)), asked.hours * 3600)
    finally:
        kite.stop()
    failures = write_report(outcome, asked.instruments, asked.updates, asked.to)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
