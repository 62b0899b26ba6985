"""Finding a secondary source by its name, among the entry points of what is installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from ..problems import Exit, Problem, nearest
from ..redact import one_line
from .offer import QuoteSource, Setup, SourceError

GROUP = "kitefeed.quote_sources"

# The links of the chain that are always there; a plugin cannot take their names.
KITE_REST, LAST_KNOWN = "kite-rest", "last-known"
BUILT_IN = {
    KITE_REST: "it needs the access token, and serves by itself while that is good",
    LAST_KNOWN: "it serves by itself when nothing else does",
}
_KITE_S_OWN = ("feed", "rest")


def installed() -> dict[str, EntryPoint]:
    """The sources that are installed, by name."""
    reserved = (*BUILT_IN, *_KITE_S_OWN)
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in reserved}


def open_source(name: str, setup: Setup) -> QuoteSource:
    """The source of that name, ready to be asked. Raises Problem."""
    shown = one_line(name)[:40]
    if name in BUILT_IN:
        raise Problem(
            f"{shown} cannot be the secondary source", BUILT_IN[name], "leave out `--secondary`, or name another source"
        )
    points = installed()
    point = points.get(name)
    if point is None:
        guess = nearest(name, sorted(points), 0.5)
        known = f"installed are {', '.join(sorted(points))}" if points else "none is installed"
        raise Problem(
            f"there is no secondary source {shown}",
            known,
            f"did you mean {guess}?" if guess else "docs/sources.md says how to add one",
        )
    source = _made(point, setup, shown)
    if source.needs_kite_token:
        raise Problem(
            f"{shown} cannot be the secondary source",
            "it needs Kite's access token, so it is dead whenever it is wanted",
            "name a source that needs none",
        )
    return source


def _made(point: EntryPoint, setup: Setup, shown: str) -> QuoteSource:
    try:
        source: QuoteSource = point.load()(setup)
        fits = callable(source.fetch) and type(source.needs_kite_token) is bool and source.name == point.name
    except SourceError as error:
        raise Problem(
            f"the secondary source {shown} cannot be used", one_line(error.detail), "docs/sources.md says what it needs"
        ) from None
    except Exception as error:  # noqa: BLE001 - other people's code
        why = f"it fails with {type(error).__name__}"
        raise Problem(
            f"the secondary source {shown} cannot be used", why, "update or remove that package", Exit.USAGE
        ) from None
    if not fits:
        why = "it lacks what a source must have: name, needs_kite_token, fetch"
        raise Problem(f"the secondary source {shown} cannot be used", why, "docs/sources.md shows one")
    return source
