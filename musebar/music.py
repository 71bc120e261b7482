"""Corpora from Python: as ``musebar corpus build`` makes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.config import Grid
from musebar_core.corpus import EMBEDDED, build_embedded
from musebar_core.corpus import build_corpus as build_from_files
from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from musebar_core.corpus import Corpus, LabelOptions
    from musebar_core.corpus.request import Repeats


PAPER = Grid()
"""A step a quarter note, four a bar, snippets of 240."""


def build_corpus(
    source: str | Path,
    out: str | Path,
    grid: Grid = PAPER,
    *,
    genres: Sequence[str] | None = None,
    songs_per_genre: int | None = None,
    song_steps: int | None = None,
    repeats: Repeats = "played",
    labels: LabelOptions | None = None,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    replace: bool = False,
    rebuild: bool = False,
) -> Corpus:
    """Build a corpus, or take the one of the same inputs that is there already.

    Parameters
    ----------
    source
        SOURCE/GENRE/**/FILE of MIDI and scores, a CSV file, a folder of the Lakh MIDI Dataset with
        ``labels``, or the word ``music21`` for the collections that music21 ships.
    out
        The corpus' folder.
    grid
        What a step is; by default, as in the paper, a quarter note, and four a bar.
    genres, songs_per_genre
        Genres to take; at most so many songs of each. None: all.
    song_steps
        Bring every song to so many steps, 2**20 at most; None: songs keep their lengths.
    repeats
        Whether repeats, endings and jumps of scores are played, or every bar comes once.
    labels
        Genre labels of the Lakh MIDI Dataset.
    workers
        Processes that read; None: one a core, 0: this one.
    progress
        Called with (files read, files to read).
    replace
        Whether to replace a corpus of another source or other settings.
    rebuild
        Whether to build even where the corpus of the same inputs is there.

    Raises
    ------
    MuseBarError
        If ``source`` is not there or ``out`` is something else, or no music could be read.
    """
    if str(source) != EMBEDDED:
        return build_from_files(
            Path(source),
            Path(out),
            grid,
            labels=labels,
            genres=genres,
            songs_per_genre=songs_per_genre,
            song_steps=song_steps,
            repeats=repeats,
            workers=workers,
            progress=progress,
            replace=replace,
            rebuild=rebuild,
        )
    if labels is not None:
        raise UsageError(f"labels are for the Lakh MIDI Dataset: '{EMBEDDED}' has its genres")
    return build_embedded(
        Path(out),
        grid,
        genres=genres,
        songs_per_genre=songs_per_genre,
        song_steps=song_steps,
        repeats=repeats,
        workers=workers,
        progress=progress,
        replace=replace,
        rebuild=rebuild,
    )
