"""What is read from music: tracks of notes in quarter notes, and the melody taken from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


class UnreadableError(Exception):
    """A file holds no music that can be read; the message is the reason, one short line."""


@dataclass(frozen=True, eq=False)
class Notes:
    """Notes of one track, ordered by onset.

    Attributes
    ----------
    onsets
        Float64 ``[n]``, quarter notes from the start of the piece.
    durations
        Float64 ``[n]``, quarter notes, over 0 (grace notes are left out).
    pitches
        Int64 ``[n]``, MIDI pitch 0-127.
    """

    onsets: NDArray[np.float64]
    durations: NDArray[np.float64]
    pitches: NDArray[np.int64]

    @classmethod
    def of(cls, rows: list[tuple[float, float, int]]) -> Notes:
        """Make notes of rows (onset, duration, pitch); see :meth:`of_columns`."""
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return cls.of_columns(table[:, 0], table[:, 1], table[:, 2])

    @classmethod
    def of_columns(
        cls, onsets: NDArray[Any], durations: NDArray[Any], pitches: NDArray[Any]
    ) -> Notes:
        """Make notes of columns ``[n]`` in any order; grace notes and odd pitches are left out."""
        kept = (durations > 1e-6) & (pitches >= 0) & (pitches <= 127)
        if not kept.all():
            onsets, durations, pitches = onsets[kept], durations[kept], pitches[kept]
        numbers = pitches.astype(np.int64)
        later = onsets[1:] - onsets[:-1]
        if not ((later > 0) | ((later == 0) & (numbers[1:] <= numbers[:-1]))).all():
            order = np.lexsort((-numbers, onsets))
            onsets, durations, numbers = onsets[order], durations[order], numbers[order]
        return cls(onsets.astype(np.float64), durations.astype(np.float64), numbers)

    def __len__(self) -> int:
        return len(self.pitches)

    @property
    def ends(self) -> NDArray[np.float64]:
        """Float64 ``[n]``, quarter notes: where each note ends."""
        ends: NDArray[np.float64] = self.onsets + self.durations
        return ends


@dataclass(frozen=True, eq=False)
class Track:
    """One track of a MIDI file, or one part of a score; ``program`` is its instrument, 0-127."""

    name: str
    notes: Notes
    is_drum: bool = False
    program: int = 0


@dataclass(frozen=True, eq=False)
class Score:
    """A score that is read: its bars as they are written, which can be played.

    Attributes
    ----------
    title
        Empty where it says none.
    play
        Gives the parts, top part first, if it is told whether repeats are played.
    n_pieces
        Of the file; this is the first of them.
    """

    title: str
    play: Callable[[bool], list[Track]]
    n_pieces: int = 1

    def parts(self, play_repeats: bool = True) -> list[Track]:
        """Give the parts, top part first, with times in quarter notes.

        Parameters
        ----------
        play_repeats
            Whether repeats, endings, jumps and lists of sections are played, or every bar comes
            once, as written.

        Raises
        ------
        UnreadableError
            If that makes more bars, notes or quarter notes than a piece can have.
        """
        return self.play(play_repeats)


@dataclass(frozen=True, eq=False)
class Melody:
    """The monophonic line taken from a piece.

    Attributes
    ----------
    notes
        No two of them sound at once.
    track
        Name of the track the line is from, or its number where it has no name.
    reason
        Why that track.
    title
        The piece's title, empty where it says none.
    n_part
        Notes of that track, before it was made monophonic.
    damage
        What is wrong with the file it is from, empty for a sound one.
    reader, agreement
        Which reader the piece was read by, and how far it agreed with a count of the source: see
        :class:`~musebar_core.corpus.checked.Checked`.
    """

    notes: Notes
    track: str
    reason: str
    title: str = ""
    n_part: int = 0
    damage: str = ""
    reader: str = ""
    agreement: float = float("nan")
