import math
import statistics

import numpy as np
import pytest

from study.statistics.intervals import (
    NOT_MEASURED,
    SeedMean,
    mean_over_seeds,
    paired_difference,
    standard_error,
    t_quantile,
    within,
)


def test_the_interval_is_the_t_interval_of_the_mean():
    found = mean_over_seeds({0: 1.0, 1: 2.0, 2: 3.0})
    assert found.mean == 2.0
    assert found.sd == 1.0
    assert found.standard_error == pytest.approx(1 / math.sqrt(3))
    # t quantile 0.975 at 2 degrees of freedom, from any table
    assert found.interval == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))


def test_mean_and_spread_are_those_of_the_standard_library():
    values = [0.3, -1.7, 4.1, 2.2]
    found = mean_over_seeds(dict(enumerate(values)))
    assert found.mean == pytest.approx(statistics.mean(values))
    assert found.sd == pytest.approx(statistics.stdev(values))


def test_a_quantile_is_that_of_the_table_and_is_computed_once():
    assert t_quantile(9) == pytest.approx(2.262, abs=5e-4)
    assert t_quantile(9) is t_quantile(9)


def test_one_seed_has_no_interval():
    found = mean_over_seeds({7: 5.0})
    assert (found.mean, found.interval, found.sd, found.n_seeds) == (5.0, None, None, 1)
    assert found.standard_error is None


def test_no_value_has_no_mean():
    assert mean_over_seeds({}) is None
    assert mean_over_seeds({0: math.nan}) is None


@pytest.mark.parametrize("lost", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_left_out_and_counted_out(lost):
    found = mean_over_seeds({0: 1.0, 1: lost, 2: 3.0})
    assert (found.seeds, found.n_seeds, found.mean) == ((0, 2), 2, 2.0)


def test_seeds_rise_and_keep_their_values():
    found = mean_over_seeds({1002: 5.0, 3: 1.0, 7: 2.0})
    assert (found.seeds, found.values) == ((3, 7, 1002), (1.0, 2.0, 5.0))


def test_values_are_plain_numbers_whatever_they_came_as():
    found = mean_over_seeds({0: np.float32(1.5), 1: 2})
    assert list(map(type, found.values)) == [float, float]


def test_what_no_seed_measured_has_no_mean_and_no_seeds():
    assert math.isnan(NOT_MEASURED.mean)
    assert (NOT_MEASURED.interval, NOT_MEASURED.standard_error) == (None, None)
    assert (NOT_MEASURED.n_seeds, NOT_MEASURED.values) == (0, ())


@pytest.mark.parametrize("value", [4.0, 0.1])
def test_equal_values_have_an_interval_of_no_width(value):
    found = mean_over_seeds(dict.fromkeys(range(3), value))
    assert (found.mean, found.interval, found.sd) == (value, (value, value), 0.0)


def test_the_standard_error_of_values_is_that_of_their_mean():
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1 / math.sqrt(3))
    assert standard_error([2.0, 2.0]) == 0.0
    assert standard_error([5.0]) is None
    assert standard_error([]) is None


def test_a_paired_difference_uses_the_shared_seeds_alone():
    first = mean_over_seeds({0: 10.0, 1: 20.0, 2: 99.0})
    second = mean_over_seeds({0: 9.0, 1: 18.0, 5: 0.0})
    found = paired_difference(first, second)
    assert found.seeds == (0, 1)
    assert found.values == (1.0, 2.0)
    assert paired_difference(first, mean_over_seeds({9: 1.0})) is None


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (None, None, (-1.0, 3.0)),
        (0.0, None, (0.0, 3.0)),
        (None, 2.0, (-1.0, 2.0)),
        (0.0, 2.0, (0.0, 2.0)),
        (1.5, None, (1.0, 3.0)),
        (None, 0.5, (-1.0, 1.0)),
        (-2.0, 4.0, (-1.0, 3.0)),
    ],
)
def test_an_interval_is_cut_to_what_a_quantity_can_be_and_holds_its_mean(least, most, expected):
    mean = SeedMean(1.0, (-1.0, 3.0), 1.0, (0, 1), (0.0, 2.0))
    assert within(mean, least, most) == SeedMean(1.0, expected, 1.0, (0, 1), (0.0, 2.0))


def test_a_mean_without_an_interval_is_left_as_it_is():
    mean = SeedMean(1.0, None, None, (0,), (1.0,))
    assert within(mean, 2.0, None) is mean
