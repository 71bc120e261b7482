"""Notes in quarter notes -> one pitch a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.notes import Notes

REST = 128
"""The symbol of a step in which no pitch sounds."""

MAX_STEPS = 2**20
"""A piece longer than this is damaged (a stray event hours after its end)."""

_ON_THE_BEAT = 0.25
"""Share of a step, from its start, whose notes come before those that sound later in it."""


def to_grid(notes: Notes, steps_per_quarter: int) -> NDArray[np.uint8]:
    """Lay notes on the grid; rests at both ends are trimmed.

    A step holds the note that sounds longest in its first quarter (the note on the beat, even
    if it is played a little late); among equals the one that sounds longest in the whole step,
    then the highest. A note counts in a step if it fills at least an eighth of it, or if half
    of the note lies in it: a release that spills over is no note, a short note is one.

    Parameters
    ----------
    notes
        The melody.
    steps_per_quarter
        Steps a quarter note.

    Returns
    -------
    Uint8 ``[steps]``, 0-127, or 128 for a rest; empty where there is no note.

    Raises
    ------
    UnreadableError
        If the piece is longer than 2**20 steps.
    """
    if not len(notes):
        return np.zeros(0, np.uint8)
    lead = np.floor(notes.onsets[0] * steps_per_quarter)  # whole steps: they stay in place
    starts = notes.onsets * steps_per_quarter - lead
    ends = notes.ends * steps_per_quarter - lead
    n_steps = int(np.ceil(ends.max())) + 1
    if n_steps > MAX_STEPS:
        raise UnreadableError(f"too long: {n_steps:,} steps, a stray event far behind the music")
    return _trim(_hold(starts, ends, notes.pitches, n_steps))


def bring_to(pitches: NDArray[np.uint8], n_steps: int) -> NDArray[np.uint8]:
    """Bring a song to ``n_steps``: repeat it from its start, or break it off."""
    return np.resize(pitches, n_steps)


def _hold(
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    pitches: NDArray[np.int64],
    n_steps: int,
) -> NDArray[np.uint8]:
    """Give each step its note; times in steps."""
    note, step = _pairs(starts, ends)
    begins, stops = starts[note], ends[note]
    within = np.minimum(stops, step + 1.0) - np.maximum(begins, step)
    counted = within >= np.minimum(0.125, (stops - begins) / 2) - 1e-6
    note, step = note[counted], step[counted]
    held = np.full(n_steps, REST, np.uint8)
    held[step] = pitches[note]
    several = np.bincount(step, minlength=n_steps)[step] > 1
    if several.any():
        note, step, within = note[several], step[several], within[counted][several]
        on_beat = np.minimum(ends[note], step + _ON_THE_BEAT) - np.maximum(starts[note], step)
        on_beat = np.maximum(on_beat, 0).round(4)
        order = np.lexsort((pitches[note], within.round(4), on_beat, step))
        held[step[order]] = pitches[note][order]  # of a step's notes, the last written stays
    return held


def _pairs(
    starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All (note, step) in which a note sounds."""
    first = np.floor(starts + 1e-6).astype(np.int64)
    last = np.maximum(np.ceil(ends - 1e-6).astype(np.int64), first + 1)
    counts = last - first
    note = np.repeat(np.arange(len(starts)), counts)
    within_note = np.arange(len(note)) - np.repeat(np.cumsum(counts) - counts, counts)
    return note, first[note] + within_note


def _trim(held: NDArray[np.uint8]) -> NDArray[np.uint8]:
    sounding = np.flatnonzero(held != REST)
    if not len(sounding):
        return held[:0]
    return held[sounding[0] : sounding[-1] + 1]
