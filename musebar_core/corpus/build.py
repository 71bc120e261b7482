"""Building a corpus: list, read, reject, split, write; all or nothing.

The result depends on the source and the grid alone: not on the number of workers, nor on the
order in which they finish.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from musebar_core.corpus import store, stored
from musebar_core.corpus.grid import bring_to
from musebar_core.corpus.place import holds_corpus, new_folder
from musebar_core.corpus.request import PLAYED, Request, signature_of
from musebar_core.corpus.selection import leave_out, ordered, select, table
from musebar_core.corpus.sources import EMBEDDED, list_embedded, list_source
from musebar_core.corpus.store import Corpus
from musebar_core.errors import CorpusError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from musebar_core.config import Grid
    from musebar_core.corpus.labels import LabelOptions
    from musebar_core.corpus.request import Progress, Repeats
    from musebar_core.corpus.sources import Listing

logger = logging.getLogger(__name__)


def build_corpus(
    source: Path,
    out: Path,
    grid: Grid,
    *,
    workers: int | None = None,
    songs_per_genre: int | None = None,
    genres: Sequence[str] | None = None,
    labels: LabelOptions | None = None,
    song_steps: int | None = None,
    repeats: Repeats = PLAYED,
    progress: Progress | None = None,
    replace: bool = False,
    rebuild: bool = False,
) -> Corpus:
    """Build a corpus from a folder of music, a table of songs or the Lakh MIDI Dataset.

    Every music file ends in exactly one of ``songs.parquet`` and ``rejected.csv``. A genre of
    fewer than three songs is left out. If ``out`` holds a corpus of the same inputs already, it
    is returned at once.

    Parameters
    ----------
    source
        SOURCE/GENRE/**/FILE, a CSV file, or a folder of the Lakh MIDI Dataset.
    out
        The corpus' folder; must not exist, be empty or be a corpus of the same source and
        settings, which is replaced if the music has changed.
    grid
        The time grid.
    workers
        Processes that parse; None: one a core. 0 parses in this process.
    songs_per_genre
        Take at most so many, chosen by hash; None: all.
    genres
        Genres to take; None: all.
    labels
        Genre labels, for the Lakh MIDI Dataset.
    song_steps
        Bring every song to so many steps by repeating it or breaking it off, as the paper does;
        None: songs keep their lengths; 2**20 at most. Snippets are cut to length in either case.
    repeats
        Whether repeats, endings and jumps of scores are played, or every bar comes once.
    progress
        Called with (files read, files to read); the second may grow.
    replace
        Replace a corpus of another source or other settings, too; never anything else.
    rebuild
        Read the music again even if the corpus is there.

    Raises
    ------
    UsageError
        If ``source`` or ``out`` cannot be what they are named for; nothing was changed.
    CorpusError
        If a genre that was asked for by name has too few songs, or every genre has; each file's
        reason was written to ``OUT-rejected.csv``.
    """
    origin = [str(source.resolve()), repr(labels)]
    request = Request(
        out,
        grid,
        workers,
        songs_per_genre,
        progress,
        tuple(genres or ()),
        replace,
        origin,
        song_steps,
        rebuild,
        repeats,
    )
    return _build(list_source(source, genres, labels), request)


def build_embedded(
    out: Path,
    grid: Grid,
    *,
    genres: Sequence[str] | None = None,
    songs_per_genre: int | None = None,
    workers: int | None = None,
    song_steps: int | None = None,
    repeats: Repeats = PLAYED,
    progress: Progress | None = None,
    replace: bool = False,
    rebuild: bool = False,
) -> Corpus:
    """Build a corpus from the collections that music21 ships; see :func:`build_corpus`.

    ``genres`` are some of ``fiddle``, ``chorale``, ``renaissance``, ``irish``, ``folk``; None: all.
    """
    request = Request(
        out,
        grid,
        workers,
        songs_per_genre,
        progress,
        tuple(genres or ()),
        replace,
        [EMBEDDED],
        song_steps,
        rebuild,
        repeats,
    )
    return _build(list_embedded(genres), request)


def _build(listing: Listing, request: Request) -> Corpus:
    signature = signature_of(listing, request)
    if _is_there(signature, request) and not request.rebuild:
        try:
            return Corpus.load(request.out)
        except CorpusError as error:
            logger.warning("%s", error)
    with new_folder(request.out, lambda: _is_there(signature, request)) as folder:
        selection = select(listing, request)
        thin = leave_out(selection, listing, request)
        rejected = [*listing.rejected, *selection.rejected]
        info: dict[str, Any] = {
            "source_kind": listing.kind,
            "n_ignored": listing.n_ignored,
            "songs_per_genre": request.songs_per_genre,
            "song_steps": request.song_steps,
            "repeats": request.repeats,
            "left_out": [str(genre) for genre in thin],
            "signature": signature,
            "origin": request.origin,
        }
        songs = table(selection)
        pitches = [r.pitches for r in ordered(selection.taken) if r.pitches is not None]
        if request.song_steps is not None:
            pitches = [bring_to(each, request.song_steps) for each in pitches]
        store.write(folder, songs, pitches, rejected=rejected, grid=request.time_grid, info=info)
    return Corpus.load(request.out)


def _is_there(signature: str, request: Request) -> bool:
    """Whether the corpus is there already; raise if another is, which must stay."""
    if not holds_corpus(request.out):
        return False
    there = _info_of(request.out)
    same: bool = there.get("signature") == signature
    if not same and not request.replace and there.get("origin") != request.origin:
        raise UsageError(
            f"{request.out} holds a corpus of another source or of other settings: nothing "
            "was changed; name another folder with --out, or give --force to replace it"
        )
    return same


def _info_of(out: Path) -> dict[str, Any]:
    try:
        return stored.read_info(out)
    except (OSError, ValueError):
        return {}
