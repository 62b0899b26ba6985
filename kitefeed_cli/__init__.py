"""The market-data feed for Kite Connect that stays up."""

__version__ = "0.1.0"
