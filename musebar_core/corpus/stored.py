"""The files of a corpus that somebody else may have written: bounded and typed, or refused.

What is wrong is a :class:`ValueError` in words; whoever asked says of which corpus.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from musebar_core.corpus.grid import REST
from musebar_core.corpus.split import SPLITS
from musebar_core.sections import RANGES
from musebar_core.unpacking import TooLargeError, batches

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MOST_INFO_BYTES = 16 * 2**20
MOST_REJECTED_BYTES = 2**30
MOST_TABLE_BYTES = 2**30
"""Of the songs' table, once it is decoded: some 500 bytes a song are usual."""
MOST_STEPS = 2**33


class _Kind(Enum):
    """What a column of the songs' table holds; what is read of it here, is checked."""

    TEXT = "text"
    PLACE = "int64"
    NUMBER = "number"
    UNREAD = "anything"

    def takes(self, kind: pa.DataType) -> bool:
        """Whether a column of this Arrow type is one."""
        match self:
            case _Kind.TEXT:
                return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
            case _Kind.PLACE:
                return bool(pa.types.is_int64(kind))
            case _Kind.NUMBER:
                return not pa.types.is_nested(kind)
            case _Kind.UNREAD:
                return True


_KINDS = {
    "id": _Kind.TEXT,
    "genre": _Kind.TEXT,
    "group": _Kind.TEXT,
    "title": _Kind.TEXT,
    "split": _Kind.TEXT,
    "source": _Kind.TEXT,
    "sha256": _Kind.TEXT,
    "n_steps": _Kind.PLACE,
    "offset": _Kind.PLACE,
    "track": _Kind.TEXT,
    "track_reason": _Kind.TEXT,
    "steps_read": _Kind.UNREAD,
    "n_notes": _Kind.UNREAD,
    "n_part": _Kind.UNREAD,
    "damage": _Kind.TEXT,
    "reader": _Kind.TEXT,
    "agreement": _Kind.NUMBER,
}
SONG_COLUMNS = tuple(_KINDS)
"""``n_steps`` are kept; ``steps_read`` were in the music: fewer if the song was repeated, more if
it was broken off, to bring all to one length. ``n_notes`` make the melody, of ``n_part`` that the
track or part has; ``damage`` is what is wrong with the file, empty for a sound one. ``reader``
read it, and ``agreement`` is the share of the notes counted in its source that were read, see
:class:`~musebar_core.corpus.checked.Checked`."""


def require(file: Path, most: int) -> Path:
    """Give a file back that is a regular one of so many bytes at most.

    Raises
    ------
    ValueError
        If it is missing, a pipe or a device, or larger.
    """
    if not file.is_file():
        raise ValueError(f"{file.name} is missing or no regular file")
    if file.stat().st_size > most:
        raise ValueError(f"{file.name} has {file.stat().st_size} bytes: {most} at most")
    return file


def read_info(path: Path) -> dict[str, Any]:
    """Read a corpus' ``corpus.json``.

    Raises
    ------
    ValueError
        If it is missing, too large, or no JSON.
    """
    file = require(path / "corpus.json", MOST_INFO_BYTES)
    info: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return info


def check_info(info: dict[str, Any]) -> None:
    """Refuse a ``corpus.json`` whose grid or account is none.

    Raises
    ------
    ValueError
        If its steps are none that a grid may have, or the account lacks a part.
    """
    for name in ("steps_per_quarter", "steps_per_bar"):
        least, most = RANGES[name]
        if type(info[name]) is not int or not least <= info[name] <= most:
            raise ValueError(f"{name} {info[name]!r}: a whole number from {least} to {most}")
    if type(info["n_ignored"]) is not int or not isinstance(info["source_kind"], str):
        raise ValueError("n_ignored is no whole number, or source_kind no text")
    left_out = info.get("left_out", [])
    if not isinstance(left_out, list) or not all(isinstance(one, str) for one in left_out):
        raise ValueError("left_out is no list of texts")


def read_rejected(path: Path) -> pd.DataFrame:
    """Read the files that were not taken, and why: columns file and reason.

    Raises
    ------
    ValueError
        If the file is missing, too large, or no such table.
    """
    file = require(path / "rejected.csv", MOST_REJECTED_BYTES)
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    if table.columns.tolist() != ["file", "reason"] or not isinstance(table.index, pd.RangeIndex):
        raise ValueError("rejected.csv is no table of file and reason")
    return table


def read_pitches(path: Path) -> NDArray[np.uint8]:
    """Map all songs' pitches into memory; what they are is checked with the songs.

    Raises
    ------
    ValueError
        If the file is missing, too large, or holds no row of bytes.
    """
    file = require(path / "pitches.npy", MOST_STEPS)
    pitches = np.asarray(np.lib.format.open_memmap(file, mode="r"))
    if pitches.dtype != np.uint8 or pitches.ndim != 1:
        raise ValueError(
            f"pitches.npy has {pitches.ndim} dimensions of {pitches.dtype}: one of uint8 is needed"
        )
    return pitches


def read_songs(path: Path) -> pd.DataFrame:
    """Read the songs' table, as much as may be.

    Raises
    ------
    ValueError
        If the file is missing, decodes to too much, lacks a column, or has one of another kind.
    """
    opened = pq.ParquetFile(require(path / "songs.parquet", MOST_TABLE_BYTES))
    schema = opened.schema_arrow.remove_metadata()
    _check_columns(schema)
    try:
        found = [batch.replace_schema_metadata(None) for batch in batches(opened, MOST_TABLE_BYTES)]
    except TooLargeError as error:
        raise ValueError(f"songs.parquet {error}") from None
    songs: pd.DataFrame = pa.Table.from_batches(found, schema).to_pandas()
    return songs


def _check_columns(schema: pa.Schema) -> None:
    kinds = dict(zip(schema.names, schema.types, strict=True))
    for name, kind in _KINDS.items():
        if kind is _Kind.UNREAD:
            continue
        if name not in kinds:
            raise ValueError(f"songs.parquet lacks the column '{name}'")
        if not kind.takes(kinds[name]):
            raise ValueError(f"songs.parquet: {name} is {kinds[name]}, no {kind.value}")


def check_songs(songs: pd.DataFrame, pitches: NDArray[np.uint8]) -> None:
    """Refuse songs that are none, or lie outside the pitches, and pitches that are none.

    Raises
    ------
    ValueError
        It says which column and which value.
    """
    if not len(songs):
        raise ValueError("it has no songs")
    for name, kind in _KINDS.items():
        if kind in {_Kind.TEXT, _Kind.PLACE} and songs[name].isna().any():
            raise ValueError(f"songs.parquet: {name} is empty in row {songs[name].isna().argmax()}")
    _within(songs, "n_steps", 1, len(pitches))
    _within(songs, "offset", 0, len(pitches) - songs["n_steps"])
    strange = set(songs["split"]) - set(SPLITS)
    if strange:
        raise ValueError(
            f"songs.parquet: split {min(strange)!r:.40} is none of {', '.join(SPLITS)}"
        )
    if pitches.max() > REST:
        raise ValueError(f"pitches.npy has {pitches.max()}: {REST}, a rest, at most")


def _within(songs: pd.DataFrame, name: str, least: int, most: int | pd.Series[int]) -> None:
    wrong = (songs[name] < least) | (songs[name] > most)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"songs.parquet: {name} {songs[name].iloc[row]} in row {row} lies outside the pitches"
        )
