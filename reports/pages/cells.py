"""A table as its page shows it: plain cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.words import labels

if TYPE_CHECKING:
    from study.statistics.intervals import SeedMean


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text
        What it shows.
    value
        The number it is sorted by; None where it is sorted by its text.
    href
        Page of this report that it leads to.
    swatch
        Colour of the mark before it.
    warning
        Whether it says something that went wrong.
    spread
        Ends of the interval of a mean and how many seeds it is over, for the file of the table;
        None for what is no mean.
    """

    text: str
    value: float | None = None
    href: str | None = None
    swatch: str | None = None
    warning: bool = False
    spread: tuple[float | None, float | None, int] | None = None


def mean_cell(mean: SeedMean | None, text: str | None = None, *, warning: bool = False) -> Cell:
    """Show a mean over seeds with its interval, or as ``text``; a dash for none."""
    if mean is None:
        return Cell("-")
    shown = labels.with_interval(mean) if text is None else text
    if not mean.n_seeds:
        return Cell(shown)
    low, high = mean.interval or (None, None)
    return Cell(shown, mean.mean, warning=warning, spread=(low, high, mean.n_seeds))


@dataclass(frozen=True)
class Table:
    """A table: ``footer`` rows stay beneath when it is sorted."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: tuple[tuple[Cell, ...], ...] = ()
