"""What a corpus was asked to be, and the hash of all that decides what becomes of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Literal, get_args

from musebar_core.corpus import store
from musebar_core.corpus.grid import MAX_STEPS
from musebar_core.corpus.store import TimeGrid
from musebar_core.corpus.version import READING_VERSION
from musebar_core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from musebar_core.config import Grid
    from musebar_core.corpus.sources import Listing

    Progress = Callable[[int, int], None]

Repeats = Literal["played", "written"]
"""Whether repeats, endings and jumps of scores are played, or every bar comes once, as written."""

PLAYED: Repeats = "played"


@dataclass(frozen=True)
class Request:
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
    rebuild: bool = False
    repeats: Repeats = PLAYED

    def __post_init__(self) -> None:
        if self.song_steps is not None and self.song_steps < 1:
            raise ConfigurationError(f"song_steps {self.song_steps}: 1 or more")
        if self.song_steps is not None and self.song_steps > MAX_STEPS:
            raise ConfigurationError(
                f"song_steps {self.song_steps}: {MAX_STEPS} at most, as no song is longer"
            )
        if self.songs_per_genre is not None and self.songs_per_genre < 1:
            raise ConfigurationError(f"songs_per_genre {self.songs_per_genre}: 1 or more")
        if self.repeats not in get_args(Repeats):
            raise ConfigurationError(f"repeats '{self.repeats}': played or written")
        if self.workers is not None and self.workers < 0:
            raise ConfigurationError(f"workers {self.workers}: 0 or more")

    @property
    def time_grid(self) -> TimeGrid:
        """Steps a quarter and a bar, as the corpus keeps them."""
        return TimeGrid(self.grid.steps_per_quarter, self.grid.steps_per_bar)

    @property
    def unusual(self) -> list[str]:
        """Settings that are not as they were before they could be set: hashes stay the same."""
        return [] if self.repeats == PLAYED else [self.repeats]

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
            *self.unusual,
        ]
        return hashlib.sha256(json.dumps(settings).encode()).hexdigest()


def signature_of(listing: Listing, request: Request) -> str:
    """Hash of everything that decides the result."""
    versions = [metadata.version(name) for name in ("musebar-study", "music21", "symusic")]
    inputs = [
        store.FORMAT_VERSION,
        READING_VERSION,
        versions,
        listing.kind,
        list(listing.genres),
        listing.signature,
        listing.rejected,
        request.grid.steps_per_quarter,
        request.grid.steps_per_bar,
        request.songs_per_genre,
        request.song_steps,
        *request.unusual,
    ]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
