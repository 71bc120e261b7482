from __future__ import annotations

import math

import pytest

from musebar_core.metric_table import Metrics
from musebar_core.states import RunState
from study.ledger.live import EVENTS, EVENTS_FILE, LIVE_FILE
from study.ledger.record import (
    CURVE,
    MODEL_FILE,
    STATE_FILE,
    Origin,
    OriginKind,
    Proposal,
    Record,
    SeedRun,
    StudyState,
)
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult, SeedRunState
from study.spec.sections import Phase


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("transfer: among the best of jazz: early", OriginKind.TRANSFER),
        ("startup: chance, before the Gaussian process has results", OriginKind.STARTUP),
        ("chance: the sampler had nothing new to ask for", OriginKind.CHANCE),
        ("the Gaussian process", OriginKind.SAMPLER),
        ("chance", OriginKind.SAMPLER),
        ("transfers: none", OriginKind.SAMPLER),
        ("sampler: of its own", OriginKind.SAMPLER),
        ("", OriginKind.SAMPLER),
    ],
)
def test_an_origin_is_read_from_the_text_that_ledgers_have(text, kind):
    assert Origin.parse(text).kind is kind
    assert str(Origin.parse(text)) == text


def test_a_proposal_is_transferred_where_its_origin_is_another_genre():
    assert Proposal("a", {}, Origin(OriginKind.TRANSFER, "among the best of jazz")).transferred
    assert not Proposal("a", {}, Origin(OriginKind.CHANCE, "transfer")).transferred
    assert not Proposal("a", {}).transferred


RUN = SeedRun("low", "0123456789ab", 0, Phase.SEARCH)
COLLAPSED = Metrics.from_dict(
    {"bce": 5.0, "kl": 0.0, "mi_lower": 0.0, "mi_upper": 0.0, "active_units": 0, "collapsed": True}
)


@pytest.fixture
def record(tiny_spec):
    """A study of which one run ended, collapsed, with a BCE of 5 nats."""
    made = Record.unbegun(tiny_spec(), ("low", "high"))
    made.ended[RUN] = SeedRunResult(metrics=RunMetrics(validation=COLLAPSED))
    made.ended[RUN._replace(seed=1)] = SeedRunResult(failure=Failure("x", FailureKind.ERROR))
    return made


def baselines(**markov):
    return {"baselines": {split: {"markov": bce} for split, bce in markov.items()}}


def test_a_study_that_has_not_begun_has_its_genres_and_nothing_else(tiny_spec):
    made = Record.unbegun(tiny_spec(), ("low", "high"))
    assert (made.state, made.stop_requested, made.corpus_path) == (StudyState.CREATED, False, None)
    assert made.facts == {"low": {}, "high": {}}
    assert (made.configurations, made.generations) == ({}, {})
    assert (made.ended, made.failed_attempts) == ({}, {})


def test_a_curve_is_held_against_the_chain_on_its_own_snippets_or_else_on_validations(record):
    record.facts["low"] = baselines(validation=2.0, test=3.0)
    assert record.markov("low", CURVE) == 2.0
    record.facts["low"] = baselines(validation=2.0, test=3.0, curve=2.5)
    assert record.markov("low", CURVE) == 2.5
    assert record.markov("low", "validation") == 2.0


@pytest.mark.parametrize("bce", [math.inf, math.nan, None])
def test_a_baseline_that_is_no_number_is_none(record, bce):
    record.facts["low"] = baselines(validation=bce, test=3.0)
    assert record.markov("low", "validation") is None
    assert record.markov("low", "test") == 3.0


def test_a_baseline_that_was_not_recorded_is_none(record):
    for facts in ({}, {"baselines": {}}, {"baselines": {"validation": {}}}):
        record.facts["low"] = facts
        assert record.markov("low", "validation") is None
    assert record.markov("polka", "validation") is None


@pytest.mark.parametrize(
    ("markov", "state", "collapsed"),
    [(None, RunState.COLLAPSED, True), (9.0, RunState.COLLAPSED, True),
     (3.0, RunState.UNDERTRAINED, None)],
)  # fmt: skip
def test_a_run_is_judged_by_its_own_splits_markov_chain(record, markov, state, collapsed):
    record.facts["low"] = baselines(validation=markov, test=3.0)
    record.facts["high"] = baselines(validation=3.0)
    assert record.run_state(RUN) is state
    assert record.validation(RUN) == COLLAPSED._replace(collapsed=collapsed)
    assert record.judged("low", "test", COLLAPSED).collapsed is None


def test_a_run_that_failed_has_no_figures_and_no_state_by_them(record):
    failed = RUN._replace(seed=1)
    assert (record.validation(failed), record.run_state(failed)) == (None, None)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (StudyState, "created submitted running stopped finished interrupted"),
        (OriginKind, "sampler startup chance transfer"),
        (SeedRunState, "done failed"),
        (FailureKind, "diverged out_of_memory disk_full input_output bad_data"),
        (FailureKind, "installation worker_died node_lost error"),
        (Phase, "methods search confirm"),
    ],
)
def test_words_that_ledgers_have_are_read_ever_after(kind, words):
    assert {str(kind(word)) for word in words.split()} == set(words.split())


def test_files_of_a_run_and_of_a_study_are_called_as_they_always_were():
    assert (STATE_FILE, MODEL_FILE) == ("state.safetensors", "model.safetensors")
    assert (LIVE_FILE, EVENTS) == ("curve.jsonl", "tensorboard")
    assert EVENTS_FILE.startswith("events.out.tfevents.")  # as TensorBoard looks for them
