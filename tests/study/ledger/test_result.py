from __future__ import annotations

import dataclasses

import pytest

from musebar_core.metric_table import EpochMetrics, Metrics
from study.ledger.result import (
    Failure,
    FailureKind,
    RunMetrics,
    SeedRunResult,
    SeedRunState,
    flat_epoch,
    read_epoch,
)

METRICS = Metrics.from_dict({"bce": 1.5, "active_units": 0, "collapsed": True, "n_snippets": 7})


@pytest.mark.parametrize("kind", FailureKind)
def test_only_a_loss_that_is_no_number_is_sure_to_come_again(kind):
    assert kind.repeats == (kind is FailureKind.DIVERGED)


def test_what_machine_installation_or_data_did_is_no_property_of_the_configuration():
    of_the_run = {kind for kind in FailureKind if not kind.retriable}
    assert of_the_run == {FailureKind.DIVERGED, FailureKind.ERROR}


def test_a_failure_of_no_known_kind_may_be_worth_another_attempt():
    failure = Failure("recorded long ago", kind=None)
    assert (failure.retriable, failure.repeats) == (True, False)


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_is_worth_another_attempt_as_its_kind_is(kind):
    failure = Failure("x", kind)
    assert (failure.retriable, failure.repeats) == (kind.retriable, kind.repeats)


def test_a_result_is_failed_where_it_has_a_failure_and_else_done():
    done = SeedRunResult(metrics=RunMetrics(validation=METRICS))
    failed = SeedRunResult(failure=Failure("killed", FailureKind.WORKER_DIED))
    assert (done.state, done.done) == (SeedRunState.DONE, True)
    assert (failed.state, failed.done) == (SeedRunState.FAILED, False)


def test_metrics_come_back_from_plain_data_by_split_and_epoch():
    found = RunMetrics(METRICS, METRICS._replace(bce=2.0), None, METRICS._replace(bce=4.0))
    plain = found.to_dict()
    assert {name: row["bce"] for name, row in plain.items()} == {
        "validation": 1.5,
        "test": 2.0,
        "last_test": 4.0,
    }
    assert RunMetrics.from_dict(plain) == found
    assert RunMetrics.from_dict(plain | {"of another product": {}}) == found


def test_an_evaluated_epoch_comes_back_from_a_row_of_its_curve():
    row = EpochMetrics(60, 0.5, 2.0, 1.0, METRICS)
    flat = flat_epoch(row)
    assert (flat["epoch"], flat["train_bce"], flat["validation_n_snippets"]) == (60, 2.0, 7)
    assert read_epoch(flat) == row


def test_which_epoch_an_attempt_went_on_from_makes_no_other_result():
    done = SeedRunResult(metrics=RunMetrics(validation=METRICS))
    assert dataclasses.replace(done, resumed_at=40) == done


def test_a_result_of_which_nothing_is_said_is_a_first_attempt_from_the_start():
    found = SeedRunResult()
    assert (found.done, found.attempts, found.resumed_at) == (True, 1, 0)
    assert (found.metrics, found.curve) == (RunMetrics(), ())
    assert (found.best_epoch, found.seconds, found.versions, found.checkpoint) == (None,) * 4
    assert (found.node, found.device, found.finished_at) == ("", "", "")
