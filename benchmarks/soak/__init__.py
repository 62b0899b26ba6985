"""The long run; see docs/soak.md. `python -m benchmarks.soak [--hours 0.5] [--instruments 3000] [--to docs]`."""
