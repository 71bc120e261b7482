"""Small MusicXML scores, one construct each, with notes that a hand can count."""

from __future__ import annotations

import gc
import io
import time as clock
import zipfile

import numpy as np
import pytest

from musebar_core.corpus import counts
from musebar_core.corpus.checked import read_score
from musebar_core.corpus.files import read_melody
from musebar_core.corpus.musicxml import archive, read_musicxml, unzip
from musebar_core.corpus.musicxml import score as score_module
from musebar_core.corpus.notes import UnreadableError

ATTRIBUTES = "<divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
REPEAT = '<barline location="right"><repeat direction="backward"{}/></barline>'


def note(name: str, inside: str = "", duration: int = 2, after: str = "") -> str:
    """A note: ``C5`` or ``F#4`` of a quarter; ``inside`` comes first, ``after`` last."""
    alter = "<alter>1</alter>" if "#" in name else ""
    pitch = f"<pitch><step>{name[0]}</step>{alter}<octave>{name[-1]}</octave></pitch>"
    return f"<note>{inside}{pitch}<duration>{duration}</duration>{after}</note>"


def notes(names: str, **changed) -> str:
    return "".join(note(name, **changed) for name in names.split())


def attributes(inside: str) -> str:
    return f"<attributes>{inside}</attributes>"


def transpose(chromatic: int, octave: int = 0, number: str = "") -> str:
    of_staff = f' number="{number}"' if number else ""
    return attributes(
        f"<transpose{of_staff}><chromatic>{chromatic}</chromatic>"
        f"<octave-change>{octave}</octave-change></transpose>"
    )


def measures(*contents: str, first: str = ATTRIBUTES) -> str:
    bodies = [attributes(first) + contents[0], *contents[1:]]
    return "".join(f'<measure number="{n}">{body}</measure>' for n, body in enumerate(bodies, 1))


def score(*parts: str, head: str = "") -> bytes:
    listed = "".join(
        f'<score-part id="P{n}"><part-name>Part {n}</part-name></score-part>'
        for n in range(len(parts))
    )
    bodies = "".join(f'<part id="P{n}">{part}</part>' for n, part in enumerate(parts))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE score-partwise PUBLIC "-//x//DTD y//EN" '
        f'"http://nowhere.invalid/partwise.dtd"><score-partwise>{head}'
        f"<part-list>{listed}</part-list>{bodies}</score-partwise>"
    ).encode()


def pitches(content: bytes, part: int = 0, play_repeats: bool = True) -> list[int]:
    return read_musicxml(content).parts(play_repeats)[part].notes.pitches.tolist()


def rows(content: bytes, part: int = 0) -> list[tuple[float, float, int]]:
    found = read_musicxml(content).parts()[part].notes
    return list(
        zip(found.onsets.tolist(), found.durations.tolist(), found.pitches.tolist(), strict=True)
    )


def test_a_part_in_b_flat_sounds_two_semitones_lower():
    assert pitches(score(measures(transpose(-2) + notes("C5 D5")))) == [70, 72]


def test_a_guitar_sounds_an_octave_lower_by_its_transposition_and_never_by_its_clef():
    clef = "<clef><sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change></clef>"
    assert pitches(score(measures(attributes(clef) + notes("C5")))) == [72]
    assert pitches(score(measures(attributes(clef) + transpose(0, -1) + notes("C5")))) == [60]


def test_sibelius_gives_the_octave_of_a_clef_twice_and_it_counts_once():
    clef = "<clef><sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change></clef>"
    software = "<identification><encoding><software>{}</software></encoding></identification>"
    both = measures(attributes(clef) + transpose(0, -1) + notes("C5"))
    assert pitches(score(both, head=software.format("Sibelius 7.0.0"))) == [72]
    assert pitches(score(both, head=software.format("Another"))) == [60]
    plain = measures(transpose(0, -1) + notes("C5"))
    assert pitches(score(plain, head=software.format("Sibelius 7.0.0"))) == [60]


@pytest.mark.parametrize(
    ("double", "pitch"),
    [("<double/>", 60), ('<double above="no"/>', 60), ('<double above="yes"/>', 72)],
)
def test_a_part_that_is_doubled_in_an_octave_is_its_higher_one(double, pitch):
    octave_below = transpose(0, -1).replace("</transpose>", f"{double}</transpose>")
    content = score(measures(octave_below + notes("C5 D5")))
    assert pitches(content) == [pitch, pitch + 2]
    assert read_score(content, "musicxml").agreement == 1


def test_every_step_of_the_scale_in_every_octave_of_midi_is_its_pitch():
    assert pitches(score(measures(notes("C4 D4 E4 F4 G4 A4 B4")))) == [60, 62, 64, 65, 67, 69, 71]
    lowest = note("C0").replace("<octave>0", "<octave>-1")
    assert pitches(score(measures(lowest + notes("C0 G9 G#9")))) == [0, 12, 127]


def test_a_written_pitch_beyond_midi_is_one_if_it_sounds_within():
    assert pitches(score(measures(transpose(0, -2) + notes("C9").replace(">9<", ">10<")))) == [108]


def test_a_transposition_of_over_ten_octaves_is_cut():
    assert pitches(score(measures(transpose(200) + notes("C4").replace(">4<", ">-1<")))) == [127]


def test_a_transposition_of_all_staves_takes_those_of_single_ones_back():
    back = "<backup><duration>2</duration></backup>"
    both = notes("C5") + back + notes("C4", after="<staff>2</staff>")
    content = score(measures(transpose(-2, number="2") + both, transpose(1) + both))
    assert (pitches(content, 0), pitches(content, 1)) == ([72, 73], [58, 61])
    two = transpose(-2, number="1") + transpose(-3, number="2")
    assert [pitches(score(measures(two + both)), part) for part in (0, 1)] == [[70], [57]]


def test_a_change_of_instrument_transposes_from_there_on_in_every_voice():
    first = notes("C5 C5") + transpose(-2) + notes("C5 C5")
    second = "<backup><duration>8</duration></backup>" + notes("C4 C4 C4 C4")
    content = score(measures(first + second, notes("C5")))
    assert rows(content) == [
        (0, 1, 72),
        (0, 1, 60),
        (1, 1, 72),
        (1, 1, 60),
        (2, 1, 70),
        (2, 1, 58),
        (3, 1, 70),
        (3, 1, 58),
        (4, 1, 70),
    ]


def test_a_transposition_of_one_staff_leaves_the_other():
    staves = notes("C5", after="<staff>1</staff>") + "<backup><duration>2</duration></backup>"
    content = score(
        measures(transpose(-2, number="1") + staves + notes("C4", after="<staff>2</staff>"))
    )
    assert (pitches(content, 0), pitches(content, 1)) == ([70], [60])


def test_the_melody_is_the_part_that_sounds_highest_not_the_one_that_is_written_highest():
    tuba = measures(transpose(0, -2) + notes("C6 D6 E6 F6"))
    flute = measures(notes("C5 D5 E5 F5"))
    melody = read_melody(score(tuba, flute), ".musicxml")
    assert (melody.track, melody.notes.pitches.tolist()) == ("Part 1", [72, 74, 76, 77])


def test_cue_notes_take_time_and_do_not_sound():
    cue = note("C6", "<cue/>")
    assert rows(score(measures(cue + notes("C5")))) == [(1, 1, 72)]


def test_grace_notes_take_no_time_and_do_not_sound():
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    assert rows(score(measures(notes("C5") + grace + notes("E5")))) == [(0, 1, 72), (1, 1, 76)]


def test_chord_symbols_and_percussion_without_pitch_are_no_notes():
    harmony = "<harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>"
    drum = "<note><unpitched/><duration>2</duration></note>"
    assert rows(score(measures(harmony + drum + notes("C5")))) == [(1, 1, 72)]


DRUMS = (
    '<score-part id="P1"><part-name>Drums</part-name><midi-instrument id="I">{}</midi-instrument>'
    "</score-part>"
)


def test_a_sign_of_a_barline_is_of_the_name_that_the_barline_gives():
    signs = [f'<barline location="left" segno="{n}"><segno/></barline>' for n in "ab"]
    back = '<sound dalsegno="a"/>'
    content = score(measures(note("C5"), signs[0] + note("D5"), signs[1] + note("E5") + back))
    assert pitches(content) == [72, 74, 76, 74, 76]


@pytest.mark.parametrize(
    ("played_on", "clef"),
    [
        ("<midi-channel>10</midi-channel>", ""),
        ("<midi-channel>2</midi-channel><midi-unpitched>36</midi-unpitched>", ""),
        ("<midi-channel>2</midi-channel>", "<clef><sign>percussion</sign></clef>"),
    ],
    ids=["channel 10", "an instrument without pitch", "a clef of percussion"],
)
def test_drums_are_no_melody_however_high_they_are_written(played_on, clef):
    high = measures(attributes(clef) + notes("C7 C7 C7 C7"))
    written = score(measures(notes("C5 D5 E5 F5")), high).decode()
    listed = '<score-part id="P1"><part-name>Part 1</part-name></score-part>'
    content = written.replace(listed, DRUMS.format(played_on)).encode()
    melody = read_melody(content, ".musicxml")
    assert (melody.notes.pitches.tolist(), melody.agreement) == ([72, 74, 76, 77], 1)


def test_a_staff_is_read_again_where_a_clef_of_percussion_ends():
    clefs = [f"<clef number='2'><sign>{sign}</sign></clef>" for sign in ("percussion", "F")]
    content = score(
        measures(
            attributes(clefs[0]) + note("C5") + note("C3", after="<staff>2</staff>"),
            attributes(clefs[1]) + note("D5") + note("D3", after="<staff>2</staff>"),
        )
    )
    assert (pitches(content), pitches(content, part=1)) == ([72, 74], [50])


def only(turn: str, names: str) -> str:
    return notes(names).replace("<note>", f'<note time-only="{turn}">')


@pytest.mark.parametrize("dynamics", ["0", "0.0", "0.00"])
def test_a_note_without_any_loudness_takes_time_and_does_not_sound(dynamics):
    silent = note("D5").replace("<note>", f'<note dynamics="{dynamics}">')
    soft = note("E5").replace("<note>", '<note dynamics="0.5">')
    assert rows(score(measures(note("C5") + silent + soft))) == [(0, 1, 72), (2, 1, 76)]


def test_notes_of_some_times_through_a_repeat_sound_in_these():
    back = "<backup><duration>4</duration></backup>"
    verses = only("1", "C5 D5") + back + only("2,3", "E5 F5") + notes("G5 A5")
    content = score(measures(verses + REPEAT.format(' times="3"'), notes("C5 C5 C5 C5")))
    tail = [79, 81]
    assert pitches(content) == [*[72, 74, *tail], *2 * [76, 77, *tail], *4 * [72]]
    assert pitches(content, play_repeats=False) == [72, 74, *tail, *4 * [72]]
    assert read_score(content, "musicxml").agreement >= 0.5


def test_what_is_of_the_first_time_alone_does_not_sound_when_it_comes_again():
    content = score(measures(only("1", "C5 D5") + notes("E5 F5") + REPEAT.format("")))
    assert rows(content) == [
        *[(0, 1, 72), (1, 1, 74), (2, 1, 76), (3, 1, 77)],
        *[(6, 1, 76), (7, 1, 77)],
    ]


def test_each_time_has_the_highest_note_of_its_chord():
    chord = only("1", "G5") + note("C5", "<chord/>")
    assert pitches(score(measures(chord + REPEAT.format("")))) == [79, 72, 72]


def test_notes_that_are_not_printed_sound():
    hidden = note("C5").replace("<note>", '<note print-object="no">')
    assert pitches(score(measures(hidden))) == [72]


def test_a_chord_is_its_highest_note_in_whatever_order_it_is_written():
    chord = note("E5") + note("G5", "<chord/>") + note("C5", "<chord/>")
    assert rows(score(measures(chord + notes("D5")))) == [(0, 1, 79), (1, 1, 74)]


def test_voices_share_a_measure():
    lower = "<backup><duration>4</duration></backup><forward><duration>2</duration></forward>"
    content = score(measures(notes("C5 D5") + lower + notes("A4"), notes("E5")))
    assert rows(content) == [(0, 1, 72), (1, 1, 74), (1, 1, 69), (2, 1, 76)]


def test_staves_are_parts_of_their_own():
    both = notes("C5", after="<staff>1</staff>") + "<backup><duration>2</duration></backup>"
    content = score(measures(both + notes("C3", after="<staff>2</staff>")))
    assert (pitches(content, 0), pitches(content, 1)) == ([72], [48])


def test_a_tie_over_a_barline_is_one_note():
    content = score(
        measures(
            note("C5", duration=8, after='<tie type="start"/>'),
            note("C5", after='<tie type="stop"/>') + notes("C5"),
        )
    )
    assert rows(content) == [(0, 5, 72), (5, 1, 72)]


def test_a_tie_that_is_only_drawn_is_one_too():
    drawn = '<notations><tied type="{}"/></notations>'
    tied = note("C5", after=drawn.format("start")) + note("C5", after=drawn.format("stop"))
    assert rows(score(measures(tied))) == [(0, 2, 72)]


def test_a_tie_that_sounds_comes_before_one_that_is_drawn():
    stop = '<tie type="stop"/><notations><tied type="start"/></notations>'
    tied = note("C5", after='<tie type="start"/>') + note("C5", after=stop)
    assert rows(score(measures(tied + note("C5", after='<tie type="stop"/>')))) == [
        *[(0, 2, 72), (2, 1, 72)],
    ]


def test_a_note_tied_into_both_endings_is_held_into_both():
    tied = note("C5", after='<tie type="start"/>')
    held = note("C5", after='<tie type="stop"/>')
    first = '<barline location="left"><ending number="1" type="start"/></barline>'
    end = REPEAT.format("").replace("<repeat", '<ending number="1" type="stop"/><repeat')
    second = '<barline location="left"><ending number="2" type="start"/></barline>'
    content = score(measures(notes("G4") + tied, first + held + end, second + held + notes("E5")))
    assert rows(content) == [(0, 1, 67), (1, 2, 72), (3, 1, 67), (4, 2, 72), (6, 1, 76)]


def test_a_tie_from_a_bar_that_is_not_played_before_strikes_anew():
    opens = '<barline location="left"><repeat direction="forward"/></barline>'
    tied = note("C5", after='<tie type="start"/>')
    held = note("C5", after='<tie type="stop"/>')
    content = score(measures(tied, opens + held + notes("D5") + REPEAT.format("")))
    assert rows(content) == [(0, 2, 72), (2, 1, 74), (3, 1, 72), (4, 1, 74)]


def test_a_repeat_of_three_times_is_played_three_times():
    content = score(measures(notes("C5") + REPEAT.format(' times="3"'), notes("D5")))
    assert pitches(content) == [72, 72, 72, 74]
    assert pitches(content, play_repeats=False) == [72, 74]


@pytest.mark.parametrize(
    ("times", "n"),
    [("", 2), ("0", 1), ("1", 1), ("twice", 2), ("²", 2), ("-3", 2), ("9" * 12, 1000)],
)
def test_a_repeat_is_played_as_often_as_a_number_says_a_thousand_times_at_most(times, n):
    content = score(measures(notes("C5") + REPEAT.format(f' times="{times}"')))
    assert len(pitches(content)) == n


@pytest.mark.parametrize(("after_jump", "played"), [("yes", [72, 72, 74]), ("no", [72, 74])])
def test_a_repeat_may_be_played_again_after_a_jump(after_jump, played):
    back = REPEAT.format(f' after-jump="{after_jump}"')
    content = score(measures(notes("C5") + back, notes("D5") + '<sound dacapo="yes"/>'))
    assert pitches(content) == [72, 72, 74, *played]
    before = back.replace("right", "left")  # at the next measure's beginning
    content = score(measures(notes("C5"), before + notes("D5") + '<sound dacapo="yes"/>'))
    assert pitches(content) == [72, 72, 74, *played]


def test_a_repeat_may_close_at_the_beginning_of_the_next_measure():
    close = REPEAT.format("").replace("right", "left")
    opens = '<barline location="left"><repeat direction="forward"/></barline>'
    content = score(measures(notes("C5"), opens + notes("D5"), notes("E5"), close + notes("F5")))
    assert pitches(content) == [72, 74, 76, 74, 76, 77]


def test_a_duration_that_is_no_number_takes_no_time():
    long = note("D5").replace("<duration>2<", "<duration>long<")
    assert rows(score(measures(notes("C5") + long + notes("E5")))) == [(0, 1, 72), (1, 1, 76)]


def test_where_divisions_are_not_said_one_is_a_quarter():
    bare = ATTRIBUTES.replace("<divisions>2</divisions>", "")
    content = score(measures(notes("C5 D5", duration=1), first=bare))
    assert rows(content) == [(0, 1, 72), (1, 1, 74)]


def test_a_transposition_that_is_no_number_is_none():
    part = attributes("<transpose><chromatic>two</chromatic></transpose>") + notes("C5")
    assert pitches(score(measures(part))) == [72]


def test_a_barline_that_says_no_side_is_at_the_right():
    close = REPEAT.format("").replace(' location="right"', "")
    content = score(measures(notes("C5"), notes("D5") + close, notes("E5")))
    assert pitches(content) == [72, 74, 72, 74, 76]


def test_ties_that_are_drawn_and_not_said_are_counted_as_they_are_read():
    begins = note("C5", after='<notations><tied type="start"/></notations>')
    ends = note("C5", after='<notations><tied type="stop"/></notations>')
    content = score(measures(*[begins + ends] * 4))
    checked = read_score(content, "musicxml")
    assert (len(checked.parts[0].notes), checked.agreement) == (4, 1)


def test_a_voice_written_later_is_shifted_as_the_part_is_however_times_round():
    thirds = ATTRIBUTES.replace("<divisions>2<", "<divisions>3<")
    upper = note("C5", duration=2) + note("D5", duration=3)
    lower = "<backup><duration>5</duration></backup>" + note("E3", duration=5)
    content = score(measures(transpose(-12) + upper + lower, first=thirds))
    assert read_score(content, "musicxml").agreement == 1
    sixths = ATTRIBUTES.replace("<divisions>2<", "<divisions>6<")
    upper = "".join(note("C4", duration=4) for _ in range(3)) + transpose(-2)
    lower = "".join(note("G5", duration=lasts) for lasts in (4, 6, 2, 6))
    both = upper + note("C4", duration=6) + "<backup><duration>18</duration></backup>" + lower
    assert pitches(score(measures(both, first=sixths)))[-2:] == [77, 58]


ENDING = '<barline location="{}"><ending number="{}" type="{}">{}</ending></barline>'


@pytest.mark.parametrize(
    ("first", "second", "played"),
    [
        ("1", "2", "ABACD"),
        ("1,2", "3", "ABABACD"),
        ("1 - 2", "3", "ABABACD"),
        ("1-2", "3", "ABABACD"),
        ("1, 3", "2, 4", "ABACABACD"),
        ("0,1", "2", "ABACD"),
    ],
)
def test_endings_are_played_in_the_passes_that_they_name(first, second, played):
    times = len(played) // 2
    bars = [
        notes("A4"),
        ENDING.format("left", first, "start", "") + notes("B4") + REPEAT.format(""),
        ENDING.format("left", second, "start", "")
        + notes("C5")
        + (REPEAT.format(f' times="{times}"') if "4" in second else "")
        + ENDING.format("right", second, "stop", ""),
        notes("D5"),
    ]
    steps = {"A": 69, "B": 71, "C": 72, "D": 74}
    assert pitches(score(measures(*bars))) == [steps[name] for name in played]


def test_an_ending_may_have_its_number_in_its_text_and_last_until_it_stops():
    bars = [
        notes("A4"),
        ENDING.format("left", "", "start", "1.") + notes("B4"),
        notes("C5") + REPEAT.format(""),
        ENDING.format("left", "", "start", "2.") + notes("D5"),
        notes("E5") + ENDING.format("right", "", "discontinue", ""),
        notes("F5") + REPEAT.format(""),
    ]
    assert pitches(score(measures(*bars))) == [69, 71, 72, 69, 74, 76, 77, 77]


def test_a_bracket_lasts_over_all_measures_until_it_closes():
    bars = [
        notes("A4"),
        ENDING.format("left", "1", "start", "") + notes("B4"),
        *[notes("B4")] * 9,
        notes("C5") + REPEAT.format(""),
        ENDING.format("left", "2", "start", "") + notes("D5"),
    ]
    assert pitches(score(measures(*bars))) == [69, *[71] * 10, 72, 69, 74]


def test_a_bracket_ends_where_a_repeat_is_opened_though_nothing_stops_it():
    opens = '<barline location="left"><repeat direction="forward"/></barline>'
    bars = [
        notes("A4"),
        ENDING.format("left", "1", "start", "") + notes("B4") + REPEAT.format(""),
        ENDING.format("left", "2", "start", "") + notes("C5"),
        opens + notes("D5") + REPEAT.format(""),
        notes("E5"),
    ]
    assert pitches(score(measures(*bars))) == [69, 71, 69, 72, 74, 74, 76]


def test_signs_that_stand_in_different_parts_are_those_of_all():
    upper = [notes("C5"), notes("D5"), notes("E5"), notes("F5") + '<sound dalsegno="yes"/>']
    lower = [notes("C4"), '<sound segno="yes"/>' + notes("D4"), notes("E4"), notes("F4")]
    fine = '<sound fine="yes"/>'
    third = [notes("C3"), notes("D3"), notes("E3") + fine, notes("F3")]
    content = score(measures(*upper), measures(*lower), measures(*third))
    assert [pitches(content, part) for part in range(3)] == [
        [base, base + 2, base + 4, base + 5, base + 2, base + 4] for base in (72, 60, 48)
    ]
    tocoda, coda, dacapo = (f'<sound {name}="yes"/>' for name in ("tocoda", "coda", "dacapo"))
    upper = [notes("C5") + tocoda, notes("D5"), notes("E5")]
    lower = [notes("C4"), notes("D4") + dacapo, coda + notes("E4")]
    assert pitches(score(measures(*upper), measures(*lower))) == [72, 74, 72, 76]
    ended = ENDING.format("left", "1", "start", "") + notes("D4") + REPEAT.format("")
    upper, lower = [notes("C5"), notes("D5"), notes("E5")], [notes("C4"), ended, notes("E4")]
    assert pitches(score(measures(*upper), measures(*lower))) == [72, 74, 72, 76]


def test_a_repeat_that_parts_say_differently_is_played_as_often_as_the_most_says():
    one, other = (notes("C5") + REPEAT.format(f' times="{n}"') for n in (2, 3))
    for parts in ((one, other), (other, one)):
        assert len(pitches(score(*map(measures, parts)))) == 3


def test_a_repeat_sign_within_a_measure_cuts_it():
    middle = '<barline location="middle"><repeat direction="{}"/></barline>'
    content = score(
        measures(notes("C5 D5") + middle.format("backward") + notes("E5 F5"), notes("G5"))
    )
    assert rows(content)[:6] == [
        (0, 1, 72),
        (1, 1, 74),
        (2, 1, 72),
        (3, 1, 74),
        (4, 1, 76),
        (5, 1, 77),
    ]
    content = score(
        measures(notes("C5 D5") + middle.format("forward") + notes("E5 F5") + REPEAT.format(""))
    )
    assert pitches(content) == [72, 74, 76, 77, 76, 77]


def test_repeats_of_one_part_are_those_of_all():
    repeated = measures(notes("C5") + REPEAT.format(""), notes("D5"))
    assert pitches(score(repeated, measures(notes("C4"), notes("D4"))), 1) == [60, 60, 62]


@pytest.mark.parametrize(
    ("capo", "fine"),
    [
        ('<sound dacapo="yes"/>', '<sound fine="yes"/>'),
        (
            "<direction><direction-type><words>D.C. al Fine</words></direction-type></direction>",
            "<direction><direction-type><words>Fine</words></direction-type></direction>",
        ),
        (
            "<direction><direction-type><words>(D.C. al Fin)</words></direction-type></direction>",
            "<direction><direction-type><words>Fin</words></direction-type></direction>",
        ),
        *[
            (
                f"<direction><direction-type><words>{capo}</words></direction-type></direction>",
                "<direction><direction-type><words>- Fine -</words></direction-type></direction>",
            )
            for capo in ("Da Capo a Fine", "DC al fine", "d.c. AL FINE", "*D. C. al Fine")
        ],
    ],
)
def test_da_capo_al_fine_is_played_by_sound_and_by_words(capo, fine):
    content = score(measures(notes("C5"), notes("D5") + fine, notes("E5") + capo))
    assert pitches(content) == [72, 74, 76, 72, 74]


def test_two_signs_of_a_coda_are_where_to_leave_and_where_to_go():
    sign = "<direction><direction-type><{}/></direction-type></direction>"
    words = "<direction><direction-type><words>D.S. al Coda</words></direction-type></direction>"
    bars = [
        notes("C5"),
        sign.format("segno") + notes("D5") + sign.format("coda"),
        notes("E5") + words,
        sign.format("coda") + notes("F5"),
    ]
    assert pitches(score(measures(*bars))) == [72, 74, 76, 74, 77]


@pytest.mark.parametrize(
    ("back", "leave"),
    [
        ("D.S. al Coda", "To Coda"),
        ("Dal Segno al Coda", "al Coda"),
        ("DS e poi la Coda", "Da Coda"),
        ("d. s. e poi coda", "to  coda"),
        ("D.S. to Coda", "to coda"),
        ("D.S. a Coda", "[To Coda]"),
    ],
)
def test_words_lead_to_the_segno_and_to_the_coda(back, leave):
    bars = [
        notes("C5"),
        direction("<segno/>") + notes("D5") + direction(f"<words>{leave}</words>"),
        notes("E5") + direction(f"<words>{back}</words>"),
        direction("<words>- CODA -</words>") + notes("F5"),
    ]
    assert pitches(score(measures(*bars))) == [72, 74, 76, 74, 77]


@pytest.mark.parametrize(
    "words", ["Discant", "Da capella", "DCI", "al codas", "fined", "dolce", "Dalton segno", "DSM"]
)
def test_words_that_begin_alike_are_no_jump(words):
    said = direction(f"<words>{words}</words>")
    assert pitches(score(measures(notes("C5") + said, notes("D5") + said))) == [72, 74]


@pytest.mark.parametrize("words", ["D.C. al Fine", "D.C. al Coda", "D.S. al Fine"])
def test_a_jump_to_an_end_that_is_not_there_is_none(words):
    bars = [direction("<segno/>") + notes("C5"), notes("D5") + direction(f"<words>{words}</words>")]
    assert pitches(score(measures(*bars))) == [72, 74]


def test_what_words_beside_a_sound_say_of_its_end_is_meant():
    capo = direction("<words>D.C. al Fine</words>", 'dacapo="yes"')
    assert pitches(score(measures(notes("C5"), notes("D5") + capo))) == [72, 74]
    segno = direction("<words>D.S. al Coda</words>", 'dalsegno="yes"')
    start = direction("<segno/>") + notes("C5")
    assert pitches(score(measures(start, notes("D5") + segno))) == [72, 74]


def test_a_sound_that_says_no_is_none():
    capo = '<sound dacapo="no" tempo="90"/>'
    assert pitches(score(measures(notes("C5"), notes("D5") + capo))) == [72, 74]


def test_a_sound_of_a_repeat_leaves_the_words_beside_it_their_meaning():
    both = direction("<words>D.C.</words>", 'forward-repeat="yes"')
    assert pitches(score(measures(notes("C5"), both + notes("D5")))) == [72, 74, 72, 74]
    tempo = direction("<words>D.C.</words>", 'tempo="90"')
    assert pitches(score(measures(notes("C5"), notes("D5") + tempo))) == [72, 74, 72, 74]


@pytest.mark.parametrize("name", ["segno", "coda"])
def test_signs_of_a_barline_begin_its_bar(name):
    sign = f'<barline location="left"><{name}/></barline>'
    jump = '<sound dalsegno="yes"/>' if name == "segno" else '<sound dacapo="yes"/>'
    bars = [notes("C5") + ('<sound tocoda="yes"/>' if name == "coda" else ""), notes("D5") + jump]
    if name == "segno":
        assert pitches(score(measures(bars[0], sign + bars[1]))) == [72, 74, 74]
    else:
        assert pitches(score(measures(*bars, sign + notes("E5")))) == [72, 74, 72, 76]


def direction(inside: str, sound: str = "") -> str:
    kind = f"<direction-type>{inside}</direction-type>"
    return f"<direction>{kind}{f'<sound {sound}/>' if sound else ''}</direction>"


def test_a_fine_within_a_bar_ends_the_piece_there():
    for fine in ('<sound fine="yes"/>', direction("<words>Fine</words>", 'fine="yes"')):
        within = note("D5", duration=4) + fine + note("E5", duration=4)
        capo = note("F5", duration=8) + '<sound dacapo="yes"/>'
        content = score(measures(note("C5", duration=8), within, capo))
        again = [(12, 4, 72), (16, 2, 74)]
        assert rows(content) == [(0, 4, 72), (4, 2, 74), (6, 2, 76), (8, 4, 77), *again]
        assert read_score(content, "musicxml").agreement == 1


@pytest.mark.parametrize(
    ("offset", "played"),
    [
        ("<offset>4</offset><sound fine='yes'/>", [72, 74, 76, 77]),
        ("<offset sound='yes'>4</offset><sound fine='yes'/>", [72, 74]),
        ("<sound fine='yes'><offset>4</offset></sound>", [72, 74]),
    ],
    ids=["of the page", "of the direction's sound", "of the sound"],
)
def test_an_offset_moves_a_sign_if_it_is_meant_for_sound(offset, played):
    fine = f"<direction><direction-type><words>Fine</words></direction-type>{offset}</direction>"
    content = score(measures(fine + notes("C5 D5 E5 F5"), note("G5") + '<sound dacapo="yes"/>'))
    assert pitches(content) == [72, 74, 76, 77, 79, *played]


def test_an_offset_to_before_its_measure_is_to_its_beginning():
    segno = '<sound segno="1"><offset>-4</offset></sound>'
    content = score(measures(notes("C5"), segno + notes("D5 E5") + '<sound dalsegno="1"/>'))
    assert pitches(content) == [72, 74, 76, 74, 76]


def test_a_segno_within_a_bar_is_where_the_music_goes_back_to():
    upbeat = note("D5", duration=6) + direction("<segno/>", 'segno="1"') + notes("E5")
    back = note("F5", duration=6) + '<sound dalsegno="1"/>' + notes("G5")
    content = score(measures(upbeat, back))
    first = [(0, 3, 74), (3, 1, 76), (4, 3, 77)]
    assert rows(content) == [*first, (7, 1, 76), (8, 3, 77), (11, 1, 79)]


@pytest.mark.parametrize("end", ["", "<note><rest/><duration>2</duration></note>"])
def test_a_jump_behind_the_last_note_of_a_bar_waits_for_its_end(end):
    last = notes("D5 E5 F5") + '<sound dacapo="yes"/>' + end
    content = score(
        measures(notes("C5 C5 C5 C5"), last), measures(notes("C4"), notes("D4 E4 F4 G4"))
    )
    assert rows(content)[7] == (8, 1, 72)


def test_words_are_put_where_there_is_room_and_mean_the_bar():
    within = notes("D5") + direction("<words>Fine</words>") + notes("E5")
    content = score(measures(notes("C5"), within, notes("F5") + '<sound dacapo="yes"/>'))
    assert pitches(content) == [72, 74, 76, 77, 72, 74, 76]


def test_a_jump_that_parts_place_otherwise_is_taken_once_at_the_end_of_its_bar():
    capo = '<sound dacapo="yes"/>'
    within = measures(notes("C5 D5") + capo + notes("E5 F5"))
    behind = measures(notes("C4 D4 E4 F4") + capo)
    assert pitches(score(within, behind)) == [72, 74, 76, 77] * 2
    other = measures(notes("C4") + capo + notes("D4 E4 F4"))
    assert pitches(score(within, other)) == [72, 74, 72, 74, 76, 77]


@pytest.mark.parametrize(
    "to_coda",
    [
        direction("<words>To Coda</words>") + direction("<coda/>"),
        direction("<words>To Coda </words></direction-type><direction-type><coda/>"),
        direction("<coda/>"),
    ],
    ids=["words and sign", "of one direction", "sign"],
)
def test_the_sign_beside_to_coda_is_no_coda_from_which_a_repeat_goes_back(to_coda):
    bars = [
        notes("C5"),
        notes("D5") + to_coda,
        notes("E5") + REPEAT.format(""),
        notes("F5") + direction("<words>D.C. al Coda</words>"),
        direction("<coda/>") + notes("G5"),
    ]
    assert pitches(score(measures(*bars))) == [72, 74, 76, 72, 74, 76, 77, 72, 74, 79]


def test_signs_of_one_name_belong_together():
    bars = [
        direction("<segno/>", 'segno="a"') + notes("C5"),
        direction("<segno/>", 'segno="b"') + notes("D5") + '<sound tocoda="y"/>',
        notes("E5") + '<sound dalsegno="a"/>',
        direction("<coda/>", 'coda="x"') + notes("F5"),
        direction("<coda/>", 'coda="y"') + notes("G5"),
    ]
    assert pitches(score(measures(*bars))) == [72, 74, 76, 72, 74, 79]


@pytest.mark.parametrize(
    "opens",
    ['<sound forward-repeat="yes"/>', direction("<words>Trio</words>", 'forward-repeat="yes"')],
)
def test_a_repeat_may_be_opened_by_a_sound(opens):
    close = REPEAT.format("")
    at_start = [notes("C5"), opens + notes("D5") + close]
    within = [notes("C5") + opens + notes("D5"), notes("E5") + close]
    at_end = [notes("C5") + opens, notes("D5") + close]
    assert pitches(score(measures(*at_start))) == [72, 74, 74]
    assert pitches(score(measures(*within))) == [72, 74, 76, 74, 76]
    assert pitches(score(measures(*at_end))) == [72, 74, 74]


def test_a_repeat_sign_at_the_other_side_of_a_bar_belongs_to_the_next_bar():
    side = '<barline location="{}"><repeat direction="{}"/></barline>'
    closes = [notes("C5"), side.format("left", "backward") + notes("D5")]
    assert pitches(score(measures(*closes))) == [72, 72, 74]
    opens = [notes("C5") + side.format("right", "forward"), notes("D5") + REPEAT.format("")]
    assert pitches(score(measures(*opens))) == [72, 74, 74]


def test_a_repeat_that_closes_at_the_end_of_an_empty_measure_repeats_it_too():
    content = score(measures(notes("C5"), REPEAT.format(""), notes("D5")))
    assert rows(content) == [(0, 1, 72), (5, 1, 72), (10, 1, 74)]


def test_a_score_of_too_many_measures_and_staves_is_refused(monkeypatch):
    monkeypatch.setattr(score_module, "MOST_CELLS", 4)
    two = measures(notes("C5"), notes("D5"))
    assert pitches(score(two, two)) == [72, 74]
    with pytest.raises(UnreadableError, match="2 measures of 3 staves"):
        pitches(score(two, two, two))


def test_a_pickup_lasts_as_long_as_its_notes_whatever_rests_other_parts_have():
    melody = measures(notes("G4"), notes("C5")).replace('number="1"', 'number="1" implicit="yes"')
    rest = '<note><rest measure="yes"/><duration>8</duration></note>'
    assert rows(score(melody, measures(rest, notes("C4"))), 0) == [(0, 1, 67), (1, 1, 72)]


REST = '<note><rest measure="yes"/><duration>{}</duration></note>'


def time(beats: str, beat_type: str = "4") -> str:
    return attributes(f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>")


@pytest.mark.parametrize(
    ("signature", "quarters"),
    [
        (time("3"), 3),
        (time("3+2", "8"), 2.5),
        (time("3", "1"), 12),
        (time("3", "0"), 4),
        (time("x"), 4),
        (time("0"), 4),
        (time("100000", "4"), 4),
        (attributes("<time><senza-misura/></time>"), 4),
        (time("2").replace("</time>", "<beats>3</beats><beat-type>8</beat-type></time>"), 3.5),
    ],
)
def test_an_empty_measure_lasts_as_its_time_signature_says(signature, quarters):
    content = score(measures(notes("C5 D5 E5 F5"), signature, notes("G5")))
    assert rows(content)[-1] == (4 + quarters, 1, 79)


def test_a_measure_lasts_as_its_time_signature_where_a_part_agrees():
    short, full = measures(notes("C5 D5"), notes("E5")), measures(notes("C4 D4 E4 F4"))
    long = measures(notes("C3 D3 E3 F3 G3"))
    assert rows(score(short, full, long))[-1] == (4, 1, 76)


def test_a_measure_that_no_part_fills_lasts_as_its_longest_part_with_notes():
    upper, lower = measures(notes("C5 D5"), notes("E5")), measures(notes("C4"))
    silent = measures("<forward><duration>6</duration></forward>")
    assert rows(score(upper, lower, silent))[-1] == (2, 1, 76)


def test_a_measure_of_nothing_but_a_rest_lasts_as_the_rest():
    rest = REST.format(6)
    assert rows(score(measures(rest, notes("C5")), measures(REST.format(4))))[-1] == (3, 1, 72)


def test_a_measure_of_skips_alone_lasts_as_the_longest():
    skips = (f"<forward><duration>{n}</duration></forward>" for n in (4, 6))
    assert rows(score(*(measures(skip, notes("C5")) for skip in skips)), 0) == [(3, 1, 72)]


def test_to_go_back_beyond_the_beginning_of_a_measure_is_to_its_beginning():
    back = "<backup><duration>99</duration></backup>"
    content = score(measures(notes("C5") + back + note("C4", duration=4), notes("D5")))
    assert rows(content) == [(0, 1, 72), (0, 2, 60), (2, 1, 74)]


def test_a_part_that_ends_early_has_no_more_measures():
    content = score(measures(notes("C5"), notes("D5")), measures(notes("C4")))
    assert (pitches(content), pitches(content, 1)) == ([72, 74], [60])


def test_a_part_without_notes_is_one_still():
    tracks = read_musicxml(score(measures(REST.format(8)), measures(notes("C5")))).parts()
    assert [(track.name, len(track.notes)) for track in tracks] == [("Part 0", 0), ("Part 1", 1)]


def test_a_score_without_parts_has_none():
    empty = read_musicxml(b"<score-partwise><part-list/></score-partwise>")
    assert (empty.title, empty.parts()) == ("", [])


def test_divisions_that_are_none_leave_those_before():
    content = score(measures(notes("C5"), attributes("<divisions>0</divisions>") + notes("D5 E5")))
    assert rows(content)[-1] == (2, 1, 76)


def test_a_rest_of_a_measure_lasts_as_long_as_the_others_of_its_measure():
    content = score(measures(notes("C5"), notes("D5")), measures(REST.format(8), notes("C4")))
    assert rows(content, 1) == [(1, 1, 60)]


def test_a_longest_note_is_cut():
    content = score(measures(note("C5", duration=10**8) + note("D5")))
    assert rows(content) == [(0, 100_000, 72), (100_000, 1, 74)]


def test_a_piece_without_end_is_refused():
    bars = [note("C5", duration=200_000) for _ in range(11)]
    assert len(pitches(score(measures(*bars[:10])))) == 10
    with pytest.raises(UnreadableError, match=r"it is 1\.1e\+06 quarter notes long"):
        pitches(score(measures(*bars)))


def test_a_part_that_is_short_of_a_beat_stays_in_time_with_the_others():
    short = measures(notes("C5 D5 E5"), notes("F5"))
    full = measures(notes("C4 D4 E4 F4"), notes("G4"))
    assert rows(score(short, full))[-1] == (4, 1, 77)


def test_signs_of_measure_repetition_are_played():
    style = '<measure-style><measure-repeat type="{}">1</measure-repeat></measure-style>'
    rest = '<note><rest measure="yes"/><duration>8</duration></note>'
    content = score(
        measures(
            notes("C5 D5 E5 F5"),
            attributes(style.format("start")) + rest,
            attributes(style.format("stop")) + notes("G5"),
        )
    )
    assert pitches(content) == [72, 74, 76, 77, 72, 74, 76, 77, 79]


SIMILE = '<measure-style{}><measure-repeat type="{}">{}</measure-repeat></measure-style>'


def test_a_sign_of_measure_repetition_may_repeat_several_measures():
    two = attributes(SIMILE.format("", "start", "2"))
    stop = attributes(SIMILE.format("", "stop", ""))
    content = score(measures(notes("C5"), notes("D5"), two, "", stop + notes("E5"), ""))
    assert pitches(content) == [72, 74, 72, 74, 76]


@pytest.mark.parametrize(("n", "played"), [("", 2), ("0", 2), ("1", 2), ("2", 1), ("200", 1)])
def test_a_sign_of_measure_repetition_repeats_one_measure_at_least_and_none_that_is_not_there(
    n, played
):
    start = attributes(SIMILE.format("", "start", n))
    assert pitches(score(measures(notes("C5"), start))) == [72] * played


def test_a_sign_of_measure_repetition_fills_empty_measures_alone():
    start = attributes(SIMILE.format("", "start", "1"))
    content = score(measures(notes("C5"), start + notes("D5"), ""))
    assert pitches(content) == [72, 74, 74]


def test_the_end_of_one_staffs_sign_of_repetition_leaves_the_others():
    starts = attributes("".join(SIMILE.format(f' number="{n}"', "start", 1) for n in (1, 2)))
    stop = attributes(SIMILE.format(' number="1"', "stop", ""))
    back = "<backup><duration>2</duration></backup>"
    both = notes("C5") + back + notes("C4", after="<staff>2</staff>")
    content = score(measures(both, starts, stop))
    assert (pitches(content), pitches(content, 1)) == ([72, 72], [60, 60, 60])
    of_all = attributes(SIMILE.format("", "stop", ""))
    content = score(measures(both, starts, of_all))
    assert (pitches(content), pitches(content, 1)) == ([72, 72], [60, 60])


def test_a_style_that_is_no_repetition_is_none():
    slash = attributes('<measure-style><slash type="start"/></measure-style>')
    assert pitches(score(measures(notes("C5"), slash))) == [72]


def test_a_sign_of_measure_repetition_may_be_of_one_staff():
    style = '<measure-style number="1"><measure-repeat type="{}">1</measure-repeat></measure-style>'
    back = "<backup><duration>8</duration></backup>"
    low = back + notes("C3 D3 E3 F3", after="<staff>2</staff>")
    first = notes("C5 D5 E5 F5") + low
    repeated = '<note><rest measure="yes"/><duration>8</duration></note>' + low
    content = score(
        measures(
            first,
            attributes(style.format("start")) + repeated,
            attributes(style.format("stop")) + repeated,
        )
    )
    assert pitches(content) == [72, 74, 76, 77] * 2
    assert pitches(content, part=1) == [48, 50, 52, 53] * 3
    assert read_score(content, "musicxml").agreement == 1


def test_a_transposition_within_a_measure_is_counted_where_it_stands():
    back = "<backup><duration>8</duration></backup>"
    content = score(measures(notes("C5 D5") + transpose(-2) + notes("E5") + back + notes("C4 D4")))
    assert min(pitches(content)) == 60
    assert read_score(content, "musicxml").agreement == 1


def test_a_bar_that_is_repeated_by_a_sign_eight_times_agrees_with_its_count():
    style = '<measure-style><measure-repeat type="{}">1</measure-repeat></measure-style>'
    rest = '<note><rest measure="yes"/><duration>8</duration></note>'
    again = [attributes(style.format("start")) + rest, *[rest] * 6]
    last = attributes(style.format("stop")) + notes("G5")
    content = score(measures(notes("C5 D5 E5 F5"), *again, last))
    checked = read_score(content, "musicxml")
    assert checked.parts[0].notes.pitches.tolist() == [72, 74, 76, 77] * 8 + [79]
    assert (checked.agreement, counts.count_musicxml(content).quarters) == (1, 33)


@pytest.mark.parametrize(("alter", "pitch"), [("0.5", 73), ("-0.5", 72), ("1.5", 74)])
def test_a_quarter_tone_is_taken_a_quarter_tone_higher_and_counted_so(alter, pitch):
    bent = note("C#5").replace("<alter>1", f"<alter>{alter}")
    checked = read_score(score(measures(bent)), "musicxml")
    assert checked.parts[0].notes.pitches.tolist() == [pitch]


@pytest.mark.parametrize("cue", ["", "<cue/>"])
def test_a_chord_whose_first_note_does_not_sound_is_none_with_the_voice_before(cue):
    first = note("C3", cue, duration=4)
    if not cue:
        first = "<note><unpitched/><duration>4</duration></note>"
    chord = first + note("E4", "<chord/>", duration=4) + note("F4", duration=4)
    back = "<backup><duration>8</duration></backup>"
    content = score(measures(note("C5", duration=8) + back + chord))
    assert rows(content) == [(0, 4, 72), (0, 2, 64), (2, 2, 65)]
    assert read_score(content, "musicxml").agreement == 1


def test_a_score_by_measures_is_read_as_one_by_parts():
    bars = [(notes("C5 D5 E5 F5"), notes("C4")), (notes("G5"), notes("D4"))]
    body = "".join(
        f'<measure><part id="P0">{attributes(ATTRIBUTES)}{one}</part>'
        f'<part id="P1">{two}</part></measure>'
        for one, two in bars
    )
    content = f"<score-timewise><part-list/>{body}</score-timewise>".encode()
    assert pitches(content) == [72, 74, 76, 77, 79]
    assert pitches(content, 1) == [60, 62]


TITLED = score(
    measures(notes("C5")), head="<work><work-title>Für Elise</work-title></work>"
).decode()


@pytest.mark.parametrize(
    "content",
    [
        TITLED.encode(),
        b"\xef\xbb\xbf" + TITLED.encode(),
        TITLED.replace("UTF-8", "UTF-16").encode("utf-16"),
        b"\xfe\xff" + TITLED.replace("UTF-8", "UTF-16").encode("utf-16-be"),
        TITLED.replace("UTF-8", "UTF-16").encode("utf-16-le"),
        TITLED.encode("utf-32"),
        TITLED.replace("UTF-8", "ISO-8859-1").encode("latin-1"),
        TITLED.replace("UTF-8", "windows-1252").encode("cp1252"),
        TITLED.encode("latin-1"),
        TITLED.replace("UTF-8", "UTF-16").encode(),
        b"\xef\xbb\xbf" + TITLED.replace("UTF-8", "ISO-8859-1").encode(),
    ],
    ids=[
        "utf-8",
        "utf-8 marked",
        "utf-16",
        "utf-16 big",
        "utf-16 unmarked",
        "utf-32",
        "latin-1",
        "cp1252",
        "latin-1 that says utf-8",
        "utf-8 that says utf-16",
        "utf-8 that says latin-1",
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_encodings_are_read_by_mark_and_by_declaration(content, zipped):
    if zipped:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("score.xml", content)
        content = packed.getvalue()
    melody = read_melody(content, ".mxl" if zipped else ".xml")
    assert (melody.title, melody.notes.pitches.tolist()) == ("Für Elise", [72])


def zipped(**files: str | bytes) -> bytes:
    """An archive; ``_`` in names stands for a dot."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in files.items():
            file.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


CONTAINER = '<container{}><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
ONE, TWO = score(measures(notes("C5"))), score(measures(notes("D5")))


@pytest.mark.parametrize(
    ("container", "pitch"),
    [
        (CONTAINER.format("", "b.xml"), 74),
        (CONTAINER.format(' xmlns="urn:x"', "b.xml"), 74),
        (CONTAINER.format("", "gone.xml"), 72),
        ("<container/>", 72),
        ("no XML", 72),
        (CONTAINER.format("", "b.xml") + "<", 72),
        ("<!DOCTYPE c>" + CONTAINER.format("", "b.xml"), 72),
        (CONTAINER.format("", "b.xml") + " " * 2**20, 72),
    ],
    ids=["named", "namespace", "gone", "empty", "text", "broken", "with a type", "too large"],
)
def test_the_score_of_an_archive_is_what_its_container_names_else_the_first(container, pitch):
    content = zipped(**{"META-INF__container_xml": container, "a_xml": ONE, "b_xml": TWO})
    assert pitches(unzip(content)) == [pitch]


@pytest.mark.parametrize("name", ["a_musicxml", "A_XML", "deep__a_MusicXML"])
def test_a_score_in_an_archive_is_found_by_its_suffix(name):
    content = zipped(**{"META-INF__other_xml": "<x/>", "a_txt": "no score", name: ONE})
    assert read_melody(content, ".mxl").notes.pitches.tolist() == [72]


def test_an_archive_without_a_score_says_so():
    with pytest.raises(UnreadableError, match="unreadable score: an archive without a score"):
        read_melody(zipped(**{"a_txt": "text", "META-INF__a_xml": "<x/>"}), ".mxl")


@pytest.mark.parametrize("spoil", ["stored", "deflated", "encrypted", "cut", "unknown"])
def test_a_damaged_archive_says_so(spoil):
    packed = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if spoil == "deflated" else zipfile.ZIP_STORED
    with zipfile.ZipFile(packed, "w", kind) as file:
        file.writestr("a.xml", ONE)
    content = bytearray(packed.getvalue())
    directory = content.rindex(b"PK\x01\x02")
    match spoil:
        case "stored" | "deflated":
            content[40:44] = b"\xff\xff\xff\xff"
        case "encrypted":
            content[6] |= 1
            content[directory + 8] |= 1
        case "cut":
            del content[50:]
        case "unknown":
            content[8] = content[directory + 10] = 99
    with pytest.raises(UnreadableError, match=r"unreadable score: damaged archive \(.+\)"):
        read_melody(bytes(content), ".mxl")


def test_of_an_archive_the_score_that_its_container_names_is_read_and_counted():
    path = 'full-path="the &amp; score.musicxml"'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("another.xml", score(measures(notes("C2"))))
        file.writestr("the & score.musicxml", score(measures(notes("C5 D5 E5 F5"))))
        file.writestr("META-INF/container.xml", f"<container><rootfile {path}/></container>")
    checked = read_score(packed.getvalue(), "zipped")
    assert checked.parts[0].notes.pitches.tolist() == [72, 74, 76, 77]


def test_a_score_larger_than_64_mebibytes_is_refused():
    with pytest.raises(UnreadableError, match="it is larger than 64 MiB"):
        read_musicxml(bytes(64 * 2**20 + 1))


def test_a_document_of_blanks_is_read_in_no_time():
    began = clock.process_time()
    with pytest.raises(UnreadableError, match="no XML"):
        read_musicxml(b"text".ljust(200_000))
    assert clock.process_time() - began < 1


def test_namespaces_are_left_out():
    content = ONE.replace(b"<score-partwise>", b'<score-partwise xmlns="http://x/y">')
    assert pitches(content) == [72]


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("A &amp; B", "A & B"),
        ("A & B", "A & B"),
        ("&lt;A&gt;", "<A>"),
        ("&quot;&apos;", "\"'"),
        ("&#65;&#x42;", "AB"),
        ("&nbsp;A", "&nbsp;A"),
        ("A;&B", "A;&B"),
    ],
)
def test_a_bare_ampersand_stands_for_itself(written, title):
    head = f"<work><work-title>{written}</work-title></work>"
    assert read_musicxml(score(measures(notes("C5")), head=head)).title == title


CREDIT = "<credit><credit-type>{}</credit-type><credit-words>{}</credit-words></credit>"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<work><work-title>Work</work-title></work><movement-title>Part</movement-title>", "Work"),
        ("<work><work-title> </work-title></work><movement-title>Part</movement-title>", "Part"),
        ("<movement-title> A \n piece </movement-title>" + CREDIT.format("title", "X"), "A piece"),
        (CREDIT.format("composer", "Bach") + CREDIT.format("title", "Printed"), "Printed"),
        (CREDIT.format("composer", "Bach"), ""),
        ("", ""),
    ],
)
def test_a_title_is_the_works_else_the_movements_else_what_is_printed(head, title):
    assert read_musicxml(score(measures(notes("C5")), head=head)).title == title


def test_a_part_has_the_name_that_is_listed_for_it_without_line_breaks():
    content = ONE.replace(b"Part 0", b" Flute\n in C ")
    assert [track.name for track in read_musicxml(content).parts()] == ["Flute in C"]
    unlisted = ONE.replace(b'<score-part id="P0">', b'<score-part id="other">')
    assert [track.name for track in read_musicxml(unlisted).parts()] == [""]


def test_a_part_is_of_drums_if_all_its_instruments_are():
    listed = '<midi-instrument id="I{}"><midi-channel> {} </midi-channel></midi-instrument>'
    two = score(measures(notes("C5")), measures(notes("D5"))).decode()
    for channels, n_parts in (((10, 10), 1), ((10, 9), 2), ((), 2)):
        instruments = "".join(listed.format(n, channel) for n, channel in enumerate(channels))
        content = two.replace("Part 1</part-name>", f"Part 1</part-name>{instruments}")
        assert len(read_musicxml(content.encode()).parts()) == n_parts


def test_drums_of_a_score_by_measures_are_left_out_and_names_kept():
    listed = (
        '<score-part id="P0"><part-name>Low</part-name></score-part>'
        '<score-part id="P1"><part-name>Kit</part-name><midi-instrument id="I">'
        "<midi-unpitched>36</midi-unpitched></midi-instrument></score-part>"
        '<score-part id="P2"><part-name>Late</part-name></score-part>'
    )
    first = f'<part id="P0">{notes("C4")}</part><part id="P1">{notes("C5")}</part>'
    second = f'<part id="P0">{notes("D4")}</part><part id="P2">{notes("E5")}</part>'
    body = f"<measure>{first}</measure><measure>{second}</measure>"
    content = f"<score-timewise><part-list>{listed}</part-list>{body}</score-timewise>".encode()
    tracks = read_musicxml(content).parts()
    assert [(track.name, track.notes.pitches.tolist()) for track in tracks] == [
        *[("Low", [60, 62]), ("Late", [76])],
    ]


def test_the_root_of_what_is_no_score_is_told_in_forty_letters():
    with pytest.raises(UnreadableError, match=f"^no score, but <{'x' * 40}>$"):
        read_musicxml(f"<{'x' * 50}/>".encode())


def test_a_score_that_defines_entities_is_refused():
    entities = '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">'
    laughs = f"<!DOCTYPE s [{entities}]><score-partwise>&b;</score-partwise>"
    with pytest.raises(UnreadableError, match="it defines entities of its own"):
        read_musicxml(laughs.encode())


def test_xml_that_is_no_score_says_what_it_is():
    with pytest.raises(UnreadableError, match="unreadable score: no score, but <feed>"):
        read_melody(b"<?xml version='1.0'?><feed/>", ".xml")


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_XML_BYTES", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("score.xml", " " * 1001)
    with pytest.raises(UnreadableError, match="unreadable score: it unpacks to more than 64 MiB"):
        read_melody(packed.getvalue(), ".mxl")


@pytest.mark.parametrize("value", ["1e308", "nan", "inf", "-4", "x", ""])
def test_absurd_durations_do_no_harm(value):
    odd = note("D5").replace("<duration>2", f"<duration>{value}")
    found = read_musicxml(score(measures(notes("C5") + odd + notes("E5")))).parts()[0].notes
    assert np.isfinite(found.ends).all()
    assert found.pitches[0] == 72


def test_nothing_of_a_score_waits_for_the_collector():
    """Measures by the hundred, each of which would hold what it was read by."""
    content = score(*(measures(notes("C5")) for _ in range(3)))
    read_musicxml(content)
    gc.collect()
    gc.disable()
    try:
        for _ in range(300):
            read_musicxml(content).parts()
        assert gc.collect() < 900  # as many measures were read
    finally:
        gc.enable()
