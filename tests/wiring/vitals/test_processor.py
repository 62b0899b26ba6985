"""In processes of their own: what a thread may use is inherited by all that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kitefeed_cli.wiring.vitals import processor

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone can do it")

_LOOK = """
import os, sys, threading
from kitefeed_cli.wiring.vitals.processor import keep_to_one_processor
if len(sys.argv) > 1:
    os.sched_setaffinity(0, {int(sys.argv[1])})
assert keep_to_one_processor()
seen = []
thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
thread.start()
thread.join()
assert seen == [os.sched_getaffinity(0)]
print(*seen[0])
"""


# A run is asked to stop while another of its threads is at work.
_STOP = """
import os, signal, threading
from kitefeed_cli.wiring.doors.attended import run_until_stopped
from kitefeed_cli.wiring.vitals.processor import keep_to_one_processor
before = os.sched_getaffinity(0)
assert keep_to_one_processor()
stopped, over = threading.Event(), threading.Event()
class Run:
    stop = staticmethod(stopped.set)
    def run(self):
        signal.raise_signal(signal.SIGTERM)
        assert stopped.is_set()
thread = threading.Thread(target=over.wait)
thread.start()
run_until_stopped(Run())
print(before == os.sched_getaffinity(0) == os.sched_getaffinity(thread.native_id))
over.set()
"""


def _used(*allowed: int) -> list[int]:
    ran = subprocess.run(
        [sys.executable, "-c", _LOOK, *map(str, allowed)], capture_output=True, text=True, check=True, timeout=60
    )
    return [int(each) for each in ran.stdout.split()]


def test_every_thread_stays_on_the_one_processor_of_the_first() -> None:
    (used,) = _used()

    assert used in os.sched_getaffinity(0)


def test_what_was_forbidden_before_stays_forbidden() -> None:
    for allowed in os.sched_getaffinity(0):
        assert [allowed] == _used(allowed)


def test_a_run_that_is_to_stop_may_use_all_of_them_again() -> None:
    ran = subprocess.run([sys.executable, "-c", _STOP], capture_output=True, text=True, check=True, timeout=60)

    assert "True" == ran.stdout.strip()


def test_without_proc_any_allowed_one_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self: "1 (a b) S")

    assert processor._present({5, 3}) == 3


def test_a_system_that_refuses_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, mask: set[int]) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    assert not processor.keep_to_one_processor()
    monkeypatch.delattr(os, "sched_setaffinity")
    assert not processor.keep_to_one_processor()
