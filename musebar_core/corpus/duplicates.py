"""Which songs are the same music: the same bytes, the same melody in any key, or a version of it.

Three questions, in this order. Are the bytes equal? Is the melody on the grid equal, up to
transposition (:func:`melody_key`)? Do the melodies share so many phrases that one must be a
version of the other (:class:`Duplicates`): another arrangement, an edit, an excerpt?

A *phrase* is a run of five successive intervals of the melody, repeated notes left out, octaves
left out: the same in every key, tempo, rhythm and grid. Runs that go one way only (scales,
broken chords) or hold one size of interval only (trills) are in all music and are left out. Two
melodies are compared by the share of their phrases that they have in common (the Jaccard index
of the two sets; Broder, "On the resemblance and containment of documents", 1997, with
intervals for words), and by the share of the shorter one's.

Songs are judged in a fixed order, by name. The first of a kind is kept; a later song is compared
with kept ones only, so that every duplicate resembles, itself, the song that it is a duplicate
of: there are no chains. The work that a song costs does not grow with the corpus: see
:data:`MOST_SONGS_OF_A_PHRASE`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import REST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.notes import Notes
    from musebar_core.corpus.reading import Reading

PHRASE_INTERVALS = 5
"""Intervals a phrase."""

LEAST_SIMILAR = 0.18
"""Jaccard index from which two melodies are versions of one: `docs/cleaning.md` says why."""

LEAST_CONTAINED = 0.75
"""Share of the shorter melody's phrases from which it is an excerpt of the other."""

LEAST_SHARED = 10
"""Phrases that two melodies must share at least: fewer are chance."""

MOST_SONGS_OF_A_PHRASE = 64
"""A phrase that so many kept songs have says little: it finds no further song."""

MOST_COMPARED = 16
"""Kept songs that a song is compared with: those that share most phrases with it."""

_OCTAVE = 12
_PHRASES = _OCTAVE**PHRASE_INTERVALS


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


class Duplicates:
    """Remembers what was taken, and names the first of each."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._kept: list[tuple[str, NDArray[np.int64]]] = []
        self._index = _Index()

    def find(self, reading: Reading) -> str | None:
        """Name the song that this one repeats, or remember it and return None."""
        assert reading.pitches is not None
        keys = (f"bytes {reading.sha256}", f"melody {melody_key(reading.pitches)}")
        for key in keys:
            if key in self._first:
                return self._first[key]
        for place in self._index.nearest(reading.phrases):
            source, kept = self._kept[int(place)]
            if are_versions(kept, reading.phrases):
                return source
        self._first.update(dict.fromkeys(keys, reading.item.source))
        self._index.add(len(self._kept), reading.phrases)
        self._kept.append((reading.item.source, reading.phrases))
        return None


class _Index:
    """Which kept songs have a phrase: a row a phrase, of at most so many songs' places."""

    def __init__(self) -> None:
        self._songs = np.zeros((_PHRASES, MOST_SONGS_OF_A_PHRASE), np.int32)
        self._counts = np.zeros(_PHRASES, np.int64)

    def add(self, place: int, found: NDArray[np.int64]) -> None:
        counts = self._counts[found]
        free = counts < MOST_SONGS_OF_A_PHRASE
        self._songs[found[free], counts[free]] = place
        self._counts[found[free]] += 1

    def nearest(self, found: NDArray[np.int64]) -> NDArray[np.int32]:
        """Places of the songs that share most of these phrases, most first, then the earliest."""
        listed = np.arange(MOST_SONGS_OF_A_PHRASE) < self._counts[found][:, None]
        places, shared = np.unique(self._songs[found][listed], return_counts=True)
        nearest: NDArray[np.int32] = places[np.argsort(-shared, kind="stable")[:MOST_COMPARED]]
        return nearest
