"""Copies of the list on disk: whole or not there, and never believed without a look."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kitefeed_cli.kite.dump import Dump
from kitefeed_cli.kite.shelf import Shelf

from .test_instruments import LIST

DAY = "2026-03-02"
LATEST = "2026-12-31"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Shelf(tmp_path / "lists").keep(DAY, Dump(LIST.encode()), {"since": "", "changes": [], "gone": 0, "new": 0})
    return tmp_path / "lists"


def test_what_was_kept_is_found_again_with_its_notes(folder: Path) -> None:
    copy = Shelf(folder).newest(LATEST)

    assert copy is not None
    assert (DAY, LIST.encode()) == (copy.day, copy.dump.content)
    assert [] == copy.notes["changes"]


def test_the_copy_is_for_its_owner_alone_and_the_two_newest_stay(folder: Path) -> None:
    shelf = Shelf(folder)
    for day in ("2026-03-03", "2026-03-04", "2026-03-05"):
        shelf.keep(day, Dump(LIST.encode()), {})

    assert ["2026-03-04.csv", "2026-03-05.csv"] == sorted(os.listdir(folder))
    assert 0o600 == (folder / "2026-03-05.csv").stat().st_mode & 0o777
    assert 0o700 == folder.stat().st_mode & 0o777
    assert "2026-03-04" == getattr(shelf.newest("2026-03-04"), "day", "")


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"408065", b"408066"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def nested(path: Path) -> None:
    path.write_bytes(b"#kitefeed " + b"[" * 100_000 + b"\n" + LIST.encode())


def renamed(path: Path) -> None:
    path.rename(path.with_name("2026-03-09.csv"))


def another_program(path: Path) -> None:
    path.write_text(LIST)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def without_a_column(path: Path) -> None:
    content = LIST.replace("expiry", "until").encode()
    digest = hashlib.sha256(content).hexdigest()
    path.write_bytes(f'#kitefeed {{"day":"{DAY}","sha256":"{digest}"}}\n'.encode() + content)


@pytest.mark.parametrize(
    "spoil",
    [
        *(changed, cut, emptied, nested, renamed, another_program, directory, without_a_column),
        *((fifo, dangling) if hasattr(os, "mkfifo") else ()),
    ],
)
def test_a_spoilt_copy_is_thrown_away_and_said_so(folder: Path, spoil: Callable[[Path], None]) -> None:
    spoil(folder / f"{DAY}.csv")
    shelf = Shelf(folder)

    assert shelf.newest(LATEST) is None
    assert [] == os.listdir(folder)
    assert 1 == len(shelf.thrown_away)
    assert "is no good" in shelf.thrown_away[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has neither FIFOs nor /dev/zero")
@pytest.mark.parametrize("spoil", [fifo, dangling])
def test_what_is_no_file_is_not_even_read(folder: Path, spoil: Callable[[Path], None]) -> None:
    spoil(folder / f"{DAY}.csv")
    shelf = Shelf(folder)
    shelf.newest(LATEST)

    assert "(it is not a file)" in shelf.thrown_away[0]


def test_behind_a_spoilt_copy_the_one_before_it_is_found(folder: Path) -> None:
    Shelf(folder).keep("2026-03-03", Dump(LIST.encode()), {})
    cut(folder / "2026-03-03.csv")

    assert DAY == getattr(Shelf(folder).newest(LATEST), "day", "")


def test_a_write_that_fails_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Shelf(folder).keep("2026-03-03", Dump(LIST.encode()), {})

    assert [f"{DAY}.csv"] == os.listdir(folder)


def test_files_that_are_not_ours_are_left_alone(folder: Path) -> None:
    (folder / "notes.csv").write_text("mine")
    Shelf(folder).keep("2026-03-03", Dump(LIST.encode()), {})

    assert "notes.csv" in os.listdir(folder)


def test_without_a_folder_nothing_is_kept() -> None:
    shelf = Shelf(None)
    shelf.keep(DAY, Dump(LIST.encode()), {})

    assert shelf.newest(LATEST) is None


def test_a_copy_of_a_day_to_come_is_of_a_wrong_clock_and_goes(folder: Path) -> None:
    shelf = Shelf(folder)
    shelf.keep("2062-03-02", Dump(LIST.encode()), {})
    assert DAY == getattr(shelf.newest("2026-03-03"), "day", "")

    shelf.keep("2026-03-03", Dump(LIST.encode()), {})
    assert ["2026-03-02.csv", "2026-03-03.csv"] == sorted(os.listdir(folder))


def test_what_a_killed_process_began_goes_with_the_next_day(folder: Path) -> None:
    for name in (f".{DAY}.17.abcd", ".2026-03-03.18.abcd"):
        (folder / name).write_text("cut")
    Shelf(folder).keep("2026-03-03", Dump(LIST.encode()), {})

    assert [".2026-03-03.18.abcd", f"{DAY}.csv", "2026-03-03.csv"] == sorted(os.listdir(folder))
