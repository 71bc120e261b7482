"""``python -m benchmarks NAME [OPTIONS]``, or several names; ``make bench`` runs the quick ones."""

from __future__ import annotations

import importlib
import sys

QUICK = ("training", "gpu", "corpus", "overhead", "reports")
NAMES = (
    *QUICK,
    *(
        "search_efficiency",
        "slots",
        "scale",
        "decision_rules",
        "rule_family",
        "statistics",
        "coverage",
        "likelihood",
        "melody",
        "reading",
        "temperature",
        "answer",
        "precision",
        "curve",
    ),
)


def main() -> None:
    """Run each named benchmark's ``main``; what is no name are options of the one before it."""
    names = list(sys.argv[1:2]) or list(QUICK)
    options = sys.argv[2:]
    if all(option in NAMES for option in options):
        names, options = names + options, []
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"unknown benchmark '{unknown[0]}' (known: {', '.join(NAMES)})")
    for name in names:
        print(f"# {name}")
        sys.argv = [f"{sys.argv[0]} {name}", *options]
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
