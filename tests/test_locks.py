"""Locks between processes. That the kernel frees that of a killed one, tests/kite/test_quota.py sees."""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path

import pytest

from kitefeed_cli import locks
from kitefeed_cli.clock import IST, VirtualClock
from kitefeed_cli.locks import lock_file, locked, take, take_within

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no locks of that kind")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.lock"


def open_files() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_one_has_the_lock_until_its_descriptor_is_closed_and_who_is_refused_keeps_nothing_open(path: Path) -> None:
    first = locked(path)
    assert first is not None
    before = open_files()

    assert None is locked(path)
    assert before == open_files()

    os.close(first)
    second = locked(path)
    assert second is not None
    os.close(second)


def test_the_file_is_this_user_s_alone_and_no_symlink(path: Path, tmp_path: Path) -> None:
    os.close(lock_file(path))
    link = tmp_path / "link.lock"
    link.symlink_to(path)

    assert 0o600 == path.stat().st_mode & 0o777
    with pytest.raises(OSError, match="symbolic"):
        locked(link)


def test_a_folder_is_locked_as_well(tmp_path: Path) -> None:
    descriptors = [os.open(tmp_path, os.O_RDONLY) for _ in range(2)]

    assert [True, False] == [take(one) for one in descriptors]
    for one in descriptors:
        os.close(one)


def test_it_is_tried_for_as_long_as_the_caller_has_patience(path: Path) -> None:
    clock = VirtualClock(datetime(2026, 3, 2, 9, 0, tzinfo=IST))
    first, second = locked(path), lock_file(path)
    assert first is not None
    began_s = clock.now_s()

    assert not take_within(second, 2.0, 0.5, clock)
    assert 2.0 == clock.now_s() - began_s

    os.close(first)
    assert take_within(second, 2.0, 0.5, clock)
    assert 2.0 == clock.now_s() - began_s
    os.close(second)


def test_that_there_are_no_locks_is_an_error_and_not_somebody_else_s_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    before = open_files()
    monkeypatch.setattr("fcntl.flock", full)
    with pytest.raises(OSError, match="locks"):
        locked(path)
    monkeypatch.setattr(locks, "fcntl", None)
    with pytest.raises(OSError, match="this system has no file locks"):
        locked(path)

    assert before == open_files()
