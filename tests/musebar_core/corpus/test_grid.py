from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musebar_core.corpus.grid import REST, to_grid
from musebar_core.corpus.notes import Notes, UnreadableError

ROWS = st.lists(
    st.tuples(st.floats(0, 60), st.floats(0.01, 8), st.integers(0, 127)), min_size=1, max_size=30
)


def on_grid(*rows: tuple[float, float, int], steps: int = 1) -> list[int]:
    return to_grid(Notes.of(list(rows)), steps).tolist()


def test_each_step_holds_the_note_that_sounds_and_128_where_none_does():
    assert on_grid((0, 2, 60), (3, 1, 62)) == [60, 60, REST, 62]


def test_rests_at_both_ends_are_trimmed():
    assert on_grid((8, 1, 60), (9, 1, 61)) == [60, 61]


def test_more_steps_a_quarter_give_a_finer_grid():
    assert on_grid((0, 0.5, 60), (0.5, 0.25, 62), (0.75, 0.25, 64), steps=4) == [60, 60, 62, 64]


def test_the_note_on_the_beat_is_held_before_one_off_the_beat():
    assert on_grid((0, 0.5, 60), (0.5, 0.5, 72), (1, 1, 62)) == [60, 62]


def test_a_note_played_a_little_late_still_holds_its_step():
    assert on_grid((0, 1.06, 60), (1.06, 0.9, 62)) == [60, 62]


def test_a_release_that_spills_into_the_next_step_is_no_note():
    assert on_grid((0, 1.05, 60), (2, 1, 62)) == [60, REST, 62]


def test_a_note_off_the_beat_fills_a_step_that_is_silent_else():
    assert on_grid((0, 1, 60), (1.5, 0.1, 64), (2, 1, 62)) == [60, 64, 62]


def test_among_equal_notes_the_highest_is_held():
    assert on_grid((0, 1, 60), (0, 1, 64)) == [64]


def test_steps_stay_where_the_file_has_them_when_the_first_note_is_off_the_beat():
    assert on_grid((4.5, 0.5, 59), (5, 1, 60), (6, 1, 62)) == [59, 60, 62]


@pytest.mark.parametrize(("late", "held"), [(0.12, [60, 62]), (0.13, [60, 60])])
def test_the_note_that_fills_most_of_the_first_quarter_of_a_step_is_held(late, held):
    assert on_grid((0, 1 + late, 60), (1 + late, 1 - late, 62)) == held


def test_of_notes_that_overlap_on_the_beat_the_one_that_fills_more_of_it_is_held():
    assert on_grid((0, 1.15, 60), (1.02, 0.98, 62)) == [60, 62]  # 0.15 and 0.23 of a quarter step
    assert on_grid((0, 1.3, 60), (1.1, 0.9, 62)) == [60, 60]  # 0.25 and 0.15


def test_of_notes_as_long_on_the_beat_the_one_that_sounds_longer_is_held():
    assert on_grid((0, 1, 60), (0, 0.5, 72)) == [60]
    assert on_grid((0, 0.25, 60), (0, 0.25, 64), (0.25, 0.75, 70)) == [64]


def test_of_notes_off_the_beat_the_longer_is_held_and_of_equal_ones_the_higher():
    assert on_grid((0, 1, 50), (1.3, 0.2, 72), (1.5, 0.4, 60), (2, 1, 50)) == [50, 60, 50]
    assert on_grid((0, 1, 50), (1.3, 0.3, 60), (1.6, 0.3, 72), (2, 1, 50)) == [50, 72, 50]


@pytest.mark.parametrize(("over", "held"), [(0.124, [60, REST, 62]), (0.126, [60, 60, 62])])
def test_a_note_counts_in_a_step_of_which_it_fills_an_eighth(over, held):
    assert on_grid((0, 1 + over, 60), (2, 1, 62)) == held


def test_a_short_note_counts_where_half_of_it_lies():
    assert on_grid((0.92, 0.16, 60), (2, 1, 62)) == [60, 60, 62]
    assert on_grid((0.95, 0.16, 60), (2, 1, 62)) == [60, 62]
    assert on_grid((0.89, 0.16, 60), (2, 1, 62)) == [60, REST, 62]


def test_onsets_and_ends_may_miss_their_steps_by_rounding():
    third = 1 / 3
    assert on_grid((0, third, 60), (third, third, 62), (2 * third, third, 64), steps=3) == [
        *[60, 62, 64],
    ]
    assert on_grid((0, 1 + 1e-8, 60), (1 - 1e-8, 1, 62)) == [60, 62]


def test_a_piece_of_2_to_the_20_steps_is_laid_out_and_a_longer_one_refused():
    assert len(on_grid((0, 1, 60), (2**20 - 2, 1, 60))) == 2**20 - 1
    with pytest.raises(UnreadableError, match="too long: 1,048,577 steps"):
        on_grid((0, 1, 60), (2**20 - 1, 1, 60))


def test_no_notes_give_no_steps():
    assert len(to_grid(Notes.of([]), 1)) == 0


def test_a_stray_event_hours_later_is_refused():
    with pytest.raises(UnreadableError, match="too long: 10,000,002 steps, a stray"):
        on_grid((0, 1, 60), (1e7, 1, 60))


@given(ROWS, st.sampled_from([1, 2, 4]))
def test_a_grid_holds_only_pitches_of_its_notes_and_begins_and_ends_with_one(rows, steps):
    held = to_grid(Notes.of(rows), steps)
    assert held.dtype == np.uint8
    assert set(held.tolist()) <= {pitch for _, _, pitch in rows} | {REST}
    assert len(held) > 0
    assert held[0] != REST
    assert held[-1] != REST
