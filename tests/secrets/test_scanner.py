"""No recording, scenario, page or source of ours holds a credential or a person; TLS cannot be switched off."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from kitefeed_cli.app import app
from kitefeed_cli.clock import SystemClock
from kitefeed_cli.kite.cassette import CassetteRecorder
from kitefeed_cli.kite.errors import KiteError
from kitefeed_cli.kite.rest import Rest
from tests.kite.stub import Stub, failure, success

from .scanner import KINDS, findings

ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()

# One of each, as they would stand in a file.
CAUGHT = {
    "Authorization": "Authorization: [token abc:def]",
    "a credential": "https://127.0.0.1:5000/?request_token=Ab12",
    "a token": "x = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF'",
    "a checksum": "sent " + "0a" * 32,
    "a user id": '{"user_id": "AB1234"}',
    "an e-mail address": "somebody.else@gmail.com",
    "a PAN": "his PAN is ABCPK1234L",
    "a phone number": "call +91 9876543210",
}


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".png", ".js"):
                yield path


@pytest.mark.parametrize("kind", KINDS)
def test_the_scanner_knows_each_kind(kind: str) -> None:
    assert f"{kind} at line 2" in list(findings(f"fine\n{CAUGHT[kind]}\n"))


@pytest.mark.parametrize(
    "text",
    [
        'Authorization: ["<authorization>"]',
        '"access_token": "<access_token>", "user_id":"XX0000"',
        "Incorrect `api_key` or `access_token`.",
        "KITE_ACCESS_TOKEN=your_access_token",
        "instrument_token 1234567890, volume 11759860",
    ],
)
def test_placeholders_and_prose_are_no_finding(text: str) -> None:
    assert [] == list(findings(text))


def test_no_recording_and_no_scenario_holds_a_credential_or_a_person() -> None:
    found = [f"{path.name}: {what}" for path in files("cassettes", "scenarios") for what in findings(_text(path))]

    assert [] == found


def test_no_page_and_no_source_holds_a_token_or_a_person() -> None:
    """They name credentials, so what looks like a value is looked for."""
    places = [*ROOT.glob("*.md"), *files("docs", "kitefeed_cli", "tools", "benchmarks")]
    found = [f"{path.relative_to(ROOT)}: {what}" for path in places for what in findings(_text(path))]

    assert [] == [line for line in found if re.search(r": (a token|an e-mail address|a PAN|a phone number) at", line)]


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def test_nothing_that_ever_stood_in_a_recording_or_a_scenario_did() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this copy of the project came without its git history, which is what is searched")
    history = subprocess.run(
        ["git", "log", "-p", "--no-color", "--", "cassettes", "scenarios"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    added = "\n".join(line[1:] for line in history.splitlines() if line.startswith("+"))

    assert added
    assert [] == list(findings(added))


def test_what_is_recorded_of_a_person_is_no_person() -> None:
    person = {
        "user_id": "AB1234",
        "user_name": "Somebody Else",
        "email": "somebody.else@gmail.com",
        "meta": {"pan": "ABCPK1234L", "phone": "9876543210", "enctoken": "abc/DEF+123=="},
    }
    recorder = CassetteRecorder(CLOCK)
    with Stub(lambda request: success(person)) as stub:
        Rest("key", stub.root, CLOCK, recorder.heard).profile("aToken1234567890", 5.0)
    message = "access_token=aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF is none"
    with Stub(lambda request: failure("403 Forbidden", "TokenException", message)) as stub, pytest.raises(KiteError):
        Rest("key", stub.root, CLOCK, recorder.heard).profile("aToken1234567890", 5.0)
    kept = recorder.text(0.0)

    assert kept is not None
    assert 2 == len(json.loads(kept)["interactions"])
    assert [] == list(findings(kept))
    assert "Somebody" not in kept


_UNSAFE = re.compile(
    r"verify\s*=\s*False|CERT_NONE|_create_unverified|check_hostname\s*=\s*False|allow_redirects\s*=\s*True"
    r"|follow_redirects\s*=\s*True|disable_ssl|ssl\s*=\s*False|verify_ssl|redirect_limit\s*=\s*[1-9]"
    r"|PROTOCOL_TLSv1|minimum_version\s*=|set_ciphers"
)


def test_tls_is_weakened_nowhere_and_no_redirect_is_followed() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in (ROOT / "kitefeed_cli").rglob("*.py")
        for hit in _UNSAFE.finditer(path.read_text("utf-8"))
    ]

    assert [] == found
    assert _UNSAFE.search("requests.get(url, verify = False)")
    assert _UNSAFE.search("ssl._create_unverified_context()")


def test_no_flag_and_no_setting_turns_tls_off_or_takes_a_token() -> None:
    group: Any = typer.main.get_command(app)
    names = [
        name
        for command in (group, *group.commands.values())
        for one in command.params
        for name in (*one.opts, one.name)
    ]

    assert [] == [name for name in names if re.search(r"insecure|verify|tls|ssl|cert\b|password|pin\b|totp", name)]
    assert {"token_file", "token_command"} >= {name for name in names if "token" in name and "-" not in name}
