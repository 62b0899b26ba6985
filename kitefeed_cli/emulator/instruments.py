"""What can be subscribed to: about forty well-known instruments, the option chains of three indices, and as many
made-up instruments as asked for.

Cash and index tokens are Kite's real ones. Derivatives carry the contract months of the date shown, and exchange
tokens of our own. Instrument token = exchange token << 8 | segment (Kite Connect v3 docs, WebSocket page).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from itertools import count

from kitefeed_cli.emulator.chains import CHAINS, TUESDAY, monthly_expiry, options

NSE, NFO, CDS, BSE, BFO, BCD, MCX, INDICES = 1, 2, 3, 4, 5, 6, 7, 9
CHAINS_FROM = 54_000  # the first exchange token of an option in a chain
MADE_UP_FROM = 200_000  # the first exchange token of the made-up ones, above all real NSE ones

CSV_HEADER = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    "lot_size,instrument_type,segment,exchange"
)


@dataclass(frozen=True)
class Instrument:
    """One row of the dump. Prices in rupees."""

    exchange: str
    tradingsymbol: str
    exchange_token: int
    segment_id: int
    price: float  # where its market starts
    tick_size: float = 0.05
    lot_size: int = 1
    name: str = ""
    expiry: str = ""
    strike: float = 0
    instrument_type: str = "EQ"
    segment: str = ""

    @property
    def instrument_token(self) -> int:
        return self.exchange_token << 8 | self.segment_id

    @property
    def key(self) -> str:
        return f"{self.exchange}:{self.tradingsymbol}"

    @property
    def is_derivative(self) -> bool:
        return bool(self.expiry)


# tradingsymbol, name, exchange token, price
_NSE = [
    ("INFY", "INFOSYS", 1594, 1523.40),
    ("RELIANCE", "RELIANCE INDUSTRIES", 2885, 1412.50),
    ("TATAMOTORS", "TATA MOTORS", 3456, 702.15),
    ("SBIN", "STATE BANK OF INDIA", 3045, 812.30),
    ("ACC", "ACC", 22, 1874.60),
    ("HDFCBANK", "HDFC BANK", 1333, 985.20),
    ("ICICIBANK", "ICICI BANK", 4963, 1390.75),
    ("TCS", "TATA CONSULTANCY SERV LT", 11536, 3120.10),
    ("AXISBANK", "AXIS BANK", 5900, 1188.90),
    ("KOTAKBANK", "KOTAK MAHINDRA BANK", 1922, 2085.35),
    ("ITC", "ITC", 1660, 408.55),
    ("LT", "LARSEN & TOUBRO", 11483, 3742.00),
    ("BHARTIARTL", "BHARTI AIRTEL", 10604, 1934.25),
    ("HINDUNILVR", "HINDUSTAN UNILEVER", 1394, 2512.80),
    ("MARUTI", "MARUTI SUZUKI INDIA", 10999, 15230.00),
    ("WIPRO", "WIPRO", 3787, 246.70),
    ("BAJFINANCE", "BAJAJ FINANCE", 317, 1012.45),
    ("SUNPHARMA", "SUN PHARMACEUTICAL IND L", 3351, 1648.05),
    ("TATASTEEL", "TATA STEEL", 3499, 171.35),
    ("NTPC", "NTPC", 11630, 336.90),
    ("IDEA", "VODAFONE IDEA", 14366, 8.74),
]
_BSE = [
    ("INFY", "INFOSYS", 500209, 1523.35),
    ("RELIANCE", "RELIANCE INDUSTRIES", 500325, 1412.60),
    ("SBIN", "STATE BANK OF INDIA", 500112, 812.25),
    ("TCS", "TATA CONSULTANCY SERV LT", 532540, 3120.00),
]
_INDICES = [
    ("NSE", "NIFTY 50", 1001, 24987.65),
    ("NSE", "NIFTY BANK", 1016, 55310.20),
    ("NSE", "NIFTY FIN SERVICE", 1007, 26480.75),
    ("NSE", "INDIA VIX", 1035, 13.40),
    ("BSE", "SENSEX", 1, 81620.45),
]


def _derivatives(shown: date) -> list[Instrument]:
    day = monthly_expiry(shown, TUESDAY)
    month = f"{day:%y%b}".upper()
    expiry = day.isoformat()

    def future(exchange: str, name: str, token: int, segment: int, price: float, tick: float, lot: int) -> Instrument:
        return Instrument(
            exchange, f"{name}{month}FUT", token, segment, price, tick, lot, name, expiry, 0, "FUT", f"{exchange}-FUT"
        )

    def option(name: str, strike: int, kind: str, token: int, price: float, lot: int) -> Instrument:
        symbol = f"{name}{month}{strike}{kind}"
        return Instrument("NFO", symbol, token, NFO, price, 0.05, lot, name, expiry, strike, kind, "NFO-OPT")

    return [
        future("NFO", "NIFTY", 53_001, NFO, 25042.10, 0.1, 75),
        future("NFO", "BANKNIFTY", 53_002, NFO, 55462.40, 0.2, 35),
        future("NFO", "RELIANCE", 53_003, NFO, 1418.70, 0.1, 500),
        option("NIFTY", 25000, "CE", 53_011, 212.35, 75),
        option("NIFTY", 25000, "PE", 53_012, 186.80, 75),
        option("BANKNIFTY", 55500, "CE", 53_013, 604.15, 35),
        future("CDS", "USDINR", 1_176, CDS, 90.2575, 0.0025, 1),
        future("CDS", "EURINR", 1_177, CDS, 104.4150, 0.0025, 1),
        future("BCD", "USDINR", 1_000, BCD, 90.2575, 0.0025, 1),
        future("MCX", "GOLD", 53_201, MCX, 126420.00, 1.0, 1),
        future("MCX", "CRUDEOIL", 53_202, MCX, 5284.00, 1.0, 1),
    ]


def _chains(shown: date, listed: set[str]) -> list[Instrument]:
    """Every option of the chains that is not `listed` already."""
    numbers = count(CHAINS_FROM)
    return [
        Instrument(
            *(chain.exchange, one.symbol, next(numbers), BFO if chain.exchange == "BFO" else NFO, one.price, 0.05),
            *(chain.lot, chain.name, one.expiry.isoformat(), one.strike, one.kind, f"{chain.exchange}-OPT"),
        )
        for chain in CHAINS
        for one in options(chain, shown)
        if one.symbol not in listed
    ]


def universe(shown: date, made_up: int) -> list[Instrument]:
    """The well-known instruments as of the date shown, then `made_up` more on NSE, named DEMO00001 and on."""
    cash = [
        Instrument(exchange, symbol, token, segment, price, 0.01 if price < 10 else 0.05, name=name, segment=exchange)
        for exchange, segment, listed in (("NSE", NSE, _NSE), ("BSE", BSE, _BSE))
        for symbol, name, token, price in listed
    ]
    indices = [
        Instrument(exchange, symbol, token, INDICES, price, name=symbol, segment="INDICES")
        for exchange, symbol, token, price in _INDICES
    ]
    demo = [
        Instrument("NSE", f"DEMO{n:05d}", MADE_UP_FROM + n, NSE, 50.0 + n * 37 % 2900, name=f"DEMO {n}", segment="NSE")
        for n in range(1, made_up + 1)
    ]
    derivatives = _derivatives(shown)
    chains = _chains(shown, {one.tradingsymbol for one in derivatives})
    return [*indices, *cash, *derivatives, *chains, *demo]


def as_csv(instruments: list[Instrument]) -> str:
    """The daily dump. `last_price` is 0 as in Kite's: the dump is not a source of prices."""
    text = io.StringIO(f"{CSV_HEADER}\n")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\n")
    for one in instruments:
        writer.writerow(
            [one.instrument_token, one.exchange_token, one.tradingsymbol, one.name, 0, one.expiry]
            + [f"{number:g}" for number in (one.strike, one.tick_size, one.lot_size)]
            + [one.instrument_type, one.segment, one.exchange]
        )
    return text.getvalue()
