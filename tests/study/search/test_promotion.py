from __future__ import annotations

import pytest

from study.search import promotion
from study.statistics.purposes import Aim, Purpose
from tests.study.search.measured import measured

REPRESENTATION, DENSITY = Aim(), Aim(Purpose.DENSITY)

NOISE = ((0.0, 0.1, 0.2), (0.2, 0.1, 0.0), (0.1, 0.0, 0.2), (0.0, 0.2, 0.1))


def entry(config_id, nll, mi, seed=0, **rest):
    """Three seeds around an NLL and an MI, with noise of about 0.1 nats in both."""
    noise = NOISE[seed]
    nlls, mis = [nll + e for e in noise], [mi + e for e in reversed(noise)]
    done = rest.pop("done", 3)
    return promotion.Searched(measured(config_id, nlls[:done], mis[:done], **rest), 3)


def promoted(results, count, aim=REPRESENTATION):
    return [p.config_id for p in promotion.promote(results, count, aim) if p.promoted]


RESULTS = [
    entry("a", 100.0, 0.3, 0),
    entry("b", 100.05, 1.5, 1),
    entry("c", 100.1, 1.2, 2),
    entry("d", 130.0, 9.0, 3),
]


def test_the_most_informative_go_on_whose_nll_is_as_good_as_the_bests():
    assert promoted(RESULTS, 1) == ["b"]
    assert promoted(RESULTS, 3) == ["b", "c", "a"]


def test_the_last_of_several_places_is_kept_for_the_lowest_nll():
    told = {p.config_id: p for p in promotion.promote(RESULTS, 2, REPRESENTATION)}
    assert [i for i, p in told.items() if p.promoted] == ["b", "a"]
    assert (told["a"].anchor, told["b"].anchor) == (True, False)
    assert "the lowest NLL" in told["a"].reason
    assert told["c"].reason == "place 2 of 4 on the search seeds"


def test_for_a_density_the_lowest_nlls_go_on():
    assert promoted(RESULTS, 2, DENSITY) == ["a", "b"]
    statistic = promotion.promote(RESULTS, 2, DENSITY)[0].statistic
    assert statistic == pytest.approx(100.1)  # of 100.0, 100.1 and 100.2


def test_a_reconstruction_has_to_keep_to_its_rate():
    results = [
        entry("a", 100.0, 1.0, kl=2.0, bce=99.0),
        entry("b", 101.0, 1.0, 1, kl=9.0, bce=90.0),
        entry("c", 101.0, 1.0, 2, kl=4.0, bce=98.0),
    ]
    assert promoted(results, 1, Aim(Purpose.RECONSTRUCTION, 5.0)) == ["c"]
    assert promoted(results, 1, Aim(Purpose.RECONSTRUCTION, 10.0)) == ["b"]
    assert promoted(results, 1, Aim(Purpose.RECONSTRUCTION)) == ["a"]  # the KL of the lowest NLL


def test_a_collapse_keeps_nobody_from_the_final():
    results = [entry("a", 100.0, 2.0, collapsed=2), entry("b", 100.0, 0.3, 1)]
    assert promoted(results, 1) == ["a"]


def test_failed_and_undertrained_configurations_yield_their_place():
    results = [
        entry("a", 100.0, 9.0, 0, undertrained=2),
        entry("b", 100.0, 1.0, 1),
        entry("c", 100.0, 9.0, 2, done=2),
        entry("d", 100.0, 0.9, 3, undertrained=1),
    ]
    assert promoted(results, 2) == ["b", "d"]
    assert promoted(results, 3) == ["b", "d", "a"]
    reasons = {p.config_id: p.reason for p in promotion.promote(results, 2, REPRESENTATION)}
    assert reasons["a"] == "2 of 3 search seeds undertrained"
    assert reasons["c"] == "1 of 3 search seeds failed"


def test_the_pareto_set_of_a_representation_is_that_of_nll_and_information():
    front = promotion.pareto_set(RESULTS, REPRESENTATION)
    assert [r.config_id for r in front] == ["a", "b", "d"]
    assert promotion.pareto_set(RESULTS, DENSITY) == []


def test_a_sampler_is_told_costs_in_the_order_of_the_choice():
    costs = promotion.costs(RESULTS, REPRESENTATION)
    assert sorted(costs, key=costs.__getitem__) == ["b", "c", "a", "d"]
    assert promotion.costs([entry("a", 1, 1, done=2)], REPRESENTATION) == {}
