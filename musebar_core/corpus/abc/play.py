"""In which order bars are played, and the notes that sound.

Repeats and variant endings (ABC 2.1, 4.8 to 4.10), the header's order of parts (3.1.9), and the
jumps that ``!D.C.!``, ``!D.S.!``, ``!fine!``, ``!segno!`` and ``!coda!`` ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from musebar_core.corpus.abc.fields import TICKS
from musebar_core.corpus.notes import Notes, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.corpus.abc.bars import Bar

MOST_BARS = 100_000
"""Bars that repeats may unfold to."""

MOST_NOTES = 200_000
"""Notes that repeats may unfold to."""

MOST_UNISONS = 64
"""Notes of one pitch that ties may hold at once."""

_TOUCHING = 16
"""Ticks by which tied notes may miss each other: rounding of odd tuplets."""


def in_played_order(bars: Sequence[Bar], parts: Sequence[str]) -> list[Bar]:
    """Unfold repeats, endings and jumps; ``parts`` are labels in the order of the header.

    Raises
    ------
    UnreadableError
        If they unfold to over :data:`MOST_BARS`.
    """
    bars = _without_lone_endings(bars)
    begins = [i for i, bar in enumerate(bars) if bar.part]
    stretches: dict[str, Sequence[Bar]] = {}
    for first, after in pairwise([*begins, len(bars)]):
        label = bars[first].part
        if not any(bar.length for bar in stretches.get(label, ())):
            stretches[label] = bars[first:after]
    wanted = [label for label in parts if label in stretches]
    if not wanted:
        return _jumps(bars, _repeats(bars))
    played = [bars[i] for i in _repeats(bars[: begins[0]])]
    turns: dict[str, int] = {}
    for label in wanted:
        turns[label] = turns.get(label, 0) + 1
        stretch = stretches[label]
        by_turn = wanted.count(label) > 2 and wanted.count(label) == _last_ending(stretch)
        order = _of_turn(stretch, turns[label]) if by_turn else _repeats(stretch)
        played += [stretch[i] for i in order]
        _check(len(played))
    return played


def _last_ending(bars: Sequence[Bar]) -> int:
    return max((max(bar.endings, default=0) for bar in bars), default=0)


def _of_turn(bars: Sequence[Bar], turn: int) -> list[int]:
    """Play a part once, with the ending of its ``turn``-th time: repeats are the header's."""
    order: list[int] = []
    i = 0
    while i < len(bars):
        if bars[i].endings:
            group = _endings_at(bars, i)
            order += [
                j for first, last in _of_number(bars, group, turn) for j in range(first, last + 1)
            ]
            i = group[-1][1] + 1
        else:
            order.append(i)
            i += 1
    return order


def _check(n_bars: int) -> None:
    if n_bars > MOST_BARS:
        raise UnreadableError(f"unreadable score: its repeats unfold to over {MOST_BARS} bars")


@dataclass
class _Walk:
    """Where a repeated section began, and how often it is being played."""

    start: int = 0
    turn: int = 1

    def begin(self, place: int) -> int:
        self.start, self.turn = place, 1
        return place

    def again(self) -> int:
        self.turn += 1
        return self.start


def _repeats(bars: Sequence[Bar]) -> list[int]:
    """Places of bars in the order that repeats and endings ask for."""
    order: list[int] = []
    walk = _Walk()
    i = 0
    while i < len(bars):
        _check(len(order))
        bar = bars[i]
        if bar.opens and i != walk.start:
            walk.begin(i)
        if bar.endings:
            i = _play_endings(bars, i, walk, order)
            continue
        order.append(i)
        if bar.closes:
            times = max(bar.closes, bars[walk.start].opens)
            i = walk.again() if walk.turn < times else walk.begin(i + 1)
            continue
        i += 1
        if bar.is_section_end and walk.turn == 1 and not bars[walk.start].opens:
            walk.begin(i)
    return order


def _play_endings(bars: Sequence[Bar], first: int, walk: _Walk, order: list[int]) -> int:
    """Play the ending of this turn, and say where to go on.

    An end repeat between two endings may be missing. An only ending is left out the last time.
    """
    group = _endings_at(bars, first)
    walk.turn = _turn_of(bars, group, walk.turn)
    for begin, last in _of_number(bars, group, walk.turn):
        order += range(begin, last + 1)
        only = len(group) == 1 and bars[last].closes
        following = _turn_of(bars, group, walk.turn + 1)
        if only or _of_number(bars, group, following):
            return walk.again()
    return walk.begin(group[-1][1] + 1)


def _turn_of(bars: Sequence[Bar], group: list[tuple[int, int]], turn: int) -> int:
    """Give the turn, or, where no ending is of it, the next one that has an ending."""
    later = (each for first, _ in group for each in bars[first].endings if each >= turn)
    return min(later, default=turn)


def _without_lone_endings(bars: Sequence[Bar]) -> list[Bar]:
    """Take endings of which none is a first for none: no turn would come to them."""
    lone: set[int] = set()
    i = 0
    while i < len(bars):
        group = _endings_at(bars, i)
        if not any(1 in bars[first].endings for first, _ in group):
            lone |= {first for first, _ in group}
        i = group[-1][1] + 1 if group else i + 1
    return [replace(bar, endings=frozenset()) if i in lone else bar for i, bar in enumerate(bars)]


def _of_number(
    bars: Sequence[Bar], group: list[tuple[int, int]], turn: int
) -> list[tuple[int, int]]:
    """The ending with this number, if there is one."""
    return [(first, last) for first, last in group if turn in bars[first].endings][:1]


def _endings_at(bars: Sequence[Bar], first: int) -> list[tuple[int, int]]:
    """First and last bars of the endings that follow upon each other from here."""
    group: list[tuple[int, int]] = []
    seen: set[int] = set()
    while first < len(bars) and bars[first].endings and not bars[first].endings & seen:
        if group and bars[first].opens:
            break
        seen |= bars[first].endings
        last = first
        while not _ends_ending(bars, last):
            last += 1
        group.append((first, last))
        first = last + 1
    return group


def _ends_ending(bars: Sequence[Bar], place: int) -> bool:
    if place + 1 == len(bars) or bars[place].closes or bars[place].is_section_end:
        return True
    after = bars[place + 1]
    return bool(after.opens or after.endings or after.part)


def _jumps(bars: Sequence[Bar], order: list[int]) -> list[Bar]:
    """Follow each D.C. and D.S. once, when its bar is played for the last time.

    Behind the bar of a jump the music goes on, unless a coda was played.
    """
    last = {i: at for at, i in enumerate(order) if bars[i].marks & {"D.C.", "D.S."}}
    played: list[int] = []
    done = 0
    for jump in sorted(last.values()):
        again, is_coda = _from_jump(bars, order[jump])
        played += [*order[done : jump + 1], *again]
        _check(len(played))
        done = jump + 1
        if is_coda:
            return [bars[i] for i in played]
    return [bars[i] for i in played + order[done:]]


def _from_jump(bars: Sequence[Bar], here: int) -> tuple[list[int], bool]:
    """Places played from a jump on, again without repeats, and whether they end with the coda."""
    begin = 0
    if "D.S." in bars[here].marks:
        begin = next((i for i, bar in enumerate(bars) if "segno" in bar.marks), 0)
    codas = [i for i, bar in enumerate(bars) if "coda" in bar.marks]
    again: list[int] = []
    for i in _last_time(bars, begin, here):
        if len(codas) > 1 and i == codas[0]:
            return again + [codas[-1] + each for each in _repeats(bars[codas[-1] :])], True
        again.append(i)
        if "fine" in bars[i].marks:
            break
    return again, False


def _last_time(bars: Sequence[Bar], begin: int, last: int) -> list[int]:
    """Places from ``begin`` to ``last`` without repeats, of endings the last."""
    order: list[int] = []
    i = begin
    while i <= last:
        if bars[i].endings:
            begin, end = _endings_at(bars, i)[-1]
            order += range(begin, (min(end, last) if begin <= last else end) + 1)
            i = end + 1
        else:
            order.append(i)
            i += 1
    return order


def sounding(bars: Sequence[Bar]) -> Notes:
    """Give the notes of bars played one after the other, ties merged; times in quarter notes.

    A tie is to the next note of its pitch that begins where it ends; of two that end there, the one
    that was written first has the first note.

    Raises
    ------
    UnreadableError
        If they are over :data:`MOST_NOTES`.
    """
    rows: list[tuple[int, int, int]] = []
    open_ties: dict[int, list[int]] = {}
    began = 0
    for bar in bars:
        for sound in sorted(bar.sounds, key=lambda each: each.onset):
            if not sound.duration:
                continue
            onset = began + sound.onset
            held = open_ties.setdefault(sound.pitch, [])
            held[:] = [row for row in held if sum(rows[row][:2]) >= onset - _TOUCHING]
            row = next((row for row in held if sum(rows[row][:2]) <= onset + _TOUCHING), -1)
            if row >= 0:
                held.remove(row)
                first = rows[row][0]
                rows[row] = (first, onset + sound.duration - first, sound.pitch)
            else:
                row = len(rows)
                rows.append((onset, sound.duration, sound.pitch))
            if sound.is_tied and len(held) < MOST_UNISONS:
                held.append(row)
        began += bar.length
        if len(rows) > MOST_NOTES:
            raise UnreadableError(f"unreadable score: it unfolds to over {MOST_NOTES} notes")
    return Notes.of([(onset / TICKS, lasts / TICKS, pitch) for onset, lasts, pitch in rows])
