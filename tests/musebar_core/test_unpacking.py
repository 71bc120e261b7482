from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from musebar_core.unpacking import TooLargeError, batches

ROWS = 1000


@pytest.fixture
def table(tmp_path):
    """Eight bytes a row and column, as no cell may be empty."""
    schema = pa.schema([pa.field(name, pa.int64(), nullable=False) for name in ("a", "b")])
    columns = [pa.array(np.arange(ROWS))] * 2
    pq.write_table(pa.table(columns, schema=schema), tmp_path / "table")
    return pq.ParquetFile(tmp_path / "table")


def test_all_rows_come_in_their_order_few_at_a_time(table):
    parts = list(batches(table, most=10**6))
    assert [len(part) for part in parts] == [256, 256, 256, 232]
    assert pa.Table.from_batches(parts)["b"].to_pylist() == list(range(ROWS))


def test_columns_that_are_not_asked_for_are_not_unpacked(table):
    parts = list(batches(table, most=8 * ROWS, columns=["a"]))
    assert parts[0].schema.names == ["a"]
    assert sum(part.nbytes for part in parts) == 8 * ROWS


def test_the_bound_is_of_all_rows_together_and_may_be_reached(table):
    assert len(list(batches(table, most=16 * ROWS))) == 4
    found = batches(table, most=16 * ROWS - 1)
    assert [len(next(found)) for _ in range(3)] == [256, 256, 256]
    with pytest.raises(TooLargeError, match="unpacks to over 15999 bytes"):
        next(found)
