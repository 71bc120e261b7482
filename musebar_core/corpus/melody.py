"""Which track is the melody, and how it is made monophonic.

A MIDI file seldom says so. In this order:

1. Drums are never the melody.
2. A track whose name says melody, vocal, lead, voice, theme or sing is, if it is fairly monophonic.
   A name that most tracks carry is the piece's title and says nothing.
3. Of two tracks of the same instrument (a pianist's hands) the higher one is.
4. Else the track of highest :func:`melody_score`. Its features are those that studies of melody
   tracks found to matter: monophony, occupation of the piece and pitch (Rizo, Ponce de Leon,
   Perez-Sancho, Pertusa, Inesta, "A pattern recognition approach for melody track selection in
   MIDI files", ISMIR 2006), variety (Madsen and Widmer, "A complexity-based approach to melody
   track identification in MIDI files", IJCAI workshop 2007), onsets and small intervals.

The tests of ``melody_score`` hold its factors; `docs/cleaning.md` says how often the choice agreed
with tracks whose names were hidden from it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import Melody, Notes, Track, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MONOPHONIC = 0.8
"""Least :func:`monophony` of a track that is believed to be the melody its name says it is."""

LEAST_NAMED_NOTES = 8
"""A named track of fewer notes is a caption."""

LARGEST_STEP = 7
"""Semitones: a melody seldom moves by more than a fifth."""

LONGEST_COVERED = 4.0
"""Quarter notes that a note covers at most: what is held for longer is a pad."""

COVERED = 0.4
"""Share of the piece that a full melody sounds in."""

FEWEST_ONSETS, ONSETS_PER_QUARTER = 64, 0.5
"""Onsets of a full melody: so many, and so many for each quarter note of the piece."""

_ROUNDED = 1 + 1e-9
"""More than rounding may lift a product of factors of at most 1 over one of them."""

PITCHES = 128
_SILENCE = -1
_AT_ONCE = 2**20
"""Times that are covered in one array."""

_TOUCHING = 1e-9
"""Quarter notes by which one note may end after the next begins: rounding."""

_MELODY_NAME = re.compile(
    r"melod(?!ic)|\bvoc|\bvox|\blead(?! *(guit|gtr|\d))|\bvoice|\bsing(?!le)|\btheme\b|\bcanto\b",
    re.IGNORECASE,
)
_BACKING_NAME = re.compile(
    r"back|harm(?!onica)|choir|chorus|\booh|\baah|bgv|\bpad|\blead *\d *\(", re.IGNORECASE
)


def from_midi(tracks: Sequence[Track]) -> Melody:
    """Choose the melody of a MIDI file (see the module) and make it monophonic.

    Raises
    ------
    UnreadableError
        If no track but drums has a note.
    """
    pitched = [(i, track) for i, track in enumerate(tracks) if len(track.notes)]
    pitched = [(i, track) for i, track in pitched if not track.is_drum]
    if not pitched:
        drums = sum(len(track.notes) for track in tracks)
        raise UnreadableError("no notes" if not drums else f"no notes but {drums} of drums")
    place, reason = _choose([track for _, track in pitched])
    i, track = pitched[place]
    name = track.name or f"track {i + 1}"
    return Melody(skyline(track.notes), name, reason, n_part=len(track.notes))


def _choose(tracks: Sequence[Track]) -> tuple[int, str]:
    """Choose the melody of pitched tracks: its place, and why."""
    if len(tracks) == 1:
        return 0, "only track"
    named = named_as_melody(tracks)
    if not named and _two_hands(tracks):
        medians = [float(np.median(track.notes.pitches)) for track in tracks]
        return int(np.argmax(medians)), "higher of two tracks of one instrument"
    span = max(float(track.notes.ends.max()) for track in tracks)
    best, score = _most_melodic(tracks, named or range(len(tracks)), span)
    reason = "named as the melody" if named else f"most melody-like of {len(tracks)} tracks"
    return best, f"{reason} ({score:.2f})"


def _most_melodic(tracks: Sequence[Track], places: Sequence[int], span: float) -> tuple[int, float]:
    """Place and score of the most melody-like track, of equals the first.

    Those that cannot be over the best so far are not scored.
    """
    by_pitches = _by_pitches([tracks[place].notes for place in places])
    rated = [
        (_at_most(tracks[place].notes, span, own), -place, own)
        for place, own in zip(places, by_pitches, strict=True)
    ]
    best, score = -1, -1.0
    for bound, minus_place, of_pitches in sorted(rated, reverse=True):
        if bound * _ROUNDED < score:
            break
        own = _score(tracks[-minus_place].notes, span, of_pitches)
        if (own, minus_place) > (score, -best):
            best, score = -minus_place, own
    return best, score


def _at_most(notes: Notes, span: float, by_pitches: float) -> float:
    """More than :func:`melody_score` is: what pitches, the number of notes and durations allow."""
    lasting = float(notes.durations.sum())
    alone = min(span / lasting, 1.0)
    coverage = min(lasting, LONGEST_COVERED * len(notes)) / (COVERED * span)
    return by_pitches * alone * min(coverage, 1.0) * _length(len(notes), span)


def _length(n_onsets: int, span: float) -> float:
    return min(n_onsets / max(FEWEST_ONSETS, ONSETS_PER_QUARTER * span), 1.0)


def _by_pitches(tracks: Sequence[Notes]) -> list[float]:
    """The factors of :func:`melody_score` that pitches alone decide, range and variety, of each."""
    sizes = np.array([len(notes) for notes in tracks])
    pitches = np.concatenate([notes.pitches for notes in tracks])
    counts = np.bincount(
        np.repeat(np.arange(len(sizes)) * PITCHES, sizes) + pitches, minlength=len(sizes) * PITCHES
    ).reshape(-1, PITCHES)
    medians = (counts.cumsum(axis=1) < sizes[:, None] / 2).sum(axis=1)
    outside = np.maximum((60 - medians) / 24, (medians - 84) / 12).clip(0.0, 1.0)
    variety = np.minimum(np.count_nonzero(counts, axis=1) / 5, 1.0)
    factors: list[float] = ((1 - outside) * variety).tolist()
    return factors


def named_as_melody(tracks: Sequence[Track]) -> list[int]:
    """Places of tracks named as the melody."""
    places = [place for place, track in enumerate(tracks) if _is_named_melody(track)]
    names = [track.name for track in tracks]
    return [place for place in places if 2 * names.count(names[place]) <= len(names)]


def _two_hands(tracks: Sequence[Track]) -> bool:
    """Whether these are two full tracks of one instrument."""
    if len(tracks) != 2 or tracks[0].program != tracks[1].program:
        return False
    counts = [len(track.notes) for track in tracks]
    return 4 * min(counts) >= max(counts)


def from_score(parts: Sequence[Track], title: str = "") -> Melody:
    """Choose the melody of a score: the highest part that sings at least half as much as any.

    Parts of equal median pitch: the first.

    Raises
    ------
    UnreadableError
        If no part has a note.
    """
    sounding = [(i, part) for i, part in enumerate(parts) if len(part.notes)]
    if not sounding:
        raise UnreadableError("no notes")
    most = max(len(part.notes) for _, part in sounding)
    full = [(i, part) for i, part in sounding if 2 * len(part.notes) >= most]
    i, part = max(full, key=lambda each: (float(np.median(each[1].notes.pitches)), -each[0]))
    reason = "only part" if len(sounding) == 1 else f"highest of {len(sounding)} parts"
    name = part.name or f"part {i + 1}"
    return Melody(skyline(part.notes), name, reason, title, len(part.notes))


def melody_score(notes: Notes, span: float) -> float:
    """Score from 0 to 1 of how much a track looks like a melody.

    The product of monophony, range (1 where the median pitch lies in 60..84, less by 1/24 a
    semitone below, by 1/12 above: of two hands, the right), coverage (1 from 40% of the piece's
    ``span``, in quarter notes, of which a note covers at most :data:`LONGEST_COVERED`), length (1
    from 64 onsets and one in two quarter notes of the span), variety (1 from 5 pitches) and steps
    (less, down to 1/e, by the share of intervals between highest notes over a fifth).
    """
    return _score(notes, span, *_by_pitches([notes]))


def _score(notes: Notes, span: float, by_pitches: float) -> float:
    coverage = min(_sounding(notes, LONGEST_COVERED) / (COVERED * span), 1.0)
    later = notes.onsets[1:] > notes.onsets[:-1]
    tops = notes.pitches[np.append(True, later)]  # of an onset's notes, the highest comes first
    length = _length(len(tops), span)
    leaps = np.abs(tops[1:] - tops[:-1]) > LARGEST_STEP
    steps = np.exp(-np.count_nonzero(leaps) / max(len(leaps), 1))
    return float(monophony(notes) * by_pitches * coverage * length * steps)


def monophony(notes: Notes) -> float:
    """Time in which any note sounds over the sum of durations: 1 where no two notes overlap."""
    return _sounding(notes) / float(notes.durations.sum())


def skyline(notes: Notes) -> Notes:
    """Keep, at any time, the highest sounding note only.

    A note that goes on beneath a higher one and outlasts it comes back as a note of its own.
    """
    if bool(np.all(notes.onsets[1:] >= notes.ends[:-1] - _TOUCHING)):
        return notes
    times = np.sort(np.concatenate((notes.onsets, notes.ends)))
    times = times[np.append(True, times[1:] > times[:-1])]
    highest, struck = _highest(notes, times)
    before = np.concatenate(([_SILENCE], highest[:-1]))
    bounds = np.append(np.flatnonzero(struck | (highest != before)), len(highest))
    firsts, lasts = bounds[:-1], bounds[1:]
    sounding = highest[firsts] != _SILENCE
    firsts, lasts = firsts[sounding], lasts[sounding]
    return Notes.of_columns(times[firsts], times[lasts] - times[firsts], highest[firsts])


def _highest(
    notes: Notes, times: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Give the highest pitch between each two times, and whether it is struck at the first.

    Pitches are laid over the times that they sound at, from the lowest up; those of one pitch are
    cut where they overlap, so that no time is covered more often than there are pitches.
    """
    starts, ends = np.searchsorted(times, notes.onsets), np.searchsorted(times, notes.ends)
    up = np.argsort(notes.pitches, kind="stable")
    row = notes.pitches[up] * len(times)
    covered = np.maximum.accumulate(row + ends[up])
    begin = row + starts[up]
    begin[1:] = np.maximum(begin[1:], covered[:-1])
    n = covered - begin
    before = n.cumsum() - n
    highest = np.full(len(times), _SILENCE, np.int64)
    for first, last in pairwise(_blocks(before, int(n.sum()))):
        own = n[first:last]
        place = np.repeat(begin[first:last] - row[first:last] - before[first:last], own)
        place += np.arange(before[first], before[first] + len(place))
        highest[place] = np.repeat(notes.pitches[up[first:last]], own)
    struck = np.zeros(len(times), bool)
    struck[starts[notes.pitches == highest[starts]]] = True
    return highest[:-1], struck[:-1]


def _blocks(before: NDArray[np.int64], total: int) -> list[int]:
    """Bounds of blocks of notes that cover about :data:`_AT_ONCE` times each, all if ``before``."""
    firsts = np.searchsorted(before, np.arange(0, total, _AT_ONCE)).tolist()
    return list(dict.fromkeys([*firsts, len(before)]))


def _sounding(notes: Notes, longest: float = np.inf) -> float:
    """Quarter notes in which at least one note sounds, each for ``longest`` at most."""
    ends = notes.onsets + np.minimum(notes.durations, longest)
    latest = np.maximum.accumulate(ends)
    added = ends[1:] - np.maximum(notes.onsets[1:], latest[:-1])
    return float(ends[0] - notes.onsets[0] + added[added > 0].sum())


def _is_named_melody(track: Track) -> bool:
    name = track.name
    named = bool(_MELODY_NAME.search(name)) and not _BACKING_NAME.search(name)
    full = len(track.notes) >= LEAST_NAMED_NOTES
    return named and full and monophony(track.notes) >= MONOPHONIC
