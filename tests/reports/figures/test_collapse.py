"""Collapse, by the traces: how often, with which settings, and when in training."""

from types import SimpleNamespace

import pytest

from reports.answers.collapse import Rate, Training
from reports.answers.curves import Curve, Trace
from reports.answers.summaries import summaries
from reports.figures.collapse import active_units, collapsed_bars, rate_bars, training_panel
from reports.figures.style import CHOSEN_COLOUR, METHOD_COLOURS, METHOD_SYMBOLS


@pytest.fixture
def rows(make_study, make_config):
    """Latent lengths 8, a method, and 16; of the first half of the trained seeds collapsed."""
    study = make_study(confirm=4)
    study.add(make_config(8), [500.0] * 4, method="musebar", collapsed=1)
    study.add(make_config(16), [500.0, 500.0, 700.0, 700.0], collapsed=1)
    found = summaries(study.tables(), "jazz")
    return sorted(found, key=lambda row: row.config.model.latent_length)


def test_active_units_are_marked_by_method_and_choice(rows):
    line, method, chosen = active_units(rows, rows[1]).data
    assert (line.name, list(line.x), list(line.y)) == ("every dimension in use", [8, 16], [8, 16])
    assert (method.name, list(method.x), list(method.y)) == ("MuseBar", [8], [3.75])
    assert (method.marker.color, method.marker.symbol) == (
        METHOD_COLOURS["musebar"],
        METHOD_SYMBOLS["musebar"],
    )
    assert (chosen.name, list(chosen.x)) == ("chosen", [16])
    assert (chosen.marker.color, chosen.marker.symbol) == (CHOSEN_COLOUR, "star")
    assert method.text[0].split("<br>")[1:] == [
        f"{rows[0].config_id}, confirmation",
        "3.75 [0.00, 7.73] of 8, 4 seeds",
    ]
    other = active_units(rows, None).data[2]
    assert (other.name, other.marker.symbol) == ("searched or confirmed", "circle")


def test_lengths_stand_on_a_logarithmic_axis_and_units_begin_at_none(rows):
    layout = active_units(rows, None).layout
    assert (layout.xaxis.type, list(layout.xaxis.ticktext)) == ("log", ["8", "16"])
    assert layout.yaxis.rangemode == "tozero"


def test_a_bar_is_a_share_of_trained_seeds_and_one_in_five_is_marked(rows):
    drawn = collapsed_bars(rows, ["one", "<b>"])
    (bars,) = drawn.data
    assert list(bars.x) == [0.25, 0.5]
    assert list(bars.y) == [0, 1]
    assert list(bars.text) == ["1 of 4", "1 of 2"]
    assert list(bars.customdata) == ["one", "&lt;b&gt;"]
    assert [(one.x0, one.x1) for one in drawn.layout.shapes] == [(0.2, 0.2)]
    assert [one.text for one in drawn.layout.annotations] == ["one", "&lt;b&gt;"]


def test_the_first_rate_has_the_uppermost_bar():
    (bars,) = rate_bars([Rate("latent_length", 8, 3, 1200), Rate("output_bias", True, 0, 4)]).data
    # bars are laid from the bottom upwards
    assert list(bars.y) == ["output bias on", "latent length 8"]
    assert list(bars.x) == [0.0, 0.0025]
    assert list(bars.text) == ["0 of 4", "3 of 1,200"]
    assert rate_bars([]).layout.xaxis.tickformat == ".0%"


EPOCHS = (10, 20, 100)


def traced(*values, seeds=1):
    traces = tuple(Trace(1000 + at, EPOCHS, values) for at in range(seeds))
    return Curve("jazz", "c", "confirm", "m", traces, EPOCHS, values)


def training(config_id, method, bce=(900.0, 110.0, 100.0)):
    row = SimpleNamespace(config_id=config_id, phase="confirm", method=method)
    kl = traced(0.1, 2.0, 3.0, seeds=2)
    return Training(row, traced(0.0, 0.5, 1.0), kl, traced(*bce))


def test_seeds_are_thin_and_their_mean_is_bold_and_a_weight_has_no_seeds():
    found = [training("c1", "musebar"), training("c2", None)]
    first, second, mean, *others = training_panel(found, "kl", "KL", found[1].row).data
    assert [first.name, second.name, mean.name] == [
        "MuseBar, seed 1000",
        "MuseBar, seed 1001",
        "MuseBar",
    ]
    assert (first.showlegend, second.showlegend, mean.showlegend) == (False, False, None)
    assert {first.legendgroup, second.legendgroup, mean.legendgroup} == {"MuseBar"}
    assert mean.line.width > first.line.width
    assert (list(mean.x), list(mean.y)) == ([10, 20, 100], [0.1, 2.0, 3.0])
    assert mean.hovertemplate.startswith("mean of 2 seeds<br>epoch %{x}")
    assert (others[-1].name, others[-1].line.color) == ("chosen", CHOSEN_COLOUR)
    assert mean.line.color == METHOD_COLOURS["musebar"]
    assert {one.line.dash for one in (mean, others[-1])} == {"solid"}
    weights = training_panel(found, "weight", "KL weight", None).data
    assert [list(one.y) for one in weights] == [[0.0, 0.5, 1.0]] * 2
    # two schedules that are the same can both be seen
    assert weights[0].line.dash != weights[1].line.dash


def test_the_window_of_a_bce_leaves_out_the_first_fifth_of_training():
    found = [training("c1", "musebar"), training("c2", None, (900.0, 120.0, 101.0))]
    drawn = training_panel(found, "bce", "BCE", None, {"markov": 115.0, "repeat_last": 980.0})
    assert list(drawn.layout.yaxis.range) == pytest.approx([100 - 1.6, 120 + 1.6])
    assert len(drawn.layout.shapes) == 1
    other = training_panel(found, "kl", "KL", None)
    assert (other.layout.yaxis.rangemode, other.layout.yaxis.range) == ("tozero", None)
    assert not other.layout.shapes
