"""`kitefeed logout` and `kitefeed login --status` as processes: what they say, and what is left."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from kitefeed_cli.emulator import LocalKite
from kitefeed_cli.policy.events import Saved
from kitefeed_cli.session import TokenStore

from .conftest import User


def ended(kite: LocalKite) -> list[int]:
    return [row["status"] for row in kite.requests() if row["method"] == "DELETE"]


def test_a_logout_ends_the_session_at_kite_and_in_the_file(user: User, kite: LocalKite) -> None:
    before = user.env_file.read_text()
    said = user.run("logout")

    assert (0, "") == (said.code, said.out)
    assert [200] == ended(kite)
    assert before.replace(kite.access_token, "") == user.env_file.read_text()
    assert "Logged out: Kite has ended this session" in said.err
    assert f"The access token is removed from {user.env_file}" in said.err
    assert 3 == user.run("login", "--status").code


def test_a_second_logout_has_nothing_to_do(user: User, kite: LocalKite) -> None:
    user.run("logout")
    said = user.run("logout")

    assert 0 == said.code
    assert "There is no access token to log out with" in said.err
    assert [200] == ended(kite)


def test_a_session_that_kite_had_ended_is_removed_all_the_same(user: User, kite: LocalKite) -> None:
    kite.set_token("expired")
    said = user.run("logout")

    assert 0 == said.code
    assert "Kite had ended this session already" in said.err
    assert Saved.NOTHING is TokenStore(user.env_file).read().saved


def test_without_kite_the_token_leaves_the_file_and_the_rest_is_told(user: User, kite: LocalKite) -> None:
    kite.set_faults({"rest": "failing"})
    said = user.run("logout")

    assert 4 == said.code
    assert Saved.NOTHING is TokenStore(user.env_file).read().saved
    assert "is removed from" in said.err
    assert "error: the session could not be ended at Kite" in said.err
    assert "it lives until the morning flush" in said.err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can make a file unchangeable")
def test_a_file_that_cannot_be_changed_is_told_after_the_end_at_kite(
    user: User, kite: LocalKite, tmp_path: Path
) -> None:
    if subprocess.run(["chattr", "+i", str(user.env_file)], check=False, capture_output=True).returncode != 0:
        pytest.skip("this file system knows no immutable files")
    try:
        said = user.run("logout")
    finally:
        subprocess.run(["chattr", "-i", str(user.env_file)], check=True)

    assert 5 == said.code
    assert [200] == ended(kite)
    assert "Logged out: Kite has ended this session" in said.err
    assert "error: the access token cannot be removed from" in said.err


def test_a_token_of_the_environment_is_ended_and_left_where_it_is(user: User, kite: LocalKite) -> None:
    said = user.run("logout", KITE_ACCESS_TOKEN=kite.access_token)

    assert 0 == said.code
    assert [200] == ended(kite)
    assert "It is still in KITE_ACCESS_TOKEN of the environment, which kitefeed does not change" in said.err


def test_the_status_is_data_on_stdout_and_an_exit_code(user: User, kite: LocalKite) -> None:
    good = user.run("login", "--status")
    kite.set_token("expired")
    bad = user.run("login", "--status", "--json")
    kite.set_faults({"rest": "failing"})
    unknown = user.run("login", "--status", "--json")

    assert [0, 3, 4] == [said.code for said in (good, bad, unknown)]
    assert "user       Local Trader (LK0001)" in good.out.splitlines()
    assert ["rejected", "unknown"] == [json.loads(said.out)["state"] for said in (bad, unknown)]
    assert ["", "", ""] == [said.err for said in (good, bad, unknown)]
    assert {"GET"} == {row["method"] for row in kite.requests()}


def test_the_status_needs_no_api_secret(user: User, kite: LocalKite) -> None:
    kept = [line for line in user.env_file.read_text().splitlines() if "SECRET" not in line]
    user.env_file.write_text("\n".join(kept))

    assert 0 == user.run("login", "--status").code
