"""Counting a MIDI file: one walk over its chunks and events; a note is a note-on with a velocity.

Stretches of messages of two data bytes each are cut out, laid end to end and decoded by position,
as arrays: every event there has three bytes under 128, the last of its delta and its data. All
else is stepped over. Nothing is repaired: where bytes make no sense, a track's count ends.
On its way the walk learns whether anything but plain events is there.

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

from musebar_core.corpus.counts.count import Count

if TYPE_CHECKING:
    from collections.abc import Callable

    _Behind = Callable[[int, int], int]
    """Gives the end of the stretch of a track that begins at a place."""

_DRUMS = 9
_END = 0x2F
_END_OF_TRACK = b"\xff\x2f\x00"
_META, _SYSEX, _ESCAPE = 0xFF, 0xF0, 0xF7
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_LOW, _VOICE = rb"[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]"
_STRETCH = re.compile(
    rb"(?:(?:" + _LOW * 3 + rb")++|(?:" + _LOW + _VOICE + _LOW * 2 + rb")++"
    rb"|[\x80-\xff]{1,3}" + _LOW + _VOICE + rb"?+" + _LOW * 2 + rb")*+"
)
_CHUNK = re.compile(rb"[0-9A-Za-z]{4}.{4}", re.DOTALL)
_HIGH = bytes(range(0x80, 0x100))

_MOST_MORE = 3
"""Bytes of a number before its last."""

_ANY_VOICE = 0x90
"""Stands for the status that a stretch ends with: one of two data bytes."""

_PAYLOADS = b"|".join(bytes([n]) + b"." * n for n in range(17))
_DELTA_OF_META = re.compile(
    rb"([\x80-\xff]{0,3}[\x00-\x7f])\xff[\x01-\x2e\x30-\x7f](?:" + _PAYLOADS + rb")", re.DOTALL
)
_METAS = re.compile(rb"(?:" + _DELTA_OF_META.pattern + rb")++", re.DOTALL)
"""Tempos, meters, syllables of a song: events of up to 16 bytes, but for the end of a track."""


@dataclass(frozen=True)
class _Struck:
    """What is struck of all tracks, drums apart.

    Attributes
    ----------
    parts
        Of each note, its track and channel: track * 16 + channel.
    pitches
        Of each note.
    last
        Ticks to the last of them.
    programs
        As :class:`~musebar_core.corpus.counts.count.Count` has them.
    """

    parts: np.ndarray
    pitches: np.ndarray
    last: int = 0
    programs: tuple[tuple[int, int], ...] | None = None


_NONE = _Struck(np.zeros(0, np.int64), np.zeros(0, np.uint8))


@dataclass
class _Stretches:
    """Stretches of all tracks, and what lies between them.

    Attributes
    ----------
    pieces
        Of each its bytes, its track, and ticks stepped over before.
    programs
        (place, status) of each change of a program: where the program stands.
    n_whole
        Tracks that end with their only end-of-track event.
    are_plain
        Whether of system messages there are none but sysex messages, and no status holds on over
        one.
    """

    pieces: list[tuple[bytes, int, int]] = field(default_factory=list)
    programs: list[tuple[int, int]] = field(default_factory=list)
    n_whole: int = 0
    are_plain: bool = True


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
    n_named = int.from_bytes(content[at + 10 : at + 12], "big")
    is_format_2 = content[at + 8 : at + 10] == b"\0\2"
    tracks = _tracks(content, at, n_named or None)
    counted = None if is_format_2 else _count(content, tracks, _Breaks(content).behind)
    programs = counted.programs if counted is not None else None
    if counted is None:
        counted = _count(content, tracks, _by_expression(content), only_first=is_format_2)
    struck = counted or _NONE
    last_onset = struck.last / division if 0 < division < 0x8000 else None
    pitches = struck.pitches
    lowest, highest = (int(pitches.min()), int(pitches.max())) if len(pitches) else (None, None)
    parts = np.flatnonzero(np.bincount(struck.parts)).tolist()
    places = tuple(divmod(part, 16) for part in parts)
    n_notes, n_parts = len(pitches), len(parts)
    return Count(n_notes, n_parts, None, None, lowest, highest, last_onset, places, programs)


def _tracks(content: bytes, at: int, most: int | None) -> list[tuple[int, int]]:
    """Where the tracks behind a place begin and end, up to so many of them.

    A length that leads to no chunk and not to the file's end is wrong: the next track begins where
    its name is. But behind the last there may be junk.
    """
    tracks: list[tuple[int, int]] = []
    while len(tracks) != most and (at := content.find(b"MTrk", at)) >= 0:
        end = at + 8 + int.from_bytes(content[at + 4 : at + 8], "big")
        if end != len(content) and not _CHUNK.match(content, end):
            following = content.find(b"MTrk", at + 8)
            is_last = following < 0 or len(tracks) + 1 == most
            is_whole = end < len(content) and content.endswith(_END_OF_TRACK, at, end)
            if not (is_last and is_whole):
                end = following if following > 0 else len(content)
        tracks.append((at + 8, end))
        at = end
    return tracks


def _count(
    content: bytes, tracks: list[tuple[int, int]], behind: _Behind, *, only_first: bool = False
) -> _Struck | None:
    """The notes of all tracks, or of the first with any; see :func:`_notes`."""
    found = _Stretches()
    for track, (at, end) in enumerate(tracks):
        _walk(content, at, end, track, found, behind)
        if only_first and (notes := _notes(found)) is not None and len(notes.parts):
            return notes
    found.are_plain &= found.n_whole == len(tracks)
    return _notes(found)


class _Breaks:
    """Finds where stretches end by bytes that no stretch has, but in deltas."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        seen = np.frombuffer(content, np.uint8)
        self._is_low = seen < 0x80
        places = np.flatnonzero((seen & 0xE0 == 0xC0) | (seen >= 0xF0))
        self._places: list[int] = places.tolist()

    def behind(self, at: int, end: int) -> int:
        """The end of the stretch that begins here; the same place if there is none."""
        places, is_low, n_low, near = self._places, self._is_low, 0, at
        for place in range(bisect_left(places, at), len(places)):
            upto = places[place]
            if upto >= end:
                break
            n_low += int(np.count_nonzero(is_low[near:upto]))
            near = upto
            if n_low % 3:  # a status; behind a whole event it would be of a delta
                return self._whole(at, near, n_low)
        n_low += int(np.count_nonzero(is_low[near:end]))
        return self._whole(at, min(end, len(is_low)), n_low)

    def _whole(self, at: int, end: int, n_low: int) -> int:
        """The end of the last whole event of so many bytes under 128 before a place."""
        if n_low < 3:
            return at
        content = self._content
        if n_low % 3 == 1 and content[end - 1] < 0x80 and content[end - 2] < 0x80:
            return end - 1  # behind the usual delta of one byte
        for _ in range(n_low % 3 + 1):
            end -= 1
            while content[end] >= 0x80:
                end -= 1
        return end + 1


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
            found.pieces.append((content[at:after], track, ticks))
            at, status = after, _ANY_VOICE
            continue
        if first == 0xFF and data_at + 2 < end and content[data_at + 2] < 0x80:
            following = data_at + 4 + content[data_at + 2]
            if (
                following < end and content[following] == 0xFF
            ):  # many of them: tempos, a song's text
                metas = _METAS.match(content, at, end)
                if metas is not None:
                    ticks += _sum(_DELTA_OF_META.findall(content, at, metas.end()))
                    at = metas.end()
                    continue
            elif content[data_at + 1] != _END:
                ticks += delta
                at = following - 1
                continue
        ticks += delta
        at, status = _step(content, data_at, end, status, found)
        if not at:
            return


def _sum(numbers: list[bytes]) -> int:
    """Sum of numbers of variable length."""
    together = b"".join(numbers)
    if len(together) == len(numbers):
        return sum(together)
    total = value = 0
    for byte in together:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            total, value = total + value, 0
    return total


def _step(content: bytes, at: int, end: int, status: int, found: _Stretches) -> tuple[int, int]:
    """Step over an event of another kind: the place behind it (0: none), and the status there."""
    if at >= end:
        return 0, status
    first = content[at]
    if first >= _SYSEX:
        return _step_over_system(content, at, end, found), status  # the status holds on
    own, data_at = (first, at + 1) if first >= 0x80 else (status, at)
    if not own or data_at >= end or content[data_at] >= 0x80:
        return 0, status
    if own < 0xD0:
        found.programs.append((data_at, own))
    return data_at + 1, own


def _step_over_system(content: bytes, at: int, end: int, found: _Stretches) -> int:
    """Give the place behind a system message or a meta event, 0 behind the end of a track."""
    first = content[at]
    if first == _META and content[at + 1 : at + 2] == bytes([_END]):
        found.n_whole += content[at:end] == _END_OF_TRACK
        return 0
    if first not in {_SYSEX, _ESCAPE, _META}:
        found.are_plain = False
        return at + 1 + _SYSTEM_DATA.get(first, 0)
    length, behind = _number(content, at + 1 + (first == _META))
    behind += length
    if first != _META:
        found.are_plain &= first == _SYSEX and _has_status(content, behind, end)
    return behind


def _has_status(content: bytes, at: int, end: int) -> bool:
    """Whether the next event that is no meta event brings its own status, or there is none."""
    while at < end:
        _, at = _number(content, at)
        if content[at : at + 1] != bytes([_META]):
            return content[at : at + 1] >= b"\x80"
        length, at = _number(content, at + 2)
        at += length
    return True


def _notes(found: _Stretches) -> _Struck | None:
    """Notes of all stretches but drums; None if a stretch is none."""
    if not found.pieces:
        return _NONE
    stretches, track_of, ticks_before = zip(*found.pieces, strict=True)
    events = _decoded(b"".join(stretches))
    if events is None:
        return None
    struck = np.flatnonzero(events.is_struck)
    sizes = np.fromiter(map(len, stretches), np.int64, len(stretches))
    at = sizes.cumsum() - sizes
    firsts = (at - np.searchsorted(events.high_at, at)) // 3  # of each stretch
    tracks = np.array(track_of)
    began = np.flatnonzero(_is_new(tracks))  # the first stretch of each track
    before = np.searchsorted(struck, firsts[began])
    n_struck = _lengths(before, len(struck))
    parts = np.repeat(tracks[began] * 16, n_struck) + (events.status[struck] & 15)
    some = n_struck > 0
    last = struck[(before + n_struck)[some] - 1]
    ticks = np.array(ticks_before)[np.searchsorted(firsts, last, side="right") - 1]
    if len(last):
        bounds = np.empty(2 * len(last), np.int64)
        bounds[::2], bounds[1::2] = firsts[began[some]], last + 1
        ticks += np.add.reduceat(events.deltas, bounds, dtype=np.int64)[::2]
    programs = tuple(found.programs) if found.are_plain else None
    return _Struck(parts, events.pitch[struck], int(ticks.max(initial=0)), programs)


def _is_new(values: np.ndarray) -> np.ndarray:
    """Whether each differs from the one before it."""
    is_new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=is_new[1:])
    return is_new


def _lengths(begins: np.ndarray, end: int) -> np.ndarray:
    """From each place to the next, from the last to the end."""
    lengths = np.empty(len(begins), np.int64)
    np.subtract(begins[1:], begins[:-1], out=lengths[:-1])
    lengths[-1] = end - begins[-1]
    return lengths


@dataclass(frozen=True)
class _Events:
    """Events of two data bytes each, laid end to end.

    Attributes
    ----------
    status, pitch, is_struck
        Of each: status, first data byte, and whether it strikes a note, drums apart.
    deltas
        Of each, int32; and a 0 behind them.
    high_at
        Places of bytes over 127.
    """

    status: np.ndarray
    pitch: np.ndarray
    is_struck: np.ndarray
    deltas: np.ndarray
    high_at: np.ndarray


def _decoded(stretches: bytes) -> _Events | None:
    """Decode stretches; None if they are none: bytes over 127 among data, or too many before it."""
    seen = np.frombuffer(stretches, np.uint8)
    low = np.frombuffer(stretches.translate(None, _HIGH), np.uint8)
    delta, pitch, velocity = low.reshape(-1, 3).T
    high_at = np.flatnonzero(seen >= 0x80).astype(np.int32)
    high = seen[high_at]
    n_before = high_at - np.arange(len(high_at), dtype=np.int32)  # bytes under 128: three an event
    event = n_before // 3
    place = n_before - 3 * event
    is_status, is_more = place == 1, place == 0
    own, more = event[is_status], event[is_more]
    two = (own[1:] == own[:-1]).any()
    if two or (more[_MOST_MORE:] == more[:-_MOST_MORE]).any() or len(own) + len(more) < len(event):
        return None
    status = high[is_status]
    if len(own) < len(delta):  # some hold on
        status = np.repeat(status, _lengths(own, len(delta)))
    is_struck = (status & 0xF0 == 0x90) & (status != 0x90 | _DRUMS) & (velocity > 0)
    deltas = np.zeros(len(delta) + 1, np.int32)
    deltas[:-1] = delta
    if len(more):
        _add_longer(deltas, more, high[is_more])
    return _Events(status, pitch, is_struck, deltas, high_at)


def _add_longer(deltas: np.ndarray, events: np.ndarray, higher: np.ndarray) -> None:
    """Add the bytes that deltas have before their last; ``events`` says whose each is."""
    value = (higher & 0x7F).astype(np.int32)
    left = np.ones(len(events), np.int32)  # bytes to the delta's end
    for further in range(1, _MOST_MORE):
        left[:-further] += events[further:] == events[:-further]
    np.add.at(deltas, events, value << 7 * left)


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it; of over four bytes, the end of all."""
    value = 0
    for byte in content[at : at + 1 + _MOST_MORE]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            return value, at
    return value, len(content)
