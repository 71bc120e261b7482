"""Variance components of a table whose sums of squares a hand can count."""

import numpy as np
import pytest

from reports.stats.variance import variance_parts


def test_the_components_are_those_of_the_mean_squares():
    rows, columns = np.array([-3.0, 0.0, 3.0]), np.array([-3.0, -1.0, 1.0, 3.0])
    rest = np.outer([1.0, -2.0, 1.0], [1.0, -1.0, -1.0, 1.0])
    found = variance_parts(100 + rows[:, None] + columns + rest)
    # mean squares: 4 * 18 / 2 = 36 of rows, 3 * 20 / 3 = 20 of columns, 24 / 6 = 4 of the rest
    assert (found.configuration, found.seed, found.residual) == pytest.approx((8.0, 16 / 3, 4.0))
    assert found.shares == pytest.approx((24 / 52, 16 / 52, 12 / 52))
    assert (found.n_configurations, found.n_seeds) == (3, 4)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (1, 1)])
def test_one_configuration_or_one_seed_has_no_components(shape):
    assert variance_parts(np.ones(shape)) is None


def test_two_of_each_are_enough():
    assert variance_parts(np.array([[0.0, 1.0], [2.0, 3.0]])).residual == 0.0


def test_a_component_below_zero_is_none():
    # nothing but the rest: its mean square of 4 would leave -2 of rows and of columns
    found = variance_parts(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert (found.configuration, found.seed, found.residual) == (0.0, 0.0, 4.0)
    assert found.shares == (0.0, 0.0, 1.0)


def test_of_what_does_not_vary_nothing_has_a_share():
    assert variance_parts(np.ones((2, 3))).shares == (0.0, 0.0, 0.0)
