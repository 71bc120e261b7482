"""One measure of one part: its notes at sounding pitch, its length, its signs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from musebar_core.corpus.musicxml.marks import Endings, Marks, numbers_of, read_barline
from musebar_core.corpus.performance import Written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree import ElementTree as ET

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LONGEST = 100_000.0
_SAME = 1e-6
"""Quarter notes that one note or one ``<forward>`` may last; a longer one counts so much."""

ALL_STAVES = 0


@dataclass
class Measure:
    """What one measure of one part holds.

    Attributes
    ----------
    notes
        By staff, in the order of the file; chords at their highest note.
    length
        Quarter notes up to where notes, rests or skips reach.
    rest_length
        Quarter notes of a rest that fills the measure, however long that is.
    time_length
        Quarter notes that its time signature says.
    is_implicit
        It is marked as one that need not be full: a pickup, or a part of a measure.
    """

    notes: dict[int, list[Written]] = field(default_factory=dict)
    length: float = 0.0
    rest_length: float = 0.0
    time_length: float = 4.0
    is_implicit: bool = False
    marks: Marks = field(default_factory=Marks)


@dataclass
class PartReader:
    """Reads a part's measures in order: what holds from measure to measure is kept here.

    Attributes
    ----------
    divisions
        Of a quarter note, in which the file counts durations.
    shifts
        Semitones from written to sounding pitch, by staff.
    percussion
        Staves whose clef says that their notes are no pitches.
    similes
        By staff, how many measures a sign of measure repetition repeats.
    octaves_of_clefs
        Transpositions of so many octaves and nothing else are those of the part's clefs: the
        file's pitches have them already.
    """

    octaves_of_clefs: frozenset[float] = frozenset()
    divisions: float = 1.0
    time_length: float = 4.0
    shifts: dict[int, int] = field(default_factory=dict)
    endings: Endings = field(default_factory=Endings)
    percussion: set[int] = field(default_factory=set)
    similes: dict[int, int] = field(default_factory=dict)
    read: list[Measure] = field(default_factory=list)

    def read_measure(self, element: ET.Element) -> Measure:
        """Read the next measure."""
        measure = Measure(is_implicit=element.get("implicit") == "yes")
        _MeasureReader(self, measure).read(element)
        measure.time_length = self.time_length
        self.endings.end_measure(measure.marks)
        self._repeat(measure)
        self.read.append(measure)
        return measure

    def _repeat(self, measure: Measure) -> None:
        """Fill what is empty with what signs of measure repetition repeat: all staves, or one."""
        was_empty = not measure.notes
        for staff, count in self.similes.items():
            before = self.read[-count].notes if len(self.read) >= count else {}
            if staff != ALL_STAVES:
                before = {staff: before[staff]} if staff in before else {}
            if was_empty or (staff != ALL_STAVES and staff not in measure.notes):
                measure.notes |= before


class _MeasureReader:
    """A position that moves through a measure."""

    def __init__(self, part: PartReader, measure: Measure) -> None:
        self.part = part
        self.measure = measure
        self.position = 0.0
        self.left = 0  # notes, and not rests, that follow
        self.chord_at = 0.0  # where the last note began, which the notes of its chord share
        # of that chord: place of its highest note, by staff and the times at which it is played
        self.chord_tops: dict[tuple[int, frozenset[int]], int] = {}
        self.changes: list[tuple[float, int, int]] = []  # of shifts: position, staff, semitones

    def read(self, element: ET.Element) -> None:
        """Read all that is in the measure."""
        self.left = sum(_sounds(child) for child in element)
        for child in element:
            self._take(child)
            self.left -= _sounds(child)
        for _, staff, semitones in self.changes:
            self.part.shifts = _with_shift(self.part.shifts, staff, semitones)

    def _take(self, element: ET.Element) -> None:
        match element.tag:
            case "note":
                self._note(element)
            case "backup":
                self._backup(element)
            case "forward":
                self._forward(element)
            case "attributes":
                self._attributes(element)
            case "direction":
                self.measure.marks.read_direction(element, self._place(element))
            case "sound":
                self.measure.marks.read_sound(element, self._place(element))
            case "barline":
                self._barline(element)

    def _place(self, sign: ET.Element) -> float:
        """Where a sign stands within the measure; beyond its end if no notes follow.

        An offset that is meant for sound moves it; that of a direction mostly is of the page alone.
        """
        offset = sign.find("offset") if sign.tag == "sound" else sign.find("sound/offset")
        offset = sign.find("offset[@sound='yes']") if offset is None else offset
        if offset is not None:
            return max(self.position + _number(offset.text) / self.part.divisions, 0.0)
        return self.position if self.left or not self.position else math.inf

    def _note(self, note: ET.Element) -> None:
        if note.find("grace") is not None:
            return
        duration = self._duration(note)
        in_chord = note.find("chord") is not None
        if not in_chord:
            self.chord_at = self.position
            self.chord_tops.clear()
            self.position += duration
        rest = note.find("rest")
        if rest is not None and rest.get("measure") == "yes":
            self.measure.rest_length = max(self.measure.rest_length, self.position)
            return
        self.measure.length = max(self.measure.length, self.position)
        if rest is None and note.find("cue") is None and note.get("dynamics") not in _SILENT:
            self._sound(note, duration)

    def _sound(self, note: ET.Element, duration: float) -> None:
        """Add a note that has a pitch; of a chord, the highest stays."""
        staff = _integer(note.findtext("staff"), 1)
        pitch = self._pitch(note.find("pitch"), staff)
        if pitch is None or duration <= 0 or staff in self.part.percussion:
            return
        ties = {tie.get("type") for tie in note.iter("tie")}
        if not ties:
            ties = {tied.get("type") for tied in note.iter("tied")}
        turns = numbers_of(note.get("time-only", ""))
        written = Written(self.chord_at, duration, pitch, "stop" in ties, "start" in ties, turns)
        notes = self.measure.notes.setdefault(staff, [])
        top = self.chord_tops.setdefault((staff, turns), len(notes))
        if top == len(notes):
            notes.append(written)
        elif pitch > notes[top].pitch:
            notes[top] = written

    def _pitch(self, pitch: ET.Element | None, staff: int) -> int | None:
        if pitch is None:
            return None
        step = _STEPS.get((pitch.findtext("step") or "").strip())
        octave = _integer(pitch.findtext("octave"), -99)
        if step is None or not -1 <= octave <= 12:
            return None
        alter = _number(pitch.findtext("alter"))
        sounding = 12 * (octave + 1) + step + math.floor(alter + 0.5) + self._shift(staff)
        return sounding if 0 <= sounding <= 127 else None

    def _shift(self, staff: int) -> int:
        """Semitones at the note's position: a voice that is written later may begin earlier."""
        shifts = self.part.shifts
        for position, changed, semitones in self.changes:
            if position <= self.chord_at + _SAME:
                shifts = _with_shift(shifts, changed, semitones)
        return shifts.get(staff, shifts.get(ALL_STAVES, 0))

    def _backup(self, backup: ET.Element) -> None:
        self.position = max(self.position - self._duration(backup), 0.0)

    def _forward(self, forward: ET.Element) -> None:
        self.position += self._duration(forward)
        self.measure.length = max(self.measure.length, self.position)

    def _barline(self, barline: ET.Element) -> None:
        read_barline(barline, self.measure.marks, self.part.endings, self.position)

    def _duration(self, element: ET.Element) -> float:
        duration = _number(element.findtext("duration")) / self.part.divisions
        return min(max(duration, 0.0), _LONGEST)

    def _attributes(self, attributes: ET.Element) -> None:
        divisions = _number(attributes.findtext("divisions"))
        if divisions > 0:
            self.part.divisions = divisions
        time = attributes.find("time")
        if time is not None:
            self.part.time_length = _time_length(time) or self.part.time_length
        for transpose in attributes.findall("transpose"):
            semitones = _number(transpose.findtext("chromatic"))
            octaves = _number(transpose.findtext("octave-change"))
            if semitones == 0 and octaves in self.part.octaves_of_clefs:
                octaves = 0
            if transpose.find("double[@above='yes']") is not None:
                octaves += 1  # of the two notes the higher one; doubled below, it is as written
            shift = int(min(max(math.floor(semitones + 0.5) + 12 * octaves, -127), 127))
            staff = _integer(transpose.get("number"), ALL_STAVES)
            self.changes.append((self.position, staff, shift))
        for clef in attributes.findall("clef"):
            is_percussion = (clef.findtext("sign") or "").strip() == "percussion"
            staves = self.part.percussion
            (staves.add if is_percussion else staves.discard)(_integer(clef.get("number"), 1))
        for style in attributes.findall("measure-style"):
            self._measure_style(style)

    def _measure_style(self, style: ET.Element) -> None:
        """Take a sign of measure repetition, of one staff or of all, or its end."""
        simile = style.find("measure-repeat")
        if simile is None:
            return
        staff = _integer(style.get("number"), ALL_STAVES)
        if simile.get("type") == "start":
            self.part.similes[staff] = min(max(_integer(simile.text, 1), 1), 99)
        elif staff == ALL_STAVES:
            self.part.similes.clear()
        else:
            self.part.similes.pop(staff, None)


def _sounds(child: ET.Element) -> bool:
    return child.tag == "note" and child.find("rest") is None


def octaves_of_clefs(measures: Sequence[ET.Element]) -> frozenset[float]:
    """Octaves by which the clefs of a part transpose."""
    changes = (change for each in measures for change in each.iter("clef-octave-change"))
    return frozenset(_number(change.text) for change in changes) - {0.0}


_SILENT = frozenset({"0", "0.0", "0.00"})
"""Values of a note's ``dynamics`` (its MIDI velocity) at which it does not sound."""


def _with_shift(shifts: dict[int, int], staff: int, semitones: int) -> dict[int, int]:
    return {ALL_STAVES: semitones} if staff == ALL_STAVES else {**shifts, staff: semitones}


def _time_length(time: ET.Element) -> float:
    """Quarter notes of a time signature, 0 if it says none (of 3+2/8: five eighths)."""
    length = 0.0
    for beats, beat_type in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
        unit = _number(beat_type.text)
        count = sum(_number(each) for each in (beats.text or "").split("+"))
        length += 4 * count / unit if unit > 0 else 0.0
    return length if 0 < length < _LONGEST else 0.0


def _number(text: str | None) -> float:
    """Read a number; 0 where there is none, or none that can be counted with."""
    try:
        value = float(text or "0")
    except ValueError:
        return 0.0
    return value if abs(value) < 1e9 else 0.0


def _integer(text: str | None, otherwise: int) -> int:
    value = _number(text) if text and text.strip() else otherwise
    return int(value)
