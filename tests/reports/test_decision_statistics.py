"""Bootstrap, improvement, separation, stages, variance: values a hand can count."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.answers.aggregate import LeftOut, aggregate, interquartile_mean
from reports.answers.methods import Method
from reports.answers.stages import change, flattery
from reports.stats.bootstrap import stratified, studentised_interval
from reports.stats.improvement import improvement, share_interval
from reports.stats.separation import seeds_needed, separation, t_power
from reports.stats.variance import variance_parts
from reports.words.verdicts import left_out_text
from tests.reports.seedmeans import mean


def test_the_probability_of_improvement_counts_seeds_won_and_half_of_ties():
    found = improvement(mean(-1.0, -1.0, -1.0, 0.0, 2.0))
    assert (found.share, found.wins, found.ties, found.n_seeds) == (0.7, 3, 1, 5)
    # ties are held against either end: 3 of 5 below, 4 of 5 above
    assert found.interval == (share_interval(3, 5)[0], share_interval(4, 5)[1])


def test_the_interval_of_a_share_is_that_of_clopper_and_pearson():
    assert share_interval(10, 10) == (pytest.approx(0.025 ** (1 / 10)), 1.0)
    assert share_interval(0, 10) == (0.0, pytest.approx(1 - 0.025 ** (1 / 10)))
    exact = stats.binomtest(3, 10).proportion_ci(0.95, method="exact")
    assert share_interval(3, 10) == pytest.approx((exact.low, exact.high))


def test_the_power_of_the_paired_t_test_is_that_of_the_tables():
    # Cohen 1988: n = 34 pairs find d = 0.5 with power 0.8 at a two-sided 5%
    assert seeds_needed(0.5) == 34
    assert t_power(0.5, 33, 0.05) < 0.8 <= t_power(0.5, 34, 0.05)


def test_a_large_effect_needs_no_series():
    assert t_power(50.0, 10, 0.05) == 1.0
    assert seeds_needed(1e-9) is None


def test_seeds_to_separate_are_those_that_are_not_there_yet():
    # mean 0.5, sd 1
    values = [0.5 - math.sqrt(0.9), 0.5 + math.sqrt(0.9)] * 5
    found = separation("b", mean(*values), pairs=1)
    assert (found.total, found.more) == (34, 24)
    stricter = separation("b", mean(*values), pairs=3)
    assert stricter.total > 34


def test_a_difference_without_spread_needs_what_a_sign_flip_test_needs():
    assert separation("b", mean(1.0, 1.0, 1.0), pairs=1).total == 6  # 2 / 2^6 <= 0.05
    assert separation("b", mean(1.0), pairs=1).total is None
    assert separation("b", mean(0.0, 0.0), pairs=1).total is None


def test_what_the_seeds_there_are_have_not_separated_needs_one_more_at_least():
    assert separation("b", mean(*[1.0] * 10), pairs=1).more == 1


def test_the_change_between_stages_has_welchs_interval():
    found = change(mean(1.0, 3.0), mean(4.0, 6.0, 8.0, 10.0, first=1000))
    welch = stats.ttest_ind([4, 6, 8, 10], [1, 3], equal_var=False).confidence_interval(0.95)
    assert found.mean == 5.0
    assert found.interval == pytest.approx((welch.low, welch.high))
    assert change(mean(1.0), mean(4.0, 6.0)).interval is None
    assert change(mean(1.0, 1.0), mean(4.0, 4.0)).interval == (3.0, 3.0)


def test_taking_the_lowest_of_equal_means_flatters_by_the_expected_minimum():
    # the lowest of two independent standard normal means lies 1 / sqrt(pi) below, on average
    costs = np.random.default_rng(0).normal(size=(2, 400))
    costs = (costs - costs.mean(axis=1, keepdims=True)) / costs.std(axis=1, keepdims=True)
    assert flattery(costs) * 20 == pytest.approx(1 / math.sqrt(math.pi), rel=0.1)
    assert flattery(np.vstack([np.zeros(10), 100 + costs[0, :10]])) == pytest.approx(0, abs=1e-12)
    assert flattery(np.ones((1, 10))) is None
    assert flattery(np.ones((3, 1))) is None


def test_variance_without_noise_is_all_configuration_and_seed():
    found = variance_parts(np.array([[0.0], [2.0]]) + np.array([[0.0, 6.0, 12.0]]))
    # variances (n - 1) of the row and column effects: 2 and 36
    assert (found.configuration, found.seed, found.residual) == pytest.approx((2.0, 36.0, 0.0))
    assert found.shares == pytest.approx((2 / 38, 36 / 38, 0.0))


def test_variance_below_zero_is_none_and_one_row_has_no_parts():
    found = variance_parts(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert (found.configuration, found.seed, found.residual) == (0.0, 0.0, 4.0)
    assert variance_parts(np.ones((1, 10))) is None
    assert variance_parts(np.ones((2, 2))).shares == (0.0, 0.0, 0.0)


def test_the_studentised_interval_follows_skew():
    values = [0.0] * 8 + [1.0, 10.0]
    low, high = studentised_interval(values, np.random.default_rng(0))
    assert high - 1.1 > 2 * (1.1 - low)
    assert studentised_interval([1.0] * 5, np.random.default_rng(0)) == (1.0, 1.0)
    assert studentised_interval([1.0, 2.0, 3.0, 4.0], np.random.default_rng(0)) is None


def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end():
    assert interquartile_mean(np.array([100.0, 3.0, 1.0, 2.0, 0.0, 4.0, 5.0, -9.0])) == 2.5
    assert interquartile_mean(np.array([[1.0, 2.0, 6.0]])).tolist() == [3.0]
    each = np.array([[9.0, 1.0, 2.0, 3.0], [0.0, 5.0, 7.0, 6.0]])
    assert interquartile_mean(each).tolist() == [2.5, 5.5]


def test_runs_are_resampled_within_genres():
    strata = [np.zeros(3), np.ones(5)]
    drawn = stratified(strata, lambda runs: runs.sum(axis=1), np.random.default_rng(0), draws=50)
    assert drawn.tolist() == [5.0] * 50


def test_methods_are_aggregated_over_genres_relative_to_each_genres_mean(two_genres):
    found = aggregate(two_genres.tables())
    assert found.genres == ("jazz", "rock")
    said = {genre: left_out_text(one) for genre, one in found.left_out.items()}
    assert said == {"overall": "the joint corpus, whose songs are those of the others"}
    best = {one.method: one for one in found.methods}["musebar_bow"]
    # test BCE 567 +- 1 in both genres; the four methods' mean is 568.75
    assert best.iqm == pytest.approx(100 * (567 / 568.75 - 1))
    assert best.interval[0] <= best.iqm <= best.interval[1]
    assert len(best.runs["jazz"]) == 10
    assert (best.shares[-1], best.low[-1], best.high[-1]) == (1.0, 1.0, 1.0)
    assert list(best.shares) == sorted(best.shares)


def test_a_genre_without_full_counts_is_left_out_and_says_so(two_genres):
    two_genres.rows = [
        row
        for row in two_genres.rows
        if not (row["genre"] == "rock" and row["method"] == "musebar" and row["seed"] == 1003)
    ]
    found = aggregate(two_genres.tables())
    assert found.genres == ("jazz",)
    assert found.left_out["rock"] == LeftOut(Method.MUSEBAR, 9, 10)
    assert left_out_text(found.left_out["rock"]) == "MuseBar has 9 of 10 seeds"


def test_a_study_without_methods_has_no_aggregate(make_study):
    assert aggregate(make_study().tables()) is None
