"""A bar of a voice: notes, and what the repeat signs say.

Times are ticks within the bar; see :data:`~musebar_core.corpus.abc.fields.TICKS`. A *bar* here is
what lies between two places where playing may jump: mostly a bar, at times a part of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ENDS = frozenset({"fine", "D.C.", "D.S."})
"""Marks that belong to the end of a bar, wherever in it they stand."""


@dataclass(slots=True)
class Sound:
    """A note: onset in its bar and duration, in ticks; ``is_tied`` to what follows."""

    onset: int
    duration: int
    pitch: int
    is_tied: bool = False


@dataclass(slots=True)
class Bar:
    """What lies between two places where playing may jump.

    Attributes
    ----------
    sounds, length
        Notes, and ticks.
    opens
        Times that a repeat beginning here is to be played; 0: none begins.
    closes
        Times that the repeat ending here is to be played; 0: none ends.
    is_section_end
        Whether a double bar line follows: an end repeat without a beginning goes back to it.
    endings
        Numbers of the variant ending that begins here.
    part
        Label of the part that begins here.
    marks
        Of ``segno`` and ``coda``, which begin it, ``fine``, ``D.C.`` and ``D.S.``, which end it.
    """

    sounds: list[Sound] = field(default_factory=list)
    length: int = 0
    opens: int = 0
    closes: int = 0
    is_section_end: bool = False
    endings: frozenset[int] = frozenset()
    part: str = ""
    marks: set[str] = field(default_factory=set)
