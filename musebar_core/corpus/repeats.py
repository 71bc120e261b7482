"""In what order the bars of a score are played: repeats, endings, da capo, dal segno, coda, fine.

Reading rules, where notation is a matter of custom:

- A closing repeat goes back to the opening one that is still open, so repeats may be nested;
  without one, to the end of the repeat or jump before it or to the coda, else to the start.
- Endings that follow each other belong to one repeat. It is played as often as its highest ending
  says, or its closing sign. A first ending without a closing sign goes back all the same. A pass
  without an ending of its own has the next later one. Endings of which none is a first are none.
- After a jump (da capo, dal segno) repeats are not played again, the last endings are taken,
  and a fine or a sign to the coda is obeyed. Behind the bar of the jump all is new again.
- A fine ends what its jump repeats. What stands behind the jump, an episode of a rondo or the next
  movement, is played after it.
- A jump "al fine" or "al coda" without such a sign cannot be followed: the music goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PLAYED_BARS = 20_000
"""A score whose repeats make more bars is refused: hours of music."""


class Goal(Enum):
    """Where a jump goes."""

    START = auto()
    SEGNO = auto()


class Until(Enum):
    """What a jump says will end it."""

    NOTHING_SAID = auto()
    FINE = auto()
    CODA = auto()


@dataclass(frozen=True)
class Jump:
    """A da capo or dal segno, taken once, at the end of its bar; the name is of its segno."""

    goal: Goal
    until: Until = Until.NOTHING_SAID
    name: str = ""


@dataclass(frozen=True)
class Signs:
    """The signs of one bar.

    Attributes
    ----------
    opens
        A repeat begins with this bar.
    closes
        How often, in all, the repeat is played that ends with this bar; 0: none ends here.
    after_jump
        That repeat is also played after a jump.
    endings
        The passes in which the bar is played; empty: in all.
    segno, coda
        The bar is such a place: its beginning.
    to_coda, fine
        After a jump, the music leaves for the coda, or ends, at the bar's end.
    jump
        A jump at the bar's end, when no repeat goes back any more.
    names
        Of the bar's signs that have one: (``segno``, ``coda`` or ``tocoda``, the name). A jump
        goes to the sign of its name, if there is one.
    """

    opens: bool = False
    closes: int = 0
    after_jump: bool = False
    endings: frozenset[int] = frozenset()
    segno: bool = False
    coda: bool = False
    to_coda: bool = False
    fine: bool = False
    jump: Jump | None = None
    names: frozenset[tuple[str, str]] = frozenset()


PLAIN = Signs()


def playing_order(
    bars: Sequence[Signs], play_repeats: bool = True, most_bars: int = MOST_PLAYED_BARS
) -> list[int]:
    """Give the places of the bars in the order in which they are played.

    Parameters
    ----------
    bars
        The signs of each bar.
    play_repeats
        False: every written bar once, in the order of the page.
    most_bars
        A longer order is refused, unless there are more bars than that.

    Raises
    ------
    UnreadableError
        If the order is longer than ``most_bars``.
    """
    if not play_repeats or all(bar == PLAIN for bar in bars):
        return list(range(len(bars)))
    bars = _without_lone_endings(_with_endings_drawn_out(bars))
    return _Player(bars, max(most_bars, len(bars))).play()


@dataclass(frozen=True)
class _Group:
    """Endings that follow each other: bars ``first`` to ``last``; ``total`` passes.

    ``numbers`` are of the passes that have an ending.
    """

    first: int
    last: int
    total: int
    numbers: frozenset[int]


@dataclass(frozen=True)
class _Repeat:
    """What is repeated begins at bar ``start``, and is played ``total`` times."""

    start: int
    total: int


@dataclass
class _Player:
    bars: Sequence[Signs]
    most_bars: int
    order: list[int] = field(default_factory=list)
    passes: dict[int, int] = field(default_factory=dict)  # of the repeat that starts at a bar
    taken: set[int] = field(default_factory=set)  # bars of jumps
    jumped_from: int = -1

    def __post_init__(self) -> None:
        self.groups = _groups(self.bars)
        self.repeats = _repeats(self.bars, self.groups)
        self.starts = {
            group.first: repeat.start
            for place, repeat in self.repeats.items()
            if (group := self.groups.get(place))
        }

    def play(self) -> list[int]:
        """Follow the signs from the first bar to the end."""
        place: int | None = 0
        while place is not None and place < len(self.bars):
            if not self._is_played(place):
                place = self._leave(place)
                continue
            self.order.append(place)
            if len(self.order) > self.most_bars:
                raise UnreadableError(f"its repeats make over {self.most_bars} bars")
            place = self._next(place)
        return self.order

    def _is_again(self, place: int) -> bool:
        """Whether the bar is played once more after a jump."""
        return place <= self.jumped_from

    def _is_played(self, place: int) -> bool:
        endings = self.bars[place].endings
        if not endings:
            return True
        group = self.groups[place]
        if self._is_again(group.first) and not self._repeats_again(group):
            return self._ending_after_jump(group) in endings
        done = self.passes.get(self.starts.get(group.first, group.first), 1)
        return min((each for each in group.numbers if each >= done), default=done) in endings

    def _repeats_again(self, group: _Group) -> bool:
        return any(self.bars[place].after_jump for place in range(group.first, group.last + 1))

    def _ending_after_jump(self, group: _Group) -> int:
        """Number of the ending that leads to a fine or to the coda, else of the last."""
        inside = (self.bars[place] for place in range(group.first, group.last + 1))
        leading = (min(bar.endings) for bar in inside if bar.fine or bar.to_coda)
        return next(leading, group.total)

    def _next(self, place: int) -> int | None:
        signs = self.bars[place]
        again = self._is_again(place)
        if again and signs.fine:
            return self._behind_jump()
        if again and signs.to_coda:
            coda = self._coda_after(place)
            if coda is not None:
                self.jumped_from = -1
                return coda
        repeat = self.repeats.get(place)
        if repeat and (signs.after_jump or not again):
            done = self.passes.get(repeat.start, 1)
            if done < repeat.total:
                self.passes[repeat.start] = done + 1
                return repeat.start
        goal = self._goal(place)
        if goal is not None:
            self.taken.add(place)
            self.jumped_from = place
            self.passes.clear()
            return goal
        return self._leave(place)

    def _behind_jump(self) -> int:
        """Go on behind the jump that led to a fine, as if nothing had been played."""
        behind, self.jumped_from = self.jumped_from + 1, -1
        self.passes.clear()
        return behind

    def _leave(self, place: int) -> int:
        """Go on to the next bar; what was repeated is forgotten where it ends."""
        group, repeat = self.groups.get(place), self.repeats.get(place)
        if group and place == group.last:
            self.passes.pop(self.starts.get(group.first, group.first), None)
        elif repeat and not group:
            self.passes.pop(repeat.start, None)
        return place + 1

    def _coda_after(self, place: int) -> int | None:
        later = [coda for coda in range(place + 1, len(self.bars)) if self.bars[coda].coda]
        meant = {("coda", name) for kind, name in self.bars[place].names if kind == "tocoda"}
        named = [coda for coda in later if self.bars[coda].names & meant]
        return next(iter(named or later), None)

    def _goal(self, place: int) -> int | None:
        """Bar to which a jump at this bar goes; None if there is none that can be followed."""
        jump = self.bars[place].jump
        if jump is None or place in self.taken or not self._can_end(jump.until):
            return None
        if jump.goal is Goal.START:
            return 0
        earlier = [segno for segno in range(place + 1) if self.bars[segno].segno]
        named = [segno for segno in earlier if ("segno", jump.name) in self.bars[segno].names]
        return max(named or earlier, default=None)

    def _can_end(self, until: Until) -> bool:
        if until is Until.FINE:
            return any(bar.fine for bar in self.bars)
        if until is Until.CODA:
            leaving = (place for place, bar in enumerate(self.bars) if bar.to_coda)
            return any(self._coda_after(place) is not None for place in leaving)
        return True


def _with_endings_drawn_out(bars: Sequence[Signs]) -> list[Signs]:
    """Let an ending whose bracket is too short last until its closing sign.

    It is too short where a closing sign follows within eight bars, and the next ending behind it.
    """
    drawn = list(bars)
    for place, bar in enumerate(drawn):
        before = drawn[place - 1] if place else PLAIN
        if bar.endings or not before.endings or before.closes or bar.opens:
            continue
        ahead = range(place, min(place + 8, len(drawn) - 1))
        close = next((each for each in ahead if drawn[each].closes), None)
        if close is not None and drawn[close + 1].endings - before.endings:
            drawn[place] = replace(bar, endings=before.endings)
    return drawn


def _groups(bars: Sequence[Signs]) -> dict[int, _Group]:
    """Bars with endings -> the endings that follow each other there."""
    groups: dict[int, _Group] = {}
    first = 0
    for place, bar in enumerate(bars):
        if not bar.endings:
            continue
        if place == 0 or bar.opens or not bars[place - 1].endings:
            first = place
        is_last = place + 1 == len(bars) or bars[place + 1].opens or not bars[place + 1].endings
        if is_last:
            inside = range(first, place + 1)
            numbers = frozenset[int]().union(*(bars[each].endings for each in inside))
            total = max(*numbers, 2, *(bars[each].closes for each in inside))
            groups |= dict.fromkeys(inside, _Group(first, place, total, numbers))
    return groups


def _without_lone_endings(bars: Sequence[Signs]) -> list[Signs]:
    """Take endings of which none is a first for none: no pass would come to them.

    A second ending may open a repeat of its own, or the bracket of the first may be missing.
    """
    groups = _groups(bars)
    return [
        replace(bar, endings=frozenset()) if bar.endings and 1 not in groups[i].numbers else bar
        for i, bar in enumerate(bars)
    ]


def _repeats(bars: Sequence[Signs], groups: dict[int, _Group]) -> dict[int, _Repeat]:
    """Bars at which the music may go back -> where to, and how often it is played in all."""
    repeats: dict[int, _Repeat] = {}
    of_group: dict[int, int] = {}  # a group's first bar -> where its repeat starts
    open_at: list[int] = []
    fresh = 0  # where a repeat starts that nothing opens
    for place, bar in enumerate(bars):
        if bar.coda:
            fresh = place
        if bar.opens:
            open_at.append(place)
        group = groups.get(place)
        if bar.closes or (group and _goes_back_unsaid(bars, place, group)):
            if group is None:
                start = open_at.pop() if open_at else fresh
                repeats[place] = _Repeat(start, bar.closes)
            else:
                if group.first not in of_group:
                    of_group[group.first] = open_at.pop() if open_at else fresh
                repeats[place] = _Repeat(of_group[group.first], group.total)
            fresh = place + 1
        if bar.jump or (group and place == group.last and group.first in of_group):
            fresh = place + 1
    return repeats


def _goes_back_unsaid(bars: Sequence[Signs], place: int, group: _Group) -> bool:
    """Whether an ending that is not the last ends here without a closing sign or a jump."""
    if place == group.last or bars[place + 1].endings == bars[place].endings:
        return False
    return bars[place].jump is None and max(bars[place].endings) < group.total
