"""Bootstrap intervals against what they have to agree with."""

import itertools

import numpy as np
import pytest
from scipy import stats

from reports.stats.bootstrap import percentile_interval, stratified, studentised_interval
from study.statistics.intervals import mean_over_seeds


def means(runs):
    return runs.mean(axis=1)


def interval(values, **more):
    return studentised_interval(values, np.random.default_rng(0), **more)


@pytest.mark.parametrize("n", [30, 200])
def test_of_many_normal_values_it_is_the_t_interval(n):
    values = stats.norm.ppf((np.arange(n) + 0.5) / n)
    low, high = mean_over_seeds(dict(enumerate(values))).interval
    assert interval(values) == pytest.approx((low, high), rel=0.06)


def test_it_moves_with_its_values_and_turns_with_their_sign():
    values = np.array([0.0, 1.0, 1.5, 4.0, 9.0, 2.0])
    low, high = interval(values)
    assert interval(3 * values + 7) == pytest.approx((3 * low + 7, 3 * high + 7))
    assert interval(-values) == pytest.approx((-high, -low))
    assert low < values.mean() < high


def test_a_resample_without_spread_is_left_out():
    low, high = interval([1.0] * 9 + [2.0])
    assert np.isfinite([low, high]).all()
    assert low < 1.1 <= high


def test_it_is_that_of_all_resamples_but_those_without_spread():
    values = np.array([0.0, 0.0, 1.0, 2.0, 9.0])
    mean, error = values.mean(), values.std(ddof=1) / 5**0.5
    every = values[np.array(list(itertools.product(range(5), repeat=5)))]
    spread = every[every.max(axis=1) > every.min(axis=1)]
    t = (spread.mean(axis=1) - mean) / (spread.std(axis=1, ddof=1) / 5**0.5)
    assert interval(values) == pytest.approx(mean - error * np.quantile(t, [0.975, 0.025]))


def test_equal_values_have_an_interval_of_no_width():
    assert interval([2.0] * 5) == (2.0, 2.0)


def test_a_percentile_interval_leaves_out_one_in_forty_at_either_end():
    draws = np.stack([np.arange(1001.0), 2 * np.arange(1001.0)], axis=1)
    low, high = percentile_interval(draws)
    assert low == pytest.approx([25.0, 50.0])
    assert high == pytest.approx([975.0, 1950.0])


def test_runs_of_a_genre_are_drawn_with_replacement():
    drawn = stratified([np.arange(4.0)], lambda runs: runs, np.random.default_rng(0), draws=200)
    assert drawn.shape == (200, 4)
    assert set(drawn.ravel()) == {0.0, 1.0, 2.0, 3.0}
    assert drawn.mean() == pytest.approx(1.5, abs=0.15)
    assert any(len(set(row)) < 4 for row in drawn)


def test_genres_of_different_sizes_stand_beside_each_other():
    genres = [np.zeros(3), np.array([1.0, 2.0, 1.0, 2.0, 1.0])]
    drawn = stratified(genres, lambda runs: runs, np.random.default_rng(0), draws=50)
    assert drawn.shape == (50, 8)
    assert set(drawn[:, :3].ravel()) == {0.0}
    assert set(drawn[:, 3:].ravel()) == {1.0, 2.0}


def test_of_one_draw_both_ends_are_the_mean_less_its_t_times_the_standard_error():
    values = np.array([0.0, 1.0, 2.0, 3.0, 9.0])
    low, high = studentised_interval(values, np.random.default_rng(3), draws=1)
    drawn = values[np.random.default_rng(3).integers(0, 5, size=5)].tolist()
    its = mean_over_seeds(dict(enumerate(drawn)))
    own = mean_over_seeds(dict(enumerate(values.tolist())))
    t = (its.mean - own.mean) / its.standard_error
    assert low == high == pytest.approx(own.mean - t * own.standard_error)


def test_another_stream_of_draws_hardly_moves_an_interval():
    values = np.array([0.0, 1.0, 1.5, 4.0, 9.0, 2.0])
    low, high = interval(values)
    other = studentised_interval(values, np.random.default_rng(1))
    assert other == pytest.approx((low, high), abs=0.03 * (high - low))
    ends = [
        np.array(percentile_interval(stratified([values], means, np.random.default_rng(stream))))
        for stream in (0, 1)
    ]
    assert ends[0] == pytest.approx(ends[1], abs=0.05 * float(ends[0][1] - ends[0][0]))


@pytest.mark.parametrize(("n", "given"), [(4, False), (5, True)])
def test_five_values_are_the_fewest_that_are_resampled(n, given):
    assert (interval(np.arange(float(n))) is not None) is given
