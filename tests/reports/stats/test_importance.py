"""Which settings can be weighed, from how many configurations on, and by what."""

import optuna
import pytest

from reports.stats.importance import importances, weighable


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
