"""The words of `kitefeed validate` that say which checks are made, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

Only = Annotated[
    list[str] | None,
    typer.Option("--only", envvar="KITEFEED_ONLY", metavar="CHECK", help="This check alone; may be repeated."),
]
Skip = Annotated[
    list[str] | None,
    typer.Option("--skip", envvar="KITEFEED_SKIP", metavar="CHECK", help="Not this check; may be repeated."),
]
Wait = Annotated[
    bool,
    typer.Option("--wait-market-open", envvar="KITEFEED_WAIT_MARKET_OPEN", help="Check when the market has opened."),
]
Single = Annotated[
    bool,
    typer.Option(
        "--single", envvar="KITEFEED_SINGLE", help="For cron: end at once, silent, with 0, while another one checks."
    ),
]


def wanted(only: Sequence[str] | None, skip: Sequence[str] | None) -> list[str]:
    """The checks asked for, in their order. Raises typer.BadParameter for a name that none has, and for none left."""
    from ..checkup import CHECKS
    from ..problems import nearest

    named, left_out = _names(only), _names(skip)
    for name in (*named, *left_out):
        if name not in CHECKS:
            guess = nearest(name, CHECKS, 0.5)
            meant = f"; did you mean {guess}?" if guess else "."
            raise typer.BadParameter(f"there is no check {name!r}{meant} All are: {', '.join(CHECKS)}")
    chosen = [name for name in CHECKS if name in (named or CHECKS) and name not in left_out]
    if not chosen:
        raise typer.BadParameter("no check is left")
    return chosen


def _names(words: Sequence[str] | None) -> list[str]:
    """`--only dns,tcp` is the same as `--only dns --only tcp`."""
    return [name.strip() for word in words or () for name in word.split(",") if name.strip()]
