"""The guards of `conftest.py` must bite: each misdeed below, in a test of its own, has to fail that test."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

_MISDEEDS = '''
import base64, logging, os, socket, subprocess, sys, threading, urllib.parse
from pathlib import Path

def test_innocent(canary, no_secret_in):
    no_secret_in("nothing here", b"nor here")

def test_prints_the_token(canary):
    print("token:", canary.access_token)

def test_prints_a_piece_of_it(canary):
    print(canary.access_token[5:20], file=sys.stderr)

def test_prints_it_in_base64(canary):
    print(base64.b64encode(b"key:" + canary.access_token.encode()).decode())

def test_prints_it_in_hex(canary):
    print(canary.api_secret.encode().hex())

def test_prints_it_percent_encoded(canary):
    print("".join(f"%{ord(char):02X}" for char in canary.request_token))

def test_prints_eight_characters_of_it(canary):
    print(canary.access_token[20:28])

def test_prints_it_escaped_for_json(canary):
    print("".join(f"\\\\u{ord(char):04x}" for char in canary.access_token))

def test_prints_what_a_local_kite_made(canary):
    from kitefeed_cli.emulator import accounts
    print(accounts.mint())

def test_leaves_it_in_a_file(canary, tmp_path):
    (tmp_path / "kitefeed.log").write_text(f"GET /?access_token={canary.access_token}")

def test_leaves_it_in_the_working_folder(canary):
    Path("deep").mkdir()
    (Path("deep") / "dump.bin").write_bytes(b"\\0" + base64.b64encode(canary.api_secret.encode()))

def test_leaves_it_beside_the_setting_of_a_token_store(canary):
    Path(".env").write_text(f"KITE_ACCESS_TOKEN={canary.access_token}\\n# it was {canary.access_token}")

def test_innocent_token_store(canary, tmp_path):
    """A token store is the one place for it; and a test may say where else it put one on purpose."""
    lines = f"KITE_API_SECRET='{canary.api_secret}'", f"export KITE_ACCESS_TOKEN={canary.access_token}", "X=1"
    (tmp_path / ".env").write_text("\\n".join(lines))

def test_innocent_file_of_a_test(canary, may_hold_secrets):
    Path("token.txt").write_text(canary.access_token)
    may_hold_secrets.add(Path("token.txt").resolve())

def test_logs_it(canary):
    logging.getLogger("anything").warning("request_token=%s", canary.request_token)

def test_reads_it_back_from_capsys(canary, capsys):
    print(canary.access_token)
    capsys.readouterr()

def test_reads_it_from_a_child(canary):
    subprocess.run([sys.executable, "-c", f"print({canary.access_token!r})"], capture_output=True, check=True)

def test_writes_it_to_a_file(canary, no_secret_in, tmp_path):
    (tmp_path / "log").write_text(canary.access_token)
    no_secret_in(tmp_path / "log")

def test_connects_elsewhere():
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    except OSError:
        pass

def test_connects_elsewhere_without_raising():
    try:
        socket.socket().connect_ex(("192.0.2.1", 80))
    except OSError:
        pass

def test_sends_a_datagram_elsewhere():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(b"x", ("192.0.2.1", 9))
        except OSError:
            pass

def test_looks_a_name_up():
    try:
        socket.getaddrinfo("example.com", 80)
    except OSError:
        pass

def test_starts_somebody_who_connects_elsewhere():
    code = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    subprocess.run([sys.executable, "-c", code], capture_output=True)

def test_starts_somebody_who_looks_a_name_up():
    code = "import socket; socket.getaddrinfo('example.com', 80)"
    subprocess.run([sys.executable, "-c", code], capture_output=True)

def test_innocent_child():
    code = "import socket; here = socket.create_server(('127.0.0.1', 0)); socket.create_connection(here.getsockname())"
    subprocess.run([sys.executable, "-c", code], check=True)

def test_leaves_a_thread_behind():
    threading.Thread(target=threading.Event().wait, name="kitefeed-left", daemon=True).start()

def test_innocent_too():
    """Loopback, names that cannot exist, threads of others and threads that end are nobody's business."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    try:
        socket.getaddrinfo("kite.invalid", 80)
    except socket.gaierror:
        pass
    thread = threading.Thread(target=int, name="kitefeed-done")
    thread.start()
    assert not [name for name in os.environ if name.startswith(("KITE", "HTTP_PROXY"))]
    assert list(Path.home().iterdir()) == list(Path.cwd().iterdir()) == []
'''


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Test → how it ended, at the worst of its phases."""
    folder = tmp_path_factory.mktemp("misdeeds")
    (folder / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text("utf-8"), "utf-8")
    (folder / "test_misdeeds.py").write_text(_MISDEEDS, "utf-8")
    options = ["-v", "-p", "no:cacheprovider", "--show-capture=no", "--tb=no"]
    reply = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)], cwd=folder, capture_output=True, text=True, check=False
    )
    ends = re.findall(r"::(\w+) (PASSED|FAILED|ERROR)", reply.stdout)
    assert ends, reply.stdout + reply.stderr
    worst: dict[str, str] = {}
    for name, end in ends:
        worst[name] = end if worst.get(name, "PASSED") == "PASSED" else worst[name]
    return worst


_NAMES = re.findall(r"^def (test_\w+)", _MISDEEDS, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in _NAMES if "innocent" not in name])
def test_a_misdeed_fails_its_test(name: str, verdicts: dict[str, str]) -> None:
    assert verdicts[name] in ("FAILED", "ERROR")


@pytest.mark.parametrize("name", [name for name in _NAMES if "innocent" in name])
def test_an_innocent_test_passes(name: str, verdicts: dict[str, str]) -> None:
    assert "PASSED" == verdicts[name]
