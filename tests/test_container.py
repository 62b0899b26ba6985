"""What can be said of the image without building it."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parent.parent
LINES = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
LAST_STAGE = LINES[max(number for number, line in enumerate(LINES) if line.startswith("FROM")) :]


def said(word: str, lines: list[str]) -> list[str]:
    return [line.partition(" ")[2] for line in lines if line.startswith(f"{word} ")]


def test_it_does_not_run_as_root() -> None:
    (user,) = said("USER", LAST_STAGE)

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


def test_its_health_is_what_the_feed_says_of_itself() -> None:
    (check,) = said("HEALTHCHECK", LAST_STAGE)

    assert "kitefeed status" in check
    assert "|| exit 1" in check


def test_what_it_copies_exists_and_is_all_that_it_is_given() -> None:
    copied = {name for line in said("COPY", LINES) if not line.startswith("--from") for name in line.split()[:-1]}
    given = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}

    assert copied == given
    assert [] == [name for name in copied if not (ROOT / name).exists()]


def test_no_token_store_gets_into_it() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()

    assert "*" in ignored
    assert any(fnmatch("kitefeed_cli/.env", pattern.replace("**/", "*/")) for pattern in ignored if ".env" in pattern)
