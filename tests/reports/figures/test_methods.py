"""All genres and several studies on one axis, by their traces."""

import pytest

from reports.figures.methods import GenreMark, genres_chart, study_panel
from reports.figures.style import METHOD_COLOURS, METHOD_SYMBOLS
from tests.reports.seedmeans import mean


def test_a_study_has_a_row_of_its_seeds_and_their_mean():
    three = mean(500.0, 502.0, 507.0, first=1000)
    drawn = study_panel([("first", three), ("<b>", mean(510.0, first=1000))], "test BCE")
    dots, diamond, *_ = drawn.data
    assert (list(dots.x), list(dots.text)) == (
        [500.0, 502.0, 507.0],
        ["seed 1000", "seed 1001", "seed 1002"],
    )
    assert list(diamond.x) == [503.0]
    assert diamond.error_x.array[0] == pytest.approx(three.interval[1] - 503.0)
    assert diamond.hovertemplate.startswith("mean of 3 seeds: ")
    rows = [round(y) for one in drawn.data for y in one.y]
    assert rows == [0, 0, 0, 0, 1, 1]
    assert list(drawn.layout.yaxis.ticktext) == ["first", "&lt;b&gt;"]
    bottom, top = drawn.layout.yaxis.range
    assert bottom > 1 > 0 > top
    assert drawn.layout.xaxis.title.text == "test BCE"


MARKS = [
    GenreMark("jazz", "musebar", 500.0, (498.0, 503.0), "said"),
    GenreMark("<i>", "musebar", 400.0, None, "less"),
    GenreMark("<i>", "lstm_vae", 410.0, (409.0, 411.0), "more"),
]


def test_a_method_has_a_mark_in_each_genre_in_its_colour():
    drawn = genres_chart(MARKS, "test BCE")
    vanilla, musebar = drawn.data
    assert (vanilla.name, musebar.name) == ("LSTM-VAE", "MuseBar")
    assert list(musebar.x) == [500.0, 400.0]
    assert list(musebar.error_x.array) == [3.0, 0.0]
    assert list(musebar.error_x.arrayminus) == [2.0, 0.0]
    assert [round(y) for y in (*musebar.y, *vanilla.y)] == [0, 1, 1]
    assert vanilla.y[0] < musebar.y[1]
    assert list(musebar.text) == ["jazz: said", "&lt;i&gt;: less"]
    assert musebar.marker.color == METHOD_COLOURS["musebar"]
    assert musebar.marker.symbol == METHOD_SYMBOLS["musebar"]
    assert list(drawn.layout.yaxis.ticktext) == ["jazz", "&lt;i&gt;"]
    assert drawn.layout.xaxis.range is None


def test_the_markov_chain_stands_in_the_rows_of_the_genres_that_have_it():
    stroke = genres_chart(MARKS, "x", {"<i>": 627.0, "another": 1.0}).data[-1]
    assert (stroke.name, list(stroke.x), list(stroke.y)) == ("Markov chain", [627.0], [1])
    assert list(stroke.text) == ["Markov chain 627.0"]


def test_an_axis_from_zero_holds_every_mark_and_the_line_of_an_empty_code():
    def shown(low, high):
        pad = 0.05 * (high - low)
        return pytest.approx([low - pad, high + pad])

    assert list(genres_chart(MARKS, "x", from_zero=True).layout.xaxis.range) == shown(0, 503)
    small = [GenreMark("jazz", "musebar", 0.1, (0.05, 0.2), "")]
    drawn = genres_chart(small, "x", from_zero=True, empty=True)
    assert list(drawn.layout.xaxis.range) == shown(0, 0.5)
    assert [(one.x0, one.x1) for one in drawn.layout.shapes] == [(0.5, 0.5)]
    drawn = genres_chart(small, "x", from_zero=True)
    assert list(drawn.layout.xaxis.range) == shown(0, 0.2)
    assert not drawn.layout.shapes
