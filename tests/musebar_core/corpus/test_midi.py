"""MIDI files, sound and damaged, made byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from musebar_core.corpus.checked import read_midi
from musebar_core.corpus.counts import count_midi
from musebar_core.corpus.files import read_melody
from musebar_core.corpus.midi import Piece, first_piece, is_midi, reader, unwrap
from musebar_core.corpus.midi.chunks import layout_of
from musebar_core.corpus.midi.lenient import read_leniently
from musebar_core.corpus.midi.screen import plain
from musebar_core.corpus.midi.timebase import time_base
from musebar_core.corpus.notes import UnreadableError

CASES = Path(__file__).parent / "cases"
SCALE = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60, 59]
END = b"\x00\xff\x2f\x00"


def note(pitch: int, channel: int = 0) -> bytes:
    """A note of a quarter, 96 ticks, at once."""
    return bytes([0, 0x90 | channel, pitch, 80, 96, 0x80 | channel, pitch, 0])


def program(number: int, channel: int = 0) -> bytes:
    return bytes([0, 0xC0 | channel, number])


def chunk(events: bytes, length: int | None = None) -> bytes:
    return b"MTrk" + struct.pack(">I", len(events) if length is None else length) + events


def midi(*chunks: bytes, form: int = 1, n: int | None = None, division: int = 96) -> bytes:
    n = len(chunks) if n is None else n
    return b"MThd" + struct.pack(">IHHH", 6, form, n, division) + b"".join(chunks)


def notes(*pitches: int, channel: int = 0) -> bytes:
    return b"".join(note(pitch, channel) for pitch in pitches)


def read_piece(content: bytes) -> Piece:
    """Read a file by itself, wrapped or not: its count decides which reader does."""
    content, _ = first_piece(unwrap(content))
    return reader.read_piece(content, count_midi(content))


def left_to_symusic(content: bytes) -> bytes | None:
    return plain(content, layout_of(content), count_midi(content).programs)


def parts(content: bytes) -> list[list[int]]:
    return [track.notes.pitches.tolist() for track in read_piece(content).tracks]


@pytest.mark.parametrize(
    "name", ["midi_program_change_in_the_melody", "midi_running_status_over_sysex"]
)
def test_all_32_notes_of_a_case_are_read(name):
    melody = read_melody((CASES / f"{name}.mid").read_bytes(), ".mid")
    assert melody.notes.pitches.tolist() == SCALE * 2
    assert (melody.n_part, melody.damage) == (32, "")


BANK = b"\x00\xb0\x00\x01\x00\xb0\x20\x02"


@pytest.mark.parametrize(
    ("events", "expected", "first"),
    [
        (note(60) + program(5) + note(62) + program(0) + note(64), [60, 62, 64], 0),
        (program(5) + note(60) + BANK + program(7) + note(62) + note(64), [60, 62, 64], 5),
        (program(5) + program(6) + note(60), [60], 6),
        (program(5) + note(60) + b"\x00\xc0\x06\x00\x07" + note(62), [60, 62], 5),
        (b"\x00\xff\x01\x02\x90\xc0" + program(5) + note(60) + program(6) + note(62), [60, 62], 5),
        (b"\x00\x90\x3c\x50" + program(9) + b"\x60\x80\x3c\x00", [60], 0),
        (BANK + program(5) + note(60), [60], 5),
        (BANK + note(60) + program(5) + note(62), [60, 62], 0),
        (program(5) + b"\x00\xd0\x07" + note(60), [60], 5),
        (program(9, 1) + program(5) + note(60) + program(7, 1), [60], 5),
    ],
    ids=[
        *["to and fro", "bank", "before the first note", "running", "in a text", "in a note"],
        *["behind a bank", "behind a bank and a note", "pressure", "of another channel"],
    ],
)
def test_a_channel_of_a_track_is_one_part_whatever_programs_it_sounds_with(events, expected, first):
    content = midi(chunk(events + END))
    assert parts(content) == [expected]
    for piece in (read_piece(content), read_leniently(content)):
        assert [track.program for track in piece.tracks] == [first]
        assert piece.damage == ""


def test_two_channels_of_a_track_are_two_parts():
    both = chunk(note(60) + program(3) + note(50, 1) + program(4, 1) + note(62) + note(52, 1) + END)
    for form in (0, 1):
        assert parts(midi(both, form=form)) == [[60, 62], [50, 52]]


def test_a_channel_on_two_tracks_is_two_parts():
    assert parts(midi(chunk(notes(60, 62) + END), chunk(notes(40, 43) + END))) == [
        [60, 62],
        [40, 43],
    ]


@pytest.mark.parametrize(
    "between",
    [
        *[b"\x00\xf0\x02\x7e\xf7", b"\x00\xf7\x01\x05", b"\x00\xff\x01\x01x", b"\x00\xf8"],
        *[b"\x00\xf1\x01", b"\x00\xf2\x01\x02", b"\x00\xf3\x01", b"\x00\xf6"],
        b"\x00\xff\x01\x80\x80\x80\x80",
    ],
    ids=[
        *["sysex", "escape", "meta", "realtime", "time code", "position", "song", "tune"],
        "a length of four bytes that goes on",
    ],
)
def test_a_status_holds_on_over_a_system_message(between):
    events = note(60) + b"\x00\x90\x3e\x50\x60\x3e\x00" + between + b"\x00\x40\x50\x60\x40\x00"
    assert parts(midi(chunk(events + END))) == [[60, 62, 64]]


def test_an_escape_takes_no_time_whatever_bytes_it_holds():
    escape = b"\x00\xf7\x05\x7e\x7f\x09\x01\xf7"
    (track,) = read_piece(midi(chunk(escape + note(60) + note(62) + END))).tracks
    assert track.notes.onsets.tolist() == [0, 1]


@pytest.mark.parametrize(
    "event",
    [b"\x80\x80\x80\x80\x00\xff\x01\x01x", b"\x00\xf0\x80\x80\x80\x80\x02\x7e\xf7"],
    ids=["delta", "length"],
)
def test_a_file_with_a_number_of_five_bytes_is_not_left_to_the_quick_reader(event):
    content = midi(chunk(b"\x00\xf0\x01\xf7" + notes(60, 62) + event + many(100) + END))
    assert left_to_symusic(content) is None


SYSEX = b"\x00\xf0\x81\x48" + bytes(199) + b"\xf7"


@pytest.mark.parametrize(
    "content",
    [
        lambda: midi(chunk(many(9) + END), division=0xE704),
        lambda: midi(chunk(many(9) + END, 2_000)),
        lambda: midi(b"XFIH\0\0\0\x02ab", chunk(many(9) + END), n=1),
        lambda: midi(chunk(many(9) + END), n=2),
        lambda: midi(chunk(many(9) + END), chunk(many(9) + END), n=1),
        lambda: midi(chunk(many(9))),
        lambda: midi(chunk(many(9) + END + many(2) + END)),
        lambda: midi(chunk(many(9) + b"\x00\xf7\x01\x05" + many(9) + END)),
        lambda: midi(chunk(many(9) + b"\x00\xf0\x01\xf7\x00\x3c\x50\x60\x3c\x00" + END)),
        lambda: midi(chunk(many(9) + b"\x00\xf8" + END)),
        lambda: midi(chunk(many(9) + b"\x00\xb0\x07\xff" + SYSEX + END)),
        lambda: midi(chunk(many(9) + b"\x00\xc0\xff" + SYSEX + END)),
    ],
    ids=[
        *["time code", "too short", "a chunk of another kind", "a track less", "a track more"],
        *["no end", "two ends", "an escape", "a status over sysex", "realtime"],
        *["a controller over 127", "a program over 127"],
    ],
)
def test_a_file_that_symusic_may_read_wrong_is_not_left_to_it(content):
    assert left_to_symusic(content()) is None


def test_a_file_is_left_to_symusic_without_what_lies_behind_its_last_track():
    sound = midi(chunk(SYSEX + many(9) + SYSEX + many(9) + END), chunk(many(9) + END))
    assert left_to_symusic(sound) == sound
    assert left_to_symusic(sound + b"junk") == sound
    assert read_piece(sound + b"junk").reader == "symusic"


@pytest.mark.parametrize("status", [*range(0x80, 0xC0, 15), *range(0xC0, 0xF0, 5), 0xBF, 0xDF])
def test_a_message_of_any_kind_and_channel_is_left_to_symusic(status):
    data = b"\x00" if 0xC0 <= status < 0xE0 else b"\x00\x40"
    message = bytes([0, status]) + data
    sound = midi(chunk(SYSEX + message + SYSEX + message + message + many(9) + END))
    assert left_to_symusic(sound) == sound


@pytest.mark.parametrize(("one", "other"), [(0, 1), (1, 0), (15, 8)])
def test_only_programs_behind_a_note_of_their_channel_are_levelled_to_its_first(one, other):
    kept = program(5, one) + note(60, one) + program(5, one) + note(62, one)
    kept += program(6, other) + note(50, other)
    content = midi(chunk(kept + END))
    assert left_to_symusic(content) == content
    changed = midi(chunk(kept + program(7, one) + note(64, one) + END))
    expected = midi(chunk(kept + program(5, one) + note(64, one) + END))
    assert left_to_symusic(changed) == expected


@pytest.mark.parametrize(("plain_one", "other"), [(0, 1), (1, 0)])
def test_a_channel_of_the_first_program_alone_leaves_others_to_be_levelled(plain_one, other):
    kept = program(0, plain_one) + note(60, plain_one) + program(5, other) + note(62, other)
    changed = midi(chunk(kept + program(7, other) + note(64, other) + END))
    expected = midi(chunk(kept + program(5, other) + note(64, other) + END))
    assert left_to_symusic(changed) == expected


def test_a_note_of_another_channel_before_a_program_is_no_note_of_its_own():
    kept = b"\x00\xff\x01\x02\x90\xc0" + note(50, 1) + program(5) + note(60)
    changed = midi(chunk(kept + program(6) + note(62) + END))
    assert left_to_symusic(changed) == midi(chunk(kept + program(5) + note(62) + END))


def test_of_independent_sequences_the_first_with_notes_is_taken_and_their_number_said():
    name = b"\x00\xff\x03\x01x" + b"\x00\x90\x3c\x00" * 9
    drums, second = notes(*[36] * 20, channel=9), notes(*[72] * 40, channel=1)
    content = midi(*(chunk(each + END) for each in (name, drums, many(16), second)), form=2)
    (track,) = read_piece(content).tracks
    assert (track.notes.onsets.tolist(), track.notes.pitches.tolist()) == (
        list(range(16)),
        [60, 62, 64, 65] * 4,
    )
    melody = read_melody(content, ".mid")
    assert (melody.n_part, melody.agreement, melody.damage) == (16, 1, "")
    assert melody.reason.endswith(", first of 4 pieces")


@pytest.mark.parametrize("channel", [0, 1, 8, 10, 15])
def test_of_independent_sequences_one_of_any_channel_but_that_of_drums_has_notes(channel):
    content = midi(chunk(notes(72, channel=channel) + END), chunk(many(4) + END), form=2)
    assert parts(content) == [[72]]


def test_of_independent_sequences_one_of_the_softest_notes_has_notes():
    softest = b"\x00\x90\x48\x01\x60\x80\x48\x00"
    content = midi(chunk(softest + END), chunk(many(4) + END), form=2)
    assert parts(content) == [[72]]


def test_of_independent_sequences_without_notes_the_first_stands_for_the_file():
    name = b"\x00\xff\x03\x01"
    content = midi(*(chunk(name + each + END) for each in (b"a", b"b")), form=2)
    assert b"\x01a" in first_piece(content)[0]


def test_of_independent_sequences_one_that_is_damaged_is_read_alone():
    last = chunk(notes(*[72] * 40) + END)[:-200]
    content = midi(chunk(many(16) + END), last, form=2)
    assert (parts(content), read_piece(content).damage) == ([[60, 62, 64, 65] * 4], "")


def on(pitch: int, after: int = 0) -> bytes:
    return bytes([after, 0x90, pitch, 80])


def off(pitch: int, after: int = 96) -> bytes:
    return bytes([after, 0x80, pitch, 0])


@pytest.mark.parametrize(
    ("begin", "first"),
    [
        (on(67) + on(67) + off(67), [(0, 1, 67)]),
        (on(67) + on(67, 96) + off(67), [(0, 1, 67), (1, 1, 67)]),
        (on(67) + on(67, 48) + off(67, 48) + on(67), [(0, 0.5, 67), (0.5, 0.5, 67), (1, 1, 67)]),
    ],
    ids=["struck twice at once", "never let go", "never let go, in turn"],
)
def test_a_note_whose_end_is_missing_ends_where_its_pitch_is_struck_again(begin, first):
    begin += off(67) if begin.endswith(on(67)) else b""
    after = [(first[-1][0] + 1 + n, 1, 60 if n % 2 == 0 else 67) for n in range(40)]
    content = midi(chunk(begin + notes(*[60, 67] * 20) + END))
    checked = read_midi(content)
    (found,) = (part.notes for part in checked.parts)
    rows = zip(found.onsets.tolist(), found.durations.tolist(), found.pitches.tolist(), strict=True)
    assert list(rows) == first + after
    assert (checked.reader, checked.damage) == ("lenient", "")


def test_of_notes_struck_at_once_the_highest_comes_first_and_one_without_length_is_none():
    chord = on(60) + on(67) + on(64) + off(60) + off(67, 0) + off(64, 0)
    content = midi(chunk(chord + on(72) + off(72, 0) + note(62) + END))
    for piece in (read_piece(content), read_leniently(content)):
        assert [track.notes.pitches.tolist() for track in piece.tracks] == [[67, 64, 60, 62]]
    assert read_piece(content).reader == "symusic"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (b" Solo \t Flute ", "Solo Flute"),
        ("Flöte".encode(), "Flöte"),
        (b"Fl\xf6te", "Flöte"),
        (b"Flute\0in\0C", "Flute in C"),
        (b"", ""),
    ],
)
def test_the_name_of_a_track_is_read_without_line_breaks(given, name):
    event = b"\x00\xff\x03\x01x\x00\xff\x03" + bytes([len(given)]) + given
    (track,) = read_leniently(midi(chunk(event + note(60) + END))).tracks
    assert track.name == name


def test_symusic_reads_the_names_of_tracks_without_line_breaks():
    content = midi(chunk(b"\x00\xff\x03\x0c Solo\n  one " + note(60) + END))
    assert (read_piece(content).tracks[0].name, read_piece(content).reader) == (
        *["Solo one", "symusic"],
    )


def test_a_wrapped_file_is_read_as_it_is_without_its_wrapper():
    content = midi(chunk(notes(60, 62) + END))
    sizes = struct.pack("<I", len(content) + 12), struct.pack("<I", len(content))
    assert parts(b"RIFF" + sizes[0] + b"RMIDdata" + sizes[1] + content) == [[60, 62]]


def test_notes_of_a_pitch_that_overlap_end_in_their_order_where_each_is_let_go():
    overlapping = on(60) + on(60, 48) + off(60, 48) + off(60, 48)
    for content in (midi(chunk(overlapping + END)), midi(chunk(overlapping + on(62) + END))):
        for piece in (read_piece(content), read_leniently(content)):
            (track,) = piece.tracks
            assert track.notes.onsets.tolist() == [0, 0.5]
            assert track.notes.durations.tolist() == [1, 1]


def test_a_last_note_without_an_end_shortens_none_of_those_that_end_where_the_next_begins():
    """Of each pair at one tick the beginning is written before the end."""
    events = on(60) + (on(60, 96) + off(60, 0)) * 20
    (part,) = read_midi(midi(chunk(events + END))).parts
    assert part.notes.onsets.tolist() == list(range(20))
    assert set(part.notes.durations.tolist()) == {1}


def test_of_ends_written_behind_the_next_beginning_each_is_of_a_note_before_it():
    events = on(60) + on(60, 48) + on(60, 48) + off(60, 0) + off(60, 0) + on(60, 96) + off(60)
    (part,) = read_midi(midi(chunk(events + notes(*[62] * 40) + END))).parts
    assert part.notes.onsets.tolist()[:4] == [0, 0.5, 1, 2]
    assert part.notes.durations.tolist()[:4] == [1, 0.5, 1, 1]


def test_a_note_that_ends_where_it_begins_is_none_beside_one_that_is_never_let_go():
    events = on(60) + off(60, 48) + on(60, 48) + off(60, 0) + on(60, 48) + on(60, 48) + off(60, 48)
    (part,) = read_midi(midi(chunk(events + notes(*[62] * 40) + END))).parts
    assert part.notes.onsets.tolist()[:4] == [0, 1.5, 2, 2.5]
    assert part.notes.durations.tolist()[:4] == [0.5, 0.5, 0.5, 1]


@pytest.mark.parametrize("data", [b"\x00\x7f\x40", b"\x00\x3c\x40"])
def test_data_before_any_status_is_damage_and_costs_no_note(data):
    piece = read_leniently(midi(chunk(data + notes(*[60, 62] * 10) + END)))
    assert [track.notes.pitches.tolist() for track in piece.tracks] == [[60, 62] * 10]
    assert piece.damage


def test_an_end_without_a_beginning_is_no_damage():
    piece = read_leniently(midi(chunk(b"\x00\x80\x3c\x00" + notes(60, 62) + END)))
    assert [track.notes.pitches.tolist() for track in piece.tracks] == [[60, 62]]
    assert piece.damage == ""


def many(n: int) -> bytes:
    return notes(*([60, 62, 64, 65] * n)[:n])


@pytest.mark.parametrize(
    ("content", "n_read", "damage"),
    [
        (
            midi(chunk(many(100), 804)),
            100,
            "track 1 lacks 4 of its 804 bytes; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(100), 880)),
            100,
            "track 1 lacks 80 of its 880 bytes; 100 of about 110 notes can be read",
        ),
        (
            midi(chunk(many(100))),
            100,
            "track 1 has no end-of-track event; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(50) + END), chunk(many(50) + END), n=1),
            100,
            "2 of the 1 tracks that its header names are there; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(50) + END), chunk(many(50) + END), n=3),
            100,
            "2 of the 3 tracks that its header names are there; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(50) + END), b"#!", chunk(many(50) + END), n=2),
            100,
            "track 1 has 2 bytes behind its end-of-track event; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(100) + END), b"\0" * 300, n=1),
            100,
            "300 bytes that are no music after the last track; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(100) + END + many(3))),
            100,
            "track 1 has 24 bytes behind its end-of-track event; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(99) + b"\x00\xb0\x07\xff" + note(60) + END)),
            100,
            "track 1 has 1 spoilt events and 0 bytes of none; 100 of about 101 notes can be read",
        ),
        (
            midi(chunk(many(99) + b"\x00\x90\x3c\xd0\x60\x80\x3c\x00" + END)),
            100,
            "track 1 has 1 velocities over 127; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(90), 800)),
            90,
            "track 1 lacks 80 of its 800 bytes; 90 of about 100 notes can be read",
        ),
        (
            midi(chunk(many(50) + END), b"#!", chunk(many(50) + END), n=0),
            100,
            (
                "2 bytes that are no music between its chunks; "
                "2 of the 0 tracks that its header names are there; all of its 100 notes are read"
            ),
        ),
        (
            midi(chunk(many(100) + END), b"#!", chunk(many(9) + END), n=1),
            100,
            "86 bytes that are no music after the last track; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(100) + END), bytes(8), n=1),
            100,
            "8 bytes that are no music after the last track; all of its 100 notes are read",
        ),
        (
            midi(chunk(many(100), 796), chunk(many(9) + END), n=1),
            99,
            (
                "88 bytes that are no music after the last track; "
                "track 1 has no end-of-track event; all of its 100 notes are read"
            ),
        ),
        (
            midi(*[chunk(many(20) + END)] * 9, n=10),
            180,
            "9 of the 10 tracks that its header names are there; all of its 180 notes are read",
        ),
        (
            midi(chunk(bytes(40) + many(100) + END)),
            100,
            "track 1 has 0 spoilt events and 40 bytes of none; 100 of about 105 notes can be read",
        ),
        (
            midi(chunk(bytes(40) + many(100), 880)),
            100,
            (
                "track 1 lacks 40 of its 880 bytes; track 1 has 0 spoilt events and 40 bytes of "
                "none; 100 of about 110 notes can be read"
            ),
        ),
        (
            midi(chunk(many(200) + (b"\x00\xb0\x07\xff" + note(60)) * 12 + END)),
            212,
            "track 1 has 12 spoilt events and 0 bytes of none; 212 of about 224 notes can be read",
        ),
        (
            midi(chunk(many(40) + on(60) + b"\x60\x80\xbc\x00" + many(40) + END)),
            81,
            "track 1 has 1 spoilt events and 0 bytes of none; 81 of about 82 notes can be read",
        ),
        (
            midi(chunk(many(50) + b"\x00\xff\x01\x20ab"), chunk(many(50) + END)),
            100,
            (
                "track 1 has no end-of-track event; track 1 has 0 spoilt events and 6 bytes of "
                "none; 100 of about 101 notes can be read"
            ),
        ),
        (
            midi(chunk(many(100) + END)).replace(b"MThd\0\0\0\6", b"MThd\0\0\0\x64"),
            100,
            "its header says that it is 100 bytes long; all of its 100 notes are read",
        ),
        (
            midi(b"ab", chunk(many(100) + END), n=1).replace(b"\0\0\0\6", b"\0\0\0\x08", 1),
            100,
            "",
        ),
    ],
    ids=[
        "a few bytes short",
        "an eleventh short",
        "no end of track",
        "more tracks than named",
        "fewer tracks than named",
        "junk between",
        "junk behind",
        "events behind the end",
        "a controller over 127",
        "a velocity over 127",
        "a tenth short",
        "junk between tracks of which none is named",
        "junk and a track behind",
        "zeros behind",
        "a track too short before one that is not named",
        "nine of ten tracks",
        "data without a status",
        "data without a status in a track that is short",
        "a dozen controllers over 127",
        "an end over 127",
        "a text over the end",
        "a header too long by far",
        "a header that is longer",
    ],
)
def test_a_file_with_damage_is_read_and_says_it(content, n_read, damage):
    piece = read_piece(content)
    assert sum(len(track.notes) for track in piece.tracks) == n_read
    assert piece.damage == damage


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (midi(chunk(many(50) + END, 9_999), chunk(many(50) + END)), "the next begins behind 404"),
        (midi(chunk(many(50) + END, 300), chunk(many(50) + END)), "the next begins behind 404"),
        (midi(chunk(many(100) + END, 700)), "ends behind 804"),
    ],
    ids=["too long", "too short", "the last too short"],
)
def test_a_track_whose_length_is_wrong_is_damage_of_which_all_is_read(content, said):
    length = struct.unpack_from(">I", content, 18)[0]
    assert read_piece(content).damage == (
        f"track 1 says that it has {length:,} bytes, but {said}; all of its 100 notes are read"
    )


def test_a_track_that_ends_before_its_absurd_length_lacks_nothing():
    piece = read_piece(midi(chunk(notes(*SCALE) + END, 2**32 - 1)))
    assert piece.tracks[0].notes.pitches.tolist() == SCALE
    said = "track 1 says that it has 4,294,967,295 bytes, but ends before"
    assert piece.damage == f"{said}; all of its 16 notes are read"


@pytest.mark.parametrize("wrong", [-40, -1, 1, 8, 40])
def test_a_track_whose_length_is_wrong_ends_where_the_next_begins(wrong):
    events = notes(*SCALE) + END
    checked = read_midi(midi(chunk(events, len(events) + wrong), chunk(events)))
    assert [part.notes.pitches.tolist() for part in checked.parts] == [SCALE, SCALE]
    assert checked.agreement == 1


@pytest.mark.parametrize("behind", [b"", bytes(60), b"resources" * 9])
def test_a_macbinary_header_is_taken_off(behind):
    content = midi(chunk(notes(*SCALE) + END))
    header = b"\0\x04tune".ljust(83, b"\0") + struct.pack(">I", len(content))
    melody = read_melody(header.ljust(128, b"\0") + content + behind, ".mid")
    assert (melody.notes.pitches.tolist(), melody.damage) == (SCALE, "")


def test_a_macbinary_header_that_says_no_length_is_of_all_that_follows():
    melody = read_melody(bytes(128) + midi(chunk(notes(*SCALE) + END)), ".mid")
    assert (melody.notes.pitches.tolist(), melody.damage) == (SCALE, "")


def test_a_file_that_begins_otherwise_is_no_macbinary():
    assert not is_midi(b"x" * 128 + midi(chunk(notes(*SCALE) + END)))


@pytest.mark.parametrize(
    "let_go", [b"\x80\x3c\x00", b"\x80\xbc\x00", b"\x90\xbc\x00", b"\x80\xbc\xc8"]
)
def test_notes_go_on_in_their_places_behind_a_pitch_over_127(let_go):
    spoilt = b"\x00\x90\xbc\x50\x60" + let_go
    content = midi(chunk(many(40) + spoilt + many(40) + END))
    (track,) = read_piece(content).tracks
    assert len(track.notes) == 80
    assert track.notes.onsets[39:41].tolist() == [39, 41]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (midi(chunk(many(100), 900)), "track 1 lacks 100 of its 900 bytes; 100 of about 112 notes"),
        (
            midi(chunk(many(50) + END), chunk(many(50), 410), n=4),
            "2 of the 4 tracks that its header names are there; track 2 lacks 10 of its 410 bytes",
        ),
        (
            midi(chunk(many(50) + END), chunk(many(50)), n=3),
            "2 of the 3 tracks .*; track 2 has no end-of-track event; 100 of about 150 notes",
        ),
        (
            midi(chunk(many(100) + END), b"#!", n=2),
            "2 bytes .*; 1 of the 2 tracks .*; 100 of about 200 notes",
        ),
        (
            midi(chunk(many(100) + END, 2_000), n=2),
            "1 of the 2 tracks .*; track 1 says .*; 100 of about 200 notes",
        ),
        (midi(chunk(many(89), 800)), "track 1 lacks 88 of its 800 bytes; 89 of about 100 notes"),
    ],
    ids=[
        *["an eighth short", "two tracks short", "cut behind a note", "junk for a track"],
        *["a length for a track", "over a tenth short"],
    ],
)
def test_a_file_of_which_less_than_nine_tenths_can_be_read_is_refused(content, reason):
    with pytest.raises(UnreadableError, match=f"unreadable MIDI: {reason}"):
        read_piece(content)


def test_a_file_of_one_piece_is_its_own_first_one():
    content = midi(chunk(many(4) + END), form=0)
    assert first_piece(content) == (content, 1)


def test_a_file_that_breaks_off_in_a_chunks_name_is_read_up_to_there():
    piece = read_piece(midi(chunk(many(100) + END), b"MTrk\0\0", n=1))
    assert piece.damage == (
        "6 bytes that are no music after the last track; all of its 100 notes are read"
    )


@pytest.mark.parametrize("let_go", [b"\x80\xbc\x00", b"\x90\xbc\x00"])
def test_a_note_that_is_spoilt_where_it_begins_and_ends_is_one_note_less(let_go):
    spoilt = (b"\x00\x90\xbc\x50\x60" + let_go) * 3
    piece = read_piece(midi(chunk(many(20) + spoilt + many(20) + END)))
    assert piece.damage.endswith(
        "6 spoilt events and 0 bytes of none; 40 of about 43 notes can be read"
    )


def test_velocities_over_127_of_a_notes_beginning_and_end_move_nothing():
    loud = b"\x00\x90\x3c\xc8\x60\x80\x3c\xc8"
    (track,) = read_piece(midi(chunk(many(20) + loud + many(20) + END))).tracks
    assert track.notes.onsets.tolist() == list(range(41))


def test_of_many_faults_the_first_four_are_said_and_the_others_counted():
    tracks = [chunk(notes(60, 62)) for _ in range(7)]
    assert read_piece(midi(*tracks)).damage == (
        "; ".join(f"track {place} has no end-of-track event" for place in (1, 2, 3, 4))
        + "; 3 more faults; all of its 14 notes are read"
    )


def test_a_file_of_a_thousand_tracks_is_no_music():
    with pytest.raises(UnreadableError, match="over 1,000 tracks"):
        read_piece(midi(*[chunk(notes(60) + END)] * 1_001))
    with pytest.raises(UnreadableError, match="over 1,000 tracks"):
        read_piece(midi(*[chunk(notes(60) + END, 9)] * 501))
    assert len(parts(midi(*[chunk(notes(60) + END)] * 1_000))) == 1_000


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        (note(60), "1,001 spoilt events and 396,000 bytes of none"),
        (b"\x00\x3c\x50", "1,000 spoilt events and 396,007 bytes of none"),  # it stumbled once
    ],
)
def test_a_track_of_nothing_but_spoilt_events_is_given_up(begin, said):
    content = midi(chunk(begin + b"\x00\x90\xbc\x50" * 100_000 + END))
    with pytest.raises(UnreadableError, match=said):
        read_piece(content)


def test_of_a_file_without_a_note_eight_bytes_that_are_missing_are_one():
    with pytest.raises(UnreadableError, match="lacks 800 of its 800 bytes; 0 of about 100 notes"):
        read_piece(midi(chunk(b"", 800)))


@pytest.mark.parametrize("junk", [b"\x80\x3c", b"\xc0\x05", b"\xff\x7f"])
def test_a_loud_note_behind_which_bytes_of_no_event_lie_is_spoilt(junk):
    """Where two bytes are lost more than its velocity is in doubt."""
    loud = b"\x00\x90\x3c\xc8" + junk + off(60)
    piece = read_piece(midi(chunk(many(20) + loud + many(20) + END)))
    assert piece.damage == (
        "track 1 has 1 spoilt events and 0 bytes of none; 40 of about 41 notes can be read"
    )


def test_a_pedal_of_the_number_of_a_pitch_does_not_end_its_note():
    pedal = bytes([48, 0xB0, 64, 127])
    (track,) = read_leniently(midi(chunk(on(64) + pedal + off(64, 48) + END))).tracks
    assert track.notes.durations.tolist() == [1.0]


def test_a_chunk_of_another_kind_is_no_damage():
    other, track = b"XFIH\0\0\0\x02ab", chunk(notes(60, 62) + END)
    for chunks in ((other, track, track), (track, other, track), (track, track, other)):
        content = midi(*chunks, n=2)
        assert (parts(content), read_piece(content).damage) == ([[60, 62]] * 2, "")


@pytest.mark.parametrize(
    ("tempo", "onsets"),
    [
        (b"", [0.0, 2.0, 4.0]),
        (b"\x00\xff\x51\x03\x0f\x42\x40", [0.0, 1.0, 2.0]),
        (b"\x00\xff\x51\x02\x0f\x42", [0.0, 2.0, 4.0]),
        (b"\x00\xff\x51\x03\0\0\0", [0.0, 2.0, 4.0]),
    ],
    ids=["120 quarters a minute", "60 quarters a minute", "of two bytes", "none"],
)
def test_frames_of_time_code_are_quarters_by_tempo(tempo, onsets):
    """25 frames of 4 ticks: 100 ticks a second; a note a second."""
    events = b"".join(bytes([0, 0x90, p, 80, 100, 0x80, p, 0]) for p in (60, 62, 64))
    content = midi(chunk(tempo + events + END), division=0xE704)
    (track,) = read_piece(content).tracks
    assert track.notes.onsets.tolist() == onsets


def test_a_tempo_change_moves_what_comes_behind_it_in_time_code():
    events = note(60).replace(b"\x60", b"\x64") + b"\x00\xff\x51\x03\x0f\x42\x40"
    events += note(62).replace(b"\x60", b"\x64") + note(64)
    (track,) = read_piece(midi(chunk(events + END), division=0xE704)).tracks
    assert track.notes.onsets.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    ("division", "ticks", "seconds"),
    [(0xE804, 96, 1), (0xE704, 100, 1), (0xE304, 120_000, 1_001), (0xE202, 60, 1)],
    ids=["24", "25", "30 drop frame", "30 of two ticks"],
)
def test_a_tick_is_a_share_of_a_frame_of_time_code(division, ticks, seconds):
    assert time_base(division).quarters(np.array([ticks])) == pytest.approx([2 * seconds])


@pytest.mark.parametrize("division", [0xE700, 0xE004, 0xFF04, 0x8004])
def test_frames_that_no_time_code_has_are_refused(division):
    with pytest.raises(UnreadableError, match="frames a second and"):
        time_base(division)


def test_tempos_of_time_code_count_in_the_order_of_their_ticks():
    base = time_base(0xE704, [(100, 1_000_000), (0, 250_000)])
    assert base.quarters(np.array([0, 100, 200, 300])).tolist() == [0, 4, 5, 6]


def test_both_readers_read_the_same_notes(tmp_path, write_midi, tune):
    tracks = {"Melody": tune(3, 200), "Piano": tune(4, 200), "drums": tune(5, 50)}
    content = write_midi(tmp_path / "a.mid", tracks, 97.0).read_bytes()
    assert left_to_symusic(content) is not None
    first, second = read_piece(content).tracks, read_leniently(content).tracks
    assert [track.name for track in first] == [track.name for track in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.notes.onsets, other.notes.onsets)
        np.testing.assert_array_equal(one.notes.pitches, other.notes.pitches)
        np.testing.assert_allclose(one.notes.durations, other.notes.durations)
