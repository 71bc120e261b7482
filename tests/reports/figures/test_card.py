"""Figures of the decision card, by their traces."""

import pytest

from reports.answers.stages import Finalist, Stages, change
from reports.answers.transfer import TransferRegret
from reports.figures.card import (
    LOOKS,
    OUTSIDE,
    RECOMMENDED,
    TIED,
    WORSE,
    Apart,
    apart,
    regret,
    stages,
)
from tests.reports.seedmeans import mean


def test_a_row_stands_where_it_is_from_the_recommended_one_in_the_look_of_its_group():
    rows = [
        Apart("<b>", "c1", mean(0.0, 0.0, 0.0), 1.0, RECOMMENDED),
        Apart("two", "c2", mean(1.0, 2.0, 3.0), 0.25, TIED),
        Apart("three", "c3", mean(9.0), 0.00195, WORSE),
        Apart("four", "c4", mean(4.0, 4.0), 0.5, TIED),
    ]
    drawn = apart(rows, "difference (nats)")
    assert [(one.name, list(one.x), list(one.y)) for one in drawn.data] == [
        (RECOMMENDED, [0.0], [0]),
        (TIED, [2.0, 4.0], [1, 3]),
        (WORSE, [9.0], [2]),
    ]
    assert [one.marker.symbol for one in drawn.data] == [
        LOOKS[name][1] for name in (RECOMMENDED, TIED, WORSE)
    ]
    chosen, tied, worse = drawn.data
    assert list(tied.customdata) == ["c2", "c4"]
    assert tied.error_x.array[0] == pytest.approx(rows[1].difference.interval[1] - 2.0)
    assert tied.error_x.array[1] == 0.0
    assert list(chosen.text) == ["&lt;b&gt; (c1)<br>0.00 [0.00, 0.00] nats, p 1"]
    assert list(worse.text) == ["three (c3)<br>9.00 nats, p 0.0019"]
    assert [one.text for one in drawn.layout.annotations] == ["&lt;b&gt;", "two", "three", "four"]
    assert [(one.x0, one.x1) for one in drawn.layout.shapes] == [(0, 0)]


def finalist(config_id, searched, confirmed):
    before, after = mean(*searched), mean(*confirmed)
    return Finalist(config_id, before, after, change(before, after))


def test_a_finalist_is_hollow_where_it_was_searched_and_filled_where_it_was_confirmed():
    found = Stages(
        (
            finalist("c1", (500.0, 502.0), (504.0, 505.0, 506.0)),
            finalist("c2", (600.0,), (605.0, 605.0)),
        ),
        None,
        None,
    )
    drawn = stages(found, {"c1": RECOMMENDED}, {"c1": "the best"}, "BCE")
    way, confirmed, other_way, other, searched = drawn.data
    assert (list(way.x), list(way.y)) == ([501.0, 505.0, None], [0, 0, None])
    assert (list(other_way.x), list(other_way.y)) == ([600.0, 605.0, None], [1, 1, None])
    assert (confirmed.name, list(confirmed.x), list(confirmed.y)) == (
        "confirmed, recommended",
        [505.0],
        [0],
    )
    assert (other.name, list(other.x), list(other.y)) == (f"confirmed, {OUTSIDE}", [605.0], [1])
    assert confirmed.error_x.array[0] == pytest.approx(
        found.finalists[0].confirmed.interval[1] - 505.0
    )
    assert (searched.name, list(searched.x), list(searched.y)) == (
        "search mean",
        [501.0, 600.0],
        [0, 1],
    )
    assert list(searched.text) == [
        "c1<br>search 501.0 (2 seeds)<br>confirmed 505.0 [502.5, 507.5] (3 seeds)",
        "c2<br>search 600.0 (1 seed)<br>confirmed 605.0 [605.0, 605.0] (2 seeds)",
    ]
    # without a name, its config_id
    assert [one.text for one in drawn.layout.annotations] == ["the best", "c2"]


def test_a_regret_has_one_scale_to_both_sides_of_nothing_and_says_what_it_is():
    def cell(config_id, cost=None, *, same=False, collapsed=False):
        found = None if cost is None else mean(cost)
        return TransferRegret("jazz", "rock", config_id, found, same, collapsed)

    drawn = regret(
        ["<i>", "rock", "folk"],
        [
            [None, cell("c", 2.5), cell(None)],
            [cell("c", -4.0, collapsed=True), None, cell("c", 9.0, same=True)],
            [cell("c"), cell("c", 0.0), None],
        ],
    )
    cells, texts = drawn.data
    assert [list(row) for row in cells.z] == [[0.0, 2.5, None], [-4.0, 0.0, 0.0], [None, 0.0, 0.0]]
    assert (cells.zmin, cells.zmax) == (-4.0, 4.0)
    said = ["its own", "+2.50", "no choice yet"]
    said += ["-4.00, collapsed", "its own", "the same", "not measured", "+0.00", "its own"]
    assert list(texts.text) == said
    assert [list(row) for row in cells.text] == [said[:3], said[3:6], said[6:]]
    assert list(texts.x) == [0, 1, 2] * 3
    assert list(texts.y) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    for axis in (drawn.layout.xaxis, drawn.layout.yaxis):
        assert list(axis.ticktext) == ["&lt;i&gt;", "rock", "folk"]
        assert list(axis.tickvals) == [0, 1, 2]
    # the first genre's row is the uppermost, as in a table
    assert list(drawn.layout.yaxis.range) == [2.5, -0.5]
    assert list(drawn.layout.xaxis.range) == [-0.5, 2.5]
    assert drawn.layout.xaxis.title.text == "configuration recommended for"
    assert drawn.layout.yaxis.title.text == "used in"


def test_small_regrets_do_not_fill_the_scale():
    small = TransferRegret("jazz", "rock", "c", mean(0.25), same=False)
    cells = regret(["a", "b"], [[None, small], [small, None]]).data[0]
    assert (cells.zmin, cells.zmax) == (-1.0, 1.0)


def test_what_costs_is_orange_and_what_gains_is_blue():
    colours = regret(["a"], [[None]]).data[0].colorscale
    assert colours[0][1].startswith("rgba(0,114,178,0.6")
    assert colours[-1][1].startswith("rgba(230,159,0,0.6")
