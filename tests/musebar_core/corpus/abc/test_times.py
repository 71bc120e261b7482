from __future__ import annotations

import pytest

from musebar_core.corpus.abc.fields import Meter, meter


def test_lengths_multiply_and_divide_the_unit(durations):
    assert durations("A A2 A/ A// A/2 A3/2 A3/ A/4 |") == [1, 2, 0.5, 0.25, 0.5, 1.5, 1.5, 0.25]
    assert durations(f"A/// A{'/' * 30} A/0 A2/0 |") == pytest.approx([1 / 8, 1 / 4096, 1, 2], 1e-3)


@pytest.mark.parametrize(
    ("fields", "quarters"),
    [
        ("M:2/4\n", 0.25),
        ("M:5/8\n", 0.25),
        ("M:3/4\n", 0.5),
        ("M:6/8\n", 0.5),
        ("M:C\n", 0.5),
        ("M:C|\n", 0.5),
        ("M:none\n", 0.5),
        ("", 0.5),
        ("M:2/4\nL:1/8\n", 0.5),
        ("L:1/4\nM:2/4\n", 1.0),
        ("L:1\n", 4.0),
        ("L:3/8\n", 1.5),
        ("L:0\n", 0.5),
        ("L:1/0\n", 0.5),
        ("L:eighth\n", 0.5),
        ("M:6/16\n", 0.25),
        ("M:\n", 0.5),
    ],
)
def test_the_unit_is_the_fields_or_follows_from_the_meter(durations, fields, quarters):
    assert durations(f"X:1\n{fields}K:C\nA|\n") == [quarters]


def test_a_meter_in_the_body_leaves_the_unit_and_a_unit_changes_it(durations):
    assert durations("A [M:2/4] A [L:1/8] A\nL:1/2\nA|") == [1, 1, 0.5, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/4", Meter(3, 4)),
        ("C", Meter(4, 4)),
        ("C|", Meter(2, 2)),
        ("none", Meter()),
        ("(2+3+2)/8", Meter(7, 8)),
        ("2+3/8", Meter(5, 8)),
        ("3/0", None),
        ("waltz", None),
        ("", Meter()),
        ("C4", Meter(4, 4)),
        ("( 2 + 2 ) / 4", Meter(4, 4)),
        ("12345/4", Meter(9_999, 4)),
        ("9999+9999/12345", Meter(9_999, 9_999)),
    ],
)
def test_a_meter_is_read(text, expected):
    assert meter(text) == expected


def test_rests_of_any_kind_take_their_time(rows):
    assert [onset for onset, _, _ in rows("C z C | Z | x2 C2 | Z2 C | X C y2 C |")] == [
        *[0, 2, 9, 19, 24, 25],
    ]


def test_a_bar_rest_is_as_long_as_a_bar_of_the_meter_at_its_place(rows):
    assert rows("X:1\nL:1/4\nM:3/4\nK:C\nZ C | [M:6/8] Z C | [M:C|] X C |\n") == [
        (3, 1, 60),
        (7, 1, 60),
        (12, 1, 60),
    ]


def test_a_bar_rest_of_free_meter_is_a_whole_note(rows):
    assert rows("X:1\nL:1/4\nM:none\nK:C\nZ C Z3 C|\n") == [(4, 1, 60), (17, 1, 60)]


def test_an_absurd_length_is_cut_to_9999_units_and_a_bar_to_so_many_whole_notes(durations, rows):
    assert durations("A99999 A" + "9" * 5_000) == [9_999, 9_999]
    assert durations("A/99999") == pytest.approx([1 / 9_999], rel=0.01)
    longest = 4.0 * 9_999
    assert rows("X:1\nL:2\nK:C\nA9999 z9999 A|\n") == [(0, longest, 69), (2 * longest, 8, 69)]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("A>B", [1.5, 0.5]),
        ("A<B", [0.5, 1.5]),
        ("A>>B", [1.75, 0.25]),
        ("A<<<B", [0.125, 1.875]),
        ("A > B", [1.5, 0.5]),
        ("A>{c}B", [1.5, 0.5]),
        ("A{c}<B", [0.5, 1.5]),
        ("[CA]>B", [1.5, 1.5, 0.5]),
        ("(3A>BA", [1.0, 1 / 3, 2 / 3]),
        ("G>c/B/", [1.25, 0.25, 0.5]),
        ("A>>>>>B", [1 + 15 / 16, 1 / 16]),
        ("A> >B", [1.5, 0.5]),
        (">A B", [1, 1]),
    ],
)
def test_broken_rhythm_moves_time_between_two_notes(durations, music, expected):
    assert durations(music) == pytest.approx(expected)


def test_broken_rhythm_over_a_bar_line_moves_time_between_the_bars(rows):
    assert rows("A>|B c|d") == [(0, 1.5, 69), (1.5, 0.5, 71), (2, 1, 72), (3, 1, 74)]
    assert rows("A<|B c|d") == [(0, 0.5, 69), (0.5, 1.5, 71), (2, 1, 72), (3, 1, 74)]


def test_broken_rhythm_counts_rests(rows):
    assert rows("z>A B<z c") == [(1.5, 0.5, 69), (2, 0.5, 71), (4, 1, 72)]


@pytest.mark.parametrize(
    ("meter_field", "music", "end"),
    [
        ("4/4", "(3abc", 2),
        ("4/4", "(2ab", 3),
        ("6/8", "(2ab", 3),
        ("4/4", "(4abcd", 3),
        ("4/4", "(5abcde", 2),
        ("6/8", "(5abcde", 3),
        ("4/4", "(6abcabc", 2),
        ("9/8", "(7abcdefg", 3),
        ("3/4", "(7abcdefg", 2),
        ("4/4", "(8abcdefga", 3),
        ("4/4", "(3:2:2 a4b2", 4),
        ("4/4", "(3::4 a2b2cd", 4),
        ("4/4", "(3:4 abc", 4),
        ("4/4", "(5:4:3abc", 2.4),
        ("4/4", "( 3abc", 3),
        ("4/4", "((3abc)", 2),
        ("4/4", "(3 a z c", 2),
        ("4/4", "(3{g}a [bd] c", 2),
        ("4/4", "(3:2:3(3abc", 4 / 3),
        ("4/4", "(3:2:3(3:2:3(3abc", 8 / 9),
        ("6/8", "(3abc", 2),
        ("6/8", "(4abcd", 3),
        ("6/8", "(6abcabc", 2),
        ("6/8", "(8abcdefga", 3),
        ("12/8", "(9abcdefgab", 3),
        ("4/4", "(9abcdefgab", 2),
        ("4/4", "(0abc", 3),
        ("4/4", "(3:0abc", 2),
        ("4/4", "(3:2:0abc", 2),
    ],
)
def test_tuplets_take_the_time_that_they_say(rows, meter_field, music, end):
    text = f"X:1\nM:{meter_field}\nL:1/4\nK:C\n{music} C|\n"
    assert rows(text)[-1] == pytest.approx((end, 1, 60))


def test_tuplets_within_tuplets_are_counted_eight_deep(durations):
    lasts = durations(f"{'(3:2:3' * 9}abc|")
    assert lasts == pytest.approx([(2 / 3) ** 8] * 3, abs=1e-5)


def test_ties_join_notes_within_bars_across_bars_and_across_lines(rows):
    assert rows("C- C D- | D2-\nD .- D |") == [(0, 2, 60), (2, 5, 62)]


def test_a_tie_is_to_what_begins_where_the_note_ends_but_for_rounding(rows):
    assert rows("C- z/64 C") == [(0, 1, 60), (1 + 1 / 64, 1, 60)]
    odd = f"(17:4:17{'C' * 16}C-"
    (*_, last) = [row for row in rows(f"c4 & {odd}|c4 & C4|") if row[2] == 60]
    assert last == pytest.approx((4 * 16 / 17, 4 + 4 / 17, 60))


def test_a_tie_at_the_beginning_of_a_chord_ties_no_note_before_it(rows):
    assert rows("C [-CE]") == [(0, 1, 60), (1, 1, 64), (1, 1, 60)]


def test_a_tie_to_another_pitch_is_a_slur(rows):
    assert rows("C-D C") == [(0, 1, 60), (1, 1, 62), (2, 1, 60)]


def test_chords_last_as_their_first_note_and_their_own_length_multiplies(rows):
    assert rows("[CE]2 [C2E]2 [C/E/] c") == [
        *[(0, 2, 64), (0, 2, 60), (2, 2, 64), (2, 4, 60)],
        *[(6, 0.5, 64), (6, 0.5, 60), (6.5, 1, 72)],
    ]


def test_ties_in_and_after_chords_join_their_notes(rows):
    assert rows("[C-E][CG] [ce]-[ce]") == [
        *[(0, 1, 64), (0, 2, 60), (1, 1, 67)],
        *[(2, 2, 76), (2, 2, 72)],
    ]


def test_old_chords_stand_between_plus_signs_and_decorations_may(rows):
    assert rows("+CE+ +trill+D +ff+E") == [(0, 1, 64), (0, 1, 60), (1, 1, 62), (2, 1, 64)]
    assert rows("+C2^E2+ +fff+D") == [(0, 2, 65), (0, 2, 60), (2, 1, 62)]


def test_a_rest_in_a_chord_does_not_lengthen_it(rows):
    assert rows("[C2z2] [z2] D") == [(0, 2, 60), (4, 1, 62)]


def test_what_is_no_note_is_passed_over(rows):
    signs = '"Am"A "^above"!trill!B | .c~d uA vB | !fermat:a!c (A B) | A`B y2 *#;? c'
    lines = "!D ! % E\nF \\\n|G"
    expected = [69, 71, 72, 74, 69, 71, 72, 69, 71, 69, 71, 72, 62, 65, 67]
    assert rows(f"{signs} {lines}") == [(i, 1, pitch) for i, pitch in enumerate(expected)]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("c4- & c4- | c4 & c4 | d4 |", [(0, 8, 72), (0, 8, 72), (8, 4, 74)]),
        ("[cc]4- | [cc]4 |", [(0, 8, 72), (0, 8, 72)]),
        ("c4- & A2 c2- | c4 & c2 A2 |", [(0, 8, 72), (0, 2, 69), (2, 4, 72), (6, 2, 69)]),
        ("c4- & c2 A2 | c4 |", [(0, 8, 72), (0, 2, 72), (2, 2, 69)]),
    ],
)
def test_two_lines_that_hold_one_pitch_have_a_note_each(rows, music, expected):
    assert sorted(rows(music)) == sorted(expected)
