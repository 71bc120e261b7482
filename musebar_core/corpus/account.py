"""The account of every file: reasons counted by kind, and genres that have too few songs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from musebar_core.corpus.split import SPLITS
from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

LEAST_SONGS = len(SPLITS)
"""A genre of fewer songs cannot be split."""

_DETAIL = re.compile(
    r"(?<=^duplicate) .*|(?<=^too short):.*|(?<=^unreadable MIDI):.*|(?<=^unreadable score):.*"
    r"|(?<=^reader and count disagree):.*"
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
    account = out.with_name(f"{out.name}-rejected.csv")
    table = pd.DataFrame(sorted(rejected), columns=["file", "reason"])
    table.to_csv(account, index=False, lineterminator="\n")
    raise CorpusError(
        f"no corpus was built: {'; '.join(str(genre) for genre in thin)}; "
        f"every file's reason is in {account}"
    )
