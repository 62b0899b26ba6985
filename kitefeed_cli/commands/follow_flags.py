"""The flags that say what to follow, and from where. They are read with the other settings, the env file included, so
that `envvar` stands in their help texts alone."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INSTRUMENT...",
        help='"NSE:INFY", "NSE:NIFTY 50" or an instrument token.  \\[default: two indices of NSE, one of BSE]',
        show_default=False,
    ),
]
Watchlists = Annotated[
    list[str] | None,
    typer.Option(
        "--watchlist",
        metavar="FILE",
        help="A file with one instrument a line; may be given again.  \\[env var: KITEFEED_WATCHLIST]",
        show_default=False,
    ),
]
Underlyings = Annotated[
    list[str] | None,
    typer.Option(
        "--underlying",
        metavar="NAME",
        help="Options on NIFTY, RELIANCE...; may be given again.  \\[env var: KITEFEED_UNDERLYING]",
        show_default=False,
    ),
]
Expiry = Annotated[
    str | None,
    typer.Option(
        "--expiry",
        metavar="WHEN",
        help="With --underlying: this-week, next-week, this-month, next-month, nearest, or a date.  "
        "\\[env var: KITEFEED_EXPIRY; default: nearest]",
        show_default=False,
    ),
]
Atm = Annotated[
    str | None,
    typer.Option(
        "--atm",
        metavar="STRIKES",
        help="With --underlying: so many strikes on either side of the price.  "
        "\\[env var: KITEFEED_ATM; default: every strike]",
        show_default=False,
    ),
]
Secondary = Annotated[
    str | None,
    typer.Option(
        "--secondary",
        metavar="SOURCE",
        help="Asked while Kite serves nothing: upstox, or a plugin's name.  \\[env var: KITEFEED_SECONDARY]",
        show_default=False,
    ),
]
Mode = Annotated[
    Literal["ltp", "quote", "full"] | None,
    typer.Option(
        "--mode", help="How much each tick carries.  \\[env var: KITEFEED_MODE; default: quote]", show_default=False
    ),
]


def flags_of(ctx: typer.Context) -> dict[str, str | list[str] | None]:
    """The flags of this command that are settings too, by their names there; None: not given."""
    from ..settings import NAMES

    return {name: value for name, value in ctx.params.items() if name in NAMES}
