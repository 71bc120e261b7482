import math

import numpy as np
import pytest

from study.statistics.signflip import EXACT_SEEDS, holm, patterns, sign_flip


def test_every_pattern_is_there_once_and_the_observed_one_first():
    found = patterns(3)
    assert found[0].tolist() == [1, 1, 1]
    assert len({tuple(row) for row in found.tolist()}) == 8


def test_the_p_value_is_the_share_of_patterns_at_least_as_extreme():
    # sums of +-1 +-2 +-3: -6, -4, -2, 0, 0, 2, 4, 6
    found = sign_flip([-1.0, -2.0, -3.0])
    assert (found.below, found.above, found.two_sided) == (1 / 8, 1.0, 2 / 8)
    found = sign_flip([-1.0, -2.0, 3.0])
    assert (found.below, found.above, found.two_sided) == (5 / 8, 5 / 8, 1.0)
    assert found.smallest == 1 / 8


def test_ten_seeds_that_agree_have_the_smallest_p():
    found = sign_flip([0.5] * 10)
    assert found.above == found.smallest == 2**-10
    assert found.exact


def test_no_difference_is_no_evidence():
    assert sign_flip([0.0] * 10).two_sided == 1.0


def test_rounding_does_not_break_a_tie():
    values = [0.1, 0.2, -0.3]  # 0.1 + 0.2 - 0.3 is 5.6e-17, and should be 0
    assert sign_flip(values).above == sign_flip(values).below == 5 / 8


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 1, 1, 1, 1, 1], 1 / 64),
        ([-1, -1], 1.0),
        ([1, -1], 3 / 4),
        ([3, 2, -1], 2 / 8),
        ([0, 0], 1.0),
    ],
)
def test_flips_that_reach_the_observed_sum_are_counted(differences, p):
    assert sign_flip(differences).above == p


def test_sixteen_seeds_that_agree_are_counted_exactly_where_that_is_asked():
    found = sign_flip([1.0] * 16, exact_seeds=16)
    assert found.exact
    assert found.above == found.smallest == 2**-16


def test_beyond_fourteen_seeds_patterns_are_drawn_and_always_the_same():
    values = np.random.default_rng(0).normal(size=20).tolist()
    found = sign_flip(values)
    assert found == sign_flip(values)
    assert not found.exact
    assert found.smallest == 2**-14
    z = sum(values) / math.sqrt(sum(v**2 for v in values))  # nearly normal
    assert found.above == pytest.approx(0.5 * math.erfc(z / math.sqrt(2)), abs=0.02)


def test_holm_steps_up_and_never_falls():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.9, 0.001]) == pytest.approx((0.9, 0.002))
    assert holm([0.6, 0.6]) == (1.0, 1.0)
    assert holm([]) == ()


@pytest.mark.parametrize("n", [1, 5, EXACT_SEEDS, EXACT_SEEDS + 3])
def test_the_pattern_that_was_observed_comes_first(n):
    found = patterns(n)
    assert (found[0] == 1).all()
    assert len(found) == 2 ** min(n, EXACT_SEEDS)
