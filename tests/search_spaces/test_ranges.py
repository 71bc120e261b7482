import pytest

import search_spaces
from musebar_core.config import Grid
from musebar_core.errors import UsageError
from search_spaces.ranges import Range

PAPER = Grid(1, 4, 240)


@pytest.mark.parametrize(
    ("asked", "values"),
    [
        ({"low": 1, "high": 4}, (1, 2, 3, 4)),
        ({"low": 8, "high": 30, "step": 8}, (8, 16, 24)),
        ({"low": 0.0, "high": 0.3, "step": 0.1}, (0.0, 0.1, 0.2, 0.3)),
        ({"low": 0.5, "high": 1.0, "points": 3}, (0.5, 0.75, 1.0)),
        ({"low": 0.001, "high": 0.1, "log": True, "points": 3}, (0.001, 0.01, 0.1)),
        ({"low": 4, "high": 64, "log": True, "points": 5}, (4, 8, 16, 32, 64)),
        ({"low": 1, "high": 3, "log": True, "points": 9}, (1, 2, 3)),
        ({"low": 0.123456789, "high": 0.2, "points": 2}, (0.123456789, 0.2)),
        ({"low": 0.0, "high": 1.0, "points": 4}, (0.0, 0.333, 0.667, 1.0)),
        ({"low": 1, "high": 10, "points": 4}, (1, 4, 7, 10)),
        ({"low": 0, "high": 10, "points": 4}, (0, 3, 7, 10)),
        ({"low": 1, "high": 3, "step": 2}, (1, 3)),
        ({"low": 0, "high": 1, "step": 0.3}, (0.0, 0.3, 0.6, 0.9)),
        ({"low": 0.5, "high": 3, "step": 1}, (0.5, 1.5, 2.5)),
        ({"low": -2, "high": 0}, (-2, -1, 0)),
    ],
)
def test_a_range_holds_both_ends_and_what_lies_between(asked, values):
    found = Range.model_validate(asked).values()
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


def test_a_range_that_says_no_more_has_25_values():
    by_one_ratio = Range(low=0.0001, high=0.1, log=True).values()
    evenly = Range(low=0.0, high=2.4).values()
    assert len(by_one_ratio) == len(Range(low=1_000, high=1_000_000, log=True).values()) == 25
    assert by_one_ratio[12] == 0.00316  # the root of 0.0001 * 0.1
    assert evenly == tuple(at / 10 for at in range(25))


def test_a_thousand_values_are_the_most_of_a_range():
    assert len(Range(low=1, high=1000).values()) == 1000
    assert len(Range(low=0.0, high=1.0, points=1000).values()) == 1000


def space(values):
    content = {"parameters": {"learning_rate": {"values": values}}}
    return search_spaces.make_space("own", content, PAPER)


def test_the_values_of_a_range_are_ordered():
    (parameter,) = space({"low": 0.001, "high": 0.1, "log": True, "points": 3}).parameters
    assert parameter.ordered
    assert parameter.values == (0.001, 0.01, 0.1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"low": 2, "high": 2}, "range: low 2 is not below high 2"),
        ({"low": 3, "high": 2}, "range: low 3 is not below high 2"),
        (
            {"low": 0.0, "high": 1.0, "log": True},
            "range: low 0 has no logarithm: leave log out, or begin above 0",
        ),
        ({"low": -1, "high": 1, "log": True}, "range: low -1 has no logarithm"),
        ({"low": 1, "high": 4, "step": 0}, "range: step 0 is not between 0 and 3"),
        ({"low": 1, "high": 4, "step": -1}, "range: step -1 is not between 0 and 3"),
        ({"low": 1, "high": 4, "step": 4}, "range: step 4 is not between 0 and 3"),
        (
            {"low": 1, "high": 4, "step": 1, "points": 3},
            "range: step goes with neither log nor points: the ratio follows from points",
        ),
        ({"low": 1, "high": 4, "step": 1, "log": True}, "range: step goes with neither log nor"),
        (
            {"low": 1, "high": 5000},
            "range: 5,000 values, and at most 1,000 go: a larger step",
        ),
        ({"low": 1, "high": 1001}, "range: 1,001 values, and at most 1,000 go"),
        ({"low": 1}, "range 'high': is missing"),
        ({"low": 1, "high": "9"}, "range 'high'"),
        (
            {"low": 1, "hihg": 9, "high": 9},
            "range 'hihg': is no key of a range (known: low, high, step, log, points)",
        ),
        ({"low": float("nan"), "high": 1.0}, "range 'low'"),
        ({"low": 1, "high": float("inf")}, "range 'high'"),
        ({"low": 1, "high": 4, "points": 1}, "range 'points': input should be greater than or eq"),
        ({"low": 1, "high": 4, "points": 1001}, "range 'points': input should be less than or eq"),
    ],
)
def test_a_range_that_is_none_is_said_to_be(asked, said):
    with pytest.raises(UsageError, match="parameter 'learning_rate': ") as raised:
        space(asked)
    assert said in str(raised.value)


def test_a_point_of_the_unit_cube_is_a_cell():
    found = search_spaces.load_space("full", PAPER)
    cell = found.drawn([0.0] * len(found.parameters))
    assert cell["latent_length"] == 8
    assert "annealing_length" not in cell  # of a schedule that has none
