"""A save that is killed or fails at any moment: the file is the old one or the new one, whole and private."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.rewriting import UnwritableError, rewrite
from kitefeed_cli.session import TokenStore
from tests.clocks import HandClock

from .killed import CALLS

PROGRAM = Path(__file__).with_name("killed.py")
OLD = "# mine\nKITE_API_KEY=key123\nKITE_ACCESS_TOKEN=oldToken1234\nOTHER='kept' # a comment\n"
NEW = OLD.replace("oldToken1234", "newToken5678")
ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.skipif(os.name != "posix", reason="on Windows a program cannot be forked, to be killed at a chosen call")
@pytest.mark.parametrize("old", [OLD, None])
def test_a_save_killed_before_any_call_leaves_the_old_file_or_the_new_one(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / ".env"
    if old is not None:
        path.write_text(old)
        path.chmod(0o600)
    new = NEW if old else "KITE_ACCESS_TOKEN=newToken5678\n"
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), str(path)], capture_output=True, text=True, check=True, env=environment()
    )
    rows = [json.loads(line) for line in ran.stdout.splitlines()]

    assert 20 < len(rows)  # the moments tried
    assert {old, new} == {row["found"] for row in rows}  # and no third
    assert rows == sorted(rows, key=lambda row: row["found"] == new)  # from one moment on it is the new one
    assert {0o600} == {mode for row in rows for mode in row["modes"]}
    assert any(row["beside"] for row in rows)  # some left a temporary file,
    assert all(row["swept"] for row in rows)  # which the next save took away
    assert all(re.fullmatch(r"\.\.env\.[0-9a-f]{12}\.kitefeed", name) for row in rows for name in row["beside"])


SAVE = "import sys, pathlib; from kitefeed_cli.session import TokenStore; "
SAVE += "TokenStore(pathlib.Path(sys.argv[1])).save('newToken5678')"
# System calls that start-up does not make, and those of it that a save makes last: how many of the last to try.
STRACED = {"flock": 2, "fchmod": 1, "write": 2, "fsync": 2, "rename": 1, "openat": 4, "close": 4}


def may_trace() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True).returncode == 0


def strace_log(path: Path, expression: str) -> str:
    log = path.parents[1] / "log"
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {SAVE}"
    words = ["strace", "-f", "-qq", "-o", str(log), "-e", expression, sys.executable, "-I", "-c", code, str(path)]
    subprocess.run(words, check=False, capture_output=True)
    return log.read_text()


@pytest.mark.skipif(not may_trace(), reason="no strace, or it may not trace")
@pytest.mark.parametrize(("call", "last"), STRACED.items())
def test_a_save_killed_at_a_system_call_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, call: str, last: int
) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    path = folder / ".env"
    path.write_text(OLD)
    calls = strace_log(path, f"trace={call}").count(f"{call}(")
    assert NEW == path.read_text()
    for when in range(max(1, calls - last + 1), calls + 1):
        path.write_text(OLD)
        log = strace_log(path, f"inject={call}:signal=KILL:when={when}")

        assert "killed by SIGKILL" in log, (call, when)
        assert path.read_text() in (OLD, NEW), (call, when)


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_leaves_the_old_file_or_the_new_one_and_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: int
) -> None:
    path = tmp_path / ".env"
    real = getattr(os, call)
    number, failed = 0, True
    while failed:
        number += 1
        path.write_text(OLD)
        path.chmod(0o600)
        left = [number]

        def failing(*args: Any, left: list[int] = left, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and call == "close":
                real(*args)  # it fails, and the descriptor is closed all the same
            if left[0] == 0:
                raise OSError(error, os.strerror(error))
            return real(*args, **kwargs)

        problem: Problem | None = None
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                TokenStore(path).save("newToken5678")
            except Problem as raised:
                problem = raised
        failed = left[0] <= 0

        assert path.read_text() in (OLD, NEW), number
        assert [".env"] == os.listdir(tmp_path), number
        if problem is None:
            assert NEW == path.read_text()
        else:
            assert (Exit.REFUSED, "token-not-saved") == (problem.exit_code, problem.cause)
            assert "newToken5678" not in str(problem)
    assert number < 40


WRITER = """
import sys, pathlib
from kitefeed_cli.env_file import with_value
from kitefeed_cli.rewriting import rewrite
from kitefeed_cli.session import TokenStore
path, name = pathlib.Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(25):
    rewrite(path, lambda text: with_value(text, f"KEY_{name}_{number}", "set"))
    TokenStore(path).save(f"token{name}{number:08}")
"""


def test_four_programs_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(OLD)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        for name in "abcd"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert "ready\n" == writer.stdout.readline()
    for writer in writers:
        writer.communicate("go\n", timeout=50)

    assert [0] * 4 == [writer.returncode for writer in writers]
    text = path.read_text()
    assert [f"KEY_{name}_{number}=set" for name in "abcd" for number in range(25)] == sorted(
        re.findall(r"KEY_\w+=set", text), key=lambda line: (line[4], int(line[6:].partition("=")[0]))
    )
    assert text.startswith("# mine\nKITE_API_KEY=key123\nKITE_ACCESS_TOKEN=token")
    assert 1 == text.count("OTHER='kept' # a comment\n")
    assert [".env"] == os.listdir(tmp_path)


def test_a_folder_that_somebody_else_has_locked_is_told_after_a_while(tmp_path: Path) -> None:
    class Impatient(HandClock):
        def sleep(self, seconds: float) -> None:
            self.at_s += seconds

    path = tmp_path / ".env"
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(UnwritableError, match="locked its folder"):
        rewrite(path, lambda text: text, Impatient())
    os.close(descriptor)

    rewrite(path, lambda text: "A=1\n", Impatient())
    assert "A=1\n" == path.read_text()


def test_the_update_of_a_program_without_our_lock_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    asked: list[str] = []

    def change(text: str) -> str:
        if not asked:
            path.write_text(text + "THEIRS=1\n")  # between our reading and our writing
        asked.append(text)
        return text + "OURS=1\n"

    rewrite(path, change)

    assert "A=1\nTHEIRS=1\nOURS=1\n" == path.read_text()
    assert 2 == len(asked)


def test_a_program_that_writes_all_the_time_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / ".env"

    def change(text: str) -> str:
        path.write_text(text + "x")
        return text

    with pytest.raises(UnwritableError, match="all the time"):
        rewrite(path, change)
    assert [".env"] == os.listdir(tmp_path)


def test_a_file_of_another_user_is_left_to_him(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text(OLD)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    store = TokenStore(path)
    for attempt in (store.check_writable, lambda: store.save("newToken5678"), store.clear):
        with pytest.raises(Problem) as caught:
            attempt()
        assert "it belongs to another user, who could not read it any more" == caught.value.why
    assert OLD == path.read_text()


FOREIGN = "5 it belongs to another user, who could not read it any more"
UNREADABLE = "5 it cannot be read: permission denied"
AS_NOBODY = """
import fcntl, os, pathlib, sys
from kitefeed_cli.problems import Problem
from kitefeed_cli.session import TokenStore
import dotenv.parser
store = TokenStore(pathlib.Path(sys.argv[1]))
os.setgid(65534)  # only now: he may have no access to the interpreter's own files
os.setuid(65534)
for act in (store.check_writable, lambda: store.save("newToken5678"), store.clear):
    try:
        act()
        print("done")
    except Problem as problem:
        print(problem.exit_code, problem.why)
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="becomes another user")
@pytest.mark.parametrize(
    ("folder_mode", "file_owner", "said"),
    [
        (0o700, 65534, ["done"] * 3),
        (0o500, 65534, ["5 its folder cannot be written to", "5 permission denied", "5 permission denied"]),
        (0o700, 0, [FOREIGN] * 3),
        (0o700, None, [UNREADABLE, FOREIGN, UNREADABLE]),
    ],
)
def test_what_another_user_may_not_do_is_told(folder_mode: int, file_owner: int | None, said: list[str]) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # pytest's own folders are closed to him
        os.chmod(name, 0o711)  # noqa: S103 - he must get through
        folder = Path(name) / "folder"
        folder.mkdir()
        path = folder / ".env"
        path.write_text(OLD)
        path.chmod(0o600 if file_owner is None else 0o644)
        os.chown(path, file_owner or 0, -1)
        os.chown(folder, 65534, 65534)
        folder.chmod(folder_mode)
        ran = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(path)], capture_output=True, text=True, check=False, env=environment()
        )

        assert (said, "") == (ran.stdout.splitlines(), ran.stderr)
        assert said[0] == "done" or OLD == path.read_text()
        assert [".env"] == os.listdir(folder)
