from __future__ import annotations

import pytest


def test_an_accidental_holds_to_the_bar_line_in_all_octaves(pitches):
    assert pitches("^F F f F, | F f =F F |") == [66, 66, 78, 54, 65, 77, 65, 65]


def test_a_natural_takes_back_the_accidental_and_the_key(pitches):
    assert pitches("X:1\nL:1/4\nK:D\n^^F =F F F | F C =c C |\n") == [67, 65, 65, 65, 66, 61, 72, 60]


@pytest.mark.parametrize("line", ["%%propagate-accidentals", "I:propagate-accidentals"])
@pytest.mark.parametrize(
    ("how_far", "expected"),
    [
        ("not", [66, 65, 77, 65]),
        ("octave", [66, 66, 77, 66]),
        ("pitch", [66, 66, 78, 66]),
    ],
)
def test_a_text_may_say_how_far_accidentals_hold(pitches, line, how_far, expected):
    assert pitches(f"X:1\n{line} {how_far}\nL:1/4\nK:C\n^F F f F |\n") == expected


def test_another_directive_of_such_words_says_nothing_of_accidentals(pitches):
    line = "^F F f F |\n"
    for directive in ("%%text not for sale", "%%center octave", "%%writefields not"):
        assert pitches(f"X:1\n{directive}\nL:1/4\nK:C\n{line}") == [66, 66, 78, 66]


def test_in_music_without_bar_lines_an_accidental_holds_for_its_note(pitches):
    assert pitches("X:1\n%%MIDI nobarlines\nL:1/4\nK:C\n^F F f F\n") == [66, 65, 77, 65]
    again = "X:1\n%%MIDI nobarlines\n%%MIDI barlines\nL:1/4\nK:C\n^F F f F\n"
    assert pitches(again) == [66, 66, 78, 66]


def test_a_tie_carries_its_accidental_over_the_bar_line_and_no_further(rows):
    assert rows("^F4- | F2 F2 |") == [(0, 6, 66), (6, 2, 65)]


def test_a_tie_within_a_chord_carries_the_accidental_of_its_note_alone(rows):
    assert sorted(rows("[^C-^E]2|[CE]2|")) == [(0, 2, 65), (0, 4, 61), (2, 2, 64)]
    assert sorted(rows("[^C^E]2-|[CE]2|")) == [(0, 4, 61), (0, 4, 65)]


@pytest.mark.parametrize(
    "bar", ["|", "||", "|]", "[|", ":|", "|:", "::", ".|", "[|]", ":|:", ":||:"]
)
def test_any_bar_line_ends_an_accidental(pitches, bar):
    assert pitches(f"^F4 {bar} F4 |", play_repeats=False) == [66, 65]


def test_grace_notes_are_left_out_and_their_accidentals_hold(rows):
    assert rows("{^FG}A2 {/e}F2 |") == [(0, 2, 69), (2, 2, 66)]
    assert rows(f"{{{'g' * 400}}}A") == [(0, 1, 69)]


@pytest.mark.parametrize(
    ("key", "altered"),
    [
        ("C", {}),
        ("G", {"F": 1}),
        ("F", {"B": -1}),
        ("Bb", {"B": -1, "E": -1}),
        ("F#", {"F": 1, "C": 1, "G": 1, "D": 1, "A": 1, "E": 1}),
        ("Am", {}),
        ("A minor", {}),
        ("AMin", {}),
        ("Ddor", {}),
        ("D mixolydian", {"F": 1}),
        ("EPhr", {}),
        ("F LYD", {}),
        ("Bloc", {}),
        ("Gion", {"F": 1}),
        ("Eaeo", {"F": 1}),
        ("E aeolian", {"F": 1}),
        ("B♭", {"B": -1, "E": -1}),
        ("F♯m", {"F": 1, "C": 1, "G": 1}),
        ("c", {}),
        ("D Phr ^f", {"B": -1, "E": -1, "F": 1}),
        ("D exp _b _e ^f", {"B": -1, "E": -1, "F": 1}),
        ("D EXP _b", {"B": -1}),
        ("D maj =c", {"F": 1}),
        ("Dmix=c", {"F": 1, "C": 0}),
        ("D mix ^g", {"F": 1, "G": 1}),
        ("HP", {"F": 1, "C": 1}),
        ("Hp", {"F": 1, "C": 1}),
        ("none", {}),
        ("", {}),
        ("G clef=bass", {"F": 1}),
        ("G bass", {"F": 1}),
        ("G transpose=0", {"F": 1}),
        ("clef=bass", {}),
        ("bass", {}),
        ("^f _b", {"F": 1, "B": -1}),
    ],
)
def test_a_key_field_says_which_notes_are_altered(pitches, key, altered):
    natural = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69, "B": 71}
    expected = [natural[letter] + altered.get(letter, 0) for letter in natural]
    assert pitches(f"X:1\nK:{key}\nCDEFGAB|\n") == expected


def test_a_clef_in_the_body_leaves_the_key_as_it_is(pitches):
    assert pitches("X:1\nK:D\nFC|[K:clef=bass]FC|\nK:treble\nFC|\n") == [66, 61] * 3


CLEFS = ["treble", "alto", "tenor", "baritone", "bass", "mezzosoprano", "soprano"]


@pytest.mark.parametrize("clef", [*CLEFS, "clef=G", "clef=F", "clef=C3", "alto2"])
def test_every_clef_leaves_the_key_and_may_move_an_octave(pitches, clef):
    assert pitches(f"X:1\nK:D\nK:{clef}\nFC|\n") == [66, 61]
    assert pitches(f"X:1\nK:D {clef}-8\nFC|\n") == [54, 49]


@pytest.mark.parametrize("key", ["none", ""])
def test_a_key_of_nothing_in_the_body_takes_the_key_back(pitches, key):
    assert pitches(f"X:1\nK:D\nFC|[K:{key}]FC|\n") == [66, 61, 65, 60]


def test_a_key_in_the_body_takes_back_the_accidentals_of_its_bar(pitches):
    assert pitches("^F F [K:C] F|") == [66, 66, 65]


@pytest.mark.parametrize(
    ("said", "semitones"),
    [
        ("K:C clef=bass", 0),
        ("K:C treble-8", -12),
        ("K:C clef=treble+8", 12),
        ("K:C octave=-1", -12),
        ("K:C transpose=-2", -2),
        ("K:C t=3", 3),
        ("K:C bass middle=d transpose=-24", -24),
        ("V:1 octave=1\nK:C\nV:1", 12),
        ("V:1 transpose=5\nK:C octave=-1\nV:1", -7),
        ("K:C\nV:1 clef=treble-8", -12),
        ("%%MIDI transpose 7\nK:C", 7),
        ("I:MIDI = transpose 7\nK:C", 7),
        ("%%MIDI transpose 7\n%%MIDI rtranspose -3\nK:C", 4),
        ("%%MIDI rtranspose 3\nK:C", 3),
        ("%%MIDI rtranspose 3\n%%MIDI transpose 2\nK:C", 2),
        ("K:C transpose=2\n%%MIDI rtranspose 3", 5),
        ("%%MIDI C 48\nK:C octave=2", 12),
        ("%%MIDI C 72\n%%MIDI transpose -3\nK:C", 9),
        ("K:C shift=CD", 2),
        ("K:C shift=c_B", -2),
        ("K:C shift=DC,", -14),
        ("K:C transpose=5 shift=C^C", 1),
        ("K:C shift=CD transpose=5", 5),
        ("K:C shift=C", 0),
        ("K:C treble-8 shift=CD octave=2", 14),
        ("K:C sound=cB", -1),
        ("K:C\nV:1 sound=c_E,", -21),
        ("K:C score=cB", 0),
        ("K:C instrument=C/_B", -2),
        ("K:C instrument=_B", -2),
        ("K:C instrument=_E/c", 0),
        ("K:C treble_8", 0),
        ("K:C clef=treble^8", 0),
        ("K:bass_8", 0),
        ("K:C treble-8\nK:treble_8", 0),
        ("K:C treble-8vb", -12),
        ("K:C clef=bass+15", 24),
        ("K:C treble-15", -24),
        ("K:C\nV:1\n%%MIDI transpose 7", 7),
        ("V:* octave=1\nV:1\nK:C\nV:1", 12),
        ("V:* octave=1\nK:C", 0),
        ("V:*\n%%MIDI transpose 7\nV:1\nK:C\nV:1", 7),
        ('K:C clef="bass-8"', -12),
        ("K:C treble+8va", 12),
        ("K:C treble+15ma", 24),
        ("K:C treble-15mb", -24),
        ("K:C transpose=5\nK:transpose=0", 0),
        ("K:C transpose=+2", 2),
        ("K:C transpose=1000", 0),
        ("K:C octave=1000", 0),
        ("%%MIDI C 112\nK:C", 52),
        ("%%MIDI transpose\nK:C", 0),
        ('K:C\nV:1 name="octave=1"', 0),
        ("K:C\nV:1 nm=treble-8", 0),
        ("K:C\nV:1 sname=treble-8", 0),
        ("K:C treble-8\nK:treble", 0),
        ("K:C sound=c'c", -12),
        ("K:C sound=__cc", 2),
        ("V:1 octave=1\nK:C", 12),
        ("V:1\n%%MIDI transpose 7\nK:C", 7),
    ],
)
def test_clefs_octaves_and_transpositions_give_sounding_pitch(pitches, said, semitones):
    assert pitches(f"X:1\n{said}\nCE|\n") == [60 + semitones, 64 + semitones]


def test_octave_marks_may_stand_in_any_number_and_mixture(pitches):
    assert pitches("C,, C, C c c' c'' C' c, C,',") == [36, 48, 60, 72, 84, 96, 72, 60, 48]


def test_of_a_quarter_tone_the_nearer_note_to_the_natural_one_sounds(pitches):
    assert pitches("^/F ^3/2F _/B") == [65, 66, 71]
    assert pitches("^2/2F | ^9/2F | ^1/0F | ^/3F | _4/2B") == [66, 67, 66, 65, 69]
