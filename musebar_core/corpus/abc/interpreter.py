"""A tune's text -> voices: fields, directives and music code, line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import groupby

from musebar_core.corpus.abc import fields
from musebar_core.corpus.abc.macros import Macros
from musebar_core.corpus.abc.text import is_music, lines_of, plain
from musebar_core.corpus.abc.tokens import Kind, length, tokens
from musebar_core.corpus.abc.voice import Voice, WrittenNote
from musebar_core.corpus.notes import UnreadableError

MOST_VOICES = 100

_FIELD = re.compile(r"([A-Za-z+]):(.*)")
_MUSIC_LIKE_FIELD = re.compile(r"[A-Ga-gzxZX]:+[|\]:\s]*(?:[|\]:]|$)")
"""``A:|`` is a note before an end repeat."""
_LINE_ENDING = re.compile(r"\s*\d[\d,-]*(?=\s)")
"""A number that begins a line belongs to the bar line that ends the line before."""

_MARKS = {
    "segno": "segno",
    "S": "segno",
    "coda": "coda",
    "O": "coda",
    "tocoda": "coda",
    "dacoda": "coda",
    "fine": "fine",
    "dacapo": "D.C.",
    "dalsegno": "D.S.",
}
_SYMBOL = re.compile(r"\s*([H-Wh-w~])\s*=\s*[!+]([^!+]{1,40})[!+]")
"""What a ``U:`` field lets a letter stand for."""
_OLD_CHORD = re.compile(r"\+(?!f+\+)(?:[\^_=]*[A-Ga-g][,']*\d*/*\d*){2,}\+")


@dataclass
class Tune:
    """What a tune says.

    Attributes
    ----------
    title
        Of the first ``T:`` field.
    parts
        Labels of the header's ``P:`` field, in playing order.
    voices
        Voices by identifier; one without any ``V:`` field has an empty one.
    """

    title: str = ""
    parts: list[str] = field(default_factory=list)
    voices: dict[str, Voice] = field(default_factory=dict)


def read_tune(text: str) -> Tune:
    """Read the first tune of a text.

    Raises
    ------
    UnreadableError
        If it has over :data:`MOST_VOICES` voices, or its parts or macros unfold to too much.
    """
    reader = _Reader(has_key=re.search(r"^K:", text, re.MULTILINE) is not None)
    for is_blank, block in groupby(lines_of(text), lambda line: not line.strip()):
        lines = [] if is_blank else list(block)
        if (reader.in_body and lines and not is_music(lines)) or not all(map(reader.line, lines)):
            break
    if not reader.tune.voices:
        reader.tune.voices[""] = reader.voice
    return reader.tune


@dataclass
class _Reader:
    """Goes through the lines of a tune: the header, then the body."""

    has_key: bool
    tune: Tune = field(default_factory=Tune)
    in_body: bool = False
    began: bool = False
    in_history: bool = False
    breaks_at_marks: bool = False
    unit_given: bool = False
    template: Voice = field(default_factory=Voice)
    voice: Voice = field(default_factory=Voice)
    label: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    directives: dict[str, list[list[str]]] = field(default_factory=dict)
    declared: str = ""
    macros: Macros = field(default_factory=Macros)
    symbols: dict[str, str] = field(default_factory=dict)
    chord: list[WrittenNote] | None = None
    chord_rest: tuple[int, int] | None = None

    def line(self, line: str) -> bool:
        """Take a line; False where the tune has ended."""
        if line.startswith("%%"):
            self._instruction(line[2:])
            return True
        found = _FIELD.match(line)
        if found and not (self.in_body and _MUSIC_LIKE_FIELD.match(line)):
            if found.group(1) == "X" and (self.in_body or self.began):
                return False
            self.began = True
            self.in_history = found.group(1) == "H" or (self.in_history and found.group(1) == "+")
            self._field(found.group(1), found.group(2))
            return True
        if not self.in_body and self.began and "|" in line:
            if self.has_key and (self.in_history or not is_music([line])):
                return True  # a remark
            self._begin_body()  # no K: field
        if self.in_body:
            line = line.replace("!", " ") if self.breaks_at_marks else line
            self._music(self.macros.expand(line))
        return True

    def _field(self, name: str, value: str) -> None:
        if not self.in_body:
            self._header_field(name, value)
        elif name == "P":
            self.label = value.strip()[:1]
            for voice in [*self.tune.voices.values(), self.voice] if self.label else ():
                voice.part(self.label)
        else:
            self._body_field(name, value)

    def _header_field(self, name: str, value: str) -> None:
        template = self.template
        if name == "T":
            self.tune.title = self.tune.title or " ".join(plain(value).split())
        elif name == "P":
            self.tune.parts = fields.parts(value)
        elif name == "V":
            self._declare(value)
        elif name == "K":
            template.spelling.signature = fields.key_signature(value) or {}
            template.spelling.shift = template.spelling.shift.changed(value)
            self._begin_body()
        else:
            self.unit_given |= name == "L"
            self._state_field(name, value, [template])

    def _body_field(self, name: str, value: str) -> None:
        if name == "V":
            self._declare(value)
            self._switch(value)
            return
        fresh = not self.tune.voices  # what comes before the first V: holds for all voices
        voices = [self.voice, self.template] if fresh else [self.voice]
        if name == "K":
            for voice in voices:
                signature = fields.key_signature(value)
                if signature is not None:
                    voice.spelling.signature = signature
                    voice.spelling.in_bar = {}
                voice.spelling.shift = voice.spelling.shift.changed(value)
        else:
            self._state_field(name, value, voices)

    def _state_field(self, name: str, value: str, voices: list[Voice]) -> None:
        if name == "M":
            meter = fields.meter(value)
            for voice in voices if meter else ():
                voice.meter = meter or voice.meter
        elif name == "L":
            unit = fields.unit_ticks(value)
            for voice in voices if unit else ():
                voice.unit = unit or voice.unit
        elif name == "I":
            self._instruction(value)
        elif name == "m":
            self.macros.define(value)
        elif name == "U" and (found := _SYMBOL.match(value)):
            self.symbols[found[1]] = found[2]

    def _instruction(self, text: str) -> None:
        """Follow a directive that says what sounds; others are for typesetting.

        In the header, those of MIDI belong to the voice whose field they follow.
        """
        name, *words = text.replace("=", " ").split() or [""]
        if name == "linebreak":  # then ! ends a line of the page, and is no decoration's
            self.breaks_at_marks = "!" in "".join(words)
        if self.declared and not self.in_body and name == "MIDI":
            self.directives.setdefault(self.declared, []).append(words)
            return
        everybody = [] if self.tune.voices else [self.template.spelling]
        spellings = [self.voice.spelling, *everybody]
        for spelling in spellings if words else ():
            spelling.follow(name, words)

    def _begin_body(self) -> None:
        self.in_body = True
        if not self.unit_given:
            self.template.unit = self.template.meter.unit_ticks
        only = len(self.properties) == 1 and "*" not in self.properties
        self.voice = self._fresh(self.declared) if only else self.template.like("")

    def _declare(self, value: str) -> None:
        """Remember what a ``V:`` field says of its voice."""
        self.declared = name = fields.first_word(value)
        rest = value.strip()[len(name) :]
        self.properties[name] = f"{self.properties.get(name, '')} {rest}"[:2_000]
        voice = self.tune.voices.get(name)
        if voice is not None:
            voice.spelling.shift = voice.spelling.shift.changed(rest)

    def _switch(self, value: str) -> None:
        """Go on with a voice, which may be new."""
        name = fields.first_word(value)
        self._end_chord()
        if name not in self.tune.voices:
            if len(self.tune.voices) >= MOST_VOICES:
                raise UnreadableError(f"unreadable score: over {MOST_VOICES} voices")
            if not self.tune.voices and not self.voice.is_empty:
                self.tune.voices[""] = self.voice
            self.tune.voices[name] = self._fresh(name)
        self.voice = self.tune.voices[name]

    def _fresh(self, name: str) -> Voice:
        """Make a voice of what its fields and their directives have said so far."""
        properties = self.properties.get("*", "") + self.properties[name]
        voice = self.template.like(fields.name_of(f"{name} {properties}"))
        voice.spelling.shift = voice.spelling.shift.changed(properties)
        for words in self.directives.get("*", []) + self.directives.get(name, []):
            voice.spelling.follow("MIDI", words)
        voice.part(self.label)
        return voice

    def _music(self, line: str) -> None:
        number = _LINE_ENDING.match(line)
        if number and self.voice.begins_bar and not self.voice.is_empty:
            self.voice.ending(fields.ending_numbers(number[0]))
        for kind, found in tokens(line):
            self._token(kind, found)
        self._end_chord()

    def _token(self, kind: Kind, found: re.Match[str]) -> None:  # noqa: C901, PLR0912 - one case a kind
        voice = self.voice
        match kind:
            case Kind.NOTE:
                note = WrittenNote(found, *length(found))
                if self.chord is None:
                    voice.notes([note])
                else:
                    self.chord.append(note)
            case Kind.BAR:
                self._end_chord()
                voice.bar_line(found[0])
            case Kind.COLON:
                voice.colon()
            case Kind.REST:
                self._rest(*length(found, "r"))
            case Kind.TIE:
                if self.chord:
                    self.chord[-1] = self.chord[-1]._replace(is_tied=True)
                elif self.chord is None:
                    voice.tie()
            case Kind.BROKEN:
                voice.broken(found[0])
            case Kind.TUPLET:
                q, r = (fields.number(found[each] or "", 0) or None for each in "qr")
                voice.tuplet(fields.number(found["p"]), q, r)
            case Kind.CHORD:
                self._end_chord()
                self.chord = []
            case Kind.CHORD_END:
                if self.chord:
                    voice.notes(self.chord, *length(found, "c"))
                elif self.chord_rest is not None:
                    voice.rest(*self.chord_rest)
                self.chord = self.chord_rest = None
            case Kind.BAR_REST:
                voice.bar_rest(fields.number(found["count"]))
            case Kind.GRACE:
                self._grace(found[0][1:-1])
            case Kind.FIELD:
                self._inline(found["name"], found["value"])
            case Kind.ENDING:
                voice.ending(fields.ending_numbers(found[0]))
            case Kind.OVERLAY:
                self._overlay(found[0])
            case Kind.DECORATION | Kind.SYMBOL:
                self._mark(self.symbols.get(found[0], found[0].strip("!")))
            case Kind.PLUS:
                self._plus(found[0])
            case _:
                pass

    def _inline(self, name: str, value: str) -> None:
        """Take a field within a line; a part is this voice's: others may be written later."""
        if name == "P":
            self.voice.part(value.strip()[:1])
        else:
            self._field(name, value)

    def _rest(self, num: int, den: int) -> None:
        """Write a rest; one in a chord counts where no note is beside it."""
        if self.chord is None:
            self.voice.rest(num, den)
        else:
            self.chord_rest = num, den

    def _plus(self, text: str) -> None:
        """Write ``+CEG+``, a chord of old files; anything else between these is a decoration."""
        if _OLD_CHORD.fullmatch(text):
            inside = [found for kind, found in tokens(text[1:-1]) if kind is Kind.NOTE]
            self.voice.notes([WrittenNote(found, *length(found)) for found in inside])
        else:
            self._mark(text.strip("+"))

    def _end_chord(self) -> None:
        """Write the notes behind a bracket that nothing closes one after the other."""
        for note in self.chord or ():
            self.voice.notes([note])
        self.chord = self.chord_rest = None

    def _grace(self, inside: str) -> None:
        """Leave grace notes out, but let their accidentals hold."""
        for kind, found in tokens(inside):
            if kind is Kind.NOTE:
                self.voice.spelling.pitch(found)

    def _overlay(self, sign: str) -> None:
        if sign == "(&":
            self.voice.overlay_opens()
        elif sign == "&)":
            self.voice.overlay_closes()
        else:
            self.voice.overlay(len(sign))

    def _mark(self, name: str) -> None:
        short = name.replace(" ", "").replace(".", "").lower()
        if name in _MARKS or short in _MARKS:
            self.voice.mark(_MARKS.get(name) or _MARKS[short])
        elif short.startswith(("dc", "ds")) and "." in name:
            self.voice.mark("D.C." if short.startswith("dc") else "D.S.")
