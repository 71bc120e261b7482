"""States of a done run: a plateau is no collapse."""

import pytest

from musebar_core.metric_table import Metrics
from musebar_core.states import RunState, run_state


def metrics(bce, *, mi_upper=2.0, active_units=1):
    collapsed = mi_upper < 0.5 or active_units == 0
    known = {"bce": bce, "mi_upper": mi_upper, "active_units": active_units, "collapsed": collapsed}
    return Metrics.from_dict(known)


@pytest.mark.parametrize("mi_upper", [0.1, 5.0])
@pytest.mark.parametrize("bce", [100.0, 101.0, float("nan")])
def test_a_run_no_better_than_the_markov_chain_is_undertrained_whatever_its_code(bce, mi_upper):
    assert run_state(metrics(bce, mi_upper=mi_upper), 100.0) is RunState.UNDERTRAINED


@pytest.mark.parametrize(
    ("mi_upper", "active_units", "state"),
    [
        (0.49, 3, RunState.COLLAPSED),
        (0.51, 0, RunState.COLLAPSED),
        (0.51, 1, RunState.INFORMATIVE),
    ],
)
def test_a_trained_run_without_information_or_an_active_unit_is_collapsed(
    mi_upper, active_units, state
):
    found = metrics(99.9, mi_upper=mi_upper, active_units=active_units)
    assert run_state(found, 100.0) is state


def test_where_the_baseline_is_not_known_every_run_counts_as_trained():
    assert run_state(metrics(1e9), None) is RunState.INFORMATIVE


def test_whether_an_undertrained_run_collapsed_cannot_be_said():
    assert [state.collapsed for state in RunState] == [None, True, False]
