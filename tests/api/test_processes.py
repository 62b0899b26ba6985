"""What only shows in a process of its own: what is loaded, Ctrl-C, fork, the examples of the documents."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILL_S = 20.0
LINES = 3

_PAGES = ("README.md", "docs/library.md")
_EXAMPLES = [
    pytest.param(code, id=f"{page}-{number}")
    for page in _PAGES
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S))
    if "from kitefeed_cli import" in code
]


def answer(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=KILL_S).stdout.strip()


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Programs in here are killed at the end of the test."""
    running: list[subprocess.Popen[str]] = []
    yield running
    for program in running:
        program.kill()
        program.communicate()


def start(code: str, started: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    command = [sys.executable, "-u", "-c", code]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started.append(program)
    return program


def wait_for_values(program: subprocess.Popen[str]) -> int:
    """How many lines with a number came; fewer than LINES when the program has ended."""
    assert program.stdout is not None
    numbers = (line for line in program.stdout if re.search(r"\d", line))
    return sum(1 for _ in islice(numbers, LINES))


def test_there_are_examples() -> None:
    assert len(_EXAMPLES) >= 5


@pytest.mark.usefixtures("env_file")
@pytest.mark.parametrize("code", _EXAMPLES)
def test_an_example_prints_ticks_until_ctrl_c(code: str, started: list[subprocess.Popen[str]]) -> None:
    program = start(code, started)
    values = wait_for_values(program)
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=KILL_S)

    assert LINES == values, err
    assert "KeyboardInterrupt" == err.strip().splitlines()[-1]
    assert "Error" not in err.replace("asyncio.exceptions.CancelledError", "")


@pytest.mark.usefixtures("env_file")
def test_ctrl_c_in_the_loop_leaves_the_with_within_two_seconds(started: list[subprocess.Popen[str]]) -> None:
    code = """
from kitefeed_cli import Feed
from kitefeed_cli.clock import SystemClock
clock = SystemClock()
feed = Feed("NSE:INFY")
try:
    with feed:
        for batch in feed:
            print(batch)
except KeyboardInterrupt as interrupt:
    print("caught", feed.state)
"""
    program = start(code, started)
    wait_for_values(program)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=2.0)

    assert ("caught stopped", "") == (out.splitlines()[-1], err)


@pytest.mark.usefixtures("env_file")
def test_a_program_that_forgets_to_close_its_feed_ends_all_the_same() -> None:
    assert "got it" == answer(
        "from kitefeed_cli import Feed\nfeed = Feed('NSE:INFY').__enter__()\nif next(feed): print('got it')"
    )


@pytest.mark.usefixtures("env_file")
def test_a_forked_child_is_told_that_the_feed_is_not_its_own_and_the_parent_goes_on() -> None:
    code = """
import os
from kitefeed_cli import Feed
with Feed("NSE:INFY") as feed:
    next(feed)
    child = os.fork()
    if child == 0:
        for ask in (lambda: next(feed), lambda: feed.next(1), feed.lasts, lambda: feed.counters):
            try:
                ask()
            except RuntimeError as error:
                assert "before a fork" in str(error)
            else:
                raise AssertionError
        feed.close()
        with Feed("NSE:INFY") as own:
            next(own)
        os._exit(7)
    status = os.waitpid(child, 0)[1]
    print(os.waitstatus_to_exitcode(status), len(next(feed)) > 0)
"""
    assert "7 True" == answer(code.replace("import os\n", "import os, warnings\nwarnings.simplefilter('ignore')\n"))


def test_the_package_is_loaded_at_no_cost_and_the_library_without_numpy() -> None:
    heavy = "('numpy', 'aiohttp', 'asyncio', 'kiteconnect', 'requests', 'rich', 'typer', 'websocket', 'vcr')"
    code = f"""
import __future__, sys
before = set(sys.modules)
import kitefeed_cli
print(sorted(set(sys.modules) - before))
from kitefeed_cli import Feed, Batch, Problem, Value
print([name for name in {heavy} if name in sys.modules])
assert not hasattr(kitefeed_cli, "Nothing")
"""

    assert ["['kitefeed_cli']", "['websocket']"] == answer(code).splitlines()
