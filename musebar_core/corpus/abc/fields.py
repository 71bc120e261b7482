"""What the fields of a tune say: key, meter, unit note length, clef, parts (ABC 2.1, section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

TICKS = 2**6 * 3**3 * 5 * 7 * 11 * 13
"""Ticks a quarter note: tuplets of up to 13, nested triplets and 256th notes are exact."""

MIDDLE_C = 60
"""MIDI pitch of C."""

_DRUMS = 10
"""The channel of percussion, counted from 1."""

LARGEST_NUMBER = 9_999
"""Larger lengths, meters and counts are taken as this."""

LARGEST_ENDING = 64

MOST_PARTS = 1_000
"""Parts that a ``P:`` field may unfold to."""

_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES = {"m": -3, "min": -3, "aeo": -3, "mix": -1, "dor": -2, "phr": -4, "lyd": 1, "loc": -5}
"""Fifths from the major key of the same tonic."""
_SHARP_ORDER = "FCGDAEB"
_ALTER = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}

_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)([A-Ga-g])")
_TONIC = re.compile(r"([A-Ga-g])([#b♯♭]?)\s*([A-Za-z]*)")
_CLEF = re.compile(
    r"(?:(?:(?:clef=\"?|(?<!\S))(treble|alto|tenor|baritone|bass|mezzosoprano|soprano|perc|none))"
    r"|clef=\"?([GFCP]))[1-5]?([+^_-](?:8|15))?(?:v[ab]|m[ab])?(?![\w#])"
)
_PROPERTY = re.compile(
    r"(?<!\S)(clef|middle|m|transpose|t|octave|stafflines|name|nm|subname|sname|snm|stem|stems|style"
    r"|shift|sound|score|cue|gstem|dyn|lyrics|merge|staffscale|instrument)=(?:\"([^\"]*)\"?|(\S*))"
)
_NAME = re.compile(r"(?<!\S)(?:name|nm|subname|sname|snm)=(?:\"[^\"]*\"?|\S*)")
_SHIFTS = {"+8": 12, "-8": -12, "+15": 24, "-15": -24}
"""By clef; ``^8`` and ``_8`` move the notes on the staff alone: they sound as they are written."""

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = r"((?:\^\^?|__?|=)?[A-Ga-g][,']{0,9})"
_INTERVAL = re.compile(_NOTE + _NOTE)
_INSTRUMENT = re.compile(f"{_NOTE}(?:/{_NOTE})?")


@dataclass(frozen=True)
class Meter:
    """A meter; free (``M:none``) where ``beats`` is 0."""

    beats: int = 0
    beat_type: int = 4

    @property
    def bar_ticks(self) -> int:
        """Length of a bar; of free meter, a whole note."""
        return 4 * TICKS * self.beats // self.beat_type if self.beats else 4 * TICKS

    @property
    def is_compound(self) -> bool:
        """Whether beats come in threes: 6/8, 9/8, 12/8."""
        return self.beats > 3 and self.beats % 3 == 0

    @property
    def unit_ticks(self) -> int:
        """Unit note length where no field says it: 1/16 under a meter of 0.75, else 1/8."""
        short = 0 < self.beats / self.beat_type < 0.75
        return TICKS // 4 if short else TICKS // 2


@dataclass(frozen=True)
class Shift:
    """What moves the sounding pitch of a voice, in semitones.

    Attributes
    ----------
    clef, octave
        Of ``treble-8``, and of ``octave=``.
    transpose
        Of ``transpose=``, ``sound=``, ``shift=``, ``instrument=`` or ``%%MIDI transpose``: the last
        that is said holds.
    middle_c
        Of ``%%MIDI C``, which says the MIDI pitch of C.
    is_percussion
        Whether the clef or the channel says that notes are no pitches.
    """

    clef: int = 0
    octave: int = 0
    transpose: int = 0
    middle_c: int = 0
    is_percussion: bool = False

    @property
    def semitones(self) -> int:
        """All of it."""
        return self.clef + self.octave + self.transpose + self.middle_c

    def changed(self, value: str) -> Shift:
        """Apply what a ``K:`` or ``V:`` field says; what it does not say stays."""
        shift = self
        clef = _CLEF.search(
            re.sub(r"\b(?:name|nm|sname|snm|subname)=(?:\"[^\"]*\"?|\S*)", "", value)
        )
        if clef:
            percussion = clef.group(1) == "perc" or clef.group(2) == "P"
            shift = replace(shift, clef=_SHIFTS.get(clef.group(3), 0), is_percussion=percussion)
        for name, quoted, bare in _PROPERTY.findall(value):
            if name == "octave":
                octaves = _whole(quoted or bare)
                shift = shift if octaves is None else replace(shift, octave=12 * octaves)
            else:
                semitones = _transposition(name, quoted or bare)
                shift = shift if semitones is None else replace(shift, transpose=semitones)
        return shift

    def directed(self, words: Sequence[str]) -> Shift:
        """Apply a ``%%MIDI`` directive."""
        name, value = words[0], _whole(words[1]) if len(words) > 1 else None
        if name == "transpose" and value is not None:
            return replace(self, transpose=value)
        if name == "rtranspose" and value is not None:
            return replace(self, transpose=self.transpose + value)
        if name == "C" and value is not None:
            return replace(self, middle_c=value - MIDDLE_C)
        if name == "channel" and value == _DRUMS:
            return replace(self, is_percussion=True)
        return self


def _transposition(name: str, value: str) -> int | None:
    """Semitones that a property of a voice makes it sound higher; None where it says none.

    ``sound=`` and ``shift=`` name two notes, of which the first sounds as the second;
    ``instrument=X/Y`` says that a written c sounds as Y, which is X where it is not named.
    """
    if name in {"transpose", "t"}:
        return _whole(value)
    if name in {"sound", "shift"} and (notes := _INTERVAL.fullmatch(value)):
        return _semitones(notes[2]) - _semitones(notes[1])
    if name == "instrument" and (notes := _INSTRUMENT.fullmatch(value)):
        return _semitones(notes[2] or notes[1]) - _semitones("c")
    return None


def _semitones(note: str) -> int:
    """Semitones of a note above C, in no key."""
    letter = note.strip("^_=,'")
    octave = letter.islower() + note.count("'") - note.count(",")
    sign = note[: note.index(letter)]
    return _STEPS[letter.upper()] + 12 * octave + (_ALTER[sign] if sign else 0)


def number(digits: str, default: int = 1) -> int:
    """Read a count; absurd ones are cut to :data:`LARGEST_NUMBER`."""
    return min(int(digits[:9]), LARGEST_NUMBER) if digits else default


def first_word(value: str) -> str:
    """What a value begins with, up to a blank: the name of a voice; empty where it is."""
    return (value.split() or [""])[0]


def name_of(value: str) -> str:
    """Name that a ``V:`` field gives its voice, else its identifier."""
    for name, quoted, bare in _PROPERTY.findall(value):
        if name in {"name", "nm"} and (quoted or bare):
            return " ".join((quoted or bare).replace("\\n", " ").split())
    return first_word(value)


def key_signature(value: str) -> dict[str, int] | None:
    """Read the key signature of a ``K:`` field: semitones by capital letter.

    None where the field names a clef alone and leaves the key as it is.
    """
    value = value.strip()
    if value[:2] in {"HP", "Hp"}:  # the pipe's own scale, whether it is drawn or not
        return {"F": 1, "C": 1}
    bare = _PROPERTY.sub(" ", value)
    tonic = _TONIC.match(bare)
    if tonic is None or _CLEF.match(value):
        if value[:4] == "none" or not value or _ACCIDENTAL.match(value):
            return {} | _altered(bare)
        return None
    letter, sign, mode = tonic.groups()
    if mode[:3].lower() == "exp":
        return _altered(bare)
    fifths = _FIFTHS[letter.upper()] + {"#": 7, "♯": 7, "b": -7, "♭": -7}.get(sign, 0)
    fifths += _MODES.get(mode[:3].lower(), 0)
    return _signature(fifths) | _altered(bare)


def _signature(fifths: int) -> dict[str, int]:
    """Signature of so many sharps, or flats under 0; the eighth is a double one."""
    order = _SHARP_ORDER if fifths > 0 else _SHARP_ORDER[::-1]
    signature: dict[str, int] = {}
    for i in range(abs(fifths)):
        signature[order[i % 7]] = signature.get(order[i % 7], 0) + (1 if fifths > 0 else -1)
    return signature


def _altered(value: str) -> dict[str, int]:
    return {letter.upper(): _ALTER[sign] for sign, letter in _ACCIDENTAL.findall(value)}


def alteration(sign: str) -> int:
    """Semitones of an accidental."""
    return _ALTER[sign]


def meter(value: str) -> Meter | None:
    """Read an ``M:`` field; None where it says no meter."""
    value = value.strip()
    if value.startswith("C|"):
        return Meter(2, 2)
    if value.startswith("C"):
        return Meter(4, 4)
    if value.startswith("none") or not value:
        return Meter()
    found = re.match(r"[(\s]*(\d+(?:\s*\+\s*\d+)*)[)\s]*/\s*(\d+)", value)
    if found is None or not number(found.group(2)):
        return None
    beats = sum(number(digits) for digits in re.findall(r"\d+", found.group(1)))
    return Meter(min(beats, LARGEST_NUMBER), number(found.group(2)))


def unit_ticks(value: str) -> int | None:
    """Read an ``L:`` field, in ticks; None where it says no length."""
    found = re.match(r"\s*(\d+)\s*(?:/\s*(\d+))?", value)
    if found is None or not number(found.group(1)) or not number(found.group(2) or ""):
        return None
    return 4 * TICKS * number(found.group(1)) // number(found.group(2) or "")


def parts(value: str) -> list[str]:
    """Unfold the header's ``P:`` field into labels: ``(AB)2C`` is A B A B C.

    Raises
    ------
    UnreadableError
        If they are over :data:`MOST_PARTS`.
    """
    stack: list[list[str]] = [[]]
    last: list[str] = []
    for sign in re.findall(r"[A-Za-z]|\d+|[()]", value[:LARGEST_NUMBER]):
        if sign == "(":
            stack.append([])
        elif sign == ")":
            last = stack.pop() if len(stack) > 1 else []
            stack[-1] += last
        elif sign.isdigit():
            stack[-1] += last * (min(number(sign), MOST_PARTS) - 1)
        else:
            last = [sign]
            stack[-1] += last
        if sum(map(len, stack)) > MOST_PARTS or len(stack) > MOST_PARTS:
            raise UnreadableError(f"unreadable score: its parts unfold to over {MOST_PARTS}")
    return [label for level in stack for label in level]


def ending_numbers(text: str) -> frozenset[int]:
    """Read the numbers of a variant ending: ``1,3`` or ``1-3``."""
    numbers: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        low = min(number(first), LARGEST_ENDING)
        high = min(number(last, low), LARGEST_ENDING)
        numbers.update(range(low, high + 1) if high >= low else [low])
    return frozenset(numbers)


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d{1,3}", text) else None
