"""Which songs are the same music: the same bytes, or the same melody in any key."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import REST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.reading import Reading


def melody_key(pitches: NDArray[np.uint8]) -> str:
    """Hash of a melody on the grid that is the same in every key.

    Pitches are taken relative to the first that sounds; rests and durations count.
    """
    steps = pitches.astype(np.int16)
    sounding = steps != REST
    relative = np.where(sounding, steps - steps[np.argmax(sounding)], np.int16(REST * 2))
    return hashlib.sha256(relative.astype("<i2").tobytes()).hexdigest()


class Duplicates:
    """Remembers what was taken, and names the first of each."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def find(self, reading: Reading) -> str | None:
        """Name the song that this one repeats, or remember it and return None."""
        assert reading.pitches is not None
        keys = (f"bytes {reading.sha256}", f"melody {melody_key(reading.pitches)}")
        for key in keys:
            if key in self._first:
                return self._first[key]
        self._first.update(dict.fromkeys(keys, reading.item.source))
        return None
