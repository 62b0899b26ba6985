"""The page about the messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from kitefeed_cli.console import catalogue
from kitefeed_cli.policy.actions import Note
from kitefeed_cli.policy.causes import Cause


def test_the_page_shows_every_cause_and_every_status_line() -> None:
    page = catalogue.page()

    assert len(Cause) == page.count("\nerror: ")
    assert len(Note) == page.count("\n11:20:10 ")
    assert "  why: the feed dropped at 11:20:10; Kite rejects the token (403 TokenException)\n" in page


def test_the_page_in_the_tree_is_fresh() -> None:
    assert 0 == catalogue.main(["--check"])


def test_a_stale_page_fails_the_check_and_writing_it_mends_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(catalogue, "PAGE", tmp_path / "messages.md")
    assert 1 == catalogue.main(["--check"])
    assert "messages.md is stale" in capsys.readouterr().err
    assert 0 == catalogue.main([])
    assert 0 == catalogue.main(["--check"])
    catalogue.PAGE.write_text("old", encoding="utf-8")
    assert 1 == catalogue.main(["--check"])
