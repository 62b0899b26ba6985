"""Commands whose access token comes from another tool; and a login that brings the same token again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.session import TokenStore
from tests.conftest import Canary

from .conftest import CLOCK, User

Until = Callable[[Callable[[], bool]], None]
EARLIER = "earlierTokenThatDied000000000001"


def asked(kite: LocalKite, path: str) -> int:
    return len([row for row in kite.requests() if row["path"] == path])


def until_live(running: subprocess.Popen[str]) -> float:
    """Read the records up to a tick of the feed; when it came."""
    assert running.stdout is not None
    for line in running.stdout:
        if '"kind":"tick"' in line and '"source":"feed"' in line:
            return CLOCK.now_s()
    raise AssertionError("it ended")


def end(user: User, running: subprocess.Popen[str]) -> str:
    """Ctrl-C; what was said."""
    running.send_signal(signal.SIGINT)
    said = user.finish(running)
    assert 0 == said.code
    return said.err


def forget(user: User) -> None:
    """Take the access token out of the token store."""
    lines = user.env_file.read_text().splitlines(keepends=True)
    user.env_file.write_text("".join(line for line in lines if "ACCESS_TOKEN" not in line))


@pytest.fixture
def file(tmp_path: Path, may_hold_secrets: set[Path]) -> Path:
    """Another tool's."""
    path = tmp_path / "token.txt"
    may_hold_secrets.add(path)
    return path


@pytest.mark.parametrize("command", [("run", "--json"), ("poll", "--once"), ("poll", "--every", "5s")])
def test_the_error_names_the_tool_that_brings_no_token_and_not_the_store_that_has_one(
    user: User, file: Path, command: tuple[str, ...]
) -> None:
    running = user.start(*command, "--token-file", str(file), "NSE:INFY")
    assert running.stderr is not None
    said = ""
    while "  why: " not in said:
        said = running.stderr.readline()
        assert said, "it ended without an error"
    running.send_signal(signal.SIGINT)
    user.finish(running)

    assert f"  why: {file.name} does not exist\n" == said


def test_a_run_takes_the_token_of_another_tools_file_and_its_next_one(
    user: User, kite: LocalKite, file: Path, eventually: Until
) -> None:
    forget(user)
    file.write_text(EARLIER + "\n")
    running = user.start("run", "--json", "--token-file", str(file), "NSE:INFY")
    eventually(lambda: asked(kite, "/user/profile") >= 1)
    file.write_text(kite.access_token)
    starts_s = CLOCK.now_s()
    live_s = until_live(running)

    assert live_s - starts_s < 4.0
    assert f"The token file {file} is used until a login is saved in {user.env_file}" in end(user, running)


def test_a_login_heals_a_run_whose_token_is_another_tools(user: User, kite: LocalKite, eventually: Until) -> None:
    tool = f"{sys.executable} -I -c \"print('{EARLIER}')\""
    forget(user)
    running = user.start("run", "--json", "--token-command", tool, "NSE:INFY")
    eventually(lambda: asked(kite, "/user/profile") >= 1)
    TokenStore(user.env_file).save(kite.access_token)
    until_live(running)

    assert 1 == end(user, running).count("error:")


def test_a_run_takes_what_the_command_prints(user: User, kite: LocalKite, file: Path) -> None:
    forget(user)
    file.write_text(kite.access_token)
    running = user.start("run", "--json", "NSE:INFY", KITEFEED_TOKEN_COMMAND=f"cat {file}")
    until_live(running)

    assert "The token command is used until a login is saved" in end(user, running)


def test_a_command_that_fails_is_told_by_its_own_words(user: User, tmp_path: Path) -> None:
    forget(user)
    script = tmp_path / "fails.sh"
    script.write_text("echo 'gpg: decryption failed: No secret key' >&2; exit 2\n")
    said = user.run("poll", "--once", "--token-command", f"sh {script}", "NSE:INFY")

    assert 3 == said.code
    assert "No access token from the token command: it ended with exit code 2: gpg: decryption failed" in said.err


def test_a_stop_ends_a_command_that_hangs(user: User, tmp_path: Path, eventually: Until) -> None:
    script = tmp_path / "hangs.sh"
    script.write_text(f"echo $$ > {tmp_path}/pid; exec sleep 60\n")
    running = user.start("run", "--json", "--token-command", f"sh {script}", "NSE:INFY")
    eventually(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
    running.send_signal(signal.SIGINT)
    said = user.finish(running)

    assert (0, True) == (said.code, said.took_s < 2.0)
    pid = (tmp_path / "pid").read_text().strip()
    eventually(lambda: not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text())


def test_the_token_may_be_piped_in(user: User, kite: LocalKite) -> None:
    forget(user)
    said = user.run("poll", "--once", "--json", "--token-file", "-", "NSE:INFY", text=kite.access_token + "\n")

    assert 0 == said.code, said.err
    assert '"instrument":"NSE:INFY"' in said.out


def test_a_command_in_the_env_file_is_not_run(user: User, tmp_path: Path) -> None:
    with open(user.env_file, "a") as stream:
        stream.write(f"KITEFEED_TOKEN_COMMAND=touch {tmp_path}/hacked\n")
    said = user.run("poll", "--once", "NSE:INFY")

    assert 0 == said.code
    assert "KITEFEED_TOKEN_COMMAND is ignored there" in said.err
    assert not (tmp_path / "hacked").exists()


def test_two_tools_at_once_are_a_mistake(user: User) -> None:
    said = user.run("poll", "--once", "--token-file", "x", "--token-command", "false", "NSE:INFY")

    assert 2 == said.code
    assert "a token file and a token command are both set" in said.err


def test_a_flag_outranks_the_environment(user: User) -> None:
    said = user.run("poll", "--once", "--token-command", "false", "NSE:INFY", KITEFEED_TOKEN_FILE="x")

    assert 3 == said.code
    assert "it ended with exit code 1" in said.err


def test_a_login_that_brings_the_same_token_wakes_the_feed(user: User, kite: LocalKite, eventually: Until) -> None:
    """Kite may hand out the same access token twice a day; the store looks the same then, but was written."""
    kite.set_token("expired")
    running = user.start("run", "--json", "NSE:INFY")
    eventually(lambda: asked(kite, "/user/profile") >= 2)  # at 0 and 5 s: the next one is 15 s away
    kite.set_token("valid")
    starts_s = CLOCK.now_s()
    TokenStore(user.env_file).save(kite.access_token)
    live_s = until_live(running)
    said = end(user, running)

    assert live_s - starts_s < 3.0
    assert 1 == said.count("error:")


def test_a_logout_in_another_terminal_closes_no_open_feed(user: User, kite: LocalKite) -> None:
    """Kite asks for the access token at the handshake only: what is open stays the last live source."""
    running = user.start("run", "--json", "NSE:INFY")
    until_live(running)
    assert 0 == user.run("logout").code
    noticed_s = CLOCK.now_s() + 3.0  # an empty store is believed at the second look, for editors empty files too
    while until_live(running) < noticed_s:
        pass
    kite.set_faults({"feed": "dropped"})
    assert running.stdout is not None
    next(line for line in running.stdout if '"state":"signed-out"' in line)
    said = end(user, running)

    assert 1 == said.count("error:")
    assert "error: no access token is saved, so live ticks have stopped" in said


@pytest.mark.parametrize(("mode", "code"), [(0o600, 0), (0o644, 5)])
def test_a_store_that_others_can_read_is_refused_when_that_is_wished(user: User, mode: int, code: int) -> None:
    user.env_file.chmod(mode)
    strict = user.run("poll", "--once", "NSE:INFY", KITEFEED_STRICT="on")
    said = user.run("poll", "--once", "NSE:INFY")

    assert (code, 0) == (strict.code, said.code)
    assert ("can be read by others (mode 0644)" in said.err) is (mode == 0o644)


def test_a_keyring_that_is_not_there_is_told_and_nothing_is_written(user: User) -> None:
    before = user.env_file.read_text()
    said = user.run(
        "login", "-", text="x", KITEFEED_KEYRING="on", PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring"
    )

    assert 2 == said.code
    assert "there is no keyring to keep the access token in" in said.err
    assert before == user.env_file.read_text()


def test_no_secret_is_in_the_arguments_or_the_environment_of_what_runs(
    user: User, kite: LocalKite, canary: Canary
) -> None:
    """`/proc` shows the arguments to every user of the computer."""
    running = user.start("run", "--json", "NSE:INFY")
    until_live(running)
    seen = [path.read_bytes() for path in Path(f"/proc/{running.pid}").glob("cmdline")]
    limits = Path(f"/proc/{running.pid}/limits").read_text()
    end(user, running)

    assert 1 == len(seen)
    assert canary.access_token.encode() not in seen[0]
    assert ["0"] == [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size")]
