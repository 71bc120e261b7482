"""The columns of a Humdrum file, from line to line.

A line has one cell a column. A line of ``*^`` splits a column into two, neighbouring ``*v`` join,
two ``*x`` change places, ``*+`` puts a new one to the right, ``*-`` ends one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KERN = "**kern"

PATHS = frozenset({"*^", "*v", "*x", "*+", "*-"})
"""Cells that change the columns."""


@dataclass
class Column:
    """One column, as it stands.

    Attributes
    ----------
    spine
        Number of the spine it is a part of.
    kind
        What its cells hold: the exclusive interpretation.
    end
        Quarter notes from the start of the piece at which its last note ends.
    semitones
        By which its pitches were moved from sounding pitch (``*Tr``).
    is_cue, is_unpitched
        Its notes do not sound: they are cue notes, or percussion without pitch.
    """

    spine: int
    kind: str
    end: float = 0.0
    semitones: int = 0
    is_cue: bool = False
    is_unpitched: bool = False

    @property
    def is_kern(self) -> bool:
        """Whether its cells are notes."""
        return self.kind == KERN

    @property
    def is_silent(self) -> bool:
        """Whether its notes do not sound."""
        return self.is_cue or self.is_unpitched


def follow(
    columns: Sequence[Column], cells: Sequence[str], next_width: int, new_spine: int
) -> list[Column]:
    """Give the columns after a line of paths.

    Columns of different spines that stand side by side are joined only if the next line, of
    ``next_width`` cells, has no room for both; ``new_spine`` is the number of the first new one.
    """
    apart = _follow(columns, cells, new_spine, join_spines=False)
    if len(apart) == next_width:
        return apart
    joined = _follow(columns, cells, new_spine, join_spines=True)
    return joined if len(joined) == next_width else apart


def _follow(
    columns: Sequence[Column], cells: Sequence[str], new_spine: int, join_spines: bool
) -> list[Column]:
    after: list[Column] = []
    crossing = [place for place, cell in enumerate(cells) if cell == "*x"]
    order = list(range(len(columns)))
    for one, other in zip(crossing[::2], crossing[1::2], strict=False):
        order[one], order[other] = order[other], order[one]
    joins = False  # the last of `after` takes the next *v in
    for place in order:
        column, cell = columns[place], cells[place]
        if cell == "*v" and joins and (join_spines or after[-1].spine == column.spine):
            after[-1].end = max(after[-1].end, column.end)
            continue
        joins = cell == "*v"
        if cell == "*^":
            after += [replace(column), replace(column)]
        elif cell == "*+":
            after += [column, Column(new_spine, "", column.end)]
            new_spine += 1
        elif cell != "*-":
            after.append(column)
    return after
