from __future__ import annotations

from study.search import promotion
from study.spec.model import Objective

BCE = (Objective.BCE,)
BOTH = (Objective.BCE, Objective.MI_LOWER)


def entry(config_id, bce, mi, collapsed=0, done=3):
    return promotion.Searched(config_id, bce, -bce, mi, collapsed, done, 3)


def promoted(results, count, objectives=BCE):
    return [p.config_id for p in promotion.promote(results, count, objectives) if p.promoted]


def test_finalists_are_the_best_by_the_objective_and_the_most_informative():
    results = [entry("a", 1, 0.1), entry("b", 2, 0.2), entry("c", 3, 0.3), entry("d", 4, 0.9)]
    assert promoted(results, 3) == ["a", "b", "d"]
    told = {p.config_id: p for p in promotion.promote(results, 3, BCE)}
    assert (told["d"].informative, told["a"].informative) == (True, False)
    assert (told["c"].promoted, told["c"].statistic) == (False, 3)
    assert "place 3 of 4" in told["c"].reason


def test_collapsed_and_incomplete_configurations_yield_their_place():
    results = [
        entry("a", 1, 0, collapsed=3),
        entry("b", 2, 1),
        entry("c", 3, 1, done=2),
        entry("d", 4, 1),
    ]
    assert promoted(results, 2) == ["b", "d"]
    assert promoted(results, 3) == ["b", "d", "a"]
    reasons = {p.config_id: p.reason for p in promotion.promote(results, 2, BCE)}
    assert reasons["a"] == "3 of 3 search seeds collapsed"
    assert reasons["c"] == "1 of 3 search seeds failed"


def test_one_collapse_of_few_search_seeds_keeps_nobody_from_the_final():
    results = [entry("a", 1, 0, collapsed=1), entry("b", 2, 1), entry("c", 0, 1, collapsed=2)]
    assert promoted(results, 1) == ["a"]
    alone = promotion.Searched("d", 0, 0, 0, 1, 1, 1)
    assert not alone.eligible
    assert not promotion.Searched("e", 0, 0, 0, 3, 10, 10).eligible


def test_with_two_objectives_the_pareto_set_goes_first():
    results = [
        entry("a", 1, 1),
        entry("b", 1.5, 0.5),
        entry("c", 2, 3),
        entry("d", 3, 9),
        entry("e", 0, 99, collapsed=3),
    ]
    assert [r.config_id for r in promotion.pareto_set(results, BOTH)] == ["a", "c", "d"]
    assert promoted(results, 3, BOTH) == ["a", "c", "d"]
    assert promoted(results, 3) == ["a", "b", "d"]
