from __future__ import annotations

import pytest

from musebar_core.corpus import abc
from musebar_core.corpus.files import read_melody
from musebar_core.corpus.notes import UnreadableError

CANON = """X:1
M:4/4
L:1/4
V:1 name="Upper voice"
V:2 clef=bass octave=-1
K:D
[V:1] FGAB | c4 |
[V:2] DEFG | A4 |
V:1
defg | a4 |]
V:2
DDDD | D4 |]
"""


def test_voices_are_parts_side_by_side(rows):
    assert [pitch for _, _, pitch in rows(CANON)] == [66, 67, 69, 71, 73, 74, 76, 78, 79, 81]
    lower = rows(CANON, part=1)
    assert [pitch for _, _, pitch in lower] == [50, 52, 54, 55, 57, 50, 50, 50, 50, 50]
    assert [onset for onset, _, _ in lower] == [0, 1, 2, 3, 4, 8, 9, 10, 11, 12]


def test_voices_have_their_names_else_their_identifiers():
    parts = abc.read_abc(CANON.encode()).parts()
    assert [part.name for part in parts] == ["Upper voice", "2"]


def test_the_melody_of_voices_is_the_highest():
    melody = read_melody(CANON.encode(), ".abc")
    assert (melody.track, melody.reason) == ("Upper voice", "highest of 2 parts")


def test_fields_in_a_voice_are_its_own_and_before_the_first_voice_everybodys(rows):
    text = "X:1\nL:1/4\nK:C\nK:G\nV:1\nF [K:D] C F\nV:2\nF C [L:1/8] F\n"
    assert [pitch for _, _, pitch in rows(text)] == [66, 61, 66]
    assert rows(text, part=1) == [(0, 1, 66), (1, 1, 60), (2, 0.5, 66)]


def test_an_overlay_sounds_over_its_bar(rows):
    assert rows("c d e f & C4 | g4 & E2 F2 & z4 | a4") == [
        *[(0, 1, 72), (0, 4, 60), (1, 1, 74), (2, 1, 76), (3, 1, 77)],
        *[(4, 4, 79), (4, 2, 64), (6, 2, 65), (8, 4, 81)],
    ]


def test_an_overlay_of_two_bars_goes_back_by_two(rows):
    assert rows("g2 f2 | e3 e && D4 | C3 C | B4") == [
        *[(0, 2, 79), (0, 4, 62), (2, 2, 77), (4, 3, 76), (4, 3, 60)],
        *[(7, 1, 76), (7, 1, 60), (8, 4, 71)],
    ]
    assert rows("g4 | e4 |\n&& D4 | C4 | B4") == rows("g4 | e4 && D4 | C4 | B4")


def test_an_overlay_in_brackets_goes_back_to_where_they_open(rows):
    assert sorted(rows("B4|(&c4|d4|&E4|F4&)|G4|")) == [
        *[(0, 4, 71), (4, 4, 64), (4, 4, 72), (8, 4, 65), (8, 4, 74), (12, 4, 67)],
    ]
    assert rows("(&c4&)|d4 & F4|") == [(0, 4, 72), (4, 4, 74), (4, 4, 65)]


def test_an_overlay_goes_back_over_many_signs(rows):
    found = rows("C S C S C S C & e4|F4|")
    assert (found[0], found[-1]) == ((0, 4, 76), (4, 4, 65))
    assert (100, 4, 76) in rows("C S " * 103 + "C & e4|")


def test_a_chord_that_is_open_where_another_voice_begins_is_of_its_own(rows):
    text = "X:1\nL:1/4\nK:C\n[V:1][CE [V:2]G|\n"
    assert (rows(text), rows(text, part=1)) == ([(0, 1, 60), (1, 1, 64)], [(0, 1, 67)])


def test_an_accidental_does_not_reach_an_overlay(rows):
    assert [pitch for _, _, pitch in rows("^f4 & F4 | f4")] == [78, 65, 77]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("^C4- & E4 | C4 & E4|", [(0, 8, 61), (0, 4, 64), (4, 4, 64)]),
        ("E4 & ^C4- | E4 & C4|", [(0, 8, 61), (0, 4, 64), (4, 4, 64)]),
        ("E4 & ^C4- | E4 | E4 & C4|", [(0, 4, 61), (0, 4, 64), (4, 4, 64), (8, 4, 60), (8, 4, 64)]),
        ("^C4- & ^G4- |\\\nC2 C2 & G2 G2|", [(0, 6, 61), (0, 6, 68), (6, 2, 60), (6, 2, 67)]),
        ("^C4 & E4 | C4|", [(0, 4, 61), (0, 4, 64), (4, 4, 60)]),
    ],
)
def test_a_tie_carries_its_accidental_within_its_line_of_an_overlay(rows, music, expected):
    assert sorted(rows(music)) == sorted(expected)


@pytest.mark.parametrize("sign", ["!segno!", "S", "[P:B]", "!coda!"])
def test_an_overlay_goes_back_to_the_bar_line_over_a_sign_within_the_bar(rows, sign):
    bar = [(0, 2, 60), (0, 4, 76), (2, 2, 62)]
    assert sorted(rows(f"C2 {sign} D2 & e4|F4|")) == [*bar, (4, 4, 65)]
    assert sorted(rows(f"C2 {sign} D2 & e4 & g4|F4|")) == [*bar[:2], (0, 4, 79), bar[2], (4, 4, 65)]
    assert sorted(rows(f"C2 {sign} D2 & e g e2|F4|")) == [
        *[(0, 1, 76), (0, 2, 60), (1, 1, 79), (2, 2, 62), (2, 2, 76), (4, 4, 65)],
    ]


def test_a_sign_at_a_bar_line_belongs_to_the_next_bar_and_its_overlay(rows):
    assert sorted(rows("C4 !segno!| D4 & e4|F4|")) == [
        *[(0, 4, 60), (4, 4, 62), (4, 4, 76), (8, 4, 65)],
    ]


def test_an_overlay_of_two_bars_goes_back_over_signs_within_them(rows):
    assert sorted(rows("C2 !coda! D2|E2 S F2 && c4|g4|B4|")) == [
        *[(0, 2, 60), (0, 4, 72), (2, 2, 62), (4, 2, 64), (4, 4, 79), (6, 2, 65), (8, 4, 71)],
    ]


def test_a_bar_whose_overlay_crosses_a_sign_is_played_again_from_there(rows):
    assert sorted(rows("C2 S D2 & e2 g2|F4 !D.S.!|")) == [
        *[(0, 2, 60), (0, 2, 76), (2, 2, 62), (2, 2, 79), (4, 4, 65)],
        *[(8, 2, 62), (8, 2, 79), (10, 4, 65)],
    ]


@pytest.mark.parametrize("clef", ["clef=perc", "perc", "clef=P", 'clef="perc"', "perc2"])
def test_percussion_is_no_part(clef):
    text = f"X:1\nK:C\nV:D {clef}\nCDEF|\nV:M\ncdef|\n"
    parts = abc.read_abc(text.encode()).parts()
    assert [part.name for part in parts] == ["M"]


def test_a_clef_of_percussion_that_another_takes_back_is_none(pitches):
    assert pitches("X:1\nK:C perc\nK:bass\nCE|\n") == [60, 64]


@pytest.mark.parametrize(("channel", "n_parts"), [(9, 1), (10, 0), (11, 1)])
def test_the_tenth_channel_is_percussion(channel, n_parts):
    text = f"X:1\n%%MIDI channel {channel}\nK:C\nCDEF|\n"
    assert len(abc.read_abc(text.encode()).parts()) == n_parts


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('1 nm="Flute"', "Flute"),
        ('1 name="First\\nviolin"', "First violin"),
        ("1 name=Flute clef=treble", "Flute"),
        ('1 snm="Fl." sname=F subname=G', "1"),
        ('1 name="" nm="  Oboe  d\'amore "', "Oboe d'amore"),
        ("Fl clef=treble", "Fl"),
        ("", ""),
    ],
)
def test_a_voice_is_called_by_its_name_else_its_identifier(field, name):
    parts = abc.read_abc(f"X:1\nK:C\nV:{field}\nCDEF|\n".encode()).parts()
    assert [part.name for part in parts] == [name]


def test_a_directive_of_the_header_is_the_voices_whose_field_it_follows(rows):
    head = "X:1\nL:1/4\nV:1\nV:2\n%%MIDI transpose 2\nV:3\n%%MIDI channel 10\nK:C\n"
    text = head + "V:1\nC|\nV:2\nC|\nV:3\nC|\n"
    assert [rows(text, part=i)[0][2] for i in (0, 1)] == [60, 62]
    assert len(abc.read_abc(text.encode()).parts()) == 2


def test_parts_of_several_voices_are_played_in_all(rows):
    text = "X:1\nL:1/4\nP:ABA\nK:C\nP:A\nV:1\nC|\nV:2\nE|\nP:B\nV:1\nD|\nV:2\nF|\n"
    assert [pitch for _, _, pitch in rows(text)] == [60, 62, 60]
    assert [pitch for _, _, pitch in rows(text, part=1)] == [64, 65, 64]


def test_a_hundred_voices_are_read(rows):
    assert rows("".join(f"[V:{i}]C" for i in range(100)), part=99) == [(0, 1, 60)]


def test_music_before_the_first_voice_is_a_voice_of_its_own():
    parts = abc.read_abc(b"X:1\nL:1/4\nK:C\nCD|\nV:1\nEF|\nV:2\nGA|\n").parts()
    assert [part.notes.pitches.tolist() for part in parts] == [[60, 62], [64, 65], [67, 69]]


def test_more_voices_than_any_score_has_are_refused(rows):
    with pytest.raises(UnreadableError, match="over 100 voices"):
        rows("".join(f"[V:{i}]C" for i in range(101)))
