"""Mutated MIDI files: no crash of the build, no hang, no file that blows its memory.

Seeded mutations of crafted files: bytes changed, cut, doubled and swapped, lengths and deltas
made absurd, headers and chunk names broken. ``make test-all`` reads 10,000 of them.
"""

from __future__ import annotations

import random
import struct

import pytest

from musebar_core.corpus.counts import count_midi
from musebar_core.corpus.midi.chunks import layout_of, unwrap
from musebar_core.corpus.midi.lenient import read_leniently
from musebar_core.corpus.midi.reader import RefusedError, by_symusic
from musebar_core.corpus.midi.screen import plain
from musebar_core.corpus.midi.timebase import time_base
from musebar_core.corpus.notes import UnreadableError
from musebar_core.corpus.reading import CRASHED, read_all
from musebar_core.corpus.sources import Item

LONG = (pytest.mark.slow, pytest.mark.timeout(2 * 3600))
"""Of 10,000 files: more hours than it takes on a busy machine of two cores."""

SEED = 7


def varlen(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(0x80 | value & 0x7F)
    return bytes(reversed(parts))


def crafted(rng: random.Random) -> bytes:
    """A valid file of one to four tracks with names, tempos, running status and sysex."""
    tracks = []
    for _ in range(rng.randint(1, 4)):
        channel = rng.choice([0, 1, 9])
        events = b"\x00\xff\x03" + varlen(6) + b"Melody" + b"\x00\xff\x51\x03\x07\xa1\x20"
        events += b"\x00\xff\x58\x04\x04\x02\x18\x08" + bytes(
            [0, 0xC0 | channel, rng.randrange(128)]
        )
        events += b"\x00\xf0\x05\x7e\x7f\x09\x01\xf7"
        for _ in range(rng.randint(0, 60)):
            pitch = rng.randrange(30, 100)
            events += bytes([0, 0x90 | channel, pitch, 80]) + varlen(rng.choice([24, 48, 96, 960]))
            events += bytes([pitch, 0]) if rng.random() < 0.5 else bytes([0x80 | channel, pitch, 0])
        events += b"\x00\xff\x2f\x00"
        tracks.append(b"MTrk" + struct.pack(">I", len(events)) + events)
    division = rng.choice([24, 96, 480, 960])
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), division) + b"".join(tracks)


def mutated(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        rng.choice(MUTATIONS)(data, rng.randrange(len(data) or 1), rng)
    if rng.random() < 0.03:
        sizes = struct.pack("<I", rng.randrange(2**32)), struct.pack("<I", rng.choice([99, 2**31]))
        return b"RIFF" + sizes[0] + b"RMIDdata" + sizes[1] + bytes(data)
    return bytes(data)


def set_byte(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 1] = bytes([rng.randrange(256)])


def flip_bit(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 1] = bytes(byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1])


def delete(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.randint(1, 32)]


def insert(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = rng.randbytes(rng.randint(1, 32))


def copy_piece(data: bytearray, at: int, rng: random.Random) -> None:
    other = rng.randrange(len(data) or 1)
    data[at:at] = data[other : other + rng.randint(1, 200)]


def make_absurd(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 4] = rng.choice([b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0"])


def break_header(data: bytearray, at: int, rng: random.Random) -> None:
    data[8:14] = struct.pack(">HHH", *(rng.choice([0, 1, 2, 96, 65535]) for _ in range(3)))


def repeat_end(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:] = data[at:] * rng.randint(1, 20)


def cut(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at:]


MUTATIONS = [
    set_byte,
    set_byte,
    flip_bit,
    flip_bit,
    delete,
    insert,
    copy_piece,
    make_absurd,
    break_header,
    repeat_end,
    cut,
]


def notes_of(tracks):
    """Onsets and pitches of each part; drums apart, whose missing ends nobody looks for."""
    return [
        tuple(each.tolist() for each in (track.notes.onsets, track.notes.pitches))
        for track in tracks
        if len(track.notes) and not track.is_drum
    ]


@pytest.mark.parametrize("n", [300, pytest.param(10_000, marks=LONG)])
def test_what_the_quick_reader_takes_of_mutated_files_is_what_the_other_reads(n):
    """Whatever is given to symusic is read alike by the reader that steps over every event."""
    rng = random.Random(SEED + 1)
    taken = 0
    for _ in range(n):
        content = crafted(rng)
        if rng.random() < 0.8:
            content = mutated(content, rng)
        try:
            content = unwrap(content)
            count = count_midi(content)
            sound = plain(content, layout_of(content), count.programs)
            base = time_base(layout_of(content).division)
        except UnreadableError:
            continue
        if sound is None:
            continue
        try:
            quick, n_ended = by_symusic(sound, base)
        except RefusedError:
            continue  # refused: the other reads it
        if n_ended < count.n_notes:
            continue  # of a note without an end: the other says where it ends
        taken += 1
        assert notes_of(quick) == notes_of(read_leniently(content).tracks)
    assert taken > n // 10


@pytest.mark.parametrize("n", [200, pytest.param(10_000, marks=LONG)])
def test_mutated_midi_files_are_taken_or_rejected(tmp_path, n):
    """Workers are held to 5 s of the processor and 768 MiB: no file may need so much."""
    rng = random.Random(SEED)
    items = []
    for i in range(n):
        path = tmp_path / f"{i}.mid"
        path.write_bytes(mutated(crafted(rng), rng))
        items.append(Item(f"jazz/{i}.mid", "jazz", "", str(path)))
    readings = read_all(items, 4, workers=2)
    assert [reading.item for reading in readings] == items
    assert all((reading.pitches is None) == bool(reading.reason) for reading in readings)
    reasons = [reading.reason for reading in readings]
    assert "" in reasons
    assert not [reason for reason in reasons if "takes over" in reason or reason == CRASHED]
