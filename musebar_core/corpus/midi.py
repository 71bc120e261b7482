"""MIDI bytes -> tracks, in quarter notes: ticks over ticks per quarter, never seconds."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np

from musebar_core.corpus.notes import Notes, Track, UnreadableError

HEADER_BYTES = 14


def read_tracks(content: bytes) -> list[Track]:
    """Read the tracks of a MIDI file, plain or wrapped in RIFF (RMID).

    symusic reads it; where it refuses, pretty_midi has a second look.

    Raises
    ------
    UnreadableError
        If neither can read it, or it counts time in SMPTE frames (no quarter notes).
    """
    content = unwrap_riff(content)
    _check_header(content)
    try:
        return _by_symusic(content)
    except MemoryError:
        raise
    except Exception as first:  # noqa: BLE001 - whatever a parser throws at a strange file
        try:
            return read_by_pretty_midi(content)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001
            raise UnreadableError(f"unreadable MIDI: {_short(first)}") from None


def unwrap_riff(content: bytes) -> bytes:
    """Return the ``data`` chunk of a RIFF file; anything else comes back as it is."""
    if content[:4] != b"RIFF":
        return content
    position = 12
    while position + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, position)
        if name == b"data":
            return content[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
    raise UnreadableError("unreadable: a RIFF file without a data chunk")


def _check_header(content: bytes) -> None:
    if content[:4] != b"MThd" or len(content) < HEADER_BYTES:
        raise UnreadableError("unreadable MIDI: no MThd header")
    division = struct.unpack_from(">H", content, 12)[0]
    if division & 0x8000:
        raise UnreadableError("unreadable MIDI: SMPTE time division, it has no quarter notes")
    if division == 0:
        raise UnreadableError("unreadable MIDI: 0 ticks a quarter note")


def _by_symusic(content: bytes) -> list[Track]:
    import symusic

    score: Any = symusic.Score.from_midi(content)
    return [
        Track(
            _name(track),
            _from_ticks(track.notes.numpy(), score.ticks_per_quarter),
            bool(track.is_drum),
            int(track.program),
        )
        for track in score.tracks
    ]


def _from_ticks(columns: dict[str, Any], ticks_per_quarter: int) -> Notes:
    time, pitch = columns["time"].astype(np.int64), columns["pitch"].astype(np.int64)
    order = np.argsort(time * 128 - pitch, kind="stable")  # quick: they are nearly in order
    return Notes.of_columns(
        time[order] / ticks_per_quarter,
        columns["duration"][order] / ticks_per_quarter,
        pitch[order],
    )


def read_by_pretty_midi(content: bytes) -> list[Track]:
    """Read the tracks of a plain MIDI file with pretty_midi alone: the second opinion."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pretty_midi

        piece: Any = pretty_midi.PrettyMIDI(io.BytesIO(content))

    def quarters(seconds: float) -> float:
        return float(piece.time_to_tick(seconds)) / float(piece.resolution)

    return [
        Track(
            str(instrument.name),
            Notes.of(
                [
                    (quarters(note.start), quarters(note.end) - quarters(note.start), note.pitch)
                    for note in instrument.notes
                ]
            ),
            bool(instrument.is_drum),
            int(instrument.program),
        )
        for instrument in piece.instruments
    ]


def _name(track: Any) -> str:  # noqa: ANN401 - a class of symusic, which has no types here
    try:
        return " ".join(str(track.name).split())
    except UnicodeDecodeError:
        return ""


def _short(error: Exception) -> str:
    text = str(error).replace("MiniMidi: ", "").split(": iostream")[0]
    return " ".join(text.split())[:100] or type(error).__name__
