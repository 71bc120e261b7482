import itertools
import math

import numpy as np
import pytest
from scipy import stats

from study.statistics.signflip import sign_flip
from study.statistics.stepdown import _sizes, step_down

SEEDS = np.random.default_rng(4).normal(size=(3, 8))


def test_a_single_test_is_the_sign_flip_test_itself():
    for row in SEEDS.tolist():
        assert step_down([row]) == (pytest.approx(sign_flip(row).two_sided),)


def test_tests_of_the_same_thing_cost_nothing():
    row = SEEDS[0].tolist()
    scaled, turned = [3 * x for x in row], [-x for x in row]
    assert step_down([row, scaled, turned]) == pytest.approx(step_down([row]) * 3)


def test_it_is_counted_by_hand_on_two_seeds():
    # signs ++ and -- make the first row agree, two patterns of four; the second is smaller there
    assert step_down([[1.0, 1.0], [1.0, 3.0]]) == (0.5, 0.5)
    # of (1, 1) and (1, -1) one agrees whatever the signs
    assert step_down([[1.0, 1.0], [1.0, -1.0]]) == (1.0, 1.0)
    # |t| of (1, 3) is 2 and that of (1, -2) 1/3 as observed; under +- they are 1/2 and 3
    assert step_down([[1.0, 3.0], [1.0, -2.0]]) == (1.0, 1.0)


def plain(rows):
    """The definition: each |t| against the largest of those that are not surer than it."""
    signs = list(itertools.product((1, -1), repeat=len(rows[0])))
    t = [[abs(stats.ttest_1samp(row * np.array(s), 0).statistic) for s in signs] for row in rows]
    adjusted, floor, left = {}, 0.0, set(range(len(rows)))
    while left:
        first = max(left, key=lambda i: t[i][0])
        reached = [max(t[i][at] for i in left) >= t[first][0] - 1e-9 for at in range(len(signs))]
        adjusted[first] = floor = max(floor, float(np.mean(reached)))
        left.remove(first)
    return tuple(adjusted[i] for i in range(len(rows)))


def test_each_is_held_against_those_that_are_left_alone():
    for seed in range(4):
        rows = np.random.default_rng(seed).normal([[0.0], [0.7], [1.4]], size=(3, 5))
        assert step_down(rows.tolist()) == pytest.approx(plain(rows))


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_the_unit_of_differences_changes_no_p(unit):
    rows = SEEDS + 0.7
    assert step_down((rows * unit).tolist()) == step_down(rows.tolist())


def test_it_is_never_below_the_single_test():
    family = (SEEDS + 0.7).tolist()
    for row, adjusted in zip(family, step_down(family), strict=True):
        assert sign_flip(row).two_sided <= adjusted


def test_a_larger_effect_never_has_a_larger_p():
    rows = [(SEEDS[0] + shift).tolist() for shift in (0.1, 0.5, 2.0)]
    small, middle, large = step_down(rows)
    assert large <= middle <= small


def test_the_smallest_p_is_that_of_a_single_test_whatever_the_family():
    family = [[1.0 + i + s / 10 for s in range(10)] for i in range(30)]
    assert set(step_down(family)) == {2 / 1024}


def test_rows_of_zeros_and_empty_families_show_nothing():
    assert step_down([[0.0] * 6, [1.0] * 6]) == (1.0, 2 / 64)
    assert step_down([]) == ()
    assert step_down([[], []]) == (1.0, 1.0)


def test_a_missing_seed_is_left_out_of_its_row_alone():
    row = [1.0, 2.0, 3.0, 4.0, -0.5, 1.5, 2.5, 1.0]
    assert step_down([[*row, math.nan]]) == step_down([row])
    assert step_down([[math.nan] * 9, [*row, math.nan]])[1] == step_down([row])[0]


def test_rounding_does_not_break_a_tie():
    assert step_down([[0.1, 0.2, -0.3, 0.7, -0.4, -0.3]]) == (1.0,)  # a sum of 0
    for seed in range(8):
        rows = np.random.default_rng(seed).integers(-2, 4, (2, 7))
        assert step_down((rows / 10).tolist()) == step_down(rows.tolist())


def test_statistics_of_rows_of_different_seeds_are_their_own_t():
    rows = np.random.default_rng(0).normal(0.5, 1.0, (3, 10))
    rows[1, 6:] = np.nan
    rows[2, [0, 9]] = np.nan
    expected = [abs(stats.ttest_1samp(row[np.isfinite(row)], 0).statistic) for row in rows]
    assert _sizes(rows)[:, 0] == pytest.approx(expected)
