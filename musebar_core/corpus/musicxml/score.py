"""The measures of all parts -> bars that are played in order -> tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from musebar_core.corpus.musicxml.document import (
    is_of_sibelius,
    names_of,
    parse,
    parts_of,
    percussion_of,
    title_of,
)
from musebar_core.corpus.musicxml.marks import Marks, with_coda_left
from musebar_core.corpus.musicxml.measure import Measure, PartReader, octaves_of_clefs
from musebar_core.corpus.notes import Score, Track, UnreadableError
from musebar_core.corpus.performance import Written, perform
from musebar_core.corpus.repeats import Signs, playing_order

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAME = 1e-6
"""Quarter notes by which lengths may differ by rounding."""

MOST_CELLS = 4_000_000
"""Measures times staves of a score; one with more is refused."""


def read_musicxml(content: bytes) -> Score:
    """Read a score: title and parts, a staff a part, at sounding pitch.

    Cue notes, grace notes, chord symbols and percussion are left out; notes that
    are not printed sound; chords are taken at their highest note, ties are merged. A measure
    lasts as long as the longest part in it (a measure of nothing: as its time signature says).

    Parameters
    ----------
    content
        A MusicXML document, by parts or by measures.

    Raises
    ------
    UnreadableError
        If it is no MusicXML, or one made to take all memory.
    """
    root = parse(content)
    parts: list[list[Measure]] = []
    for measures in parts_of(root):
        reader = PartReader(octaves_of_clefs(measures) if is_of_sibelius(root) else frozenset())
        parts.append([reader.read_measure(measure) for measure in measures])
    drums = percussion_of(root)
    pitched = [(i, part) for i, part in enumerate(parts) if i not in drums]
    staves = [(i, staff) for i, part in pitched for staff in _staves(part)]
    n_measures = max((len(part) for part in parts), default=0)
    if n_measures * len(staves) > MOST_CELLS:
        raise UnreadableError(f"{n_measures} measures of {len(staves)} staves")
    bars = _bars([[part[n] for part in parts if n < len(part)] for n in range(n_measures)])
    signs = with_coda_left([bar.signs for bar in bars])
    names = names_of(root)
    written = [_notes_of(parts[i], staff, bars) for i, staff in staves]
    lengths = [bar.end - bar.start for bar in bars]

    def play(repeats: bool) -> list[Track]:
        played = perform(written, lengths, playing_order(signs, repeats))
        return [Track(names[i], notes) for (i, _), notes in zip(staves, played, strict=True)]

    return Score(title_of(root), play)


@dataclass(frozen=True)
class _Bar:
    """A measure, or a piece of it between signs; positions in quarter notes."""

    measure: int
    start: float
    end: float
    measure_end: float
    signs: Signs


def _staves(part: Sequence[Measure]) -> list[int]:
    """Numbers of the staves that have notes; one at least, so that no part is lost."""
    return sorted({staff for measure in part for staff in measure.notes}) or [1]


def _bars(measures: Sequence[Sequence[Measure]]) -> list[_Bar]:
    """Cut the measures (each as all parts have it) where signs stand within them."""
    bars: list[_Bar] = []
    opens = False
    for n, measure in enumerate(measures):
        marks = Marks(opens=opens)
        for each in measure:
            marks.merge(each.marks)
        length = _length(measure)
        before = marks.splits.pop(0.0, None)
        if before is not None and bars:
            bars[-1] = _closed(bars[-1], before)
        opens = marks.settle(length)
        starts, ends = [0.0, *sorted(marks.splits)], [*sorted(marks.splits), length]
        for start, end in zip(starts, ends, strict=True):
            bars.append(_Bar(n, start, end, length, _signs(marks, start, end, end == length)))
    return bars


def _closed(bar: _Bar, marks: Marks) -> _Bar:
    """Let a repeat close with a bar, as a sign at the beginning of the next one says."""
    closes = max(bar.signs.closes, marks.closes)
    after_jump = bar.signs.after_jump or marks.after_jump
    return replace(bar, signs=replace(bar.signs, closes=closes, after_jump=after_jump))


def _signs(marks: Marks, start: float, end: float, is_last: bool) -> Signs:
    """Signs of a piece of a measure: what is at its start, and what is at its end."""
    at_start = marks.splits[start] if start else marks
    at_end = marks if is_last else marks.splits[end]
    return Signs(
        opens=at_start.opens,
        closes=at_end.closes,
        after_jump=at_end.after_jump,
        endings=marks.endings,
        segno=at_start.segno,
        coda=at_start.coda,
        to_coda=at_end.to_coda,
        fine=at_end.fine,
        jump=at_end.jump,
        names=at_start.names | at_end.names,
    )


def _length(measure: Sequence[Measure]) -> float:
    """Quarter notes of a measure, of which the parts may say different things.

    As its time signature says, if a part agrees and it is not marked as a pickup; else as the
    parts with notes say. A rest that fills the measure fills what the others make of it.
    """
    time_length = max((each.time_length for each in measure), default=0.0)
    lengths = [each.length for each in measure]
    is_implicit = any(each.is_implicit for each in measure)
    if not is_implicit and any(abs(length - time_length) < _SAME for length in lengths):
        return time_length
    sounding = [each.length for each in measure if each.notes]
    rests = max((each.rest_length for each in measure), default=0.0)
    return max(sounding or lengths, default=0.0) or rests or time_length


def _notes_of(part: Sequence[Measure], staff: int, bars: Sequence[_Bar]) -> list[list[Written]]:
    """Notes of a staff, bar by bar."""
    found: list[list[Written]] = []
    for bar in bars:
        notes = part[bar.measure].notes.get(staff, []) if bar.measure < len(part) else []
        if bar.start or bar.end < bar.measure_end:
            start, end = bar.start - _SAME, bar.end - _SAME
            inside = (note for note in notes if start <= note.position < end)
            notes = [note._replace(position=max(note.position - bar.start, 0.0)) for note in inside]
        found.append(notes)
    return found
