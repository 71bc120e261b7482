"""Snippets: bar-aligned windows of T steps, drawn for training, fixed for evaluation.

A song shorter than T is repeated up to T steps (one window). A longer one has a window at each
bar from which T steps fit. ``T`` is ``grid.snippet_steps``.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import REST
from musebar_core.corpus.store import OVERALL
from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.config import Batch, Grid
    from musebar_core.corpus.store import GenreCorpus, Song

_GOLDEN_RATIO = (5**0.5 - 1) / 2

UNKNOWN_GROUPS = 5
"""Groups that songs of unknown group are dealt into."""


@dataclass(frozen=True, eq=False)
class Windows:
    """All windows of a split, songs in the order of ids, then starts in time.

    Attributes
    ----------
    pitches
        The whole corpus' array, uint8 ``[all steps]``; nothing is copied.
    offsets, lengths
        Int64 ``[songs]``, steps: where each song lies in ``pitches``.
    counts
        Int64 ``[songs]``: windows of each song, at least one.
    steps_per_bar, snippet_steps
        Distance of two windows, and T.
    """

    pitches: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    counts: NDArray[np.int64]
    steps_per_bar: int
    snippet_steps: int

    def __len__(self) -> int:
        return int(self.counts.sum())

    def cut(self, songs: NDArray[np.int64], bars: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Cut the windows that begin at these bars of these songs: both ``[N]`` -> ``[N, T]``."""
        within = (bars * self.steps_per_bar)[:, None] + np.arange(self.snippet_steps)
        within %= self.lengths[songs][:, None]  # only a song shorter than T comes round
        within += self.offsets[songs][:, None]
        cut: NDArray[np.uint8] = self.pitches[within]
        return cut

    def take(self, indexes: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Cut the windows of these places in the list of all: ``[N]`` -> uint8 ``[N, T]``."""
        ends = np.cumsum(self.counts)
        songs = np.searchsorted(ends, indexes, side="right")
        return self.cut(songs, indexes - (ends - self.counts)[songs])


def windows(view: GenreCorpus, split: str, grid: Grid) -> Windows:
    """List the windows of a split.

    Raises
    ------
    ConfigurationError
        If the corpus was built on another grid.
    CorpusError
        If the split has no song.
    """
    view.grid.check(grid)
    rows = view.table[view.table["split"] == split]
    if not len(rows):
        raise CorpusError(f"genre '{view.name}' has no {split} song: add songs")
    lengths = rows["n_steps"].to_numpy(np.int64)
    counts = np.maximum(lengths - grid.snippet_steps, 0) // grid.steps_per_bar + 1
    offsets = rows["offset"].to_numpy(np.int64)
    return Windows(view.pitches, offsets, lengths, counts, grid.steps_per_bar, grid.snippet_steps)


def evaluation_snippets(
    view: GenreCorpus, split: str, grid: Grid, n: int, *, anywhere: bool = False
) -> NDArray[np.uint8]:
    """Cut the snippets that every run is evaluated on: each song weighs the same, as in training.

    As many windows of each song as of any other, evenly strided over the song, so that all
    together are at most ``n``; a song of fewer windows gives the same ones again. Of more than
    ``n`` songs, one window of each of ``n``, evenly strided over the list. A song's only window
    is its first, or, where it may lie ``anywhere``, one that steps by the golden ratio from song to
    song, so that all parts of songs are among them. Uint8 ``[N, T]``.
    """
    listed = windows(view, split, grid)
    n_songs = len(listed.counts)
    songs = np.arange(min(n, n_songs), dtype=np.int64) * n_songs // min(n, n_songs)
    each = max(1, min(n // n_songs, int(listed.counts.max())))
    counts = listed.counts[songs]
    bars = np.arange(each, dtype=np.int64) * counts[:, None] // each
    if anywhere and each == 1:
        bars = (np.arange(len(songs)) * _GOLDEN_RATIO % 1 * counts).astype(np.int64)
    return listed.cut(np.repeat(songs, each), bars.reshape(-1))


class SnippetSampler:
    """Draws training snippets of one genre or of the overall corpus.

    Parameters
    ----------
    view
        The genre; its train split is drawn from.
    grid
        The configuration's grid.
    """

    def __init__(self, view: GenreCorpus, grid: Grid) -> None:
        self._windows = windows(view, "train", grid)
        members = _members(view)
        self.groups: tuple[str, ...] = tuple(sorted(members))
        """Names of the groups, sorted: the rows of a ``per_group`` batch."""
        lists = [members[name] for name in self.groups]
        self._by_group = np.concatenate(lists)
        self._sizes = np.array([len(each) for each in lists], np.int64)
        self._firsts = np.cumsum(self._sizes) - self._sizes

    def draw(self, batch: Batch, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Draw a batch: uint8 ``[B, T]``.

        ``batch`` N: N songs, uniformly with replacement. ``"per_group"``: one song of each of
        :attr:`groups`. Then a start uniformly among the windows of the song.
        """
        return self._windows.cut(*self._places(batch, rng))

    def draw_transposed(
        self, batch: Batch, rng: np.random.Generator, most: int, intervals: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Draw the batch that :meth:`draw` would, each snippet up or down by up to ``most``.

        Whole numbers of semitones from -most to most, all as likely, by ``intervals``. A song
        goes no further than its own highest and lowest pitch may, so that all of it stays within
        0-127; rests stay rests.
        """
        songs, bars = self._places(batch, rng)
        lowest, highest = self._ranges[:, songs]
        semitones = intervals.integers(-most, most, size=len(songs), endpoint=True)
        semitones = semitones.clip(-lowest, REST - 1 - highest)
        cut = self._windows.cut(songs, bars)
        moved = (cut + semitones[:, None]).astype(np.uint8)
        return np.where(cut == REST, cut, moved)

    def _places(
        self, batch: Batch, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw songs and bars, both ``[B]``."""
        if batch == "per_group":
            songs = self._by_group[self._firsts + _below(self._sizes, rng)]
        else:
            songs = rng.integers(0, len(self._by_group), size=batch)
        return songs, _below(self._windows.counts[songs], rng)

    @functools.cached_property
    def _ranges(self) -> NDArray[np.int64]:
        """Lowest and highest pitch of each song, ``[2, songs]``; a song of rests has all."""
        listed = self._windows
        ranges = np.empty((2, len(listed.offsets)), np.int64)
        for place, (first, steps) in enumerate(zip(listed.offsets, listed.lengths, strict=True)):
            song = listed.pitches[first : first + steps]
            notes = song[song != REST]
            ranges[:, place] = (notes.min(), notes.max()) if len(notes) else (0, REST - 1)
        return ranges


def group_of(song: Song, view_name: str) -> str:
    """Name the group a song is drawn with: its genre in the overall corpus, else its group.

    A song whose group is unknown is dealt into one of five by a hash of its id.
    """
    if view_name == OVERALL:
        return song.genre
    if song.group:
        return song.group
    dealt = int(hashlib.sha256(song.id.encode()).hexdigest(), 16) % UNKNOWN_GROUPS
    return f"unknown {dealt}"


def _members(view: GenreCorpus) -> dict[str, list[int]]:
    """Places, in the train split, of each group's songs."""
    members: dict[str, list[int]] = {}
    for place, song in enumerate(view.songs("train")):
        members.setdefault(group_of(song, view.name), []).append(place)
    return members


def _below(counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw, for each count, a whole number from 0 to below it."""
    drawn: NDArray[np.int64] = (rng.random(len(counts)) * counts).astype(np.int64)
    return drawn
