"""Bars, repeats and sections of a Humdrum file, and the order in which they are played.

A list of sections (``*>[A,A,B]``) says how a piece is performed; without one that can be followed,
the repeat signs of the barlines and the signs of jumps do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from musebar_core.corpus.notes import UnreadableError
from musebar_core.corpus.repeats import (
    MOST_PLAYED_BARS,
    PLAIN,
    Goal,
    Jump,
    Signs,
    Until,
    playing_order,
)

_LIST = re.compile(r"\*>([^\[\]]*)\[([^\[\]]*)\]")
_CLOSES = re.compile(r":[|!]+")
_OPENS = re.compile(r"[|!]+:")

PERFORMED = ""
"""Name of the list of sections as they are performed."""

NO_REPEATS = "norep"
"""Name of the list of sections without repeats."""


@dataclass
class Form:
    """The bars up to now; the last one is still open.

    Attributes
    ----------
    starts
        Quarter notes from the start of the piece.
    signs
        Of each bar.
    lists
        Names of sections in the order of playing, by the name of the list.
    sections
        The bar with which each begins.
    """

    starts: list[float] = field(default_factory=lambda: [0.0])
    signs: list[Signs] = field(default_factory=lambda: [PLAIN])
    lists: dict[str, list[str]] = field(default_factory=dict)
    sections: dict[str, int] = field(default_factory=dict)

    @property
    def bar(self) -> int:
        """Place of the open bar."""
        return len(self.starts) - 1

    def begin_bar(self, now: float, is_empty: bool) -> None:
        """Begin a bar, unless the open one has neither notes nor length."""
        if not is_empty or now > self.starts[-1]:
            self.starts.append(now)
            self.signs.append(PLAIN)

    def read_barline(self, cell: str, now: float, is_empty: bool) -> None:
        """Begin a bar at a barline, with the repeats that it opens and closes."""
        self.begin_bar(now, is_empty)
        if _CLOSES.search(cell) and self.bar:
            self.signs[-2] = replace(self.signs[-2], closes=2)
        if _OPENS.search(cell):
            self.signs[-1] = replace(self.signs[-1], opens=True)

    def read_section(self, cell: str, now: float, is_empty: bool) -> None:
        """Take a list of sections, or begin a section."""
        named = _LIST.fullmatch(cell)
        if named is not None:
            names = [name.strip() for name in named.group(2).split(",") if name.strip()]
            self.lists.setdefault(named.group(1), names)
        elif cell[2:] not in self.sections:
            self.begin_bar(now, is_empty)
            self.sections[cell[2:]] = self.bar

    def read_jump(self, cell: str, now: float) -> None:
        """Take the sign of a jump or of its goal, which cuts a bar in two where it stands in it.

        The goals belong to the bar that begins there, the others to the one that ends there.
        """
        self.begin_bar(now, is_empty=True)
        ended = max(self.bar - 1, 0)
        if cell == "*segno":
            self.signs[-1] = replace(self.signs[-1], segno=True)
        elif cell == "*coda":
            self.signs[-1] = replace(self.signs[-1], coda=True)
        elif cell == "*fine":
            self.signs[ended] = replace(self.signs[ended], fine=True)
        elif cell == "*tocoda":
            self.signs[ended] = replace(self.signs[ended], to_coda=True)
        else:
            goal = Goal.START if cell == "*dacapo" else Goal.SEGNO
            self.signs[ended] = replace(self.signs[ended], jump=Jump(goal, Until.NOTHING_SAID))

    def order(self, play_repeats: bool) -> list[int]:
        """Give the bars as they are played.

        Raises
        ------
        UnreadableError
            If these are too many.
        """
        names = self.lists.get(PERFORMED if play_repeats else NO_REPEATS, [])
        if names and all(name in self.sections for name in names):
            return self._order_of(names)
        return playing_order(self.signs, play_repeats)

    def _order_of(self, names: list[str]) -> list[int]:
        firsts = sorted({*self.sections.values(), len(self.starts)})
        order = list(range(firsts[0]))
        for name in names:
            first = self.sections[name]
            order += range(first, firsts[firsts.index(first) + 1])
            if len(order) > max(MOST_PLAYED_BARS, len(self.starts)):
                raise UnreadableError(f"its sections make over {MOST_PLAYED_BARS} bars")
        return order


JUMPS = frozenset({"*segno", "*coda", "*fine", "*tocoda", "*dacapo", "*dalsegno"})
"""Cells that :meth:`Form.read_jump` takes."""
