from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from study.statistics.noise import pair_noise, positive_noise, within_tolerance

TABLES = [np.random.default_rng(seed).integers(0, 12, (5, 4)).astype(float) for seed in range(40)]


def test_the_noise_of_a_pair_is_that_of_differences_without_what_seeds_do_to_all():
    # differences of the two rows: 0.2, 0, 0, -0.2 around 0; and of a third row none
    one = np.array([[0.2, 0.0, 0.0, -0.2], [0.0, 0.0, 0.0, 0.0]])
    assert pair_noise(one) == pytest.approx((0.08 / 3) ** 0.5)
    assert pair_noise(one + np.array([5.0, -3.0, 2.0, 9.0])) == pytest.approx((0.08 / 3) ** 0.5)
    assert np.isnan(pair_noise(one[:1]))
    assert np.isnan(pair_noise(one[:, :1]))


def test_an_unsteady_row_is_not_as_good_for_its_own_noise_alone():
    # around the best: 1, -1, 1, -1 of two rows, 8 squares left, and 3, -3, 3, -3 of the fourth, 36
    rows = np.array([[0, 0, 0, 0], [2, 0, 2, 0], [0, 2, 0, 2], [12, 6, 12, 6]], dtype=float)
    noise = ((2 * 8 + 36) / (3 * 3)) ** 0.5  # 2.4; alone its pair has 3.5
    assert within_tolerance(rows, 9 / noise + 0.01) == [0, 1, 2, 3]
    assert within_tolerance(rows, 9 / noise - 0.01) == [0, 1, 2]


def test_the_noise_is_the_root_mean_of_the_variances_of_all_pairs():
    for table in TABLES:
        pairs = itertools.combinations(table, 2)
        variance = np.mean([np.var(one - other, ddof=1) for one, other in pairs])
        assert pair_noise(table) == pytest.approx(variance**0.5)


def test_two_rows_on_two_seeds_are_the_fewest_that_have_noise():
    assert pair_noise(np.array([[1.0, -1.0], [0.0, 0.0]])) == pytest.approx(2**0.5)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_equal_rows_have_no_noise_whatever_is_rounded(k):
    assert pair_noise(np.array([[0.1, 0.7, 0.3]] * k)) == pytest.approx(0, abs=1e-7)


def test_what_is_divided_by_is_a_noise_that_is_never_0():
    rows = np.array([[0.002, 0.0, 0.0, -0.002], [0.0, 0.0, 0.0, 0.0]])
    assert positive_noise(rows) == pair_noise(rows)
    assert 0 < positive_noise(np.ones((3, 4))) < 1e-3
    assert positive_noise(rows[:, :1]) == 1.0  # one seed


def test_rows_are_taken_by_the_noise_of_those_before_and_of_their_own_pair_as_one_more():
    for table in TABLES:
        order = np.argsort(table.mean(axis=1), kind="stable").tolist()
        taken = order[:1]
        for row in order[1:]:
            apart = table[row] - table[order[0]]
            among = (len(taken) - 1) * np.nan_to_num(pair_noise(table[taken])) ** 2
            noise = math.sqrt((among + np.var(apart, ddof=1)) / len(taken))
            if apart.mean() <= 1.5 * noise:
                taken.append(row)
        assert within_tolerance(table, 1.5) == taken


def test_what_is_not_taken_changes_nothing():
    for table in TABLES:
        taken = within_tolerance(table, 1.0)
        for out in set(range(len(table))) - set(taken):
            rest = np.delete(table, out, axis=0)
            assert within_tolerance(rest, 1.0) == [row - (row > out) for row in taken]


def test_equal_rows_are_as_good_as_one_another_and_stand_as_they_came():
    assert within_tolerance(np.array([[0.1, 0.7, 0.3]] * 4), 1.0) == [0, 1, 2, 3]


def test_of_one_seed_the_lowest_alone_is_as_good():
    assert within_tolerance(np.array([[2.0], [1.0], [1.5]]), 3.0) == [1]
