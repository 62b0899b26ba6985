from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from kitefeed_cli.app import app

# Completion is the shell's affair; --version is no setting; the others are read with the settings, `.env` included.
_SET = {"mode", "calendar", "watchlist", "underlying", "expiry", "atm", "secondary", "token_file", "token_command"}
_SET |= {"notify", "notify_exec", "from_url", "publish", "publish_keep"}
WITHOUT = {"install_completion", "show_completion", "version", *_SET}


def _of_units(group: Any) -> dict[str, Any]:
    commands: dict[str, Any] = group.commands["service"].commands
    return commands


def options() -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    for name, command in [("kitefeed", group), *group.commands.items(), *_of_units(group).items()]:
        for parameter in command.params:
            if parameter.param_type_name == "option":
                yield name, parameter


def test_every_flag_has_a_twin_in_the_environment() -> None:
    missing = {(name, option.name) for name, option in options() if option.name not in WITHOUT and not option.envvar}

    assert set() == missing
    assert len(list(options())) > 20


def test_the_twins_are_named_like_our_settings() -> None:
    assert [] == [
        option.envvar for _, option in options() if option.envvar and not option.envvar.startswith("KITEFEED_")
    ]


def test_what_stands_in_brackets_in_a_help_text_is_shown() -> None:
    """Typer takes an unescaped bracket for markup and swallows it."""
    group: Any = typer.main.get_command(app)
    texts = [parameter.help or "" for command in group.commands.values() for parameter in command.params]

    assert [] == [text for text in texts if "[" in text.replace("\\[", "")]
    assert any("\\[default: " in text for text in texts)


def test_every_command_and_flag_has_a_help_text() -> None:
    group: Any = typer.main.get_command(app)

    assert [] == [name for name, command in group.commands.items() if not command.help]
    assert [] == [(name, option.name) for name, option in options() if not option.help]


def test_no_help_text_is_cut_on_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long metavar leaves the texts too little room for the names of the variables."""
    monkeypatch.setenv("COLUMNS", "80")
    group: Any = typer.main.get_command(app)
    commands = [[], *([name] for name in group.commands), *(["service", name] for name in _of_units(group))]
    pages = {" ".join(words): CliRunner().invoke(app, [*words, "--help"]).output for words in commands}

    assert [] == [name for name, page in pages.items() if "\u2026" in page]
    assert [] == [name for name, page in pages.items() if max(map(len, page.splitlines())) > 80]
    assert "KITEFEED_EMULATOR_INSTRUMENTS]" in pages["emulator"]
