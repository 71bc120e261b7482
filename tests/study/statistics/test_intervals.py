import math

import pytest

from study.statistics.intervals import SeedMean, mean_over_seeds, paired_difference, within


def test_the_interval_is_the_t_interval_of_the_mean():
    found = mean_over_seeds({0: 1.0, 1: 2.0, 2: 3.0})
    assert found.mean == 2.0
    assert found.sd == 1.0
    assert found.standard_error == pytest.approx(1 / math.sqrt(3))
    # t quantile 0.975 at 2 degrees of freedom, from any table
    assert found.interval == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5))


def test_one_seed_has_no_interval():
    found = mean_over_seeds({7: 5.0})
    assert (found.mean, found.interval, found.sd, found.n_seeds) == (5.0, None, None, 1)


def test_no_value_has_no_mean():
    assert mean_over_seeds({}) is None
    assert mean_over_seeds({0: math.nan}) is None


def test_a_value_that_is_not_finite_is_left_out_and_counted_out():
    assert mean_over_seeds({0: 1.0, 1: math.nan, 2: 3.0}).seeds == (0, 2)


def test_equal_values_have_an_interval_of_no_width():
    assert mean_over_seeds({0: 4.0, 1: 4.0}).interval == (4.0, 4.0)


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
    ],
)
def test_an_interval_is_cut_to_what_a_quantity_can_be_and_holds_its_mean(least, most, expected):
    mean = SeedMean(1.0, (-1.0, 3.0), 1.0, (0, 1), (0.0, 2.0))
    assert within(mean, least, most).interval == expected


def test_a_mean_without_an_interval_is_left_as_it_is():
    mean = SeedMean(1.0, None, None, (0,), (1.0,))
    assert within(mean, 2.0, None) is mean
