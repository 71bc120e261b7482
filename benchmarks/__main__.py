"""``make bench``: run the benchmarks that are named, else all: ``python -m benchmarks corpus``."""

from __future__ import annotations

import importlib
import sys

NAMES = ("training", "corpus", "reports")


def main() -> None:
    """Run each named benchmark's ``main``."""
    names = sys.argv[1:] or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"unknown benchmark '{unknown[0]}' (known: {', '.join(NAMES)})")
    for name in names:
        print(f"# {name}")
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
