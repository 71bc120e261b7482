"""How many seeds would tell two configurations apart: bounds, and what is beyond them."""

import pytest

from reports.stats.separation import MOST_SEEDS, seeds_needed, separation, t_power
from tests.reports.seedmeans import mean


@pytest.mark.parametrize(("pairs", "total"), [(0, 6), (1, 6), (2, 7), (3, 7), (4, 8), (6, 8)])
def test_a_sign_flip_test_needs_two_to_the_seeds_to_be_twice_the_shared_level(pairs, total):
    # 2 / 2^n <= 0.05 / pairs: 1 / 32, 1 / 64 <= 0.025, .. , 1 / 128 <= 0.0083
    found = separation("b", mean(1.0, 1.0), pairs)
    assert (found.total, found.more) == (total, total - 2)
    assert found.alpha == pytest.approx(0.05 / max(1, pairs))


def test_the_sign_of_a_difference_does_not_matter():
    up, down = mean(1.0, 0.0, 2.0, 0.5), mean(-1.0, -0.0, -2.0, -0.5)
    assert separation("b", up, 1).total == separation("b", down, 1).total > 6


@pytest.mark.parametrize(("n", "total"), [(3, 6), (5, 6), (6, 7), (10, 11)])
def test_a_large_difference_needs_what_a_sign_flip_test_does_and_one_more_than_there_are(n, total):
    values = [5.0 + (-1) ** at * 0.1 for at in range(n)]
    found = separation("b", mean(*values), 1)
    assert (found.total, found.more) == (total, total - n)


def test_a_separation_names_its_rival_and_holds_its_difference():
    difference = mean(1.0, 2.0)
    found = separation("b", difference, 2)
    assert (found.config_id, found.difference, found.alpha) == ("b", difference, 0.025)


@pytest.mark.parametrize("values", [(1.0,), (0.0, 0.0), (-1.0, 1.0)])
def test_one_seed_or_no_difference_has_no_total(values):
    found = separation("b", mean(*values), 2)
    assert (found.total, found.more, found.alpha) == (None, None, 0.025)


@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_the_unit_of_a_difference_does_not_matter(scale):
    values = [scale * (0.5 + e) for e in (0.9**0.5, -(0.9**0.5)) * 5]  # a mean of 0.5 sd
    assert separation("b", mean(*values), 1).total == 34


def test_the_level_that_pairs_share_asks_for_more_seeds():
    values = [0.5 + e for e in (0.9**0.5, -(0.9**0.5)) * 5]  # a mean of 0.5 sd
    totals = [separation("b", mean(*values), pairs).total for pairs in (1, 2, 10)]
    assert totals == [seeds_needed(0.5, alpha=0.05 / pairs) for pairs in (1, 2, 10)]
    assert totals == sorted(set(totals))


@pytest.mark.parametrize("n", [2, 3, 30])
def test_no_effect_is_found_on_either_side_at_half_the_level(n):
    assert t_power(0.0, n, 0.05) == pytest.approx(0.025)


def test_a_difference_too_small_for_any_number_of_seeds_has_no_total():
    found = separation("b", mean(-1.0, 1.0 + 1e-6), 1)
    assert (found.total, found.more) == (None, None)


def test_the_least_seeds_reach_the_power_and_one_less_does_not():
    for effect in (0.1, 0.5, 1.0, 2.0):
        n = seeds_needed(effect)
        assert t_power(effect, n - 1, 0.05) < 0.8 <= t_power(effect, n, 0.05)
        n = seeds_needed(effect, alpha=0.01, power=0.9)
        assert t_power(effect, n - 1, 0.01) < 0.9 <= t_power(effect, n, 0.01)


def test_an_effect_is_worth_ten_thousand_seeds_at_most():
    # (1.960 + 0.842) / sqrt(10 000) = 0.0280
    assert MOST_SEEDS - 100 < seeds_needed(0.02803) <= MOST_SEEDS
    assert seeds_needed(0.0279) is None
    assert seeds_needed(0.0281, alpha=0.01) is None  # (2.576 + 0.842) ** 2 / 0.0281 ** 2 = 14 800


def test_two_seeds_are_the_least_that_a_t_test_can_have():
    assert seeds_needed(100.0) == 2


def test_a_huge_effect_on_two_seeds_may_still_be_under_the_critical_value():
    # t of one degree of freedom at 1 - 5e-7 is 636 620, and 30 sqrt(2) = 42
    assert t_power(30.0, 2, 1e-6) == 0.0
    assert t_power(30.0, 10, 1e-6) == 1.0
