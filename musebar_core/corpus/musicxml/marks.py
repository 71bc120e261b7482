"""The signs of repeats, endings and jumps in a measure.

Jumps are meant by a ``<sound>``, else by words or by the signs that are printed. A sound means the
place in the measure where it stands; words and signs are put where there is room, and mean the
measure. Two signs of a coda without a "to coda" are the sign that leaves for the coda and the coda.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from musebar_core.corpus.repeats import Goal, Jump, Signs, Until

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree import ElementTree as ET

MOST_TIMES = 1_000
"""A repeat that says more is damaged; it is played so often at most."""

_DA_CAPO = re.compile(r"(?:d\. ?c\b|da capo\b)|DC\b", re.IGNORECASE)
_DAL_SEGNO = re.compile(r"(?:d\. ?s\b|dal segno\b)|DS\b", re.IGNORECASE)
_TO_CODA = re.compile(r"(?:to coda|al coda|da coda)\b", re.IGNORECASE)
_FINE = re.compile(r"\W*fine?\W*", re.IGNORECASE)
_CODA = re.compile(r"\W*coda\W*", re.IGNORECASE)
_AL_FINE = re.compile(r"\bal? fine?\b", re.IGNORECASE)
_AL_CODA = re.compile(r"\b(?:al?|e poi(?: la)?|to) coda\b", re.IGNORECASE)
_NUMBERS = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")


@dataclass
class Marks:
    """What is found in one measure (of one part, then of all): see ``Signs``.

    Attributes
    ----------
    splits
        What stands within the measure, by positions in quarter notes: what ends there and what
        begins there. At 0 a repeat closes that ends before the measure; at or beyond the
        measure's end one opens that begins behind it.
    """

    opens: bool = False
    closes: int = 0
    after_jump: bool = False
    endings: frozenset[int] = frozenset()
    segno: bool = False
    coda: bool = False
    to_coda: bool = False
    fine: bool = False
    jump: Jump | None = None
    names: frozenset[tuple[str, str]] = frozenset()
    splits: dict[float, Marks] = field(default_factory=dict)

    def merge(self, other: Marks) -> None:
        """Take over what another part has."""
        for name in ("opens", "after_jump", "segno", "coda", "to_coda", "fine"):
            setattr(self, name, getattr(self, name) or getattr(other, name))
        self.closes = max(self.closes, other.closes)
        self.endings = self.endings or other.endings
        self.jump = self.jump or other.jump
        self.names |= other.names
        for position, split in other.splits.items():
            self.split(position).merge(split)

    def split(self, position: float) -> Marks:
        """Marks at a position within the measure."""
        near = (each for each in self.splits if each == position or abs(each - position) < _SAME)
        return self.splits.setdefault(next(near, position), Marks())

    def settle(self, length: float) -> bool:
        """Take over what stands at the measure's end, and what other parts give no place to.

        True if a repeat opens behind the measure.
        """
        late = [self.splits.pop(at) for at in list(self.splits) if at > length - _SAME]
        opens_next = any(split.opens for split in late)
        for split in late:
            split.opens = False
            self.merge(split)
        seen = {name for name in _PLACED if getattr(self, name)}
        for position in sorted(self.splits, reverse=True):
            split = self.splits[position]
            for name in _PLACED & seen:
                setattr(split, name, getattr(Marks, name))
            seen |= {"jump"} if split.jump else set()
        return opens_next

    def read_sound(
        self, sound: ET.Element, position: float, said: Until = Until.NOTHING_SAID
    ) -> bool:
        """Take what a ``<sound>`` means at a position, 0: of the measure; False if no jump."""
        meant = {name: text for name in _SOUNDS if (text := sound.get(name, "no")) != "no"}
        if not meant:
            return False
        marks = self.split(position) if position else self
        marks.opens |= "forward-repeat" in meant
        marks.segno |= "segno" in meant
        marks.coda |= "coda" in meant
        marks.to_coda |= "tocoda" in meant
        marks.fine |= "fine" in meant
        marks.names |= {(name, text) for name, text in meant.items() if name in _NAMED}
        if "dacapo" in meant:
            marks.jump = Jump(Goal.START, said)
        elif "dalsegno" in meant:
            marks.jump = Jump(Goal.SEGNO, said, meant["dalsegno"])
        return meant.keys() != {"forward-repeat"}

    def read_direction(self, direction: ET.Element, position: float) -> None:
        """Take what a ``<direction>`` means: its sound, else its words and signs."""
        words = " ".join((each.text or "") for each in direction.iter("words"))
        words = " ".join(words.split())[:200].lstrip("([{*")
        sound = direction.find("sound")
        if sound is not None and self.read_sound(sound, position, _until(words)):
            return
        self.read_signs(direction.findall("direction-type"))
        if _DA_CAPO.match(words):
            self.jump = Jump(Goal.START, _until(words))
        elif _DAL_SEGNO.match(words):
            self.jump = Jump(Goal.SEGNO, _until(words))
        elif _TO_CODA.match(words):
            self.to_coda = True
        self.fine |= bool(_FINE.fullmatch(words))
        self.coda |= bool(_CODA.fullmatch(words))

    def read_signs(self, parents: Iterable[ET.Element]) -> None:
        """Take the printed signs of segno and coda."""
        for parent in parents:
            self.segno |= parent.find("segno") is not None
            self.coda |= parent.find("coda") is not None


_SOUNDS = ("forward-repeat", "segno", "coda", "tocoda", "fine", "dacapo", "dalsegno")
_NAMED = frozenset({"segno", "coda", "tocoda"})
_PLACED = frozenset({"segno", "coda", "to_coda", "fine", "jump"})
"""What one measure has once: where a part has it for the measure, no place in it is meant."""
_SAME = 1e-6
"""Quarter notes by which positions may differ by rounding."""


@dataclass
class Endings:
    """The endings that a part's bars lie in, from bar to bar."""

    current: frozenset[int] = frozenset()
    is_ending: bool = False  # the bracket ends with this measure

    def read(self, ending: ET.Element, marks: Marks) -> None:
        """Take an ``<ending>`` of a barline."""
        if ending.get("type") == "start":
            self.current = numbers_of(ending.get("number") or ending.text or "")
        else:
            self.is_ending = True
        marks.endings = marks.endings or self.current

    def end_measure(self, marks: Marks) -> None:
        """Mark the measure, and forget a bracket that ends with it."""
        if marks.opens and not marks.endings:
            self.current = frozenset()
        marks.endings = marks.endings or self.current
        if self.is_ending or marks.closes:
            self.current = frozenset()
        self.is_ending = False


def numbers_of(text: str) -> frozenset[int]:
    """Give the passes of an ending: ``1``, ``1, 2`` or ``1-3``."""
    numbers: set[int] = set()
    for first, last in _NUMBERS.findall(text[:100]):
        start = min(int(first[:4]), MOST_TIMES)
        numbers |= set(range(start, min(int(last[:4]) if last else start, MOST_TIMES) + 1))
    return frozenset(numbers - {0})


def read_barline(barline: ET.Element, marks: Marks, endings: Endings, position: float) -> None:
    """Take the repeat, the ending and the signs of a barline at a position in its measure."""
    ending, repeat = barline.find("ending"), barline.find("repeat")
    if ending is not None:
        endings.read(ending, marks)
    marks.read_signs([barline])
    marks.names |= {(name, text) for name in ("segno", "coda") if (text := barline.get(name))}
    if repeat is None:
        return
    location = barline.get("location", "right")
    if repeat.get("direction") == "forward":
        if location != "left" and position > 0:
            marks = marks.split(position if location == "middle" else math.inf)
        marks.opens = True
    elif repeat.get("direction") == "backward":
        if location == "left" and position == 0:
            marks = marks.split(0.0)
        elif location == "middle" and position > 0:
            marks = marks.split(position)
        times = repeat.get("times", "2")
        is_number = times.isascii() and times.isdigit()
        marks.closes = max(min(int(times[:9]), MOST_TIMES), 1) if is_number else 2
        marks.after_jump = repeat.get("after-jump") == "yes"


def with_coda_left(signs: list[Signs]) -> list[Signs]:
    """Tell a printed sign that leaves for the coda from the coda.

    It is the one beside a "to coda", or the first of two where no other sign leaves for it.
    """
    codas = [place for place, bar in enumerate(signs) if bar.coda]
    leaving = {
        place for place in codas[:-1] if signs[place].to_coda and not _is_named(signs[place])
    }
    if not any(bar.to_coda for bar in signs):
        leaving = set(codas[:-1][:1])
    return [
        replace(bar, coda=False, to_coda=True) if place in leaving else bar
        for place, bar in enumerate(signs)
    ]


def _is_named(bar: Signs) -> bool:
    """Whether a sound says that a coda is here."""
    return any(kind == "coda" for kind, _ in bar.names)


def _until(words: str) -> Until:
    if _AL_FINE.search(words):
        return Until.FINE
    return Until.CODA if _AL_CODA.search(words) else Until.NOTHING_SAID
