from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from study.statistics.pareto import pareto_front, pareto_ranks

few = st.integers(0, 4).map(float)
"""Few values, so that ties are many."""


def dominates(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


def peeled(costs):
    """The plain definition: those that none of the rest dominates, taken off again and again."""
    left, ranks, rank = dict(costs), {}, 0
    while left:
        front = [
            i for i, mine in left.items() if not any(dominates(o, mine) for o in left.values())
        ]
        ranks |= dict.fromkeys(front, rank)
        left = {i: mine for i, mine in left.items() if i not in ranks}
        rank += 1
    return ranks


def test_each_rank_is_dominated_by_the_ranks_before_alone():
    costs = {"a": (1.0, 3.0), "b": (3.0, 1.0), "c": (2.0, 3.0), "d": (3.0, 3.0), "e": (1.0, 3.0)}
    assert pareto_ranks(costs) == {"a": 0, "b": 0, "c": 1, "d": 2, "e": 0}
    assert pareto_front(costs) == {"a", "b", "e"}


def test_of_one_cost_the_rank_counts_the_lower_values():
    assert pareto_ranks({"a": (5.0,), "b": (1.0,), "c": (5.0,), "d": (2.0,)}) == {
        "a": 2,
        "b": 0,
        "c": 2,
        "d": 1,
    }


def test_what_has_no_value_is_compared_with_none():
    assert pareto_ranks({"a": (1.0, 1.0), "b": (math.nan, 9.0), "c": (2.0, 2.0)}) == {
        "a": 0,
        "b": 0,
        "c": 1,
    }


@pytest.mark.parametrize("n_costs", [1, 2, 3])
def test_a_single_cost_without_a_value_is_enough(n_costs):
    costs = {"a": (1.0,) * n_costs, "b": (2.0,) * n_costs}
    for at in range(n_costs):
        lacks = [9.0] * n_costs
        lacks[at] = math.nan
        assert pareto_ranks({"c": lacks, **costs}) == {"c": 0, "a": 0, "b": 1}
        assert pareto_ranks({"c": lacks}) == {"c": 0}


def test_nothing_has_no_ranks():
    assert pareto_ranks({}) == {}
    assert pareto_front({}) == set()


@pytest.mark.parametrize("n_costs", [1, 2, 3, 4])
def test_ranks_are_those_of_the_plain_definition(n_costs):
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a loaded machine
    @given(st.lists(st.tuples(*[few | st.just(math.inf)] * n_costs), max_size=40))
    def alike(points):
        costs = {str(at): point for at, point in enumerate(points)}
        assert pareto_ranks(costs) == peeled(costs)

    alike()


@pytest.mark.parametrize("n_costs", [2, 3])
def test_four_thousand_points_that_none_dominates_are_ranked_at_once(n_costs):
    rng = np.random.default_rng(0)
    points = rng.dirichlet(np.ones(n_costs), size=4000)  # of one sum: none dominates another
    started = time.process_time()
    ranks = pareto_ranks({str(at): tuple(point) for at, point in enumerate(points.tolist())})
    assert set(ranks.values()) == {0}
    assert time.process_time() - started < 2
