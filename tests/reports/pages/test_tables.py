"""Tables that stand beside figures: which cell stands in which column, and what warns."""

import pytest

from reports.answers.curves import Curve
from reports.answers.recommendation import recommendation
from reports.answers.summaries import Failure, summaries
from reports.answers.views import DotPlot, Dots
from reports.figures.style import CHOSEN_COLOUR, METHOD_COLOURS, OTHER_COLOUR
from reports.pages.tables import (
    alternatives_table,
    configurations_table,
    curves_table,
    failures_table,
    measures_table,
    methods_table,
    seeds_table,
)
from study.statistics.intervals import mean_over_seeds

BASELINES = {"markov": 627.0, "repeat_last": 980.0}


def column(table, name, rows=None):
    at = table.columns.index(name)
    return [row[at] for row in (table.rows if rows is None else rows)]


def texts(table, name, rows=None):
    return [cell.text for cell in column(table, name, rows)]


@pytest.fixture
def study(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0, 502.0], kl=4.0, mi=(2.0, 3.0))
    study.add(
        make_config(16, 4),
        [510.0, 512.0],
        planned=5,
        phase="methods",
        method="musebar",
        collapsed=1,
        failed=1,
    )
    for row in study.rows:
        if row["state"] != "failed":
            row["test_active_units"] = 7
    return study


@pytest.fixture
def rows(study):
    found = summaries(study.tables(), "jazz")
    return sorted(found, key=lambda row: row.config.model.latent_length)


def test_methods_stand_side_by_side_on_the_split_that_is_asked_for(rows):
    table = methods_table(rows, "test", BASELINES, rows[0])
    assert table.columns == (
        *("method", "BCE", "KL", "MI lower", "MI upper", "active units"),
        *("seeds", "collapsed", "configuration"),
    )
    assert texts(table, "method") == ["chosen", "MuseBar"]
    assert [cell.swatch for cell in column(table, "method")] == [
        CHOSEN_COLOUR,
        METHOD_COLOURS["musebar"],
    ]
    assert [cell.value for cell in column(table, "BCE")] == [502.0, 512.0]
    assert [cell.value for cell in column(table, "active units")] == [7.0, 7.0]
    assert texts(table, "KL")[0] == "4.00 [4.00, 4.00]"
    assert [cell.value for cell in column(table, "MI lower")] == [2.0, 1.0]
    assert [cell.value for cell in column(table, "MI upper")] == [3.0, 1.55]
    assert texts(table, "seeds") == ["2", "2 of 5"]
    assert [cell.warning for cell in column(table, "seeds")] == [False, True]
    assert texts(table, "collapsed") == ["0 of 2", "1 of 2, collapsed"]
    assert [cell.warning for cell in column(table, "collapsed")] == [False, True]
    assert texts(table, "configuration") == ["L 8 · r 1 · constant", "L 16 · r 4 · constant"]
    assert (table.id, methods_table(rows, "test", {}, None, "other").id) == (
        "methods-test",
        "other",
    )
    other = methods_table(rows, "validation", BASELINES, None)
    assert [cell.value for cell in column(other, "BCE")] == [501.0, 511.0]
    assert texts(other, "method") == ["", "MuseBar"]


def test_a_table_names_its_split_and_the_cap_of_the_lower_bound(rows):
    assert methods_table(rows, "test", {}, None).caption == (
        "Test split. BCE and KL in nats per snippet, MI in nats; "
        "MI lower is at most log N = 6.93 (N = 1,024)."
    )
    assert configurations_table((), {}, None).caption == (
        "Validation split. BCE and KL in nats per snippet, MI in nats."
    )


def test_baselines_stand_beneath_in_the_columns_of_a_bce(rows):
    table = methods_table(rows, "test", BASELINES, None)
    assert texts(table, "method", table.footer) == [
        "Markov chain (baseline)",
        "repeat last (baseline)",
    ]
    assert [cell.value for cell in column(table, "BCE", table.footer)] == [627.0, 980.0]
    others = {cell.text for row in table.footer for cell in row[2:]}
    assert others == {""}
    assert {len(row) for row in table.footer} == {len(table.columns)}


def test_every_configuration_is_listed_with_its_stage_its_failures_and_what_varied(rows):
    table = configurations_table(rows, BASELINES, rows[1])
    assert (table.id, measures_table("x", rows, {}, None).id) == ("configurations", "x")
    assert table.columns[:2] == ("configuration", "stage")
    assert table.columns[7:] == (
        *("seeds", "collapsed", "failed"),
        *("latent length", "regularizers", "annealing"),
    )
    ids = [row.config_id for row in rows]
    assert texts(table, "configuration") == [ids[0], f"{ids[1]} (MuseBar, chosen)"]
    assert [cell.swatch for cell in column(table, "configuration")] == [
        OTHER_COLOUR,
        METHOD_COLOURS["musebar"],
    ]
    assert texts(table, "stage") == ["confirmation", "method comparison"]
    assert [cell.value for cell in column(table, "BCE")] == [501.0, 511.0]
    assert [(cell.value, cell.warning) for cell in column(table, "failed")] == [
        (0, False),
        (1, True),
    ]
    assert [cell.value for cell in column(table, "latent length")] == [8, 16]
    assert [cell.value for cell in column(table, "regularizers")] == [1, 4]
    assert texts(table, "annealing") == ["constant", "constant"]
    assert {cell.value for cell in column(table, "annealing")} == {None}


def test_a_configuration_that_only_failed_has_dashes(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [], failed=2)
    (row,) = summaries(study.tables(), "jazz")
    table = configurations_table([row], {}, None)
    for name in ("BCE", "KL", "MI lower", "MI upper", "active units", "collapsed"):
        assert texts(table, name) == ["-"]
    assert texts(table, "seeds") == ["0 of 2"]


def test_the_next_best_stand_with_their_difference_to_the_choice(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0, 500.0], mi=(3.0, 3.5))
    config_id = study.add(make_config(16), [510.0, 510.0], mi=(1.0, 1.5), kl=6.0, collapsed=1)
    table = alternatives_table(recommendation(study.tables(), "jazz"))
    assert table.columns == (
        *("configuration", "settings", "BCE", "difference"),
        *("MI lower", "MI upper", "collapsed"),
    )
    assert texts(table, "configuration") == [config_id]
    assert texts(table, "settings") == ["L 16 · r 1 · constant"]
    assert [cell.value for cell in column(table, "BCE")] == [510.0]
    # NLL is BCE and half the KL: 513 against 502
    assert [cell.value for cell in column(table, "difference")] == [11.0]
    assert [cell.value for cell in column(table, "MI lower")] == [0.5]
    assert [cell.value for cell in column(table, "MI upper")] == [0.8]
    assert [cell.text for cell in column(table, "collapsed")] == ["1 of 2, collapsed"]
    assert "the difference is NLL minus the choice's" in table.caption
    assert table.caption.startswith("Validation split.")
    assert texts(table, "BCE", table.footer) == ["907.0", "627.0", "980.0"]


def test_a_seed_has_a_row_of_its_own():
    mean = mean_over_seeds({1000: 500.0, 1001: 502.5})
    rows = (
        Dots("musebar", "c1", mean, 2, chosen=False),
        Dots(None, "c2", mean_over_seeds({1000: 480.0}), 1, chosen=True),
    )
    table = seeds_table(DotPlot("jazz", "test", rows, {"markov": 627.0}))
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["MuseBar", "c1", "1000", "500.0"],
        ["MuseBar", "c1", "1001", "502.5"],
        ["chosen", "c2", "1000", "480.0"],
    ]
    assert [cell.value for cell in column(table, "seed")] == [1000, 1001, 1000]
    assert [cell.value for cell in column(table, "BCE")] == [500.0, 502.5, 480.0]
    assert table.caption == "Test BCE of each seed, nats per snippet."
    assert texts(table, "BCE", table.footer) == ["627.0"]


def test_curves_have_a_row_an_epoch_and_a_dash_where_one_was_not_evaluated():
    def curve(epochs, means):
        return Curve("jazz", "c", "confirm", "validation_bce", (), epochs, means)

    curves = [
        ("one", None, curve((50, 1000), (600.0, 550.0))),
        ("two", "musebar", curve((1000, 2000), (540.0, 530.0))),
    ]
    table = curves_table(curves, {"markov": 627.0})
    assert table.columns == ("epoch", "one", "two")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["50", "600.0", "-"],
        ["1,000", "550.0", "540.0"],
        ["2,000", "-", "530.0"],
    ]
    assert [cell.value for cell in column(table, "epoch")] == [50, 1000, 2000]
    assert [cell.value for cell in column(table, "two")] == [None, 540.0, 530.0]
    assert [[cell.text for cell in row] for row in table.footer] == [
        ["Markov chain (baseline)", "627.0", "627.0"]
    ]


def test_a_failure_is_listed_with_its_reason_and_without_a_password():
    table = failures_table(
        [
            Failure("c1", "confirm", 1003, "lost postgresql://ann:pass@db/x", 3),
            Failure("c2", "search", 4, "", 1),
        ]
    )
    assert table.columns == ("configuration", "stage", "seed", "attempts", "reason")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["c1", "confirmation", "1003", "3", "lost postgresql://***@db/x"],
        ["c2", "search", "4", "1", "no reason recorded"],
    ]
    assert {cell.warning for cell in column(table, "reason")} == {True}
    assert [(row[2].value, row[3].value) for row in table.rows] == [(1003, 3), (4, 1)]
