"""MusicXML, Humdrum and ABC content -> parts: ABC by :mod:`.abc`, the others by music21.

Everything is parsed from memory: music21 then keeps no pickled scores on disk.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from typing import Any, Literal
from xml.etree import ElementTree as ET

from musebar_core.corpus import abc
from musebar_core.corpus.notes import Notes, Track, UnreadableError

Form = Literal["musicxml", "zipped", "humdrum", "abc"]

LARGEST_XML_BYTES = 64 * 2**20
"""A zipped score that unpacks to more is refused."""

_BY_SUFFIX: dict[str, Form] = {".krn": "humdrum", ".abc": "abc"}
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def form_of(content: bytes, suffix: str) -> Form | None:
    """Say which kind of score this is, by content before suffix; None if none."""
    if content[:4] == b"PK\x03\x04":
        return "zipped"
    if suffix in {".mxl", ".musicxml", ".xml"}:
        start = content[:512].lstrip()
        is_xml = start.startswith((b"<?xml", b"<!DOCTYPE score", b"<score", *_BOMS))
        return "musicxml" if is_xml else None
    return _BY_SUFFIX.get(suffix)


def read_parts(content: bytes, form: Form) -> tuple[str, list[Track], int]:
    """Read title, parts (top part first) and number of pieces; of several, the first is read.

    Raises
    ------
    UnreadableError
        If it cannot be read; the message is the reason.
    """
    if form == "abc":
        return abc.read_parts(content)
    if form == "zipped":
        content, form = _unzip(content), "musicxml"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parse(content, form)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser throws at a strange file
        detail = " ".join(str(error).split())[:100]
        raise UnreadableError(
            f"unreadable score: {type(error).__name__}{': ' if detail else ''}{detail}"
        ) from None


def _parse(content: bytes, form: Form) -> tuple[str, list[Track], int]:
    from music21 import converter

    data: bytes | str = content if form == "musicxml" else content.decode("utf-8", "replace")
    score: Any = converter.parseData(data, format=form)
    pieces = list(getattr(score, "scores", [])) or [score]  # an Opus has several
    score = pieces[0]
    parts = list(getattr(score, "parts", [])) or [score]
    title = (score.metadata.title if score.metadata else None) or ""
    tracks = [Track(_name(part), _notes(part)) for part in parts]
    return " ".join(title.split()), tracks, len(pieces)


def _name(part: Any) -> str:  # noqa: ANN401 - a class of music21, which has no types here
    return " ".join(str(getattr(part, "partName", None) or "").split())


def _notes(part: Any) -> Notes:  # noqa: ANN401
    """Take a part's notes: chord symbols left out, chords at their highest note, ties merged."""
    from music21 import chord, harmony, note

    rows: list[tuple[float, float, int]] = []
    open_ties: dict[int, int] = {}
    for element in part.flatten().notes:
        if isinstance(element, harmony.Harmony):
            continue
        if isinstance(element, chord.Chord):
            top = max(element.notes, key=lambda each: each.pitch.midi)
        elif isinstance(element, note.Note):
            top = element
        else:
            continue  # unpitched percussion
        onset, duration = float(element.offset), float(element.quarterLength)
        _add(rows, open_ties, (onset, duration, int(top.pitch.midi)), _tie(top))
    return Notes.of(rows)


def _tie(note: Any) -> str | None:  # noqa: ANN401
    return note.tie.type if note.tie else None


def _add(
    rows: list[tuple[float, float, int]],
    open_ties: dict[int, int],
    row: tuple[float, float, int],
    tie: str | None,
) -> None:
    """Append ``row``, or lengthen the note that it is tied to."""
    onset, duration, pitch = row
    before = open_ties.get(pitch)
    if tie in {"continue", "stop"} and before is not None:
        first, _, _ = rows[before]
        rows[before] = (first, onset + duration - first, pitch)
    elif duration > 0:
        rows.append(row)
        before = len(rows) - 1
    if tie in {"start", "continue"} and before is not None:
        open_ties[pitch] = before
    else:
        open_ties.pop(pitch, None)


def _unzip(content: bytes) -> bytes:
    """Return the MusicXML inside a .mxl archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = _root_file(archive)
            if archive.getinfo(name).file_size > LARGEST_XML_BYTES:
                raise UnreadableError("unreadable score: it unpacks to more than 64 MiB")
            return archive.read(name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        RuntimeError,
    ) as error:
        raise UnreadableError(f"unreadable score: damaged archive ({error})") from None


def _root_file(archive: zipfile.ZipFile) -> str:
    """Name of the archive's score: as its container says, else its first XML file."""
    named = _named_root(archive)
    if named in archive.namelist():
        return str(named)
    for name in archive.namelist():
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF/"):
            return name
    raise UnreadableError("unreadable score: an archive without a score")


def _named_root(archive: zipfile.ZipFile) -> str | None:
    """Name that the container gives, if it is readable: many hold a bare ampersand."""
    if "META-INF/container.xml" not in archive.namelist():
        return None
    try:
        container = ET.fromstring(archive.read("META-INF/container.xml"))  # noqa: S314
    except ET.ParseError:
        return None
    for element in container.iter():
        if element.tag.rpartition("}")[2] == "rootfile":
            return element.get("full-path")
    return None
