"""What settings do, by the traces: which matter, where a search looked, what came of them."""

import pytest

from reports.answers.search import search
from reports.answers.summaries import summaries
from reports.figures.settings import FIFTHS, contour, importance_bars, parallel, slice_panel
from reports.stats.importance import Importance, Importances

TRIED = [(4, 1, 510, 1.0), (8, 1, 502, 2.0), (16, 1, 504, 4.0)]
TRIED += [(4, 4, 506, 0.5), (8, 4, 501, 1.5), (16, 4, 508, 5.0)]
"""Latent length, regularizers, BCE and MI lower."""


@pytest.fixture
def course(make_study, make_config):
    study = make_study()
    for latent, r, bce, mi in TRIED:
        study.add(make_config(latent, r), [bce], phase="search", mi=(mi, 9.0))
    study.add(make_config(4, 1, input_dropout=0.5), [514], phase="search", mi=(1.0, 9.0))
    tables = study.tables()
    return search(tables, "jazz", summaries(tables, "jazz"))


def test_the_most_important_setting_has_the_uppermost_bar():
    found = Importances(
        (
            Importance("latent_length", 0.75, (0.5, 0.875)),
            Importance("regularizers", 0.25, (0.3, 0.2)),
        ),
        40,
        25,
    )
    (bars,) = importance_bars(found).data
    # bars are laid from the bottom upwards
    assert list(bars.y) == ["regularizers", "latent length"]
    assert list(bars.x) == [0.25, 0.75]
    assert list(bars.text) == ["25% [30%, 20%]", "75% [50%, 88%]"]
    # a whisker never points the other way
    assert list(bars.error_x.array) == [0.0, 0.125]
    assert list(bars.error_x.arrayminus) == [0.0, 0.25]


def test_a_line_runs_from_a_configurations_settings_to_its_bce(course):
    drawn = parallel(course)
    assert list(drawn.layout.xaxis.ticktext) == [
        "latent length",
        "regularizers",
        "MI lower",
        "BCE",
    ]
    worst, middle, best = drawn.data
    names = [f"{name} by BCE ({n})" for (name, *_), n in zip(FIFTHS, (1, 5, 1), strict=True)]
    assert [best.name, middle.name, worst.name] == names
    of = {trial.bce: trial.row.config_id for trial in course.trials}
    assert list(best.text) == [of[501]] * 4 + [""]
    assert list(worst.text) == [of[514]] * 4 + [""]
    assert set(middle.text) == {of[bce] for bce in (502, 504, 506, 508, 510)} | {""}
    assert list(best.x) == [0, 1, 2, 3, None]
    # 8 is the middle of three latent lengths, 4 the upper of two regularizers; an MI of 1.5
    # from 0.5 to 5; lines of one value are spread a little
    near = pytest.approx([0.5, 1.0, 1 / 4.5, 0.0], abs=0.05)
    assert list(best.y)[:4] == near
    assert list(best.y)[2:] == [pytest.approx(1 / 4.5, abs=1e-4), 0.0, None]
    assert list(worst.y)[:4] == pytest.approx([0.0, 0.0, 0.5 / 4.5, 1.0], abs=0.05)


def test_lines_of_one_value_do_not_lie_on_each_other(course):
    places = [
        y for line in parallel(course).data for x, y in zip(line.x, line.y, strict=True) if x == 0
    ]
    assert len(set(places)) == len(course.trials)


def test_the_axes_of_the_lines_are_marked_with_their_values(course):
    said = {(one.x, one.y): one.text for one in parallel(course).layout.annotations}
    assert said == {
        (0, 0.0): "4",
        (0, 0.5): "8",
        (0, 1.0): "16",
        (1, 0.0): "1",
        (1, 1.0): "4",
        (2, 0.0): "0.50",
        (2, 0.5): "2.75",
        (2, 1.0): "5.00",
        (3, 0.0): "501.0",
        (3, 0.5): "507.5",
        (3, 1.0): "514.0",
    }


def test_a_slice_has_a_dot_a_configuration_and_a_stroke_at_each_median(course):
    drawn = slice_panel(course, "latent_length", {"markov": 520.0}, "#123456")
    dots, strokes = drawn.data
    assert sorted(zip(dots.x, dots.y, strict=True)) == [
        ("16", 504),
        ("16", 508),
        ("4", 506),
        ("4", 510),
        ("4", 514),
        ("8", 501),
        ("8", 502),
    ]
    assert list(dots.customdata) == [trial.row.config_id for trial in course.trials]
    assert dots.marker.color == "#123456"
    assert (list(strokes.x), list(strokes.y)) == (["4", "8", "16"], [510, 501.5, 506])
    assert list(drawn.layout.xaxis.categoryarray) == ["4", "8", "16"]
    assert drawn.layout.xaxis.title.text == "latent length"
    # the baseline is six nats above values that are thirteen apart
    low, high = drawn.layout.yaxis.range
    assert low < 501 < 520 < high < 525


def test_the_shading_is_of_mean_bce_and_each_place_that_was_tried_is_a_dot(course):
    shaded, tried = contour(course, "latent_length", "regularizers").data
    # twice 4 and 1: 510 and 514
    assert [list(row) for row in shaded.z] == [[512, 502, 504], [506, 501, 508]]
    assert shaded.colorscale[0][1] != shaded.colorscale[-1][1]
    assert list(zip(tried.x, tried.y, strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
    ]
    assert list(tried.text)[:2] == [
        "latent length 4, regularizers 1: mean BCE 512.0 of 2",
        "latent length 4, regularizers 4: mean BCE 506.0 of 1",
    ]


def test_what_was_not_tried_is_not_shaded_and_both_axes_are_marked(course):
    drawn = contour(course, "regularizers", "input_dropout")
    assert [list(row) for row in drawn.data[0].z] == [
        [pytest.approx(505.333, abs=1e-3), 505],
        [514, None],
    ]
    assert list(drawn.layout.xaxis.ticktext) == ["1", "4"]
    assert list(drawn.layout.yaxis.ticktext) == ["0", "0.5"]
    assert (drawn.layout.xaxis.title.text, drawn.layout.yaxis.title.text) == (
        "regularizers",
        "input dropout",
    )
