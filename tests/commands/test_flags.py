from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from kitefeed_cli.app import app

# Completion is the shell's affair; --version is no setting; the others are read with the settings, `.env` included.
_SET = {"mode", "calendar", "watchlist", "underlying", "expiry", "atm", "secondary", "token_file", "token_command"}
_SET |= {"notify", "notify_exec"}
WITHOUT = {"install_completion", "show_completion", "version", *_SET}


def options() -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    of_units = group.commands["service"].commands
    for name, command in [("kitefeed", group), *group.commands.items(), *of_units.items()]:
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
