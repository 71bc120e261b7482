from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from study.statistics.trainings import collapse_rate, expected_trainings, trainings_price


def test_expected_trainings_are_the_posterior_mean_of_one_over_the_share_that_works():
    assert expected_trainings(0, 10) == pytest.approx(10 / 9.5)
    assert expected_trainings(9, 10) == 20.0
    assert expected_trainings(10, 10) is None
    assert expected_trainings(0, 0) is None
    q = np.random.default_rng(0).beta(2.5, 8.5, 400_000)  # two of ten
    assert expected_trainings(2, 10) == pytest.approx(np.mean(1 / (1 - q)), abs=0.005)


def test_the_price_of_trainings_rises_with_every_collapse():
    prices = [trainings_price(c, 3) for c in range(4)]
    assert prices == pytest.approx(np.log([1.2, 2.0, 6.0, 8.0]))


def test_the_collapse_rate_has_jeffreys_interval():
    assert collapse_rate(0, 10) == pytest.approx((0.0, 0.217), abs=1e-3)
    assert collapse_rate(5, 10) == pytest.approx((0.224, 0.776), abs=1e-3)


@pytest.mark.parametrize(("collapsed", "seeds"), [(0, 3), (2, 10), (10, 10)])
def test_the_collapse_rate_leaves_out_one_in_forty_of_its_posterior_at_either_end(collapsed, seeds):
    posterior = stats.beta(collapsed + 0.5, seeds - collapsed + 0.5)
    assert collapse_rate(collapsed, seeds) == pytest.approx(posterior.interval(0.95))
