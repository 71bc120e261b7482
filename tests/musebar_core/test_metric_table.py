"""The table of metrics: nothing that is computed is forgotten in it, nor the other way round."""

from collections import Counter
from types import NoneType
from typing import get_args, get_type_hints

import pytest
import torch

from musebar_core import evaluation, training
from musebar_core.errors import UnknownNameError
from musebar_core.metric_table import METRICS, Direction, Metric, Metrics, averaged, metric
from musebar_core.metrics import measure
from musebar_core.state import start


@pytest.fixture(scope="module")
def genre(corpus):
    return corpus.genre("low")


def test_the_table_has_what_an_evaluation_computes_in_its_order():
    assert [one.name for one in METRICS] == list(Metrics._fields)


@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_a_metric_is_of_the_type_that_it_says_and_null_where_it_says(one):
    hint = get_type_hints(Metrics)[one.name]
    kinds = set(get_args(hint) or (hint,))
    plain = {"int64": int, "float64": float, "boolean": bool, "string": str}[one.dtype]
    assert kinds == ({plain, NoneType} if one.null_where else {plain})


@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_an_evaluation_measures_every_metric_but_those_of_the_reported_epoch(one):
    mu = torch.tensor([[[1.0]], [[-1.0]]])
    found = measure(torch.ones(2), mu, torch.zeros(2, 1, 1), torch.zeros(1, 2, 1))
    assert (getattr(found, one.name) is not None) is one.every_evaluation


@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_the_reported_epoch_has_every_metric(one, configuration, genre):
    config = configuration(epochs=2)
    state = start(config, genre, 0)
    list(training.fit(config, genre, 0, state))
    found = evaluation.outcome(config, genre, state)
    assert None not in (getattr(found.validation, one.name), getattr(found.test, one.name))


@pytest.mark.parametrize("one", METRICS, ids=lambda one: one.name)
def test_a_metric_has_a_label_and_says_what_it_is(one):
    assert one.label
    assert one.meaning


@pytest.mark.parametrize("attribute", ["name", "label"])
def test_no_two_metrics_are_called_alike(attribute):
    assert set(Counter(getattr(one, attribute) for one in METRICS).values()) == {1}


def test_a_cost_is_less_where_the_metric_is_better():
    costs = [Metric("x", "float64", "", "x", "x", way).cost(2.0) for way in Direction]
    assert dict(zip(Direction, costs, strict=True)) == {"lower": 2.0, "higher": -2.0, "none": 2.0}


def test_losses_and_information_are_averaged_over_seeds_and_counts_are_not():
    assert {"bce", "mi_lower", "active_units"} <= set(averaged())
    assert not {"collapsed", "n_snippets", "mi_cap"} & set(averaged())


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'mi_lower'"):
        metric("mi_lowr")


def named(attribute):
    """Names of the metrics by what one of their attributes is."""
    found = {}
    for one in METRICS:
        found.setdefault(getattr(one, attribute), set()).add(one.name)
    return found


def test_losses_are_better_lower_and_what_a_code_says_and_gives_back_higher():
    """Of the KL neither: less is a cheaper code, and a code that says less."""
    assert named("direction") == {
        Direction.LOWER: {"bce", "nll", "collapsed"},
        Direction.HIGHER: {
            *("elbo", "mi_lower", "mi_upper", "active_units", "informative_share"),
            "reconstruction_accuracy",
        },
        Direction.NONE: {"kl", "kl_bars", "mi_cap", "n_snippets"},
    }


def test_what_a_snippet_costs_is_in_nats_a_snippet_and_information_in_nats():
    assert named("unit") == {
        "nats per snippet": {"bce", "kl", "kl_bars", "elbo", "nll"},
        "nats": {"mi_lower", "mi_upper", "mi_cap"},
        "share": {"informative_share", "reconstruction_accuracy"},
        "dimensions": {"active_units"},
        "snippets": {"n_snippets"},
        "": {"collapsed"},
    }


def test_no_metric_is_beyond_what_it_can_be():
    """An ELBO is a log probability; a ratio, a share of two means, has no end above."""
    bounds = {
        **dict.fromkeys(("bce", "kl", "kl_bars", "mi_lower", "mi_upper", "nll"), (0.0, None)),
        **dict.fromkeys(("active_units", "informative_share"), (0.0, None)),
        "elbo": (None, 0.0),
        "reconstruction_accuracy": (0.0, 1.0),
    }
    assert {one.name: (one.least, one.most) for one in METRICS} == {
        one.name: bounds.get(one.name, (None, None)) for one in METRICS
    }


def test_every_loss_measure_of_a_code_and_count_of_units_is_averaged_over_seeds():
    left_out = {"mi_cap", "informative_share", "collapsed", "n_snippets"}
    assert averaged() == tuple(one.name for one in METRICS if one.name not in left_out)


def test_metrics_are_read_by_their_names_behind_a_prefix():
    values = {"bce": 1.0, "validation_bce": 2.0, "validation_kl": 3.0, "epoch": 4}
    assert Metrics.from_dict(values, "validation_")[:3] == (2.0, 3.0, None)
    assert Metrics.from_dict(values)[:3] == (1.0, None, None)


def test_an_unknown_metric_is_told_with_all_that_are_known():
    assert metric("nll").label == "NLL"
    with pytest.raises(UnknownNameError, match=r"unknown metric 'x' \(known: active_units, bce, "):
        metric("x")
