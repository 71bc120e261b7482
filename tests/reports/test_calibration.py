"""Intervals and tests keep what they promise, on seeds whose truth is known.

Each bound is the promised rate and three standard errors of so many draws, which are always the
same ones.
"""

import math

import numpy as np
import pytest

from benchmarks import claims
from reports.answers.claims import STATED
from reports.stats.ties import tie_set
from study.statistics.intervals import mean_over_seeds
from study.statistics.signflip import sign_flip
from study.statistics.stepdown import step_down

LEVEL = 0.05


def bound(studies):
    """False positives that a test of level 5% may have in so many studies."""
    return LEVEL * studies + 3 * math.sqrt(studies * LEVEL * (1 - LEVEL))


@pytest.mark.parametrize("n", [3, 10])
def test_t_intervals_hold_the_mean_of_normal_seeds(n):
    samples = np.random.default_rng(n).normal(7.0, 2.0, size=(4_000, n))
    intervals = [mean_over_seeds(dict(enumerate(row.tolist()))).interval for row in samples]
    assert 0.93 <= np.mean([low <= 7.0 <= high for low, high in intervals]) <= 0.97


def wrong_families(rng, studies, n, draw):
    """Studies in which a family of claims without any effect has a significant one."""
    return sum(
        min(step_down(draw(rng, (len(STATED), n)).tolist())) <= LEVEL for _ in range(studies)
    )


def heavy(rng, shape):
    """Differences with outliers, as where seeds of either method collapse."""
    return rng.normal(size=shape) + 8 * rng.choice([-1, 0, 0, 0, 1], size=shape)


def test_a_family_of_claims_without_effect_is_called_in_one_study_of_twenty_at_most():
    rng = np.random.default_rng(1)
    assert wrong_families(rng, 300, 10, lambda r, shape: r.normal(size=shape)) <= bound(300)


def test_one_claim_without_effect_has_the_level_of_an_exact_test():
    # ten seeds: p-values are multiples of 2/1024; the largest at most 0.05 is 50/1024
    samples = np.random.default_rng(2).normal(size=(2_000, 10))
    called = sum(sign_flip(row.tolist()).two_sided <= LEVEL for row in samples)
    exact = 50 / 1024 * 2_000
    assert abs(called - exact) <= 3 * math.sqrt(exact)


@pytest.mark.parametrize("rates", [claims.ALL_ALIKE, claims.ALL_COLLAPSE])
def test_claims_of_simulated_studies_without_effects_stay_open(rates):
    assert claims.called(claims.Truth(rates), 100) <= bound(100)


@pytest.mark.slow
@pytest.mark.parametrize("n_genres", [2, 5])
@pytest.mark.parametrize("rates", [claims.VANILLA_ALONE, claims.ALL_BUT_VANILLA])
def test_arms_that_collapse_at_different_rates_are_not_told_apart_by_luck(rates, n_genres):
    # equal means: what the collapsed runs take away, five standard deviations, the others have
    assert claims.called(claims.Truth(rates, n_genres=n_genres), 1_000) <= bound(1_000)


@pytest.mark.slow
def test_nll_that_is_worse_by_the_margin_is_not_called_no_worse():
    # two runs of different seeds differ by sqrt(2) standard deviations of a run
    truth = claims.Truth(claims.ALL_ALIKE, worse=math.sqrt(2))
    assert claims.called_no_worse(truth, 500) <= bound(500)


@pytest.mark.slow
def test_bar_wise_on_the_curve_of_the_kl_weights_is_not_told_from_them():
    assert claims.called_control(500) <= bound(500)
    assert claims.called_control(100, gain=0.1) > 50


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 7, 25])
def test_equal_configurations_are_told_apart_in_one_study_of_twenty_at_most(k):
    rng = np.random.default_rng(k)
    names = [str(i) for i in range(k)]
    # the luck of a seed is shared: it must cancel
    wrong = sum(
        bool(tie_set(names, rng.normal(size=(k, 10)) + 5 * rng.normal(size=(1, 10))).worse)
        for _ in range(3_000)
    )
    assert wrong <= bound(3_000)


@pytest.mark.slow
def test_equal_configurations_stay_together_whatever_worse_ones_there_are():
    rng = np.random.default_rng(9)
    names = [str(i) for i in range(12)]
    levels = np.array([0.0] * 6 + [0.5, 1.0, 2.0, 5.0, 50.0, 5_000.0])[:, None]
    wrong = 0
    for _ in range(3_000):
        found = tie_set(names, levels + rng.normal(size=(12, 10)))
        wrong += bool({"0", "1", "2", "3", "4", "5"} & set(found.worse))
    assert wrong <= bound(3_000)


@pytest.mark.slow
@pytest.mark.parametrize("n", [6, 10])
def test_a_family_of_claims_with_outliers_keeps_its_level(n):
    assert wrong_families(np.random.default_rng(n), 2_000, n, heavy) <= bound(2_000)
