"""MIDI bytes -> parts, in quarter notes: ticks over ticks per quarter, never seconds.

symusic reads what it reads right (:mod:`~musebar_core.corpus.midi.screen`), all else is read
event by event (:mod:`~musebar_core.corpus.midi.lenient`); README.md beside this file says why.
"""

from musebar_core.corpus.midi.chunks import is_midi, unwrap
from musebar_core.corpus.midi.joining import joined
from musebar_core.corpus.midi.lenient import LEAST_READ, Piece, read_leniently, share_read
from musebar_core.corpus.midi.reader import first_piece, read_piece

__all__ = [
    "LEAST_READ",
    "Piece",
    "first_piece",
    "is_midi",
    "joined",
    "read_leniently",
    "read_piece",
    "share_read",
    "unwrap",
]
