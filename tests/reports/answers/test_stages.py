"""Search against confirmation: who is a finalist, and what the pick took back."""

import numpy as np
import pytest

from reports.answers.stages import stages
from reports.answers.summaries import summaries

COSTS = np.array([[0.0, 1.0], [5.0, 6.0]])


def found(study, metric="bce", sign=1.0):
    return stages(summaries(study.tables(), "jazz"), metric, COSTS, sign)


@pytest.fixture
def study(make_study, make_config):
    study = make_study()
    for latent, searched, confirmed, mi in ((8, 500.0, 510.0, 1.0), (16, 501.0, 504.0, 2.0)):
        study.add(make_config(latent), [searched] * 2, phase="search", mi=(mi, 9.0))
        study.add(make_config(latent), [confirmed, confirmed + 2], mi=(mi - 0.5, 9.0))
    study.add(make_config(32), [490.0] * 2, phase="search")
    study.add(make_config(64), [480.0] * 2)
    study.add(make_config(99), [], failed=1)
    study.add(make_config(99), [480.0], phase="search")
    return study


def test_finalists_are_those_of_both_stages_the_best_confirmed_first(study):
    both = found(study)
    assert [(one.searched.mean, one.confirmed.mean) for one in both.finalists] == [
        (501.0, 505.0),
        (500.0, 511.0),
    ]
    assert [one.change.mean for one in both.finalists] == [4.0, 11.0]
    # seed by seed over both: 507 and 509 against 500.5 on either
    assert both.change.mean == 7.5
    assert both.change.interval == pytest.approx((7.5 - 12.706, 7.5 + 12.706), abs=1e-3)


def test_of_what_more_is_better_the_most_stands_first(study):
    more = found(study, "mi_lower", -1.0)
    assert [one.confirmed.mean for one in more.finalists] == [1.5, 0.5]
    assert more.change.mean == -0.5


def test_a_study_without_a_search_has_no_finalists(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 2)
    assert (found(study).finalists, found(study).change) == ((), None)


def test_finalists_without_a_shared_seed_have_a_change_without_an_interval(study):
    for row in study.rows:
        if row["phase"] == "confirm" and row["latent_length"] == 16:
            row["seed"] += 50
    assert (found(study).change.mean, found(study).change.interval) == (7.5, None)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_one_configuration_or_one_seed_flatters_by_nothing_known(make_study, shape):
    assert stages((), "bce", np.zeros(shape), 1.0).flattery is None


def test_two_of_each_flatter_by_something():
    luck = np.array([[0.0, 2.0], [2.0, 0.0]])  # means of 1, and one of them drawn lower
    assert stages((), "bce", luck, 1.0).flattery == pytest.approx(0.5, abs=0.05)


def test_the_pick_is_flattered_by_what_the_picked_one_was_lucky():
    # each pattern of two seeds: twice the first, once each twice as often, twice the second
    costs = np.array([[0.0, 2.0], [3.0, 1.0]])
    # the first looks a nat better, then as it is; then the second looks a nat better
    assert stages((), "bce", costs, 1.0).flattery == pytest.approx(0.5, abs=0.05)


def test_no_pick_is_flattered_by_less_than_nothing():
    ways = ([0.0, 1.0], [1.0, 0.0])
    found = [stages((), "bce", np.array([way, [9.0, 9.0]]), 1.0).flattery for way in ways]
    assert min(found) == 0.0
