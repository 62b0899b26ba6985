"""What is drawn on a terminal: the live table of `run` and the checks of `validate`. Pure: values in, drawing out.

Every cell is a `Text`, never markup: "[nse:infy]" is data. Nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..ticks.last import LAST_KNOWN, Last, served_by
from .rows import STALE_S, age_words, rupees
from .words import duration, percent

_STATES = {  # word, style
    "live": ("LIVE", "bold green"),
    "partial": ("PARTLY LIVE", "bold yellow"),
    "connecting": ("CONNECTING", "bold yellow"),
    "polling": ("POLLING", "bold yellow"),
    "stale": ("STALE", "bold red"),
    "signed-out": ("SIGNED OUT", "bold red"),
    "closed": ("MARKET CLOSED", "bold cyan"),
    "unknown": ("NO NEWS YET", "bold cyan"),  # whether the market trades, the calendar does not know
}
# While the feed is live its heartbeats prove every second that a price without news is still the last one; polls come
# every few seconds; a closed market has no fresh values, and nothing is wrong with that.
_STALE_AFTER_S = {"live": 60.0, "partial": 60.0, "polling": 15.0, "closed": inf, "unknown": inf}
_NOBODY_SERVES = ("stale", "signed-out")
_COLUMNS = {  # the least width, so that columns do not jump about
    "Instrument": 1,
    "LTP": 13,
    "Change": 8,
    "Age": 12,
    "Source": 10,
    "Age, source": 1,
}
_CHOICES = (  # on narrower and narrower terminals: no price without its age and source down to 40 columns
    ("Instrument", "LTP", "Change", "Age", "Source"),
    ("Instrument", "LTP", "Age", "Source"),
    ("Instrument", "LTP", "Age, source"),
    ("Instrument", "LTP"),
)
_CUT_NAME = 5  # a name may be cut to so much before its price loses age and source
_KEEP_END = 9  # from so many columns on, a name that is cut keeps its end: that is where options differ
_GAP = 2  # columns of the terminal between two of ours


def live_table(
    lasts: Iterable[Last],
    names: Mapping[int, str],
    state: str,
    now_s: float,
    *,
    width: int = 80,
    height: int = 24,
    next_step: str = "",
    secondary: str | None = None,
    hours: str = "",
    gaps: str = "",
    backlog: str = "",
    ascii_only: bool = False,
) -> RenderableType:
    """The table of `run`: a state line with the `gaps` so far, one row an instrument in the order of `names`, and what
    to do. `hours`: why no news comes, when that is a matter of hours. `secondary`: the name of the secondary source
    while it serves. `backlog`: a line on outputs that do not keep up.

    `now_s` is on the run's clock; `width` and `height` are the terminal's columns and lines. Instruments that do
    not fit are counted in a line below.
    """
    by_token = {last.instrument_token: last for last in lasts}
    below = -(-len(f"next: {next_step}") // max(1, width - 8)) if next_step else 0
    below += -(-len(backlog) // max(1, width))
    shown = list(names.items())[: _rows_that_fit(len(names), height - below)]  # a copy: they come and go
    rows = [_cells(name, by_token.get(token), state, secondary, now_s, ascii_only) for token, name in shown]
    headline = _headline(state, len(names), secondary, (hours, gaps), width)
    parts: list[RenderableType] = [headline, _grid(rows, width, ascii_only)]
    if len(shown) < len(names):
        parts.append(Text(f"… and {len(names) - len(shown)} more", style="dim"))
    if backlog:
        parts.append(Text(backlog, style="dim"))
    if next_step:
        parts.append(Text.assemble(("next:", "cyan"), f" {next_step}"))
    return Group(*parts)


def _rows_that_fit(instruments: int, height: int) -> int:
    room = height - 3  # the state line, the heading and the cursor's own line
    return max(1, room if instruments <= room else room - 1)


def _grid(rows: list[dict[str, Text]], width: int, ascii_only: bool) -> Table:
    """As many columns as fit. The name gives way before the price does: a cut price is a wrong one."""
    widths = {
        heading: max(least, len(heading), *(len(row[heading]) for row in rows)) for heading, least in _COLUMNS.items()
    }
    for choice in _CHOICES:
        others = sum(widths[heading] + _GAP for heading in choice[1:])
        name = widths["Instrument"] if "Age" in choice else min(widths["Instrument"], _CUT_NAME)
        if others + name <= width:
            break
    widths["Instrument"] = max(1, min(widths["Instrument"], width - others))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for heading in choice:
        table.add_column(
            heading,
            justify="left" if heading in ("Instrument", "Source") else "right",
            width=widths[heading],
            no_wrap=True,
            overflow="crop" if ascii_only and heading == "Instrument" else "ellipsis",
        )
    for row in rows:
        row["Instrument"] = _cut(row["Instrument"], widths["Instrument"], ".." if ascii_only else "…")
        table.add_row(*(row[heading] for heading in choice))
    return table


def _cut(name: Text, width: int, mark: str) -> Text:
    """NFO:NIFTY26NOV24900CE → NFO:N…24900CE. On a few columns the table cuts it behind the exchange."""
    if len(name) <= width or width < _KEEP_END:
        return name
    end = (width - len(mark)) * 3 // 5
    return Text(f"{name.plain[: width - len(mark) - end]}{mark}{name.plain[-end:]}", style=name.style)


def _headline(state: str, instruments: int, secondary: str | None, more: Sequence[str], width: int) -> Text:
    word, style = _STATES.get(state, (state.upper(), "bold"))
    headline = Text.assemble((word, style), (f"  {instruments} instrument{'s' * (instruments != 1)}", "dim"))
    if secondary is not None:
        headline.append(f"  source: {secondary}", "bold yellow")
    for words in more:
        if words and len(headline) + 2 + len(words) <= width:
            headline.append(f"  {words}", "dim")
    return headline


def _cells(
    name: str, last: Last | None, state: str, secondary: str | None, now_s: float, ascii_only: bool
) -> dict[str, Text]:
    if last is None:
        words = (name, "-", "-", "waiting", "-", "waiting")
        return {heading: Text(word, style="dim") for heading, word in zip(_COLUMNS, words, strict=True)}
    age_s = max(0.0, now_s - last.received_s)
    source = served_by(last, state not in _NOBODY_SERVES, secondary)
    served = source != LAST_KNOWN
    stale = age_s > _STALE_AFTER_S.get("polling" if source == secondary else state, STALE_S)
    change = last.change_percent or 0.0
    color = "green" if change > 0 else "red" if change < 0 else ""
    style = "" if served and not stale else "dim"
    age = age_words(age_s) if stale else duration(age_s)
    seen = age if served and not last.snapshot else duration(age_s)  # last-known says stale, and so does a snapshot
    narrow = f"{seen} {source}{' snap' * (last.snapshot and served)}"
    return {
        "Instrument": Text(name, style=style),
        "LTP": Text(rupees(last, "Rs " if ascii_only else "₹"), style=style or "bold"),
        "Change": Text(percent(last.change_percent), style=style or color),
        "Age": Text(age, style=style),
        "Source": Text(f"{source} snapshot" if last.snapshot else source, style="dim"),
        "Age, source": Text(narrow, style=style),
    }
