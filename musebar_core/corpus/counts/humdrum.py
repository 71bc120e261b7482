"""Counting Humdrum: the tokens of ``**kern`` spines, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from musebar_core.corpus.counts.count import Count, span, text_of

_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_NOTE = re.compile(r"([a-g]+|[A-G]+)(#+|-+|n)?")
_RECIP = re.compile(r"(\d+)(?:%(\d+))?(\.*)")
_WITHOUT_REPEATS = re.compile(r"\*>norep\[([^\[\]]*)\]")
_MOVED = re.compile(r"\*Trd[+-]?\d+c([+-]?\d{1,3})")
_PATHS = frozenset({"*^", "*v", "*x", "*+"})
_CUE_SIGN = re.compile(r"^!!!RDF\*\*kern:\s*(\S)\s*=\s*cue", re.MULTILINE | re.IGNORECASE)


class _Column(NamedTuple):
    """The spine that it is a part of, 0 if that holds no notes, and what keeps it from sounding."""

    spine: int
    cue: bool = False
    unpitched: bool = False

    def told(self, cell: str) -> _Column:
        """What an interpretation makes of it."""
        if cell.startswith("*clef"):
            return self._replace(unpitched=cell.startswith("*clefX"))
        return self._replace(cue=cell == "*cue") if cell in {"*cue", "*Xcue"} else self


@dataclass
class _Tally:
    """Pitches by section (the first, "", is what stands before any), times by spine."""

    sections: dict[str, list[int]] = field(default_factory=lambda: {"": []})
    section: str = ""
    once: list[str] = field(default_factory=list)  # the sections of "norep"
    ends: dict[int, float] = field(default_factory=dict)
    lasts: dict[int, float] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)  # semitones, by *Tr

    def interpret(self, columns: list[_Column], cells: list[str]) -> None:
        """Take transpositions that were done, a list of sections, or the beginning of one."""
        moves = zip(columns, map(_MOVED.fullmatch, cells), strict=False)
        self.moved |= {column.spine: int(move[1]) for column, move in moves if move}
        cell = cells[0]
        listed = _WITHOUT_REPEATS.fullmatch(cell)
        if listed:
            self.once = self.once or [name.strip() for name in listed[1].split(",")]
        elif cell.startswith("*>") and "[" not in cell and cell[2:] not in self.sections:
            self.section = cell[2:]
            self.sections[self.section] = []

    def take(self, column: _Column, cell: str, cue_signs: set[str]) -> None:
        """Take a token of notes."""
        spine, mute = column.spine, column.cue or column.unpitched
        notes = [] if mute else [note for note in cell.split(" ") if not cue_signs & set(note)]
        shift = self.moved.get(spine, 0)
        self.sections[self.section] += [pitch - shift for pitch in _pitches(notes)]
        self.ends[spine] = self.ends.get(spine, 0.0) + _quarters(cell)
        if notes and _NOTE.search(notes[0]) and "q" not in cell.lower():
            self.lasts[spine] = self.ends[spine]


def count_humdrum(content: bytes) -> Count | None:
    """Count the first piece of a file; None if it has no ``**kern`` spine.

    A spine that splits counts as one part. Where a list says which sections are played without
    repeats (``*>norep[A,B,A]``), their notes are counted as often as it has them. ``quarters`` is
    None there, and where spines split, join or cross.
    """
    columns: list[_Column] = []
    tally = _Tally()
    n_bars, simple = 0, True
    text = text_of(content)
    cue_signs = set(_CUE_SIGN.findall(text))
    for line in text.splitlines():
        cells = line.split("\t")
        if not line or line.startswith("!"):
            continue
        if line.startswith("**"):
            if tally.ends and not columns:
                break
            columns = [_Column(i + 1 if cell == "**kern" else 0) for i, cell in enumerate(cells)]
        elif line.startswith("*"):
            simple = simple and not _PATHS & set(cells)
            tally.interpret(columns, cells)
            columns = _after(columns, cells)
        elif line.startswith("="):
            n_bars += 1
        else:
            for column, cell in zip(columns, cells, strict=False):
                if column.spine and cell != ".":
                    tally.take(column, cell, cue_signs)
    if not tally.ends:
        return None
    once, sections = tally.once, tally.sections
    listed = bool(once) and all(name in sections for name in once)
    names = ["", *once] if listed else list(sections)
    pitches = [pitch for name in names for pitch in sections[name]]
    quarters = max(tally.lasts.values(), default=0.0) if simple and not listed else None
    return Count(len(pitches), len(tally.lasts), n_bars, quarters, *span(pitches))


def _after(columns: list[_Column], cells: list[str]) -> list[_Column]:
    """The columns below a line of interpretations."""
    after: list[_Column] = []
    before = ""
    for column, cell in zip(columns, cells, strict=False):
        if cell == "*^":
            after += [column, column]
        elif cell == "*+":
            after += [column, _Column(0)]
        elif cell != "*-" and not (cell == "*v" and before == "*v"):
            after.append(column.told(cell))
        before = cell
    return after


def _pitches(notes: list[str]) -> list[int]:
    """The highest pitch of a token's notes, if it is struck there and no grace note."""
    found: list[tuple[int, bool]] = []
    for token in notes:
        note = _NOTE.search(token)
        if note is None or re.search(r"[rqQ]", token):
            continue
        letters, accidentals = note.group(1), note.group(2) or ""
        octave = 4 + len(letters) if letters.islower() else 5 - len(letters)
        alter = accidentals.count("#") - accidentals.count("-")
        goes_on = re.search(r"[\]_]", token) is not None
        found.append((12 * octave + _STEPS[letters[0].lower()] + alter, goes_on))
    pitch, goes_on = max(found, default=(0, True))
    return [] if goes_on else [pitch]


def _quarters(cell: str) -> float:
    """Length of a token: 4 a quarter note, 0 a breve, 4. dotted; grace notes have none."""
    recip = _RECIP.search(cell)
    if recip is None or "q" in cell.lower():
        return 0.0
    digits, over, dots = recip.groups()
    whole = 2.0 ** len(digits) if not int(digits) else int(over or 1) / int(digits)
    return 4 * whole * (2 - 0.5 ** len(dots))
