"""The page on instruments that cannot be followed."""

from __future__ import annotations

from .page import Meaning, Page

NO_INSTRUMENT = Page(
    name="no-instrument",
    title="Kite has no such instrument",
    brief="a symbol or an instrument token that Kite does not list",
    seen=(
        *("has no instrument", "is not an instrument", "expired contract", "has no options that expire"),
        "cannot be chosen",
    ),
    about="Kite lists about 100,000 instruments anew on each trading day. What is not in the list gets neither ticks "
    "nor an error from Kite: a quote leaves it out, the feed ignores it.",
    apart="`kitefeed find TEXT` looks a name up, and names the nearest when there is none.",
    meanings=(
        Meaning(
            "The name is mistyped, or lacks its exchange",
            "the error names the nearest ones",
            "write it as EXCHANGE:SYMBOL; `kitefeed find TEXT` looks it up",
            ("not-found",),
        ),
        Meaning(
            "The contract has expired",
            "its day is past: the error names the contract that follows",
            "name that one, or let a rule roll over: `--underlying NIFTY --expiry this-month`",
        ),
        Meaning(
            "The symbol was changed",
            "Kite lists the same instrument token under another name since today; `kitefeed run` says which",
            "write the new name",
        ),
        Meaning(
            "The instrument token is another contract's",
            "Kite gives the token of an expired contract to a new one; `kitefeed run` says so",
            "write symbols instead of instrument tokens",
        ),
        Meaning(
            "The rule has no such expiry",
            "the underlying has monthly expiries alone, or none on that day; the error lists those there are",
            "write one of them after `--expiry`",
            ("no-such-expiry",),
        ),
        Meaning(
            "The rule has no price to choose strikes by",
            "`--atm` takes one quote, and Kite gave none",
            "run `kitefeed login`, or leave `--atm` out to follow every strike",
            ("no-price",),
        ),
    ),
    words=("instrument", "symbol"),
    see=("no-ticks", "subscribe-limit"),
)
