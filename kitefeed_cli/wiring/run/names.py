"""The names of the watchlist: looked up before a run's loops start, and told when one of them does not tick."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping

from ...clock import Clock
from ...console.printer import Printer
from ...kite.instruments import DOWNLOAD_S
from ...kite.watchlist import Watchlist
from ...policy import Cause
from ...problems import Problem

_NAMED = 5  # instruments in one line
_PATIENCE_S = 5.0  # without a word


def resolve_names(
    watchlist: Watchlist,
    clock: Clock,
    stopping: Callable[[], bool],
    fail: Callable[[Problem], None],
    tell: Callable[[str], None],
) -> str | None:
    """Resolve on a thread of its own, so that Ctrl-C need not wait for a list that takes its time. Answers why the
    list has to be asked for again; None when all is known or `stopping`. Names that no list knows go to `fail`; `tell`
    hears what is waited for, when it is long."""
    done = threading.Condition()
    answers: list[str | None] = []

    def look_up() -> None:
        try:
            answer = watchlist.resolve()
        except Problem as problem:
            fail(problem)
            answer = None
        with done:
            answers.append(answer)
            done.notify()

    threading.Thread(target=look_up, name="kitefeed-instruments", daemon=True).start()
    told_s = clock.now_s() + _PATIENCE_S
    with done:
        while not (answers or stopping()):
            if clock.now_s() >= told_s:
                tell(f"Waiting for Kite's instrument list, {DOWNLOAD_S:.0f} s at the most")
                told_s = math.inf
            clock.wait(done, 1.0)
    return answers[0] if answers else None


def tell_waiting(watchlist: Watchlist, again: str, printer: Printer) -> None:
    """The names are not known yet: quietly when the list will come by itself, aloud when somebody must log in first."""
    waits_for = watchlist.waits_for
    aloud = waits_for is not None and waits_for.cause == "no-price"
    (printer.status if aloud else printer.detail)(f"{again}; it is asked for again before the feed opens")


def tell_missing(few: str, again: bool, cause: Cause | None, printer: Printer) -> None:
    """`few` have not ticked since the connection opened: lost on the way at first, asked for `again`, and in the end
    their own affair; but not that of instruments beside a feed which, for this `cause`, brings nobody's ticks."""
    if again:
        printer.detail(f"no tick yet, subscribed again: {few}")
    elif cause is not Cause.FEED_MUTE:
        printer.status(f"no tick on this connection, although subscribed four times: {few}")


def few_names(missing: Iterable[int], names: Mapping[int, str]) -> str:
    """The names of these instrument tokens as one short piece of a line."""
    known = [names.get(token, str(token)) for token in missing]
    return ", ".join(known[:_NAMED]) + (f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else "")
