import numpy as np
import pytest

from reports.stats import ties as module
from reports.stats.ties import tie_set

NOISE = np.array([[0.1, -0.2, 0.3, -0.1, 0.2, -0.3, 0.1, 0.0, -0.1, 0.0]])


def found(means, scale=1.0, n=10):
    """Configurations ``0``, ``1``, .. of these means; noise shifted by one seed for each."""
    costs = np.vstack([mean + scale * np.roll(NOISE[0, :n], i) for i, mean in enumerate(means)])
    return tie_set([str(i) for i in range(len(means))], costs)


def test_what_is_far_worse_is_told_apart_and_what_is_equal_is_not():
    ties = found([10.0, 10.0, 15.0])
    assert set(ties.members) == {"0", "1"}
    assert ties.worse == ("2",)
    assert ties.p_values["2"] <= 0.05 < min(ties.p_values["0"], ties.p_values["1"])


def test_the_common_luck_of_a_seed_does_not_hide_a_difference():
    luck = 100 * np.arange(10.0)
    costs = np.vstack([luck, luck + 1 + NOISE[0]])
    assert tie_set(["a", "b"], costs).members == ("a",)


def test_two_configurations_are_judged_by_the_two_sided_sign_flip_test():
    ties = tie_set(["a", "b"], np.vstack([np.zeros(6), np.full(6, 1.0)]))
    assert ties.p_values == {"a": 1.0, "b": 2 / 64}
    assert ties.smallest == 2 / 64


def test_five_seeds_are_too_few_to_tell_anything():
    ties = tie_set(["a", "b"], np.vstack([np.zeros(5), np.full(5, 9.0)]))
    assert ties.too_few_seeds
    assert ties.members == ("a", "b")


def test_a_terrible_configuration_does_not_hide_or_make_other_differences():
    without, ties = found([10.0, 10.0, 10.1]), found([10.0, 10.0, 10.1, 5000.0])
    assert ties.members == without.members
    assert ties.worse == ("3",)


def test_one_configuration_ties_with_itself():
    ties = tie_set(["a"], np.ones((1, 10)))
    assert (ties.members, ties.worse, ties.p_values) == (("a",), (), {"a": 1.0})


def test_identical_configurations_tie():
    assert tie_set(["a", "b"], np.ones((2, 10))).members == ("a", "b")


def test_members_stand_in_the_order_of_their_means():
    assert found([10.05, 10.0, 10.02]).members == ("1", "2", "0")


def test_many_pairs_are_judged_on_fewer_patterns(monkeypatch):
    monkeypatch.setattr(module, "BUDGET", 100)
    monkeypatch.setattr(module, "LEAST_PATTERNS", 100)
    ties = found([10.0, 10.0, 15.0])
    assert not ties.exact
    assert ties.smallest == 1 / 100
    assert ties.worse == ("2",)


@pytest.mark.parametrize("k", [2, 8])
def test_equal_configurations_are_called_worse_in_one_study_of_twenty_at_most(k):
    # exact level: 400 studies give at most 5% + 2.6 standard errors (1.1% each) by chance
    rng = np.random.default_rng(7)
    wrong = sum(
        bool(tie_set([str(i) for i in range(k)], rng.normal(size=(k, 8))).worse) for _ in range(400)
    )
    assert wrong <= 31
