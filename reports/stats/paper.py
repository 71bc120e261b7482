"""What the MuseBar paper printed: its Table 1, to be set beside a study's own figures."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources

SOURCE = "MuseBar paper, Table 1: means of 10 runs on its own corpus, 240 steps, 512 hidden units"


@dataclass(frozen=True)
class Printed:
    """One cell of Table 1: BCE and KL in nats per snippet, MI in nats; None where it is empty."""

    bce: float
    kl: float | None
    mi: float | None


@functools.cache
def table1() -> dict[tuple[str, str], Printed]:
    """Return the table: (genre, method) to what is printed, in the paper's order."""
    text = (resources.files("reports") / "stats" / "paper_table1.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        (row["genre"], row["method"]): Printed(
            float(row["bce"]), _optional(row["kl"]), _optional(row["mi"])
        )
        for row in rows
    }


def _optional(cell: str) -> float | None:
    return float(cell) if cell else None
