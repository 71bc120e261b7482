"""Parts of one player that a file keeps apart are one part, by either reader."""

from __future__ import annotations

import pytest

from musebar_core.corpus.checked import read_midi
from musebar_core.corpus.files import read_melody
from tests.musebar_core.corpus.test_midi import END, chunk, midi, note, notes, program

RESPELLED = b"\x00\xf0\x01\xf7"
"""A system message behind which a status holds on sends a file to the lenient reader."""


def rest(quarters: int) -> bytes:
    """Silence, as an empty text at its end; 96 ticks a quarter."""
    ticks = 96 * quarters
    return bytes([0x80 | ticks >> 7, ticks & 0x7F]) + b"\xff\x01\x00"


def lenient(track: bytes) -> bytes:
    return b"\x00\x90\x7f\x00" + RESPELLED + b"\x00\x7f\x00" + track


@pytest.fixture(params=[bytes, lenient], ids=["symusic", "lenient"])
def parts(request):
    """Pitches of the parts of a file of these tracks."""

    def read(*tracks: bytes, form: int = 1) -> list[list[int]]:
        first, *others = tracks
        chunks = [chunk(each + END) for each in (request.param(first), *others)]
        found = read_midi(midi(*chunks, form=form))
        assert found.reader == ("symusic" if request.param is bytes else "lenient")
        assert found.agreement == 1
        return [track.notes.pitches.tolist() for track in found.parts]

    return read


BASS = notes(40, 43, channel=5)


def test_a_guitars_bent_notes_on_a_channel_of_their_own_are_the_guitars(parts):
    guitar = program(29) + program(29, 1) + note(60) + note(67, 1) + note(62) + note(69, 1)
    assert parts(guitar, BASS) == [[60, 67, 62, 69], [40, 43]]
    drums = notes(36, channel=9)
    assert parts(guitar, drums, BASS) == [[60, 67, 62, 69], [36], [40, 43]]


def test_channels_of_a_track_with_other_programs_are_other_players(parts):
    two = program(3) + program(4, 1) + note(60) + note(50, 1)
    assert parts(two, BASS) == [[60], [50], [40, 43]]


def test_channels_of_the_only_track_are_other_players(parts):
    band = note(60) + note(67, 1) + note(62)
    for form in (0, 1):
        assert parts(band, form=form) == [[60, 62], [67]]
    assert parts(band, notes(36, 36, channel=9)) == [[60, 62], [67], [36, 36]]


def test_a_channel_that_goes_on_in_another_track_is_one_player(parts):
    later = rest(2) + notes(65, 67)
    assert parts(notes(60, 62), BASS, later) == [[60, 62, 65, 67], [40, 43]]
    assert parts(later, BASS, notes(60, 62)) == [[60, 62, 65, 67], [40, 43]]


def test_a_channel_that_goes_on_has_the_first_name_of_its_tracks_and_their_program():
    early, late = program(7) + notes(60, 62), program(7) + rest(2) + notes(65, 67)
    name = b"\x00\xff\x03\x05Vocal"
    found = read_midi(midi(*(chunk(each + END) for each in (early, BASS, name + late)))).parts
    assert [(track.name, track.program) for track in found] == [("Vocal", 7), ("", 0)]


def test_tracks_of_a_channel_that_sound_together_are_two_hands(parts):
    later = rest(1) + notes(65, 67)
    assert parts(notes(60, 62), BASS, later) == [[60, 62], [40, 43], [65, 67]]


def test_a_channel_that_goes_on_with_another_program_is_another_player(parts):
    later = program(7) + rest(2) + notes(65, 67)
    assert parts(notes(60, 62), BASS, later) == [[60, 62], [40, 43], [65, 67]]


def test_a_melody_has_the_notes_of_both_channels_under_the_name_of_the_track():
    name = b"\x00\xff\x03\x05Vocal"
    line = b"".join(note(60 + k % 5, k % 2) for k in range(32))
    melody = read_melody(midi(chunk(name + line + END), chunk(BASS + END)), ".mid")
    assert (melody.track, melody.n_part, len(melody.notes)) == ("Vocal", 32, 32)
