"""Events of a track chunk -> its parts, one a channel, each with all of its notes.

A part is the notes of one track chunk on one channel, whatever programs they sound with. What one
player has in several is put together later (:mod:`~musebar_core.corpus.midi.joining`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import Notes, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from musebar_core.corpus.midi.events import Events

    Quarters = Callable[[NDArray[np.int64]], NDArray[np.float64]]
    _Event = tuple[int, bool, int]
    """Of a key: the place, whether it is struck there or let go, and the tick."""
    _Pair = tuple[int, int]
    """Places where a note begins and ends."""

DRUMS = 9
"""The channel of drums, counted from 0."""

_NOTE_OFF, _NOTE_ON = 0x80, 0x90


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of a track, the channel of each, and how many notes were struck in all."""

    tracks: list[Track]
    channels: list[int]
    n_notes: int


def parts_of(events: Events, quarters: Quarters) -> Parts:
    """Pair the notes of a track's events.

    Of a pitch that is struck again while it sounds, the first to sound ends first; where it is let
    go less often than it is struck, a note whose end is missing ends where the next one begins. A
    last note that is never let go has no length and is left out.

    Parameters
    ----------
    events
        As :func:`~musebar_core.corpus.midi.events.read_events` reads them.
    quarters
        Turns ticks ``[n]`` into quarter notes ``[n]``.
    """
    tick, status, pitch, velocity = events.voices.T
    notes = (status & 0xF0 == _NOTE_ON) | (status & 0xF0 == _NOTE_OFF)
    tick, status, pitch, velocity = (each[notes] for each in (tick, status, pitch, velocity))
    places = np.flatnonzero(notes)
    struck = (status & 0xF0 == _NOTE_ON) & (velocity > 0)
    channel = status & 0x0F
    first, last = _paired(channel * 128 + pitch, struck, tick)
    tracks, channels = [], np.unique(channel[first]).tolist()
    for own in channels:
        of_channel = channel[first] == own
        begin, end = first[of_channel], last[of_channel]
        onsets = quarters(tick[begin])
        tracks.append(
            Track(
                events.name,
                Notes.of_columns(onsets, quarters(tick[end]) - onsets, pitch[begin]),
                own == DRUMS,
                _program(events.programs, own, int(places[begin[0]])),
            )
        )
    return Parts(tracks, channels, int(np.count_nonzero(struck)))


def _paired(
    keys: NDArray[np.int64], struck: NDArray[np.bool_], tick: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places where notes begin and end, of those that do both, by their beginnings."""
    order = np.argsort(keys, kind="stable")
    key, on = keys[order], struck[order]
    same = np.append(key[1:] == key[:-1], False)
    following = np.append(on[1:], False)
    paired = on & same & ~following
    doubled = np.unique(key[on & same & following])  # struck again while they sound
    plain = paired & ~np.isin(key, doubled)
    first = order[plain]
    last = order[np.flatnonzero(plain) + 1]
    for each in doubled:
        places = order[key == each]
        more = np.array(_of_key(places, struck[places], tick[places]), np.int64).reshape(-1, 2)
        first, last = np.append(first, more[:, 0]), np.append(last, more[:, 1])
    by_begin = np.argsort(first, kind="stable")
    return first[by_begin], last[by_begin]


def _of_key(
    places: NDArray[np.int64], struck: NDArray[np.bool_], tick: NDArray[np.int64]
) -> list[_Pair]:
    """Pair the notes of a key that is struck again while it sounds: first struck, first let go."""
    events = list(zip(places.tolist(), struck.tolist(), tick.tolist(), strict=True))
    pairs, sounding = _queued(events)
    if not sounding:
        return pairs
    events = _with_ends_before(events)
    lost = _never_free_again(events)
    cut = [
        (place, following) for (place, _, _), (following, _, _) in pairwise(events) if place in lost
    ]
    return cut + _queued([event for event in events if event[0] not in lost])[0]


def _queued(events: Sequence[_Event]) -> tuple[list[_Pair], int]:
    """Pair a key's notes, first struck, first let go; and how many are never let go."""
    queue: deque[int] = deque()
    pairs = []
    for place, on, _ in events:
        if on:
            queue.append(place)
        elif queue:
            pairs.append((queue.popleft(), place))
    return pairs, len(queue)


def _with_ends_before(events: Sequence[_Event]) -> list[_Event]:
    """Let a note end before another begins at the same tick, if it was written behind that."""
    ordered: list[_Event] = []
    sounding = 0
    for event in events:
        _, on, tick = event
        is_late = not on and sounding > 1 and ordered[-1][1] and ordered[-1][2] == tick
        ordered.insert(len(ordered) - is_late, event)
        sounding = max(sounding + (1 if on else -1), 0)
    return ordered


def _never_free_again(events: Sequence[_Event]) -> set[int]:
    """Places of strokes after which a key is not let go as often as it is struck from there on."""
    open_at: list[int] = []
    for place, on, _ in events:
        if on:
            open_at.append(place)
        elif open_at:
            open_at.pop()
    return set(open_at)


def _program(programs: list[tuple[int, int, int]], channel: int, place: int) -> int:
    """The program that a channel's first note sounds with; 0 where none was set by then."""
    before = [program for at, of, program in programs if of == channel and at <= place]
    return before[-1] if before else 0
