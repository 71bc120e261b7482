"""Which settings can be weighed, from how many configurations on, and by what."""

import optuna
import pytest

from reports.stats import importance as module
from reports.stats.importance import _middle, importances, weighable


@pytest.mark.parametrize(
    ("counts", "can"),
    [
        ({"a": 2, "b": 2}, True),
        ({"a": 3, "b": 1}, False),
        ({"a": 1, "b": 1, "c": 1}, False),
        ({"a": 10, "b": 1, "c": 1}, False),
        ({"a": 18, "b": 2}, True),  # one in ten
        ({"a": 19, "b": 2}, False),
        ({"a": 27, "b": 3}, True),
        ({"a": 28, "b": 3}, False),
        ({"a": 9}, False),
        ({}, False),
    ],
)
def test_two_values_have_to_be_tried_twice_and_in_one_of_ten_configurations(counts, can):
    assert weighable([value for value, n in counts.items() for _ in range(n)]) is can


def table(k):
    """``latent`` decides, ``shuffled`` does not."""
    settings = [{"latent": at // 2, "shuffled": at * 7 % 5} for at in range(k)]
    means = [float(one["latent"]) for one in settings]
    return settings, means, [[mean - 0.1, mean + 0.1] for mean in means]


@pytest.fixture
def few_resamples(monkeypatch):
    monkeypatch.setattr(module, "RESAMPLES", 6)


def test_ten_configurations_are_the_fewest():
    assert importances(*table(9)) is None
    found = importances(*table(10))
    assert (found.n_configurations, found.resamples) == (10, 25)


def test_shares_add_up_to_one_and_lie_in_their_intervals():
    found = importances(*table(40))
    assert [one.name for one in found.settings] == ["latent", "shuffled"]
    assert sum(one.share for one in found.settings) == pytest.approx(1.0)
    for one in found.settings:
        low, high = one.interval
        assert 0 <= low <= high <= 1
    assert found.settings[0].interval[0] > 0.5 > found.settings[1].interval[1]


def test_one_setting_or_equal_means_say_nothing():
    settings, means, seeds = table(20)
    assert importances([{"latent": one["latent"]} for one in settings], means, seeds) is None
    assert importances(settings, [1.0] * 20, seeds) is None


def test_what_is_best_has_the_lowest_cost():
    """A value that only the best quarter has decides; one that only the worst has does not."""
    settings = [{"of_best": float(at < 5), "of_worst": float(at >= 15)} for at in range(20)]
    means = [float(at) for at in range(20)]
    found = importances(settings, means, [[mean] for mean in means])
    assert found.settings[0].name == "of_best"
    assert found.settings[0].share > 0.8


def test_settings_stand_by_their_share_whatever_their_order():
    settings, means, seeds = table(40)
    turned = [dict(reversed(one.items())) for one in settings]
    found = importances(turned, means, seeds)
    assert [one.name for one in found.settings] == ["latent", "shuffled"]


def test_the_study_that_is_rebuilt_says_nothing_of_itself():
    optuna.logging.set_verbosity(optuna.logging.INFO)
    importances(*table(10))
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING


def test_equal_shares_stand_in_the_order_of_their_names(few_resamples):
    settings = [{"b": at % 5, "a": at % 5} for at in range(10)]
    found = importances(settings, [float(at) for at in range(10)], [[1.0 + at] for at in range(10)])
    assert [one.name for one in found.settings] == ["a", "b"]
    assert found.settings[0].share == pytest.approx(0.5)


def test_what_does_not_vary_has_no_share(few_resamples):
    settings, means, seeds = table(12)
    found = importances([one | {"alone": "word"} for one in settings], means, seeds)
    assert {one.name for one in found.settings} == {"latent", "shuffled", "alone"}
    assert (found.settings[-1].name, found.settings[-1].share) == ("alone", 0.0)
    assert found.settings[-1].interval == (0.0, 0.0)


def test_words_and_numbers_may_be_values_of_one_setting(few_resamples):
    settings, means, seeds = table(12)
    mixed = [16, "per_group", 0.5, True, "16"]
    named = [{"batch": mixed[one["latent"] % 5], "other": one["shuffled"]} for one in settings]
    assert len(importances(named, means, seeds).settings) == 2


def test_an_interval_is_the_middle_of_the_resamples():
    assert _middle([float(at) for at in range(10, -1, -1)]) == pytest.approx((1.0, 9.0))


def test_seeds_that_disagree_make_an_importance_less_sure(few_resamples):
    settings = [{"of_best": float(at < 5), "other": float(at % 2)} for at in range(20)]
    means = [float(at) for at in range(20)]
    alike, apart = (
        importances(settings, means, [[mean - by, mean + by] for mean in means]).settings[0]
        for by in (0.1, 50.0)
    )
    assert alike.share == apart.share
    assert apart.interval[0] < 0.3 < 0.5 < alike.interval[0]


def width(settings, means, seeds):
    low, high = importances(settings, means, seeds).settings[0].interval
    return high - low


def test_of_many_configurations_a_resample_holds_fewer(few_resamples, monkeypatch):
    whole = width(*table(40))
    monkeypatch.setattr(module, "LARGEST", 40)
    assert width(*table(40)) == whole
    monkeypatch.setattr(module, "LARGEST", 8)
    assert width(*table(40)) > 1.3 * whole
