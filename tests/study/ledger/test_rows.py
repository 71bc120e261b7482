"""Rows and the values that they are of, without a database between them."""

from __future__ import annotations

import pytest

from musebar_core.metric_table import EpochMetrics, Metrics
from study.ledger import rows
from study.ledger.record import Origin, OriginKind, Proposal, SeedRun
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.spec.sections import Phase

MEASURED = Metrics.from_dict({"bce": 1.5, "kl": 2.0, "collapsed": False})
WHOLE = SeedRunResult(
    attempts=2,
    metrics=RunMetrics(*[MEASURED._replace(bce=bce) for bce in (1.0, 2.0, 3.0, 4.0)]),
    curve=(EpochMetrics(3, 0.5, 2.5, 0.1, MEASURED),),
    best_epoch=3,
    seconds=7.5,
    node="node",
    device="cpu",
    versions={"torch": "2"},
    checkpoint="runs/x",
    finished_at="2026-01-01",
)
FAILED = SeedRunResult(failure=Failure("nul\0l", FailureKind.NODE_LOST), finished_at="2026-01-02")


def test_a_row_has_each_part_of_a_result_in_its_own_column():
    row = rows.result_row(WHOLE)
    assert row.pop("metrics") == WHOLE.metrics.to_dict()
    assert [epoch["epoch"] for epoch in row.pop("curve")] == [3]
    assert row == {
        "state": "done",
        "failure": None,
        "failure_kind": None,
        "attempts": 2,
        "best_epoch": 3,
        "seconds": 7.5,
        "node": "node",
        "device": "cpu",
        "versions": {"torch": "2"},
        "checkpoint": "runs/x",
        "finished_at": "2026-01-01",
    }


def test_a_row_of_a_failure_has_its_words_and_kind_and_no_curve():
    row = rows.result_row(FAILED)
    assert (row["state"], row["failure"], row["failure_kind"]) == ("failed", "null", "node_lost")
    assert (row["metrics"], row["curve"]) == ({}, [])
    assert rows.result_row(SeedRunResult(curve=None))["curve"] == []


def test_a_result_comes_back_from_its_row_whole_or_without_its_curve():
    row = rows.result_row(WHOLE)
    assert rows.result(row) == WHOLE
    del row["curve"]
    assert rows.result(row).curve is None
    back = rows.result(rows.result_row(FAILED))
    assert back.failure == Failure("null", FailureKind.NODE_LOST)
    assert back.failure.kind is FailureKind.NODE_LOST
    assert back.curve == ()


def test_an_older_products_row_without_metrics_curve_or_kind_is_read():
    row = rows.result_row(FAILED) | {"metrics": None, "curve": None, "failure_kind": None}
    back = rows.result(row)
    assert (back.metrics, back.curve) == (RunMetrics(), ())
    assert back.failure == Failure("null", None)


def for_plans(result):
    row = rows.result_row(result)
    metrics = row.pop("metrics")
    del row["curve"], row["versions"]
    return row | {"validation": metrics.get("validation")}


def test_for_plans_a_result_has_all_but_curve_versions_and_other_splits():
    found = rows.result_for_plans(for_plans(WHOLE))
    assert found.metrics == RunMetrics(WHOLE.metrics.validation)
    assert (found.curve, found.versions) == (None, None)
    names = ("failure", "attempts", "best_epoch", "seconds", "node", "device", "checkpoint")
    for name in (*names, "finished_at"):
        assert getattr(found, name) == getattr(WHOLE, name)


def test_for_plans_a_run_that_is_done_has_its_metrics_and_one_that_failed_needs_none():
    failed = rows.result_for_plans(for_plans(FAILED))
    assert (failed.metrics, failed.done) == (RunMetrics(), False)
    with pytest.raises(TypeError, match="no validation metrics of a seed run that is done"):
        rows.result_for_plans(for_plans(WHOLE) | {"validation": None})


def test_what_is_no_metric_is_refused_where_a_result_is_read():
    bad = {"validation": {"bce": "low"}}
    with pytest.raises(TypeError, match="validation_bce 'low' of a seed run"):
        rows.result(rows.result_row(WHOLE) | {"metrics": bad})
    with pytest.raises(TypeError, match="validation_bce 'low' of a seed run"):
        rows.result_for_plans(for_plans(WHOLE) | bad)
    with pytest.raises(TypeError, match="attempts 'many' of a seed run"):
        rows.result_for_plans(for_plans(WHOLE) | {"attempts": "many"})


GOOD = {
    "failure": (None, "x"),
    "attempts": (3,),
    "best_epoch": (None, 3),
    "seconds": (None, 3, 3.5),
    "node": (None, "x"),
    "device": (None, "x"),
    "versions": (None, {}),
    "checkpoint": (None, "x"),
    "finished_at": ("x",),
}
ANY = (None, "x", 3, 3.5, {}, b"x", [])


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("value", ANY, ids=repr)
def test_a_cell_holds_what_its_column_is_for(name, value):
    row = rows.result_row(WHOLE) | {name: value}
    if any(type(value) is type(good) for good in GOOD[name]):
        rows.result(row)
    else:
        with pytest.raises(TypeError, match=f"{name} .* of a seed run"):
            rows.result(row)


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ("x" * 50, f"metrics '{'x' * 40}' of a seed run"),
        ([1], "metrics '[1]' of a seed run"),
        ({"test": {"bce": "y" * 50}}, f"test_bce '{'y' * 40}' of a seed run"),
        ({"test": {"bce": 1.0}, "validation": {"kl": [1]}}, "validation_kl '[1]' of a seed run"),
    ],
)
def test_metrics_that_are_no_numbers_by_split_and_name_are_told(metrics, said):
    with pytest.raises(TypeError) as caught:
        rows.check_metrics(metrics)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "metrics",
    [None, {}, {"test": {}}, {"test": {"bce": None, "kl": 1, "mi_lower": 0.5, "collapsed": True}},
     {"test": {"a metric of another product": "x"}}],
)  # fmt: skip
def test_numbers_and_what_another_product_measures_are_metrics(metrics):
    rows.check_metrics(metrics)


def test_every_number_that_is_measured_is_looked_at():
    assert {"bce", "kl", "mi_lower", "active_units", "n_snippets", "collapsed"} <= rows.NUMBERS


def proposal(genre, generation, config_id, origin=""):
    return {
        "genre": genre,
        "generation": generation,
        "config_id": config_id,
        "parameters": {"latent_length": 4},
        "origin": origin,
    }


def test_proposals_are_grouped_in_their_order_and_an_empty_generation_stays():
    found = rows.generations(
        [
            proposal("low", 0, "b", "chance: nothing new"),
            proposal("low", 0, "a"),
            proposal("low", 1, None, None),
            proposal("high", 0, "a"),
        ]
    )
    plain = Proposal("a", {"latent_length": 4}, None)
    chance = Origin(OriginKind.CHANCE, "nothing new")
    assert found == {
        ("low", 0): (Proposal("b", {"latent_length": 4}, chance), plain),
        ("low", 1): (),
        ("high", 0): (plain,),
    }


def test_failed_attempts_are_counted_by_all_that_names_a_run():
    names = {"genre": "low", "config_id": "a", "seed": 0, "phase": "search"}
    others = [names | {key: value} for key, value in (("seed", 1), ("phase", "confirm"))]
    assert rows.attempts([names, *others, names]) == {
        SeedRun("low", "a", 0, Phase.SEARCH): 2,
        SeedRun("low", "a", 1, Phase.SEARCH): 1,
        SeedRun("low", "a", 0, Phase.CONFIRM): 1,
    }


@pytest.mark.parametrize("facts", [{}, {"fingerprint": "f"}, {"fingerprint": "f", "x": 1}])
def test_facts_are_a_mapping_with_a_fingerprint_in_words(facts):
    assert rows.facts({"genre": "low", "facts": facts}) == facts
    for bad in ([], None, "x", {"fingerprint": 3}):
        with pytest.raises(TypeError, match="facts of genre 'low'"):
            rows.facts({"genre": "low", "facts": bad})
