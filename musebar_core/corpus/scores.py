"""MusicXML, Humdrum and ABC content -> a score, by the reader of each format.

Notes are at sounding pitch; cue notes and grace notes are left out.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from musebar_core.corpus.abc import read_abc
from musebar_core.corpus.decoding import starts_wide
from musebar_core.corpus.humdrum import read_humdrum
from musebar_core.corpus.musicxml import read_musicxml, unzip
from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from musebar_core.corpus.notes import Score, Track

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


def read(content: bytes, form: Form) -> Score:
    """Read a score; of several pieces in a file, the first.

    Parameters
    ----------
    content
        The file.
    form
        What :func:`form_of` says.

    Raises
    ------
    UnreadableError
        If it cannot be read, here or as it is played; the message is the reason.
    """
    if form == "abc":
        return read_abc(content)
    with _named():
        if form == "humdrum":
            score = read_humdrum(content)
        else:
            score = read_musicxml(unzip(content) if form == "zipped" else content)

    def play(repeats: bool) -> list[Track]:
        with _named():
            return score.play(repeats)

    return replace(score, play=play)


@contextmanager
def _named() -> Iterator[None]:
    """Have a reason say what it is that cannot be read."""
    try:
        yield
    except UnreadableError as error:
        raise UnreadableError(f"unreadable score: {error}") from None
