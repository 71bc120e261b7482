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
from functools import reduce
from operator import or_
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
    sizes, rising = np.abs(intervals), intervals > 0
    turns = _some(rising[1:] != rising[:-1], n)
    telling = turns & _some(sizes[1:] != sizes[:-1], n)
    steps = intervals % _OCTAVE
    numbers = steps[PHRASE_INTERVALS - 1 :]
    for place in reversed(range(PHRASE_INTERVALS - 1)):
        numbers = numbers * _OCTAVE + steps[place : place + n]
    ordered = np.sort(numbers[telling])
    is_new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    found: NDArray[np.int64] = ordered[is_new]
    return found


def _some(changes: NDArray[np.bool_], n: int) -> NDArray[np.bool_]:
    """Whether anything changes within each of ``n`` runs, bool ``[n]``."""
    return reduce(or_, (changes[first : first + n] for first in range(PHRASE_INTERVALS - 1)))


def are_versions(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether melodies of these phrases are versions of one melody."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    if shared < LEAST_SHARED:
        return False
    similar = shared >= LEAST_SIMILAR * (len(one) + len(other) - shared)
    return similar or shared >= LEAST_CONTAINED * min(len(one), len(other))
