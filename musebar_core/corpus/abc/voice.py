"""One voice as it is written: bars of notes, with what the repeat signs say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from musebar_core.corpus.abc.bars import ENDS, Bar, Sound
from musebar_core.corpus.abc.fields import LARGEST_NUMBER, TICKS, Meter
from musebar_core.corpus.abc.pitch import Spelling

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

LONGEST_BAR = 4 * TICKS * LARGEST_NUMBER
_DEEPEST_TUPLET = 8
MOST_STRETCHES = 100
"""Stretches of a bar that an overlay goes back over."""


class WrittenNote(NamedTuple):
    """A note token with numerator and denominator of its length; ``is_tied`` inside a chord."""

    token: re.Match[str]
    num: int
    den: int
    is_tied: bool = False


@dataclass
class _Group:
    """The last note, chord or rest."""

    sounds: list[Sound]
    names: dict[str, int]
    bar: int
    start: int
    duration: int

    def last(self, duration: int) -> None:
        """Make it last so long."""
        for sound in self.sounds:
            sound.duration = sound.duration * duration // max(self.duration, 1)
        self.duration = duration

    def begin(self, start: int) -> None:
        """Make it begin there."""
        self.start = start
        for sound in self.sounds:
            sound.onset = start


@dataclass
class Tuplet:
    """``p`` notes in the time of ``q``, for the next ``left`` notes."""

    p: int
    q: int
    left: int


@dataclass
class Voice:
    """A voice being written: state, and its bars so far.

    ``_inner`` are the places that begin within a bar, ``_layer`` counts the overlays of this one;
    ``_ties`` has by layer where it ended, and what its last tie holds over.
    """

    name: str = ""
    meter: Meter = field(default_factory=Meter)
    unit: int = TICKS // 2
    spelling: Spelling = field(default_factory=Spelling)
    bars: list[Bar] = field(default_factory=lambda: [Bar()])
    _at: int = 0
    _position: int = 0
    _group: _Group | None = None
    _broken: str = ""
    _tuplets: list[Tuplet] = field(default_factory=list)
    _is_closing: bool = False
    _overlaid_from: int | None = None
    _inner: set[int] = field(default_factory=set)
    _layer: int = 0
    _ties: dict[int, tuple[int, dict[str, int]]] = field(default_factory=dict)

    def like(self, name: str) -> Voice:
        """Make a further voice of the same key, meter and unit note length."""
        spelling = replace(self.spelling, in_bar={}, tied={})
        return Voice(name, self.meter, self.unit, spelling)

    @property
    def is_empty(self) -> bool:
        """Whether nothing, not even a rest, was written."""
        return len(self.bars) == 1 and self.begins_bar

    def notes(self, written: Sequence[WrittenNote], num: int = 1, den: int = 1) -> None:
        """Write a note, or a chord whose own length is ``num / den``.

        The first note says how long the chord lasts.
        """
        factor_num, factor_den = self._factor()
        sounds: list[Sound] = []
        names: dict[str, int] = {}
        tied: dict[str, int] = {}
        for note in written:
            pitch, name, altered = self.spelling.pitch(note.token)
            names[name] = altered
            if note.is_tied:
                tied[name] = altered
            ticks = self.unit * note.num * num * factor_num // (note.den * den * factor_den)
            ticks = min(ticks, LONGEST_BAR)
            sounds.append(Sound(0, ticks, pitch, note.is_tied))
        self._append(sounds, names, sounds[0].duration)
        self.spelling.tied = tied

    def rest(self, num: int, den: int) -> None:
        """Write a rest of this length."""
        factor_num, factor_den = self._factor()
        ticks = self.unit * num * factor_num // (den * factor_den)
        self._append([], {}, min(ticks, LONGEST_BAR))

    def bar_rest(self, count: int) -> None:
        """Write rests of so many whole bars."""
        self._append([], {}, self.meter.bar_ticks * count)

    def _append(self, sounds: list[Sound], names: dict[str, int], ticks: int) -> None:
        self.spelling.tied = {}
        self._settle()
        before, self._group = self._group, _Group(sounds, names, self._at, self._position, ticks)
        self._group.begin(self._position)
        self.bars[self._at].sounds += sounds
        self._position += ticks
        if self._broken and before is not None and self._at - before.bar in {0, 1}:
            self._break(before, self._group)
        self._broken = ""

    def tie(self) -> None:
        """Tie the last note or chord to what follows."""
        if self._group is not None:
            for sound in self._group.sounds:
                sound.is_tied = True
            self.spelling.tied = self._group.names

    def broken(self, signs: str) -> None:
        """Lengthen the last note and shorten the next (``>``), or the other way (``<``)."""
        if self._group is not None and self._group.bar == self._at:
            self._broken = signs

    def _break(self, before: _Group, after: _Group) -> None:
        """Move time between two notes as the sign between them says.

        Of unequal notes (undefined in the standard) the shorter says how much: bars stay full. Over
        a bar line, time moves from one bar to the other.
        """
        halves = 2 ** min(len(self._broken), 4)
        moved = min(before.duration, after.duration) * (halves - 1) // halves
        moved = moved if self._broken[0] == ">" else -moved
        before.last(before.duration + moved)
        after.last(after.duration - moved)
        if before.bar == after.bar:
            after.begin(before.start + before.duration)
        elif self._layer:
            after.begin(after.start + moved)
        else:
            self.bars[before.bar].length += moved
        self._position = after.start + after.duration

    def tuplet(self, p: int, q: int | None, r: int | None) -> None:
        """Begin a tuplet; what is not given is as the standard says (4.13)."""
        if q is None:
            n = 3 if self.meter.is_compound else 2
            q = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, n)
        if p and len(self._tuplets) < _DEEPEST_TUPLET:
            self._tuplets.append(Tuplet(p, q, p if r is None else r))

    def _factor(self) -> tuple[int, int]:
        """Take what tuplets do to the next note's length."""
        num, den = 1, 1
        for tuplet in self._tuplets:
            num, den = num * tuplet.q, den * tuplet.p
            tuplet.left -= 1
        if self._tuplets:
            self._tuplets = [tuplet for tuplet in self._tuplets if tuplet.left > 0]
        return num, den

    def bar_line(self, symbol: str) -> None:
        """End the bar; colons before and after the line are repeats."""
        bars = symbol.strip(":")
        closes = len(symbol) - len(symbol.lstrip(":")) or bars.count(":")
        opens = len(symbol) - len(symbol.rstrip(":"))
        bars = bars.replace(":", "")
        if not bars:  # `::` alone is both
            closes = opens = max(closes // 2, 1)
        closes, self._is_closing = max(closes, int(self._is_closing)), False
        self._end_bar()
        self._inner.discard(self._at)
        self.spelling.in_bar = {}
        after = self.bars[self._at]
        after.opens = max(after.opens, opens + 1 if opens else 0)
        if self._at:
            before = self.bars[self._at - 1]
            before.closes = max(before.closes, closes + 1 if closes else 0)
            before.is_section_end |= bool(closes) or bars not in {"", "|", ".|", "[|]"}

    def colon(self) -> None:
        """Take a colon apart from its bar line: it opens a repeat after one, else closes one."""
        if self.begins_bar:
            self.bars[self._at].opens = max(self.bars[self._at].opens, 2)
        else:
            self._is_closing = True

    @property
    def begins_bar(self) -> bool:
        """Whether nothing was written since the last bar line."""
        return not self._position and not self.bars[self._at].length

    def split(self) -> Bar:
        """Begin a new stretch in the middle of a bar if need be, and give it.

        Within an overlay none begins: the bars are there.
        """
        self._settle()
        if self._layer and self._position < self.bars[self._at].length:
            return self.bars[self._at]
        if not self.begins_bar:
            self._end_bar()
            if self._at - self._start_of_bar(self._at - 1) < MOST_STRETCHES:
                self._inner.add(self._at)
        return self.bars[self._at]

    def ending(self, numbers: frozenset[int]) -> None:
        """Begin a variant ending."""
        self.split().endings = numbers

    def part(self, label: str) -> None:
        """Begin a part."""
        if self._at == len(self.bars) - 1:
            self.split().part = label

    def mark(self, name: str) -> None:
        """Set a mark for jumps."""
        self._settle()
        if name not in ENDS:
            self.split()
        self.bars[self._at].marks.add(name)

    def overlay(self, back: int) -> None:
        """Go back to write a second line over this bar (``&``) or the last ``back`` bars."""
        is_empty = self._end_stretch() == 0 and self._at not in self._inner
        self._ties[self._layer] = self._at - is_empty, self.spelling.tied
        self._layer += 1
        if self._overlaid_from is not None:
            self._at = self._overlaid_from
        else:
            self._at = self._start_of_bar(self._at)
            for _ in range(min(back - 1 + is_empty, self._at)):
                self._at = self._start_of_bar(max(self._at - 1, 0))
        self._rewind()

    def _start_of_bar(self, place: int) -> int:
        while place in self._inner:
            place -= 1
        return place

    def overlay_opens(self) -> None:
        """Remember where an overlay of several bars begins (``(&``)."""
        self._overlaid_from = self._start_of_bar(self._at)

    def overlay_closes(self) -> None:
        """End an overlay of several bars (``&)``)."""
        self._overlaid_from = None

    def _rewind(self) -> None:
        self._position = 0
        self._group = None
        self.spelling.in_bar = {}
        self._take_up_tie()

    def _take_up_tie(self) -> None:
        """Let the tie hold that this layer has brought over the last bar line, if it has."""
        ended, tied = self._ties.get(self._layer, (-1, {}))
        self.spelling.tied = tied if ended == self._at - 1 else {}

    def _settle(self) -> None:
        """Go on to the stretch of this bar in which the position lies."""
        while self._at + 1 in self._inner and self._position >= self.bars[self._at].length:
            self._position -= self.bars[self._at].length
            self._at += 1

    def _end_stretch(self) -> int:
        """Let this bar last as long as what is written, and say how long its last stretch is."""
        while self._at + 1 in self._inner:
            self._position = max(self._position - self.bars[self._at].length, 0)
            self._at += 1
        bar = self.bars[self._at]
        bar.length = max(bar.length, self._position)
        return bar.length

    def _end_bar(self) -> None:
        """Go on to the next bar: one that is there, where this line is an overlay."""
        length = self._end_stretch()
        bar = self.bars[self._at]
        if self._at < len(self.bars) - 1:
            self._at += 1
        elif length:
            self.bars.append(Bar())
            self._at += 1
        elif self._at:  # an empty bar: its marks were set at the end of the bar before
            self.bars[self._at - 1].marks |= bar.marks & ENDS
            bar.marks -= ENDS
        self._position = 0
        if self._layer and self._at == len(self.bars) - 1 and not self.bars[self._at].length:
            self._ties[self._layer] = self._at - 1, self.spelling.tied
            self._layer = 0
            self._take_up_tie()

    def finished(self) -> list[Bar]:
        """Give the bars, the last one ended."""
        self._end_stretch()
        return self.bars
