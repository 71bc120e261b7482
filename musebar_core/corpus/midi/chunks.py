"""The chunks of a MIDI file, where they are and where they ought to be.

A sound file is a header of 6 bytes and as many track chunks as it says, one after the other, with
nothing behind. Anything else is told as damage; its track chunks are found all the same, as
players and editors find them: by their lengths, and by their name where a length is wrong.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from musebar_core.corpus.notes import UnreadableError

HEADER = b"MThd"
TRACK = b"MTrk"
HEADER_BYTES = 14
NAME_BYTES = 8
"""A chunk's name and length."""
_INDEPENDENT = b"\0\2"
_BEHIND = "after the last track"
MOST_TRACKS = 1_000
"""A file of more was doubled by damage; music has tens."""


@dataclass(frozen=True)
class Chunk:
    """A track chunk.

    Attributes
    ----------
    start, end
        Where its events begin and end, bytes from the file's start; what lies between is there.
    n_missing
        Bytes that its length names beyond the end of the file.
    """

    start: int
    end: int
    n_missing: int = 0


@dataclass(frozen=True)
class Layout:
    """Header and track chunks of a file, and what is wrong with them, a short line each."""

    division: int
    n_tracks: int
    chunks: tuple[Chunk, ...]
    faults: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong but for what lies behind the last track."""
        return not self.faults or (len(self.faults) == 1 and self.faults[0].endswith(_BEHIND))


def unwrap_riff(content: bytes) -> bytes:
    """Return the ``data`` chunk of a RIFF file; anything else comes back as it is."""
    if content[:4] != b"RIFF":
        return content
    position = 12
    while position + NAME_BYTES <= len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        position += NAME_BYTES
        if name == b"data":
            return content[position : position + size]
        position += size + size % 2
    raise UnreadableError("unreadable: a RIFF file without a data chunk")


def is_independent(content: bytes) -> bool:
    """Whether a plain file is of format 2: its tracks are pieces of their own."""
    return content[8:10] == _INDEPENDENT


def alone(content: bytes, chunk: Chunk, division: int) -> bytes:
    """Give a track of a file as a file of its own."""
    header = struct.pack(">4sIHHH", HEADER, HEADER_BYTES - NAME_BYTES, 0, 1, division)
    return header + content[chunk.start - NAME_BYTES : chunk.end]


def layout_of(content: bytes) -> Layout:
    """Find the chunks of a MIDI file.

    Raises
    ------
    UnreadableError
        If it has no header, no track at all, or more than music has.
    """
    if content[:4] != HEADER or len(content) < HEADER_BYTES:
        raise UnreadableError("unreadable MIDI: no MThd header")
    length, _, n_tracks, division = struct.unpack_from(">IHHH", content, 4)
    faults: list[str] = []
    at = NAME_BYTES + length
    if length != HEADER_BYTES - NAME_BYTES and content[at : at + 4] != TRACK:
        faults.append(f"its header says that it is {length:,} bytes long")
        at = HEADER_BYTES
    chunks: list[Chunk] = []
    while at < len(content):
        at = _next(content, at, n_tracks, chunks, faults)
        if len(chunks) + len(faults) > MOST_TRACKS:
            raise UnreadableError(f"unreadable MIDI: over {MOST_TRACKS:,} tracks or pieces of them")
    if not chunks:
        raise UnreadableError("unreadable MIDI: no MTrk chunk")
    if len(chunks) != n_tracks:
        faults.append(f"{len(chunks)} of the {n_tracks} tracks that its header names are there")
    return Layout(division, n_tracks, tuple(chunks), tuple(faults))


def _next(content: bytes, at: int, n_tracks: int, chunks: list[Chunk], faults: list[str]) -> int:
    """Take the chunk at ``at``, or what lies there; where the next one is looked for."""
    if content[at : at + 4] == TRACK and at + NAME_BYTES <= len(content):
        chunk, after = _track(content, at, last=len(chunks) + 1 >= n_tracks)
        chunks.append(chunk)
        return after
    if _is_foreign(content, at):
        return at + NAME_BYTES + _length(content, at)
    found = content.find(TRACK, at + 1)
    behind = found < 0 or 0 < n_tracks <= len(chunks)  # what an older, longer file left there
    end = len(content) if behind else found
    where = _BEHIND if behind else "between its chunks"
    faults.append(f"{end - at:,} bytes that are no music {where}")
    return end


def _track(content: bytes, at: int, *, last: bool) -> tuple[Chunk, int]:
    """Take a track chunk by its length, or up to the next one where its length is wrong."""
    start = at + NAME_BYTES
    end = start + _length(content, at)
    following = content.find(TRACK, start)
    if end == len(content) or content[end : end + 4] == TRACK or _is_foreign(content, end):
        return Chunk(start, end), end
    if following >= 0 and not (last and end < len(content)):
        return Chunk(start, following), following
    return Chunk(start, min(end, len(content)), max(0, end - len(content))), min(end, len(content))


def _is_foreign(content: bytes, at: int) -> bool:
    """Whether a chunk of another kind is here, whole: a name in letters and a length that fits."""
    name = content[at : at + 4]
    if len(content) < at + NAME_BYTES or not name.isalnum() or not name.isascii():
        return False
    end = at + NAME_BYTES + _length(content, at)
    return end == len(content) or content[end : end + 4] == TRACK


def _length(content: bytes, at: int) -> int:
    return int.from_bytes(content[at + 4 : at + NAME_BYTES], "big")
