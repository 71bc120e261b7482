"""Counting a MIDI file: one walk over its chunks and events; a note is a note-on with a velocity.

Stretches of messages of two data bytes each are cut out by one expression, laid end to end and
decoded by position, as arrays: every event there has three bytes under 128, the last of its delta
and its data. All else is stepped over. Nothing is repaired: where bytes make no sense, a track's
count ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from musebar_core.corpus.counts.count import Count, span

_DRUMS = 9
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_LOW, _VOICE = rb"[\x00-\x7f]", rb"[\x80-\xbf\xe0-\xef]"
_STRETCH = re.compile(
    rb"(?:(?:" + _LOW * 3 + rb")++|(?:" + _LOW + _VOICE + _LOW * 2 + rb")++"
    rb"|[\x80-\xff]{1,3}" + _LOW + _VOICE + rb"?+" + _LOW * 2 + rb")*+"
)
_ANY_VOICE = 0x90
"""Stands for the status that a stretch ends with: one of two data bytes."""


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
    left = int.from_bytes(content[at + 10 : at + 12], "big") or len(content)
    is_format_2 = content[at + 8 : at + 10] == b"\0\2"
    found = _Stretches()
    n_tracks = 0
    while n_tracks < left and (at := content.find(b"MTrk", at)) >= 0:
        end = at + 8 + int.from_bytes(content[at + 4 : at + 8], "big")
        if end > len(content):
            following = content.find(b"MTrk", at + 8)
            end = following if following > 0 else len(content)
        _walk(content, at + 8, end, n_tracks, found)
        n_tracks, at = n_tracks + 1, end
        if is_format_2 and len(_notes(found)[0]):
            break
    keys, ticks = _notes(found)
    last = int(ticks.max()) if len(ticks) else 0
    last_onset = last / division if 0 < division < 0x8000 else None
    pitches = np.flatnonzero(np.bincount(keys & 127)).tolist()
    return Count(len(keys), len(set((keys >> 7).tolist())), None, None, *span(pitches), last_onset)


def _walk(content: bytes, at: int, end: int, track: int, found: _Stretches) -> None:
    """Cut out the stretches of one track, up to its end or to where there is no sense."""
    status, ticks = 0, 0
    while at < end:
        delta, data_at = content[at], at + 1
        if delta >= 0x80:
            delta, data_at = _number(content, at)
        first = content[data_at] if data_at < end else 0xFF
        own = first if 0x80 <= first < 0xF0 else status
        if first < 0xF0 and own and not 0xC0 <= own < 0xE0:
            stretch = _STRETCH.match(content, at, end)
            if stretch is None or stretch.end() == at:
                return
            found.pieces.append(stretch.group())
            found.tracks.append(track)
            found.ticks.append(ticks)
            at, status = stretch.end(), _ANY_VOICE
            continue
        ticks += delta
        at, status = _step(content, data_at, end, status)
        if not at:
            return


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


def _notes(found: _Stretches) -> tuple[np.ndarray, np.ndarray]:
    """Notes of all stretches but drums: (track * 16 + channel) * 128 + pitch, and their ticks."""
    if not found.pieces:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    seen = np.frombuffer(b"".join(found.pieces), np.uint8)
    low_at, high_at = np.flatnonzero(seen < 0x80), np.flatnonzero(seen >= 0x80)
    rows = seen[low_at].reshape(-1, 3)
    n_rows = len(rows)
    event, place = np.divmod(high_at - np.arange(len(high_at)), 3)  # bytes under 128 before each
    deltas = rows[:, 0].astype(np.int64)
    is_delta = place == 0
    more, more_at = event[is_delta], high_at[is_delta]
    bits = 7 * (low_at[::3][more] - more_at)
    np.add.at(deltas, more, (seen[more_at] & 0x7F).astype(np.int64) << bits)
    sizes = np.array([len(piece) for piece in found.pieces])
    firsts = np.searchsorted(low_at, sizes.cumsum() - sizes) // 3
    status = np.repeat(seen[high_at[~is_delta]], np.diff(np.append(event[~is_delta], n_rows)))
    struck = np.flatnonzero((status & 0xF0 == 0x90) & (rows[:, 2] > 0) & (status != 0x90 | _DRUMS))
    passed = deltas.cumsum()
    tracks = np.array(found.tracks)
    began = np.append(True, tracks[1:] != tracks[:-1])  # the first stretch of each track
    origin = np.where(firsts[began] > 0, passed[firsts[began] - 1], 0)
    shift = np.array(found.ticks) - np.repeat(
        origin, np.diff(np.append(np.flatnonzero(began), len(began)))
    )
    stretch = np.searchsorted(firsts, struck, side="right") - 1
    keys = (tracks[stretch] * 16 + (status[struck] & 15)) * 128 + rows[struck, 1]
    return keys, passed[struck] + shift[stretch]


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it."""
    value = 0
    for byte in content[at : at + 4]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            break
    return value, at
