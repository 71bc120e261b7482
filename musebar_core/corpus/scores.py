"""MusicXML, Humdrum and ABC content -> parts, by the reader of each format.

Notes are at sounding pitch and in the order of a performance: repeats, endings and jumps are
played; cue notes and grace notes are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from musebar_core.corpus import abc
from musebar_core.corpus.decoding import starts_wide
from musebar_core.corpus.humdrum import read_humdrum
from musebar_core.corpus.musicxml import read_musicxml, unzip
from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from musebar_core.corpus.notes import Track

Form = Literal["musicxml", "zipped", "humdrum", "abc"]

_BY_SUFFIX: dict[str, Form] = {".krn": "humdrum", ".abc": "abc"}
_STARTS = (b"<?xml", b"<!DOCTYPE", b"<!--", b"<score")
_HTML = b"<!doctype html"


def form_of(content: bytes, suffix: str) -> Form | None:
    """Say which kind of score this is, by content before suffix; None if none."""
    if content[:4] == b"PK\x03\x04":
        return "zipped"
    if suffix in {".mxl", ".musicxml", ".xml"}:
        start = content[:512].removeprefix(b"\xef\xbb\xbf").lstrip()
        is_xml = start.startswith(_STARTS) and not start[:15].lower().startswith(_HTML)
        return "musicxml" if is_xml or starts_wide(content) else None
    return _BY_SUFFIX.get(suffix)


def read_parts(
    content: bytes, form: Form, play_repeats: bool = True
) -> tuple[str, list[Track], int]:
    """Read title, parts (top part first) and number of pieces; of several, the first is read.

    Parameters
    ----------
    content
        The file.
    form
        What :func:`form_of` says.
    play_repeats
        False: every bar once, as written.

    Raises
    ------
    UnreadableError
        If it cannot be read; the message is the reason.
    """
    if form == "abc":
        return abc.read_parts(content, play_repeats=play_repeats)
    try:
        if form == "humdrum":
            return read_humdrum(content, play_repeats)
        title, tracks = read_musicxml(unzip(content) if form == "zipped" else content, play_repeats)
    except UnreadableError as error:
        raise UnreadableError(f"unreadable score: {error}") from None
    else:
        return title, tracks, 1
