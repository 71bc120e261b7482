"""Train, validation and test: 80/10/10 of a genre's songs, by hash alone.

A genre's units (its groups where they are known, else its songs) are taken in the order of the
SHA-256 of their names: test and validation are filled to a tenth of the songs each, the rest
trains. So the same songs split alike in every run, whatever order they were read in, small genres
have all three splits, and no group lies on two sides.

Where groups are so few or so uneven that a split would be empty, or training would get under
60% of the songs, the genre is split song by song. Duplicates must be gone before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Mapping

SPLITS = ("train", "validation", "test")

HELD_OUT_SPLITS = ("test", "validation")

HELD_OUT = 0.1
"""Share of validation, and of test."""

LEAST_TRAIN = 0.6
"""Share of songs that groups must leave for training; else songs are split one by one."""


def split_genre(genre: str, groups: Mapping[str, str]) -> dict[str, str]:
    """Assign each song of a genre to a split.

    Parameters
    ----------
    genre
        The genre's name, for messages.
    groups
        Song id to group, empty where it is unknown.

    Returns
    -------
    Song id to ``"train"``, ``"validation"`` or ``"test"``.

    Raises
    ------
    CorpusError
        If there are fewer than three songs.
    """
    if len(groups) < len(SPLITS):
        missing = SPLITS[max(len(groups), 1)] if groups else SPLITS[0]
        raise CorpusError(
            f"genre '{genre}' has no {missing} song: {len(groups)} songs are "
            f"too few; add songs (at least {len(SPLITS)} that differ)"
        )
    by_group = _cut({song: _unit(song, group) for song, group in groups.items()})
    if _is_balanced(by_group):
        return by_group
    return _cut({song: _unit(song, "") for song in groups})


def _cut(units: Mapping[str, str]) -> dict[str, str]:
    """Fill test, then validation, to a tenth of the songs each, whole units in hash order."""
    sizes = Counter(units.values())
    wanted = max(1, round(HELD_OUT * len(units)))
    sides: dict[str, str] = {}
    filled: Counter[str] = Counter()
    for unit in sorted(sizes, key=_hash):
        side = next((s for s in HELD_OUT_SPLITS if filled[s] < wanted), "train")
        sides[unit] = side
        filled[side] += sizes[unit]
    return {song: sides[unit] for song, unit in units.items()}


def _is_balanced(sides: Mapping[str, str]) -> bool:
    """Whether no split is empty and most songs are for training: large groups may upset it."""
    counts = Counter(sides.values())
    return len(counts) == len(SPLITS) and counts["train"] >= LEAST_TRAIN * len(sides)


def _unit(song: str, group: str) -> str:
    return f"group {group}" if group else f"song {song}"


def _hash(unit: str) -> str:
    return hashlib.sha256(unit.encode()).hexdigest()
