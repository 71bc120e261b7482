from __future__ import annotations

import math

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


@pytest.mark.parametrize(
    ("done", "undertrained", "complete", "trained", "violation"),
    [
        (3, 0, True, True, 0.0),
        (3, 1, True, True, 0.0),
        (3, 2, True, False, 0.0),
        (2, 0, False, True, 1 / 3),
        (2, 1, False, True, 1 / 3),  # half of those that are done
        (2, 2, False, False, 1 / 3),
        (0, 0, False, True, 1.0),
    ],
)
def test_who_goes_on_before_others_is_whole_and_trained(
    done, undertrained, complete, trained, violation
):
    rows = measured("a", [10.0] * done, undertrained=undertrained)
    found = promotion.Searched(rows, 3)
    assert (found.done, found.complete, found.trained) == (done, complete, trained)
    assert found.able == (complete and trained)
    assert found.violation == pytest.approx(violation)


def test_a_mean_is_over_the_done_seeds_and_no_number_where_one_was_not_measured():
    found = entry("a", 10.0, 1.0, done=2)
    assert found.mean("nll") == pytest.approx(10.05)
    assert math.isnan(found.mean("reconstruction_accuracy"))
    assert math.isnan(entry("a", 10.0, 1.0, done=0).mean("nll"))


@pytest.mark.parametrize(
    ("aim", "statistic"),
    [(REPRESENTATION, 1.6), (DENSITY, 100.15), (Aim(Purpose.RECONSTRUCTION), 99.15)],
    ids=str,
)
def test_the_statistic_of_a_promotion_is_the_mean_of_the_purposes_own_metric(aim, statistic):
    (told,) = promotion.promote([entry("b", 100.05, 1.5, 1)], 1, aim)
    assert told.statistic == pytest.approx(statistic)


def test_where_no_seed_is_done_there_is_no_statistic():
    (told,) = promotion.promote([entry("a", 100.0, 1.0, done=0)], 1, DENSITY)
    assert (told.promoted, told.statistic) == (False, None)
    assert told.reason == "3 of 3 search seeds failed"


def test_reasons_name_the_place_and_warn_of_undertrained_seeds():
    results = [entry("a", 100.0, 1.0), entry("b", 101.0, 1.0, 1, undertrained=2)]
    told = {p.config_id: p for p in promotion.promote(results, 2, DENSITY)}
    assert told["a"].reason == "place 1 of 2 on the search seeds: among the best for density"
    assert told["b"].reason == (
        "place 2 of 2 on the search seeds: among the best for density; "
        "2 of 3 search seeds undertrained"
    )
    assert {p.anchor for p in told.values()} == {False}  # a density has none


@pytest.mark.parametrize(
    ("count", "chosen", "anchors"),
    [
        (1, ["b"], []),  # one place is not kept
        (2, ["b", "a"], ["a"]),
        (3, ["b", "c", "a"], ["a"]),  # it is among the best anyway
        (4, ["b", "c", "a", "d"], ["a"]),
        (9, ["b", "c", "a", "d"], ["a"]),
    ],
)
def test_the_anchor_has_a_place_of_several_whether_it_is_kept_for_it_or_not(count, chosen, anchors):
    told = promotion.promote(RESULTS, count, REPRESENTATION)
    assert [p.config_id for p in told if p.promoted] == chosen
    assert [p.config_id for p in told if p.anchor] == anchors
    assert len(told) == 4


def test_of_equal_nlls_the_first_by_name_is_the_anchor_and_an_undertrained_one_is_none():
    results = [
        entry("c", 100.0, 1.0, 0),
        entry("b", 100.0, 1.1, 0),
        entry("a", 90.0, 1.0, 1, undertrained=3),
    ]
    assert [p.config_id for p in promotion.promote(results, 3, REPRESENTATION) if p.anchor] == ["b"]
    none = promotion.promote([entry("a", 90.0, 1.0, undertrained=3)], 2, REPRESENTATION)
    assert [(p.promoted, p.anchor) for p in none] == [(True, False)]


def test_undertrained_configurations_come_last_however_low_their_nll():
    results = [entry("a", 50.0, 1.0, undertrained=2), *RESULTS[1:], entry("e", 1.0, 1.0, done=2)]
    assert [r.config_id for r in promotion.best_first(results, DENSITY)] == ["b", "c", "d", "a"]


def test_the_pareto_set_has_no_failed_and_no_undertrained_configuration():
    results = [
        *RESULTS,
        entry("e", 1.0, 99.0, done=2),
        entry("f", 1.0, 99.0, undertrained=2),
    ]
    front = promotion.pareto_set(results, REPRESENTATION)
    assert [r.config_id for r in front] == ["a", "b", "d"]
    assert promotion.pareto_set(results[4:], REPRESENTATION) == []


def test_a_failed_seed_leaves_no_cost_and_the_others_as_they_are():
    without = promotion.costs(RESULTS, DENSITY)
    assert promotion.costs([*RESULTS, entry("e", 1.0, 1.0, done=2)], DENSITY) == without
    assert without == {
        i: pytest.approx(c) for i, c in zip("abcd", (100.1, 100.15, 100.2, 130.1), strict=True)
    }


def test_the_anchor_takes_the_last_of_three_places_and_the_first_two_stay():
    results = [*RESULTS[:3], entry("e", 100.1, 1.3, 3)]
    assert promoted(results, 3) == ["b", "e", "a"]
    assert promoted(results, 4) == ["b", "e", "c", "a"]


def test_the_pareto_set_is_in_order_of_nll_whatever_its_names():
    results = [entry("a", 130.0, 9.0), entry("b", 110.0, 5.0, 1), entry("c", 100.0, 1.0, 2)]
    front = promotion.pareto_set(results, REPRESENTATION)
    assert [r.config_id for r in front] == ["c", "b", "a"]
