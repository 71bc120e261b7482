"""Which track is the melody, and how it is made monophonic.

A MIDI file seldom says so. In this order:

1. Drums are never the melody.
2. A track whose name says melody, vocal, lead, voice or sing is, if it is reasonably monophonic.
   A name that most tracks carry is the piece's title and says nothing.
3. Of two tracks of the same instrument (a pianist's hands) the higher one is.
4. Else the track of highest :func:`melody_score`. Its features are those that studies of melody
   tracks found to matter: monophony, occupation of the piece and pitch (Rizo, Ponce de Leon,
   Perez-Sancho, Pertusa, Inesta, "A pattern recognition approach for melody track selection in
   MIDI files", ISMIR 2006), variety (Madsen and Widmer, "A complexity-based approach to melody
   track identification in MIDI files", IJCAI workshop 2007), and small intervals.

The tests of ``melody_score`` hold its factors; `docs/cleaning.md` says how often the choice agreed
with tracks whose names were hidden from it.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.notes import Melody, Notes, Track, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

MONOPHONIC = 0.8
"""Least :func:`monophony` of a track that is believed to be the melody its name says it is."""

LEAST_NAMED_NOTES = 8
"""A named track of fewer notes is a caption."""

LARGEST_STEP = 7
"""Semitones: a melody seldom moves by more than a fifth."""

_MELODY_NAME = re.compile(
    r"melod(?!ic)|vocal|\bvox|\blead(?! *(guit|gtr|\d))|\bvoice|\bsing(?!le)", re.IGNORECASE
)
_BACKING_NAME = re.compile(r"back|harmon(?!ica)|choir|chorus|\booh|\baah|bgv|\bpad", re.IGNORECASE)

_Piece = tuple[int, float, float]
"""Index of a note, and from when to when it is the highest, in quarter notes."""


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
    return Melody(skyline(track.notes), track.name or f"track {i + 1}", reason)


def _choose(tracks: Sequence[Track]) -> tuple[int, str]:
    """Choose the melody of pitched tracks: its place, and why."""
    if len(tracks) == 1:
        return 0, "only track"
    scores = _scores(tracks)
    named = _named(tracks)
    if not named and _two_hands(tracks):
        medians = [float(np.median(track.notes.pitches)) for track in tracks]
        return int(np.argmax(medians)), "higher of two tracks of one instrument"
    best = max(named or range(len(tracks)), key=lambda place: (scores[place], -place))
    reason = "named as the melody" if named else f"most melody-like of {len(tracks)} tracks"
    return best, f"{reason} ({scores[best]:.2f})"


def _scores(tracks: Sequence[Track]) -> list[float]:
    span = max(float(track.notes.ends.max()) for track in tracks)
    return [melody_score(track.notes, span) for track in tracks]


def _named(tracks: Sequence[Track]) -> list[int]:
    """Places of tracks named as the melody."""
    names = Counter(track.name for track in tracks)
    return [
        place
        for place, track in enumerate(tracks)
        if _is_named_melody(track) and 2 * names[track.name] <= len(tracks)
    ]


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
    return Melody(skyline(part.notes), part.name or f"part {i + 1}", reason, title)


def melody_score(notes: Notes, span: float) -> float:
    """Score from 0 to 1 of how much a track looks like a melody.

    The product of monophony, range (1 where the median pitch lies in 60..84, less by 1/24 a
    semitone below, by 1/12 above: of two hands, the right), coverage (1 from 40 % of the piece's
    ``span``, in quarter notes), length (1 from 64 notes), variety (1 from 5 pitches) and steps
    (less, down to 1/e, by the share of intervals over a fifth).
    """
    median = float(np.median(notes.pitches))
    outside = max((60 - median) / 24, (median - 84) / 12, 0.0)
    in_range = max(1 - outside, 0.0)
    coverage = min(_sounding(notes) / (0.4 * span), 1.0)
    length = min(len(notes) / 64, 1.0)
    variety = min(len(np.unique(notes.pitches)) / 5, 1.0)
    leaps = np.abs(np.diff(skyline(notes).pitches)) > LARGEST_STEP
    steps = np.exp(-float(leaps.mean())) if len(leaps) else 1.0
    return float(monophony(notes) * in_range * coverage * length * variety * steps)


def monophony(notes: Notes) -> float:
    """Time in which any note sounds over the sum of durations: 1 where no two notes overlap."""
    return _sounding(notes) / float(notes.durations.sum())


def skyline(notes: Notes) -> Notes:
    """Keep, at any time, the highest sounding note only.

    A note that goes on beneath a higher one and outlasts it comes back as a note of its own.
    """
    pieces: list[_Piece] = []
    sounding: list[tuple[int, int, float]] = []  # heap of (-pitch, -index, end)
    onsets = notes.onsets.tolist()
    upcoming = [*onsets[1:], float("inf")]
    columns = zip(onsets, notes.ends.tolist(), notes.pitches.tolist(), upcoming, strict=True)
    for index, (onset, end, pitch, stop) in enumerate(columns):
        heapq.heappush(sounding, (-pitch, -index, end))
        _sound_until(pieces, sounding, onset, stop)
    return Notes.of([(start, end - start, int(notes.pitches[i])) for i, start, end in pieces])


def _sound_until(
    pieces: list[_Piece], sounding: list[tuple[int, int, float]], now: float, stop: float
) -> None:
    """Write what is highest from ``now`` until ``stop`` or silence."""
    while sounding and now < stop:
        _, negative, end = sounding[0]
        if end <= now:
            heapq.heappop(sounding)
            continue
        until = min(end, stop)
        if pieces and pieces[-1][0] == -negative and pieces[-1][2] == now:
            pieces[-1] = (-negative, pieces[-1][1], until)
        else:
            pieces.append((-negative, now, until))
        now = until


def _sounding(notes: Notes) -> float:
    """Quarter notes in which at least one note sounds."""
    latest = np.maximum.accumulate(notes.ends)
    before = np.concatenate(([-np.inf], latest[:-1]))
    return float(np.clip(notes.ends - np.maximum(notes.onsets, before), 0, None).sum())


def _is_named_melody(track: Track) -> bool:
    name = track.name
    named = bool(_MELODY_NAME.search(name)) and not _BACKING_NAME.search(name)
    full = len(track.notes) >= LEAST_NAMED_NOTES
    return named and full and monophony(track.notes) >= MONOPHONIC
