"""Options by rule: those on NIFTY that end this week, ten strikes on either side of its price.

Which expiries are weekly and which monthly is read off the list's own dates: exchanges move their weekdays, holidays
move single contracts, and a calendar of weekdays would be wrong for weeks before anybody noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ..following import Rule
from ..problems import Exit, Problem
from ..redact import one_line
from .dump import OPTION_TYPES, Dump, Instrument

Prices = Callable[[list[str]], Mapping[str, float]]  # last prices in rupees by name; raises KiteError, Problem

# What the options of a name are on, where that is no share of the same name (Kite's instrument list, `INDICES`).
_INDEX = {
    "NIFTY": "NSE:NIFTY 50",
    "BANKNIFTY": "NSE:NIFTY BANK",
    "FINNIFTY": "NSE:NIFTY FIN SERVICE",
    "MIDCPNIFTY": "NSE:NIFTY MID SELECT",
    "NIFTYNXT50": "NSE:NIFTY NEXT 50",
    "SENSEX": "BSE:SENSEX",
    "BANKEX": "BSE:BANKEX",
    "SENSEX50": "BSE:SNSX50",
}
_NAMES = {spot.partition(":")[2]: name for name, spot in _INDEX.items()}
_EXCHANGES = ("NFO", "BFO", "MCX", "CDS", "BCD", "NCO")  # the first that has options of the name is meant
_SLACK = 0.75  # strikes: the least that a price must be off the middle before other strikes are chosen
_ALL_STRIKES = 1000  # no chain of one expiry is longer; what is reckoned with before the list is at hand


@dataclass(frozen=True, slots=True)
class Window:
    """What a rule means now. `spot`: whose price is in the middle, None when every strike is wanted."""

    rule: Rule
    chain: Chain
    strikes: tuple[float, ...]
    options: tuple[Instrument, ...]
    spot: Instrument | None = None
    price: float = 0.0

    @property
    def line(self) -> str:
        """The choice in words."""
        many, strikes = len(self.options), len(self.strikes)
        said = f"{self.rule.underlying}: {many} option{'s' * (many != 1)} of {self.chain.expiry}, "
        said += f"{strikes} strikes from {self.strikes[0]:,g} to {self.strikes[-1]:,g}" if strikes > 1 else "one strike"
        said += f", {self.strikes[0]:,g}" * (strikes == 1)
        wanted = 2 * (self.rule.atm or 0) + 1
        few = f", {wanted} were wanted" if self.spot and strikes < wanted else ""
        return said + (f" around {self.price:,.2f} ({self.spot.key})" if self.spot else "") + few

    def moved(self, price: float) -> Window | None:
        """The window around another price; None as long as that is near enough to the middle of this one. Near enough
        is more than it takes to be the nearest strike, so that a price between two of them changes nothing."""
        atm, strikes = self.rule.atm, self.chain.strikes
        if atm is None or self.spot is None or price <= 0:
            return None
        middle = self.chain.nearest(self.price)
        aside = strikes[min(middle + 1, len(strikes) - 1)] - strikes[max(middle - 1, 0)]
        step = aside / 2 if 0 < middle < len(strikes) - 1 else aside
        if abs(price - strikes[middle]) < step * max(_SLACK, atm / 4 + 0.5):
            return None
        window = self.chain.around({self.spot.key: price})
        return window if window.strikes != self.strikes else None


def most(rule: Rule) -> int:
    """How many instruments a rule may come to, before the list is at hand."""
    return _ALL_STRIKES if rule.atm is None else 2 * (2 * rule.atm + 1) + 1


def windows(rules: Sequence[Rule], dump: Dump, today: date, prices: Prices) -> list[Window]:
    """What the rules mean on that day. `prices` is asked once, for all of them, and not at all when no rule needs it.

    Raises Problem (exit 5) for an underlying without options and for an expiry that there is not, and what `prices`
    does.
    """
    chains = [Chain(rule, dump, today) for rule in rules]
    spots = list(dict.fromkeys(chain.spot.key for chain in chains if chain.spot is not None))
    quoted = prices(spots) if spots else {}
    return [chain.around(quoted) for chain in chains]


class Chain:
    """The options on one underlying that end on one day, and whose price chooses among them."""

    def __init__(self, rule: Rule, dump: Dump, today: date) -> None:
        self.rule = rule
        exchange, _, name = rule.underlying.rpartition(":")
        listed = dump.derivatives(_NAMES.get(name, name))
        options = [one for one in listed if one.instrument_type in OPTION_TYPES]
        exchanges = [exchange] if exchange in _EXCHANGES else _EXCHANGES
        home = next((one for one in exchanges if any(row.exchange == one for row in options)), None)
        if home is None:
            raise _no_options(rule, dump)
        options = [one for one in options if one.exchange == home]
        days = sorted({one.expiry for one in options if one.expiry is not None and one.expiry >= today})
        self.expiry = _expiry(rule, days)
        self._options = [one for one in options if one.expiry == self.expiry]
        self.strikes = sorted({one.strike for one in self._options})
        self.spot = None if rule.atm is None else self._spot(dump, listed, home)

    def nearest(self, price: float) -> int:
        """Where in `strikes` the nearest to a price stands; of two the lower."""
        return min(range(len(self.strikes)), key=lambda at: (abs(self.strikes[at] - price), at))

    def around(self, quoted: Mapping[str, float]) -> Window:
        strikes, price = self.strikes, 0.0
        if self.rule.atm is not None and self.spot is not None:
            price = quoted.get(self.spot.key, 0.0)
            if price <= 0:
                raise Problem(
                    f"the strikes around {self.rule.underlying} cannot be chosen",
                    f"Kite has no price for {self.spot.key}",
                    "leave `--atm` out to follow every strike, or name the options one by one",
                    Exit.REFUSED,
                    "no-price",
                )
            middle = self.nearest(price)
            strikes = strikes[max(0, middle - self.rule.atm) : middle + self.rule.atm + 1]
        wanted = set(strikes)
        chosen = sorted(
            (one for one in self._options if one.strike in wanted), key=lambda one: (one.strike, one.instrument_type)
        )
        return Window(self.rule, self, tuple(strikes), tuple(chosen), self.spot, price)

    def _spot(self, dump: Dump, listed: Iterable[Instrument], home: str) -> Instrument:
        """Whose price counts: the index, the share of that name, or the future that these options end with."""
        name = self._options[0].name.upper()
        likely = [_INDEX.get(name, ""), f"NSE:{name}", f"BSE:{name}"]
        found = dump.named([key for key in likely if key])
        cash = next((found[key] for key in likely if key in found and found[key].expiry is None), None)
        if cash is not None and home in ("NFO", "BFO"):
            return cash
        futures = [one for one in listed if one.exchange == home and one.instrument_type == "FUT"]
        later = [one for one in futures if one.expiry is not None and one.expiry >= self.expiry]
        if later:
            return min(later, key=lambda one: (one.expiry or date.max, one.key))
        raise Problem(
            f"the strikes around {self.rule.underlying} cannot be chosen",
            "neither an index nor a share of that name is in Kite's list, nor a future",
            "leave `--atm` out to follow every strike",
            Exit.REFUSED,
            "no-price",
        )


def _expiry(rule: Rule, days: Sequence[date]) -> date:
    """The day that the rule's word means. `days`: all expiries from today on, in order.

    A weekly underlying has two expiries in one month, at least; the last one of a month is the monthly.
    """
    last_of_month = {(day.year, day.month): day for day in days}
    monthly = list(last_of_month.values())
    weekly = len(days) > len(monthly)
    nth = 1 if rule.expiry.startswith("next-") else 0
    why = f"its expiries are {', '.join(map(str, days[:4]))}" if days else "it has no expiry any more"
    match rule.expiry:
        case "nearest":
            choice = days
        case "this-week" | "next-week":
            choice = days if weekly else []
            why = why if weekly or not days else f"it has monthly expiries alone: {', '.join(map(str, days[:3]))}"
        case "this-month" | "next-month":
            choice = monthly
        case _:
            choice = [day for day in days if day.isoformat() == rule.expiry]
    if nth < len(choice):
        return choice[nth]
    advice = "`--expiry this-month`" if "week" in rule.expiry and monthly else f"`--expiry {days[0]}`" if days else ""
    raise Problem(
        f"{rule.underlying} has no options that expire {_said(rule.expiry)}",
        why,
        f"write {advice}" if advice else "choose another underlying",
        Exit.REFUSED,
        "no-such-expiry",
    )


def _said(expiry: str) -> str:
    return f"on {expiry}" if expiry[0].isdigit() else expiry.replace("-", " ")


def _no_options(rule: Rule, dump: Dump) -> Problem:
    import difflib

    name, kind = dump.place("name"), dump.place("instrument_type")
    known = {cells[name].upper() for cells in dump.cells() if cells[kind] in OPTION_TYPES}
    guesses = difflib.get_close_matches(rule.underlying.rpartition(":")[2], sorted(known), 2, 0.6)
    return Problem(
        f"there are no options on {one_line(rule.underlying)}",
        "no option in Kite's list has that name",
        f"did you mean {' or '.join(map(one_line, guesses))}?" if guesses else "name an index or a share, like NIFTY",
        Exit.REFUSED,
        "unknown-symbol",
    )
