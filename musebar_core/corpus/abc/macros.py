"""Macros: ``m:`` fields, which replace text before it is read (ABC 2.1, section 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_LINE = 20_000
"""Characters that a line may grow to by macros; a longer one is left as it is written."""

_SCALE = "CDEFGABcdefgab"
_NOTE = r"([A-Ga-g])([,']{0,9})"


@dataclass(frozen=True)
class Macro:
    """A target and what stands for it.

    A target with ``n`` is any note; the letters h to z of its replacement are notes as far from
    that note as they are from n in the alphabet.
    """

    target: re.Pattern[str]
    replacement: str
    is_transposing: bool

    def expand(self, line: str) -> str:
        """Replace every target in a line of music."""
        if self.is_transposing:
            return self.target.sub(self._transposed, line)
        return self.target.sub(lambda _: self.replacement, line)

    def _transposed(self, found: re.Match[str]) -> str:
        letter, octaves = found.groups()
        place = _SCALE.index(letter) + 7 * (octaves.count("'") - octaves.count(","))
        return re.sub(
            r"!\w+!|[h-z]",
            lambda each: (
                each[0] if each[0][0] == "!" else _written(place + ord(each[0]) - ord("n"))
            ),
            self.replacement,
        )


def macro(value: str) -> Macro | None:
    """Read an ``m:`` field; None where it is none."""
    target, equals, replacement = value.partition("=")
    target, replacement = target.strip()[:31], replacement.strip()[:200]
    if not equals or not target:
        return None
    ends = r"(?!\d|/)"
    if "n" not in target:
        return Macro(re.compile(re.escape(target) + ends), replacement, is_transposing=False)
    before, _, after = target.partition("n")
    pattern = re.escape(before) + _NOTE + re.escape(after) + ends
    return Macro(re.compile(pattern), replacement, is_transposing=True)


def expand(line: str, macros: list[Macro]) -> str:
    """Apply macros in the order of their definitions, each once."""
    for each in macros if len(line) <= LONGEST_LINE else ():
        longer = each.expand(line)
        if len(longer) <= LONGEST_LINE:
            line = longer
    return line


def _written(place: int) -> str:
    """Note at a place of the scale; 0 is C below the treble staff, 7 is c."""
    octave, degree = divmod(place, 7)
    if octave > 0:
        return _SCALE[7 + degree] + "'" * (octave - 1)
    return _SCALE[degree] + "," * -octave
