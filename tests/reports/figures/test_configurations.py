"""Curves of one configuration and of two, and what one change does, by their traces."""

from statistics import fmean
from types import SimpleNamespace

import pytest

from reports.answers.configurations import Comparison, PairedTest
from reports.answers.curves import Curve, Trace
from reports.figures.configurations import BETTER, OPEN, WORSE, forest_figure, two_curves
from study.statistics.intervals import mean_over_seeds

EPOCHS = (10, 20, 100)


def curve(*seeds):
    traces = tuple(Trace(1000 + at, EPOCHS, values) for at, values in enumerate(seeds))
    means = tuple(fmean(at_one) for at_one in zip(*seeds, strict=True))
    return Curve("jazz", "c", "confirm", "validation_bce", traces, EPOCHS, means)


ONE = curve((900.0, 110.0, 100.0), (902.0, 114.0, 102.0))
OTHER = curve((900.0, 120.00001, 101.0))


def test_of_one_configuration_every_seed_is_drawn_under_its_mean():
    first, second, mean = two_curves([("<b>", ONE)], {})["data"]
    assert [first["name"], second["name"], mean["name"]] == ["seed 1000", "seed 1001", "&lt;b&gt;"]
    assert (mean["x"], mean["y"]) == ([10, 20, 100], [901.0, 112.0, 101.0])
    assert (first["y"], second["y"]) == ([900.0, 110.0, 100.0], [902.0, 114.0, 102.0])
    assert (first["showlegend"], second["showlegend"]) == (False, False)
    assert mean.get("showlegend", True)
    assert mean["line"]["width"] > first["line"]["width"]
    assert mean["line"]["color"] == first["line"]["color"]
    assert mean["hovertemplate"].startswith("&lt;b&gt;<br>epoch %{x}: %{y:.2f}")


def test_of_two_only_the_means_are_drawn_the_second_dashed_and_of_another_colour():
    mine, its = two_curves([("a", ONE), ("b", OTHER)], {})["data"]
    assert (mine["name"], its["name"]) == ("a", "b")
    assert (mine["line"]["dash"], its["line"]["dash"]) == ("solid", "dash")
    assert mine["line"]["color"] != its["line"]["color"]
    assert its["y"] == [900.0, 120.0, 101.0]


@pytest.mark.parametrize(
    ("curves", "low", "high"),
    [
        # 20 of 100 is no longer in the first fifth; of one alone its seeds count
        ([("a", ONE)], 100.0, 114.0),
        ([("a", ONE), ("b", OTHER)], 101.0, 120.00001),
    ],
)
def test_the_window_holds_what_is_drawn_after_the_first_fifth_of_training(curves, low, high):
    shown = two_curves(curves, {})["layout"]["yaxis"]["range"]
    pad = 0.08 * (high - low)
    assert shown == pytest.approx([low - pad, high + pad])


def test_the_markov_chain_alone_is_a_line_where_it_lies_in_the_window():
    near = two_curves([("a", ONE)], {"markov": 110.0, "repeat_last": 111.0})["layout"]
    ((line,), (note,)) = near["shapes"], near["annotations"]
    assert (line["y0"], line["y1"], note["y"], note["text"]) == (
        110.0,
        110.0,
        110.0,
        "Markov chain 110.0",
    )
    far = two_curves([("a", ONE)], {"markov": 900.0})["layout"]
    assert "shapes" not in far
    assert "shapes" not in two_curves([("a", ONE)], {"repeat_last": 110.0})["layout"]
    assert far["yaxis"]["range"][1] < 120


def test_a_curve_without_evaluations_leaves_the_window_to_the_markov_chain():
    empty = Curve("jazz", "c", "confirm", "validation_bce", (), (), ())
    assert two_curves([("a", empty)], {"markov": 600.0})["layout"]["yaxis"]["range"] == [
        599.5,
        600.5,
    ]


def branch(config_id, **differences):
    tests = tuple(
        PairedTest(name, mean_over_seeds(dict(enumerate(values))), None)
        for name, values in differences.items()
    )
    return Comparison(SimpleNamespace(config_id=config_id), None, (), tests)


@pytest.mark.parametrize(
    ("metric", "values", "colour"),
    [
        ("nll", (-1.1, -1.0, -0.9), BETTER),
        ("nll", (0.9, 1.0, 1.1), WORSE),
        ("mi_lower", (0.9, 1.0, 1.1), BETTER),
        ("mi_lower", (-1.1, -1.0, -0.9), WORSE),
        ("bce", (-3.0, 1.0, -1.0), OPEN),
        ("bce", (0.0, 0.0, 0.0), OPEN),
        ("bce", (-5.0,), OPEN),
        # two seeds' interval reaches 13 standard errors each way, though it is not drawn
        ("bce", (1.0, 3.0), OPEN),
        ("bce", (3.0, 3.0), WORSE),
    ],
)
def test_a_change_is_better_or_worse_only_where_its_whole_interval_is(metric, values, colour):
    (mark,) = forest_figure([branch("c", **{metric: values})], ["a"]).data
    assert mark.marker.color == colour


def test_a_forest_has_a_panel_a_metric_and_a_row_a_change():
    branches = [
        branch("c1", mi_lower=(2.0, 2.0, 2.0), bce=(1.0, 1.0, 1.0)),
        branch("c2", bce=(-4.0, -4.0, -4.0)),
    ]
    drawn = forest_figure(branches, ["<b>", "linear"])
    marks = {
        (one.xaxis, one.customdata[0]): (list(one.x), list(one.y), one.text[0])
        for one in drawn.data
    }
    # NLL was not measured: two panels, BCE first
    assert marks == {
        ("x", "c1"): ([1.0], [0], "&lt;b&gt;: 1.00 [1.00, 1.00] nats"),
        ("x", "c2"): ([-4.0], [1], "linear: -4.00 [-4.00, -4.00] nats"),
        ("x2", "c1"): ([2.0], [0], "&lt;b&gt;: 2.00 [2.00, 2.00] nats"),
    }
    layout = drawn.layout
    assert (layout.xaxis.title.text, layout.xaxis2.title.text) == ("BCE (nats)", "MI lower (nats)")
    assert list(layout.xaxis.domain) == [0.0, 0.47]
    assert list(layout.xaxis2.domain) == [0.53, 1.0]
    assert [(one.xref, one.x0, one.x1) for one in layout.shapes] == [("x", 0, 0), ("x2", 0, 0)]
    assert list(layout.yaxis.ticktext) == ["&lt;b&gt;", "linear"]
    bottom, top = layout.yaxis.range
    assert bottom > 1 > 0 > top
