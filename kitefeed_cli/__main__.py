"""The door: `kitefeed` and `python -m kitefeed_cli`. So small that a Ctrl-C while the rest loads finds it ready."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from .app import main as enter
    except KeyboardInterrupt:
        sys.exit(0)
    enter()


if __name__ == "__main__":
    main()
