import itertools

import numpy as np
import pytest

from reports.stats import ties as module
from reports.stats.ties import _signs, range_tie_set, tie_set
from study.statistics.signflip import sign_flip

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


@pytest.mark.parametrize("unit", [1e-3, 1e3])
def test_the_unit_of_costs_changes_nothing(unit):
    costs = np.vstack([NOISE[0], np.roll(NOISE[0], 3) + 0.4, np.roll(NOISE[0], 5) + 0.1])
    names = ["a", "b", "c"]
    assert tie_set(names, costs * unit).p_values == pytest.approx(tie_set(names, costs).p_values)


def test_one_configuration_ties_with_itself():
    ties = tie_set(["a"], np.ones((1, 10)))
    assert (ties.members, ties.worse, ties.p_values) == (("a",), (), {"a": 1.0})


def test_identical_configurations_tie():
    assert tie_set(["a", "b"], np.ones((2, 10))).members == ("a", "b")


def test_members_and_what_is_worse_stand_in_the_order_of_their_means():
    assert found([10.05, 10.0, 10.02]).members == ("1", "2", "0")
    assert found([10.0, 30.0, 15.0, 20.0]).worse == ("2", "3", "1")
    ranged = range_tie_set(list("abc"), np.resize(NOISE, (3, 3)) + np.array([[90], [10], [50]]))
    assert (ranged.members, ranged.worse) == (("b",), ("c", "a"))


def test_many_pairs_are_judged_on_fewer_patterns(monkeypatch):
    monkeypatch.setattr(module, "BUDGET", 100)
    monkeypatch.setattr(module, "LEAST_PATTERNS", 100)
    ties = found([10.0, 10.0, 15.0])
    assert not ties.exact
    assert ties.smallest == 1 / 100
    assert ties.worse == ("2",)


@pytest.mark.parametrize(("budget", "exact", "n"), [(512, True, 512), (511, False, 511)])
@pytest.mark.parametrize(("means", "pairs"), [((10, 15), 1), ((10, 10, 15), 3)])
def test_the_budget_is_shared_among_the_pairs(monkeypatch, budget, exact, n, means, pairs):
    # 2^9 patterns of 10 seeds
    monkeypatch.setattr(module, "BUDGET", budget * pairs)
    monkeypatch.setattr(module, "LEAST_PATTERNS", 10)
    ties = found(means)
    assert (ties.exact, ties.smallest) == (exact, 1 / n)


def test_patterns_that_are_drawn_of_all_are_distinct_and_the_observed_one_is_among_them(
    monkeypatch,
):
    monkeypatch.setattr(module, "BUDGET", 1)
    monkeypatch.setattr(module, "LEAST_PATTERNS", 500)
    signs, exact = _signs(3, 10)
    assert not exact
    assert (signs[0] == 1).all()
    assert len({tuple(row) for row in [*signs.tolist(), *(-signs).tolist()]}) == 1000
    assert (_signs(3, 10)[0] == signs).all()


def test_differences_in_tenths_tie_as_whole_ones_do():
    for seed in range(8):
        whole = np.random.default_rng(seed).integers(-3, 4, 8)
        ties = tie_set(["a", "b"], np.vstack([np.zeros(8), whole / 10]))
        assert min(ties.p_values.values()) == sign_flip(whole.tolist()).two_sided


def test_what_differs_by_a_thousandth_is_no_tie():
    # of the last sign 5.001 and 4.999 over 2.236: the observed one is larger, 2 patterns of 64
    costs = np.vstack([np.zeros(6), [1.0, 1.0, 1.0, 1.0, 1.0, 0.001]])
    assert tie_set(["a", "b"], costs).p_values["b"] == 2 / 64


@pytest.mark.parametrize("k", [2, 8])
def test_equal_configurations_are_called_worse_in_one_study_of_twenty_at_most(k):
    # exact level: 400 studies give at most 5% + 2.6 standard errors (1.1% each) by chance
    rng = np.random.default_rng(7)
    wrong = sum(
        bool(tie_set([str(i) for i in range(k)], rng.normal(size=(k, 8))).worse) for _ in range(400)
    )
    assert wrong <= 31


def test_only_seeds_on_which_both_work_count():
    costs = np.array([[0.0] * 8, [9.0, 9.0, -1, 1, -1, 1, -1, 1], [1.0] * 8])
    works = np.ones((3, 8), dtype=bool)
    assert tie_set(list("abc"), costs, works=works).members == ("a", "b")
    works[1, :2] = False  # the two in which b is worse
    assert tie_set(list("abc"), costs, works=works).members == ("a", "b")
    assert tie_set(list("abc"), costs, works=works).worse == ("c",)


def test_too_few_seeds_are_told_apart_by_the_range_of_pooled_noise():
    rng = np.random.default_rng(0)
    noise, luck = rng.normal(0, 1, (6, 3)), rng.normal(0, 5, 3)
    found = range_tie_set(list("abcdef"), luck + noise + np.array([[0], [0], [0], [0], [0], [50]]))
    assert found.worse == ("f",)
    assert found.pooled
    assert not found.too_few_seeds
    assert range_tie_set(list("ab"), np.array([[1.0], [2.0]])).too_few_seeds


@pytest.mark.parametrize(
    ("n", "rates"),
    [
        (3, (0.0, 0.0)),
        (10, (0.0, 0.0)),
        (10, (0.0, 0.1)),
        *((n, (rate, rate)) for n in (7, 10) for rate in (0.3, 0.6)),
    ],
)
def test_no_more_than_one_study_in_twenty_calls_an_equal_configuration_worse(n, rates):
    """Working runs are alike; in half of the arms some share of the runs collapses."""
    rng, wrong, studies, k = np.random.default_rng([7, n]), 0, 400, 4
    for _ in range(studies):
        costs = rng.normal(0, 1, n) + rng.normal(0, 0.5, (k, n))
        works = rng.random((k, n)) >= np.resize(rates, k)[:, None]
        costs = np.where(works, costs, costs + 5)
        ties = (
            range_tie_set(list("abcd"), costs)
            if n < 6
            else tie_set(list("abcd"), costs, works=works)
        )
        wrong += bool(ties.worse)
    assert wrong / studies <= 0.05 + 2 * (0.05 * 0.95 / studies) ** 0.5


@pytest.mark.parametrize("n", [6, 10])
def test_what_never_works_is_told_from_what_always_does(n):
    """On no seed do both work: all of them count, or nothing could be said of the pair."""
    rng = np.random.default_rng(11)
    costs = rng.normal(0, 0.5, (3, n)) + np.array([[0.0], [0.1], [5.0]])
    works = np.array([[True] * n, [True] * n, [False] * n])
    assert tie_set(list("abc"), costs, works=works).members == ("a", "b")
    assert tie_set(list("abc"), costs, works=works).p_values["c"] <= 0.05


def test_a_pair_that_works_on_six_seeds_is_compared_on_these():
    rng = np.random.default_rng(12)
    costs = rng.normal(0, 0.1, (2, 10))
    works = np.ones((2, 10), dtype=bool)
    works[1, :4] = False
    costs[1, :4] += 50
    assert set(tie_set(list("ab"), costs, works=works).members) == {"a", "b"}
    costs[1, 4:] += 5
    assert tie_set(list("ab"), costs, works=works).members == ("a",)


def test_six_seeds_on_which_both_work_are_the_fewest_that_count_alone():
    # on the first 6 seeds b is worse, on the other 4 both ways by far more
    costs = np.vstack([np.zeros(10), [1.0, 1.1, 0.9, 1.2, 0.8, 1.0, 50.0, -50.0, 40.0, -40.0]])
    works = np.ones((2, 10), dtype=bool)
    works[1, 6:] = False
    assert tie_set(list("ab"), costs, works=works).worse == ("b",)
    works[0, 5] = False
    assert tie_set(list("ab"), costs, works=works).worse == ()


def test_five_seeds_on_which_both_work_are_too_few_and_all_count():
    costs = np.vstack([np.zeros(10), np.linspace(1, 2, 10)])
    works = np.ones((2, 10), dtype=bool)
    works[1, 5:] = False
    ties = tie_set(list("ab"), costs, works=works)
    assert (ties.worse, ties.p_values["b"]) == (("b",), 2**-9)


def test_the_seeds_on_which_all_count_would_skew_where_some_collapse():
    """What masking is for: a rare collapse hides in ten seeds, and the rest look better."""
    rng, wrong, studies = np.random.default_rng(8), 0, 400
    for _ in range(studies):
        collapses = rng.random(10) < 0.1
        # equal means: where it works b is 0.5 better, in one run of ten 4.5 worse
        b = rng.normal(0, 0.3, 10) + np.where(collapses, 4.5, -0.5)
        wrong += bool(tie_set(list("ab"), np.array([rng.normal(0, 0.3, 10), b])).worse)
    assert wrong / studies > 0.05


def test_what_is_just_significant_is_worse():
    costs = np.vstack([np.zeros(6), np.full(6, 1.0)])
    assert tie_set(["a", "b"], costs, alpha=2 / 64).worse == ("b",)
    assert tie_set(["a", "b"], costs, alpha=2 / 64 - 1e-9).worse == ()


def test_equal_means_stand_in_the_order_of_their_names():
    assert tie_set(["b", "a", "c"], np.ones((3, 6))).members == ("a", "b", "c")
    assert range_tie_set(["b", "a", "c"], np.ones((3, 3))).members == ("a", "b", "c")


@pytest.mark.parametrize(("n", "exact", "patterns"), [(6, True, 32), (14, True, 2**13)])
def test_up_to_fourteen_seeds_every_pattern_is_tried_once_of_each_pair(n, exact, patterns):
    ties = tie_set(["a", "b"], np.vstack([np.zeros(n), np.ones(n)]))
    assert (ties.exact, ties.smallest, ties.n_seeds) == (exact, 1 / patterns, n)
    assert ties.p_values["b"] == ties.smallest
    assert not ties.pooled


def test_of_more_seeds_patterns_are_drawn():
    ties = tie_set(["a", "b"], np.vstack([np.zeros(15), np.ones(15)]))
    assert (ties.exact, ties.smallest) == (False, 2.0**-14)
    assert ties.worse == ("b",)


def plain(costs, works, alpha):
    """The definition, pair by pair: p-values of rows, of which those of at most alpha drop out."""
    k, n = costs.shape
    signs = np.array(list(itertools.product((1, -1), repeat=n)))
    left, floor, p_values = list(range(k)), 0.0, np.ones(k)
    while len(left) > 1:
        statistics = {}
        for i, j in itertools.permutations(left, 2):
            both = works[i] & works[j]
            apart = (costs[i] - costs[j]) * (both if both.sum() >= 6 else 1)
            statistics[i, j] = signs @ apart / np.sqrt((apart**2).sum())
        largest = np.max(list(statistics.values()), axis=0)
        worst = {i: max(statistics[i, j][0] for j in left if j != i) for i in left}
        p = {i: max(floor, float(np.mean(largest >= worst[i] - 1e-5))) for i in left}
        p_values[left] = list(p.values())
        dropped = [i for i in left if p[i] <= alpha]
        if not dropped:
            break
        floor = max(p[i] for i in dropped)
        left = [i for i in left if i not in dropped]
    return p_values


def test_p_values_are_those_of_the_plain_definition():
    for seed in range(12):
        rng = np.random.default_rng(seed)
        costs = rng.normal(0, 1, (5, 7)) + np.array([[0.0], [0.5], [1], [1.5], [2]])
        works = np.arange(7) != rng.integers(0, 12, (5, 1))
        found = tie_set(list("abcde"), costs, 0.3, works=works).p_values
        assert [found[name] for name in "abcde"] == pytest.approx(plain(costs, works, 0.3))


def test_what_is_dropped_later_has_no_smaller_p_value_than_what_was_dropped_before():
    """Once e is out, d alone would look surer than e did: 1 of 32 patterns against 3 of 64."""
    costs = np.array(
        [
            [4, -3, -3, -2, -3, -4, 0],
            [5, 5, -1, -3, 0, -3, -1],
            [0, 4, 0, 4, 4, 5, 2],
            [0, 6, 1, 6, 5, 8, 5],
            [5, 9, 3, 2, 8, 5, 4],
        ],
        dtype=float,
    )
    assert tie_set(list("abcd"), costs[:4]).p_values["d"] == 2 / 64
    found = tie_set(list("abcde"), costs)
    assert found.worse == ("d", "e")
    assert found.p_values["d"] == found.p_values["e"] == 3 / 64


def test_the_range_is_judged_by_tukeys_table():
    """Three configurations on three seeds, 4 degrees of freedom: q is 5.04 at 5%."""
    # residuals of a Latin square: rows and columns sum to 0, squares to 6, over 4 degrees: 1.5
    noise = np.array([[1.0, -1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 1.0, -1.0]])
    step = (1.5 / 3) ** 0.5  # standard error of a mean of three
    for q, worse in ((5.03, ()), (5.05, ("c",))):
        means = np.array([[0.0], [0.0], [q * step]])
        ties = range_tie_set(list("abc"), noise + means)
        assert ties.worse == worse
        assert ties.p_values["a"] == ties.p_values["b"] == 1.0
        assert ties.p_values["c"] == pytest.approx(0.05, abs=0.001)


def test_the_range_of_two_on_four_seeds_is_judged_by_tukeys_table():
    """3 degrees of freedom: q is 4.50 at 5%."""
    # residuals of a half: squares sum to 2, over 3 degrees
    noise = np.array([[0.5, -0.5, 0.5, -0.5], [-0.5, 0.5, -0.5, 0.5]])
    for q, worse in ((4.49, ()), (4.51, ("b",))):
        means = np.array([[0.0], [q * (2 / 3 / 4) ** 0.5]])
        ties = range_tie_set(list("ab"), noise + means)
        assert (ties.worse, ties.n_seeds, ties.exact) == (worse, 4, True)


def test_without_noise_any_range_tells_apart_and_none_does_not():
    assert range_tie_set(list("ab"), np.array([[1.0, 1.0], [2.0, 2.0]])).worse == ("b",)
    ties = range_tie_set(list("ab"), np.ones((2, 2)))
    assert (ties.members, ties.p_values) == (("a", "b"), {"a": 1.0, "b": 1.0})


def test_the_range_of_one_configuration_ties_with_itself():
    ties = range_tie_set(["a"], np.array([[1.0, 2.0, 3.0]]))
    assert (ties.members, ties.p_values) == (("a",), {"a": 1.0})


def test_the_level_of_the_range_can_be_asked_for():
    costs = np.array([[0.0, 1.0, 0.0, 1.0], [2.0, 1.0, 2.0, 1.0]])
    p = range_tie_set(list("ab"), costs).p_values["b"]
    assert 0.05 < p < 0.5
    worse, tied = (range_tie_set(list("ab"), costs, alpha=level) for level in (p, p - 1e-9))
    assert (worse.members, worse.worse) == (("a",), ("b",))
    assert (tied.members, tied.worse) == (("a", "b"), ())


def test_a_level_that_no_seeds_reach_is_too_few_seeds():
    assert tie_set(["a", "b"], np.ones((2, 5))).too_few_seeds
    assert not tie_set(["a", "b"], np.ones((2, 6))).too_few_seeds
    one, two = np.ones((2, 1)), np.ones((2, 2))
    assert range_tie_set(["a", "b"], one).smallest == 1.0
    assert range_tie_set(["a", "b"], two).smallest == 0.0
