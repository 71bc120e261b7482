"""Building a corpus: list, read, reject, split, write; all or nothing.

The result depends on the source and the grid alone: not on the number of workers, nor on the
order in which they finish.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pandas as pd

from musebar_core.corpus import account, store
from musebar_core.corpus.duplicates import Duplicates
from musebar_core.corpus.grid import bring_to
from musebar_core.corpus.place import holds_corpus, new_folder
from musebar_core.corpus.reading import read_all
from musebar_core.corpus.sources import EMBEDDED, by_hash, list_embedded, list_source
from musebar_core.corpus.split import split_genre
from musebar_core.corpus.store import Corpus, TimeGrid
from musebar_core.errors import ConfigurationError, CorpusError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from musebar_core.config import Grid
    from musebar_core.corpus.labels import LabelOptions
    from musebar_core.corpus.reading import Reading
    from musebar_core.corpus.sources import Item, Listing

    Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)

ID_DIGITS = 16


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
    progress: Progress | None = None,
    replace: bool = False,
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
        None: songs keep their lengths. Snippets are cut to length in either case.
    progress
        Called with (files read, files to read); the second may grow.
    replace
        Replace a corpus of another source or other settings, too; never anything else.

    Raises
    ------
    UsageError
        If ``source`` or ``out`` cannot be what they are named for; nothing was changed.
    CorpusError
        If a genre that was asked for by name has too few songs, or every genre has; each file's
        reason was written to ``OUT-rejected.csv``.
    """
    origin = [str(source.resolve()), repr(labels)]
    request = _Request(
        out,
        grid,
        workers,
        songs_per_genre,
        progress,
        tuple(genres or ()),
        replace,
        origin,
        song_steps,
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
    progress: Progress | None = None,
    replace: bool = False,
) -> Corpus:
    """Build a corpus from the collections that music21 ships; see :func:`build_corpus`.

    ``genres`` are some of ``fiddle``, ``chorale``, ``renaissance``, ``irish``, ``folk``; None: all.
    """
    request = _Request(
        out,
        grid,
        workers,
        songs_per_genre,
        progress,
        tuple(genres or ()),
        replace,
        [EMBEDDED],
        song_steps,
    )
    return _build(list_embedded(genres), request)


@dataclass(frozen=True)
class _Request:
    """What was asked for, but for the source."""

    out: Path
    grid: Grid
    workers: int | None
    songs_per_genre: int | None
    progress: Progress | None
    genres: tuple[str, ...]
    replace: bool
    source: Sequence[str]
    song_steps: int | None

    def __post_init__(self) -> None:
        if self.song_steps is not None and self.song_steps < 1:
            raise ConfigurationError(f"song_steps {self.song_steps}: 1 or more")
        if self.songs_per_genre is not None and self.songs_per_genre < 1:
            raise ConfigurationError(f"songs_per_genre {self.songs_per_genre}: 1 or more")
        if self.workers is not None and self.workers < 0:
            raise ConfigurationError(f"workers {self.workers}: 0 or more")

    @property
    def time_grid(self) -> TimeGrid:
        return TimeGrid(self.grid.steps_per_quarter, self.grid.steps_per_bar)

    @property
    def origin(self) -> str:
        """Hash of source and settings: the same while only the music in the source changes."""
        settings = [
            *self.source,
            self.grid.steps_per_quarter,
            self.grid.steps_per_bar,
            self.songs_per_genre,
            sorted(self.genres),
            self.song_steps,
        ]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


@dataclass
class _Selection:
    """Songs taken and items rejected so far."""

    taken: list[Reading] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    duplicates: Duplicates = field(default_factory=Duplicates)

    def judge(self, reading: Reading) -> None:
        if reading.pitches is None:
            self.rejected.append((reading.item.source, reading.reason))
            return
        first = self.duplicates.find(reading)
        if first is not None:
            self.rejected.append((reading.item.source, f"duplicate of {first}"))
        else:
            self.taken.append(reading)

    def leave_out(self, genre: str) -> None:
        """Reject what was taken of a genre."""
        reason = f"genre '{genre}' has too few songs to split"
        out = [reading for reading in self.taken if reading.item.genre == genre]
        self.rejected += [(reading.item.source, reason) for reading in out]
        self.taken = [reading for reading in self.taken if reading.item.genre != genre]

    def count(self, genre: str) -> int:
        return sum(reading.item.genre == genre for reading in self.taken)


def _build(listing: Listing, request: _Request) -> Corpus:
    signature = _signature(listing, request)
    if _is_there(signature, request):
        try:
            return Corpus.load(request.out)
        except CorpusError as error:
            logger.warning("%s", error)
    with new_folder(request.out, lambda: _is_there(signature, request)) as folder:
        selection = _select(listing, request)
        thin = _leave_out(selection, listing, request)
        rejected = [*listing.rejected, *selection.rejected]
        info: dict[str, Any] = {
            "source_kind": listing.kind,
            "n_ignored": listing.n_ignored,
            "songs_per_genre": request.songs_per_genre,
            "song_steps": request.song_steps,
            "left_out": [str(genre) for genre in thin],
            "signature": signature,
            "origin": request.origin,
        }
        songs = _table(selection)
        pitches = [r.pitches for r in _ordered(selection.taken) if r.pitches is not None]
        if request.song_steps is not None:
            pitches = [bring_to(each, request.song_steps) for each in pitches]
        store.write(folder, songs, pitches, rejected=rejected, grid=request.time_grid, info=info)
    return Corpus.load(request.out)


def _is_there(signature: str, request: _Request) -> bool:
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


def _select(listing: Listing, request: _Request) -> _Selection:
    """Read items in rounds until each genre has what was asked for, or is used up."""
    limit = request.songs_per_genre
    queues = {
        genre: _queue([item for item in listing.items if item.genre == genre], limit)
        for genre in listing.genres
    }
    selection = _Selection()
    n_read = 0
    while wanted := _next_round(queues, selection, limit):
        report = _report(request.progress, n_read, len(wanted))
        readings = read_all(wanted, request.grid.steps_per_quarter, request.workers, report)
        for reading in readings:
            selection.judge(reading)
        n_read += len(wanted)
    for queue in queues.values():
        reason = f"beyond songs_per_genre {limit}"
        selection.rejected += [(item.source, reason) for item in queue]
    return selection


def _leave_out(
    selection: _Selection, listing: Listing, request: _Request
) -> tuple[account.ThinGenre, ...]:
    """Leave out genres that have too few songs; raise if one was asked for, or all have."""
    files: dict[str, set[str]] = {}
    for item in listing.items:
        files.setdefault(item.genre, set()).add(item.source)
    taken = [reading.item.genre for reading in selection.taken]
    thin = account.thin_genres(files, taken, selection.rejected)
    for genre in thin:
        selection.leave_out(genre.genre)
    asked = [genre for genre in thin if genre.genre in request.genres]
    if asked or not selection.taken:
        account.refuse(asked or thin, [*listing.rejected, *selection.rejected], request.out)
    for genre in thin:
        logger.warning("left out: %s", genre)
    return thin


def _queue(items: list[Item], limit: int | None) -> list[Item]:
    return items if limit is None else by_hash(items)


def _next_round(
    queues: dict[str, list[Item]], selection: _Selection, limit: int | None
) -> list[Item]:
    """Take from each genre's queue as many items as it lacks songs."""
    wanted: list[Item] = []
    for genre, queue in queues.items():
        missing = len(queue) if limit is None else limit - selection.count(genre)
        wanted += queue[:missing]
        del queue[:missing]
    return wanted


def _report(progress: Progress | None, before: int, wanted: int) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda done: progress(before + done, before + wanted)


def _ordered(taken: list[Reading]) -> list[Reading]:
    return sorted(taken, key=lambda reading: (reading.item.genre, reading.sha256))


def _table(selection: _Selection) -> pd.DataFrame:
    """One row a song, ordered by genre and id; without offsets."""
    rows: list[dict[str, Any]] = [
        {
            "id": reading.sha256[:ID_DIGITS],
            "genre": reading.item.genre,
            "group": reading.item.group,
            "title": reading.item.title or reading.title,
            "source": reading.item.source,
            "sha256": reading.sha256,
            "track": reading.track,
            "track_reason": reading.track_reason,
            "steps_read": 0 if reading.pitches is None else len(reading.pitches),
        }
        for reading in _ordered(selection.taken)
    ]
    sides: dict[str, str] = {}
    for genre in sorted({row["genre"] for row in rows}):
        songs = {row["id"]: row["group"] for row in rows if row["genre"] == genre}
        sides |= split_genre(genre, songs)
    return pd.DataFrame(rows).assign(split=[sides[row["id"]] for row in rows])


def _signature(listing: Listing, request: _Request) -> str:
    """Hash of everything that decides the result."""
    versions = [metadata.version(name) for name in ("musebar-study", "music21", "symusic")]
    inputs = [
        store.FORMAT_VERSION,
        versions,
        listing.kind,
        list(listing.genres),
        listing.signature,
        listing.rejected,
        request.grid.steps_per_quarter,
        request.grid.steps_per_bar,
        request.songs_per_genre,
        request.song_steps,
    ]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def _info_of(out: Path) -> dict[str, Any]:
    try:
        return store.read_info(out)
    except (OSError, ValueError):
        return {}
