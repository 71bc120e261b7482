"""What is counted of a piece, as it is written: bars once, whatever repeats say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Count:
    """A count of what sounds; None where the means of the count do not tell.

    Attributes
    ----------
    n_notes
        Notes with a pitch; tied notes are one; grace notes, cue notes and percussion are none.
        Of a chord in MusicXML and Humdrum the highest note alone, as their readers take it.
    n_parts
        Parts with at least one of them; a staff of a part that has several is a part.
    n_bars
        Bars of the first part.
    quarters
        From the start to the end of the last note, in quarter notes.
    last_onset
        From the start to where the last note begins, in quarter notes.
    places
        Of MIDI: (track, channel) of each of the parts, from 0, in order.
    programs
        Of MIDI: (place, status) of each change of a program in the file's bytes. None where
        there are other than plain events: a status that holds on over a system message, an
        escape, a number of over four bytes, an end-of-track event before a track's end.
    lowest, highest
        Sounding MIDI pitches.
    """

    n_notes: int
    n_parts: int | None = None
    n_bars: int | None = None
    quarters: float | None = None
    lowest: int | None = None
    highest: int | None = None
    last_onset: float | None = None
    places: tuple[tuple[int, int], ...] = ()
    programs: tuple[tuple[int, int], ...] | None = None


def span(pitches: Collection[int]) -> tuple[int | None, int | None]:
    """Give lowest and highest; None where there are none."""
    return (min(pitches), max(pitches)) if pitches else (None, None)


def text_of(content: bytes) -> str:
    """Decode a source: by its byte order mark, else as UTF-8 if it is valid, else as Latin-1."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


_MARKS = {
    b"\xff\xfe\0\0": "utf-32",
    b"\0\0\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
