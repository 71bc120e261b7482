"""Which songs a corpus takes: read in rounds, judged, and split; every other file with a reason."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from musebar_core.corpus import account
from musebar_core.corpus.duplicates import Duplicates
from musebar_core.corpus.reading import read_all
from musebar_core.corpus.request import PLAYED
from musebar_core.corpus.sources import by_hash
from musebar_core.corpus.split import split_genre

if TYPE_CHECKING:
    from collections.abc import Callable

    from musebar_core.corpus.reading import Reading
    from musebar_core.corpus.request import Progress, Request
    from musebar_core.corpus.sources import Item, Listing

logger = logging.getLogger(__name__)

ID_DIGITS = 16


@dataclass
class Selection:
    """Songs taken and items rejected so far."""

    taken: list[Reading] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    duplicates: Duplicates = field(default_factory=Duplicates)

    def judge(self, reading: Reading) -> None:
        """Take a song, or reject it with its reason."""
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
        """Songs taken of a genre."""
        return sum(reading.item.genre == genre for reading in self.taken)


def select(listing: Listing, request: Request) -> Selection:
    """Read items in rounds until each genre has what was asked for, or is used up."""
    limit = request.songs_per_genre
    queues = {
        genre: _queue([item for item in listing.items if item.genre == genre], limit)
        for genre in listing.genres
    }
    selection = Selection()
    n_read = 0
    while wanted := _next_round(queues, selection, limit):
        report = _report(request.progress, n_read, len(wanted))
        readings = read_all(
            wanted,
            request.grid.steps_per_quarter,
            request.workers,
            report,
            play_repeats=request.repeats == PLAYED,
        )
        for reading in readings:
            selection.judge(reading)
        n_read += len(wanted)
    for queue in queues.values():
        reason = f"beyond songs_per_genre {limit}"
        selection.rejected += [(item.source, reason) for item in queue]
    return selection


def leave_out(
    selection: Selection, listing: Listing, request: Request
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


def ordered(taken: list[Reading]) -> list[Reading]:
    """The songs by genre and content, as a corpus holds them."""
    return sorted(taken, key=lambda reading: (reading.item.genre, reading.sha256))


def table(selection: Selection) -> pd.DataFrame:
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
            "reader": reading.reader,
            "agreement": reading.agreement,
            "steps_read": 0 if reading.pitches is None else len(reading.pitches),
            "n_notes": reading.n_notes,
            "n_part": reading.n_part,
            "damage": reading.damage,
        }
        for reading in ordered(selection.taken)
    ]
    sides: dict[str, str] = {}
    for genre in sorted({row["genre"] for row in rows}):
        songs = {row["id"]: row["group"] for row in rows if row["genre"] == genre}
        sides |= split_genre(genre, songs)
    return pd.DataFrame(rows).assign(split=[sides[row["id"]] for row in rows])


def _queue(items: list[Item], limit: int | None) -> list[Item]:
    return items if limit is None else by_hash(items)


def _next_round(
    queues: dict[str, list[Item]], selection: Selection, limit: int | None
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
