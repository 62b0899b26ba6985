"""Kite's rate limits, kept by several processes together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitefeed_cli.clock import IST, ScaledClock, SystemClock, VirtualClock
from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.quota import GAP_S, Quota, SpentError, quota_of
from kitefeed_cli.kite.rest import Rest
from kitefeed_cli.policy import Answer
from tests.clocks import HandClock

from .stub import Stub, reply

HOUR_S = 3600.0
ROOT = "https://api.kite.trade"


class Leap(HandClock):
    """A shared clock whose waits pass at once."""

    def sleep(self, seconds: float) -> None:
        self.at_s += max(0.0, seconds)


def leap(path: Path | None, at_s: float = 1000.0) -> tuple[Leap, Quota]:
    clock = Leap(at_s)
    return clock, Quota(clock, path)


# ------------------------------------------------------------------ one process


def test_the_first_request_does_not_wait_and_the_next_ones_keep_their_distance(tmp_path: Path) -> None:
    for path in (None, tmp_path / "quota" / "x"):
        clock, quota = leap(path)
        waits = [quota.wait("quote", 10.0) for _ in range(4)]

        assert pytest.approx([0.0, 1.05, 1.05, 1.05]) == waits
        assert pytest.approx(1003.15) == clock.at_s


def test_the_buckets_do_not_wait_for_each_other(tmp_path: Path) -> None:
    _, quota = leap(tmp_path / "x")

    assert [0.0, 0.0, 0.0] == [quota.wait(bucket, 1.0) for bucket in GAP_S]


def test_nobody_waits_longer_than_allowed_and_a_turn_that_was_refused_is_not_lost(tmp_path: Path) -> None:
    clock, quota = leap(tmp_path / "x")
    quota.wait("quote", 2.0)
    with pytest.raises(SpentError) as spent:
        quota.wait("quote", 1.0)

    assert pytest.approx(1.05) == spent.value.wait_s
    assert 1000.0 == clock.at_s, "it is told at once"
    assert pytest.approx(1.05) == quota.wait("quote", 2.0)


def test_what_kite_asks_for_holds_all_who_share_the_count(tmp_path: Path) -> None:
    clock, quota = leap(tmp_path / "x")
    other = Quota(clock, tmp_path / "x")
    quota.hold("quote", 30.0)
    with pytest.raises(SpentError) as spent:
        other.wait("quote", 10.0)

    assert (30.0, True) == (spent.value.wait_s, spent.value.held)
    assert 0.0 == other.wait("other", 1.0), "a token check may go out"
    clock.at_s += 30.0
    assert 0.0 == other.wait("quote", 1.0)


def test_without_a_time_each_429_in_a_row_holds_twice_as_long_up_to_a_minute_or_so(tmp_path: Path) -> None:
    clock, quota = leap(tmp_path / "x")
    holds = []
    for _ in range(9):
        quota.hold("quote", 0.0)
        before_s = clock.at_s
        quota.wait("quote", HOUR_S)
        holds.append(clock.at_s - before_s)
    clock.at_s += 120.0
    quota.hold("quote", 0.0)

    assert pytest.approx([1.05, 2.1, 4.2, 8.4, 16.8, 33.6, 67.2, 67.2, 67.2]) == holds
    with pytest.raises(SpentError) as spent:
        quota.wait("quote", 0.5)
    assert pytest.approx(1.05) == spent.value.wait_s, "a quiet minute is a new beginning"


def test_a_429_that_came_while_one_waited_for_its_turn_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "x"

    class Interrupting(Leap):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds / 2)
            if self.at_s < 1000.9:
                Quota(self, path).hold("quote", 20.0)
            super().sleep(seconds / 2)

    clock = Interrupting()
    quota = Quota(clock, path)
    quota.wait("quote", 1.0)
    quota.wait("quote", 60.0)

    assert clock.at_s >= 1020.0


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["quote", "historical", "other"]), st.floats(0.0, 3.0), st.floats(0.0, 5.0)),
        max_size=40,
    )
)
def test_no_order_of_requests_goes_out_faster_than_allowed(steps: Sequence[tuple[str, float, float]]) -> None:
    clock, quota = leap(None)
    sent: dict[str, list[float]] = {}
    for bucket, pause_s, most_s in steps:
        clock.at_s += pause_s
        try:
            waited_s = quota.wait(bucket, most_s)  # type: ignore[arg-type]  # they are its words
        except SpentError:
            continue
        assert waited_s <= most_s
        sent.setdefault(bucket, []).append(clock.at_s)
    for bucket, times_s in sent.items():
        if bucket == "other":
            assert all(later - first >= 1 - 1e-6 for first, later in zip(times_s, times_s[10:], strict=False))
            continue
        gaps = [after - before for before, after in pairwise(times_s)]
        assert all(gap >= GAP_S[bucket] - 1e-6 for gap in gaps)  # type: ignore[index]  # they are its words


# --------------------------------------------------------------------- the file


def test_the_file_is_private_and_neither_its_name_nor_its_content_tells_the_key(tmp_path: Path) -> None:
    quota = quota_of("abcdefgh12345678", ROOT, SystemClock(), tmp_path)
    quota.wait("quote", 1.0)
    (file,) = (tmp_path / "quota").iterdir()

    assert 0o600 == file.stat().st_mode & 0o777
    assert 0o700 == file.parent.stat().st_mode & 0o777
    assert b"abcdefgh" not in file.read_bytes() + file.name.encode()


def test_other_keys_and_other_roots_have_counts_of_their_own(tmp_path: Path) -> None:
    clock = SystemClock()
    waits = [
        quota_of(key, root, clock, tmp_path).wait("quote", 0.01)
        for key, root in (("aaa", ROOT), ("bbb", ROOT), ("aaa", "http://127.0.0.1:1"))
    ]

    assert [0.0, 0.0, 0.0] == waits
    with pytest.raises(SpentError):
        quota_of("aaa", ROOT, clock, tmp_path).wait("quote", 0.01)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 116, os.urandom(116), os.urandom(5000)])
def test_a_damaged_file_is_a_fresh_count(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    _, quota = leap(path)
    quota.hold("quote", 1000.0)
    path.write_bytes(content)

    assert 0.0 == quota.wait("quote", 0.0)
    assert "" == quota.note


def test_a_count_from_before_the_last_boot_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    Quota(Leap(900_000.0), path).hold("quote", 1000.0)
    assert 0.0 == Quota(Leap(100.0), path).wait("quote", 0.0), "so far ahead no turn can be"

    Quota(Leap(1000.0), path).hold("quote", 1000.0)
    monkeypatch.setattr("kitefeed_cli.kite.quota._boot", lambda: b"another boot....")
    assert 0.0 == Quota(Leap(1000.0), path).wait("quote", 0.0)


def test_a_folder_that_cannot_be_used_leaves_a_count_of_this_process_and_one_note(tmp_path: Path) -> None:
    (tmp_path / "quota").write_text("a file where the folder should be")
    quota = quota_of("key", ROOT, SystemClock(), tmp_path)

    assert 0.0 == quota.wait("quote", 0.01)
    with pytest.raises(SpentError):
        quota.wait("quote", 0.01)
    assert quota.note.startswith("Kite's rate limits are kept for this process alone")


def test_a_folder_that_goes_away_later_is_no_end_either(tmp_path: Path) -> None:
    path = tmp_path / "quota" / "x"
    told: list[str] = []
    quota = Quota(Leap(), path, told.append)
    quota.wait("quote", 1.0)
    path.unlink()
    path.parent.rmdir()

    assert 0.0 == quota.wait("quote", 1.0)
    quota.wait("quote", 5.0)
    assert [quota.note] == told, "once"
    assert "no such file" in quota.note


def test_counts_that_nobody_has_used_for_a_week_are_swept_away(tmp_path: Path) -> None:
    clock = SystemClock()
    for key in ("old", "young"):
        quota_of(key, ROOT, clock, tmp_path)
    files = sorted((tmp_path / "quota").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    for file, age_s in zip(files, (8 * 86400, 86400), strict=True):
        then_s = clock.wall().timestamp() - age_s
        os.utime(file, (then_s, then_s))
    quota_of("new", ROOT, clock, tmp_path)

    left = list((tmp_path / "quota").iterdir())
    assert (2, False, True) == (len(left), files[0] in left, files[1] in left)


def test_a_clock_that_no_other_process_has_keeps_its_count_to_itself(tmp_path: Path) -> None:
    at = SystemClock().wall().astimezone(IST)
    for clock in (ScaledClock(10, at), VirtualClock(at)):
        quota_of("key", ROOT, clock, tmp_path).wait("quote", 1.0)

    assert [] == list(tmp_path.iterdir())


# ------------------------------------------------------------- several processes

_HOLDER = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def held(path: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock of that file, at the longest for as long as this one lives."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert "held\n" == process.stdout.readline()
    return process


def test_a_killed_holder_frees_the_lock_and_a_stopped_one_holds_nobody_up(tmp_path: Path) -> None:
    path, clock = tmp_path / "x", SystemClock()
    quota = Quota(clock, path)
    with held(path) as holder:
        holder.send_signal(signal.SIGSTOP)
        began_s = clock.now_s()
        assert 0.0 == quota.wait("quote", 1.0)
        assert clock.now_s() - began_s < 1.0
        assert "another process holds its lock" in quota.note
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    quota.hold("quote", 50.0)

    with pytest.raises(SpentError):
        Quota(clock, path).wait("quote", 1.0)


_ASKER = """
import sys
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.rest import Rest
root, api_key, access_token, seconds = sys.argv[1], sys.argv[2], sys.stdin.readline().strip(), float(sys.argv[3])
clock = SystemClock()
rest = Rest(api_key, root, clock)
asked = limited = 0
ends_s = clock.now_s() + seconds
while clock.now_s() < ends_s:
    try:
        rest.quotes(access_token, ["NSE:INFY"], "ltp", 4.0)
        asked += 1
    except KiteError as error:
        assert error.detail.startswith("not asked"), error.detail
        limited += 1
        clock.sleep(0.1)
print(asked, limited)
"""


def askers(kite: LocalKite, many: int, seconds: float) -> list[subprocess.Popen[str]]:
    started = []
    for _ in range(many):
        command = [sys.executable, "-c", _ASKER, kite.rest_root, kite.api_key, str(seconds)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        process.stdin.write(kite.access_token + "\n")
        process.stdin.flush()
        started.append(process)
    return started


def test_three_processes_that_poll_as_fast_as_they_can_keep_kites_rate_between_them() -> None:
    with LocalKite(SystemClock()) as kite:
        got = [process.communicate(timeout=40)[0].split() for process in askers(kite, 3, 9.0)]
        rows = [row for row in kite.requests() if row["path"] == "/quote/ltp"]

    asked = [int(counts[0]) for counts in got]
    gaps = [after["t"] - before["t"] for before, after in pairwise(rows)]
    assert {200} == {row["status"] for row in rows}, "not one 429"
    assert sum(asked) == len(rows)
    assert min(gaps) > 0.9, "at most one request in any second, the network's jitter aside"
    assert len(rows) >= 7, "and the rate is used"
    assert min(asked) >= 2, "nobody is left out"


def test_a_429_with_a_time_holds_whoever_shares_the_api_key() -> None:
    with Stub(lambda request: reply(b"{}", "429 Too Many Requests", **{"Retry-After": "30"})) as stub:
        details = []
        for _ in range(3):
            with pytest.raises(KiteError) as caught:
                Rest("key", f"http://127.0.0.1:{stub.port}", SystemClock()).quotes("a" * 32, ["NSE:INFY"], "ltp", 4.0)
            details.append((caught.value.detail, round(caught.value.retry_after_s)))

        assert 1 == len(stub.requests)
    assert [("not asked: held after a 429", 30)] * 2 == details[1:]
    assert 30 == details[0][1]


_COUNTER = """
import sys
from pathlib import Path
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.quota import Quota
clock = SystemClock()
quota = Quota(clock, Path(sys.argv[1]))
for _ in range(150):
    with quota._ledger(clock.now_s()) as state:
        refusals = state["other"].refusals
        clock.sleep(0.0002)
        state["other"].refusals = refusals + 1
assert not quota.note, quota.note
"""


def test_no_turn_is_given_out_twice(tmp_path: Path) -> None:
    path = tmp_path / "x"
    counting = [subprocess.Popen([sys.executable, "-c", _COUNTER, str(path)]) for _ in range(3)]
    assert [0, 0, 0] == [process.wait(30) for process in counting]

    clock = SystemClock()
    with Quota(clock, path)._ledger(clock.now_s()) as state:
        assert 450 == state["other"].refusals


def test_a_429_that_one_process_meets_holds_the_others() -> None:
    with LocalKite(SystemClock()) as kite:
        mine = Rest(kite.api_key, kite.rest_root, SystemClock())
        kite.set_faults({"rest": "throttled"})
        with pytest.raises(KiteError) as met:
            mine.quotes(kite.access_token, ["NSE:INFY"], "ltp", 4.0)
        mine.quota.hold("quote", 30.0)  # as a Retry-After would
        kite.clear_faults()
        before = len(kite.requests())
        got = [process.communicate(timeout=40)[0].split() for process in askers(kite, 2, 1.0)]

        assert Answer.THROTTLED is met.value.answer
        assert before == len(kite.requests()), "they did not ask at all"
        assert all(int(asked) == 0 < int(limited) for asked, limited in got)


def test_many_threads_of_one_process_share_too(tmp_path: Path) -> None:
    clock = SystemClock()
    quota = Quota(clock, tmp_path / "x")
    times_s: list[float] = []

    def ask() -> None:
        quota.wait("other", 5.0)
        times_s.append(clock.now_s())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    times_s.sort()

    assert 8 == len(times_s)
    assert times_s[4] - times_s[0] < GAP_S["other"], "five at once"
    assert times_s[-1] - times_s[0] >= 3 * GAP_S["other"] - 0.02
