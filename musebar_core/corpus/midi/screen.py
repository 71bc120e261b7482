"""Whether a MIDI file is one that symusic reads right.

symusic is many times faster than a reader in Python, refuses what it cannot read, and is silent
where it is wrong. So a file is given to it only if

- it is laid out as its header and lengths say, and every track ends with its only end-of-track
  event (of tracks that the header does not name, symusic reads nothing);
- no status holds on over a system message (symusic leaves out the rest of the track);
- no event is an escape, status F7 (symusic takes its length and data for deltas and messages), and
  no delta or length has over four bytes (it takes the fifth for what follows);
- no channel changes its program behind a note (symusic makes a part of each program), or the
  changes are taken out first.

Most files show it by bytes that they do not have anywhere; of the others the events are stepped
over, runs of voice events and of meta events by a regular expression each.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.midi.chunks import END_OF_TRACK, HEADER_BYTES, NAME_BYTES, Chunk
from musebar_core.corpus.midi.events import read_events

if TYPE_CHECKING:
    from musebar_core.corpus.midi.chunks import Layout

_META, _SYSEX, _SYSTEM = 0xFF, 0xF0, 0xF0
_MOST_NUMBER_BYTES = 4
_TWO_DATA = 0x80
"""Stands for any status of two data bytes."""

_LOW, _STATUS = rb"[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]"


def _metas(longest: int) -> bytes:
    """Match a meta event, but the end of a track: a tempo, a meter, a syllable of a song."""
    sized = b"|".join(re.escape(bytes([n])) + b"." * n for n in range(1, longest + 1))
    return rb"[\x80-\xff]{0,3}+" + _LOW + rb"\xff[\x01-\x2e\x30-\x7f](?:" + sized + rb")"


_METAS = re.compile(rb"(?:" + _metas(32) + rb")*+", re.DOTALL)
_VOICES = re.compile(
    rb"(?:(?:" + _LOW * 3 + rb")++|(?:" + _LOW + _STATUS + _LOW * 2 + rb")++"
    rb"|[\x80-\xff]{1,3}" + _LOW + _STATUS + rb"?+" + _LOW * 2 + rb"|" + _metas(8) + rb")*+",
    re.DOTALL,
)  # an alternative a kind of delta and status: three times as fast as one for all


def plain(content: bytes, layout: Layout) -> bytes | None:
    """Give what symusic reads this file right by; None if it does not.

    That is the file itself, or the file with each channel's program changes levelled to the
    program of its first note, so that its notes stay one part.
    """
    if not layout.is_whole or layout.division & 0x8000 or layout.chunks[-1].n_missing:
        return None
    size = HEADER_BYTES + sum(c.end - c.start + NAME_BYTES for c in layout.chunks)
    content = content[: layout.chunks[-1].end]
    if size != len(content):
        return None  # chunks of another kind, or a longer header
    array = np.frombuffer(content, np.uint8)
    high = np.flatnonzero((array >= 0xC0) & ((array < 0xD0) | (array >= _SYSTEM)))
    places = high[array[high] != _META].tolist()
    levelled: dict[int, int] = {}
    for chunk in layout.chunks:
        some = places[bisect_left(places, chunk.start) : bisect_left(places, chunk.end)]
        if not _lacks_all_others(content, chunk, some):
            programs = _programs(content, chunk)
            if programs is None:
                return None
            levelled |= _level(content, chunk, programs)
    if not levelled:
        return content
    patched = bytearray(content)
    for at, program in levelled.items():
        patched[at] = program
    return bytes(patched)


def _lacks_all_others(content: bytes, chunk: Chunk, some: list[int]) -> bool:
    """Whether no byte of ``some`` may be a system message's, or make a new piece of a program."""
    if content.find(END_OF_TRACK, chunk.start, chunk.end) != chunk.end - len(END_OF_TRACK):
        return False
    if any(content[at] >= _SYSTEM for at in some):
        return False
    changes = [(at + 1, content[at]) for at in some if content[at + 1] < 0x80]
    return not _level(content, chunk, changes)


def _programs(content: bytes, chunk: Chunk) -> list[tuple[int, int]] | None:
    """Step over the events of a track: its programs' (place, status); None if it is not sound."""
    at, end, status = chunk.start, chunk.end, 0
    found: list[tuple[int, int]] = []
    while at < end:
        run = (_VOICES if status == _TWO_DATA else _METAS).match(content, at, end)
        at = _behind_number(content, run.end() if run else at)
        if at + 1 >= end:
            return None
        if content[at] == _META:
            if content.startswith(END_OF_TRACK, at):
                return found if at + len(END_OF_TRACK) == end else None
            at = _behind_payload(content, at + 2)
        elif content[at] == _SYSEX:
            at, status = _behind_payload(content, at + 1), 0  # the next must bring its own
        else:
            own = content[at] >= 0x80
            status, at = (content[at], at + 1) if own else (status, at)
            at, fits = _behind_voice(content, at, status, own=own)
            if not fits:
                return None
            if 0xC0 <= status < 0xD0:
                found.append((at - 1, status))
            elif not 0xD0 <= status < 0xE0:
                status = _TWO_DATA
    return None


def _behind_voice(content: bytes, at: int, status: int, *, own: bool) -> tuple[int, bool]:
    """The place behind a voice message's data, and whether it is one, where none is in a run."""
    if 0xC0 <= status < 0xE0:
        return at + 1, content[at] < 0x80
    return at + 2, own and status < _SYSTEM and max(content[at : at + 2]) < 0x80


def _level(content: bytes, chunk: Chunk, changes: list[tuple[int, int]]) -> dict[int, int]:
    """Programs by place that are to be others for each channel's notes to be one part."""
    levelled: dict[int, int] = {}
    for status in {status for _, status in changes}:
        places = [at for at, of in changes if of == status]
        if len({content[at] for at in places}) == 1 and content[places[0]] == 0:
            continue
        note = content.find(bytes([0x90 | status & 0x0F]), chunk.start, chunk.end)
        before = [at for at in places if at < note or note < 0]
        first = content[before[-1] if before else places[0]]
        if not before and _strikes(content, Chunk(chunk.start, places[0] - 1), status):
            first = 0
        levelled |= {at: first for at in places if content[at] != first}
    return levelled


def _strikes(content: bytes, chunk: Chunk, status: int) -> bool:
    """Whether a note of a program change's channel is struck here, and not a byte that looks so."""
    return bool(np.any(read_events(content, chunk).voices[:, 1] == (0x90 | status & 0x0F)))


def _behind_number(content: bytes, at: int) -> int:
    """The place behind a number of up to four bytes; the end of the content behind a longer one."""
    for place in range(at, min(at + _MOST_NUMBER_BYTES, len(content))):
        if content[place] < 0x80:
            return place + 1
    return len(content)


def _behind_payload(content: bytes, at: int) -> int:
    """The place behind a length of up to four bytes and as many bytes as it says."""
    behind = _behind_number(content, at)
    length = 0
    for byte in content[at:behind]:
        length = length << 7 | byte & 0x7F
    return behind + length
