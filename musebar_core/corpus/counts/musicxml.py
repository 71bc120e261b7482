"""Counting MusicXML: the elements of each measure, one after the other."""

from __future__ import annotations

import html
import io
import math
import re
import zipfile
import zlib
from collections import defaultdict
from xml.etree import ElementTree as ET

from musebar_core.corpus.counts.count import Count, span, text_of

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LARGEST = 64 * 2**20
_SAME = 1e-6
_LARGEST_CONTAINER = 2**20
_CONTAINER = "META-INF/container.xml"
_ROOT_FILE = re.compile(r"<(?:\w+:)?rootfile\s[^>]*?full-path\s*=\s*([\"'])(.*?)\1")


def count_musicxml(content: bytes) -> Count | None:
    """Count a score, plain or zipped; None if it is no sound XML.

    Lowest and highest stay untold where both clefs and transpositions move octaves: some programs
    write one octave twice.
    """
    try:
        return _count(_parsed(_text(content)))
    except (ET.ParseError, zipfile.BadZipFile, zlib.error, StopIteration, EOFError, OSError):
        return None
    except (LookupError, ArithmeticError, ValueError, RuntimeError):  # numbers or steps of none
        return None


def _count(root: ET.Element) -> Count:
    parts: defaultdict[str, list[ET.Element]] = defaultdict(list)
    for element in root.iter("part"):
        parts[element.get("id", "")] += element.findall("measure") or [element]
    drums = {each.get("id") for each in root.iter("score-part") if _is_of_drums(each)}
    tallies = [_Part(measures, mute=name in drums) for name, measures in parts.items()]
    struck = [(place, *each) for place, tally in enumerate(tallies) for each in tally.struck()]
    octaves = [next(root.iter(tag), None) for tag in ("clef-octave-change", "octave-change")]
    return Count(
        len(struck),
        len({(place, staff) for place, staff, _ in struck}),
        len(next(iter(parts.values()), ())),
        _end(tallies),
        *span([pitch for _, _, pitch in struck] if None in octaves else []),
    )


def _is_of_drums(part: ET.Element) -> bool:
    """Whether an entry of the list of parts has instruments, all on channel 10 or without pitch."""
    midi = [_texts(each) for each in part.findall("midi-instrument")]
    drums = [each.get("midi-channel") == "10" or "midi-unpitched" in each for each in midi]
    return bool(midi) and all(drums)


def _end(parts: list[_Part]) -> float:
    """Where the last note ends, if a measure is as long as in its longest part.

    Rests beyond the bar of the time signature do not lengthen a measure.
    """
    start, last = 0.0, 0.0
    for place in range(max((len(part.lengths) for part in parts), default=0)):
        here = [part for part in parts if place < len(part.lengths)]
        last = max([last, *(start + part.ends[place] for part in here if part.ends[place])])
        playing = [part for part in here if part.ends[place]] or here  # others' rests fill it
        start += max(part.lengths[place] for part in playing) or max(part.bar for part in here)
    return last


def _parsed(content: bytes) -> ET.Element:
    """Parse a document, by its bytes if its declaration is wrong; name spaces are left out."""
    try:
        root = ET.fromstring(content)  # noqa: S314 - no entities: see _text
    except (ET.ParseError, LookupError, ValueError):
        text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text_of(content))
        root = ET.fromstring(text)  # noqa: S314
    for each in root.iter():
        if "}" in each.tag:
            each.tag = each.tag.rpartition("}")[2]
    return root


def _text(content: bytes) -> bytes:
    """The document's bytes; raise ValueError where it is too large or defines entities."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            score = archive.getinfo(_score_name(archive))
            if score.file_size > _LARGEST:
                raise ValueError("too large")
            content = archive.read(score)
    if b"<!ENTITY" in content.replace(b"\0", b"") or len(content) > _LARGEST:
        raise ValueError("entities, or too large")
    return content


def _score_name(archive: zipfile.ZipFile) -> str:
    """The file that the container names first, if it is there, else the first XML file."""
    names = archive.namelist()
    if _CONTAINER in names and archive.getinfo(_CONTAINER).file_size <= _LARGEST_CONTAINER:
        named = _ROOT_FILE.search(text_of(archive.read(_CONTAINER)))
        if named is not None and (name := html.unescape(named[2])) in names:
            return name
    xml = re.compile(r"(?!META-INF).*\.(musicxml|xml)", re.IGNORECASE | re.DOTALL)
    return next(name for name in names if xml.fullmatch(name))


def _texts(element: ET.Element) -> dict[str, str]:
    """Tag to text of everything below an element; of equal tags the last."""
    return {each.tag: (each.text or "").strip() for each in element.iter()}


class _Part:
    """Chords of a part (single notes too), and where they end in each measure.

    A note of a chord is (pitch, whether it goes on from a note before); each chord has its staff.
    """

    def __init__(self, measures: list[ET.Element], *, mute: bool = False) -> None:
        self.chords: list[tuple[str, list[tuple[int, bool]]]] = []
        self.ends: list[float] = []  # of the last note, and of the music, in each measure
        self.lengths: list[float] = []
        self.bar = 4.0
        self._divisions = 1.0
        self._mute = mute
        self._percussion: set[str] = set()  # staves under a clef of percussion
        self._moves: list[tuple[float, str | None, int]] = []  # from where, staff (or all), how far
        self._onset, self._now = 0.0, 0.0
        # the one here, by staff and the times at which it is played
        self._chord: dict[tuple[str, str], list[tuple[int, bool]]] = {}
        self._back: dict[str | None, int] = {}  # to what a repetition sign repeats, by staff
        self._firsts: list[int] = []  # of the chords of each measure
        for measure in measures:
            self._now, furthest = 0.0, 0.0
            self.ends.append(0.0)
            self._firsts.append(len(self.chords))
            for element in measure:
                self._take(element)
                furthest = max(furthest, min(self._now, max(self.bar, self.ends[-1])))
            self.lengths.append(furthest)
            held: dict[str | None, int] = {}
            for _, staff, far in self._moves:
                held = (held if staff else {}) | {staff: far}
            self._moves = [(0.0, staff, far) for staff, far in held.items()]
            self._repeat()

    def struck(self) -> list[tuple[str, int]]:
        """Staff and pitch of the highest note of each chord, where it does not go on from one."""
        tops = [(staff, *max(notes, key=lambda each: each[0])) for staff, notes in self.chords]
        return [(staff, pitch) for staff, pitch, goes_on in tops if not goes_on]

    def _repeat(self) -> None:
        """Fill the last measure, if nothing sounds there, with what a sign says it repeats."""
        here = {staff for staff, _ in self.chords[self._firsts[-1] :]}
        for staff, back in self._back.items():
            place = len(self.ends) - 1 - back
            if place < 0 or staff in here or (staff is None and here):
                continue
            before = self.chords[self._firsts[place] : self._firsts[place + 1]]
            self.chords += [each for each in before if staff in {None, each[0]}]
            self.ends[-1] = max(self.ends[-1], self.ends[place])

    def _take(self, element: ET.Element) -> None:
        tag = element.tag
        if tag == "attributes":
            self._attributes(element)
        elif tag in ("backup", "forward"):
            self._now += self._lasts(_texts(element)) * (1 if tag == "forward" else -1)
        elif tag == "note":
            self._note(element)

    def _attributes(self, element: ET.Element) -> None:
        texts = _texts(element)
        self._divisions = float(texts.get("divisions") or self._divisions) or 1.0
        if texts.get("beats", "").isdigit() and texts.get("beat-type", "").isdigit():
            self.bar = 4.0 * int(texts["beats"]) / (int(texts["beat-type"]) or 4)
        for each in element.iter():
            if each.tag == "measure-style":
                self._style(each)
            elif each.tag == "clef":
                clef = {each.get("number", "1")}
                drums = _texts(each).get("sign") == "percussion"
                self._percussion = self._percussion | clef if drums else self._percussion - clef
            elif each.tag == "transpose":
                inner = _texts(each)
                octaves = int(inner.get("octave-change") or 0)
                doubles = [one.get("above") for one in each.findall("double")]
                octaves += "yes" in doubles
                semitones = int(inner.get("chromatic") or 0) + 12 * octaves
                self._moves.append((self._now, each.get("number"), semitones))

    def _style(self, element: ET.Element) -> None:
        """Take a sign of measure repetition, of one staff or of all, or its end."""
        staff = element.get("number")
        for each in element:
            if each.tag == "measure-repeat" and each.get("type") == "start":
                self._back[staff] = max(int(each.text or 1), 1)
            elif each.tag == "measure-repeat":
                self._back = {of: back for of, back in self._back.items() if staff and of != staff}

    def _shift(self, staff: str) -> int:
        """Semitones that a staff is moved by where its note begins."""
        far = 0
        for begin, of, semitones in self._moves:
            is_before = begin <= self._onset + _SAME
            far = semitones if is_before and of in {None, staff} else far
        return far

    def _lasts(self, texts: dict[str, str]) -> float:
        return float(texts.get("duration") or 0) / self._divisions

    def _note(self, element: ET.Element) -> None:
        texts = _texts(element)
        lasts = self._lasts(texts)
        if "grace" in texts:
            return
        if "chord" not in texts:
            self._onset = self._now
            self._now += lasts
            self._chord = {}
        staff, times = texts.get("staff", "1"), element.get("time-only", "")
        if "step" not in texts or "cue" in texts or not lasts or self._mute:
            return
        if staff in self._percussion or (times and "1" not in re.findall(r"\d+", times)):
            return
        self.ends[-1] = max(self.ends[-1], self._onset + lasts)
        ties = {each.get("type") for each in element.iter("tie")}
        ties = ties or {each.get("type") for each in element.iter("tied")}
        step = _STEPS[texts["step"]] + 12 * (int(texts["octave"]) + 1)
        pitch = step + math.floor(float(texts.get("alter") or 0) + 0.5) + self._shift(staff)
        if (staff, times) not in self._chord:
            self._chord[staff, times] = []
            self.chords.append((staff, self._chord[staff, times]))
        self._chord[staff, times].append((pitch, "stop" in ties))
