"""Curves over training, and standings against the Markov chain, by their traces."""

import pytest

from reports.answers.curves import Curve, Trace
from reports.answers.overview import Standing
from reports.figures.curves import learning_curves, leaves_window
from reports.figures.overview import against_markov
from reports.figures.style import CHOSEN_COLOUR, METHOD_COLOURS
from study.statistics.intervals import mean_over_seeds


def curve(*values, epochs=(10, 20, 100)):
    trace = Trace(1000, epochs, values)
    return Curve("jazz", "c", "confirm", "validation_bce", (trace,), epochs, values)


def of(*values, **more):
    return [("a", None, curve(*values, **more))]


def test_the_window_leaves_out_the_first_fifth_of_training():
    # 20 of 100 is no longer in the first fifth
    low, high = learning_curves(of(900.0, 110.0, 100.0), {}).layout.yaxis.range
    assert (low, high) == pytest.approx((99.2, 110.8))
    assert leaves_window(of(900.0, 110.0, 100.0), {})
    assert not leaves_window(of(105.0, 110.0, 100.0), {})


def test_a_curve_of_no_method_has_the_colour_of_the_choice():
    seed, mean = learning_curves(of(3.0, 2.0, 1.0), {}).data
    assert (seed.line.color, mean.line.color, mean.name) == (CHOSEN_COLOUR, CHOSEN_COLOUR, "a")
    assert (seed.showlegend, seed.legendgroup, mean.legendgroup) == (False, "c", "c")
    named = learning_curves([("b", "musebar", curve(3.0, 2.0, 1.0))], {}).data[1]
    assert named.line.color == METHOD_COLOURS["musebar"]


def test_genres_stand_below_each_other_with_what_is_known_of_them():
    three = mean_over_seeds({1: -10.0, 2: -20.0, 3: -30.0})
    one = mean_over_seeds({1: 5.0})
    drawn = against_markov([Standing("jazz", three, one), Standing("rock", None, one)])
    choice, default = drawn.data
    assert (choice.name, list(choice.x), list(choice.y)) == ("recommended", [-20.0], [-0.12])
    assert list(default.x) == [5.0, 5.0]
    assert list(default.y) == [0.16, 1.16]
    low, high = three.interval
    pad = 0.05 * (5.0 - low)
    assert list(drawn.layout.xaxis.range) == pytest.approx([low - pad, 5.0 + pad])
    assert high < 5.0
    assert list(drawn.layout.yaxis.ticktext) == ["jazz", "rock"]


def test_where_no_default_is_known_only_the_choice_is_drawn():
    one = mean_over_seeds({1: 5.0})
    assert [trace.name for trace in against_markov([Standing("jazz", one, None)]).data] == [
        "recommended"
    ]


def test_a_standing_says_its_interval_and_seeds_and_the_chain_is_a_line_at_nothing():
    three = mean_over_seeds({1: -10.0, 2: -20.0, 3: -30.0})
    drawn = against_markov([Standing("<i>", three, None)])
    (choice,) = drawn.data
    assert list(choice.text) == ["-20.00 [-44.84, 4.84], 3 seeds"]
    assert choice.error_x.array[0] == pytest.approx(24.84, abs=0.01)
    assert (choice.marker.color, choice.marker.symbol) == (CHOSEN_COLOUR, "star")
    assert [(one.x0, one.x1) for one in drawn.layout.shapes] == [(0, 0)]
    assert list(drawn.layout.yaxis.ticktext) == ["&lt;i&gt;"]
    bottom, top = drawn.layout.yaxis.range
    assert bottom > 0 > top
    assert drawn.layout.xaxis.title.text == "nats a snippet"


def test_a_curve_says_of_which_seed_and_of_how_many_it_is():
    traces = tuple(Trace(seed, (10, 20, 100), (3.0, 2.0, 1.0)) for seed in (1000, 1001))
    both = Curve("jazz", "c", "confirm", "validation_bce", traces, (10, 20, 100), (3.5, 2.0, 1.0))
    first, _, mean = learning_curves([("a", None, both)], {}).data
    assert first.hovertemplate.startswith("seed 1000<br>epoch %{x}: %{y:.2f}")
    assert mean.hovertemplate.startswith("mean of 2 seeds<br>epoch %{x}: %{y:.2f}")
    assert (list(first.y), list(mean.y)) == ([3.0, 2.0, 1.0], [3.5, 2.0, 1.0])
    assert mean.line.width > first.line.width
