"""Repeat signs that stand in one voice and hold for all.

Players of an ensemble repeat together, and many tunes write repeats, endings, parts and jumps into
their first voice alone. A voice whose own signs are some of another's, at the same times, takes
over the rest of them; one that has signs of its own elsewhere keeps to these.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from musebar_core.corpus.abc.bars import ENDS, Bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Sign = tuple[str, int, str]
    """What it is, the tick from the start of the tune where it is, and what it says."""

_ROUNDING = 16
"""Ticks by which a note may begin before a cut and still belong behind it: odd tuplets."""


def together(voices: Sequence[Sequence[Bar]]) -> list[list[Bar]]:
    """Give voices, bars as written, with the signs of the voice that has most of them."""
    signs = [_signs(bars) for bars in voices]
    leading = max(range(len(voices)), key=lambda place: len(signs[place]), default=0)
    return [
        _with_signs_of(voices[leading], bars) if own < signs[leading] else list(bars)
        for bars, own in zip(voices, signs, strict=True)
    ]


def _signs(bars: Sequence[Bar]) -> frozenset[Sign]:
    """All signs of a voice; double bars, which say nothing by themselves, are none."""
    found: set[Sign] = set()
    at = 0
    for bar in filter(_lasts, bars):
        end = at + bar.length
        found |= {("opens", at, str(bar.opens))} if bar.opens else set()
        found |= {("closes", end, str(bar.closes))} if bar.closes else set()
        found |= {("ending", at, str(number)) for number in bar.endings}
        found |= {("part", at, bar.part)} if bar.part else set()
        found |= {("mark", end if mark in ENDS else at, mark) for mark in bar.marks}
        at = end
    return frozenset(found)


@dataclass
class _Cut:
    """Signs at one tick: of the bar that ends there, and of the one that begins."""

    ends: Bar = field(default_factory=Bar)
    begins: Bar = field(default_factory=Bar)


def _with_signs_of(leader: Sequence[Bar], bars: Sequence[Bar]) -> list[Bar]:
    """Give a voice the signs of another, its bars cut where they stand."""
    cuts: dict[int, _Cut] = {}
    at = 0
    for bar in filter(_lasts, leader):
        cuts.setdefault(at, _Cut()).begins = bar
        at += bar.length
        cuts.setdefault(at, _Cut()).ends = bar
    telling = sorted(tick for tick, cut in cuts.items() if _says_something(cut))
    missing = Bar(length=max(0, at - sum(bar.length for bar in bars)))
    whole: list[Bar] = []
    at = 0
    for bar in filter(_lasts, [*bars, missing]):
        first, after = bisect_right(telling, at), bisect_left(telling, at + bar.length)
        for piece in _pieces(bar, [tick - at for tick in telling[first:after]]):
            begins, at = cuts.get(at, _Cut()).begins, at + piece.length
            whole.append(_with_signs(piece, begins, cuts.get(at, _Cut()).ends))
    return whole


def _lasts(bar: Bar) -> bool:
    return bar.length > 0


def _says_something(cut: _Cut) -> bool:
    ends, begins = cut.ends, cut.begins
    said = ends.closes or ends.is_section_end or ends.marks & ENDS
    return bool(said or begins.opens or begins.endings or begins.part or begins.marks - ENDS)


def _pieces(bar: Bar, places: Iterable[int]) -> list[Bar]:
    """Cut a bar at ticks within it; a note stays whole in the piece where it begins."""
    pieces, left, before = [], bar, 0
    for place in places:
        cut = place - before
        early = [each for each in left.sounds if each.onset < cut - _ROUNDING]
        late = [
            replace(each, onset=max(each.onset - cut, 0))
            for each in left.sounds
            if each.onset >= cut - _ROUNDING
        ]
        pieces.append(replace(left, sounds=early, length=cut))
        left = Bar(late, left.length - cut)
        before = place
    return [*pieces, left]


def _with_signs(bar: Bar, first: Bar, last: Bar) -> Bar:
    """Give a bar the signs of one that begins where it does and of one that ends where it does."""
    return replace(
        bar,
        opens=first.opens,
        endings=first.endings,
        part=first.part,
        closes=last.closes,
        is_section_end=last.is_section_end,
        marks={mark for mark in first.marks if mark not in ENDS}
        | {mark for mark in last.marks if mark in ENDS},
    )
