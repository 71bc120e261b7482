"""A cell of a ``**kern`` spine -> its note.

A token is one note, a rest, or notes of a chord with blanks between them: ``4.cc#`` is a dotted
quarter note on C sharp an octave above middle C, ``[2G`` a tied half note, ``8qd`` a grace note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DURATION = re.compile(r"(\d{1,6})(?:%(\d{1,6}))?")
_PITCH = re.compile(r"([A-Ga-g])\1*")
_ACCIDENTAL = re.compile(r"#{1,3}|-{1,3}")
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_MOST_DOTS = 4


@dataclass(frozen=True)
class Kern:
    """What a cell says.

    Attributes
    ----------
    duration
        Quarter notes; 0 of a grace note.
    pitch
        MIDI pitch of the highest note; None of a rest, or of what has no pitch.
    is_tied, ties
        That note goes on from the one before it, or into the next.
    """

    duration: float
    pitch: int | None = None
    is_tied: bool = False
    ties: bool = False


def read_token(token: str, left_out: str = "") -> Kern:
    """Read a cell; notes that carry one of the characters ``left_out`` (cue notes) do not sound."""
    notes = token.split()
    durations = [_duration(note) for note in notes]
    duration = max((each for each in durations if each is not None), default=0.0)
    sounding = [note for note in notes if "r" not in note and not set(left_out) & set(note)]
    pitched = [(pitch, note) for note in sounding if (pitch := _pitch(note)) is not None]
    if not pitched or duration <= 0:
        return Kern(duration)
    pitch, note = max(pitched, key=lambda each: each[0])
    return Kern(duration, pitch, "]" in note or "_" in note, "[" in note or "_" in note)


def _duration(note: str) -> float | None:
    """Quarter notes of one note: 4 is a quarter, 0 a breve, 00 two, 3%2 two thirds of a whole."""
    if "q" in note or "Q" in note:
        return 0.0
    found = _DURATION.search(note)
    if found is None:
        return None
    reciprocal, divisor = found.group(1), int(found.group(2) or "1")
    if int(reciprocal) == 0:
        quarters = 4.0 * (1 << len(reciprocal))
    else:
        quarters = 4.0 * divisor / int(reciprocal)
    dots = min(note.count("."), _MOST_DOTS)
    return quarters * (2 - 1 / (1 << dots))


def _pitch(note: str) -> int | None:
    found = _PITCH.search(note)
    if found is None:
        return None
    letters = found.group()
    step = _STEPS[letters[0].lower()]
    octave = 4 + len(letters) - 1 if letters.islower() else 3 - (len(letters) - 1)
    accidental = _ACCIDENTAL.match(note, found.end())
    sign = accidental.group() if accidental else ""
    alter = len(sign) if sign.startswith("#") else -len(sign)
    pitch = 12 * (octave + 1) + step + alter
    return pitch if 0 <= pitch <= 127 else None
