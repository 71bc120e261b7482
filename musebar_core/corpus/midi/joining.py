"""Parts of one player that a file keeps apart, put together: before, they compete for the melody.

A part is a channel of a track (:mod:`~musebar_core.corpus.midi.parts`), and one player's are two

- where a track plays two channels with one program: a guitarist's second channel has the notes
  that are bent, as the others must not be. A track that is the only one with notes holds the whole
  band, of which two may well have the same instrument.
- where a channel goes on in another track with the same program, when it has ended in the first.
  Tracks of one channel that sound at the same time are two (a pianist's hands).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import Notes, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    _Place = tuple[int, int]
    """Track and channel, from 0."""
    _Key = tuple[int, int]


def joined(tracks: Sequence[Track], places: Sequence[_Place]) -> list[Track]:
    """Join the parts of one player; drums are left alone, and each stays at its first part's place.

    Parameters
    ----------
    tracks
        Parts, a channel of a track each.
    places
        Track and channel of each that sounds, drums apart, in the same order. Where they are not
        as many as those, nothing is known of where a part is from, and nothing is joined.
    """
    sounding = [place for place, each in enumerate(tracks) if len(each.notes) and not each.is_drum]
    if len(sounding) != len(places):
        return list(tracks)
    found = dict(zip(sounding, places, strict=True))
    groups = [[place] for place in range(len(tracks))]
    if len({track for track, _ in places}) > 1:
        groups = _of_one_track(groups, tracks, found)
    groups = _in_turn(groups, tracks, found)
    return [_one([tracks[place] for place in group]) for group in groups]


def _of_one_track(
    groups: list[list[int]], tracks: Sequence[Track], found: dict[int, _Place]
) -> list[list[int]]:
    """Put channels of one track and program together."""
    players: dict[_Key, list[int]] = {}
    kept = []
    for group in groups:
        part = group[0]
        if part not in found:
            kept.append(group)
            continue
        player = players.setdefault((found[part][0], tracks[part].program), group)
        if player is group:
            kept.append(group)
        else:
            player.extend(group)
    return kept


def _in_turn(
    groups: list[list[int]], tracks: Sequence[Track], found: dict[int, _Place]
) -> list[list[int]]:
    """Put tracks of one channel and program together if each begins when the one before is over."""
    players: dict[_Key, list[list[int]]] = {}
    for group in groups:
        if group[0] in found and len(channels := {found[place][1] for place in group}) == 1:
            key = channels.pop(), tracks[group[0]].program
            players.setdefault(key, []).append(group)
    gone = set()
    for parts in (each for each in players.values() if len(each) > 1):
        spans = [_span(group, tracks) for group in parts]
        if all(before[1] <= after[0] for before, after in pairwise(sorted(spans))):
            for group in parts[1:]:
                parts[0].extend(group)
                gone.add(id(group))
    return [group for group in groups if id(group) not in gone]


def _span(group: Sequence[int], tracks: Sequence[Track]) -> tuple[float, float]:
    notes = [tracks[place].notes for place in group]
    return min(float(n.onsets[0]) for n in notes), max(float(n.ends.max()) for n in notes)


def _one(parts: list[Track]) -> Track:
    """All notes of some parts, under the first name that any of them has."""
    if len(parts) == 1:
        return parts[0]
    columns = [(part.notes.onsets, part.notes.durations, part.notes.pitches) for part in parts]
    notes = Notes.of_columns(*(np.concatenate(each) for each in zip(*columns, strict=True)))
    name = next((part.name for part in parts if part.name), "")
    return Track(name, notes, parts[0].is_drum, parts[0].program)
