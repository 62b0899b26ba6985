from __future__ import annotations

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.health import Vitals
from kitefeed_cli.health.answering import Answering
from kitefeed_cli.health.asking import Heard, ask_all
from kitefeed_cli.health.place import entered, found, key_of, places, socket_path
from tests.health.samples import vitals

ENV_FILE = Path("/somewhere/.env")
CLOCK = SystemClock()


@contextmanager
def answering(
    env_file: Path = ENV_FILE, how: Callable[[], Vitals] = vitals, environ: dict[str, str] | None = None
) -> Iterator[Answering]:
    one = Answering(how, env_file, environ or dict(os.environ))
    try:
        assert one.start() is None
        yield one
    finally:
        one.stop()


def test_a_run_says_how_it_is() -> None:
    with answering():
        heard = ask_all(os.environ, None, CLOCK)

    assert [Heard(os.getpid(), str(ENV_FILE), vitals())] == heard


def test_only_its_user_can_ask_it() -> None:
    with answering() as one:
        assert one.path is not None
        assert 0o600 == stat.S_IMODE(one.path.stat().st_mode)
        assert 0o700 == stat.S_IMODE(one.path.parent.stat().st_mode)


def test_nothing_is_left_when_it_ends() -> None:
    with answering() as one:
        path = one.path

    assert path is not None
    assert [] == list(path.parent.iterdir())
    assert [] == ask_all(os.environ, None, CLOCK)


def test_runs_are_told_apart_by_their_token_store(tmp_path: Path) -> None:
    """Whatever the way that leads to it."""
    (tmp_path / "one.env").touch()
    (tmp_path / "link.env").symlink_to(tmp_path / "one.env")
    with answering(tmp_path / "one.env"):
        assert 1 == len(ask_all(os.environ, tmp_path / "link.env", CLOCK))
        assert 0 == len(ask_all(os.environ, tmp_path / "two.env", CLOCK))
        assert 1 == len(ask_all(os.environ, None, CLOCK))


def test_the_token_store_is_told_by_its_whole_path() -> None:
    with answering(Path("here.env")):
        (heard,) = ask_all(os.environ, Path("here.env"), CLOCK)

    assert str(Path.cwd() / "here.env") == heard.env_file


def test_the_socket_of_a_run_that_was_killed_is_taken_away() -> None:
    folder = entered(next(places(os.environ)))
    assert folder is not None
    dead = socket_path(folder, ENV_FILE, 99999)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(dead))

    assert [] == ask_all(os.environ, None, CLOCK)
    assert [] == list(folder.iterdir())


def test_a_run_that_stands_still_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kitefeed_cli.health.asking._WITHIN_S", 0.2)
    folder = entered(next(places(os.environ)))
    assert folder is not None
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.bind(str(socket_path(folder, ENV_FILE, 4711)))
        stopped.listen(1)
        heard = ask_all(os.environ, None, CLOCK)

    assert [(4711, None, "it did not answer within 0.2 s")] == [(one.process_id, one.vitals, one.why) for one in heard]


@pytest.mark.parametrize("said", [b'{"env_file": ".env", "vitals": {"mood": "good"}}\n', b"[" * 100_000, b"\xff"])
def test_an_answer_of_another_version_is_told_of(said: bytes) -> None:
    folder = entered(next(places(os.environ)))
    assert folder is not None
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(socket_path(folder, ENV_FILE, 4711)))
        other.listen(1)

        def answer() -> None:
            with other.accept()[0] as caller:
                caller.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        heard = ask_all(os.environ, None, CLOCK)
        thread.join()

    assert ["its answer is that of another version"] == [one.why for one in heard]


def test_a_caller_who_does_not_listen_costs_the_others_a_moment() -> None:
    with answering() as one, socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(one.path))

        assert 1 == len(ask_all(os.environ, None, CLOCK))


def test_a_socket_file_that_was_cleared_away_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A logout clears the user's runtime folder, and the run in `tmux` goes on."""
    monkeypatch.setattr("kitefeed_cli.health.answering._LOOK_REAL_S", 0.05)
    with answering() as one:
        assert one.path is not None
        one.path.unlink()
        one.path.parent.rmdir()
        until_s = CLOCK.now_s() + 5.0
        while not (heard := ask_all(os.environ, None, CLOCK)):
            assert CLOCK.now_s() < until_s, "it never came back"
            CLOCK.sleep(0.02)

    assert [os.getpid()] == [one.process_id for one in heard]


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    shared = tmp_path / "run"
    (shared / "kitefeed").mkdir(parents=True)
    (shared / "kitefeed").chmod(0o755)
    environ = {"XDG_RUNTIME_DIR": str(shared)}

    assert entered(shared / "kitefeed") is None
    assert [] == found(environ, ENV_FILE)


def test_without_a_runtime_folder_it_takes_the_temporary_one(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "gone")}
    with answering(environ=environ) as one:
        folder = Path(tempfile.gettempdir()) / f"kitefeed-{os.getuid()}"
        assert folder / f"{key_of(ENV_FILE)}-{os.getpid()}.sock" == one.path
        assert 1 == len(ask_all(environ, ENV_FILE, CLOCK))


def test_with_no_folder_at_all_it_says_so_and_nothing_else_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    one = Answering(vitals, ENV_FILE, {"XDG_RUNTIME_DIR": str(tmp_path / "gone")})

    assert "no folder for its socket is this user's alone" == one.start()
    one.stop()


def test_a_path_too_long_for_a_socket_is_none(tmp_path: Path) -> None:
    assert socket_path(tmp_path / ("x" * 100), ENV_FILE, 1) is None
