"""Tables of codes as files, in the form that a file's ending names: CSV or Parquet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from musebar_core.errors import UsageError
from musebar_core.marks import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

ENDINGS = (".csv", ".parquet")

_HEAD = b"song,title,split,bar,mean_1"
"""How a CSV file of codes begins."""

_MARK = b"musebar"
"""Key in the metadata of a Parquet file of codes."""


def check(path: Path) -> None:
    """Raise :class:`UsageError` unless a file's ending names a form of table."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"--out {path}: is no table by its ending: name one that ends in {' or '.join(ENDINGS)}"
        )


def write(codes: pd.DataFrame, path: Path) -> None:
    """Write a table of codes, as :func:`musebar.encode` gives it, into one file."""
    if path.suffix.lower() == ".csv":
        content = codes.to_csv(index=False, lineterminator="\n").encode()
    else:
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.Table.from_pandas(codes, preserve_index=False)
        file = io.BytesIO()
        parquet.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: b"codes"}), file
        )
        content = file.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, content)


def is_ours(path: Path) -> bool:
    """Whether a table was written by this product."""
    if path.suffix.lower() == ".csv":
        with path.open("rb") as file:
            return file.read(len(_HEAD)) == _HEAD
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return _MARK in (parquet.read_schema(path).metadata or {})
    except (pa.ArrowInvalid, OSError):
        return False
