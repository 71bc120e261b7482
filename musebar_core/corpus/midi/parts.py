"""Events of a track chunk -> its parts, one a channel, each with all of its notes.

A part is the notes of one track chunk on one channel, whatever programs they sound with. What one
player has in several is put together later (:mod:`~musebar_core.corpus.midi.joining`).
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import Notes, Track

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from musebar_core.corpus.midi.events import Events

    Quarters = Callable[[NDArray[np.int64]], NDArray[np.float64]]

DRUMS = 9
"""The channel of drums, counted from 0."""

_NOTE_OFF, _NOTE_ON = 0x80, 0x90


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of a track, the channel of each, and how many notes were struck and never let go."""

    tracks: list[Track]
    channels: list[int]
    n_notes: int
    n_unended: int


def parts_of(events: Events, quarters: Quarters) -> Parts:
    """Pair the notes of a track's events.

    Of a pitch that is struck again while it sounds, the first to sound ends first. A note that is
    never let go has no length and is left out.

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
    first, last = _paired(channel * 128 + pitch, struck)
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
    n_struck = int(np.count_nonzero(struck))
    return Parts(tracks, channels, n_struck, n_struck - len(first))


def _paired(
    keys: NDArray[np.int64], struck: NDArray[np.bool_]
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
    if len(doubled):
        rest = np.sort(order[np.isin(key, doubled)])
        more = _queued(rest, keys, struck)
        first, last = np.append(first, more[0]), np.append(last, more[1])
    by_begin = np.argsort(first, kind="stable")
    return first[by_begin], last[by_begin]


def _queued(
    places: NDArray[np.int64], keys: NDArray[np.int64], struck: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Pair notes that may overlap others of their pitch: first struck, first let go."""
    sounding: defaultdict[int, deque[int]] = defaultdict(deque)
    pairs = []
    for place in places.tolist():
        queue = sounding[int(keys[place])]
        if struck[place]:
            queue.append(place)
        elif queue:
            pairs.append((queue.popleft(), place))
    return np.array(pairs, np.int64).reshape(-1, 2).T


def _program(programs: list[tuple[int, int, int]], channel: int, place: int) -> int:
    """The program that a channel's first note sounds with; 0 where none was set by then."""
    before = [program for at, of, program in programs if of == channel and at <= place]
    return before[-1] if before else 0
