"""Counts on sources that a hand can count, and readings held against them."""

from __future__ import annotations

import numpy as np
import pytest

from musebar_core.corpus import checked, counts, scores
from musebar_core.corpus.notes import Notes, Track, UnreadableError

HEADER = b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk"


def midi_of(events: bytes) -> bytes:
    events += b"\0\xff\x2f\0"
    return HEADER + len(events).to_bytes(4, "big") + events


def part(*pitches: int) -> Track:
    return Track("a", Notes.of([(float(i), 1.0, pitch) for i, pitch in enumerate(pitches)]))


def test_a_midi_count_counts_note_ons_with_a_velocity_and_no_drums():
    events = b"\0\x90\x3c\x40\x60\x3c\0\0\xb0\7\x64\0\xff\3\2Hi\0\x99\x24\x40\x60\x99\x24\0"
    events += b"\0\x90\x40\x40\x81\x40\x80\x40\0\0\xc0\5\0\x90\x43\x40\x60\x43\0"
    count = counts.count_midi(midi_of(events))
    assert (count.n_notes, count.n_parts, count.lowest, count.highest) == (3, 1, 60, 67)
    assert count.last_onset == (96 + 96 + 192) / 96


@pytest.mark.parametrize(
    "between", [b"\0\xf8", b"\0\xfe", b"\0\xf1\1", b"\0\xf2\1\2", b"\0\xf3\1", b"\0\xf6"]
)
def test_a_midi_count_goes_on_behind_a_system_message(between):
    events = b"\0\x90\x3c\x40\x60\x3c\0" + between + b"\0\x40\x40\x60\x40\0"
    assert counts.count_midi(midi_of(events)).n_notes == 2


def test_a_midi_count_finds_the_track_behind_one_whose_length_is_too_long():
    track = b"\0\x90\x3c\x40\x60\x3c\0\0\xff\x2f\0"
    content = b"MThd\0\0\0\6\0\1\0\2\0\x60MTrk\0\1\0\0" + track + b"MTrk\0\0\0\x0b" + track
    assert counts.count_midi(content).n_notes == 2


SOUND = b"\0\x90\x3c\x40\x60\x3c\0"
SYSEX = b"\0\xf0\2\x7e\xf7"


def test_a_midi_count_tells_where_programs_change():
    content = midi_of(b"\0\xc0\5" + SOUND + b"\0\xc9\1\0\7" + SOUND + b"\0\xd0\x40" + SOUND)
    programs = counts.count_midi(content).programs
    assert [(content[at], status) for at, status in programs] == [(5, 0xC0), (1, 0xC9), (7, 0xC9)]


@pytest.mark.parametrize(
    "events",
    [
        SYSEX + SOUND,
        SYSEX + b"\0\xff\1\1x" + SOUND,
        SOUND + SYSEX,
        SYSEX * 2 + b"\0\xc0\5" + SOUND,
        SOUND + b"\0\xff\1\x81\0" + b"x" * 128 + b"\0\x3c\x40",
        b"\xff\xff\xff\x7f\xff\1\0" + SOUND,
    ],
    ids=["sysex", "text behind it", "last", "program behind it", "long text", "long delta"],
)
def test_events_that_every_reader_reads_alike_are_plain(events):
    assert counts.count_midi(midi_of(SOUND + events)).programs is not None


@pytest.mark.parametrize(
    "events",
    [
        SYSEX + b"\0\x3c\0",
        SYSEX + b"\0\xff\1\1x\0\x3c\0",
        b"\0\xc0\5" + SYSEX + b"\0\6",
        b"\0\xf7\1\5",
        b"\0\xf8",
        b"\0\xf2\1\2",
        b"\x80\x80\x80\x80\0\xff\1\0",
        b"\0\xf0\x80\x80\x80\x80\2\x7e\xf7",
        b"\0\xff\x2f\0" + SOUND,
        b"\0\xff\x2f\1x",
        b"\0\x90\xbc\x40",
    ],
    ids=[
        "a status over a sysex message",
        "over a text, too",
        "a program's status",
        "an escape",
        "a clock",
        "a song position",
        "a delta of five bytes",
        "a length of five bytes",
        "behind the end",
        "an end with a text",
        "a data byte over 127",
    ],
)
def test_events_that_readers_take_differently_are_not_plain(events):
    assert counts.count_midi(midi_of(SOUND + events)).programs is None


def test_junk_behind_the_last_track_is_no_part_of_it():
    content = midi_of(SOUND) + b"MTrk\0\0\0\x0bjunk"
    assert (counts.count_midi(content).n_notes, counts.count_midi(content).programs) == (1, ())


def test_a_track_that_lacks_its_end_is_not_plain():
    content = HEADER + len(SOUND).to_bytes(4, "big") + SOUND
    assert (counts.count_midi(content).n_notes, counts.count_midi(content).programs) == (1, None)


def test_an_abc_count_merges_ties_and_leaves_grace_notes_out():
    count = counts.count_abc(
        b'X:1\nT:Bag\nK:C\n"Am"{g}C2- C D | [CE]2 !trill!F G,2 | z4 |]\nw:do re\n'
    )
    assert count is not None
    assert (count.n_notes, count.lowest, count.highest) == (6, 55, 65)


@pytest.mark.parametrize(
    ("music", "n_notes"),
    [
        ("[A-c-]2[Ac] d", 3),
        ("[CA-][AB]", 3),
        ("[A-c]2[Ac] d-|d", 4),
        ("A2|-A c|-c d -d", 3),
        ("A|-B", 2),
    ],
)
def test_an_abc_count_merges_ties_within_chords_and_over_bar_lines(music, n_notes):
    text = f"X:1\nL:1/4\nK:C\n{music}|\n".encode()
    assert counts.count_abc(text).n_notes == n_notes
    assert checked.read_score(text, "abc").agreement == 1


@pytest.mark.parametrize("end", ["%%endtext\nEF|\n", ""])
def test_an_abc_count_leaves_blocks_of_text_out(end):
    text = f"X:1\nL:1/4\nK:C\nCD|\n%%begintext\n{'a bad cabbage ' * 9}\n{end}".encode()
    assert counts.count_abc(text).n_notes == 2 + 2 * bool(end)
    assert checked.read_score(text, "abc").agreement == 1


def test_a_humdrum_count_takes_back_a_transposition_that_was_done():
    text = b"**kern\t**kern\n*Trd1c2\t*\n=1\t=1\n4d\t4C\n4e\t4D\n*-\t*-\n"
    count = counts.count_humdrum(text)
    assert (count.lowest, count.highest) == (48, 62)
    assert checked.read_score(text, "humdrum").agreement == 1


def test_a_humdrum_count_takes_the_top_of_a_chord_and_merges_ties():
    text = b"**kern\t**kern\n=1\t=1\n[4BB-\t4c 4e\n4BB-]\t8f#\n.\t8r\n=2\t=2\n2C\t2gg\n*-\t*-\n"
    count = counts.count_humdrum(text)
    assert count == counts.Count(5, 2, 2, 4.0, 46, 79)


def test_a_humdrum_count_has_sections_as_often_as_the_list_without_repeats():
    sections = "*>[A,A,B,A]\n*>norep[A,B,A]\n*>A\n4c\n4d\n*>B\n4G\n*-\n"
    assert counts.count_humdrum(f"**kern\n{sections}".encode()) == counts.Count(
        5, 1, 0, None, 55, 62
    )
    missing = sections.replace("norep[A,B,A]", "norep[A,X]")
    assert counts.count_humdrum(f"**kern\n{missing}".encode()) == counts.Count(3, 1, 0, 3.0, 55, 62)


def test_a_musicxml_count_is_at_sounding_pitch_without_cue_and_grace_notes():
    def note(step: str, more: str = "", lasts: str = "<duration>1</duration>") -> str:
        pitch = f"<pitch><step>{step}</step><octave>4</octave></pitch>"
        return f"<note>{more}{pitch}{lasts}</note>"

    notes = note("C") + note("E", "<chord/>") + note("D", "<grace/>", "") + note("F", "<cue/>")
    attributes = (
        "<attributes><divisions>1</divisions><transpose><chromatic>-2</chromatic></transpose>"
        "</attributes>"
    )
    measure = f"<measure>{attributes}{notes}</measure>"
    text = f"<score-partwise><part id='P1'>{measure}</part></score-partwise>"
    assert counts.count_musicxml(text.encode()) == counts.Count(1, 1, 1, 1.0, 62, 62)


def test_a_musicxml_count_transposes_the_staff_that_is_named():
    def note(staff: int) -> str:
        pitch = "<pitch><step>C</step><octave>4</octave></pitch>"
        return f"<note>{pitch}<duration>1</duration><staff>{staff}</staff></note>"

    transpose = "<transpose number='2'><chromatic>-12</chromatic></transpose>"
    attributes = f"<attributes><divisions>1</divisions>{transpose}</attributes>"
    measure = f"<measure>{attributes}{note(1)}{note(2)}</measure>"
    text = f"<score-partwise><part id='P1'>{measure}</part></score-partwise>"
    assert counts.count_musicxml(text.encode()) == counts.Count(2, 2, 1, 2.0, 48, 60)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_sources_are_counted_in_any_encoding(encoding):
    abc = "X:1\nT:Für Elise\nK:C\nCDEF|\n".encode(encoding)
    krn = "!!!OTL: Für Elise\n**kern\n4c\n4d\n*-\n".encode(encoding)
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
    part = f"<part id='Flöte'><measure>{note}</measure></part>"
    declared = '<?xml version="1.0" encoding="UTF-8"?>'
    xml = f"{declared}<score-partwise>{part}</score-partwise>".encode(encoding)
    assert counts.count_abc(abc).n_notes == 4
    assert counts.count_humdrum(krn).n_notes == 2
    assert counts.count_musicxml(xml).n_notes == 1


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (counts.Count(100), "100 notes counted, 20 read"),
        (counts.Count(20, 3), "3 parts counted, 1 read"),
        (counts.Count(20, 1, quarters=40.0), "40 quarter notes counted, 20 read"),
        (counts.Count(20, 1, lowest=58), "lowest pitch 58 counted, 60 read"),
        (counts.Count(20, 1, last_onset=90.0), "last note counted at 90, read at 19"),
    ],
)
def test_a_reading_that_disagrees_with_its_count_is_rejected_and_says_in_what(count, said):
    with pytest.raises(UnreadableError, match=f"reader and count disagree: {said}"):
        checked.agree([part(*range(60, 80))], count, checked.TOLERANCES["humdrum"])


def test_the_agreement_is_the_share_of_counted_notes_that_were_read():
    tolerance = checked.TOLERANCES["humdrum"]
    assert checked.agree([part(*range(60, 79))], counts.Count(20), tolerance) == 0.95
    assert np.isnan(checked.agree([part(60)], None, tolerance))


TIGHT = checked.Tolerance(0.05, 2, 4.0, 0, 0)


def scale(n: int, *, first: int = 60, lasts: float = 1.0, drums: bool = False) -> Track:
    rows = [(float(i), lasts, first + i % 12) for i in range(n)]
    return Track("a", Notes.of(rows), is_drum=drums)


@pytest.mark.parametrize(
    ("form", "n_counted", "few", "many"),
    [
        ("midi", 200, 194, 206),
        ("musicxml", 200, 190, 210),
        ("humdrum", 200, 190, 210),
        ("abc", 200, 190, 210),
        ("midi", 20, 18, 22),
        ("musicxml", 20, 18, 22),
        ("humdrum", 20, 18, 22),
        ("abc", 20, 16, 24),
    ],
)
def test_a_reading_may_differ_by_a_share_of_the_notes_or_by_a_few(form, n_counted, few, many):
    tolerance, count = checked.TOLERANCES[form], counts.Count(n_counted)
    assert checked.agree([scale(few)], count, tolerance) == few / n_counted
    assert checked.agree([scale(many)], count, tolerance) == n_counted / many
    for beyond in (few - 1, many + 1):
        with pytest.raises(UnreadableError, match=f"{n_counted} notes counted, {beyond} read"):
            checked.agree([scale(beyond)], count, tolerance)


@pytest.mark.parametrize("form", checked.TOLERANCES)
@pytest.mark.parametrize("counted", [20.0 - 4, 20.0 + 4])
def test_the_end_of_a_reading_may_differ_by_a_bar(form, counted):
    tolerance = checked.TOLERANCES[form]
    ended, begun = (
        counts.Count(20, quarters=counted),
        counts.Count(20, quarters=20.0, last_onset=counted - 1),
    )
    assert checked.agree([scale(20)], ended, tolerance) == 1
    assert checked.agree([scale(20)], begun, tolerance) == 1
    further = 0.01 if counted > 20 else -0.01
    for more in ({"quarters": counted + further}, {"last_onset": counted - 1 + further}):
        with pytest.raises(UnreadableError, match="counted"):
            checked.agree([scale(20)], counts.Count(20, **more), tolerance)


@pytest.mark.parametrize("counted", [{"quarters": 1_000.0}, {"last_onset": 1_000.0}])
def test_the_end_of_a_long_piece_may_differ_by_a_fiftieth_of_it(counted):
    rows = (
        [(0.0, 1.0, 60), (979.0, 1.0, 60)]
        if "quarters" in counted
        else [(0.0, 1.0, 60), (980.0, 1.0, 60)]
    )
    near = Track("a", Notes.of(rows))
    assert checked.agree([near], counts.Count(2, **counted), TIGHT) == 1
    with pytest.raises(UnreadableError, match="counted"):
        checked.agree(
            [Track("a", Notes.of([(0.0, 1.0, 60), (978.0, 1.0, 60)]))],
            counts.Count(2, **counted),
            TIGHT,
        )


def test_a_piece_ends_with_the_last_of_its_parts():
    parts = [scale(20), scale(10, first=70)]
    assert checked.agree(parts, counts.Count(30, quarters=20.0, last_onset=19.0), TIGHT) == 1


@pytest.mark.parametrize(
    ("form", "semitones"), [("midi", 0), ("musicxml", 0), ("humdrum", 0), ("abc", 3)]
)
def test_lowest_and_highest_pitch_may_differ_in_abc_alone(form, semitones):
    tolerance = checked.TOLERANCES[form]
    for sign in (-1, 1):
        for name, pitch in (("lowest", 60), ("highest", 71)):
            near = counts.Count(12, **{name: pitch + sign * semitones})
            assert checked.agree([scale(12)], near, tolerance) == 1
            far = counts.Count(12, **{name: pitch + sign * (semitones + 1)})
            with pytest.raises(UnreadableError, match=f"{name} pitch .* counted, {pitch} read"):
                checked.agree([scale(12)], far, tolerance)


def test_pitches_are_not_compared_where_notes_are_missing():
    assert checked.agree([scale(19)], counts.Count(20, lowest=40, highest=90), TIGHT) == 0.95


def test_as_many_parts_may_be_missing_as_notes():
    parts = [scale(50), scale(49, first=70)]
    assert checked.agree(parts, counts.Count(100, 3), TIGHT) == 0.99
    assert checked.agree(parts, counts.Count(99, 2), TIGHT) == 1
    with pytest.raises(UnreadableError, match="4 parts counted, 2 read"):
        checked.agree(parts, counts.Count(100, 4), TIGHT)
    for form in checked.TOLERANCES:
        with pytest.raises(UnreadableError, match="3 parts counted, 2 read"):
            checked.agree(parts, counts.Count(99, 3), checked.TOLERANCES[form])


def test_drums_and_parts_of_nothing_are_not_counted():
    parts = [scale(20), scale(5, drums=True), scale(0)]
    assert checked.agree(parts, counts.Count(20, 1, lowest=60, highest=71), TIGHT) == 1


def test_a_piece_of_no_notes_agrees_with_a_count_of_none():
    assert checked.agree([], counts.Count(0, 5), TIGHT) == 1
    assert checked.agree([scale(3, drums=True)], counts.Count(2), TIGHT) == 1


DRUMMED = b"\0\x99\x24\x40\x60\x24\0" * 5
STRUCK = b"\0\x90\x3c\x40\x60\x3c\0"


@pytest.mark.parametrize(("n_ended", "n_unended"), [(18, 2), (20, 0)])
def test_of_a_damaged_file_nine_tenths_of_the_notes_counted_are_enough(n_ended, n_unended):
    unended = b"".join(bytes([0, 0x90, 70 + n, 64]) for n in range(n_unended))
    damaged = midi_of(STRUCK * n_ended + unended + DRUMMED) + b"junk"
    found = checked.read_midi(damaged)
    assert found.agreement == n_ended / 20
    assert found.damage.startswith("4 bytes that are no music after the last track")


def test_of_a_damaged_file_less_than_nine_tenths_of_the_notes_counted_are_too_few():
    unended = b"".join(bytes([0, 0x90, 70 + n, 64]) for n in range(3))
    with pytest.raises(UnreadableError, match="disagree: 20 notes counted, 17 read"):
        checked.read_midi(midi_of(STRUCK * 17 + unended + DRUMMED) + b"junk")


def test_a_damaged_file_of_drums_alone_agrees_with_its_count():
    assert checked.read_midi(midi_of(DRUMMED) + b"junk").agreement == 1


_NOTE = "<note><pitch><step>{}</step><octave>{}</octave></pitch><duration>1</duration></note>"

REPEATED = {
    "musicxml": "<score-partwise><part-list><score-part id='P'/></part-list><part id='P'>"
    "<measure><attributes><divisions>1</divisions></attributes>"
    "<barline location='left'><repeat direction='forward'/></barline>"
    + "".join(_NOTE.format(step, 4) for step in "CDEF")
    + "<barline location='right'><repeat direction='backward'/></barline></measure><measure>"
    + "".join(_NOTE.format(*each) for each in ("G4", "A4", "B4", "C5"))
    + "</measure></part></score-partwise>",
    "abc": "X:1\nL:1/4\nK:C\n|:CDEF:|GABc|\n",
    "humdrum": "**kern\n=1!|:\n4c\n4d\n4e\n4f\n=2:|!\n4g\n4a\n4b\n4cc\n==\n*-\n",
}


@pytest.mark.parametrize("form", REPEATED)
def test_a_score_that_was_read_once_is_played_and_taken_as_written(form):
    read = scores.read(REPEATED[form].encode(), form)
    for _ in range(2):  # neither leaves anything behind for the other
        played, written = (
            read.parts(repeats)[0].notes.pitches.tolist() for repeats in (True, False)
        )
        assert played == [60, 62, 64, 65] * 2 + [67, 69, 71, 72]
        assert written == [60, 62, 64, 65, 67, 69, 71, 72]
