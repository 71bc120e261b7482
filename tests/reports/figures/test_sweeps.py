"""What a setting does, by the traces: a panel a measure, and the heatmap of two settings."""

import math

import pytest

from reports.answers.summaries import summaries
from reports.answers.sweeps import heatmap, sweeps
from reports.figures.sweeps import _inks, heatmap_panel, sweep_panel


@pytest.fixture
def rows(make_study, make_config):
    """Latent lengths 8, 16 and 32 at 4 and at 8 regularizers; MI from 1 to 2, and from 4 to 4.5."""
    study = make_study(confirm=3)
    for r, mi in ((4, (1.0, 2.0)), (8, (4.0, 4.5))):
        for latent in (8, 16, 32):
            bces = [500.0 + latent + r, 502.0 + latent + r, 504.0 + latent + r]
            study.add(make_config(latent, r), bces, mi=mi, kl=6.0, collapsed=int(r == 8))
    return summaries(study.tables(), "jazz")


def panel(rows, metric, setting="latent_length", baselines=None):
    return sweep_panel(sweeps(rows, setting), metric, ("x", "y"), "#123456", baselines)


def test_two_lines_are_told_apart_and_stand_side_by_side(rows):
    drawn = panel(rows, "bce", baselines={})
    first_seeds, first, second_seeds, second = drawn.data
    assert (first.name, second.name) == ("4 of 16 bars regularized", "8 of 16 bars regularized")
    assert (list(first.y), list(second.y)) == ([514, 522, 538], [518, 526, 542])
    assert first.line.dash != second.line.dash
    assert first.marker.symbol != second.marker.symbol
    for x, other, value in zip(first.x, second.x, (8, 16, 32), strict=True):
        assert x < value < other
        assert math.sqrt(x * other) == pytest.approx(value)
    assert first.text[0] == "8: 514.0 [509.0, 519.0], 3 seeds"
    assert list(first_seeds.text)[:3] == ["seed 1000", "seed 1001", "seed 1002"]
    assert list(first_seeds.x)[:3] == [first.x[0]] * 3
    assert list(second_seeds.y)[:3] == [516, 518, 520]
    assert (first_seeds.legendgroup, first_seeds.showlegend) == (first.legendgroup, False)
    assert first.legendgroup != second.legendgroup
    assert drawn.layout.showlegend


def test_values_stand_on_a_logarithmic_axis_that_holds_them(rows):
    axis = panel(rows, "kl").layout.xaxis
    assert (axis.type, list(axis.tickvals), list(axis.ticktext)) == (
        "log",
        [8, 16, 32],
        ["8", "16", "32"],
    )
    low, high = axis.range
    assert low == pytest.approx(math.log10(8) - 0.05)
    assert high == pytest.approx(math.log10(32) + 0.05)


def test_a_bracket_is_a_bar_from_the_lower_to_the_upper_bound(rows):
    drawn = panel(rows[:3] + rows[3:], "mi")
    lines = {one.name: one for one in drawn.data}
    few = lines["4 of 16 bars regularized"]
    assert (list(few.y), list(few.error_y.array)) == ([1.5] * 3, [0.5] * 3)
    assert list(few.text) == [f"{n}: 1.00 to 2.00 nats" for n in (8, 16, 32)]
    # a third of the seeds of eight collapsed: a mean lower bound of 8 / 3
    assert [(one.y0, one.y1) for one in drawn.layout.shapes] == [(0.5, 0.5)]
    low, high = drawn.layout.yaxis.range
    top = (4.5 * 2 + 0.1) / 3
    assert (low, high) == pytest.approx((-0.05 * top, 1.05 * top))
    assert list(lines["8 of 16 bars regularized"].y) == pytest.approx([(8 / 3 + top) / 2] * 3)


def test_bounds_that_cross_have_a_bar_all_the_same(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16):
        study.add(make_config(latent), [500.0, 500.0], mi=(0.4, 0.2))
    drawn = panel(summaries(study.tables(), "jazz"), "mi")
    assert list(drawn.data[0].error_y.array) == pytest.approx([0.1, 0.1])
    # the line of an empty code is in the window
    assert drawn.layout.yaxis.range[1] == pytest.approx(0.525)
    assert not drawn.layout.showlegend


def test_baselines_are_drawn_of_a_bce_alone_and_other_measures_begin_at_nothing(rows):
    bce = panel(rows, "bce", baselines={"markov": 560.0}).layout
    assert (len(bce.shapes), bce.yaxis.rangemode) == (1, None)
    low, high = bce.yaxis.range
    assert low < 507 < 560 < high
    units = panel(rows, "active_units").layout
    assert (len(units.shapes), units.yaxis.rangemode, units.yaxis.range) == (0, "tozero", None)
    assert (units.xaxis.title.text, units.yaxis.title.text) == ("x", "y")


def test_the_other_setting_varies_on_its_own_axis(rows):
    drawn = panel(rows, "kl", "regularizers")
    assert list(drawn.layout.xaxis.ticktext) == ["4", "8"]
    assert [one.name for one in drawn.data if one.name != "seeds"] == ["L 8", "L 16", "L 32"]


def test_a_cell_says_its_mean_its_seeds_and_its_collapses(rows):
    drawn, texts = heatmap_panel(heatmap(rows), "mi_lower", "nats", "Cividis").data
    assert (list(drawn.x), list(drawn.y)) == (["8", "16", "32"], ["4", "8"])
    assert [list(row) for row in drawn.z] == [
        pytest.approx([1.0] * 3),
        pytest.approx([8 / 3] * 3),
    ]
    assert drawn.customdata[0][1] == (
        "latent length 16, 4 of 16 bars<br>1.00 [1.00, 1.00], 3 of 3 seeds<br>"
        "collapsed 0 of 3 seeds"
    )
    assert drawn.customdata[1][0].endswith("collapsed 1 of 3 seeds")
    assert drawn.colorbar.title.text == "nats"
    assert list(zip(texts.x, texts.y, texts.text, strict=True))[:4] == [
        ("8", "4", "1.00"),
        ("16", "4", "1.00"),
        ("32", "4", "1.00"),
        ("8", "8", "2.67"),
    ]
    layout = heatmap_panel(heatmap(rows), "bce", "nats", "Cividis").layout
    assert (layout.xaxis.title.text, layout.xaxis.type) == ("latent length", "category")
    assert (layout.yaxis.title.text, layout.yaxis.type) == (
        "regularizers (bars with a KL term)",
        "category",
    )


def test_a_cell_that_pools_says_of_how_many_it_is_the_best(make_study, make_config):
    study = make_study()
    kinds = iter(["constant", "linear", "logistic", "cosine"])
    for latent in (8, 16):
        for r in (4, 8):
            study.add(make_config(latent, r, next(kinds)), [500.0], phase="search")
    study.add(make_config(8, 4, "cosine"), [490.0], phase="search")
    cells = heatmap_panel(heatmap(summaries(study.tables(), "jazz")), "bce", "nats", "Cividis")
    (first, second), *_ = cells.data[0].customdata
    assert first.endswith("<br>lowest BCE of 2 configurations tried here")
    assert "lowest BCE" not in second


def test_ink_is_dark_on_bright_cells_and_bright_on_dark_ones():
    assert _inks([1.0, 2.0, 3.0], bright_low=False) == ["#fff", "#000", "#000"]
    assert _inks([1.0, 2.0, 3.0], bright_low=True) == ["#000", "#000", "#fff"]
    assert _inks([2.0, 2.0], bright_low=False) == ["#000", "#000"]
    assert _inks([0.0, 0.46, 0.48, 1.0], bright_low=False) == ["#fff", "#fff", "#000", "#000"]


def test_a_scale_that_is_reversed_has_its_bright_end_below(rows):
    plain, reverse = (
        heatmap_panel(heatmap(rows), "mi_lower", "nats", scale).data[1].textfont.color
        for scale in ("Cividis", "Cividis_r")
    )
    assert (plain[0], reverse[0]) == ("#fff", "#000")
    assert (plain[-1], reverse[-1]) == ("#000", "#fff")
