"""The token command: no shell, a deadline, no secret shown, and never asked more often than it should be."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kitefeed_cli.clock import SystemClock
from kitefeed_cli.policy.events import Saved
from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.session import TokenCommand, TokenStore, TokenWatch
from kitefeed_cli.session.command import CALM_S, SOON_S
from tests.clocks import HandClock
from tests.conftest import Canary

OLD, NEW = "oldToken1234", "newToken5678"
REAL = SystemClock()


class Tool:
    """A program that prints what the test says, and counts how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "tool.py"
        self.script.write_text(
            "import pathlib, sys\n"
            "folder = pathlib.Path(sys.argv[1])\n"
            "with open(folder / 'asked', 'a') as log: log.write('x')\n"
            "sys.stdout.write((folder / 'says').read_text())\n"
        )
        self.says(OLD + "\n")
        self.line = f"{sys.executable} -I {self.script} '{folder}'"

    def says(self, text: str) -> None:
        (self.folder / "says").write_text(text)

    @property
    def asked(self) -> int:
        asked = self.folder / "asked"
        return len(asked.read_text()) if asked.exists() else 0


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def make(clock: HandClock, told: list[str]) -> Iterator[Callable[[str], TokenCommand]]:
    made: list[TokenCommand] = []

    def one(line: str) -> TokenCommand:
        made.append(TokenCommand(line, {"PATH": os.environ["PATH"], "MINE": "kept"}, clock, told.append))
        return made[-1]

    yield one
    for command in made:
        command.close()


def python(code: str) -> str:
    return f'{sys.executable} -I -c "{code}"'


def test_what_it_prints_is_the_access_token(make: Callable[[str], TokenCommand], tool: Tool) -> None:
    session = make(tool.line).read()

    assert (Saved.TOKEN, OLD, "token command") == (session.saved, session.access_token, session.source)


def test_it_may_print_lines_of_an_env_file(make: Callable[[str], TokenCommand], tool: Tool) -> None:
    tool.says(f"OTHER=1\nexport KITE_ACCESS_TOKEN='{OLD}'\n")

    assert OLD == make(tool.line).read().access_token


def test_there_is_no_shell(make: Callable[[str], TokenCommand], tool: Tool, tmp_path: Path) -> None:
    make(f"{tool.line} ; touch {tmp_path}/hacked $(touch {tmp_path}/hacked) > {tmp_path}/hacked").read()

    assert 1 == tool.asked
    assert not (tmp_path / "hacked").exists()


def test_it_gets_the_environment_it_is_given_and_an_empty_input(make: Callable[[str], TokenCommand]) -> None:
    code = "import os, sys; print('KITE' in str(os.environ) or sys.stdin.read() or os.environ['MINE'] + '12345678')"

    assert "kept12345678" == make(python(code)).read().access_token


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import sys; sys.exit('no such entry')", "it ended with exit code 1: no such entry"),
        ("raise SystemExit(3)", "it ended with exit code 3"),
        ("print('two words')", "access token in token command contains a space"),
        ("print()", "no access token in token command"),
        ("print('a1b2c3d4'); print('e5f6g7h8')", "access token in token command contains a line break"),
        ("print('x' * 200)", "access token in token command is too long"),
        ("print('x' * 10 ** 6)", "it printed far more than an access token"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it ended with exit code -9"),
    ],
)
def test_what_is_no_access_token_is_told_once_with_its_reason(
    make: Callable[[str], TokenCommand], told: list[str], clock: HandClock, code: str, why: str
) -> None:
    command = make(python(code))

    assert "" == command.read().access_token
    clock.at_s += SOON_S
    command.fingerprint()
    assert [f"No access token from the token command: {why}"] == told


def test_a_program_that_does_not_exist_is_told(make: Callable[[str], TokenCommand]) -> None:
    assert "it cannot be started (no such file or directory)" == make("/no/such/program --x").read().why


@pytest.mark.parametrize("line", ["", "  ", "'half"])
def test_what_is_no_command_line_is_a_problem(make: Callable[[str], TokenCommand], line: str) -> None:
    with pytest.raises(Problem) as caught:
        make(line)

    assert Exit.USAGE == caught.value.exit_code


def test_its_complaint_is_shown_without_secrets_and_on_one_line(
    make: Callable[[str], TokenCommand], canary: Canary
) -> None:
    unknown = "uNkNoWnToKeN1234567890abcdef"
    code = f"import sys; sys.exit('bad\\\\nline access_token={canary.access_token} {unknown} \\\\x1b[31m' + 'z' * 900)"
    why = make(python(code)).read().why

    assert why.startswith("it ended with exit code 1: bad line access_token=<redacted> <redacted>")
    assert unknown not in why
    assert why.isprintable()
    assert len(why) < 200


def test_its_output_is_never_shown(make: Callable[[str], TokenCommand], told: list[str], canary: Canary) -> None:
    session = make(python(f"print('{canary.access_token} and more')")).read()

    assert canary.access_token not in session.why + repr(session) + str(told)


def test_a_program_that_hangs_is_ended_and_all_it_started_with_it(
    make: Callable[[str], TokenCommand], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("kitefeed_cli.session.command.WITHIN_S", 0.5)
    script = tmp_path / "hangs.sh"
    script.write_text(f"sleep 60 & echo $! > {tmp_path}/child; wait\n")

    assert "it did not end within 0.5 s" == make(f"sh {script}").read().why
    child = int((tmp_path / "child").read_text())
    assert gone(child)


def gone(pid: int) -> bool:
    """Whether a program has ended, if need be in a moment; a zombie has."""
    until_s = REAL.now_s() + 5
    while REAL.now_s() < until_s:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        REAL.sleep(0.02)
    return False


def test_what_it_leaves_in_the_background_does_not_hold_the_answer_up(
    make: Callable[[str], TokenCommand], tmp_path: Path
) -> None:
    script = tmp_path / "leaves.sh"
    script.write_text(f"echo {OLD}\nsleep 60 &\n")
    starts_s = REAL.now_s()

    assert OLD == make(f"sh {script}").read().access_token
    assert REAL.now_s() - starts_s < 5.0


def test_while_all_is_well_it_is_asked_at_a_calm_interval(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock
) -> None:
    command = make(tool.line)
    seen = {command.fingerprint() for _ in range(5)}
    for _ in range(int(CALM_S) - 1):
        clock.at_s += 1.0
        seen.add(command.fingerprint())

    assert (1, 1) == (tool.asked, len(seen))
    clock.at_s += 1.0
    assert command.fingerprint() in seen  # the same token is no news
    assert 2 == tool.asked


def test_a_rejected_token_makes_it_ask_soon_and_never_more_often(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock
) -> None:
    command = make(tool.line)
    command.read()
    for _ in range(600):  # ten minutes of rejections every second
        command.rejected(OLD)
        command.fingerprint()
        clock.at_s += 1.0

    assert 600 / SOON_S == tool.asked


def test_after_hours_a_rejection_makes_it_ask_at_once(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock
) -> None:
    command = make(tool.line)
    command.read()
    clock.at_s += CALM_S - 10
    before = command.fingerprint()
    tool.says(NEW)
    command.rejected(OLD)

    assert before != command.fingerprint()
    assert NEW == command.read().access_token


def test_the_rejection_of_another_token_does_not_matter(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock
) -> None:
    command = make(tool.line)
    command.read()
    clock.at_s += SOON_S
    command.rejected(NEW)
    command.fingerprint()

    assert 1 == tool.asked


def test_a_command_that_had_no_token_brings_one_later(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock, tmp_path: Path
) -> None:
    tool.says("")
    store = TokenStore(tmp_path / ".env", make(tool.line))
    watch = TokenWatch(store)
    tool.says(NEW)
    assert watch.look() is None
    clock.at_s += SOON_S
    news = watch.look()

    assert news is not None
    assert (NEW, True) == (news[0].access_token, news[1])


def test_a_login_outranks_the_command_until_that_brings_another_token(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock, tmp_path: Path
) -> None:
    store = TokenStore(tmp_path / ".env", make(tool.line))
    watch = TokenWatch(store)
    assert OLD == watch.session.access_token
    TokenStore(tmp_path / ".env").save(NEW)
    news = watch.look()
    assert news is not None
    assert NEW == news[0].access_token
    clock.at_s += CALM_S
    assert watch.look() is None  # it says the same as before

    tool.says("thirdToken99")
    clock.at_s += CALM_S
    news = watch.look()
    assert news is not None
    assert "thirdToken99" == news[0].access_token


def test_a_stop_does_not_wait_for_a_program_that_hangs(make: Callable[[str], TokenCommand], tmp_path: Path) -> None:
    script = tmp_path / "hangs.sh"
    script.write_text(f"touch {tmp_path}/begun; exec sleep 60\n")
    command = make(f"sh {script}")
    thread = threading.Thread(target=command.read)
    thread.start()
    until_s = REAL.now_s() + 10
    while not (tmp_path / "begun").exists() and REAL.now_s() < until_s:
        REAL.sleep(0.01)
    starts_s = REAL.now_s()
    command.close()
    thread.join(5.0)

    assert not thread.is_alive()
    assert REAL.now_s() - starts_s < 2.0


def test_a_command_that_was_closed_can_be_asked_by_another_run(
    make: Callable[[str], TokenCommand], tool: Tool, clock: HandClock
) -> None:
    command = make(tool.line)
    store = TokenStore(tool.folder / ".env", command)
    before = store.read().access_token
    store.close()
    store.reopen()
    tool.says(NEW + "\n")
    clock.at_s += CALM_S
    store.fingerprint()

    assert (OLD, NEW) == (before, store.read().access_token)


def test_the_last_answer_is_known_while_it_is_asked_again(
    make: Callable[[str], TokenCommand], clock: HandClock, tmp_path: Path
) -> None:
    """The deciding loop reads before every attempt, and must not wait for a program."""
    script = tmp_path / "hangs.sh"
    script.write_text(f"test -e {tmp_path}/first && exec sleep 60; touch {tmp_path}/first; echo {OLD}\n")
    command = make(f"sh {script}")
    command.read()
    clock.at_s += CALM_S
    thread = threading.Thread(target=command.fingerprint)
    thread.start()
    until_s = REAL.now_s() + 10
    while command._child is None and REAL.now_s() < until_s:
        REAL.sleep(0.01)
    starts_s = REAL.now_s()

    assert OLD == command.read().access_token
    assert REAL.now_s() - starts_s < 0.5
    assert thread.is_alive()
    command.close()
    thread.join(5.0)
