"""The search page: its sections, and what each says."""

import pytest

from reports.answers.search import search
from reports.pages import search as page
from reports.pages.site import Site
from reports.pages.view import view
from reports.stats.importance import Importance, Importances


@pytest.fixture
def study(make_study, make_config):
    """Six searched, BCE 510, 502, 504, 506, 501 and 508; all of the fourth collapsed; two went."""
    study = make_study(confirm=2)
    places = [(4, 1), (8, 1), (16, 1), (4, 4), (8, 4), (16, 4)]
    bces, mis = [510, 502, 504, 506, 501, 508], [1.0, 2.0, 4.0, 0.5, 1.5, 5.0]
    for at, ((latent, r), bce, mi) in enumerate(zip(places, bces, mis, strict=True)):
        config = make_config(latent, r)
        study.add(config, [bce, bce], phase="search", mi=(mi, mi + 1), collapsed=2 * (at == 3))
        for row in study.rows[-2:]:
            row["finished_at"] = f"2026-01-01T00:00:{10 + at}Z"
    for at in (4, 1):
        study.add(make_config(*places[at]), [505.0, 505.0])
    return study


@pytest.fixture
def grid(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (4, 8, 16, 32, 64):
        study.add(make_config(latent), [500.0 + latent, 501.0])
    return study


def parts(study):
    seen = view(study.tables())
    (genre,) = seen.genres
    return seen, genre, search(seen.tables, "jazz", genre.rows)


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_the_course_has_a_row_a_configuration_in_the_order_of_ending(study):
    _, _, found = parts(study)
    table = page._history_table(found)
    shown = [dict(zip(table.columns, row, strict=True)) for row in texts(table)]
    assert len(shown) == 6
    ids = [trial.row.config_id for trial in found.trials]
    numbers = [row[0] for row in table.rows]
    assert [(cell.text, cell.value) for cell in numbers] == [(str(n), n) for n in range(1, 7)]
    assert [row["configuration"] for row in shown] == ids
    assert [row["BCE"] for row in shown][:2] == ["510.0 [510.0, 510.0]", "502.0 [502.0, 502.0]"]
    assert [row["lowest so far"] for row in shown] == [
        "510.0",
        "502.0",
        "502.0",
        "502.0",
        "501.0",
        "501.0",
    ]
    assert [row["collapsed"] for row in shown] == ["0 of 2"] * 3 + ["2 of 2"] + ["0 of 2"] * 2
    assert [row[-1].warning for row in table.rows] == [False] * 3 + [True] + [False] * 2


def test_a_search_is_called_one_and_a_grid_a_grid(study, grid):
    def shown(one):
        seen, genre, _ = parts(one)
        return page.search_page(seen, Site(()), genre)

    said = shown(study)
    assert "<h1>The search: jazz</h1>" in said
    assert "6 configurations tried on 2 seeds each, on validation." in said
    said = shown(grid)
    assert "<h1>The grid: jazz</h1>" in said
    assert "5 configurations of the grid, compared on validation." in said


def test_the_spread_is_of_the_searched_and_of_the_confirmed_ones(study, grid):
    section = page._course(*parts(study))
    history, spread = section.charts
    assert (section.heading, history.id, spread.id) == (
        "Course of the search",
        "fig-history",
        "fig-edf",
    )
    assert '"name":"searched (6)"' in str(spread.figure)
    assert '"name":"confirmed (2)"' in str(spread.figure)
    section = page._course(*parts(grid))
    (spread,) = section.charts
    assert (section.heading, spread.id) == ("Spread of the grid", "fig-edf")
    assert '"name":"tried (5)"' in str(spread.figure)
    assert "confirmed" not in str(spread.figure)


def test_too_few_configurations_say_so(study):
    _, _, found = parts(study)
    assert page._importance(found).notes == (
        "6 configurations tried: 10 at least are needed to say what mattered.",
    )


def test_where_all_are_alike_nothing_mattered(make_study, make_config):
    study = make_study()
    for latent in (4, 8, 16, 32):
        for r in (1, 4, 16):
            study.add(make_config(latent, r), [500.0], phase="search")
    (note,) = page._importance(parts(study)[2]).notes
    assert note == (
        "All were alike in BCE or in all settings but one, so nothing can be said of what mattered."
    )


def test_what_was_changed_once_is_named_and_not_weighed(make_study, make_config):
    study = make_study()
    for at in range(11):
        study.add(make_config(8 + at, 1 + 3 * (at % 2)), [500.0 + at])
    study.add(make_config(30, 1, input_dropout=0.6), [900.0])
    _, _, found = parts(study)
    assert page._rare(found) == (
        "Not weighed, for want of two values that 10% of all each have: latent length, "
        "input dropout. What was changed once or twice is told by its own configurations, in the "
        "table below."
    )


def test_importance_is_said_with_its_resamples(make_study, make_config):
    study = make_study()
    for latent in (4, 8, 16, 32):
        for r in (1, 4, 16):
            bce = 500.0 + latent + 0.1 * ((latent * 7 + r * 3) % 5)
            study.add(make_config(latent, r), [bce, bce + 0.2], phase="search")
    section = page._importance(parts(study)[2])
    (chart,) = section.charts
    assert section.notes == ()
    assert "among the best 25% by mean BCE" in chart.caption
    assert "over 25 resamples" in chart.caption
    assert chart.caption.endswith("12 configurations.")
    table = page._importance_table(
        Importances((Importance("latent_length", 0.75, (0.5, 0.875)),), 12, 25)
    )
    assert table.columns == ("setting", "share", "from", "to")
    assert texts(table) == [["latent length", "0.750", "0.500", "0.875"]]
    assert [cell.value for cell in table.rows[0]] == [None, 0.75, 0.5, 0.875]


def test_each_weighed_setting_has_a_slice_and_the_first_two_numbers_are_shaded(study):
    seen, genre, found = parts(study)
    looked, by_setting = page._settings(seen, genre, found)
    assert [one.id for one in looked.charts] == ["fig-parallel"]
    # six are too few to shade between
    assert [(one.id, one.title) for one in by_setting.charts] == [
        ("fig-slice-latent-length", "BCE over latent length, validation"),
        ("fig-slice-regularizers", "BCE over regularizers, validation"),
    ]


def test_the_papers_two_settings_are_shaded_before_others(make_study, make_config):
    study = make_study()
    for at in range(12):
        config = make_config(8 * (1 + at % 3), 1 + 3 * (at % 2), free_bits=at % 4)
        study.add(config, [500.0 + at])
    seen, genre, found = parts(study)
    charts = page._settings(seen, genre, found)[1].charts
    assert charts[-1].id == "fig-contour"
    assert charts[-1].title == "Mean BCE over latent length and regularizers, validation"


def test_the_front_is_a_table_of_means(study):
    table = page._front(*parts(study)).charts[0].table
    assert table.columns == (
        *("configuration", "settings", "BCE", "MI lower", "MI upper", "collapsed"),
    )
    shown = [(name, bce[:5], low[:4], high[:4], n) for _, name, bce, low, high, n in texts(table)]
    assert shown == [
        ("L 8 · r 4 · constant", "501.0", "1.50", "2.50", "0 of 2"),
        ("L 8 · r 1 · constant", "502.0", "2.00", "3.00", "0 of 2"),
        ("L 16 · r 1 · constant", "504.0", "4.00", "5.00", "0 of 2"),
        ("L 16 · r 4 · constant", "508.0", "5.00", "6.00", "0 of 2"),
    ]


def test_whoever_was_left_is_listed_with_why(study, make_study, make_config):
    seen, genre, _ = parts(study)
    table = page._left(seen, genre).tables[0]
    assert [row[2:] for row in texts(table)][:2] == [
        [
            *("search", "504.0 [504.0, 504.0]", "4.00 [4.00, 4.00]", "2", "-"),
            "not among the best for the study's purpose (2 went)",
        ],
        [
            *("search", "506.0 [506.0, 506.0]", "0.00 [0.00, 0.00]", "2", "-"),
            "2 of 2 seeds collapsed, more than 20%: others went first",
        ],
    ]
    study = make_study()
    study.add(make_config(8), [500.0], phase="search")
    seen = view(study.tables())
    assert page._left(seen, seen.genres[0]) is None


def test_whoever_never_ended_has_no_figures(study, make_config):
    study.add(make_config(99), [], failed=1, phase="search")
    seen, genre, _ = parts(study)
    row = page._left(seen, genre).tables[0].rows[-1]
    assert [cell.text for cell in row[3:6]] == ["-", "-", "0"]
