"""Which pitch a note letter means: key signature, accidentals of the bar, ties, shifts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from musebar_core.corpus.abc.fields import MIDDLE_C, Shift, alteration, number

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MICROTONE = re.compile(r"(\d*)/(\d*)")


class Propagation(StrEnum):
    """How far an accidental holds (ABC 2.1, 11.3); the standard's default is ``pitch``."""

    NOT = "not"
    OCTAVE = "octave"
    PITCH = "pitch"


@dataclass
class Spelling:
    """What decides the pitches of one voice at one place."""

    signature: dict[str, int] = field(default_factory=dict)
    propagation: Propagation = Propagation.PITCH
    shift: Shift = field(default_factory=Shift)
    in_bar: dict[str, int] = field(default_factory=dict)
    tied: dict[str, int] = field(default_factory=dict)
    """Semitones by note, of the notes that a tie holds over to the next."""

    def follow(self, name: str, words: Sequence[str]) -> None:
        """Follow a directive that says what sounds; abc2midi's ``nobarlines`` is music without."""
        if name == "propagate-accidentals" and words[0] in set(Propagation):
            self.propagation = Propagation(words[0])
        elif name == "MIDI" and words[0] in {"nobarlines", "barlines"}:
            self.propagation = Propagation.NOT if words[0] == "nobarlines" else Propagation.PITCH
        elif name == "MIDI":
            self.shift = self.shift.directed(words)

    def pitch(self, found: re.Match[str]) -> tuple[int, str, int]:
        """Sounding MIDI pitch of a note token, with its written name and its alteration.

        An accidental beside the note counts first, then one that a tie brings over a bar line,
        then those of the bar, then the key signature.
        """
        letter, octaves, sign = found["letter"], found["octave"], found["acc"]
        step = letter.upper()
        octave = (letter != step) + octaves.count("'") - octaves.count(",")
        name = f"{step}{octave}"
        if sign:
            altered = _alteration(sign)
            self._keep(step, name, altered)
        elif name in self.tied:
            altered = self.tied[name]
        else:
            in_key = self.signature.get(step, 0)
            key = name if self.propagation is Propagation.OCTAVE else step
            altered = self.in_bar.get(key, in_key)
        pitch = MIDDLE_C + _STEPS[step] + 12 * octave + altered + self.shift.semitones
        return pitch, name, altered

    def _keep(self, step: str, name: str, altered: int) -> None:
        if self.propagation is Propagation.PITCH:
            self.in_bar[step] = altered
        elif self.propagation is Propagation.OCTAVE:
            self.in_bar[name] = altered


def _alteration(sign: str) -> int:
    """Semitones; a microtone (``^/``) is the nearest semitone towards the natural note."""
    accidental = sign.rstrip("0123456789/")
    part = _MICROTONE.match(sign, len(accidental))
    if part is None:
        return alteration(accidental)
    share = number(part[1]) / (number(part[2]) or 1 if part[2] else 2)
    return int(min(share, 2) * alteration(accidental[0]))
