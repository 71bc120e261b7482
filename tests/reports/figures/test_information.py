"""What a code carries against its cost and against BCE, by the traces."""

import pytest

from reports.answers.summaries import summaries
from reports.answers.views import InformationPlot, information_plot
from reports.figures.information import information
from reports.figures.style import CHOSEN_COLOUR, METHOD_COLOURS


@pytest.fixture
def study(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0] * 2, kl=5.0, mi=(2.0, 3.0))
    study.add(make_config(16), [550.0] * 2, kl=8.0, mi=(3.0, 6.0), phase="search")
    study.add(
        make_config(32), [540.0] * 2, kl=9.0, mi=(0.6, 0.2), phase="methods", method="musebar"
    )
    study.add(make_config(64), [570.0] * 2, kl=0.2, collapsed=2)
    return study


def plot(study, chosen=None):
    tables = study.tables()
    rows = summaries(tables, "jazz")
    picked = next((row for row in rows if row.config.model.latent_length == chosen), None)
    return information_plot(tables, rows, picked, "jazz")


def test_each_kind_of_configuration_has_its_entry_and_the_choice_lies_on_top(study):
    drawn = information(plot(study, 8), "kl")
    marks = {one.name: one for one in drawn.data if one.customdata is not None}
    assert list(marks) == ["searched only", "MuseBar", "chosen", "confirmed, collapsed"]
    looks = {name: (one.marker.color, one.marker.symbol) for name, one in marks.items()}
    assert looks["chosen"] == (CHOSEN_COLOUR, "star")
    assert looks["MuseBar"] == (METHOD_COLOURS["musebar"], "diamond")
    assert looks["searched only"][1] == "circle-open"
    assert looks["confirmed, collapsed"][1] == "x-thin"
    assert marks["chosen"].marker.size[0] > marks["MuseBar"].marker.size[0]
    assert "confirmed" in {one.name for one in information(plot(study), "kl").data}


def test_a_bar_spans_the_bounds_even_where_they_cross(study):
    (bar,) = [one for one in information(plot(study), "kl").data if one.name == "MuseBar"]
    assert (list(bar.x), list(bar.y)) == ([9.0], [pytest.approx(0.4)])
    assert list(bar.error_y.array) == [pytest.approx(0.2)]
    (row,) = [point.row for point in plot(study).points if point.row.method]
    assert bar.text[0].split("<br>") == [
        f"MuseBar ({row.config_id}, method comparison)",
        "BCE 540.0, KL 9.00",
        "MI 0.60 to 0.20 nats",
        "collapsed 0 of 2 seeds",
    ]
    (bar,) = [one for one in information(plot(study), "bce").data if one.name == "MuseBar"]
    assert list(bar.x) == [540.0]


def test_against_kl_the_line_of_the_most_possible_starts_at_nothing(study):
    drawn = information(plot(study), "kl")
    (line,) = [one for one in drawn.data if one.mode == "lines"]
    # as far as the largest KL, 9, and no further above the highest bound, 6, than a quarter
    assert list(line.x) == list(line.y) == pytest.approx([0.0, 6.0 * 1.25])
    low, high = drawn.layout.xaxis.range
    assert low < 0 < 9.0 < high < 10
    low, high = drawn.layout.yaxis.range
    assert low < 0 < 6.93 < high  # log N of 1,024 snippets
    assert drawn.layout.xaxis.title.text == "validation KL (nats per snippet)"
    assert [one.mode for one in information(plot(study), "bce").data].count("lines") == 0


def test_the_line_ends_where_the_marks_do(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0] * 2, kl=2.0, mi=(1.9, 5.0))
    (line,) = [one for one in information(plot(study), "kl").data if one.mode == "lines"]
    assert list(line.x) == pytest.approx([0.0, 2.12])


def test_under_half_a_nat_is_shaded_as_collapsed(study):
    drawn = information(plot(study), "bce")
    (shade,) = [one for one in drawn.layout.shapes if one.type == "rect"]
    assert (shade.y0, shade.y1) == (0, 0.5)
    assert "collapsed: upper bound below 0.5" in {one.text for one in drawn.layout.annotations}
    assert drawn.layout.xaxis.title.text == "validation BCE (nats per snippet)"


@pytest.mark.parametrize(("cap", "drawn"), [(8.39, True), (8.41, False), (None, False)])
def test_the_cap_of_the_lower_bound_is_drawn_where_it_is_near(study, cap, drawn):
    found = plot(study)  # the highest upper bound is 6, and 1.4 times that 8.4
    found = InformationPlot("jazz", found.points, cap, 1024, {})
    layout = information(found, "kl").layout
    said = [one.text for one in layout.annotations if one.text.startswith("log N")]
    assert said == (["log N = 8.39: the lower bound's cap"] if drawn else [])
    assert [one.y0 for one in layout.shapes if one.type == "line"] == ([cap] if drawn else [])
    assert (layout.yaxis.range[1] > 8.39) is drawn
