"""Counting a MIDI file: one walk over its chunks and events; a note is a note-on with a velocity.

In a run of messages of two data bytes each, every event has three bytes under 128: the last of its
delta, and its data. So a run is decoded by position, as arrays; all else is stepped over. Nothing
is repaired: where bytes make no sense, a track's count ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from musebar_core.corpus.counts.count import Count, span

_DRUMS = 9
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_WINDOW = 4096
"""Bytes looked at for a run; more where a run fills them."""
_SHORT, _STEPS = 64, 16
"""Behind a run of so few bytes, so many events are stepped over before arrays are tried again."""


@dataclass
class _Track:
    """Where a walk is (``at``, ``tick``, ``status``), and the channels and pitches it met."""

    at: int
    end: int
    tick: int = 0
    last: int = 0
    status: int = 0
    heard: list[np.ndarray] = field(default_factory=list)


def count_midi(content: bytes) -> Count:
    """Count a MIDI file, plain or within a RIFF file; a part is a channel of a track.

    ``last_onset`` is None where ticks are shares of a second. Ends of notes are not paired.
    Channel 10, percussion, and tracks beyond those that the header names, are left out.
    """
    at = content.find(b"MThd")
    if at < 0 or len(content) < at + 14:
        return Count(0)
    division = int.from_bytes(content[at + 12 : at + 14], "big")
    n_notes, n_parts, last = 0, 0, 0
    pitches: set[int] = set()
    left = int.from_bytes(content[at + 10 : at + 12], "big") or len(content)
    while left and (at := content.find(b"MTrk", at)) >= 0:
        left -= 1
        size = int.from_bytes(content[at + 4 : at + 8], "big")
        end, following = at + 8 + size, content.find(b"MTrk", at + 8)
        if end > len(content):
            end = following if following > 0 else len(content)
        track = _Track(at + 8, end)
        _walk(content, track)
        tally = np.bincount(np.concatenate([*track.heard, np.zeros(0, np.int64)]), minlength=2048)
        by_channel = tally.reshape(16, 128)
        by_channel[_DRUMS] = 0
        n_notes += int(by_channel.sum())
        n_parts += int(np.count_nonzero(by_channel.any(axis=1)))
        pitches.update(np.flatnonzero(by_channel.any(axis=0)).tolist())
        last, at = max(last, track.last), track.end
    last_onset = last / division if 0 < division < 0x8000 else None
    return Count(n_notes, n_parts, None, None, *span(pitches), last_onset)


def _walk(content: bytes, track: _Track) -> None:
    window, n_steps = _WINDOW, 0
    while track.at < track.end:
        if not n_steps and track.status >= 0x80 and not 0xC0 <= track.status < 0xE0:
            seen = content[track.at : min(track.at + window, track.end)]
            length = _count_run(np.frombuffer(seen, np.uint8), track)
            track.at += length
            if length > window - 16:
                window *= 16
                continue
            n_steps = _STEPS if length < _SHORT else 0
        if track.at >= track.end or not _step(content, track):
            return
        window, n_steps = _WINDOW, max(n_steps - 1, 0)


def _count_run(seen: np.ndarray, track: _Track) -> int:
    """Count the messages of two data bytes that begin here, and give their length in bytes."""
    is_low = seen < 0x80
    low_at, high_at = np.flatnonzero(is_low), np.flatnonzero(~is_low)
    high = seen[high_at].astype(np.int64)
    n_before = high_at - np.arange(len(high_at))  # bytes under 128 before each
    is_status, event = n_before % 3 == 1, n_before // 3
    doubled = np.append(False, is_status[1:] & (n_before[1:] == n_before[:-1]))
    other = is_status & ((high >= 0xF0) | ((high >= 0xC0) & (high < 0xE0)) | doubled)
    ends = np.flatnonzero(other | (n_before % 3 == 2))
    n_events = int(event[ends[0]]) if len(ends) else len(low_at) // 3
    if not n_events:
        return 0
    of_run = event < n_events
    high_at, high, event, is_status = (each[of_run] for each in (high_at, high, event, is_status))
    rows = low_at[: 3 * n_events].reshape(-1, 3)
    deltas, pitches, velocities = seen[rows].astype(np.int64).T
    more = ~is_status
    shift = 7 * np.minimum(rows[event[more], 0] - high_at[more], 4)
    np.add.at(deltas, event[more], (high[more] & 0x7F) << shift)
    status = np.full(n_events, track.status)
    if is_status.any():
        bounds = np.append(event[is_status], n_events)
        status[bounds[0] :] = np.repeat(high[is_status], np.diff(bounds))
    _hear(track, status, pitches, track.tick + deltas.cumsum(), velocities)
    track.tick += int(deltas.sum())
    track.status = int(status[-1])
    return int(rows[-1, 2]) + 1


def _hear(
    track: _Track, status: np.ndarray, pitches: np.ndarray, ticks: np.ndarray, loud: np.ndarray
) -> None:
    is_on = (status >> 4 == 9) & (loud > 0)
    track.heard.append((status[is_on] & 15) * 128 + pitches[is_on])
    pitched = np.flatnonzero(is_on & (status != 0x90 | _DRUMS))
    if len(pitched):
        track.last = int(ticks[pitched[-1]])


def _step(content: bytes, track: _Track) -> bool:
    """Step over one event; False at the end of the track, or where there is no sense."""
    delta, at = _number(content, track.at)
    track.tick += delta
    if at >= track.end:
        return False
    first = content[at]
    if first >= 0x80:
        at += 1
    if first == 0xFF or first in (0xF0, 0xF7):
        if content[at : at + 1] == b"\x2f" and first == 0xFF:
            return False
        length, track.at = _number(content, at + (first == 0xFF))
        track.at += length
        return True
    if first > 0xF0:  # system messages: the status before them holds on
        track.at = at + _SYSTEM_DATA.get(first, 0)
        return True
    status = first if first >= 0x80 else track.status
    n_data = 1 if 0xC0 <= status < 0xE0 else 2
    data = content[at : at + n_data]
    if not 0x80 <= status < 0xF0 or len(data) < n_data or max(data) >= 0x80:
        return False
    if status >> 4 == 9 and data[1]:
        track.heard.append(np.array([(status & 15) * 128 + data[0]]))
        if status & 15 != _DRUMS:
            track.last = track.tick
    track.at, track.status = at + n_data, status
    return True


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it."""
    value = 0
    for byte in content[at : at + 4]:
        value, at = value << 7 | byte & 0x7F, at + 1
        if byte < 0x80:
            break
    return value, at
