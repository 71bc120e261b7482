"""Every seed a dot, and runs on their way, by the traces."""

from types import SimpleNamespace

import pytest

from reports.answers.views import DotPlot, Dots
from reports.figures.dots import bce_dots
from reports.figures.running import running_curves
from reports.figures.style import CHOSEN_COLOUR, METHOD_COLOURS
from study.statistics.intervals import mean_over_seeds


def test_a_configuration_has_a_row_of_its_seeds_and_their_mean():
    three = mean_over_seeds({1000: 500.0, 1001: 502.0, 1002: 507.0})
    one = mean_over_seeds({1000: 510.0})
    rows = (
        Dots("musebar", "c1", three, 3, chosen=False),
        Dots("<b>", "c2", one, 1, chosen=False),
        Dots(None, "c3", one, 1, chosen=True),
    )
    drawn = bce_dots(DotPlot("jazz", "test", rows, {"markov": 515.0, "repeat_last": 980.0}))
    dots, diamond, *_ = drawn.data
    assert (list(dots.x), list(dots.text)) == (
        [500.0, 502.0, 507.0],
        ["seed 1000", "seed 1001", "seed 1002"],
    )
    assert list(diamond.x) == [503.0]
    assert diamond.hovertemplate.startswith("mean of 3 seeds: ")
    assert diamond.error_x.array[0] == pytest.approx(three.interval[1] - 503.0)
    assert [one.name for one in drawn.data] == [
        *("MuseBar, seeds", "MuseBar"),
        *("&lt;b&gt;, seeds", "&lt;b&gt;"),
        *("chosen, seeds", "chosen"),
    ]
    assert [round(y) for one in drawn.data for y in one.y] == [0, 0, 0, 0, 1, 1, 2, 2]
    colours = [one.marker.color for one in drawn.data][1::2]
    assert (colours[0], colours[2]) == (METHOD_COLOURS["musebar"], CHOSEN_COLOUR)
    assert list(drawn.layout.yaxis.ticktext) == ["MuseBar", "&lt;b&gt;", "chosen"]
    bottom, top = drawn.layout.yaxis.range
    assert bottom > 2 > 0 > top
    low, high = drawn.layout.xaxis.range
    # the whole interval is in the window, and the near baseline
    assert low < three.interval[0] < 515.0 < high < 600
    assert (len(drawn.layout.shapes), drawn.layout.xaxis.title.text) == (
        1,
        "test BCE (nats per snippet)",
    )


def run(seed, *bces):
    rows = [
        SimpleNamespace(epoch=50 * at, validation=SimpleNamespace(bce=bce))
        for at, bce in enumerate(bces, 1)
    ]
    return SimpleNamespace(seed=seed, evaluations=rows)


def test_a_run_on_its_way_is_a_line_of_its_evaluations():
    runs = [("<b>", run(1000, 640.0, 620.0)), ("two", run(1001, 630.0))]
    drawn = running_curves(runs, {"markov": 627.0, "repeat_last": 980.0}, "#123456")
    first, second = drawn.data
    assert (first.name, list(first.x), list(first.y)) == (
        "&lt;b&gt;, seed 1000",
        [50, 100],
        [640.0, 620.0],
    )
    assert (second.name, list(second.x), list(second.y)) == ("two, seed 1001", [50], [630.0])
    assert first.line.color == "#123456"
    assert first.hovertemplate.startswith("&lt;b&gt;, seed 1000<br>epoch %{x}: %{y:.2f}")
    assert list(drawn.layout.yaxis.range) == pytest.approx([620 - 1.6, 640 + 1.6])
    assert len(drawn.layout.shapes) == 1
    assert drawn.layout.xaxis.title.text == "epoch (optimiser steps)"
