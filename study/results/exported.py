"""Reading an export that somebody else may have written: whole, typed and bounded, or not at all.

Nothing is made of an export before all of it has been read here. Every row is validated against
the columns of :mod:`study.results.columns`, and what is wrong is named by file, row and column.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pyarrow.parquet as pq
from pyarrow import ArrowException
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
)

from musebar_core.errors import UsageError
from musebar_core.states import RunState
from musebar_core.unpacking import TooLargeError, batches
from study.ledger.result import SeedRunState
from study.results.columns import (
    BASELINES,
    GROWING,
    METRIC_PREFIXES,
    SCHEMA_VERSION,
    VERSION_KEY,
    Column,
)
from study.spec.sections import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from study.ledger.record import GenreFacts

MOST_ROWS = 5_000_000
"""Of a table: a study of 100,000 runs has that many evaluations."""

MOST_BYTES = 2 * 2**30
"""Of a table, once it is unpacked: a run has some 1,400 bytes, an evaluation 200."""

MOST_FACTS_BYTES = 16 * 2**20

HINT = "name a folder of 'musebar study export'"


def _none_for_nan(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _text(most: int, pattern: str | None = None) -> object:
    return Annotated[str, Field(max_length=most, pattern=pattern)]


_Whole = Annotated[int, Field(ge=0, lt=2**53)]
MOST_NATS = 1e12
"""Either way of a number: beyond it, squares and sums are none any more."""

_Number = Annotated[float, Field(allow_inf_nan=False, ge=-MOST_NATS, le=MOST_NATS)]
_TYPES: dict[str, Any] = {
    "string": _text(100_000),
    "int64": _Whole,
    "Int64": Annotated[int, Field(lt=2**53, gt=-(2**53))],
    "float64": _Number,
    "Float64": _Number,
    "boolean": bool,
}
"""What a cell holds, by its column's dtype; what a table may leave empty, it may in addition."""

_NARROW: dict[str, Any] = {
    "study": _text(255),
    "genre": _text(255, r"\S"),
    "config_id": _text(12, r"^[0-9a-f]{12}$"),
    "phase": Literal[*Phase],
    "state": Literal[*SeedRunState, *RunState],
    "attempts": Annotated[int, Field(ge=1, lt=2**31)],
    "config": _text(100_000),
    "epoch": _Whole,
}
"""Cells that are never empty, and that have a form of their own."""

_FORMS: dict[str, Any] = {
    "finished_at": Annotated[_text(64), AfterValidator(_time)],
    **{f"{prefix}n_snippets": Annotated[int, Field(ge=1, lt=2**53)] for prefix in METRIC_PREFIXES},
}
"""Cells that may be empty, and have a form of their own where they are not."""

_NEVER_EMPTY = {"seed", "weight", "train_bce", "train_kl_bars", *_NARROW}


def _row(name: str, columns: Iterable[Column]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for column in columns:
        kind = (_NARROW | _FORMS).get(column.name, _TYPES[column.dtype])
        if column.name in _NEVER_EMPTY:
            fields[column.name] = (kind, ...)
        else:
            fields[column.name] = (Annotated[kind | None, BeforeValidator(_none_for_nan)], None)
    config = ConfigDict(strict=True, frozen=True, extra="ignore")
    return create_model(name, __config__=config, **fields)


@dataclass(frozen=True)
class Row:
    """A row of an exported table whose cells are what their columns say, None where empty."""

    cells: Mapping[str, object]

    def text(self, name: str) -> str:
        """A string; empty where the cell is."""
        value = self.cells[name]
        return value if isinstance(value, str) else ""

    def whole(self, name: str) -> int:
        """A whole number, of a column that is not empty.

        Raises
        ------
        TypeError
            If the cell is empty.
        """
        value = self.cells[name]
        if not isinstance(value, int):
            raise TypeError(f"{name} is {value!r}")
        return value

    def number(self, name: str) -> float | None:
        """A number; None where there is none."""
        value = self.cells[name]
        return float(value) if isinstance(value, int | float) else None


def read_table(folder: Path, name: str, columns: tuple[Column, ...]) -> list[Row]:
    """Read a table of an export.

    Parameters
    ----------
    folder
        The export.
    name
        ``results`` or ``curves``.
    columns
        What it should have.

    Returns
    -------
    list of Row
        Its rows, validated.

    Raises
    ------
    UsageError
        If it is missing, no table, too large, or a cell is not what its column says.
    """
    file = folder / f"{name}.parquet"
    if not file.is_file():
        raise UsageError(f"{folder} holds no {file.name}: {HINT}")
    kind, validated = _row(name, columns), []
    try:
        for number, row in enumerate(_read(file, columns)):
            try:
                validated.append(Row(kind.model_validate(row).model_dump()))
            except ValidationError as error:
                raise UsageError(_explained(f"{file}, row {number}", error)) from None
    except (ArrowException, OSError, ValueError) as error:
        raise UsageError(f"{file} is no table: {(str(error).splitlines() or [''])[0]}") from None
    return validated


def _read(file: Path, columns: tuple[Column, ...]) -> Iterator[dict[str, object]]:
    """Give a table's rows one by one, its bytes counted as they are unpacked."""
    opened = pq.ParquetFile(file)
    _check_size(file, opened.metadata)
    there = set(opened.schema_arrow.names)
    for column in columns:
        if column.name not in there and column.name not in GROWING:
            raise UsageError(f"{file} lacks the column '{column.name}': export the study again")
    wanted = [column.name for column in columns if column.name in there]
    try:
        for batch in batches(opened, MOST_BYTES, wanted):
            yield from batch.to_pylist()
    except TooLargeError as error:
        raise UsageError(f"{file} {error}: it is something else") from None


def _check_size(file: Path, metadata: pq.FileMetaData) -> None:
    """Refuse a table of another schema, or of a size that no study has."""
    text = (metadata.metadata or {}).get(VERSION_KEY, b"1")
    if not text.isdigit() or len(text) > 9:
        raise UsageError(f"{file} says that its tables have version {text[:20]!r}: no number")
    if int(text) > SCHEMA_VERSION:
        raise UsageError(
            f"{file} has version {int(text)} of the tables, and this product knows up to "
            f"{SCHEMA_VERSION}: use the product that wrote it, or a newer one"
        )
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if metadata.num_rows > MOST_ROWS or size > MOST_BYTES:
        raise UsageError(
            f"{file} has {metadata.num_rows} rows of {size} bytes: {MOST_ROWS} rows and "
            f"{MOST_BYTES} bytes at most"
        )


def _explained(where: str, error: ValidationError) -> str:
    first = error.errors()[0]
    said = f"{first['msg'][0].lower()}{first['msg'][1:]}"
    named = ".".join(map(str, first["loc"]))
    return f"{where}: {named} {repr(first['input'])[:80]}: {said}"


_Count = Annotated[int, Field(ge=0, lt=2**53)]


class _Facts(BaseModel):
    """Facts of a genre; see :class:`study.ledger.record.GenreFacts`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    fingerprint: Annotated[str, Field(min_length=1, max_length=200)]
    train_songs: _Count = 0
    validation_songs: _Count = 0
    test_songs: _Count = 0
    validation_snippets: _Count = 0
    test_snippets: _Count = 0
    baselines: dict[Literal["validation", "test", "curve"], dict[str, _Number]]


_Genres = TypeAdapter(
    Annotated[
        dict[Annotated[str, Field(max_length=255, pattern=r"\S")], _Facts],
        Field(max_length=10_000),
    ]
)


def read_facts(file: Path) -> dict[str, GenreFacts]:
    """Read what an export says of its genres' music.

    Raises
    ------
    UsageError
        If it is missing, no JSON, too large, or says something else.
    """
    if not file.is_file():
        raise UsageError(
            f"{file.parent} holds no {file.name}, which says what music the runs had: {HINT}"
        )
    if file.stat().st_size > MOST_FACTS_BYTES:
        raise UsageError(f"{file}: over {MOST_FACTS_BYTES // 2**20} MiB: it is something else")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not valid JSON: {error}") from None
    try:
        found = _Genres.validate_python(content)
    except ValidationError as error:
        raise UsageError(_explained(str(file), error)) from None
    for genre, facts in found.items():
        for split in dict.fromkeys(("validation", "test", *facts.baselines)):
            if set(facts.baselines.get(split, {})) != set(BASELINES):
                raise UsageError(f"{file}: {genre}: baselines.{split} needs {', '.join(BASELINES)}")
    return {g: facts.model_dump(exclude_unset=True) for g, facts in found.items()}  # type: ignore[misc]
