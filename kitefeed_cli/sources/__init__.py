"""Where quotes come from while Kite serves none: the feed, then Kite's REST while the access token is good, then one
secondary source that needs no Kite token, then the last known values.

The first two are the policy's business and the last needs none. What is left is here: the interface that a secondary
source has (`offer`, for plugins in the entry-point group `kitefeed.quote_sources`, found by `plugins`), who serves when
(`chain`), one question on a thread of its own (`asking`), and what of an answer is believed (`sifting`). One source is
shipped: `upstox`.

A source is other people's code. It may raise, hang, or answer nonsense: that is counted, refused, and said in one line.
"""

from .offer import Quote, QuoteSource, Setup, SourceError, Wanted

__all__ = ["Quote", "QuoteSource", "Setup", "SourceError", "Wanted"]
