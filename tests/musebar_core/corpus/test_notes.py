from __future__ import annotations

import io
import struct
import zipfile

import pytest

from musebar_core.corpus.checked import Checked
from musebar_core.corpus.files import read_melody
from musebar_core.corpus.melody import monophony, skyline
from musebar_core.corpus.midi import Piece
from musebar_core.corpus.midi.parts import Parts
from musebar_core.corpus.midi.timebase import TimeBase
from musebar_core.corpus.notes import Melody, Notes, Track, UnreadableError
from musebar_core.corpus.reading import Reading
from musebar_core.corpus.scores import form_of
from musebar_core.corpus.snippets import Windows
from musebar_core.corpus.store import Corpus, GenreCorpus, Song

SCORE = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><work><work-title>My &amp; tune</work-title></work>
<part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions>
<time><beats>4</beats><beat-type>4</beat-type></time></attributes>
<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>
<note><pitch><step>C</step><octave>5</octave></pitch><duration>2</duration></note>
<note><grace/><pitch><step>B</step><octave>5</octave></pitch><type>eighth</type></note>
<note><pitch><step>D</step><octave>5</octave></pitch><duration>2</duration>
<tie type="start"/></note></measure>
<measure number="2"><note><pitch><step>D</step><octave>5</octave></pitch><duration>1</duration>
<tie type="stop"/></note>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>3</duration></note>
<note><chord/><pitch><step>E</step><octave>4</octave></pitch><duration>3</duration></note>
</measure></part></score-partwise>"""


def rows(notes: Notes) -> list[tuple[float, float, int]]:
    return list(
        zip(notes.onsets.tolist(), notes.durations.tolist(), notes.pitches.tolist(), strict=True)
    )


def test_midi_is_read_in_quarter_notes_whatever_the_tempo(tmp_path, write_midi):
    tune = [(0.0, 1.0, 60), (1.0, 0.5, 62), (3.0, 2.0, 64)]
    for bpm in (60.0, 200.0):
        content = write_midi(tmp_path / "a.mid", {"Melody": tune}, bpm).read_bytes()
        assert rows(read_melody(content, ".mid").notes) == tune


def test_a_file_whose_name_lies_is_read_by_its_content(tmp_path, write_midi, tune):
    content = write_midi(tmp_path / "a.mid", {"Melody": tune(1)}).read_bytes()
    assert len(read_melody(content, ".xml").notes) == 24


def test_a_riff_wrapper_is_taken_off(tmp_path, write_midi, tune):
    content = write_midi(tmp_path / "a.mid", {"Melody": tune(1)}).read_bytes()
    chunks = b"INFO" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<I", len(content))
    wrapped = b"RIFF" + struct.pack("<I", len(content) + 30) + b"RMID" + chunks + content
    assert rows(read_melody(wrapped, ".mid").notes) == tune(1)


def test_drums_are_never_the_melody(tmp_path, write_midi, tune):
    content = write_midi(tmp_path / "a.mid", {"drums": tune(1)}).read_bytes()
    with pytest.raises(UnreadableError, match="no notes but 24 of drums"):
        read_melody(content, ".mid")


def test_a_track_named_as_the_melody_comes_before_a_longer_one(tmp_path, write_midi, tune):
    tracks = {"Piano": tune(1, 200), "Lead Vocal": tune(2, 60)}
    melody = read_melody(write_midi(tmp_path / "a.mid", tracks).read_bytes(), ".mid")
    assert melody.track == "Lead Vocal"
    assert "named" in melody.reason


def test_backing_vocals_are_not_the_melody_by_name(tmp_path, write_midi, tune):
    tracks = {"Sax": tune(1, 200), "Backing vocals": tune(2, 20)}
    assert read_melody(write_midi(tmp_path / "a.mid", tracks).read_bytes(), ".mid").track == "Sax"


def test_without_a_name_the_high_single_line_is_taken_before_bass_and_chords(
    tmp_path, write_midi, tune
):
    line = tune(1, 64)
    tracks = {
        "a": [(onset, length, pitch - 30) for onset, length, pitch in line],
        "b": [(onset, length, pitch + k) for onset, length, pitch in line for k in (0, 4, 7)],
        "c": line,
    }
    assert read_melody(write_midi(tmp_path / "a.mid", tracks).read_bytes(), ".mid").track == "c"


def test_the_skyline_keeps_the_highest_note_that_sounds():
    notes = Notes.of([(0.0, 4.0, 60), (1.0, 1.0, 67), (1.0, 2.0, 64), (4.0, 1.0, 62)])
    line = skyline(notes)
    assert rows(line) == [(0, 1, 60), (1, 1, 67), (2, 1, 64), (3, 1, 60), (4, 1, 62)]
    assert monophony(line) == 1


def test_repeated_notes_stay_two_notes_in_the_skyline():
    notes = Notes.of([(0.0, 1.0, 60), (1.0, 1.0, 60)])
    assert rows(skyline(notes)) == [(0, 1, 60), (1, 1, 60)]


def test_monophony_is_the_share_of_time_over_the_sum_of_durations():
    assert monophony(Notes.of([(0.0, 2.0, 60), (1.0, 2.0, 64)])) == 3 / 4


def test_a_score_gives_ties_merged_and_chords_at_their_top_without_chord_symbols():
    melody = read_melody(SCORE.encode(), ".musicxml")
    assert rows(melody.notes) == [(0, 2, 72), (2, 3, 74), (5, 3, 64)]
    assert (melody.title, melody.track) == ("My & tune", "Flute")


@pytest.mark.parametrize("container", [None, '<c><rootfile full-path="a & b.xml"/></c>'])
def test_a_zipped_score_is_read_even_if_its_container_is_not_well_formed(tmp_path, container):
    path = tmp_path / "a.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        if container:
            archive.writestr("META-INF/container.xml", container)
        archive.writestr("a & b.xml", SCORE)
    assert len(read_melody(path.read_bytes(), ".mxl").notes) == 3


def test_an_abc_tune_is_read_from_its_text():
    melody = read_melody(b"X:1\nT:Two\nM:4/4\nL:1/4\nK:C\nC D E F | G A B c |\n", ".abc")
    assert melody.notes.pitches.tolist() == [60, 62, 64, 65, 67, 69, 71, 72]
    assert melody.title == "Two"


def test_of_a_score_of_several_pieces_the_first_is_taken_and_the_count_is_said():
    content = b"X:1\nT:One\nL:1/4\nK:C\nCDEF|\n\nX:2\nT:Two\nL:1/4\nK:C\nGABc|\n"
    melody = read_melody(content, ".abc")
    assert (melody.title, melody.notes.pitches.tolist()) == ("One", [60, 62, 64, 65])
    assert melody.reason == "only part, first of 2 pieces"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"HTTP/1.1 200 OK", "web response"),
        (b"\x00\x01\x02\x03", "not a music file"),
        (b" \n<!DocType HTML>", "an HTML page, not music"),
        (b"<HTML><body>", "an HTML page, not music"),
        (b"http/1.0 404", "a saved web response, not music"),
        (b"abcdef", r"not a music file \(starts with b'abcd'\)"),
        (b"MThd", "no MThd header"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\1\0\0", "unreadable MIDI"),
        (b"MThd\0\0\0\6\0\1\0\1\xe0\x4dMTrk\0\0\0\4\0\xff\x2f\0", "32 frames a second and 77"),
        (b"MThd\0\0\0\6\0\1\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "0 ticks"),
        (b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0", "no notes"),
        (b"RIFF\0\0\0\0RMID", "without a data chunk"),
        (b"PK\x03\x04 not really", "damaged archive"),
    ],
)
def test_what_is_no_music_says_what_it_is(content, reason):
    with pytest.raises(UnreadableError, match=reason):
        read_melody(content, ".mid")


def test_xml_that_is_no_score_is_refused():
    with pytest.raises(UnreadableError, match=r"unreadable score|no notes"):
        read_melody(b"<?xml version='1.0'?><root/>", ".xml")


@pytest.mark.parametrize(
    ("content", "suffix", "form"),
    [
        (b"PK\x03\x04", ".mid", "zipped"),
        (b"PK\x05\x06", ".mxl", None),
        *[(b"<?xml ", suffix, "musicxml") for suffix in (".mxl", ".musicxml", ".xml")],
        (b"<?xml ", ".txt", None),
        (b"\xef\xbb\xbf\n <score-partwise>", ".xml", "musicxml"),
        (b"<!DOCTYPE score-partwise", ".xml", "musicxml"),
        (b"<!-- a score -->", ".xml", "musicxml"),
        (b"<!DOCTYPE HTML>", ".xml", None),
        (b"<!DOCTYPE Html>", ".xml", None),
        (b"<html>", ".xml", None),
        ("<score>".encode("utf-16"), ".xml", "musicxml"),
        ("<score>".encode("utf-16-be"), ".xml", "musicxml"),
        (b"**kern", ".krn", "humdrum"),
        (b"X:1", ".abc", "abc"),
        (b"X:1", ".txt", None),
    ],
)
def test_the_form_of_a_score_is_told_by_its_content_then_by_its_suffix(content, suffix, form):
    assert form_of(content, suffix) == form


REPEATED = {
    ".abc": b"X:1\nL:1/4\nK:C\n|:CD:|\n",
    ".krn": b"**kern\n4c\n4d\n=:|!\n*-\n",
    ".xml": SCORE.replace(
        "</measure></part>", '<barline><repeat direction="backward"/></barline></measure></part>'
    ).encode(),
}


@pytest.mark.parametrize("suffix", REPEATED)
def test_repeats_are_played_in_every_form_unless_they_are_asked_for_as_written(suffix):
    played, written = (
        len(read_melody(REPEATED[suffix], suffix, each).notes) for each in (True, False)
    )
    assert played == 2 * written > 0
    assert len(read_melody(REPEATED[suffix], suffix).notes) == played


def test_a_melody_says_which_reader_read_it_and_how_far_it_agrees():
    melody = read_melody(SCORE.encode(), ".xml")
    assert (melody.reader, melody.agreement, melody.damage) == ("musicxml", 1, "")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", SCORE)
    assert read_melody(packed.getvalue(), ".mxl").reader == "musicxml"


@pytest.mark.parametrize(
    "kind",
    [
        *[Notes, Track, Melody, Checked, Reading, Windows, Song, GenreCorpus, Corpus],
        *[Parts, Piece, TimeBase],
    ],
)
def test_what_holds_arrays_is_the_same_only_as_itself(kind):
    """Arrays are equal in each of their numbers, or not: their holders cannot be compared."""
    one, other = (object.__new__(kind) for _ in range(2))
    assert one != other
    assert len({one, other}) == 2
