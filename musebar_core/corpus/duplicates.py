"""Which songs are the same music: the same bytes, the same melody in any key, or a version of it.

Three questions, in this order. Are the bytes equal? Is the melody on the grid equal, up to
transposition (:func:`~musebar_core.corpus.phrases.melody_key`)? Do the melodies share so many
phrases that one must be a version of the other
(:func:`~musebar_core.corpus.phrases.are_versions`): another arrangement, an edit, an excerpt?

Songs are judged in a fixed order, by name. The first of a kind is kept; a later song is compared
with kept ones only, so that every duplicate resembles, itself, the song that it is a duplicate
of: there are no chains. The work that a song costs does not grow with the corpus: see
:data:`MOST_SONGS_OF_A_PHRASE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.phrases import N_PHRASES, are_versions, melody_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.reading import Reading

MOST_SONGS_OF_A_PHRASE = 64
"""A phrase that so many kept songs have says little: it finds no further song."""

MOST_COMPARED = 16
"""Kept songs that a song is compared with: those that share most phrases with it."""


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
        self._songs = np.zeros((N_PHRASES, MOST_SONGS_OF_A_PHRASE), np.int32)
        self._counts = np.zeros(N_PHRASES, np.int64)

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
