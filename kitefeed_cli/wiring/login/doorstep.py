"""What a login shows while it waits: the link, a QR code of it where one helps, and what to do next."""

from __future__ import annotations

from ...console.printer import Printer
from ...kite.login.qr import qr_code

_BELOW = 2  # lines of the terminal that what follows a QR code takes, the cursor's included
_LOADS = "Should the page you land on not load, paste its address here and press Enter.\n"
_ELSEWHERE = "Log in, copy the address you land on (it will not load), and paste it here:\n"


def show_link(printer: Printer, url: str, *, person: bool, elsewhere: bool, qr: bool | None) -> None:
    """`elsewhere`: the browser is on another device. `qr`: wanted, not wanted, or None: where it helps and fits."""
    head = "Open this link on your phone or computer:" if elsewhere and person else "Log in to Kite here:"
    how = (_ELSEWHERE if elsewhere else _LOADS) if person else ""
    printer.prompt(f"{head}\n\n  {url}\n\n")
    if qr or (qr is None and elsewhere and person):
        _show_code(printer, url, insist=bool(qr))
    if how:
        printer.prompt(how)


def _show_code(printer: Printer, url: str, *, insist: bool) -> None:
    """On a terminal alone. Unless it is insisted on, the link above it must stay on the screen."""
    if not printer.talks_to_terminal:
        return
    from rich.text import Text

    console = printer.talk_console()
    columns, lines = console.size
    blocks = "utf" in console.encoding.lower()
    around = _BELOW if insist else _BELOW + 3 + -(-(len(url) + 2) // columns)
    code = qr_code(url, columns, lines - around, blocks=blocks)
    if code is None:
        if insist:
            printer.status("The terminal is too small for the QR code")
        return
    for row in code:
        console.print(Text(row, "bright_white on black", no_wrap=True))
