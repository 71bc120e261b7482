import itertools
import math

import numpy as np
import pytest

from study.statistics.signflip import ALPHA, EXACT_SEEDS, holm, patterns, sign_flip, smallest_p


def test_every_pattern_is_there_once_and_the_observed_one_first():
    found = patterns(3)
    assert found[0].tolist() == [1, 1, 1]
    assert len(found) == 8
    assert {tuple(row) for row in found.tolist()} == set(itertools.product((1, -1), repeat=3))


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


def test_up_to_fourteen_seeds_every_pattern_is_gone_through():
    fourteen, fifteen = sign_flip([1.0] * 14), sign_flip([1.0] * 15)
    assert (fourteen.exact, fourteen.smallest, fourteen.n_seeds) == (True, 2**-14, 14)
    assert (fifteen.exact, fifteen.smallest, fifteen.n_seeds) == (False, 2**-14, 15)


@pytest.mark.parametrize("n", [1, 3, 14])
def test_no_result_of_so_many_seeds_has_a_smaller_p(n):
    assert smallest_p(n) == sign_flip([1.0] * n).above


def test_six_seeds_are_the_fewest_that_can_show_a_difference():
    assert sign_flip([1.0] * 5).two_sided > ALPHA >= sign_flip([1.0] * 6).two_sided


def test_the_smallest_p_falls_no_further_where_patterns_are_drawn():
    assert smallest_p(30) == smallest_p(14) == 2**-14


def test_no_difference_is_no_evidence():
    assert sign_flip([0.0] * 10).two_sided == 1.0


def test_rounding_does_not_break_a_tie():
    values = [0.1, 0.2, -0.3]  # 0.1 + 0.2 - 0.3 is 5.6e-17, and should be 0
    assert sign_flip(values).above == sign_flip(values).below == 5 / 8


def test_sums_that_differ_by_a_millionth_are_no_tie():
    # sums of +-1 +-1.000001: 2.000001, 0.000001, -0.000001, -2.000001
    assert sign_flip([1.0, -1.000001]).below == 2 / 4
    assert sign_flip([-1.0, 1.000001]).above == 2 / 4


@pytest.mark.parametrize("unit", [1e-12, 1e12])
def test_the_unit_of_differences_changes_no_p(unit):
    values = [0.1, 0.2, -0.3, 0.5]
    found, same = sign_flip([unit * x for x in values]), sign_flip(values)
    assert (found.below, found.above) == (same.below, same.above)


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
    patterns.cache_clear()
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


@pytest.mark.parametrize("n", [2, 5, EXACT_SEEDS])
def test_one_half_of_the_patterns_is_the_opposite_of_the_other(n):
    assert (patterns(n) == -patterns(n)[::-1]).all()


def test_patterns_that_are_drawn_flip_half_of_the_signs():
    found = patterns(EXACT_SEEDS + 3)
    assert set(np.unique(found)) == {-1.0, 1.0}
    assert np.abs(found.mean(axis=0)).max() < 4 / 2**7  # four standard errors


def test_patterns_are_made_once_and_cannot_be_changed():
    assert patterns(3) is patterns(3)
    with pytest.raises(ValueError, match="read-only"):
        patterns(3)[0, 0] = 5.0
