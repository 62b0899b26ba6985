"""What holds in every test, asked for or not.

* No network beyond this machine: connecting or looking up a name elsewhere fails the test, also when the code under
  test swallows the error, and also when a Python that the test started does it.
* No real home folder, settings or working folder: a test cannot see, or spoil, the developer's own.
* No planted secret in any output: what a test printed, logged, captured, read from a child or left in a file is
  searched for the canaries, in their usual disguises too. Every token that a local Kite makes is one.
* No thread of ours outlives its test.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# A shell starts its background jobs with Ctrl-C ignored, and every command we start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Deterministic: what passed yesterday passes today. Searching for new failures is another command's job.
settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")


@dataclass(frozen=True)
class Canary:
    """Secrets to plant. The shapes are Kite's; the values occur nowhere else."""

    access_token: str = "cAnArYaCcEsS7qZ3xVb0wLk2Jt9uPe5R"
    request_token: str = "cAnArYrEqUeSt8mN4yHc6fGd1Ks0oTi"
    api_secret: str = "cAnArYsEcReT5vBq9zXw3jUn7Lp2Me4Ra"


CANARY = Canary()
_SONG = "cAnArY"  # every planted secret begins with it
_PIECE = 8  # characters of a secret that are too many to show
_BASE64_PIECE = 16
_MOST_BYTES = 4 << 20  # of one file


def _encoded(text: str) -> Iterator[str]:
    raw = text.encode()
    yield text[::-1]
    yield raw.hex()
    yield raw.hex().upper()
    yield "".join(f"%{byte:02X}" for byte in raw)
    yield "".join(f"\\u{byte:04x}" for byte in raw)
    yield "".join(f"\\x{byte:02x}" for byte in raw)


def _disguises(secret: str) -> Iterator[str]:
    """Each piece of the secret as it stands, and the whole of it encoded (in base64 at any offset)."""
    yield from (secret[start : start + _PIECE] for start in range(1, len(secret) - _PIECE + 1))
    for skip in range(3):
        # The groups at both ends depend on the neighbours; those between are the same everywhere.
        yield base64.b64encode(bytes(skip) + secret.encode()).decode()[4 : 4 + _BASE64_PIECE]


_SECRETS = (CANARY.access_token, CANARY.request_token, CANARY.api_secret)
_DISGUISES = (_SONG, *_encoded(_SONG), *chain.from_iterable(map(_disguises, _SECRETS)))
_RAW_DISGUISES = tuple(disguise.encode() for disguise in _DISGUISES)

# The one place where secrets belong: these lines of a token store.
_STORED = re.compile(rb"^\W*(?:export\s+)?KITE_(?:ACCESS_TOKEN|API_SECRET)\s*=.*$", re.MULTILINE)


def leaked(text: str) -> str | None:
    """The first disguise of a planted secret in `text`; None when there is none."""
    return next((disguise for disguise in _DISGUISES if disguise in text), None)


def leaked_into(folder: Path) -> list[str]:
    """The files in the folder that hold a planted secret elsewhere than in a setting of a token store."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if stat.S_ISREG(os.lstat(path).st_mode) and os.access(path, os.R_OK):
                with open(path, "rb") as file:
                    content = file.read(_MOST_BYTES)
                if any(disguise in content for disguise in _RAW_DISGUISES):
                    content = _STORED.sub(b"", content)
                    found += [path] if any(disguise in content for disguise in _RAW_DISGUISES) else []
    return found


@pytest.fixture
def canary() -> Canary:
    """Secrets to plant; every test's output is searched for them."""
    return CANARY


@pytest.fixture
def no_secret_in() -> Callable[..., None]:
    """Call it with texts, bytes and paths: fails when a planted secret is in one of them."""

    def check(*places: str | bytes | Path) -> None:
        for place in places:
            content = place.read_bytes() if isinstance(place, Path) else place
            text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
            found = leaked(text)
            assert found is None, f"a planted secret is in {place if isinstance(place, Path) else 'the text'}"

    return check


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search what was captured of this test, at its very end."""
    report = yield
    if call.when == "teardown":
        for name, text in report.sections:
            if leaked(text):
                report.outcome = "failed"
                report.longrepr = f"{item.nodeid}: a planted secret is in {name!r}"
    return report


@pytest.fixture(autouse=True)
def _no_secret_in_what_tests_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test takes out of capsys, or reads from a child, no longer stands in its report: search it here."""
    hits: list[str] = []

    def searched(texts: Any, source: str) -> None:
        for text in texts:
            content = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
            if content and leaked(content):
                hits.append(source)

    readouterr = pytest.CaptureFixture.readouterr
    communicate = subprocess.Popen.communicate

    def searching_readouterr(self: Any) -> Any:
        captured = readouterr(self)
        searched(captured, "captured output")
        return captured

    def searching_communicate(self: Any, *args: Any, **kwargs: Any) -> Any:
        outputs = communicate(self, *args, **kwargs)
        searched(outputs, f"the output of {self.args!r:.60}")
        return outputs

    monkeypatch.setattr(pytest.CaptureFixture, "readouterr", searching_readouterr)
    monkeypatch.setattr(subprocess.Popen, "communicate", searching_communicate)
    yield
    assert not hits, f"a planted secret is in {', '.join(hits)}"


@pytest.fixture
def may_hold_secrets() -> set[Path]:
    """Files that a test fills with planted secrets on purpose; what is left of them is not searched."""
    return set()


@pytest.fixture(autouse=True)
def _no_secret_in_files(request: pytest.FixtureRequest, _room: Path) -> Iterator[None]:
    """What is left in the test's folders, searched; and every token of a local Kite is a planted secret."""
    from kitefeed_cli.emulator import accounts

    mint, accounts.mint = accounts.mint, lambda: _SONG + mint()[len(_SONG) :]
    yield
    accounts.mint = mint
    folders = [folder for folder in (_room, request.node.funcargs.get("tmp_path")) if folder is not None]
    may = {str(path) for path in request.node.funcargs.get("may_hold_secrets", ())}
    found = [path for folder in folders for path in leaked_into(folder) if path not in may]
    assert not found, f"a planted secret is in {', '.join(found)}"


@pytest.fixture(autouse=True)
def _no_secret_known_from_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The redactor of the process knows the secrets of this test alone: one test's token is another one's text."""
    from kitefeed_cli.redact import REDACTOR

    monkeypatch.setattr(REDACTOR, "_forms", set())
    monkeypatch.setattr(REDACTOR, "_pattern", None)


@pytest.fixture(autouse=True)
def _no_thread_left_behind() -> Iterator[None]:
    """Threads named `kitefeed…` that a test started must be gone when it ends; one is given a moment to leave."""
    before = set(threading.enumerate())
    yield
    ours = [thread for thread in threading.enumerate() if thread not in before and thread.name.startswith("kitefeed")]
    for thread in ours:
        with contextlib.suppress(RuntimeError):  # it is just being started by another one
            thread.join(timeout=2.0)
    left = [thread.name for thread in ours if thread.is_alive()]
    assert not left, f"threads left behind: {', '.join(left)}"


def _is_here(address: Any) -> bool:
    if isinstance(address, str | bytes):
        return True  # a Unix socket
    host = str(address[0])
    return host in ("localhost", "::1") or host.startswith("127.")


# What every Python runs that a test starts: the same rule, and a file to tell of what broke it.
_IN_CHILDREN = """
import os, sys
def guard(event, args):
    if event in ("socket.connect", "socket.sendto"):
        host = args[1][0] if isinstance(args[1], tuple) else ""
    elif event == "socket.getaddrinfo":
        host = args[0] or ""
    else:
        return
    host = host.decode() if isinstance(host, bytes) else str(host)
    if host in ("", "localhost", "::1", "0.0.0.0", "::") or host.startswith("127.") or host.endswith(".invalid"):
        return
    with open(os.environ["REFUSED_BY_TESTS"], "a") as refused:
        refused.write(host + " ")
    raise OSError("a test may not reach " + host)
if "REFUSED_BY_TESTS" in os.environ:
    sys.addaudithook(guard)
"""


@pytest.fixture(scope="session")
def _guarding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that makes a Python guard itself when it is on its path."""
    folder = tmp_path_factory.mktemp("guarding")
    (folder / "sitecustomize.py").write_text(_IN_CHILDREN, "utf-8")
    return folder


@pytest.fixture(autouse=True)
def _no_network_for_children(monkeypatch: pytest.MonkeyPatch, _guarding: Path, _room: Path) -> Iterator[None]:
    """A Python that a test starts may speak to this machine alone, too."""
    refused = _room / "refused.txt"
    monkeypatch.setenv("REFUSED_BY_TESTS", str(refused))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(_guarding), os.environ.get("PYTHONPATH")))))
    yield
    assert not refused.exists(), f"a child tried to reach {refused.read_text('utf-8')}"


@pytest.fixture(autouse=True)
def _no_network_beyond_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Sockets may go to loopback alone. Names ending in `.invalid` may be looked up, in vain."""
    tries: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    sendto, getaddrinfo = socket.socket.sendto, socket.getaddrinfo

    def guard(address: Any) -> None:
        if not _is_here(address):
            tries.append(str(address))
            raise OSError(f"a test may not reach {address}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        guard(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        guard(address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: bytes, *rest: Any) -> int:
        guard(rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and name.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if name not in (None, "", "0.0.0.0", "::"):  # those are asked for by listeners
            guard((name,))
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket.socket, "sendto", guarded_sendto)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    yield
    assert not tries, f"tried to reach {', '.join(tries)}"


_NOT_OURS = ("KITE_", "KITEFEED_", "XDG_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")
_TERMINAL = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "BROWSER")


@pytest.fixture(scope="session")
def _rooms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Fresh paths, one for each test; `tmp_path` would look through all former ones each time."""
    base = tmp_path_factory.mktemp("rooms")
    return (base / str(number) for number in count())


@pytest.fixture
def _room(_rooms: Iterator[Path]) -> Path:
    """The folder of this test."""
    return next(_rooms)


@pytest.fixture(autouse=True)
def _no_real_home(monkeypatch: pytest.MonkeyPatch, _room: Path) -> None:
    """An empty home, an empty working folder, and an environment without settings of ours, proxies and colours."""
    for name in list(os.environ):
        if name.upper().startswith((*_NOT_OURS, *_TERMINAL)):
            monkeypatch.delenv(name)
    home, work = _room / "home", _room / "work"
    home.mkdir(parents=True)
    work.mkdir()
    for name, place in (("XDG_RUNTIME_DIR", _room / "run"), ("TMPDIR", _room / "tmp")):  # where a run can be asked
        place.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(place))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what it found before
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for kind in ("config", "cache", "data", "state"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(home / kind))
    monkeypatch.chdir(work)
