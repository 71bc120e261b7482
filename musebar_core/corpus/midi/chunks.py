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
END_OF_TRACK = b"\xff\x2f\x00"
HEADER_BYTES = 14
_MAC_BYTES = 128
"""What MacBinary puts before a file: its name on a Macintosh, and at byte 83 its length."""
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


def is_midi(content: bytes) -> bool:
    """Whether a file begins as MIDI does: plain, within RIFF, or behind a MacBinary header."""
    return content[:4] in {HEADER, b"RIFF"} or _is_mac_binary(content)


def unwrap(content: bytes) -> bytes:
    """Return the ``data`` chunk of a RIFF file, the data fork of a MacBinary file, else all."""
    if _is_mac_binary(content):
        size = int.from_bytes(content[83:87], "big")
        return content[_MAC_BYTES:][: size or None]
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


def _is_mac_binary(content: bytes) -> bool:
    return content[:1] == b"\0" and content[_MAC_BYTES : _MAC_BYTES + 4] == HEADER


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
        place = len(chunks) + 1
        chunk, fault = _track(content, at, last=place >= n_tracks)
        chunks.append(chunk)
        faults += [f"track {place} {fault}"] * bool(fault)
        return chunk.end
    if _is_foreign(content, at):
        return at + NAME_BYTES + _length(content, at)
    found = content.find(TRACK, at + 1)
    behind = found < 0 or 0 < n_tracks <= len(chunks)  # what an older, longer file left there
    end = len(content) if behind else found
    where = _BEHIND if behind else "between its chunks"
    faults.append(f"{end - at:,} bytes that are no music {where}")
    return end


def _track(content: bytes, at: int, *, last: bool) -> tuple[Chunk, str]:
    """Take a track chunk by its length; where that is wrong, up to the next one or to its end."""
    start = at + NAME_BYTES
    length = _length(content, at)
    end = start + length
    if end == len(content) or content[end : end + 4] == TRACK or _is_foreign(content, end):
        return Chunk(start, end), ""
    following = content.find(TRACK, start)
    says = f"says that it has {length:,} bytes, but"
    is_ended = end < len(content) and content.endswith(END_OF_TRACK, start, end)
    if following >= 0 and not (last and end < len(content)):
        is_junk_between = is_ended and end < following
        fault = "" if is_junk_between else f"{says} the next begins behind {following - start:,}"
        return Chunk(start, following), fault
    its_end = content.find(END_OF_TRACK, max(start, end - 2)) + len(END_OF_TRACK)
    behind = following if following >= 0 else len(content)
    if not is_ended and end < its_end <= behind:
        return Chunk(start, its_end), f"{says} ends behind {its_end - start:,}"
    return Chunk(start, min(end, len(content)), max(0, end - len(content))), ""


def _is_foreign(content: bytes, at: int) -> bool:
    """Whether a chunk of another kind is here, whole: a name in letters and a length that fits."""
    name = content[at : at + 4]
    if len(content) < at + NAME_BYTES or not name.isalnum():
        return False
    end = at + NAME_BYTES + _length(content, at)
    return end == len(content) or content[end : end + 4] == TRACK


def _length(content: bytes, at: int) -> int:
    return int.from_bytes(content[at + 4 : at + NAME_BYTES], "big")
