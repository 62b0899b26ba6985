"""The words of `kitefeed simulate`, and which of them go together: it plays, lists, explores, or draws random days."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME|FILE|DIR...",
        help="Shipped scenarios, files of yours, or folders of them.  \\[default: all shipped]",
        show_default=False,
    ),
]
Stage = Annotated[
    Literal["virtual", "emulator"],
    typer.Option(
        "--stage", envvar="KITEFEED_STAGE", help="On a virtual clock, or over real sockets with a local Kite."
    ),
]
ShowList = Annotated[bool, typer.Option("--list", envvar="KITEFEED_LIST", help="One scenario a line, its name first.")]
Accept = Annotated[
    bool, typer.Option("--accept", envvar="KITEFEED_ACCEPT", help="Lay the transcript beside the scenario file.")
]
Explain = Annotated[
    bool, typer.Option("--explain", envvar="KITEFEED_EXPLAIN", help="Tell it in plain sentences, as a timeline.")
]
Html = Annotated[
    Path | None,
    typer.Option("--html", envvar="KITEFEED_HTML", metavar="FILE", help="Write one scenario's timeline as a page."),
]

_SCENARIO = "a scenario"
_OF_SWARM = ("--days", "--seed", "--density", "--seeds-in")
_PLAYS = ""
_FITS = {
    "--list": (_SCENARIO, "--stage", "--json"),
    "--explore": ("--json",),
    "--swarm": (*_OF_SWARM, "--json"),
    _PLAYS: (_SCENARIO, "--stage", "--accept", "--explain", "--html", "--json"),
}
_WHY = {
    "--list": "it only names the scenarios",
    "--explore": "it meets every order of events by itself",
    "--swarm": "it draws days of its own, and plays them on the virtual clock",
}


def agree(*said: Mapping[str, object]) -> None:
    """Raises Problem for words that do not go together. `said`: words and their values; None, False, []: not said."""
    from ..problems import Problem

    every = {word: value for words in said for word, value in words.items()}
    given = [word for word, value in every.items() if value is not None and value is not False and value != []]
    way = next((word for word in _FITS if word in given), _PLAYS)
    odd = next((word for word in given if word != way and word not in _FITS[way]), None)
    if odd is None:
        if way == _PLAYS and "--json" in given and "--explain" in given:
            raise Problem(
                "`--explain` does not go with `--json`", "one tells people, the other machines", "leave out one of them"
            )
        return
    if way == _PLAYS:
        raise Problem(f"`{odd}` goes with `--swarm`", "no random days are asked for", "add `--swarm`")
    other = odd if odd == _SCENARIO else f"`{odd}`"
    raise Problem(f"`{way}` does not go with {other}", _WHY[way], "leave out one of the two")
