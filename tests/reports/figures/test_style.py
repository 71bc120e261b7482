"""The ranges, labels and intervals that all figures share."""

import pytest

from reports.figures import style
from reports.figures.style import (
    add_baselines,
    colour,
    error_bars,
    escape,
    figure,
    from_zero,
    genre_colours,
    label_rows,
    shorten,
    shorten_apart,
    span,
    window,
)
from tests.reports.seedmeans import mean


def test_intervals_are_drawn_from_three_seeds_on():
    assert span(mean(1.0, 3.0)) == (2.0, 2.0)
    assert span(mean(1.0)) == (1.0, 1.0)
    three = mean(1.0, 2.0, 3.0)
    assert span(three) == three.interval
    low, high = three.interval
    drawn = error_bars([three, mean(1.0, 3.0)], "#000")
    assert drawn["array"] == [high - 2.0, 0.0]
    assert drawn["arrayminus"] == [2.0 - low, 0.0]


@pytest.mark.parametrize(
    ("values", "baselines", "shown"),
    [
        ([], {}, (0.0, 1.0)),
        ([float("nan")], {"markov": 100.0}, (99.5, 100.5)),
        ([100.0, 110.0], {}, (99.2, 110.8)),
        ([100.0], {}, (99.5, 100.5)),
        # ten nats wide: a baseline up to ten away is shown
        ([100.0, 110.0], {"markov": 120.0}, (98.4, 121.6)),
        ([100.0, 110.0], {"markov": 900.0}, (99.2, 110.8)),
        # one below them has its label before it: twice the room
        ([100.0, 110.0], {"markov": 90.0}, (86.8, 111.6)),
    ],
)
def test_a_window_holds_its_values_and_the_baselines_near_them(values, baselines, shown):
    assert window(values, baselines) == pytest.approx(shown)


def test_a_baseline_is_near_that_is_no_further_away_than_the_values_are_apart():
    assert window([100.0, 110.0], {"markov": 120.0})[1] > 120
    assert window([100.0, 110.0], {"markov": 120.1})[1] < 120
    assert window([100.0, 110.0], {"markov": 90.0})[0] < 90
    assert window([100.0, 110.0], {"markov": 89.9})[0] > 90
    # of values that are all alike, a nat
    assert window([100.0], {"markov": 101.0})[1] > 101
    assert window([100.0], {"markov": 101.1})[1] < 101


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([2.0, 10.0], [-0.5, 10.5]),
        ([-10.0, -2.0], [-10.5, 0.5]),
        ([-10.0, 10.0], [-11.0, 11.0]),
        ([0.0], [-0.05, 0.05]),
    ],
)
def test_a_range_from_zero_has_room_at_both_ends(values, shown):
    assert from_zero(values) == pytest.approx(shown)


def drawn_baselines(baselines, shown, *, vertical):
    drawn = figure("", "")
    add_baselines(drawn, baselines, shown, vertical=vertical)
    return len(drawn.layout.shapes), [one.text for one in drawn.layout.annotations]


@pytest.mark.parametrize(
    ("vertical", "below", "above"),
    [
        (True, "left of the window", "right of the window"),
        (False, "below the window", "above the window"),
    ],
)
def test_a_baseline_outside_the_window_is_named_at_its_edge(vertical, below, above):
    lines, said = drawn_baselines(
        {"markov": 100.0, "repeat_last": 49.9, "pitch_frequencies": 150.1},
        (50.0, 150.0),
        vertical=vertical,
    )
    assert lines == 1
    assert said == [
        "Markov chain 100.0",
        f"repeat last 49.90 ({below})<br>pitch frequencies 150.1 ({above})",
    ]


@pytest.mark.parametrize("at", [50.0, 150.0])
def test_a_baseline_at_the_edge_of_the_window_is_drawn(at):
    lines, said = drawn_baselines({"markov": at}, (50.0, 150.0), vertical=True)
    assert (lines, len(said)) == (1, 1)
    assert "window" not in said[0]


def test_a_choice_and_a_method_have_colours_of_their_own_and_others_are_grey():
    assert colour("musebar", chosen=True) == colour("musebar") == style.METHOD_COLOURS["musebar"]
    assert colour(None, chosen=True) == style.CHOSEN_COLOUR
    assert colour(None) == colour("another") == style.OTHER_COLOUR


def test_genres_have_colours_in_their_order_and_overall_is_grey():
    genres = ["overall", *(f"g{at}" for at in range(len(style.GENRE_COLOURS) + 1))]
    found = genre_colours(genres)
    assert found["overall"] == style.NEUTRAL
    assert [found[genre] for genre in genres[1:]] == [*style.GENRE_COLOURS, style.GENRE_COLOURS[0]]


def test_names_are_no_markup_and_are_cut_to_their_length():
    assert escape("<b>&amp;") == "&lt;b&gt;&amp;amp;"
    assert shorten("abcde", 5) == "abcde"
    assert shorten("abcdef", 5) == "abcd…"
    assert shorten("<<<<<<", 3) == "&lt;&lt;…"
    assert shorten_apart(["abcdef", "abcdef"], 5) == ["abcd…", "abcd…"]
    assert shorten_apart(["abcdefgh", "abcdefzh"], 7) == ["abc…fgh", "abc…fzh"]


def test_the_name_of_a_row_stands_above_it():
    drawn = figure("", "")
    label_rows(drawn, ["a", "<b>"])
    names = [(one.text, one.y) for one in drawn.layout.annotations]
    assert names == [("a", -0.4), ("&lt;b&gt;", 0.6)]
    assert list(drawn.layout.yaxis.range) == [1.5, -0.75]


@pytest.mark.parametrize(
    ("vertical", "axis", "side", "other"),
    [(True, "x", "right", "left"), (False, "y", "top", "bottom")],
)
def test_a_line_lies_at_its_baseline_and_each_label_of_close_ones_has_a_place_of_its_own(
    vertical, axis, side, other
):
    drawn = figure("", "")
    close = {"pitch_frequencies": 101.0, "markov": 100.0, "repeat_last": 104.0}
    add_baselines(drawn, close, (50.0, 150.0), vertical=vertical)
    lines = [(one[f"{axis}0"], one[f"{axis}1"], one.line.dash) for one in drawn.layout.shapes]
    assert lines == [
        (at, at, style.BASELINE_DASHES[name])
        for name, at in sorted(close.items(), key=lambda item: item[1])
    ]
    anchors = [one[f"{axis}anchor"] for one in drawn.layout.annotations]
    assert anchors == [side, other, other]
    shifts = [one[f"{axis}shift"] for one in drawn.layout.annotations]
    assert shifts[0] < 0 < shifts[1] < shifts[2]


@pytest.mark.parametrize(("apart", "anchor"), [(4.9, "left"), (5.0, "right")])
def test_labels_are_close_within_a_twentieth_of_the_window(apart, anchor):
    drawn = figure("", "")
    add_baselines(
        drawn, {"markov": 100.0, "repeat_last": 100 + apart}, (50.0, 150.0), vertical=True
    )
    assert [one.xanchor for one in drawn.layout.annotations] == ["right", anchor]


def test_each_baseline_outside_has_a_line_of_room_above_the_figure():
    def top(baselines):
        drawn = figure("", "")
        before = drawn.layout.margin.t
        add_baselines(drawn, baselines, (0.0, 1.0), vertical=True)
        return drawn.layout.margin.t - before

    one, two = top({"markov": 9.0}), top({"markov": 9.0, "repeat_last": 8.0})
    assert (top({}), top({"markov": 0.5})) == (0, 0)
    assert two == 2 * one > 0


def test_an_empty_figure_has_its_titles_and_no_ground_of_its_own():
    drawn = figure("across", "up", 300)
    layout = drawn.layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text, layout.height) == (
        "across",
        "up",
        300,
    )
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert not drawn.data


def test_a_window_of_values_that_are_alike_has_half_a_nat_on_each_side():
    assert window([5.0, 5.0], {}) == (4.5, 5.5)
    # a twelfth of a wide one
    assert window([0.0, 100.0], {}) == (-8.0, 108.0)


def test_the_ends_of_two_long_names_tell_them_apart_and_short_ones_stay():
    names = ["a" * 10 + "11", "<b>", "a" * 10 + "12"]
    assert shorten_apart(names, 9) == ["aaaa…aa11", "&lt;b&gt;", "aaaa…aa12"]
