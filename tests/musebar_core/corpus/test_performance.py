"""Bars and their order -> notes, with ties that a hand can follow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from musebar_core.corpus.notes import Notes, UnreadableError
from musebar_core.corpus.performance import Written, perform


def played(bars, lengths=None, order=None) -> list[tuple[float, float, int]]:
    lengths = [4.0] * len(bars) if lengths is None else lengths
    (notes,) = perform([bars], lengths, range(len(bars)) if order is None else order)
    columns = notes.onsets.tolist(), notes.durations.tolist(), notes.pitches.tolist()
    return list(zip(*columns, strict=True))


def test_bars_sound_one_after_the_other_in_the_order_of_playing():
    bars = [[Written(0, 1, 60)], [Written(1, 1, 62)]]
    assert played(bars, [4.0, 3.0], [1, 0, 1]) == [(1, 1, 62), (3, 1, 60), (8, 1, 62)]


def test_times_that_differ_by_rounding_are_the_same_and_others_are_not():
    third = [Written(1 / 3 + 1e-7, 1, 60, is_tied=True)]
    assert played([[Written(0, 1 / 3, 60, ties=True), *third]]) == [
        pytest.approx((0, 4 / 3, 60), abs=1e-5)
    ]
    late = [Written(1 / 3 + 2e-4, 1, 60, is_tied=True)]
    assert len(played([[Written(0, 1 / 3, 60, ties=True), *late]])) == 2


def test_of_two_notes_that_are_held_the_one_that_began_first_is_continued_first():
    bars = [
        [Written(0, 4, 60, ties=True), Written(2, 2, 60, ties=True)],
        [Written(0, 1, 60, is_tied=True), Written(0, 4, 60, is_tied=True)],
    ]
    assert played(bars) == [(0, 5, 60), (2, 6, 60)]


def test_a_note_that_nothing_ties_is_struck_and_one_that_is_tied_to_nothing_too():
    bars = [[Written(0, 4, 60, ties=True)], [Written(0, 4, 60), Written(0, 4, 62, is_tied=True)]]
    assert played(bars) == [(0, 4, 60), (4, 4, 62), (4, 4, 60)]


def test_a_bar_that_is_played_more_often_than_any_turn_sounds_as_at_the_last():
    bars = [
        [
            Written(0, 1, 60, turns=frozenset({1})),
            Written(1, 1, 62, turns=frozenset({3})),
            Written(2, 1, 64),
        ]
    ]
    pitches = [pitch for _, _, pitch in played(bars, [4.0], [0] * 4)]
    assert pitches == [60, 64, 64, 62, 64, 62, 64]
    of_first = [[Written(0, 1, 60, turns=frozenset({1})), Written(2, 1, 64)]]
    assert [pitch for _, _, pitch in played(of_first, [4.0], [0] * 3)] == [60, 64, 64, 64]


def test_a_piece_of_a_million_quarter_notes_is_played_and_a_longer_one_refused():
    assert played([[]], [1e6]) == []
    for length, said in ((1e6 + 1, r"1e\+06 quarter notes long"), (math.nan, "it is nan quarter")):
        with pytest.raises(UnreadableError, match=said):
            played([[]], [length])


def test_a_piece_of_over_a_million_notes_in_all_its_parts_is_refused():
    bars, lengths = [[Written(0, 1, 60)] * 1_000], [4.0]
    with pytest.raises(UnreadableError, match="it is played with over 1000000 notes"):
        perform([bars, bars], lengths, [0] * 501)
    with pytest.raises(UnreadableError, match="it is played with over 1000000 notes"):
        perform([[[Written(0, 1, 60)] * 1_000_001]], lengths, [0])


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([(0.0, 1e-6, 60), (0.0, 1e-5, 60)], [(0, 1e-5, 60)]),
        ([(0.0, 0.0, 60), (0.0, -1.0, 60)], []),
        ([(0.0, 1.0, -1), (0.0, 1.0, 0)], [(0, 1, 0)]),
        ([(0.0, 1.0, 127), (0.0, 1.0, 128)], [(0, 1, 127)]),
        ([(0.0, 1.0, 60), (0.0, 1.0, 64)], [(0, 1, 64), (0, 1, 60)]),
        ([(1.0, 1.0, 60), (0.0, 1.0, 64)], [(0, 1, 64), (1, 1, 60)]),
        ([(0.0, 1.0, 60), (0.0, 2.0, 60)], [(0, 1, 60), (0, 2, 60)]),
    ],
)
def test_notes_come_by_onset_and_from_the_highest_and_those_that_are_none_are_left_out(rows, kept):
    notes = Notes.of(rows)
    columns = notes.onsets.tolist(), notes.durations.tolist(), notes.pitches.tolist()
    assert list(zip(*columns, strict=True)) == kept
    assert (notes.onsets.dtype, notes.pitches.dtype) == (np.float64, np.int64)
