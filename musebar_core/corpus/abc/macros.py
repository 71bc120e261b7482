"""Macros: ``m:`` fields, which replace text before it is read (ABC 2.1, section 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from musebar_core.corpus.notes import UnreadableError

MOST_MACROS = 50
MOST_REPLACEMENTS = 5_000
"""Times that macros may be replaced in a tune."""

LONGEST_LINE = 100_000
"""Characters that a line may grow to by macros."""

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

    def expand(self, line: str, most: int) -> tuple[str, int]:
        """Replace targets in a line of music, ``most`` at most; say how many."""
        if self.is_transposing:
            return self.target.subn(self._transposed, line, count=most)
        return self.target.subn(lambda _: self.replacement, line, count=most)

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


@dataclass
class Macros:
    """The macros of a tune, by target, and how many replacements are left to them."""

    by_target: dict[str, Macro] = field(default_factory=dict)
    left: int = MOST_REPLACEMENTS

    def define(self, value: str) -> None:
        """Take an ``m:`` field; a target's second replaces its first, one too many is left out."""
        found = macro(value)
        if found is None:
            return
        target = found.target.pattern
        if target in self.by_target or len(self.by_target) < MOST_MACROS:
            self.by_target[target] = found

    def expand(self, line: str) -> str:
        """Apply the macros in the order of their definitions, each once.

        Raises
        ------
        UnreadableError
            If a tune needs over :data:`MOST_REPLACEMENTS`.
        """
        for each in self.by_target.values():
            longer, n_replaced = each.expand(line, self.left + 1)
            self.left -= n_replaced
            if self.left < 0 or (n_replaced and len(longer) > LONGEST_LINE):
                raise UnreadableError("unreadable score: its macros unfold without end")
            line = longer
        return line


def _written(place: int) -> str:
    """Note at a place of the scale; 0 is C below the treble staff, 7 is c."""
    octave, degree = divmod(place, 7)
    if octave > 0:
        return _SCALE[7 + degree] + "'" * (octave - 1)
    return _SCALE[degree] + "," * -octave
