"""A MIDI file read event by event, whatever state it is in, with an account of its damage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

from musebar_core.corpus.midi.chunks import Layout, layout_of
from musebar_core.corpus.midi.events import Events, read_events
from musebar_core.corpus.midi.parts import Parts, parts_of
from musebar_core.corpus.midi.timebase import time_base
from musebar_core.corpus.notes import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.corpus.midi.chunks import Chunk
    from musebar_core.corpus.notes import Track

LEAST_READ = 0.9
"""Share of a damaged file's notes that must be read for the file to be taken."""

MOST_FAULTS = 4
"""Faults that are said one by one; of the others the number."""

_NOTE_BYTES = 8
"""Bytes of a note, on and off, where a file has none to measure by."""


_READ_OF = re.compile(r"([\d,]+) of about ([\d,]+) notes can be read$")


@dataclass(frozen=True, eq=False)
class Piece:
    """The parts of a MIDI file.

    Attributes
    ----------
    tracks
        Parts of at least one note, by track and channel.
    damage
        What is wrong with the file, and how many of its notes were read; empty for a sound one.
    reader
        Which reader read it.
    places
        (Track, channel) of each part that sounds, drums apart; empty where the reader does not say.
    """

    tracks: list[Track]
    damage: str = ""
    reader: str = "lenient"
    places: tuple[tuple[int, int], ...] = ()


def read_leniently(content: bytes) -> Piece:
    """Read a plain MIDI file as far as it can be read.

    Raises
    ------
    UnreadableError
        If it has no header, no track or no time base, or if fewer than nine in ten of its notes
        can be read; the message says what is missing.
    """
    layout = layout_of(content)
    events = [read_events(content, chunk) for chunk in layout.chunks]
    base = time_base(layout.division, [tempo for each in events for tempo in each.tempos])
    parts = [parts_of(each, base.quarters) for each in events]
    tracks = [track for each in parts for track in each.tracks]
    places = ((n, own) for n, each in enumerate(parts) for own in each.channels)
    heard = (len(track.notes) and not track.is_drum for track in tracks)
    damage = _damage(layout, len(content), events, parts)
    return Piece(tracks, damage, places=tuple(compress(places, heard)))


def _damage(layout: Layout, size: int, events: list[Events], parts: list[Parts]) -> str:
    """Say what is wrong; raise if too much is."""
    read = sum(each.n_notes for each in parts)
    played = sum(c.end - c.start for c in layout.chunks)
    per_note = played / read if read else _NOTE_BYTES
    faults, lost = list(layout.faults), 0.0
    for place, (chunk, each) in enumerate(zip(layout.chunks, events, strict=True), 1):
        missing = 0 if each.ended else chunk.n_missing
        lost += each.n_spoilt - each.n_spoilt_ends + (missing + each.n_skipped) / per_note
        faults += [f"track {place} {fault}" for fault in _faults(chunk, each)]
    absent = max(0, layout.n_tracks - len(layout.chunks))
    end = layout.chunks[-1]
    if absent and (end.end < size or end.n_missing or not events[-1].ended):
        # it breaks off, or other bytes are in their place: what it names was there once
        lost += absent * read / len(layout.chunks)
    said = damage_of(faults, read, lost)
    if said and read < LEAST_READ * (read + lost):
        raise UnreadableError(f"unreadable MIDI: {said}")
    return said


def damage_of(faults: Sequence[str], n_read: int, n_lost: float = 0.0) -> str:
    """Say what is wrong with a file and how many of its notes were read; empty if all is well."""
    if not faults:
        return ""
    said = list(faults)
    if len(said) > MOST_FAULTS:
        said = [*said[:MOST_FAULTS], f"{len(said) - MOST_FAULTS:,} more faults"]
    return f"{'; '.join(said)}; {_share(n_read, n_lost)}"


def share_read(damage: str) -> float:
    """Share of a file's notes that were read, as :func:`damage_of` says; NaN of a sound one."""
    if not damage:
        return float("nan")
    found = _READ_OF.search(damage)
    try:
        return int(found[1].replace(",", "")) / int(found[2].replace(",", "")) if found else 1.0
    except (ValueError, ArithmeticError):  # no count that this product wrote
        return 1.0


def _faults(chunk: Chunk, events: Events) -> list[str]:
    """What is wrong with one track."""
    length = chunk.end - chunk.start + chunk.n_missing
    found = []
    if chunk.n_missing and events.ended:
        found.append(f"says that it has {length:,} bytes, but ends before")
    elif chunk.n_missing:
        found.append(f"lacks {chunk.n_missing:,} of its {length:,} bytes")
    elif not events.ended:
        found.append("has no end-of-track event")
    if events.n_behind:
        found.append(f"has {events.n_behind:,} bytes behind its end-of-track event")
    if events.n_loud:
        found.append(f"has {events.n_loud:,} velocities over 127")
    if events.n_spoilt or events.n_skipped:
        found.append(
            f"has {events.n_spoilt:,} spoilt events and {events.n_skipped:,} bytes of none"
        )
    return found


def _share(read: int, lost: float) -> str:
    if not round(lost):
        return f"all of its {read:,} notes are read"
    return f"{read:,} of about {read + round(lost):,} notes can be read"
