"""Parquet tables that somebody else may have written, some rows at a time, within a bound.

A small file may unpack to more than a machine holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    import pyarrow.parquet as pq

_ROWS_AT_A_TIME = 256


class TooLargeError(ValueError):
    """A table unpacks to more bytes than it may have."""


def batches(
    table: pq.ParquetFile, most: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield a table's rows, few at a time, of these columns or of all.

    Raises
    ------
    TooLargeError
        As soon as they are over ``most`` bytes together.
    """
    size = 0
    for batch in table.iter_batches(_ROWS_AT_A_TIME, columns=columns):
        size += batch.nbytes
        if size > most:
            raise TooLargeError(f"unpacks to over {most} bytes")
        yield batch
