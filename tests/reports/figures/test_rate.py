"""Rate against distortion, by the traces."""

import pytest

from reports.answers.rate import Trade, rate_distortion
from reports.answers.summaries import summaries
from reports.figures.rate import rate_figure
from reports.figures.style import CHOSEN_COLOUR, METHOD_COLOURS


@pytest.fixture
def study(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0] * 2, kl=2.0, mi=(1.0, 1.5))
    study.add(make_config(16), [550.0] * 2, kl=4.0, mi=(2.0, 2.5), phase="search")
    study.add(
        make_config(32), [555.0] * 2, kl=5.0, mi=(3.0, 3.5), phase="methods", method="musebar"
    )
    study.add(make_config(64), [590.0] * 2, kl=0.5, collapsed=2)
    return study


def drawn(study, trade=Trade.KL_BCE, chosen=None, markov=None):
    rows = summaries(study.tables(), "jazz")
    picked = next((row for row in rows if row.config.model.latent_length == chosen), None)
    return rate_figure(rate_distortion(rows, picked, 2, trade), markov)


def test_each_kind_of_configuration_has_its_entry_and_the_choice_lies_on_top(study):
    marks = [one for one in drawn(study, chosen=8).data if one.customdata is not None]
    assert [one.name for one in marks][-1] == "chosen"
    looks = {one.name: (one.marker.color, one.marker.symbol) for one in marks}
    assert set(looks) == {"searched only", "MuseBar", "collapsed", "chosen"}
    assert looks["chosen"] == (CHOSEN_COLOUR, "star")
    assert looks["MuseBar"] == (METHOD_COLOURS["musebar"], "diamond")
    assert looks["searched only"][1] == "circle-open"
    assert looks["collapsed"][1] == "x-thin"
    sizes = {one.name: one.marker.size for one in marks}
    assert sizes["chosen"] > sizes["MuseBar"]
    assert "confirmed" in {one.name for one in drawn(study).data}
    assert "MuseBar (chosen)" in {one.name for one in drawn(study, chosen=32).data}


def test_a_mark_says_what_it_is_and_where_it_lies(study):
    (mark,) = [one for one in drawn(study).data if one.name == "MuseBar"]
    (config_id,) = mark.customdata
    assert (list(mark.x), list(mark.y)) == ([5.0], [555.0])
    assert list(mark.text) == [f"MuseBar<br>{config_id}, method comparison, 2 seeds<br>5.00, 555.0"]


@pytest.mark.parametrize(
    ("trade", "line", "shape", "titles"),
    [
        (
            Trade.KL_BCE,
            [(0.5, 590.0), (2.0, 560.0), (4.0, 550.0)],
            "hv",
            (
                "rate: validation KL (nats per snippet)",
                "distortion: validation BCE (nats per snippet)",
            ),
        ),
        # NLL is BCE and half the KL here
        (
            Trade.MI_NLL,
            [(2.0, 552.0), (3.0, 557.5)],
            "vh",
            ("information: validation MI, lower bound (nats)", "validation NLL (nats per snippet)"),
        ),
    ],
)
def test_the_frontier_is_a_line_of_steps(study, trade, line, shape, titles):
    found = drawn(study, trade)
    frontier = found.data[0]
    assert (frontier.name, frontier.line.shape) == ("frontier", shape)
    assert list(zip(frontier.x, frontier.y, strict=True)) == line
    assert (found.layout.xaxis.title.text, found.layout.yaxis.title.text) == titles


def test_the_line_of_equal_elbo_ends_at_the_window_and_at_the_largest_rate(study):
    (line,) = [one for one in drawn(study).data if one.name == "equal ELBO, the best here"]
    # the least sum is 554; the largest rate 5
    assert list(line.x) == pytest.approx([0.0, 5.25])
    assert list(line.y) == pytest.approx([554.0, 548.75])
    assert "equal ELBO, the best here" not in {one.name for one in drawn(study, Trade.MI_NLL).data}


def test_the_line_of_equal_elbo_begins_where_it_comes_into_the_window(make_study, make_config):
    study = make_study(confirm=2)
    for latent, bce, kl in ((8, 500.0, 50.0), (16, 510.0, 45.0)):
        study.add(make_config(latent), [bce] * 2, kl=kl)
    found = drawn(study)
    low, high = found.layout.yaxis.range
    (line,) = [one for one in found.data if one.name == "equal ELBO, the best here"]
    assert list(line.y) == pytest.approx([high, low])
    assert list(line.x) == pytest.approx([550.0 - high, 550.0 - low])


def test_the_markov_chain_is_a_line_for_a_bce_alone(study):
    assert len(drawn(study, markov=600.0).layout.shapes) == 1
    assert len(drawn(study).layout.shapes) == 0
    assert len(drawn(study, Trade.MI_NLL, markov=600.0).layout.shapes) == 0
    assert drawn(study, markov=600.0).layout.yaxis.range[1] > 600.0


def test_the_axis_of_the_rate_begins_at_nothing(study):
    assert list(drawn(study).layout.xaxis.range) == pytest.approx([-0.25, 5.25])
