"""A new token store stays out of git, and one that git has is told of."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kitefeed_cli.git import is_tracked, keep_out

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git")


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.com"]
    return subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bot"
    folder.mkdir()
    git(folder, "init", "-q")
    return folder


@pytest.fixture
def path(folder: Path) -> Path:
    path = folder / ".env"
    path.write_text("KITE_API_SECRET=s\n")
    return path


def test_a_new_store_gets_a_gitignore_beside_it(path: Path, folder: Path) -> None:
    lines = list(keep_out(path, new=True))

    assert "/.env\n" == (folder / ".gitignore").read_text()
    assert [f"{folder / '.gitignore'} is written, so that git leaves {path} alone"] == lines
    assert "?? .gitignore\n" == git(folder, "status", "--short")
    assert [] == list(keep_out(path, new=True))


def test_a_gitignore_that_is_there_is_not_touched(path: Path, folder: Path) -> None:
    (folder / ".gitignore").write_text("*.pyc\n")
    lines = list(keep_out(path, new=True))

    assert [f"git does not ignore {path}: add a line `/.env` to {folder / '.gitignore'}"] == lines
    assert "*.pyc\n" == (folder / ".gitignore").read_text()


def test_a_store_that_is_ignored_already_needs_nothing(path: Path, folder: Path) -> None:
    (folder / ".gitignore").write_text(".env\n")

    assert [] == list(keep_out(path, new=True))


def test_a_store_that_was_there_before_is_the_users_affair(path: Path, folder: Path) -> None:
    assert [] == list(keep_out(path, new=False))
    assert not (folder / ".gitignore").exists()


@pytest.mark.parametrize("new", [True, False])
def test_a_store_that_git_has_is_told_of(path: Path, folder: Path, new: bool) -> None:
    git(folder, "add", "-f", ".env")
    git(folder, "commit", "-q", "-m", "x")
    lines = list(keep_out(path, new=new))

    assert is_tracked(path)
    assert [f"{path} is tracked by git, secrets and all: `git rm --cached {path}`, and ignore it from now on"] == lines
    assert not (folder / ".gitignore").exists()


def test_the_file_that_a_link_leads_to_counts(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.env"
    link.symlink_to(path)
    list(keep_out(link, new=True))

    assert "/.env\n" == path.with_name(".gitignore").read_text()


@pytest.mark.parametrize("name", ["*.env", "!x", "a b.env"])
def test_a_name_that_means_more_to_git_is_left_to_the_user(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text("x")

    assert 1 == len(list(keep_out(path, new=True)))
    assert not (folder / ".gitignore").exists()


def test_outside_of_a_work_tree_nothing_happens(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("x")

    assert [] == list(keep_out(path, new=True))
    assert not is_tracked(path)
    assert [".env"] == [name for name in os.listdir(tmp_path) if name != "bot"]


def test_without_git_nothing_happens(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    assert [] == list(keep_out(path, new=True))


def test_a_configuration_that_comes_with_the_folder_starts_no_program(path: Path, folder: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hacked\n")
    hook.chmod(0o700)
    git(folder, "config", "core.fsmonitor", str(hook))
    list(keep_out(path, new=True))
    is_tracked(path)

    assert not (tmp_path / "hacked").exists()
