"""Written bars, and the order in which they are played -> the notes that sound.

Ties are followed in the order of playing: a note is tied to one of its pitch that ends where it
begins, whichever bar that stands in, so that a note held into a first ending is held into the
second as well, and one whose beginning is not played is struck. Of two voices that hold one pitch
each has its note: of those that end there, the one that began first is continued first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from musebar_core.corpus.notes import Notes, UnreadableError

MOST_PLAYED_NOTES = 1_000_000
"""A score that is played with more notes is refused."""

LONGEST_PIECE = 1_000_000.0
"""Quarter notes; a score that is longer is damaged."""

_SAME_TIME = 5
"""Decimals to which two times, in quarter notes, are compared: tuplets are rounded in floats."""


class Written(NamedTuple):
    """A note as it stands in its bar.

    Attributes
    ----------
    position, duration
        Quarter notes; the position is from the bar's start.
    pitch
        Sounding MIDI pitch.
    is_tied
        It goes on from the note before it.
    ties
        It goes on into the next.
    turns
        At which times that its bar is played it sounds, counted from 1; empty: always.
    """

    position: float
    duration: float
    pitch: int
    is_tied: bool = False
    ties: bool = False
    turns: frozenset[int] = frozenset()


Bars = Sequence[Sequence[Written]]
"""The notes of one part, bar by bar."""


def perform(
    parts: Sequence[Bars],
    lengths: Sequence[float],
    order: Sequence[int],
) -> list[Notes]:
    """Play all parts.

    Parameters
    ----------
    parts
        Of each part, the notes of each bar.
    lengths
        Quarter notes of each bar.
    order
        The bars as they are played: see :func:`~musebar_core.corpus.repeats.playing_order`.

    Raises
    ------
    UnreadableError
        If that makes more notes or quarter notes than a piece can have.
    """
    _check(parts, lengths, order)
    named = (note.turns for bars in parts for bar in bars for note in bar if note.turns)
    last_turn = max(2, *map(max, named), 0)
    return [_play(bars, lengths, order, last_turn) for bars in parts]


def _check(parts: Sequence[Bars], lengths: Sequence[float], order: Sequence[int]) -> None:
    length = sum(lengths[place] for place in order)
    if not length <= LONGEST_PIECE:  # nor if it is no number
        raise UnreadableError(f"it is {length:g} quarter notes long")
    counts = [sum(len(bars[place]) for bars in parts) for place in range(len(lengths))]
    if sum(counts[place] for place in order) > MOST_PLAYED_NOTES:
        raise UnreadableError(f"it is played with over {MOST_PLAYED_NOTES} notes")


def _play(bars: Bars, lengths: Sequence[float], order: Sequence[int], last_turn: int) -> Notes:
    """Play a part; a bar that is played more than ``last_turn`` times sounds as at that one."""
    played: Counter[int] = Counter()
    rows: list[tuple[float, float, int]] = []
    tied: dict[tuple[int, float], list[int]] = {}  # pitch and end of notes that tie -> their rows
    start = 0.0
    for place in order:
        played[place] += 1
        turn = min(played[place], last_turn)
        for note in bars[place]:
            if note.turns and turn not in note.turns:
                continue
            onset = start + note.position
            end = onset + note.duration
            held = tied.get((note.pitch, round(onset, _SAME_TIME))) if note.is_tied else None
            if held:
                row = held.pop(0)
                first = rows[row][0]
                rows[row] = (first, end - first, note.pitch)
            else:
                row = len(rows)
                rows.append((onset, note.duration, note.pitch))
            if note.ties:
                tied.setdefault((note.pitch, round(end, _SAME_TIME)), []).append(row)
        start += lengths[place]
    return Notes.of(rows)
