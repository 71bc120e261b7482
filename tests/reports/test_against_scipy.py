"""Every statistic that scipy has too, on random seeds: the two agree."""

import numpy as np
import pytest
from scipy import stats

from reports.answers.aggregate import interquartile_mean
from reports.answers.stages import change
from reports.stats.improvement import share_interval
from reports.stats.separation import t_power
from reports.stats.ties import tie_set
from study.statistics.intervals import mean_over_seeds, paired_difference
from study.statistics.signflip import holm, sign_flip

CASES = [(n, skewed) for n in (3, 5, 10) for skewed in (False, True)]


def seeds(n, skewed, stream=0):
    rng = np.random.default_rng([n, skewed, stream])
    return rng.exponential(2.0, n) - 1.5 if skewed else rng.normal(0.5, 1.0, n)


def mean(values):
    return mean_over_seeds(dict(enumerate(float(value) for value in values)))


@pytest.mark.parametrize(("n", "skewed"), CASES)
def test_the_interval_of_a_mean_is_that_of_the_one_sample_t_test(n, skewed):
    values = seeds(n, skewed)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert mean(values).interval == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("n", "skewed"), CASES)
def test_the_interval_of_a_paired_difference_is_that_of_the_paired_t_test(n, skewed):
    first, second = seeds(n, skewed), seeds(n, skewed, stream=1)
    theirs = stats.ttest_rel(first, second).confidence_interval(0.95)
    ours = paired_difference(mean(first), mean(second))
    assert ours.interval == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("n", "skewed"), CASES)
def test_the_change_between_stages_has_the_interval_of_welchs_test(n, skewed):
    before, after = seeds(3, skewed), seeds(n, skewed, stream=1)
    theirs = stats.ttest_ind(after, before, equal_var=False).confidence_interval(0.95)
    assert change(mean(before), mean(after)).interval == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize(("n", "skewed"), CASES)
def test_the_sign_flip_test_is_the_exact_permutation_test_of_the_mean(n, skewed):
    values = seeds(n, skewed)
    ours = sign_flip(values.tolist())

    def theirs(alternative):
        return stats.permutation_test(
            (values,),
            np.mean,
            permutation_type="samples",
            alternative=alternative,
            n_resamples=np.inf,
            vectorized=False,
        ).pvalue

    assert ours.below == pytest.approx(theirs("less"))
    assert ours.above == pytest.approx(theirs("greater"))
    assert ours.two_sided == pytest.approx(theirs("two-sided"))


@pytest.mark.parametrize(("n", "skewed"), CASES)
def test_a_tie_set_of_two_is_judged_by_the_exact_permutation_test(n, skewed):
    costs = np.stack([seeds(n, skewed), seeds(n, skewed, stream=1)])
    theirs = stats.permutation_test(
        (costs[0] - costs[1],),
        np.mean,
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=False,
    )
    found = tie_set(["a", "b"], costs)
    assert min(found.p_values.values()) == pytest.approx(theirs.pvalue, abs=1e-9)


@pytest.mark.parametrize("n", [3, 10])
def test_the_interval_of_a_share_is_scipys_exact_one(n):
    for hits in range(n + 1):
        theirs = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
        assert share_interval(hits, n) == pytest.approx((theirs.low, theirs.high))


def test_holms_correction_rejects_what_a_step_down_by_hand_rejects():
    p_values = np.random.default_rng(3).uniform(0, 0.02, 20).tolist()
    adjusted = holm(p_values)
    order = np.argsort(p_values)
    rejected, alpha = set(), 0.05
    for place, at in enumerate(order):
        if p_values[at] > alpha / (20 - place):
            break
        rejected.add(int(at))
    assert {at for at, p in enumerate(adjusted) if p <= alpha} == rejected
    assert 0 < len(rejected) < 20


@pytest.mark.parametrize("effect", [0.2, 0.8, 2.0])
def test_power_is_that_of_the_noncentral_t(effect):
    n, alpha = 12, 0.01
    limit = stats.t.ppf(1 - alpha / 2, n - 1)
    theirs = stats.nct.sf(limit, n - 1, effect * np.sqrt(n))
    assert t_power(effect, n, alpha) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("n", [8, 10, 39])
def test_the_interquartile_mean_is_scipys_trimmed_mean(n):
    values = np.random.default_rng(n).normal(size=n)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))
