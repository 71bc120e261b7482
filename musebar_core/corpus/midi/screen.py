"""Whether a MIDI file is one that symusic reads right.

symusic is many times faster than a reader in Python, refuses what it cannot read, and is silent
where it is wrong. So a file is given to it only if

- it is laid out as its header and lengths say (of tracks that the header does not name, symusic
  reads nothing);
- its events are plain, as the walk that counts it finds: every track ends with its only
  end-of-track event, no status holds on over a system message (symusic leaves out the rest of the
  track), no event is an escape, status F7 (symusic takes its length and data for deltas and
  messages), and no delta or length has over four bytes (it takes the fifth for what follows);
- no channel changes its program behind a note (symusic makes a part of each program), or the
  changes are taken out first.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.midi.chunks import HEADER_BYTES, NAME_BYTES, Chunk
from musebar_core.corpus.midi.events import read_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.corpus.midi.chunks import Layout


def plain(
    content: bytes, layout: Layout, programs: Sequence[tuple[int, int]] | None
) -> bytes | None:
    """Give what symusic reads this file right by; None if it does not.

    That is the file itself, or the file with each channel's program changes levelled to the
    program of its first note, so that its notes stay one part.

    Parameters
    ----------
    content, layout
        The file, and where its chunks are.
    programs
        As :class:`~musebar_core.corpus.counts.count.Count` has them; None: it is not plain.
    """
    if programs is None:
        return None
    if not layout.is_whole or layout.division & 0x8000 or layout.chunks[-1].n_missing:
        return None
    size = HEADER_BYTES + sum(c.end - c.start + NAME_BYTES for c in layout.chunks)
    content = content[: layout.chunks[-1].end]
    if size != len(content):
        return None  # chunks of another kind, or a longer header
    places = [at for at, _ in programs]
    levelled: dict[int, int] = {}
    for chunk in layout.chunks:
        own = programs[bisect_left(places, chunk.start) : bisect_left(places, chunk.end)]
        levelled |= _level(content, chunk, own)
    if not levelled:
        return content
    patched = bytearray(content)
    for at, program in levelled.items():
        patched[at] = program
    return bytes(patched)


def _level(content: bytes, chunk: Chunk, changes: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Programs by place that are to be others for each channel's notes to be one part."""
    levelled: dict[int, int] = {}
    for status in {status for _, status in changes}:
        places = [at for at, of in changes if of == status]
        if len({content[at] for at in places}) == 1 and content[places[0]] == 0:
            continue
        note = content.find(bytes([0x90 | status & 0x0F]), chunk.start, chunk.end)
        before = [at for at in places if at < note or note < 0]
        first = content[before[-1] if before else places[0]]
        if not before and _strikes(content, Chunk(chunk.start, places[0] - 1), status):
            first = 0
        levelled |= {at: first for at in places if content[at] != first}
    return levelled


def _strikes(content: bytes, chunk: Chunk, status: int) -> bool:
    """Whether a note of a program change's channel is struck here, and not a byte that looks so."""
    return bool(np.any(read_events(content, chunk).voices[:, 1] == (0x90 | status & 0x0F)))
