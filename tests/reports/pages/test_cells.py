"""A mean in a table: its text, what it is sorted by, and its interval for the file."""

from reports.pages.cells import Cell, mean_cell
from study.statistics.intervals import NOT_MEASURED, mean_over_seeds


def test_a_mean_is_sorted_by_its_value_and_carries_its_interval():
    assert mean_cell(mean_over_seeds({1: 2.0, 2: 2.0})) == Cell(
        "2.00 [2.00, 2.00]", 2.0, spread=(2.0, 2.0, 2)
    )
    assert mean_cell(mean_over_seeds({1: 2.0})) == Cell("2.00", 2.0, spread=(None, None, 1))


def test_a_mean_may_be_shown_as_another_text_and_warn():
    found = mean_cell(mean_over_seeds({1: 2.0}), "two", warning=True)
    assert found == Cell("two", 2.0, warning=True, spread=(None, None, 1))


def test_what_no_seed_measured_has_no_value():
    assert mean_cell(None) == Cell("-")
    assert mean_cell(NOT_MEASURED) == Cell("not measured")
    assert mean_cell(NOT_MEASURED, "none") == Cell("none")
