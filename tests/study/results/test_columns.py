"""Columns of the results: every setting has one, every metric its four."""

import pytest

from musebar_core.metric_table import METRICS
from musebar_core.settings import SETTINGS
from study.results.columns import CURVES, METRIC_PREFIXES, RESULTS

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
