"""What becomes of the instruments of a run: overnight by a new day's list, and by day when the price moves away from
the strikes that a rule chose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .changes import Change, Kind, between
from .choice import Choice
from .instruments import Instrument, Instruments
from .nearest import Missing


@dataclass(frozen=True, slots=True)
class Renewal:
    """`added` and `gone` are instrument tokens to subscribe to and to give up; `another`: those that stay and are
    another instrument's now, so that no old price may stand under the new name. `lines`: what to tell."""

    added: tuple[int, ...]
    gone: tuple[int, ...]
    another: tuple[int, ...]
    lines: tuple[str, ...]


def renewed(before: Sequence[Instrument], found: Choice, lists: Instruments, since: str) -> Renewal:
    """The differences; `since`: the day of the list that `before` was found in."""
    old, new = ({one.instrument_token: one for one in every} for every in (before, found.instruments))
    gone = tuple(token for token in old if token not in new)
    added = tuple(token for token in new if token not in old)
    changes = _changes(before, lists, since)
    reused = {change.instrument_token for change in changes if change.kind is Kind.REUSED}
    another = tuple(token for token in new if token in reused and token in old)
    lines = [*lists.warnings, *(change.line(since) for change in changes), *map(_line, found.missing)]
    if gone or added:
        lines += [window.line for window in found.windows]
        lines.append(
            f"the instruments of {lists.day}: {len(added):,} new, {len(gone):,} given up, {len(new):,} to follow"
        )
    return Renewal(added, gone, another, tuple(lines))


def recentred(choice: Choice, price: Callable[[int], float]) -> tuple[Renewal | None, Choice]:
    """The windows around the prices of now, and what that changes; None when nothing has to."""
    windows, lines = [], []
    for window in choice.windows:
        moved = window.moved(price(window.spot.instrument_token)) if window.spot is not None else None
        windows.append(moved or window)
        if moved is not None:
            lines.append(f"the strikes follow the price: {moved.line}")
    if not lines:
        return None, choice
    after = replace(choice, windows=windows)
    old, new = ([one.instrument_token for one in every.instruments] for every in (choice, after))
    added = tuple(token for token in new if token not in set(old))
    gone = tuple(token for token in old if token not in set(new))
    lines.append(f"{len(added):,} new, {len(gone):,} given up, {len(new):,} to follow")
    return Renewal(added, gone, (), tuple(lines)), after


def _changes(before: Sequence[Instrument], lists: Instruments, since: str) -> Sequence[Change]:
    known = [one for one in before if one.exchange]
    if not known:
        return ()
    names = {one.key for one in known} | {str(one.instrument_token) for one in known}
    now = {one.key: one for one in lists.dump().named(names).values()}
    odd = [one for one in known if now.get(one.key) != one]
    return between(odd, list(now.values()), since, lists.today).every


def _line(one: Missing) -> str:
    why = "has expired" if one.expired else "is not in Kite's list any more"
    return f"{one.name} {why} and is not followed any longer" + (f"; {one.hint}" if one.hint else "")
