"""A table as its page shows it: plain cells."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    text: str
    value: float | None = None
    href: str | None = None
    swatch: str | None = None
    warning: bool = False


@dataclass(frozen=True)
class Table:
    """A table: ``footer`` rows stay beneath when it is sorted."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: tuple[tuple[Cell, ...], ...] = ()
