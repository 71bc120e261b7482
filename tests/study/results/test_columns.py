"""Columns of the results: every setting has one, every metric its four."""

import pytest

from musebar_core.metric_table import METRICS
from musebar_core.settings import SETTINGS
from study.ledger.record import SeedRun
from study.results.columns import CURVES, DECISIONS, GROWING, KEY, METRIC_PREFIXES, RESULTS

NAMES = [column.name for column in RESULTS]
FIRST = (
    *("study", "genre", "config_id", "seed", "phase", "method", "state", "failure", "attempts"),
    *("latent_length", "regularizers", "bars", "annealing", "annealing_start"),
    *("annealing_length", "annealing_cycles", "annealing_ratio", "free_bits", "input_dropout"),
    *("hidden", "layers", "snippet_steps", "steps_per_bar", "steps_per_quarter", "epochs"),
    *("batch", "learning_rate", "config", "validation_bce", "validation_kl"),
)
"""Columns in the order that the first version of the tables gave them."""


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_every_setting_is_one_column(one):
    assert [(c.name, c.dtype) for c in RESULTS].count((one.name, one.dtype)) == 1


@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_every_metric_is_a_column_a_split_and_epoch_and_one_of_the_curves(one):
    late = [prefix for prefix in METRIC_PREFIXES if prefix.startswith("last_")]
    wanted = [p for p in METRIC_PREFIXES if one.every_evaluation or p not in late]
    assert [p for p in METRIC_PREFIXES if p + one.name in NAMES] == wanted
    assert ("validation_" + one.name in [c.name for c in CURVES]) is one.every_evaluation


def test_new_columns_leave_the_order_of_the_first_as_it_was():
    assert tuple(name for name in NAMES if name in FIRST) == FIRST


def test_no_two_columns_have_one_name():
    assert len(set(NAMES)) == len(NAMES)


def told(name, columns=RESULTS):
    (column,) = (one for one in columns if one.name == name)
    return column


def test_a_run_is_named_by_its_study_and_by_all_that_names_it_there():
    assert ("study", *SeedRun._fields) == KEY
    for columns in (RESULTS, CURVES):
        assert tuple(column.name for column in columns[:5]) == KEY


@pytest.mark.parametrize("prefix", METRIC_PREFIXES)
@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_a_column_of_a_metric_says_of_it_what_the_metric_says(one, prefix):
    if one.every_evaluation or not prefix.startswith("last_"):
        column = told(prefix + one.name)
        assert (column.unit, column.meaning) == (one.unit, one.meaning)
        assert column.dtype.lower() == one.dtype
        assert column.dtype in {"Int64", "Float64", "boolean", "string"}  # it may be empty


def test_time_is_in_seconds_and_length_of_training_in_steps():
    assert told("seconds").unit == "s"
    assert told("best_epoch").unit == told("epoch", CURVES).unit == "optimiser steps"
    assert told("attempts").unit == told("seeds", DECISIONS).unit == "count"
    for name in ("train_bce", "train_kl_bars", "validation_bce"):
        assert told(name, CURVES).unit == "nats per snippet"
    assert told("config").unit == told("versions").unit == "JSON"
    assert told("finished_at").unit == "ISO 8601, UTC"


def test_of_decisions_those_before_the_choice_are_named():
    assert told("stage", DECISIONS).meaning == "proposal, search or race"
    assert told("decision", DECISIONS).meaning == (
        "proposed, in the Pareto set, promoted, passed over, kept or dropped"
    )


def test_settings_and_metrics_may_be_missing_and_the_configuration_and_losses_may_not():
    names = {one.name for one in SETTINGS}
    assert names <= GROWING
    assert {"validation_bce", "last_test_kl", "validation_nll"} <= GROWING
    assert not GROWING & {*KEY, "config", "state", "seconds", "epoch", "weight", "train_bce"}


def test_metrics_stand_split_by_split_and_the_last_epochs_behind_the_reported():
    places = [NAMES.index(f"{place}_bce") for place in ("validation", "test")]
    places += [NAMES.index(f"last_{place}_bce") for place in ("validation", "test")]
    assert places == sorted(places)
    assert [NAMES[at + 1] for at in places] == [NAMES[at][:-3] + "kl" for at in places]
