"""Tables of the columns that the schema names, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from study.results.columns import SCHEMA_VERSION, VERSION_KEY, Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


def frame_of(rows: Sequence[Mapping[str, object]], columns: tuple[Column, ...]) -> pd.DataFrame:
    """A table of rows; what a row lacks is null."""
    return pd.DataFrame(
        {
            column.name: pd.Series([row.get(column.name) for row in rows], dtype=column.dtype)
            for column in columns
        }
    )


def write_table(frame: pd.DataFrame, path: Path) -> Path:
    """Write a table as Parquet, the schema's version in its metadata."""
    write_tables([frame], path)
    return path


def write_tables(frames: Iterable[pd.DataFrame], path: Path) -> int:
    """Write tables of the same columns, at least one, into one file; how many rows."""
    writer: pq.ParquetWriter | None = None
    count = 0
    try:
        for frame in frames:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if writer is None:
                metadata = (table.schema.metadata or {}) | {
                    VERSION_KEY: str(SCHEMA_VERSION).encode()
                }
                writer = pq.ParquetWriter(path, table.schema.with_metadata(metadata))
            writer.write_table(table.cast(writer.schema))
            count += len(frame)
    finally:
        if writer is not None:
            writer.close()
    return count
