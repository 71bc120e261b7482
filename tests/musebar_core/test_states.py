"""States of a done run: a plateau is no collapse."""

import dataclasses
import math

import pytest

from musebar_core.metric_table import Metrics
from musebar_core.states import RunState, Standing, run_state


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


STANDING = {
    "state": "informative",
    "bce": 99.0,
    "markov": 100.0,
    "mi_lower": 0.75,
    "mi_upper": 2.0,
    "active_units": 3,
}


def test_a_standing_is_that_of_the_evaluation():
    known = {"bce": 99.0, "mi_lower": 0.75, "mi_upper": 2.0, "active_units": 3, "collapsed": False}
    made = Standing.of(Metrics.from_dict(known), 100.0)
    assert made == Standing(RunState.INFORMATIVE, 99.0, 100.0, 0.75, 2.0, 3)
    assert Standing.read(dataclasses.asdict(made)) == Standing.read(STANDING) == made


def test_a_standing_without_a_known_baseline_is_read_back():
    assert Standing.read(STANDING | {"markov": None}).markov is None


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"bce": math.nan}, TypeError),
        ({"bce": "99"}, TypeError),
        ({"bce": True}, TypeError),
        ({"mi_lower": None}, TypeError),
        ({"mi_upper": math.inf}, TypeError),
        ({"mi_upper": -math.inf}, TypeError),
        ({"mi_lower": 10**400}, TypeError),
        ({"markov": -(10**400)}, TypeError),
        ({"markov": math.inf}, TypeError),
        ({"markov": "100"}, TypeError),
        ({"active_units": -1}, TypeError),
        ({"active_units": 1.0}, TypeError),
        ({"active_units": True}, TypeError),
        ({"state": "asleep"}, ValueError),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_standing_that_is_something_else_is_refused(changed, error):
    with pytest.raises(error):
        Standing.read(STANDING | changed)


@pytest.mark.parametrize("name", STANDING)
def test_a_standing_that_lacks_a_figure_is_refused(name):
    with pytest.raises(KeyError):
        Standing.read({key: value for key, value in STANDING.items() if key != name})


def test_whole_numbers_and_no_active_unit_are_read():
    found = Standing.read(STANDING | {"bce": 99, "markov": 100, "active_units": 0})
    assert (found.bce, found.markov, found.active_units) == (99.0, 100.0, 0)
