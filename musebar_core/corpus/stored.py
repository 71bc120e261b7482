"""The files of a corpus that somebody else may have written: bounded and typed, or refused.

What is wrong is a :class:`ValueError` in words; whoever asked says of which corpus.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from musebar_core.corpus.split import SPLITS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MOST_INFO_BYTES = 16 * 2**20
MOST_REJECTED_BYTES = 2**30
MOST_TABLE_BYTES = 2**30
"""Of the songs' table, once it is decoded: some 500 bytes a song are usual."""
MOST_STEPS = 2**33

REST = 128

_ROWS_AT_A_TIME = 256

_TEXTS = (
    "id",
    "genre",
    "group",
    "title",
    "split",
    "source",
    "sha256",
    "track",
    "track_reason",
    "damage",
    "reader",
)
_PLACES = ("n_steps", "offset")


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


def check_info(info: dict[str, Any], most: tuple[int, int]) -> None:
    """Refuse a ``corpus.json`` whose grid or account is none.

    Raises
    ------
    ValueError
        If steps are beyond ``most`` a quarter and a bar, or the account lacks a part.
    """
    for name, bound in zip(("steps_per_quarter", "steps_per_bar"), most, strict=True):
        if type(info[name]) is not int or not 1 <= info[name] <= bound:
            raise ValueError(f"{name} {info[name]!r}: a whole number from 1 to {bound}")
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
    batches, size = [], 0
    for batch in opened.iter_batches(_ROWS_AT_A_TIME):
        size += batch.nbytes
        if size > MOST_TABLE_BYTES:
            raise ValueError(f"songs.parquet unpacks to over {MOST_TABLE_BYTES} bytes")
        batches.append(batch.replace_schema_metadata(None))
    songs: pd.DataFrame = pa.Table.from_batches(batches, schema).to_pandas()
    return songs


def _check_columns(schema: pa.Schema) -> None:
    kinds = dict(zip(schema.names, schema.types, strict=True))
    for name in (*_TEXTS, *_PLACES, "agreement"):
        if name not in kinds:
            raise ValueError(f"songs.parquet lacks the column '{name}'")
    for name in _TEXTS:
        if not (pa.types.is_string(kinds[name]) or pa.types.is_large_string(kinds[name])):
            raise ValueError(f"songs.parquet: {name} is {kinds[name]}, no text")
    for name in _PLACES:
        if not pa.types.is_int64(kinds[name]):
            raise ValueError(f"songs.parquet: {name} is {kinds[name]}, no int64")
    if pa.types.is_nested(kinds["agreement"]):
        raise ValueError(f"songs.parquet: agreement is {kinds['agreement']}, no number")


def check_songs(songs: pd.DataFrame, pitches: NDArray[np.uint8]) -> None:
    """Refuse songs that are none, or lie outside the pitches, and pitches that are none.

    Raises
    ------
    ValueError
        It says which column and which value.
    """
    if not len(songs):
        raise ValueError("it has no songs")
    for name in (*_TEXTS, *_PLACES):
        if songs[name].isna().any():
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
