"""The collapse page: its tables, and how it counts."""

import pytest

from reports.answers.collapse import trainings
from reports.answers.views import one_phase
from reports.pages import collapse as page
from reports.pages.view import view


@pytest.fixture
def study(make_study, make_config):
    study = make_study(confirm=4)
    study.add(make_config(8), [500.0] * 4, collapsed=3, kl=4.0, mi=(2.0, 3.0))
    study.add(make_config(16, 4), [500.0, 500.0, 700.0, 700.0], kl=4.0, mi=(2.0, 3.0))
    study.add(make_config(32), [], failed=1)
    return study


def genre(study):
    (found,) = view(study.tables()).genres
    return found


def shares(study):
    found = genre(study)
    return page._shares(found, one_phase(found.rows, view(study.tables()).wanted))


def test_the_informative_share_is_the_upper_bound_over_the_kl(study):
    rows = tuple(row for row in genre(study).rows if row.validation is not None)
    table = page._share_table(rows)
    of = {row[1].text: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    first = of["L 8 · r 1 · constant"]
    assert {name: cell.text for name, cell in first.items() if name != "configuration"} == {
        "settings": "L 8 · r 1 · constant",
        "stage": "confirmation",
        "KL": "4.00",
        # one of four works: 2 and 3 there, 0 and 0.1 elsewhere
        "MI lower": "0.50",
        "MI upper": "0.82",
        "informative share": "0.21",
        "collapsed": "3 of 4",
    }
    assert first["informative share"].value == pytest.approx(3.3 / 16)
    assert (first["collapsed"].value, first["collapsed"].warning) == (3, True)
    other = of["L 16 · r 4 · constant"]
    assert (other["collapsed"].text, other["collapsed"].warning) == ("0 of 2 trained", False)


def test_a_code_without_kl_has_no_informative_share(study):
    for row in study.rows:
        row["validation_kl"] = 0.0
    rows = tuple(row for row in genre(study).rows if row.validation is not None)
    assert {row[6].text for row in page._share_table(rows).rows} == {"-"}


def test_the_share_of_collapsed_seeds_is_said_of_those_that_were_trained(study):
    section = shares(study)
    (said,) = section.text
    assert said == (
        "3 of 6 trained seed runs collapsed on validation. 2 more seed runs did not beat the "
        "Markov chain: undertrained, which says nothing about collapse."
    )
    assert [one.id for one in section.charts] == [
        "fig-collapse-rates",
        "fig-collapse-configurations",
    ]
    assert "more are in the table" not in section.charts[1].caption
    table = section.charts[0].table
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["latent length", "8", "3", "4", "0.75"],
        ["latent length", "16", "0", "2", "0.00"],
        ["regularizers", "1", "3", "4", "0.75"],
        ["regularizers", "4", "0", "2", "0.00"],
    ]
    assert [cell.value for cell in table.rows[0]] == [None, None, 3, 4, 0.75]


def test_where_nothing_collapsed_and_nothing_varied_no_bar_is_drawn(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    section = shares(study)
    assert section.charts == ()
    assert section.text == ("0 of 2 trained seed runs collapsed on validation.",)


def test_a_configuration_has_one_bar_by_its_confirmation_seeds(make_study, make_config):
    study = make_study(confirm=5)
    study.add(make_config(8), [500.0], collapsed=1, phase="search")
    study.add(make_config(8), [500.0] * 5, collapsed=2)
    study.add(make_config(16), [500.0], collapsed=1, phase="search")
    section = shares(study)
    assert section.text == ("4 of 7 trained seed runs collapsed on validation.",)
    drawn = section.charts[1]
    assert '"text":["1 of 1","2 of 5"]' in str(drawn.figure)
    assert "each by its trained seeds of one stage" in drawn.caption


@pytest.mark.parametrize(("n", "rest"), [(20, ""), (22, " 2 more are in the table.")])
def test_the_worst_twenty_are_drawn(make_study, make_config, n, rest):
    study = make_study(confirm=2)
    for at in range(n):
        study.add(make_config(8 + at), [500.0] * 2, collapsed=1)
    study.add(make_config(99), [500.0] * 2)
    drawn = shares(study).charts[1]
    assert drawn.caption.endswith(f"which costs trainings.{rest}")
    assert str(drawn.figure).count("1 of 2") == 20


def test_a_page_is_made_of_what_was_measured(study, make_study, make_config):
    assert page.has_collapse(None, genre(study))
    other = make_study()
    other.add(make_config(8), [], failed=1)
    assert not page.has_collapse(None, genre(other))


def test_training_has_a_row_an_epoch_of_each_compared_configuration(make_study, make_config):
    study = make_study(confirm=2)
    config_id = study.add(make_config(8), [500.0, 510.0], kl=4.0)
    for row in study.epochs:
        row["weight"] = row["epoch"] / 200
    tables = study.tables()
    (found,) = view(tables).genres
    table = page._training_table(trainings(tables, "jazz", found.compared), found.chosen)
    assert table.columns == ("configuration", "epoch", "KL weight", "KL", "BCE")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["chosen", "50", "0.250", "4.00", "535.0"],
        ["chosen", "100", "0.500", "4.00", "505.0"],
    ]
    assert [cell.value for cell in table.rows[0]] == [None, 50, 0.25, 4.0, 535.0]
    section = page._training(view(tables), found)
    assert [one.id for one in section.charts] == [
        "fig-training-weight",
        "fig-training-kl",
        "fig-training-bce",
    ]
    assert {one.data for one in section.charts} == {table.id}
    study.epochs.clear()
    tables = study.tables()
    assert page._training(view(tables), view(tables).genres[0]) is None
    assert config_id == found.chosen.config_id


def test_a_bar_is_named_by_its_method_or_as_the_choice_and_its_settings(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    study.add(make_config(16), [510.0] * 2, phase="methods", method="musebar")
    study.add(make_config(32), [520.0] * 2)
    found = genre(study)
    names = {row.config.model.latent_length: page._name(row, found.chosen) for row in found.rows}
    assert names == {
        8: "chosen: L 8 · r 1 · constant",
        16: "MuseBar: L 16 · r 1 · constant",
        32: "L 32 · r 1 · constant",
    }
