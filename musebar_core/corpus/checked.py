"""Every reading against a count of its source: see :mod:`musebar_core.corpus.counts`.

A reading is taken if it agrees with the count within :data:`TOLERANCES`, played or as written
(the count knows no repeats). If it does not, the next reader is asked; if none agrees, the file
is rejected. `docs/reading.md` has the evidence for each tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus import counts, midi, scores
from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.corpus.counts import Count
    from musebar_core.corpus.notes import Notes, Track
    from musebar_core.corpus.scores import Form


@dataclass(frozen=True)
class Tolerance:
    """By how much reading and count may differ.

    Attributes
    ----------
    share, notes
        Of the notes counted; the larger of the two.
    quarters
        Of the end of the last note, or :data:`LATE` of it if that is more.
    semitones
        Of lowest and highest pitch.
    parts
        Of the number of parts, beside as many as notes were not read: a part of one note that
        has no end is none.
    """

    share: float
    notes: int
    quarters: float
    semitones: int
    parts: int


LATE = 0.02
"""Share of a piece's length by which its end may differ."""

TOLERANCES = {
    "midi": Tolerance(0.03, 2, 4.0, 0, 0),
    "musicxml": Tolerance(0.05, 2, 4.0, 0, 0),
    "humdrum": Tolerance(0.05, 2, 4.0, 0, 0),
    "abc": Tolerance(0.05, 4, 4.0, 3, 0),
}


@dataclass(frozen=True, eq=False)
class Checked:
    """Parts of a piece that agree with a count of its source.

    Attributes
    ----------
    title, parts, n_pieces
        As :class:`~musebar_core.corpus.notes.Score` gives them.
    reader
        Which reader they are from.
    agreement
        Notes read over notes counted, or the reverse if that is smaller: 1 where they are as many;
        NaN where the source cannot be counted.
    damage
        What is wrong with the file, empty for a sound one.
    """

    title: str
    parts: list[Track]
    n_pieces: int
    reader: str
    agreement: float
    damage: str = ""


def read_midi(content: bytes) -> Checked:
    """Read the parts of a MIDI file.

    Raises
    ------
    UnreadableError
        If it cannot be read, or reader and count disagree.
    """
    content = midi.unwrap(content)
    count = counts.count_midi(content)
    content, n_pieces = midi.first_piece(content)
    piece = midi.read_piece(content, count)
    if piece.damage:  # the count ends at the damage: it says what there is at least
        agreement = _at_least(piece, count)
        return _joined(piece, count, n_pieces, agreement)
    try:
        agreement = agree(piece.tracks, count, TOLERANCES["midi"])
    except UnreadableError:
        if piece.reader == "lenient":
            raise
        piece = midi.read_leniently(content)
        agreement = agree(piece.tracks, count, TOLERANCES["midi"])
    return _joined(piece, count, n_pieces, agreement)


def _joined(piece: midi.Piece, count: Count, n_pieces: int, agreement: float) -> Checked:
    """What was read, the parts of one player together; the quick reader knows no channels."""
    parts = midi.joined(piece.tracks, piece.places or count.places)
    return Checked("", parts, n_pieces, piece.reader, agreement, piece.damage)


def _at_least(piece: midi.Piece, count: Count) -> float:
    """Give the agreement of a damaged file; raise if fewer notes are read than counted."""
    n_read = sum(len(part.notes) for part in piece.tracks if not part.is_drum)
    if n_read < midi.LEAST_READ * count.n_notes:
        raise _disagreement(f"{count.n_notes:,} notes counted, {n_read:,} read")
    return min(1.0, n_read / count.n_notes) if count.n_notes else 1.0


def read_score(content: bytes, form: Form, play_repeats: bool = True) -> Checked:
    """Read the parts of a score; see :func:`musebar_core.corpus.scores.read`.

    Raises
    ------
    UnreadableError
        If it cannot be read, or reader and count disagree.
    """
    score = scores.read(content, form)
    parts = score.parts(play_repeats)
    name = "musicxml" if form == "zipped" else form
    count = _COUNTS[form](content)
    try:
        agreement = agree(parts, count, TOLERANCES[name])
    except UnreadableError:
        agreement = agree(score.parts(play_repeats=False), count, TOLERANCES[name])
    return Checked(score.title, parts, score.n_pieces, name, agreement)


_COUNTS = {
    "abc": counts.count_abc,
    "humdrum": counts.count_humdrum,
    "musicxml": counts.count_musicxml,
    "zipped": counts.count_musicxml,
}


def agree(parts: Sequence[Track], count: Count | None, tolerance: Tolerance) -> float:
    """Give the agreement of a reading with a count; NaN where there is no count.

    Raises
    ------
    UnreadableError
        If they disagree beyond the tolerance; the message says in what.
    """
    if count is None:
        return float("nan")
    sounding = [part.notes for part in parts if len(part.notes) and not part.is_drum]
    n_read = sum(len(notes) for notes in sounding)
    if abs(n_read - count.n_notes) > max(tolerance.notes, tolerance.share * count.n_notes):
        raise _disagreement(f"{count.n_notes:,} notes counted, {n_read:,} read")
    if not n_read:
        return 1.0
    if count.n_parts is not None and (
        abs(len(sounding) - count.n_parts) > tolerance.parts + abs(n_read - count.n_notes)
    ):
        raise _disagreement(f"{count.n_parts} parts counted, {len(sounding)} read")
    late = max(tolerance.quarters, LATE * (count.quarters or count.last_onset or 0.0))
    if count.quarters is not None:
        end = max(float(notes.ends.max()) for notes in sounding)
        if abs(end - count.quarters) > late:
            raise _disagreement(f"{count.quarters:g} quarter notes counted, {end:g} read")
    onset = max(float(notes.onsets[-1]) for notes in sounding)
    if count.last_onset is not None and abs(onset - count.last_onset) > late:
        raise _disagreement(f"last note counted at {count.last_onset:g}, read at {onset:g}")
    if n_read == count.n_notes:  # else the lowest may be what was not read
        _check_span(sounding, count, tolerance)
    return min(n_read, count.n_notes) / max(n_read, count.n_notes)


def _check_span(sounding: Sequence[Notes], count: Count, tolerance: Tolerance) -> None:
    pitches = np.concatenate([notes.pitches for notes in sounding])
    lowest, highest = int(pitches.min()), int(pitches.max())
    for counted, read, what in (
        (count.lowest, lowest, "lowest"),
        (count.highest, highest, "highest"),
    ):
        if counted is None:
            continue
        if abs(counted - read) > tolerance.semitones:
            raise _disagreement(f"{what} pitch {counted} counted, {read} read")


def _disagreement(what: str) -> UnreadableError:
    return UnreadableError(f"reader and count disagree: {what}")
