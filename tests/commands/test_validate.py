"""`kitefeed validate` as a process."""

from __future__ import annotations

import json
import os

import pytest

from kitefeed_cli.emulator import LocalKite

from .conftest import User


def test_the_screen_names_every_check_and_ends_with_0(user: User) -> None:
    said = user.run("validate")

    assert (0, "") == (said.code, said.err)
    for name in ("settings", "token-store", "token", "market-data", "websocket", "tick"):
        assert f" {name} " in said.out
    assert "ready, User: Local Trader" in said.out
    assert said.took_s < 10.0


def test_the_json_has_the_promised_keys(user: User) -> None:
    said = user.run("validate", "--json")

    (line,) = said.out.splitlines()
    answer = json.loads(line)
    assert ("ok", None, 0) == (answer["verdict"], answer["cause"], answer["exit_code"])
    assert ["settings", "token-store", "token", "market-data", "websocket", "tick"] == [
        check["name"] for check in answer["checks"]
    ]
    for check in answer["checks"]:
        assert ["name", "state", "why", "took_s"] == list(check)
        assert "ok" == check["state"]
    assert (0, "") == (said.code, said.err)


@pytest.mark.parametrize(
    ("faults", "expired", "cause", "code", "plugin"),
    [
        ({}, True, "token-expired", 3, 2),
        ({"plan": "personal"}, False, "no-permission", 5, 2),
        ({"rest": "failing"}, False, None, 0, 1),
    ],
)
def test_each_form_tells_the_same_trouble(
    user: User, kite: LocalKite, faults: dict[str, str], expired: bool, cause: str | None, code: int, plugin: int
) -> None:
    kite.set_faults(faults)
    if expired:
        kite.set_token("expired")

    screen, machine, monitor = user.run("validate"), user.run("validate", "--json"), user.run("validate", "--nagios")

    assert [code, code, plugin] == [screen.code, machine.code, monitor.code]
    answer = json.loads(machine.out)
    assert (cause, code) == (answer["cause"], answer["exit_code"])
    assert (1 if cause else 0) == sum(line.startswith("error:") for line in screen.err.splitlines())
    assert "" == monitor.err


def test_a_plugin_gets_one_short_line_with_figures(user: User, kite: LocalKite) -> None:
    fine = user.run("validate", "--nagios")
    kite.set_token("expired")
    expired = user.run("validate", "--nagios")
    without = user.run("validate", "--nagios", KITE_API_KEY=" ")

    assert [0, 2, 3] == [fine.code, expired.code, without.code]
    for said, word in ((fine, "OK"), (expired, "CRITICAL"), (without, "UNKNOWN")):
        (line,) = said.out.splitlines()
        assert line.startswith(f"KITEFEED {word} - ")
        assert len(line) < 80
        assert " | time=" in line
        assert "" == said.err


def test_quiet_says_nothing_when_all_is_well_and_the_error_when_not(user: User, kite: LocalKite) -> None:
    fine = user.run("validate", "--quiet")
    kite.set_token("expired")
    expired = user.run("validate", "--quiet")

    assert (0, "", "") == (fine.code, fine.out, fine.err)
    assert 3 == expired.code
    assert expired.err.startswith("error: Kite no longer accepts your access token")


def test_it_works_from_cron(user: User, kite: LocalKite) -> None:
    environ = dict.fromkeys(("PATH", "TERM"), "") | {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}

    fine = user.run("validate", **environ)
    kite.set_token("expired")
    expired = user.run("validate", **environ)

    assert [0, 3] == [fine.code, expired.code]
    assert "Traceback" not in fine.err + expired.err
    assert fine.out.isascii()


def test_json_and_nagios_exclude_each_other(user: User) -> None:
    assert 2 == user.run("validate", "--json", "--nagios").code


def test_a_world_readable_token_store_is_told(user: User) -> None:
    os.chmod(user.env_file, 0o644)

    said = user.run("validate")

    assert 0 == said.code
    assert "can be read by others" in said.out


def test_without_settings_it_ends_with_2_in_three_lines(user: User) -> None:
    user.env_file.unlink()

    said = user.run("validate")

    assert 2 == said.code
    assert ["error:", "  why:", " next:"] == [line[:6] for line in said.err.splitlines()]
