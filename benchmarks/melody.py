"""The choice of the melody, against files that name their melody track.

``python -m benchmarks melody FOLDER``: of every MIDI file in FOLDER/GENRE whose tracks say which
of them is the melody, the names are hidden, the choice is made, and the line that was taken is
compared with the named track's. They agree if at least half of the named line's notes, onset and
pitch, are in it. Where no track is named as the melody, the only one that is called a right hand
stands for it. ``--kept FILE`` writes the notes kept of every file as CSV, to compare two versions.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus import checked, melody
from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from musebar_core.corpus.notes import Notes, Track

SAME_ONSET = 3
"""Decimals of a quarter note to which onsets are compared."""

ENOUGH = 0.5
"""Share of the named line that must be in the line that was taken."""

_RIGHT_HAND = re.compile(r"\bright\b", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """What was taken of one file; ``share`` of the named line is in it, None if none is named."""

    file: Path
    track: str
    reason: str
    n_notes: int
    n_part: int
    share: float | None


def choose(file: Path) -> Choice | None:
    """Choose a file's melody, and again with hidden names; None if it cannot be read."""
    try:
        tracks = checked.read_midi(file.read_bytes()).parts
        taken = melody.from_midi(tracks)
    except UnreadableError:
        return None
    pitched = [track for track in tracks if len(track.notes) and not track.is_drum]
    named = named_melody(pitched)
    share = None
    if named is not None:
        hidden = melody.from_midi([replace(track, name="") for track in pitched])
        share = shared(melody.skyline(named.notes), hidden.notes)
    return Choice(file, taken.track, taken.reason, len(taken.notes), taken.n_part, share)


def named_melody(pitched: Sequence[Track]) -> Track | None:
    """Give the track that says that it is the melody, if others are there to be taken."""
    if len(pitched) < 2:
        return None
    span = max(float(track.notes.ends.max()) for track in pitched)
    named = [pitched[place] for place in melody.named_as_melody(pitched)]
    if named:
        return max(named, key=lambda track: melody.melody_score(track.notes, span))
    hands = [track for track in pitched if _RIGHT_HAND.search(track.name)]
    return hands[0] if len(hands) == 1 else None


def shared(named: Notes, taken: Notes) -> float:
    """Share of the named line's notes whose onset and pitch are in the taken line."""
    there = set(zip(np.round(taken.onsets, SAME_ONSET), taken.pitches, strict=True))
    ours = zip(np.round(named.onsets, SAME_ONSET), named.pitches, strict=True)
    return float(np.mean([note in there for note in ours]))


def print_agreement(choices: Iterable[Choice]) -> None:
    """Print how many files of each genre agree, and which do not."""
    shares: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for choice in choices:
        if choice.share is not None:
            shares[choice.file.parent.name].append((choice.share, choice.file.name))
    every = [each for of_genre in shares.values() for each in of_genre]
    for genre, of_genre in [*sorted(shares.items()), ("all", every)]:
        n_agree = sum(share >= ENOUGH for share, _ in of_genre)
        print(f"{genre:<14}{n_agree:>5} of {len(of_genre):<5}{n_agree / len(of_genre):>7.1%}")
    for share, name in sorted(each for each in every if each[0] < ENOUGH):
        print(f"  {share:>5.0%} {name}")


def main() -> None:
    """Print the agreement by genre; write what was kept where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks melody")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kept", type=Path, help="CSV of the notes kept of every file")
    options = parser.parse_args()
    files = [f for f in sorted(options.folder.rglob("*")) if f.suffix.lower() in {".mid", ".midi"}]
    choices = [choice for choice in map(choose, files) if choice is not None]
    if not any(choice.share is not None for choice in choices):
        parser.exit(1, f"no MIDI file in {options.folder} names its melody track\n")
    n_kept = sum(choice.n_notes for choice in choices)
    print(f"{len(files):,} files, {len(choices):,} read, {n_kept:,} notes kept")
    print_agreement(choices)
    if options.kept is not None:
        with options.kept.open("w", newline="") as out:
            table = csv.writer(out, lineterminator="\n")
            table.writerow(["file", "n_notes", "n_part", "track", "reason"])
            table.writerows(
                [c.file.relative_to(options.folder), c.n_notes, c.n_part, c.track, c.reason]
                for c in choices
            )


if __name__ == "__main__":
    main()
