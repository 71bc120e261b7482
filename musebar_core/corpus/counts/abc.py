"""Counting ABC: what is left of the music lines once all that makes no note is struck out."""

from __future__ import annotations

import re

from musebar_core.corpus.counts.count import Count, span, text_of

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TEXT_BLOCK = re.compile(r"^%%begin(\w+)(?s:.*?)(?:^%%end\1.*$|\Z)", re.MULTILINE)
_NO_MUSIC = re.compile(r"^(?:%|[A-Za-z+]:(?![|:])).*$", re.MULTILINE)
_NO_NOTES = re.compile(
    r"%.*$|\"[^\"\n]*\"|![^!|\n]{1,40}!|\+(?=[a-z.()]*[h-z.()])[a-z.()]{1,40}\+|\+D\.[CS]\.[a-z]{0,20}\+|\{[^}\n]*\}|\[[A-Za-z]:[^\]\n]*\]|[\\`]",
    re.MULTILINE,
)
_NOTE = re.compile(r"[\^_=]*([A-Ga-g])([,']*)(?:\d*/*\d*)")
_TIE = re.compile(
    r"([A-Ga-g][,']*)\d*/*\d*[<>]*[\s|:]*-[\s|:\]\[)(.~$0-9]*(?:[\^_=]*)(?=([A-Ga-g][,']*))"
)
_CHORD_TIE = re.compile(r"\[([^\]\[|\n:]*)\]\d*/*\d*-")
_CHORD = re.compile(r"\[[^\]\[|\n:]*\]")
_TIED_WITHIN = re.compile(r"[A-Ga-g][,']*\d*/*\d*-")
_LINE_BREAKS = re.compile(r"^(?:I:|%%)\s*linebreak\b.*!", re.MULTILINE)
_SHIFTED = re.compile(
    r"clef|transpose|octave|middle|shift|score=|sound=|instrument=|\bt=|MIDI"
    r"|treble|alto|tenor|baritone|bass|soprano|[mUV]:"
)

_PROSE = re.compile(r"[h-wH-WY]")
_BODY = re.compile(r"^K:", re.MULTILINE)
_BODY_WITHOUT_KEY = re.compile(r"^(?![A-Za-z+]:|%).*\|", re.MULTILINE)
_HISTORY = re.compile(r"^H:.*\n(?:(?![A-Za-z]:).*\n)*", re.MULTILINE)
"""An ``H:`` field goes on until the next field."""


def count_abc(content: bytes) -> Count | None:
    """Count the first tune; ``quarters`` and bars stay untold.

    Accidentals, signatures included, are passed over, so that lowest and highest are within two
    semitones; they are None where fields may move the notes. None: macros, or percussion, of
    which a count by expressions knows nothing.
    """
    text = text_of(content).replace("\r\n", "\n").replace("\r", "\n")
    text = _TEXT_BLOCK.sub("%", text)
    pieces = re.split(r"^(?=X:)", text, flags=re.MULTILINE)
    head, text = (pieces[0], pieces[1]) if len(pieces) > 1 else ("", pieces[0])
    if re.search(r"^m:|\[m:|perc|channel\s+10\b", head + text, re.MULTILINE):
        return None
    tune = _tune(text)
    tune = tune.replace("!", " ") if _LINE_BREAKS.search(head + text) else tune
    music = _NO_NOTES.sub(" ", _NO_MUSIC.sub("", tune))
    pitches = [_pitch(*found) for found in _NOTE.findall(music)]
    outside = _CHORD.sub(lambda chord: chord.group().replace("-", ""), music)
    tied = sum(one == other for one, other in _TIE.findall(outside))
    tied += sum(len(_NOTE.findall(inside)) for inside in _CHORD_TIE.findall(outside))
    tied += sum(len(_TIED_WITHIN.findall(chord)) for chord in _CHORD.findall(music))
    shifted = _SHIFTED.search(head + text) is not None
    return Count(len(pitches) - tied, None, None, None, *span([] if shifted else pitches))


def _tune(text: str) -> str:
    """What of a piece is a tune.

    A header has text that is none: of what stands before the key, a line counts if it is music. The
    body ends at a blank line that no music follows.
    """
    body = _BODY.search(text) or _BODY_WITHOUT_KEY.search(text)
    begin = body.start() if body else len(text)
    header = [line for line in _HISTORY.sub("", text[:begin]).split("\n") if _is_music(line)]
    first, *blocks = re.split(r"\n[ \t]*\n\s*", text[begin:])
    ended = next((i for i, block in enumerate(blocks) if not _is_music(block)), len(blocks))
    return "\n".join([*header, first, *blocks[:ended]])


def _is_music(block: str) -> bool:
    bare = _NO_NOTES.sub(" ", _NO_MUSIC.sub("", block))
    return "|" in bare and not _PROSE.search(bare) and not re.search(r"^T:", block, re.MULTILINE)


def _pitch(letter: str, octave: str) -> int:
    base = 60 + _STEPS[letter.upper()] + 12 * letter.islower()
    return base + 12 * (octave.count("'") - octave.count(","))
