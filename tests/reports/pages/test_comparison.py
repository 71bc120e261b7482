"""Several studies side by side: what may share an axis, and what each answered."""

from dataclasses import replace

import pytest

from reports.pages import comparison as page
from reports.pages.comparison import ANOTHER_SCALE, comparison_page, study_folder
from reports.pages.view import view
from reports.words.slugs import page_name


def build(make_study, make_config, name, bce=500.0, genres=("jazz",), **more):
    study = make_study(name=name, confirm=2, genres=genres, **more)
    for genre in genres:
        study.add(make_config(8), [bce, bce + 2], genre=genre)
    return study


@pytest.fixture
def two(make_study, make_config):
    """Two finished studies of jazz, BCE 501 and 511 on validation."""
    return [build(make_study, make_config, name, bce) for name, bce in (("a", 500), ("b", 510))]


def seen(studies):
    return [view(study.tables()) for study in studies]


def test_studies_of_one_music_and_one_snippet_share_an_axis(two):
    studies = seen(two)
    assert page._comparable(studies)
    chart = page._chart(studies, "jazz")
    assert (chart.id, chart.data) == ("fig-genre-jazz", "answers")
    assert ANOTHER_SCALE not in comparison_page(studies)
    assert page._chart(studies[:1], "jazz") is None
    assert page._chart(studies, "rock") is None


@pytest.mark.parametrize("setting", ["snippet_steps", "steps_per_quarter", "steps_per_bar"])
def test_another_grid_is_another_scale(two, setting):
    first, second = seen(two)
    tables = second.tables
    if setting == "snippet_steps":
        tables.results["snippet_steps"] = 128
    else:
        grid = tables.spec.corpus.grid.model_copy(update={setting: 2})
        corpus = tables.spec.corpus.model_copy(update={"grid": grid})
        spec = tables.spec.model_copy(update={"corpus": corpus})
        second = replace(second, tables=replace(tables, spec=spec))
    assert not page._comparable([first, second])
    assert page._chart([first, second], "jazz") is None
    assert ANOTHER_SCALE in comparison_page([first, second])


def test_other_music_keeps_its_own_genre_apart_alone(make_study, make_config):
    studies = [build(make_study, make_config, n, genres=("jazz", "rock")) for n in ("a", "b")]
    first, second = seen(studies)
    genres = second.tables.genres
    genres.loc[genres["genre"] == "rock", "fingerprint"] = "e" * 64
    assert not page._comparable([first, second])
    assert page._chart([first, second], "jazz") is not None
    assert page._chart([first, second], "rock") is None


def test_what_was_asked_is_a_line_a_study(two):
    two[1].state = "stopped"
    two[1].rows[0]["state"] = "failed"
    table = page._asked(seen(two))
    assert table.columns == ("study", "state", "scale", "asked", "seed runs done", "cost")
    first, second = table.rows
    assert (first[0].text, first[0].href) == ("a", "a/index.html")
    assert [(row[1].text, row[1].warning) for row in table.rows] == [
        ("finished", False),
        ("stopped", True),
    ]
    assert first[2].text.startswith("T = 64 steps a snippet")
    assert first[3].text.startswith("60 configurations of the space")
    assert [(row[4].text, row[4].value) for row in table.rows] == [("2", 2), ("1", 1)]
    assert (second[5].text, second[5].value) == ("0.02 CPU-hours", pytest.approx(0.02))
    for row in two[0].rows:
        row["seconds"] = None
    assert page._asked(seen(two)).rows[0][5].text == "-"


def test_an_answer_is_a_line_a_genre_and_study(make_study, make_config):
    study = build(make_study, make_config, "My-Study", genres=("rock", "jazz"))
    study.rows[0]["test_mi_lower"] = 1.0
    table = page._answers(seen([study]))
    jazz, rock = table.rows
    said = dict(zip(table.columns, (cell.text for cell in rock), strict=True))
    assert said == {
        "genre": "rock",
        "study": "My-Study",
        "answer": "use this",
        "recommended": "L 8 · r 1 · constant",
        "test BCE": "502.0 [489.3, 514.7]",
        "Markov": "627.0",
        "test MI": "1.50 to 3.00",
        "seeds": "2",
        "collapsed": "0 of 2",
        "configuration": make_config(8).config_id,
    }
    assert jazz[0].text == "jazz"
    assert rock[0].href == f"{study_folder('My-Study')}/{page_name('rock')}"
    assert (rock[5].value, rock[6].value, rock[7].value, rock[8].value) == (627.0, 1.5, 2, 0)
    assert not any(cell.warning for cell in rock)


@pytest.mark.parametrize(
    ("bce", "n", "said"), [(700.0, 2, "nothing works yet"), (500.0, 1, "none yet")]
)
def test_without_an_answer_there_are_dashes(make_study, make_config, bce, n, said):
    study = make_study(confirm=2)
    study.add(make_config(8), [bce] * n, planned=2)
    table = page._answers(seen([study]))
    (row,) = table.rows
    assert [cell.text for cell in row] == ["jazz", "demo", said, *["-"] * 7]
    assert row[2].warning
    assert len(row) == len(table.columns)


def test_what_is_not_known_of_an_answer_is_a_dash(two):
    for row in two[0].rows:
        row["test_n_snippets"] = None
    two[0].baselines = {}
    (row,) = page._answers(seen(two[:1])).rows
    assert [cell.text for cell in row[4:7]] == ["-", "-", "-"]
    assert page._chart(seen(two), "jazz") is None


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("musebar_bow", "use this, but the default is better"),
        ("musebar", "use this, but another is better"),
    ],
)
def test_an_answer_says_who_is_better(make_study, make_config, method, said):
    study = make_study(purpose="representation")
    study.add(make_config(8), [500.0, 502.0] * 5, mi=(1.0, 1.5))
    study.add(
        make_config(16), [500.1, 502.1] * 5, mi=(3.0, 3.5), kl=60.0, phase="methods", method=method
    )
    (genre,) = view(study.tables()).genres
    (cell,) = page._verdict(genre)
    assert (cell.text, cell.warning) == (said, True)
