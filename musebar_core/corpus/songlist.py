"""A table of songs as a source: a CSV file with columns file, genre and, if known, group, title.

Paths are relative to the table. The separator may be a comma, a semicolon or a tab. A file's
suffix does not matter: the table says that it is music.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from musebar_core.corpus.listing import (
    Item,
    Listing,
    check_name,
    items_of,
    of_genres,
    printable,
    signature_of,
)
from musebar_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIXES = frozenset({".csv", ".tsv"})
REQUIRED = ("file", "genre")
KNOWN = (*REQUIRED, "group", "title")


@dataclass(frozen=True)
class _Row:
    line: int
    file: str
    genre: str
    group: str
    title: str


def list_table(source: Path, genres: Sequence[str] | None = None) -> Listing:
    """List the songs that a table names.

    A row whose file is not there, or that has no genre, is rejected; a file that is named again
    counts once, and is rejected where its rows disagree about the genre.

    Raises
    ------
    UsageError
        If it cannot be read, lacks a column, or names no file that is there.
    UnknownNameError
        If a genre is not in it.
    """
    rows = _read(source)
    if not rows:
        raise UsageError(f"{source} names no song: below the column names, write a row a file")
    items: list[Item] = []
    rejected: list[tuple[str, str]] = []
    by_path: dict[str, list[_Row]] = {}
    for row in rows:
        if row.file:
            path = os.path.normpath(source.parent.absolute() / row.file)
            by_path.setdefault(path, []).append(row)
        else:
            rejected.append((f"{source.name}, line {row.line}", "the list names no file here"))
    by_file = {os.path.normpath(named[0].file): named for named in by_path.values()}
    for file, named in sorted(by_file.items()):
        reason = _reason(source.parent / file, named)
        name = printable(Path(file))
        if reason:
            rejected.append((name, reason))
        else:
            first = named[0]
            check_name(first.genre, f"{source}, line {first.line}: genre")
            items += items_of(source.parent / file, name, first.genre, first.group, first.title)
    if not items:
        raise UsageError(
            f"{source}: none of its {len(rows)} rows names a music file and its genre "
            f"({rejected[0][0]}: {rejected[0][1]}); paths are relative to the list"
        )
    items = of_genres(items, genres)
    return Listing("list", tuple(items), tuple(rejected), 0, signature_of(items))


def _reason(path: Path, rows: list[_Row]) -> str:
    """Say why a file of the list cannot be taken; empty where it can."""
    genres = {row.genre: row.line for row in reversed(rows)}
    if len(genres) > 1:
        named = " and ".join(f"'{genre}' (line {line})" for genre, line in sorted(genres.items()))
        return f"the list gives it several genres: {named}"
    if not rows[0].genre:
        return "the list gives it no genre"
    if not path.exists():
        return "no such file"
    return "" if path.is_file() else "not a file"


def _read(source: Path) -> list[_Row]:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{source} is not UTF-8 text: save the list as UTF-8 CSV") from None
    except OSError as error:
        raise UsageError(f"cannot read {source}: {error.strerror}") from None
    if not text.strip():
        raise UsageError(f"{source} is empty: its first line names the columns {', '.join(KNOWN)}")
    header, _, _ = text.partition("\n")
    separator = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = [" ".join(name.split()).casefold() for name in next(reader)]
        _check_columns(source, columns)
        return [
            _row(reader.line_num, dict(zip(columns, cells, strict=False)))
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise UsageError(f"{source}, line {reader.line_num}: not valid CSV: {error}") from None


def _check_columns(source: Path, columns: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise UsageError(
            f"{source} has no column '{missing[0]}' (it has: {', '.join(columns)}): its first "
            f"line names the columns {', '.join(KNOWN)}"
        )
    twice = [name for name in KNOWN if columns.count(name) > 1]
    if twice:
        raise UsageError(f"{source} has the column '{twice[0]}' twice: keep one")


def _row(line: int, cells: dict[str, str]) -> _Row:
    genre, group, title = (" ".join(cells.get(name, "").split()) for name in KNOWN[1:])
    return _Row(line, cells.get("file", "").strip(), genre, group, title)
