"""The market-data feed for Kite Connect that stays up."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; `typing` itself is a third of what the door loads
if TYPE_CHECKING:
    from .api import Batch, Delivery, Feed, Gap, GroupReader, Problem, Value

__version__ = "0.1.0"
__all__ = ["Batch", "Delivery", "Feed", "Gap", "GroupReader", "Problem", "Value", "__version__"]


def __getattr__(name: str) -> object:
    """The library is loaded when it is asked for: no command has a use for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api

    found: object = getattr(api, name)
    return found
