from __future__ import annotations

import pytest

from musebar_core.corpus.abc.bars import Bar
from musebar_core.corpus.abc.fields import ending_numbers, parts
from musebar_core.corpus.abc.play import in_played_order
from musebar_core.corpus.notes import UnreadableError

LETTER = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B", 72: "c"}


@pytest.fixture
def played(pitches):
    return lambda text, **options: "".join(LETTER[pitch] for pitch in pitches(text, **options))


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("|:C|D:|E|", "CDCDE"),
        ("C|D:|E|", "CDCDE"),
        ("C|D::E:|", "CDCDEE"),
        ("C|D:|:E:|", "CDCDEE"),
        ("C|D:||:E:|F", "CDCDEEF"),
        ("C||D:|E|", "CDDE"),
        ("C|]D:|E|", "CDDE"),
        ("C|D|:|E|", "CDCDE"),
        ("C:|D:|", "CCDD"),
        ("C||:D|E:|", "CDEDE"),
        ("C|:D||E:|", "CDEDE"),
        ("|::C::|D|", "CCCD"),
        ("|:C::|D|", "CCCD"),
        ("C|\n|:D:|\n|E|", "CDDE"),
        ("C|\n:D:|E|", "CDDE"),
        ("C D:|]E", "CDCDE"),
        ("C :[|] D", "CCD"),
        ("|:C|1D:|2E|F", "CDCEF"),
        ("|:C|[1D:|[2E|F", "CDCEF"),
        ("|:C [1D:| [2E|]F", "CDCEF"),
        ("C|1D:|2E:|F", "CDCEF"),
        ("C|\\\n1 D:|2E|F", "CDCEF"),
        ("C|1D|E:|2F|G|]A", "CDECFGA"),
        ("|:C|1,3D:|2E:|4F|]G", "CDCECDCFG"),
        ("|:C|1-2D:|3E|]", "CDCDCE"),
        ("|:C|1D||2E|]", "CDCE"),
        ("|:C|1D:|E|", "CDCE"),
        ("|:C|1D:|2E|]|:F|1G:|2A|]", "CDCEFGFA"),
        ("C|]|1D:|2E||", "CDE"),
        ("C|D", "CD"),
        ("C.|D:|E", "CDCDE"),
        ("|:C|[ 1D:|[ 2E|F", "CDCEF"),
        ("|:C|1D:|2|:E|F:|G|", "CDCEFEFG"),
        ("|:C|1D:|[2|:E|F:|G|", "CDCEFEFG"),
        ("|:C|1D:|2|:E:|G|", "CDCEEG"),
        ("|:C|1D:|2|]\n|:E:|", "CDCEE"),
        ("|:C|1:|2D|]E|", "CCDE"),
        ("|:C|2D:|2E|]", "CDCDE"),
        ("|:C|1D:|12E|]F|", "CDCEF"),
        ("|:C|1D:|3E:|]F|", "CDCEF"),
        ("|:C|1-2D:|4E|]F|", "CDCDCEF"),
        ("C|D!to coda!E|F|", "CDEF"),
        ("C|D!fade out!E|F|", "CDEF"),
        ("C|D!E|F!G|", "CDEFG"),
        ("|:C|[1.D:|[2.E|F", "CDCEF"),
        ("C|!f!2D|E", "CDE"),
        ("C\n2 D|E", "CDE"),
        ("2 C|D", "CD"),
        ("|:C|1D:|2E||F:|G", "CDCEFFG"),
        ("|:C|1D:|2E|[P:B]F:|G", "CDCEFFG"),
        ("C|::\n|:D:|", "CDDD"),
        ("C[|]D:|E", "CDCDE"),
        ("C:::D", "CCD"),
        ("C::::D:|", "CCCDDD"),
        ("|::C:|D", "CCCD"),
        ("|::C|:D:|", "CDD"),
        ("C|:D|]E:|F", "CDEDEF"),
        ("C|1-3D:|4E|]", "CDCDCDCE"),
        ("|:C|1D:|1E:|2F|", "CDCEF"),
        ("|:C|1D:|2E|:F:|", "CDCEFF"),
    ],
)
def test_repeats_and_endings_are_played(played, music, order):
    assert played(music) == order


def test_without_repeats_bars_come_as_they_are_written(played):
    assert played("|:C|1D:|2E|]", play_repeats=False) == "CDE"


@pytest.mark.parametrize(
    ("field", "order"),
    [("AB", "CD"), ("ABA", "CDC"), ("A2B", "CCD"), ("(AB)2.A", "CDCDC"), ("BZ", "D"), ("Z", "CD")],
)
def test_parts_are_played_in_the_order_of_the_header(played, field, order):
    assert played(f"X:1\nP:{field}\nK:C\nP:A\nC|\nP:B\nD|\n") == order


def test_parts_play_their_own_repeats_and_what_precedes_them_comes_first(played):
    assert played("X:1\nP:BA\nK:C\nE|[P:A]C:|[P:B]|:D|1F:|2G|]\n") == "EDFDGCC"


def test_a_part_of_more_than_two_endings_takes_the_one_of_its_turn(played):
    assert played("X:1\nP:A3\nK:C\nP:A\nC|[1D:|[2E:|[3F|]\n") == "CDCECF"


@pytest.mark.parametrize(
    ("field", "labels"),
    [
        ("((AB)3.(CD)3)2", "ABABABCDCDCD" * 2),
        ("AB)C", "ABC"),
        ("(AB", "AB"),
        ("A((B2", "ABB"),
        ("A0B", "AB"),
        ("2A", "A"),
        ("()3A", "A"),
    ],
)
def test_parts_unfold_with_numbers_and_brackets(field, labels):
    assert "".join(parts(field)) == labels


def test_a_part_of_two_endings_that_is_played_twice_has_both_each_time(played):
    assert played("X:1\nP:A2\nK:C\nP:A\n|:C|1D:|2E|]\n") == "CDCE" * 2


def test_the_label_of_a_part_is_one_letter(played):
    assert played("X:1\nP:BA\nK:C\nP:A, the first\nC|\nP:B\nD|\n") == "DC"


def test_repeats_unfold_to_a_hundred_thousand_bars_at_most():
    part = [Bar(part="A", length=1), *[Bar(length=1)] * 99]
    assert len(in_played_order(part, ["A"] * 1_000)) == 100_000
    with pytest.raises(UnreadableError, match="its repeats unfold to over 100000 bars"):
        in_played_order([*part, Bar(length=1)], ["A"] * 1_000)


def test_parts_unfold_to_a_thousand_at_most():
    assert len(parts("A1000")) == len(parts("A9999")) == len(parts("(A10)100")) == 1_000
    for field in ("AA1000", "(A10)101", "(" * 1_000 + "A", "(A999" + "A2"):
        with pytest.raises(UnreadableError, match="its parts unfold to over 1000"):
            parts(field)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1", {1}),
        ("1,3", {1, 3}),
        ("1-3,5", {1, 2, 3, 5}),
        ("3-1", {3}),
        ("62-99", {62, 63, 64}),
        ("99", {64}),
    ],
)
def test_numbers_of_an_ending_are_read_up_to_64(text, numbers):
    assert ending_numbers(text) == numbers


@pytest.mark.parametrize(
    ("music", "order"),
    [
        ("C|D!fine!|E!D.C.!|", "CDECD"),
        ("C|D !fine! |]E !D.C.alfine! |]", "CDECD"),
        ("C|!segno!D|E!D.S.!|", "CDEDE"),
        ("C|SD|!fine!E|F!D.S.alfine!|", "CDEFDE"),
        ("|:C:|D!dacapo!|", "CCDCD"),
        ("|:C|1D:|2E!D.C.!|]", "CDCECE"),
        ("C|D!coda!|E!D.C.alcoda!|!coda!F|", "CDECDF"),
        ("C|D!coda!|E!D.C.alcoda!|!coda!|:F|G:|", "CDECDFGFG"),
        ("C|D!D.C.!|E|F|", "CDCDEF"),
        ("C|!segno!D!D.S.!|E!D.C.!|F|", "CDDECDEF"),
        ("C!fine!|D!D.C.!|E!D.C.!|", "CDCEC"),
        ("|:C|1D:|2E!D.C.!|F|", "CDCECEF"),
        ("C|D+fine+|E+D.C.+|", "CDECD"),
        ("C|D!Fine!|E!D.C. al fine!|", "CDECD"),
        ("C|D+fine+|E+dacapo+|", "CDECD"),
        ("C|!Segno!D|E!DalSegno!|", "CDEDE"),
        ("C|D!fine!|E!dc!|", "CDE"),
        ("C|OD|E!D.C.!|OF|", "CDECF"),
        ("C|D!tocoda!|E!D.C.!|!coda!F|", "CDECDF"),
        ("C|D!dacoda!|E!D.C.!|!coda!F|", "CDECDF"),
        ("C|!segno!D|E!dalsegno!|", "CDEDE"),
        ("C|!segno!D|E|!coda!F!D.S.!|", "CDEFDEF"),
        ("C!coda!|D|!coda!E!D.C.!|!coda!F|", "CDECF"),
        ("C|D!fine!|E!D.C.!|F|", "CDECDF"),
        ("C|D|1E:|2F|G!D.C.!|", "CDECDFGCDFG"),
        ("|:C|1D:|2E!fine!|F!D.C.!|", "CDCEFCE"),
    ],
)
def test_jumps_are_followed(played, music, order):
    assert played(music) == order


def test_a_letter_is_the_sign_that_its_field_says(played):
    assert played("X:1\nU:T=!fine!\nU:J = +D.C.+\nU:O=!fermata!\nK:C\nC|TD|OE JF|\n") == "CDEFCD"
    assert played("X:1\nU:S=!slide!\nK:C\nC|SD|E !D.S.!|\n") == "CDECDE"
    assert played("X:1\nm:~n=!fine!n\nK:C\nC|~D|E!D.C.!|\n") == "CDECD"
    assert played("X:1\nU:t=!fine!\nU:~=!da capo!\nK:C\nC|tD|E~|\n") == "CDECD"


@pytest.mark.parametrize(
    "text",
    [
        "X:1\nP:" + "(" * 20 + "A" + ")9" * 20 + "\nK:C\nP:A\nC|\n",
        "X:1\nK:C\n" + "|" + ":" * 3_000 + "CDEF|" * 100 + ":" * 3_000 + "|\n",
        "X:1\nP:A999\nK:C\nP:A\n" + "CDEF GABc|" * 200 + "\n",
    ],
)
def test_repeats_without_end_are_refused(pitches, text):
    with pytest.raises(UnreadableError, match="unfold to over"):
        pitches(text)


def test_a_tie_goes_on_where_the_repeat_does(rows):
    assert rows("|:C4|D4-|1D4:|2D2E2|]") == [
        *[(0, 4, 60), (4, 8, 62), (12, 4, 60), (16, 6, 62), (22, 2, 64)],
    ]


BOTH = "X:1\nM:4/4\nL:1/4\nK:C\nV:1\n{}\nV:2\n{}\n"


@pytest.mark.parametrize(
    ("with_signs", "order"),
    [
        ("|:C4|D4:|E4|F4|", "CDCDEF"),
        ("|:C4|1D4:|2E4|F4|", "CDCEF"),
        ("C4||D4|E4:|F4|", "CDEDEF"),
        ("C4|D4!fine!|E4|F4!D.C.!|", "CDEFCD"),
        ("C4|!segno!D4|E4|F4!D.S.!|", "CDEFDEF"),
        ("C4|D4!tocoda!|E4!D.C.!|!coda!F4|", "CDECDF"),
    ],
)
def test_signs_of_one_voice_hold_for_the_others(played, with_signs, order):
    for plain in ("C4|D4|E4|F4|", "C4 D4|E4 F4|"):
        assert played(BOTH.format(with_signs, plain), part=1) == order
        assert played(BOTH.format(plain, with_signs), part=0) == order
        assert played(BOTH.format(plain, with_signs), part=1) == order


def test_a_voice_with_some_of_the_signs_takes_the_rest(played):
    text = BOTH.format("|:C4|1D4:|2E4|F4|", "|:C4|D4:|E4|F4|")
    assert played(text, part=1) == "CDCEF"


def test_a_double_bar_of_a_voice_moves_no_repeat_of_the_others(played):
    text = BOTH.format("C4|D4|E4:|F4|", "C4||D4|E4|F4|")
    assert (played(text, part=0), played(text, part=1)) == ("CDECDEF", "CDECDEF")


def test_a_voice_with_signs_of_its_own_keeps_to_them(played):
    text = BOTH.format("|:C4|1D4:|2E4|F4|", "|:C4:|D4|E4|F4|")
    assert (played(text, part=0), played(text, part=1)) == ("CDCEF", "CCDEF")


def test_a_voice_that_ends_early_rests_until_the_others_repeat(rows):
    text = BOTH.format("|:C4|D4:|", "E4|")
    assert rows(text, part=1) == [(0, 4, 64), (8, 4, 64)]


def test_a_rest_of_several_bars_is_cut_where_the_others_repeat(rows):
    text = BOTH.format("C4|:D4:|E4|F4|", "Z3|G4|")
    assert rows(text, part=1) == [(16, 4, 67)]


def test_a_rest_that_is_cut_at_a_sign_begins_no_section_there(rows):
    text = BOTH.format("C4|!segno!D4|E4:|F4|", "Z2|G4|A4|")
    assert rows(text, part=1) == [(8, 4, 67), (20, 4, 67), (24, 4, 69)]


def test_parts_within_a_voices_lines_are_the_voices_that_are_written_later_too(played):
    text = "X:1\nL:1/4\nP:ABA\nK:C\nV:1\n[P:A]C4|[P:B]D4|\nV:2\nE4|F4|\n"
    assert [played(text, part=part) for part in (0, 1)] == ["CDC", "EFE"]


@pytest.mark.parametrize(
    ("field", "orders"), [("ABA", ["CDC", "EFE", "GAG"]), ("B", ["D", "F", "A"])]
)
def test_parts_that_each_voice_writes_out_are_played_in_all(played, field, orders):
    voices = [("C", "D"), ("E", "F"), ("G", "A")]
    written = "".join(f"V:{a}\nP:A\n{a}4|\nP:B\n{b}4|\n" for a, b in voices)
    text = f"X:1\nM:4/4\nL:1/4\nP:{field}\nK:C\n{written}"
    assert [played(text, part=part) for part in range(3)] == orders


def test_a_part_that_is_named_again_without_music_is_played_as_it_was_written(played):
    assert played("X:1\nP:ABA\nK:C\nP:A\nC|\nP:B\nD|\nP:A\n") == "CDC"
