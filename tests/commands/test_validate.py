"""`kitefeed validate` as a process."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from kitefeed_cli.checkup import CHECKS
from kitefeed_cli.commands.validate import validate
from kitefeed_cli.emulator import LocalKite

from .conftest import CLOCK, COMMAND, KILL_S, User


@pytest.mark.usefixtures("saved_for_the_day")
def test_the_screen_names_every_check_and_ends_with_0(user: User) -> None:
    said = user.run("validate")

    assert (0, "") == (said.code, said.err)
    assert list(CHECKS) == [line.split()[1] for line in said.out.splitlines()[: len(CHECKS)]]
    assert "ready, User: Local Trader" in said.out
    assert said.took_s < 10.0


@pytest.mark.usefixtures("saved_for_the_day")
def test_the_json_has_the_promised_keys(user: User) -> None:
    said = user.run("validate", "--json")

    (line,) = said.out.splitlines()
    answer = json.loads(line)
    assert ("ok", None, 0) == (answer["verdict"], answer["cause"], answer["exit_code"])
    assert ([], "ok", "ok") == (answer["diagnosis"], answer["rest"], answer["feed"])
    assert list(CHECKS) == [check["name"] for check in answer["checks"]]
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


@pytest.mark.usefixtures("saved_for_the_day")
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


@pytest.mark.usefixtures("saved_for_the_day")
def test_quiet_says_nothing_when_all_is_well_and_the_error_when_not(user: User, kite: LocalKite) -> None:
    fine = user.run("validate", "--quiet")
    kite.set_token("expired")
    expired = user.run("validate", "--quiet")

    assert (0, "", "") == (fine.code, fine.out, fine.err)
    assert 3 == expired.code
    assert expired.err.startswith("error: Kite rejects what is saved as access token")
    assert [["failed", "token"]] == [line.split()[:2] for line in expired.out.splitlines()]


def test_a_reader_that_leaves_ends_it_quietly_and_a_full_disk_is_told(user: User) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "validate", "--env-file", str(user.env_file)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=KILL_S,
            check=False,
        )
    left = user.start("validate")
    assert left.stdout is not None
    first = left.stdout.readline()
    left.stdout.close()

    assert 1 == done.returncode
    assert done.stderr.startswith("error: the output cannot be written")
    assert first.startswith("ok       settings")
    assert 0 == left.wait(KILL_S)
    assert left.stderr is not None
    assert "" == left.stderr.read()


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


def test_both_sides_are_shown_beside_each_other_when_one_alone_is_well(user: User, kite: LocalKite) -> None:
    kite.set_faults({"feed": "refused"})
    feed_down = user.run("validate")
    kite.set_faults({"feed": "up", "rest": "failing"})
    rest_down = user.run("validate")

    assert "\nREST: ok   feed: 403 Forbidden\n" in feed_down.out
    assert "\nREST: 503 NetworkException   feed: ok\n" in rest_down.out
    assert [5, 0] == [feed_down.code, rest_down.code]


@pytest.mark.parametrize(
    ("faults", "most_s"),
    [
        ({}, 3.0),
        ({"rest": "slow", "feed": "slow"}, 8.0),
        ({"rest": "blackholed", "feed": "silent"}, 8.0),
        ({"rest": "blackholed", "feed": "blackholed"}, 8.0),
    ],
)
def test_it_is_over_in_three_seconds_when_all_is_well_and_in_eight_at_worst(
    user: User, kite: LocalKite, faults: dict[str, str], most_s: float
) -> None:
    kite.set_faults(faults)

    said = user.run("validate", "--json")

    assert json.loads(said.out)["took_s"] <= most_s
    assert said.took_s <= most_s + 2.0  # a busy machine is slow to start anything


def test_the_help_names_every_check() -> None:
    text = " ".join((validate.__doc__ or "").split())

    assert f"Checks: {', '.join(CHECKS)}." in text


def test_some_checks_alone_can_be_asked_for(user: User, kite: LocalKite) -> None:
    some = user.run("validate", "--only", "disk,dns", "--only", "tls")
    most = user.run("validate", "--skip", "tick", "--json")

    assert ["disk", "dns", "tls"] == [line.split()[1] for line in some.out.splitlines()[:3]]
    assert list(CHECKS[:-1]) == [check["name"] for check in json.loads(most.out)["checks"]]
    assert [0, 0] == [some.code, most.code]
    assert 1 == sum(row["kind"] == "ws" for row in kite.requests())


def test_asking_for_one_check_asks_kite_no_more_than_it_takes(user: User, kite: LocalKite) -> None:
    for words, paths in (("disk", []), ("dns", ["/"]), ("token", ["/", "/user/profile"])):
        before = len(kite.requests())

        assert 0 == user.run("validate", "--only", words).code
        assert paths == [row["path"] for row in kite.requests()[before:]]


def test_a_check_that_was_not_asked_for_is_shown_when_it_is_in_the_way(user: User, kite: LocalKite) -> None:
    kite.set_token("expired")

    said = user.run("validate", "--only", "tick")

    assert 3 == said.code
    assert [["failed", "token"], ["-", "tick"]] == [line.split()[:2] for line in said.out.splitlines()]


@pytest.mark.parametrize("words", [("--only", "tokn"), ("--skip", ",".join(CHECKS))])
def test_a_check_that_is_none_is_wrong_usage(user: User, words: tuple[str, str]) -> None:
    assert 2 == user.run("validate", *words).code


def test_a_symbol_that_no_list_has_ends_it_as_it_ends_a_run(user: User) -> None:
    said = user.run("validate", "--json", "NSE:NOSUCHTHING")

    answer = json.loads(said.out)
    assert (5, "unknown-symbol") == (said.code, answer["cause"])
    assert ["instruments"] == [check["name"] for check in answer["checks"] if check["state"] == "failed"]


def test_an_open_market_is_not_waited_for(user: User, env_file: Path) -> None:
    calendar = always_open(env_file.parent)

    said = user.run("validate", "--wait-market-open", "--calendar", str(calendar))

    assert (0, "") == (said.code, said.err)
    assert " open; " in said.out


def test_a_second_one_started_by_cron_ends_silently_with_0(user: User, kite: LocalKite) -> None:
    kite.set_faults({"feed": "blackholed"})
    first = user.start("validate", "--single", "--json")
    eventually_asked(kite)
    second = user.run("validate", "--single")
    other_form = user.run("validate", "--only", "disk")
    kite.clear_faults()
    first.kill()
    first.communicate()
    third = user.run("validate", "--single", "--only", "disk")

    assert (0, "", "") == (second.code, second.out, second.err)
    assert 0 == other_form.code
    assert " disk " in other_form.out  # who did not ask for `--single` is not turned away
    assert " disk " in third.out  # the kernel freed the lock of the one that was killed


def always_open(folder: Path) -> Path:
    """A calendar by which today trades from midnight to midnight, and tomorrow too, should it come."""
    today = CLOCK.wall().date()
    path = folder / "mine.toml"
    path.write_text(
        "\n".join(
            f'[[day]]\ndate = {today + timedelta(days=days)}\nname = "Mine"\nsegments = ["NSE", "BSE"]\n'
            'sessions = ["00:00-24:00"]\nsource = "a test"\n'
            for days in (0, 1)
        )
    )
    return path


def eventually_asked(kite: LocalKite) -> None:
    ends_s = CLOCK.now_s() + 10.0
    while not any(row["kind"] == "ws" for row in kite.requests()):
        assert CLOCK.now_s() < ends_s, "no handshake came"
        CLOCK.sleep(0.02)
