"""The corpus on disk, and the views that training reads it by.

A corpus is a folder: ``songs.parquet`` (one row a song), ``pitches.npy`` (all songs, one after
the other, memory-mapped), ``rejected.csv``, ``corpus.json`` (grid, inputs) and ``fingerprint``
(SHA-256 of the content). It is written once and never changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musebar_core.corpus import stored
from musebar_core.corpus.split import SPLITS
from musebar_core.corpus.version import READING_VERSION
from musebar_core.errors import ConfigurationError, CorpusError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from musebar_core.config import Grid

FORMAT_VERSION = 2
OVERALL = "overall"
"""Name of the joint corpus of all genres."""

_MOST_FINGERPRINT_BYTES = 1_000

FILES = ("songs.parquet", "pitches.npy", "rejected.csv", "corpus.json", "fingerprint")


@dataclass(frozen=True)
class TimeGrid:
    """What a step of a corpus is."""

    steps_per_quarter: int
    steps_per_bar: int

    def check(self, grid: Grid) -> None:
        """Raise :class:`ConfigurationError` if ``grid`` means another step or bar."""
        asked = TimeGrid(grid.steps_per_quarter, grid.steps_per_bar)
        if asked != self:
            raise ConfigurationError(
                f"the corpus has {self.steps_per_quarter} steps a quarter and "
                f"{self.steps_per_bar} a bar, the configuration {asked.steps_per_quarter} and "
                f"{asked.steps_per_bar}: build the corpus with the configuration's grid"
            )


GRIDS = {"quarter": TimeGrid(1, 4), "sixteenth": TimeGrid(4, 16)}
"""Named grids: the paper's, and sixteenth notes; bars of four quarters."""


@dataclass(frozen=True, eq=False)
class Song:
    """One song.

    Attributes
    ----------
    id
        First 16 hex digits of the SHA-256 of the file (of the tune's text in a collection).
    genre, group, title, source
        ``group`` is empty where it is unknown; ``source`` is the path relative to the source.
    pitches
        Uint8 ``[steps]``, 0-127, 128 = rest; a view of the corpus' array.
    """

    id: str
    genre: str
    group: str
    title: str
    source: str
    pitches: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class GenreCorpus:
    """The songs of one genre, or of all (``"overall"``), split by split.

    Attributes
    ----------
    name
        The genre.
    grid
        What a step is.
    table
        The genre's rows of :attr:`Corpus.songs`, ordered by id.
    pitches
        The whole corpus' array, uint8 ``[all steps]``.
    """

    name: str
    grid: TimeGrid
    table: pd.DataFrame
    pitches: NDArray[np.uint8]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of this genre's content and grid: equal wherever these are equal."""
        return fingerprint(self.table, self.pitches, self.grid)

    @cached_property
    def _by_split(self) -> dict[str, tuple[Song, ...]]:
        return {
            split: _songs(self.table[self.table["split"] == split], self.pitches)
            for split in SPLITS
        }

    def songs(self, split: str) -> tuple[Song, ...]:
        """Songs of a split (``"train"``, ``"validation"``, ``"test"``), ordered by id."""
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        return self._by_split[split]

    def n_songs(self, split: str) -> int:
        """Count the songs of a split."""
        return len(self.songs(split))


@dataclass(frozen=True, eq=False)
class Corpus:
    """A built corpus.

    Attributes
    ----------
    path
        Its folder.
    grid
        What a step is.
    fingerprint
        SHA-256 of the content, in hex: the same however many workers read it.
    songs
        One row a song; columns :data:`~musebar_core.corpus.stored.SONG_COLUMNS`.
    pitches
        Uint8 ``[all steps]``, memory-mapped; a song's steps begin at its ``offset``.
    """

    path: Path
    grid: TimeGrid
    fingerprint: str
    songs: pd.DataFrame
    pitches: NDArray[np.uint8]

    @classmethod
    def load(cls, path: Path) -> Corpus:
        """Open a corpus.

        Raises
        ------
        CorpusError
            If there is none at ``path``, or it is damaged; the message says what to do.
        """
        if not (path / "fingerprint").is_file():
            raise CorpusError(f"no corpus at {path}: make one with `musebar corpus build`")
        try:
            return _load(path)
        except CorpusError:
            raise
        except ValueError as error:
            raise _damaged(path, f"{error}") from error
        except Exception as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from error

    @property
    def genres(self) -> tuple[str, ...]:
        """Names of the genres, sorted; without ``"overall"``."""
        return tuple(sorted(set(self.songs["genre"])))

    def genre(self, name: str) -> GenreCorpus:
        """View one genre, or all songs as ``"overall"``.

        Raises
        ------
        UnknownNameError
            If the corpus has no such genre.
        """
        if name != OVERALL and name not in self.genres:
            raise UnknownNameError("genre", name, [*self.genres, OVERALL])
        rows = self.songs if name == OVERALL else self.songs[self.songs["genre"] == name]
        table = rows.sort_values("id", ignore_index=True)
        return GenreCorpus(name, self.grid, table, self.pitches)

    @property
    def rejected(self) -> pd.DataFrame:
        """Files that were not taken; columns file and reason.

        Raises
        ------
        CorpusError
            If the file is missing or damaged.
        """
        try:
            return stored.read_rejected(self.path)
        except (OSError, ValueError) as error:
            raise _damaged(self.path, f"{error}".strip()) from error

    @property
    def info(self) -> dict[str, Any]:
        """What ``corpus.json`` holds: grid, kind of source, ignored files, input signature."""
        return stored.read_info(self.path)


def fingerprint(table: pd.DataFrame, pitches: NDArray[np.uint8], grid: TimeGrid) -> str:
    """Hash songs (id, genre, group, split, pitches; in the order of ids) and grid: SHA-256, hex."""
    digest = hashlib.sha256(f"{FORMAT_VERSION} {grid}".encode())
    ordered = table.sort_values("id")
    columns = [ordered[name].tolist() for name in ("id", "genre", "group", "split", "offset")]
    for row, n_steps in zip(zip(*columns, strict=True), ordered["n_steps"].tolist(), strict=True):
        *labels, offset = row
        digest.update(json.dumps([*labels, n_steps]).encode())
        digest.update(pitches[offset : offset + n_steps].tobytes())
    return digest.hexdigest()


def write(
    folder: Path,
    songs: pd.DataFrame,
    melodies: Sequence[NDArray[np.uint8]],
    *,
    rejected: Sequence[tuple[str, str]],
    grid: TimeGrid,
    info: dict[str, Any],
) -> None:
    """Write a corpus into an empty folder; ``songs`` has a row a melody, in the same order."""
    lengths = np.array([len(melody) for melody in melodies], np.int64)
    songs = songs.assign(n_steps=lengths, offset=np.cumsum(lengths) - lengths)
    pitches = np.concatenate(list(melodies)).astype(np.uint8)
    songs[list(stored.SONG_COLUMNS)].to_parquet(folder / "songs.parquet", index=False)
    np.save(folder / "pitches.npy", pitches)
    table = pd.DataFrame(sorted(rejected), columns=["file", "reason"])
    table.to_csv(folder / "rejected.csv", index=False, lineterminator="\n")
    document = {
        "format_version": FORMAT_VERSION,
        "reading_version": READING_VERSION,
        "steps_per_quarter": grid.steps_per_quarter,
        "steps_per_bar": grid.steps_per_bar,
        **info,
    }
    (folder / "corpus.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    name = fingerprint(songs, pitches, grid)
    (folder / "fingerprint").write_text(name + "\n", encoding="utf-8")


def is_of_older_rules(path: Path) -> bool:
    """Whether a corpus was read by other rules than this version's."""
    return bool(stored.read_info(path).get("reading_version") != READING_VERSION)


def is_described(path: Path) -> bool:
    """Whether a folder's ``corpus.json`` is one that :func:`write` wrote."""
    try:
        info = stored.read_info(path)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(info, dict) and {"format_version", "signature"} <= info.keys()


def _load(path: Path) -> Corpus:
    info = stored.read_info(path)
    if info.get("format_version") != FORMAT_VERSION:
        raise CorpusError(
            f"corpus {path} has format {info.get('format_version')}, this version reads "
            f"{FORMAT_VERSION}: build it again"
        )
    stored.check_info(info)
    grid = TimeGrid(info["steps_per_quarter"], info["steps_per_bar"])
    songs, pitches = stored.read_songs(path), stored.read_pitches(path)
    stored.check_songs(songs, pitches)
    file = stored.require(path / "fingerprint", _MOST_FINGERPRINT_BYTES)
    name = file.read_text(encoding="utf-8").strip()
    if len(pitches) != songs["n_steps"].sum() or fingerprint(songs, pitches, grid) != name:
        raise _damaged(path, "its content does not match its fingerprint")
    return Corpus(path, grid, name, songs, pitches)


def _damaged(path: Path, what: str) -> CorpusError:
    return CorpusError(f"corpus {path} is damaged ({what}): build it again")


def _songs(table: pd.DataFrame, pitches: NDArray[np.uint8]) -> tuple[Song, ...]:
    labels = [table[name].tolist() for name in ("id", "genre", "group", "title", "source")]
    offsets, lengths = table["offset"].tolist(), table["n_steps"].tolist()
    return tuple(
        Song(song, genre, group, title, source, pitches[offset : offset + length])
        for song, genre, group, title, source, offset, length in zip(
            *labels, offsets, lengths, strict=True
        )
    )
