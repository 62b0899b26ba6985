"""How often Kite may be asked: one count for an API key, shared by every kitefeed of this user on this computer.

Kite allows an API key one quote request a second, three of historical data, and ten of everything else (Kite Connect
v3 docs, Exceptions and errors page, API rate limit). The count stands in a file named by a hash of the API key. Its
lock is the kernel's, so a process that is killed frees it, and nobody holds it while waiting: a turn is taken in the
file, and waited for outside. Times are those of the clock since boot, which all processes share.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..clock import Clock, SystemClock
from ..locks import lock_file, take_within

Bucket = Literal["quote", "historical", "other"]
# Seconds from request to request in the long run. A little more than Kite asks for: on the way two may come closer
# together. Of the last, five may come at once; with the five that follow in a second these are ten.
GAP_S: Mapping[Bucket, float] = {"quote": 1.05, "historical": 0.35, "other": 0.2}
BURST: Mapping[Bucket, int] = {"quote": 1, "historical": 1, "other": 5}

_BUCKETS = tuple(GAP_S)
_MOST_HELD_S = 3600.0  # of a Retry-After
_MOST_AHEAD_S = 120.0  # no turn is taken further ahead: what says so was written before the last boot
_FORGET_S = 60.0  # after so long without a 429 the next one is the first
_DOUBLINGS = 6
_UNUSED_S = 7 * 86400.0
_LOCK_S = 0.25  # a process stopped while it holds the lock must not stop the others
_LOCK_AGAIN_S = 0.01
_STATE = struct.Struct("<16s12d")  # the boot, then four numbers for each bucket


class SpentError(Exception):
    """No turn within the time allowed; `wait_s` is when there would be one."""

    def __init__(self, wait_s: float, held: bool) -> None:
        super().__init__(f"no turn for {wait_s:.1f} s")
        self.wait_s = wait_s
        self.held = held  # because Kite said so


@dataclass(slots=True)
class Turns:
    """One bucket. Times are seconds on the clock."""

    next_s: float = 0.0  # when the next turn would be, were they all given out evenly
    held_s: float = 0.0  # Kite wants no request before
    refused_s: float = 0.0  # its last 429
    refusals: float = 0.0  # its 429s in a row

    def take(self, now_s: float, most_s: float, gap_s: float, burst: int) -> float:
        """When the next request may start. Raises SpentError if that is more than `most_s` away."""
        start_s = max(now_s, self.next_s - (burst - 1) * gap_s, self.held_s)
        if start_s - now_s > most_s:
            raise SpentError(start_s - now_s, held=self.held_s - now_s > most_s)
        self.next_s = max(self.next_s, start_s) + gap_s
        return start_s

    def hold(self, now_s: float, retry_after_s: float, gap_s: float) -> None:
        """Kite answered 429."""
        in_a_row = now_s - max(self.refused_s, self.held_s) < _FORGET_S and self.refused_s > 0
        self.refusals = self.refusals + 1 if in_a_row else 1.0
        wait_s = retry_after_s or gap_s * 2 ** min(self.refusals - 1, _DOUBLINGS)
        self.held_s = max(self.held_s, now_s + min(wait_s, _MOST_HELD_S))
        self.refused_s = now_s


State = dict[Bucket, Turns]


def _fresh() -> State:
    return {bucket: Turns() for bucket in _BUCKETS}


class SharedLedger:
    """In a file, for all processes of this user."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._boot = _boot()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            self._sweep()
        os.close(lock_file(path))

    def _sweep(self) -> None:
        """Remove counts that nobody has used for a week: every local Kite has a root of its own."""
        oldest = self._clock.wall().timestamp() - _UNUSED_S
        with suppress(OSError):
            for other in self._path.parent.iterdir():
                if other.stat().st_mtime < oldest:
                    other.unlink()

    @contextmanager
    def open(self, now_s: float) -> Iterator[State]:
        file = lock_file(self._path)
        try:
            if not take_within(file, _LOCK_S, _LOCK_AGAIN_S, self._clock):
                raise OSError("another process holds its lock")
            state = self._read(file, now_s)
            try:
                yield state
            finally:
                with suppress(OSError):  # a full disk: what was there has room already
                    self._write(file, state)
        finally:
            os.close(file)  # and with it the lock

    def _read(self, file: int, now_s: float) -> State:
        """What stands there; a fresh count when that is damaged, or from before the last boot."""
        raw = os.pread(file, _STATE.size + 4, 0)
        content = raw[: _STATE.size]
        if len(raw) != _STATE.size + 4 or raw[_STATE.size :] != zlib.crc32(content).to_bytes(4, "little"):
            return _fresh()
        boot, *numbers = _STATE.unpack(content)
        if boot != self._boot:
            return _fresh()
        state: State = {bucket: Turns(*numbers[at * 4 : at * 4 + 4]) for at, bucket in enumerate(_BUCKETS)}
        for bucket, turns in state.items():
            ahead_s = max(turns.next_s - max(now_s, turns.held_s) - _MOST_AHEAD_S, turns.held_s - now_s - _MOST_HELD_S)
            if not ahead_s <= 0:  # NaN too
                state[bucket] = Turns()
        return state

    def _write(self, file: int, state: State) -> None:
        """In one call: a process that is killed leaves the old count or the new one."""
        numbers = (
            number
            for bucket in _BUCKETS
            for turns in [state[bucket]]
            for number in (turns.next_s, turns.held_s, turns.refused_s, turns.refusals)
        )
        content = _STATE.pack(self._boot, *numbers)
        os.pwrite(file, content + zlib.crc32(content).to_bytes(4, "little"), 0)


class Quota:
    """Turns for the requests of one API key. Thread-safe.

    `note` says why the count is this process's own, if it should be shared and cannot be; empty otherwise. `tell` is
    called with it once.
    """

    def __init__(self, clock: Clock, path: Path | None = None, tell: Callable[[str], None] = lambda note: None) -> None:
        """`path`: the file of the shared count; None: a count of this process alone."""
        self._clock = clock
        self._tell = tell
        self.note = ""
        self._own = _fresh()
        self._lock = threading.Lock()
        self._shared: SharedLedger | None = None
        if path is not None:
            try:
                self._shared = SharedLedger(path, clock)
            except OSError as error:
                self._fall_back(error)

    def wait(self, bucket: Bucket, most_s: float) -> float:
        """Wait for a turn; the seconds it took. Raises SpentError, at once, if there is none within `most_s`."""
        waited_s = 0.0
        while True:
            now_s = self._clock.now_s()
            with self._ledger(now_s) as state:
                start_s = state[bucket].take(now_s, most_s - waited_s, GAP_S[bucket], BURST[bucket])
            if start_s <= now_s:
                return waited_s
            self._clock.sleep(start_s - now_s)
            waited_s += start_s - now_s
            with self._ledger(start_s) as state:
                if state[bucket].held_s <= start_s:  # else somebody met a 429 meanwhile
                    return waited_s

    def hold(self, bucket: Bucket, retry_after_s: float) -> None:
        """Kite answered 429: nobody asks again for so long, or ever longer when it named no time."""
        now_s = self._clock.now_s()
        with self._ledger(now_s) as state:
            state[bucket].hold(now_s, retry_after_s, GAP_S[bucket])

    @contextmanager
    def _ledger(self, now_s: float) -> Iterator[State]:
        """The count, to be changed inside of the `with`: the shared one, or our own when that cannot be had."""
        with ExitStack() as stack:
            if self._shared is not None:
                try:
                    state = stack.enter_context(self._shared.open(now_s))
                except OSError as error:
                    self._fall_back(error)
                else:
                    yield state
                    return
            stack.enter_context(self._lock)
            yield self._own

    def _fall_back(self, error: OSError) -> None:
        if self.note:
            return
        why = (error.strerror or str(error) or type(error).__name__).lower()
        self.note = f"Kite's rate limits are kept for this process alone: the shared count cannot be used ({why})"
        self._tell(self.note)


def quota_of(
    api_key: str, root: str, clock: Clock, cache: Path | None, tell: Callable[[str], None] = lambda note: None
) -> Quota:
    """The quota of an API key at one Kite. Shared on the real clock alone: no other process lives on another."""
    if not isinstance(clock, SystemClock) or cache is None:
        return Quota(clock)
    name = hashlib.sha256(f"{root}\n{api_key}".encode()).hexdigest()[:32]
    return Quota(clock, cache / "quota" / name, tell)


def _boot() -> bytes:
    """What tells this boot from others; empty where the system does not say."""
    try:
        return hashlib.sha256(Path("/proc/sys/kernel/random/boot_id").read_bytes()).digest()[:16]
    except OSError:
        return bytes(16)
