"""The two readers of MIDI, and which of them reads a file."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from musebar_core.corpus.midi.chunks import alone, is_independent, layout_of
from musebar_core.corpus.midi.events import read_events
from musebar_core.corpus.midi.lenient import Piece, damage_of, read_leniently
from musebar_core.corpus.midi.parts import DRUMS
from musebar_core.corpus.midi.screen import plain
from musebar_core.corpus.midi.timebase import time_base
from musebar_core.corpus.notes import Notes, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.corpus.counts import Count
    from musebar_core.corpus.midi.chunks import Chunk
    from musebar_core.corpus.midi.timebase import TimeBase


_TIME_BITS = 40
"""Bits of a place in a track: its tick's 32, and 7 of a pitch below."""


def first_piece(content: bytes) -> tuple[bytes, int]:
    """Give the first piece of a plain MIDI file as a file of its own, and how many there are.

    That is the file itself, but for one of format 2, whose tracks play by themselves: there it is
    the first track with notes, drums apart.

    Raises
    ------
    UnreadableError
        If it is no MIDI file.
    """
    if not is_independent(content):
        return content, 1
    layout = layout_of(content)
    first = next((each for each in layout.chunks if _has_notes(content, each)), layout.chunks[0])
    return alone(content, first, layout.division), len(layout.chunks)


def _has_notes(content: bytes, chunk: Chunk) -> bool:
    """Whether notes but those of drums are struck in a track."""
    _, status, _, velocity = read_events(content, chunk).voices.T
    struck = (status & 0xF0 == 0x90) & (status & 0x0F != DRUMS) & (velocity > 0)
    return bool(struck.any())


def read_piece(content: bytes, count: Count) -> Piece:
    """Read the parts of a plain MIDI file of one piece, and its damage.

    Parameters
    ----------
    content
        The file.
    count
        Of the same bytes: its programs say whether symusic reads them right, and where symusic
        finds an end for fewer notes than were counted, the other reader says where they end.

    Raises
    ------
    UnreadableError
        If it is no MIDI file, or fewer than nine in ten of its notes can be read.
    """
    layout = layout_of(content)
    sound = plain(content, layout, count.programs)
    if sound is not None:
        try:
            tracks, n_ended = by_symusic(sound, time_base(layout.division))
        except RefusedError:  # its screen let it through: the other reader says what is wrong
            return read_leniently(content)
        if n_ended >= count.n_notes:
            n_notes = sum(len(track.notes) for track in tracks)
            return Piece(tracks, damage_of(layout.faults, n_notes), "symusic")
    return read_leniently(content)


class RefusedError(RuntimeError):
    """symusic does not read a file; the message is its own."""


def by_symusic(content: bytes, base: TimeBase) -> tuple[list[Track], int]:
    """Read the parts of a file that :func:`~musebar_core.corpus.midi.screen.plain` gives.

    The number is of notes for which it finds an end, at once too, drums apart.

    Raises
    ------
    RefusedError
        If symusic finds something wrong with it.
    """
    import symusic

    try:
        score: Any = symusic.Score.from_midi(content)
    except RuntimeError as error:
        raise RefusedError(str(error)) from error
    tracks = list(score.tracks)
    columns = [track.notes.numpy() for track in tracks]
    n_ended = sum(len(track.notes) for track in tracks if not track.is_drum)
    return [
        Track(_name(track), notes, bool(track.is_drum), int(track.program))
        for track, notes in zip(tracks, _from_ticks(columns, base.per_quarter), strict=True)
    ], n_ended


def _from_ticks(columns: Sequence[dict[str, Any]], ticks_per_quarter: int) -> list[Notes]:
    """Order each track's notes by onset, those of one from the highest down; of no length: none.

    All tracks are laid end to end: a piece has many, of few notes each.
    """
    if not columns:
        return []
    time, lasts, pitch = (
        np.concatenate([track[name] for track in columns]) for name in ("time", "duration", "pitch")
    )
    sizes = [len(track["time"]) for track in columns]
    place = (time.astype(np.int64) << 7) - pitch
    place += np.repeat(np.arange(len(sizes)) << _TIME_BITS, sizes)
    order = np.argsort(place, kind="stable")  # quick: they are nearly in order
    time, lasts, pitch = time[order], lasts[order], pitch[order]
    onsets, durations = time / ticks_per_quarter, lasts / ticks_per_quarter
    bounds = np.cumsum([0, *sizes]).tolist()
    if len(lasts) and lasts.min() <= 0:
        kept = lasts > 0
        onsets, durations, pitch = onsets[kept], durations[kept], pitch[kept]
        bounds = np.append(0, kept.cumsum())[bounds].tolist()
    pitches = pitch.astype(np.int64)
    return [
        Notes(onsets[first:last], durations[first:last], pitches[first:last])
        for first, last in pairwise(bounds)
    ]


def _name(track: Any) -> str:  # noqa: ANN401 - a class of symusic, which has no types here
    try:
        return " ".join(str(track.name).split())
    except UnicodeDecodeError:
        return ""
