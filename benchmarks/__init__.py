"""Side by side with the official client and the standard library, in one run: `python -m benchmarks`.

Nothing here is a test: times of a shared machine prove nothing by themselves, so only ratios taken within the same
round are reported, with their spread.
"""
