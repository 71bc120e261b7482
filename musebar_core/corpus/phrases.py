"""Phrases: what two melodies have in common in whatever key, tempo, rhythm and grid.

A *phrase* is a run of five successive intervals of the melody, repeated notes left out, octaves
left out. Runs that go one way only (scales, broken chords) or hold one size of interval only
(trills) are in all music and are left out. Two melodies are compared by the share of their
phrases that they have in common (the Jaccard index of the two sets; Broder, "On the resemblance
and containment of documents", 1997, with intervals for words), and by the share of the shorter
one's.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import REST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.notes import Notes

PHRASE_INTERVALS = 5
"""Intervals a phrase."""

LEAST_SIMILAR = 0.18
"""Jaccard index from which two melodies are versions of one: `docs/cleaning.md` says why."""

LEAST_CONTAINED = 0.75
"""Share of the shorter melody's phrases from which it is an excerpt of the other."""

LEAST_SHARED = 10
"""Phrases that two melodies must share at least: fewer are chance."""

_OCTAVE = 12
N_PHRASES = _OCTAVE**PHRASE_INTERVALS
"""Phrases that there can be."""


def melody_key(pitches: NDArray[np.uint8]) -> str:
    """Hash of a melody on the grid that is the same in every key.

    Pitches are taken relative to the first that sounds; rests and durations count.
    """
    steps = pitches.astype(np.int16)
    sounding = steps != REST
    relative = np.where(sounding, steps - steps[np.argmax(sounding)], np.int16(REST * 2))
    return hashlib.sha256(relative.astype("<i2").tobytes()).hexdigest()


def phrases(notes: Notes) -> NDArray[np.int64]:
    """Give the phrases of a melody (see the module) as numbers, sorted, each once."""
    intervals = notes.pitches[1:] - notes.pitches[:-1]
    intervals = intervals[intervals != 0]
    n = len(intervals) - PHRASE_INTERVALS + 1
    if n < 1:
        return np.zeros(0, np.int64)
    runs = [intervals[first : first + n] for first in range(PHRASE_INTERVALS)]
    sizes = [np.abs(run) for run in runs]
    rises = sum(run > 0 for run in runs[1:]) + (runs[0] > 0).astype(np.int64)
    one_size = np.logical_and.reduce([size == sizes[0] for size in sizes[1:]])
    telling = ~one_size & (rises > 0) & (rises < PHRASE_INTERVALS)
    numbers = sum(run % _OCTAVE * _OCTAVE**place for place, run in enumerate(runs))
    found: NDArray[np.int64] = np.unique(np.asarray(numbers)[telling])
    return found


def are_versions(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether melodies of these phrases are versions of one melody."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    if shared < LEAST_SHARED:
        return False
    similar = shared >= LEAST_SIMILAR * (len(one) + len(other) - shared)
    return similar or shared >= LEAST_CONTAINED * min(len(one), len(other))
