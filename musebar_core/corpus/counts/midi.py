"""Counting a MIDI file: one walk over its chunks and events; a note is a note-on with a velocity.

Stretches of messages of two data bytes each are cut out, laid end to end and decoded by position,
as arrays: every event there has three bytes under 128, the last of its delta and its data. All
else is stepped over. Nothing is repaired: where bytes make no sense, a track's count ends.

Stretches end at bytes of other messages, and how many bytes under 128 precede these tells where. If
what is cut out so is no stretch, looked at as a whole, the bytes make no sense somewhere, and the
file is walked again by an expression that takes event for event.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.counts.count import Count, span

if TYPE_CHECKING:
    from collections.abc import Callable

    _Behind = Callable[[int, int], int]
    """Gives the end of the stretch of a track that begins at a place."""

_DRUMS = 9
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_LOW, _VOICE = rb"[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]"
_STRETCH = re.compile(
    rb"(?:(?:" + _LOW * 3 + rb")++|(?:" + _LOW + _VOICE + _LOW * 2 + rb")++"
    rb"|[\x80-\xff]{1,3}" + _LOW + _VOICE + rb"?+" + _LOW * 2 + rb")*+"
)
_MOST_MORE = 3
"""Bytes of a delta before its last."""

_ANY_VOICE = 0x90
"""Stands for the status that a stretch ends with: one of two data bytes."""

_PAYLOADS = b"|".join(bytes([n]) + b"." * n for n in range(17))
_DELTA_OF_META = re.compile(
    rb"([\x80-\xff]{0,3}[\x00-\x7f])\xff[\x01-\x2e\x30-\x7f](?:" + _PAYLOADS + rb")", re.DOTALL
)
_METAS = re.compile(rb"(?:" + _DELTA_OF_META.pattern + rb")++", re.DOTALL)
"""Tempos, meters, syllables of a song: events of up to 16 bytes, but for the end of a track."""


_NONE = np.zeros(0, np.int64), np.zeros(0, np.int64)


@dataclass
class _Stretches:
    """Stretches of all tracks: their bytes, and of each its track and ticks stepped over before."""

    pieces: list[bytes] = field(default_factory=list)
    tracks: list[int] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)


def count_midi(content: bytes) -> Count:
    """Count a MIDI file, plain or within a RIFF file; a part is a channel of a track.

    Of format 2, whose tracks are pieces of their own, the first with notes is counted.

    ``last_onset`` is None where ticks are shares of a second. Ends of notes are not paired.
    Channel 10, percussion, and tracks beyond those that the header names, are left out.
    """
    at = content.find(b"MThd")
    if at < 0 or len(content) < at + 14:
        return Count(0)
    division = int.from_bytes(content[at + 12 : at + 14], "big")
    left = int.from_bytes(content[at + 10 : at + 12], "big")
    is_format_2 = content[at + 8 : at + 10] == b"\0\2"
    tracks = _tracks(content, at)[: left or None]
    counted = None if is_format_2 else _count(content, tracks, _Breaks(content).behind)
    if counted is None:
        counted = _count(content, tracks, _by_expression(content), only_first=is_format_2)
    keys, ticks = counted or _NONE
    last = int(ticks.max()) if len(ticks) else 0
    last_onset = last / division if 0 < division < 0x8000 else None
    pitches = np.flatnonzero(np.bincount(keys & 127)).tolist()
    n_parts = int(np.count_nonzero(np.bincount(keys >> 7)))
    return Count(len(keys), n_parts, None, None, *span(pitches), last_onset)


def _tracks(content: bytes, at: int) -> list[tuple[int, int]]:
    """Where the tracks behind a place begin and end."""
    tracks: list[tuple[int, int]] = []
    while (at := content.find(b"MTrk", at)) >= 0:
        end = at + 8 + int.from_bytes(content[at + 4 : at + 8], "big")
        if end > len(content):
            following = content.find(b"MTrk", at + 8)
            end = following if following > 0 else len(content)
        tracks.append((at + 8, end))
        at = end
    return tracks


def _count(
    content: bytes, tracks: list[tuple[int, int]], behind: _Behind, *, only_first: bool = False
) -> tuple[np.ndarray, np.ndarray] | None:
    """Keys and ticks of the notes of all tracks, or of the first with any; see :func:`_notes`."""
    found = _Stretches()
    for track, (at, end) in enumerate(tracks):
        _walk(content, at, end, track, found, behind)
        if only_first and (notes := _notes(found)) is not None and len(notes[0]):
            return notes
    return _notes(found)


class _Breaks:
    """Finds where stretches end by bytes that no stretch has, but in deltas."""

    def __init__(self, content: bytes) -> None:
        seen = np.frombuffer(content, np.uint8)
        is_low = seen < 0x80
        self._low = np.flatnonzero(is_low)
        self._before = np.zeros(len(seen) + 1, np.int32)
        np.cumsum(is_low, out=self._before[1:])
        places = np.flatnonzero((seen >= 0xC0) & ((seen < 0xE0) | (seen >= 0xF0)))
        self._places, self._ranks = places.tolist(), self._before[places].tolist()

    def behind(self, at: int, end: int) -> int:
        """The end of the stretch that begins here; the same place if there is none."""
        first = int(self._before[at])
        place = bisect_left(self._places, at)
        while place < len(self._places) and self._places[place] < end:
            low = self._ranks[place] - first
            if low % 3:  # a status; behind a whole event it would be of a delta
                low -= 1
                break
            place += 1
        else:
            low = int(self._before[min(end, len(self._before) - 1)]) - first
        low -= low % 3
        return int(self._low[first + low - 1]) + 1 if low else at


def _by_expression(content: bytes) -> _Behind:
    """Find where stretches end by an expression, event for event."""

    def behind(at: int, end: int) -> int:
        stretch = _STRETCH.match(content, at, end)
        return stretch.end() if stretch is not None else at

    return behind


def _walk(
    content: bytes, at: int, end: int, track: int, found: _Stretches, behind: _Behind
) -> None:
    """Cut out the stretches of one track, up to its end or to where there is no sense."""
    status, ticks = 0, 0
    while at < end:
        delta, data_at = content[at], at + 1
        if delta >= 0x80:
            delta, data_at = _number(content, at)
        first = content[data_at] if data_at < end else 0xFF
        own = first if 0x80 <= first < 0xF0 else status
        if first < 0xF0 and own and not 0xC0 <= own < 0xE0:
            after = behind(at, end)
            if after == at:
                return
            found.pieces.append(content[at:after])
            found.tracks.append(track)
            found.ticks.append(ticks)
            at, status = after, _ANY_VOICE
            continue
        metas = _METAS.match(content, at, end) if first == 0xFF else None
        if metas is not None:
            ticks += _sum(_DELTA_OF_META.findall(content, at, metas.end()))
            at = metas.end()
            continue
        ticks += delta
        at, status = _step(content, data_at, end, status)
        if not at:
            return


def _sum(numbers: list[bytes]) -> int:
    """Sum of numbers of variable length."""
    return sum(number[0] if len(number) == 1 else _number(number, 0)[0] for number in numbers)


def _step(content: bytes, at: int, end: int, status: int) -> tuple[int, int]:
    """Step over an event of another kind: the place behind it (0: none), and the status there."""
    if at >= end:
        return 0, status
    first = content[at]
    if first in {0xF0, 0xF7, 0xFF}:
        if first == 0xFF and content[at + 1 : at + 2] == b"\x2f":
            return 0, status
        length, behind = _number(content, at + 1 + (first == 0xFF))
        return behind + length, status
    if first > 0xF0:  # the status before it holds on
        return at + 1 + _SYSTEM_DATA.get(first, 0), status
    own, data_at = (first, at + 1) if first >= 0x80 else (status, at)
    if not own or data_at >= end or content[data_at] >= 0x80:
        return 0, status
    return data_at + 1, own


def _notes(found: _Stretches) -> tuple[np.ndarray, np.ndarray] | None:
    """Notes of all stretches but drums: (track * 16 + channel) * 128 + pitch, and their ticks.

    None if a stretch is none: bytes over 127 among an event's data, or too many before them.
    """
    if not found.pieces:
        return _NONE
    seen = np.frombuffer(b"".join(found.pieces), np.uint8)
    low = np.flatnonzero(seen < 0x80).reshape(-1, 3)  # of each event, in their order
    delta_at, first_at, second_at = np.ascontiguousarray(low.T)
    n_more = delta_at.copy()
    n_more[1:] -= second_at[:-1] + 1
    n_status = first_at - delta_at - 1
    if (second_at != first_at + 1).any() or n_status.max() > 1 or n_more.max() > _MOST_MORE:
        return None
    own = np.flatnonzero(n_status)
    status = np.repeat(seen[delta_at[own] + 1], np.diff(own, append=len(low)))
    struck = np.flatnonzero((status & 0xF0 == 0x90) & (status != 0x90 | _DRUMS))
    struck = struck[seen[second_at[struck]] > 0]
    passed = _deltas(seen, delta_at, n_more).cumsum()
    sizes = np.array([len(piece) for piece in found.pieces])
    firsts = np.searchsorted(delta_at, sizes.cumsum() - sizes)
    tracks = np.array(found.tracks)
    began = np.append(True, tracks[1:] != tracks[:-1])  # the first stretch of each track
    origin = np.where(firsts[began] > 0, passed[firsts[began] - 1], 0)
    shift = np.array(found.ticks) - origin[began.cumsum() - 1]
    n_struck = np.diff(np.searchsorted(struck, firsts), append=len(struck))  # in each stretch
    keys = np.repeat(tracks * 2048, n_struck) + (status[struck] & 15) * np.int64(128)
    keys += seen[first_at[struck]]
    return keys, passed[struck] + np.repeat(shift, n_struck)


def _deltas(seen: np.ndarray, last_at: np.ndarray, n_more: np.ndarray) -> np.ndarray:
    """Deltas by the places of their last bytes, and how many bytes each has before."""
    deltas: np.ndarray = seen[last_at].astype(np.int64)
    deltas += (seen[last_at - 1] & 0x7F).astype(np.int64) * ((n_more > 0) << 7)
    for more in range(2, _MOST_MORE + 1):
        longer = np.flatnonzero(n_more >= more)
        deltas[longer] |= (seen[last_at[longer] - more] & 0x7F).astype(np.int64) << 7 * more
    return deltas


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it."""
    value = 0
    for byte in content[at : at + 4]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            break
    return value, at
