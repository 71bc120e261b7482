from __future__ import annotations

import numpy as np
import pytest

from musebar_core import melodies

R = 128
C, D, E, F, G = 60, 62, 64, 65, 67


def song(*symbols):
    return np.array([symbols], dtype=np.uint8)


def test_a_held_note_is_one_note_and_a_rest_parts_two():
    line = song(C, C, D, R, D, D, R, R)
    assert melodies.note_density(line, 4).tolist() == [1.5]
    assert melodies.intervals(line)[12:15].tolist() == [1, 0, 1]


def test_intervals_wider_than_an_octave_count_as_one():
    counted = melodies.intervals(song(40, 70, 30, 31))
    assert counted[[24, 0, 13]].tolist() == [1, 1, 1]
    assert counted.sum() == 3


def test_intervals_do_not_cross_from_melody_to_melody():
    assert melodies.intervals(np.array([[C, C], [G, G]], np.uint8)).sum() == 0


def test_where_there_is_no_melody_there_is_no_interval():
    assert melodies.intervals(np.zeros((0, 16), np.uint8)).tolist() == [0.0] * 25


def test_pitch_classes_count_sounding_steps_over_octaves():
    assert melodies.pitch_classes(song(C, C + 12, D, R)).tolist() == [2, 0, 1, *[0] * 9]


def test_repetition_is_the_share_of_later_bars_that_came_before():
    assert melodies.repetition(song(C, D, C, D, E, F, C, D), 2) == [pytest.approx(2 / 3)]
    assert melodies.repetition(song(C, D, E, F), 2) == [0.0]
    assert melodies.repetition(song(C, D), 2) == []


def test_out_of_key_is_measured_against_the_best_major_scale():
    assert melodies.out_of_key(song(C, D, E, F, G, 69, 71)[0]) == 0
    assert melodies.out_of_key(song(C, D, E, F, G, 69, 71, 61)[0]) == pytest.approx(1 / 8)


def test_divergence_is_nought_for_alike_and_one_bit_for_disjoint():
    one, other = np.array([2.0, 2.0, 0.0]), np.array([0.0, 0.0, 5.0])
    assert melodies.divergence(one, 3 * one) == pytest.approx(0)
    assert melodies.divergence(one, other) == pytest.approx(1)
    assert melodies.divergence(one, np.zeros(3)) is None


def test_the_divergence_of_a_half_and_a_whole_is_the_textbooks():
    # M = (3/4, 1/4): half of log2(4/3) and half of (log2(2/3) + log2(2)) / 2
    expected = 0.5 * np.log2(4 / 3) + 0.25 * (np.log2(2 / 3) + 1)
    assert melodies.divergence(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(
        expected
    )


def test_overlap_is_the_area_two_histograms_share():
    assert melodies.overlap([0.1, 0.1, 0.9, 0.9], [0.1, 0.9, 0.9, 0.9], 0, 1, 2) == 0.75
    assert melodies.overlap([0.1], [0.9], 0, 1, 2) == 0
    assert melodies.overlap([], [0.9], 0, 1, 2) is None


def test_the_character_of_a_line_a_hand_can_count():
    found = melodies.character(song(C, C, D, R, C, C, D, R), 4)
    assert found == melodies.Character(2.0, 2.0, 0.25, 1.0, 0.0)


def test_silence_has_a_character_and_nothing_to_compare():
    silence = song(R, R, R, R)
    found = melodies.character(silence, 2)
    assert (found.pitch_range, found.out_of_key, found.rest_share) == (None, None, 1.0)
    like = melodies.compare(silence, song(C, D, E, F), 2)
    assert (like.pitch_classes, like.intervals, like.note_density) == (None, None, 0.0)


def test_runs_of_four_notes_are_shared_in_whatever_key():
    up = song(C, D, E, F, G)  # two runs: 2 2 1 and 2 1 2 semitones
    assert melodies.shared_runs(up, song(D, E, 66, G)) == 0.5
    assert melodies.shared_runs(up, song(C, C, D, R, E, F, G)) == 1.0  # held, and after a rest
    assert melodies.shared_runs(up, song(G, F, E, D, C)) == 0.0
    assert melodies.shared_runs(song(C, D, E), up) is None
    assert melodies.shared_runs(up, song(C, D, E)) == 0.0


def test_runs_do_not_cross_from_melody_to_melody_and_count_as_often_as_they_come():
    two = np.array([[C, D, E, F], [C, D, E, E]], np.uint8)
    assert melodies.shared_runs(two, song(C, D, E, F)) == 1.0
    four = np.array([[C, D, E, F], [C, D, E, F], [C, D, E, G]], np.uint8)
    assert melodies.shared_runs(four, song(C, D, E, F)) == pytest.approx(2 / 3)


def test_melodies_are_like_themselves_and_unlike_what_shares_nothing():
    line, other = song(C, D, E, F, C, D, E, F), song(61, 63, 66, 68, R, R, R, R)
    like = melodies.compare(line, line, 4)
    assert like == melodies.Likeness(0.0, 0.0, 1.0, 1.0, 1.0)
    unlike = melodies.compare(line, other, 4)
    # four notes a bar against two; a bar that comes again against one that does not
    assert (unlike.pitch_classes, unlike.note_density, unlike.repetition) == (1.0, 0.0, 0.0)
    assert unlike.shared_runs == 0.0
    assert 0 < unlike.intervals < 1  # both rise by two semitones


def test_a_character_is_a_mean_over_melodies_that_have_what_it_takes():
    two = np.array([[C, D, E, F], [R, R, R, R]], np.uint8)
    found = melodies.character(two, 2)
    assert (found.pitch_range, found.note_density, found.rest_share) == (5.0, 1.0, 0.5)
    assert (found.repetition, found.out_of_key) == (0.5, 0.0)


def test_what_is_beyond_the_ends_counts_at_them():
    assert melodies.overlap([-3.0, 5.0], [0.1, 0.9], 0, 1, 2) == 1.0
    assert melodies.overlap([1.0], [0.9], 0, 1, 10) == 1.0


def eighths(*onsets):
    """Bars of eight steps with so many notes each, as alternating pitches."""
    bars = [[C + at % 2 if at < n else R for at in range(8)] for n in onsets]
    return song(*[symbol for bar in bars for symbol in bar])


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [((2, 2), (3, 3), 0.0), ((2, 2), (2, 3), 1.0), ((7, 7), (8, 8), 1.0)],
)
def test_densities_are_alike_that_fall_into_the_same_eighth_of_a_bar(one, other, shared):
    assert melodies.compare(eighths(*one), eighths(*other), 8).note_density == shared


@pytest.mark.parametrize(("one", "other", "shared"), [(2, 3, 1.0), (1, 2, 0.0), (15, 16, 1.0)])
def test_repetitions_are_alike_that_fall_into_the_same_eighth(one, other, shared):
    """Of sixteen later bars so many have come before."""

    def repeating(count):
        return song(*range(40, 40 + 17 - count), *[40] * count)

    assert melodies.compare(repeating(one), repeating(other), 1).repetition == shared
