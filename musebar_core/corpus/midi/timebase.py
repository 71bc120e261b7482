"""Ticks of a MIDI file -> quarter notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DEFAULT_TEMPO = 500_000
"""Microseconds a quarter note where a file says nothing: 120 quarter notes a minute."""

_FRAMES = {24: 24.0, 25: 25.0, 29: 30_000 / 1_001, 30: 30.0}
"""Frames a second by the number that stands for them; 29 is 30 drop frame."""


@dataclass(frozen=True, eq=False)
class TimeBase:
    """What a tick is: a share of a quarter note, or of a second and so of a quarter by tempo.

    Attributes
    ----------
    per_quarter
        Ticks a quarter note; 0 where ticks are shares of a second.
    per_second
        Ticks a second; 0 where they are shares of a quarter note.
    tempos
        (tick, microseconds a quarter note), for ticks of a second.
    """

    per_quarter: int
    per_second: float = 0.0
    tempos: Sequence[tuple[int, int]] = ()

    def quarters(self, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
        """Turn ticks ``[n]`` into quarter notes ``[n]``, from the start of the piece."""
        if self.per_quarter:
            return ticks / self.per_quarter
        changes = {0: DEFAULT_TEMPO} | {at: tempo for at, tempo in sorted(self.tempos) if tempo}
        at = np.array(list(changes), np.float64)
        rates = 1e6 / self.per_second / np.array(list(changes.values()), np.float64)
        passed = np.concatenate(([0.0], np.cumsum(np.diff(at) * rates[:-1])))
        place = np.searchsorted(at, ticks, side="right") - 1
        quarters: NDArray[np.float64] = passed[place] + (ticks - at[place]) * rates[place]
        return quarters


def time_base(division: int, tempos: Sequence[tuple[int, int]] = ()) -> TimeBase:
    """Read the division of a MIDI header, 16 bits.

    Raises
    ------
    UnreadableError
        If it means no time: 0, or a number of frames a second that no time code has.
    """
    if division & 0x8000:
        frames, per_frame = 256 - (division >> 8), division & 0xFF
        if frames not in _FRAMES or not per_frame:
            raise UnreadableError(
                f"unreadable MIDI: a time base of {frames} frames a second and {per_frame} ticks "
                "a frame, which there is not (frames: 24, 25, 29, 30)"
            )
        return TimeBase(0, _FRAMES[frames] * per_frame, tempos)
    if division == 0:
        raise UnreadableError("unreadable MIDI: 0 ticks a quarter note")
    return TimeBase(division)
