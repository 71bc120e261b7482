from __future__ import annotations

import dataclasses
import json

import pytest

from musebar_core.metric_table import Metrics
from study.ledger.record import Origin, OriginKind, Proposal, Record, SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.run import progress
from study.search import planner, tally
from study.spec.sections import Phase

A, B = "a" * 12, "b" * 12


def ended(bce, minute, *, seconds=30.0, collapsed=False, failure=None):
    validation = {"bce": bce, "kl": 0.0, "elbo": -bce, "mi_lower": 1.0, "collapsed": collapsed}
    return SeedRunResult(
        failure=failure and Failure(failure, FailureKind.ERROR),
        metrics=RunMetrics(None if failure else Metrics.from_dict(validation)),
        seconds=seconds,
        finished_at=f"2026-01-01T00:{minute:02}:00+00:00",
    )


@pytest.fixture
def record(tiny_spec):
    """Two configurations of two seeds: A transferred and better, B own, one seed collapsed."""
    spec = tiny_spec(
        search__methods="false",
        search__configurations="2",
        search__finalists="1",
        search__purpose="density",
    )
    generations = {
        ("low", 0): (
            Proposal(A, {}, Origin(OriginKind.TRANSFER, "among the best of high")),
            Proposal(B, {}),
        )
    }
    runs = {
        (A, 0): ended(10.0, 1),
        (A, 1): ended(12.0, 2),
        (B, 0): ended(13.0, 3),
        (B, 1): ended(14.0, 4, collapsed=True),
    }
    done = {SeedRun("low", i, seed, Phase.SEARCH): e for (i, seed), e in runs.items()}
    return Record(spec, StudyState.RUNNING, False, None, {"low": {}}, {}, generations, done, {})


def test_configurations_and_seed_runs_are_counted_apart(record):
    low = tally.tally(record).genres["low"]
    assert (low.planned, low.done, low.failed, low.collapsed) == (7, 4, 0, 1)
    assert low.configurations == tally.Configurations(
        proposed=2, racing=1, done=1, failed=0, collapsed=1
    )


def test_the_best_so_far_has_an_interval_over_its_seeds(record):
    best = tally.tally(record).genres["low"].best
    assert (best.config_id, best.bce, best.seeds) == (A, 11.0, 2)
    assert (best.low, best.high) == pytest.approx((11 - 12.706, 11 + 12.706), abs=1e-3)


def test_transfer_is_told_with_its_effect(record):
    low = tally.tally(record).genres["low"]
    assert (low.transfer.proposed, low.transfer.finalists, low.transfer.won) == (1, 1, 1)
    assert low.transfer.gain == 2.5
    record.ended[SeedRun("low", B, 0, Phase.SEARCH)] = ended(13.0, 3, failure="no number")
    assert tally.tally(record).genres["low"].transfer.gain is None  # none of its own is complete


def test_time_spent_and_left_follow_from_the_runs(record):
    counted = tally.tally(record)
    assert counted.device_hours == pytest.approx(4 * 30 / 3600)
    assert counted.left == 3
    assert counted.device_hours_left == pytest.approx(3 * 30 / 3600)
    assert counted.elapsed_seconds == 210
    assert counted.slots_lately == pytest.approx(120 / 210)


def test_hours_of_a_share_that_is_auto_are_the_devices_that_the_runs_had(record):
    resources = record.spec.resources.model_copy(update={"gpus_per_trial": "auto"})
    record.spec = record.spec.model_copy(update={"resources": resources})
    assert tally.tally(record).device == "CPU"
    on_gpu = {run: dataclasses.replace(e, device="cuda") for run, e in record.ended.items()}
    counted = tally.tally(dataclasses.replace(record, ended=on_gpu))
    assert (counted.device, counted.device_hours) == ("GPU", pytest.approx(4 * 30 / 3600))


def test_what_a_search_has_not_proposed_yet_counts_as_left(record):
    record.generations.clear()
    record.ended.clear()
    counted = tally.tally(record)
    assert counted.left == 2 * 2 + 3
    assert counted.slots_lately is None
    assert counted.device_hours_left is None


def test_a_line_tells_all_of_it(record):
    text = progress.line(record, busy=2, seconds_left=40)
    for part in (
        "4/7 seed runs done",
        "1 collapsed",
        "2 configurations",
        "1 racing",
        "lowest BCE 11.0 [",
        "2 slots in use",
        "CPU-hours spent",
        "3 seed runs left",
        "about 40 s left",
        "1 configurations from other genres",
    ):
        assert part in text
    assert planner.plan(record).planned
    json.dumps({g: tally.as_dict(row) for g, row in tally.tally(record).genres.items()})


def all_but(record, *, collapsed=False, bce=None):
    """The record with one run of B alone, changed."""
    run = SeedRun("low", B, 0, Phase.SEARCH)
    one = ended(bce or 13.0, 3, collapsed=collapsed)
    record.ended = {run: one}
    return tally.tally(record).genres["low"]


def test_while_seeds_are_missing_or_runs_collapsed_an_intermediate_best_is_told_as_such(record):
    assert tally.tally(record).genres["low"].intermediate is None
    low = all_but(record)
    assert low.best is None
    assert (low.intermediate.config_id, low.intermediate.bce) == (B, 13.0)
    assert low.intermediate.caveat == "seeds missing"
    assert "lowest BCE 13.0 n=1 (seeds missing)" in progress.line(record)
    assert all_but(record, collapsed=True).intermediate.caveat == "collapsed"
    assert "lowest BCE 13.0 n=1 (collapsed)" in progress.line(record)


def test_before_a_run_has_ended_there_is_no_intermediate_best(record):
    record.ended = {}
    assert tally.tally(record).genres["low"].intermediate is None
    assert "lowest BCE -" in progress.line(record)
