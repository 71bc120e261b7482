"""The account of every file: reasons by kind, songs by reader, genres that have too few songs."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from musebar_core.corpus.midi import share_read
from musebar_core.corpus.split import SPLITS
from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_HEADER = b"file,reason\n"

LEAST_SONGS = len(SPLITS)
"""A genre of fewer songs cannot be split."""

_DETAIL = re.compile(
    r"(?<=^duplicate) .*|(?<=^too short):.*|(?<=^unreadable MIDI):.*|(?<=^unreadable score):.*"
    r"|(?<=^too long):.*|(?<=^reader and count disagree):.*"
    r"| \(starts with .*|(?<=^another MIDI of its track is taken):.*"
    r"|(?<=^the list gives it several genres):.*|(?<=^no notes but) \d+ of"
    r"|(?<=Error):.*"
)
"""What a reason says of one file alone."""


@dataclass(frozen=True)
class ThinGenre:
    """A genre that is left out: of its files, so few became songs that it cannot be split.

    Attributes
    ----------
    n_files, n_songs
        Files of the genre, and how many of them could be taken.
    reasons
        Kind of reason to count, most first, of those that could not.
    """

    genre: str
    n_files: int
    n_songs: int
    reasons: dict[str, int]

    def __str__(self) -> str:
        """Say in one line why."""
        count = (
            f"{self.n_songs} of its {self.n_files} files"
            if self.n_songs
            else (f"none of its {self.n_files} files")
        )
        why = ", ".join(f"{count}: {kind}" for kind, count in list(self.reasons.items())[:3])
        need = f", at least {LEAST_SONGS} that differ are needed" if self.n_songs else ""
        return f"genre '{self.genre}': {count} could be taken{need}" + (f" ({why})" if why else "")


@dataclass(frozen=True)
class Read:
    """The songs that one reader read.

    Attributes
    ----------
    reader
        Its name, as in ``songs.parquet``.
    n_songs, n_damaged, n_uncounted
        Songs, those from damaged files, and those whose source cannot be counted.
    least_read, least_read_source
        Lowest share of a damaged file's notes that was read, and the file; NaN without any.
    lowest, lowest_source
        Lowest agreement with the count of a source, and the source; NaN without any.
    n_differing
        Songs of which not as many notes were read as counted.
    """

    reader: str
    n_songs: int
    n_damaged: int = 0
    n_uncounted: int = 0
    least_read: float = math.nan
    least_read_source: str = ""
    lowest: float = math.nan
    lowest_source: str = ""
    n_differing: int = 0


def by_reader(songs: pd.DataFrame) -> tuple[Read, ...]:
    """Give the account of songs (columns as in ``songs.parquet``) by reader, most songs first."""
    found = [_read(str(reader), table) for reader, table in songs.groupby("reader")]
    return tuple(sorted(found, key=lambda each: (-each.n_songs, each.reader)))


def _read(reader: str, songs: pd.DataFrame) -> Read:
    by_source = songs.sort_values("source").set_index("source")
    agreement = pd.to_numeric(by_source["agreement"], errors="coerce")
    read = by_source.loc[by_source["damage"] != "", "damage"].map(share_read)
    least, least_source = _lowest(read)
    lowest, lowest_source = _lowest(agreement)
    return Read(
        reader,
        n_songs=len(songs),
        n_damaged=len(read),
        n_uncounted=int(agreement.isna().sum()),
        least_read=least,
        least_read_source=least_source,
        lowest=lowest,
        lowest_source=lowest_source,
        n_differing=int((agreement < 1).sum()),
    )


def _lowest(values: pd.Series[float]) -> tuple[float, str]:
    """Lowest of some values and its label; NaN and none of no values."""
    known = values.dropna()
    return (float(known.min()), str(known.idxmin())) if len(known) else (math.nan, "")


def kind(reason: str) -> str:
    """Say what kind of reason one is: without what it says of one file alone."""
    return _DETAIL.sub("", reason)


def count_kinds(reasons: Iterable[str]) -> dict[str, int]:
    """Count reasons by kind, most first."""
    return dict(Counter(kind(reason) for reason in reasons).most_common())


def thin_genres(
    files: dict[str, set[str]], songs: Sequence[str], rejected: Sequence[tuple[str, str]]
) -> tuple[ThinGenre, ...]:
    """Find the genres that have too few songs.

    Parameters
    ----------
    files
        Genre to the names of its files.
    songs
        Genre of each song that was taken.
    rejected
        (file, reason).
    """
    counts = Counter(songs)
    return tuple(
        ThinGenre(
            genre,
            len(names),
            counts[genre],
            count_kinds(reason for file, reason in rejected if file in names),
        )
        for genre, names in sorted(files.items())
        if counts[genre] < LEAST_SONGS
    )


def refuse(thin: Iterable[ThinGenre], rejected: Iterable[tuple[str, str]], out: Path) -> None:
    """Write every file's reason beside ``out``, and raise.

    Raises
    ------
    CorpusError
        Always; it says which genres, why, and where the account is.
    """
    account = _free(out)
    table = pd.DataFrame(sorted(rejected), columns=["file", "reason"])
    table.to_csv(account, index=False, lineterminator="\n")
    raise CorpusError(
        f"no corpus was built: {'; '.join(str(genre) for genre in thin)}; "
        f"every file's reason is in {account}"
    )


def _free(out: Path) -> Path:
    """The first of ``OUT-rejected.csv``, ``OUT-rejected-2.csv`` ... that is no file of others."""
    for number in itertools.count(1):
        last = "" if number == 1 else f"-{number}"
        account = out.with_name(f"{out.name}-rejected{last}.csv")
        if not account.exists() and not account.is_symlink():
            break
        if account.is_file() and account.read_bytes()[: len(_HEADER)] == _HEADER:
            break
    return account
