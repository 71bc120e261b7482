"""The page of one configuration: its tables, its file, its comparisons."""

from types import SimpleNamespace

import pytest
import yaml

from musebar_core.config import Configuration
from reports.pages import configuration as page
from reports.pages.site import Site
from reports.pages.view import view


@pytest.fixture
def study(make_study, make_config):
    """The choice, a method, and one more; a seed of the last collapsed and one is undertrained."""
    study = make_study(confirm=3)
    study.add(make_config(8), [500.0, 502.0, 504.0], kl=4.0, mi=(2.0, 3.0))
    study.add(make_config(16), [510.0] * 3, phase="methods", method="musebar")
    study.add(make_config(32), [530.0, 640.0, 530.0], collapsed=1, failed=1)
    return study


def owned(study):
    seen = view(study.tables())
    found = page.configurations(seen)
    by_length = {own[0].row.config.model.latent_length: own[0] for own in found.values()}
    return seen, by_length


def texts(table, rows=None):
    return [[cell.text for cell in row] for row in (table.rows if rows is None else rows)]


def test_means_are_on_test_too_where_the_study_shows_them(study):
    _, own = owned(study)
    table = page._means(own[8], "jazz")
    assert (table.id, table.columns) == ("means-jazz", ("measure", "validation", "test"))
    assert texts(table)[:2] == [
        ["NLL", "504.0 [499.0, 509.0]", "505.0 [500.0, 510.0]"],
        ["BCE", "502.0 [497.0, 507.0]", "503.0 [498.0, 508.0]"],
    ]
    assert [row[0].text for row in table.rows] == [
        *("NLL", "BCE", "KL", "ELBO", "MI lower", "MI upper", "active units"),
    ]
    assert texts(table, table.footer)[1] == ["BCE of Markov chain", "627.0", "627.0"]
    assert page._means(own[16], "jazz").columns == ("measure", "validation", "test")
    other = page._means(own[32], "jazz")
    assert other.columns == ("measure", "validation")
    assert {len(row) for row in (*other.rows, *other.footer)} == {2}


def test_what_was_not_measured_has_no_row_and_an_unknown_baseline_a_dash(study):
    for row in study.rows[:3]:
        row["validation_nll"] = None
    tables = study.tables()
    table = tables.baselines
    gone = (table["split"] == "test") & (table["baseline"] == "markov")
    table.loc[gone, "bce"] = float("nan")
    found = page.configurations(view(tables))
    own = next(o[0] for o in found.values() if o[0].row.config.model.latent_length == 8)
    means = page._means(own, "jazz")
    assert "NLL" not in [row[0].text for row in means.rows]
    assert ["BCE of Markov chain", "627.0", "-"] in texts(means, means.footer)


def test_every_seed_stands_with_its_state(study):
    study.rows[6]["validation_kl"] = None
    _, own = owned(study)
    table = page._seeds(own[32].row, "jazz")
    assert table.columns == (
        *("seed", "state", "NLL", "BCE", "KL", "MI lower", "MI upper", "active units"),
    )
    assert [row[:5] for row in texts(table)] == [
        ["1000", "collapsed", "532.0", "530.0", "-"],
        ["1001", "undertrained", "642.0", "640.0", "4.00"],
        ["1002", "informative", "532.0", "530.0", "4.00"],
    ]
    assert [row[1].warning for row in table.rows] == [True, True, False]
    assert (table.rows[1][0].value, table.rows[1][3].value) == (1001, 640.0)


def test_its_file_can_be_trained_and_hides_a_password(study):
    tables = study.tables()
    found = page.configurations(view(tables))
    own = next(o[0] for o in found.values() if o[0].row.config.model.latent_length == 8)
    said = yaml.safe_load(page.configuration_yaml(view(tables), own))
    assert Configuration.from_dict(said["config"]) == own.row.config
    assert (said["study"], said["genre"], said["config_id"]) == (
        "demo",
        "jazz",
        own.row.config_id,
    )
    assert said["corpus"] == {"path": "/data/corpus"}

    def beside(path):
        tables = SimpleNamespace(corpus_path=path)
        return yaml.safe_load(
            page.configuration_yaml(SimpleNamespace(tables=tables, name="demo"), own)
        )

    assert beside("s3://key:word@bucket")["corpus"] == {"path": "s3://***@bucket"}
    assert "corpus" not in beside(None)


def test_a_comparison_names_the_other_what_differs_and_how_much(study):
    seen, own = owned(study)
    found = page._slice(seen, own[16], own[8].row, "jazz")
    config_id = own[8].row.config_id
    assert found.label == f"L 8 · r 1 · constant (recommended), {config_id}"
    differing, tests = found.tables
    assert (differing.id, tests.id) == (f"differing-jazz-{config_id}", f"tests-jazz-{config_id}")
    assert texts(differing) == [["latent length", "16", "8"]]
    assert [cell.value for cell in differing.rows[0]] == [None, 16.0, 8.0]
    # 510 minus 500, 502 and 504; three seeds cannot say less than 1 in 4
    of = {row[0].text: row for row in tests.rows}
    assert [cell.text for cell in of["BCE"]] == ["BCE", "8.00 [3.03, 12.97]", "3", "0.25", "0.25"]
    assert [cell.value for cell in of["BCE"]][2:] == [3, 0.25, 0.25]
    (chart,) = found.charts
    assert chart.id == f"fig-pair-jazz-{config_id}"
    assert chart.data == tests.id
    assert '"name":"MuseBar"' in str(chart.figure)
    assert page._slice(seen, own[8], own[16].row, "jazz").label.startswith("MuseBar, ")


def test_without_the_curves_of_both_a_comparison_has_no_chart(study):
    study.epochs = [row for row in study.epochs if row["config_id"] != study.rows[0]["config_id"]]
    seen, own = owned(study)
    assert page._slice(seen, own[16], own[8].row, "jazz").charts == ()
    assert page._curves(seen, own[8], "jazz") is None
    chart = page._curves(seen, own[16], "jazz")
    assert (chart.id, chart.data) == ("fig-curve-jazz", "seeds-jazz")
    assert chart.title == "Validation BCE over training, jazz"


def test_a_switch_is_no_number_and_a_word_neither():
    found = [page._number(value) for value in (8, 0.5, True, "cosine", None)]
    assert found == [8.0, 0.5, None, None, None]


def test_a_genre_of_a_configuration_is_told_in_short(study):
    seen, own = owned(study)
    chosen, other = page._genre(seen, own[8]), page._genre(seen, own[32])
    assert (chosen["chosen"], other["chosen"]) == (True, False)
    assert (chosen["name"], chosen["slug"], chosen["card"]) == ("jazz", "jazz", "genre-jazz.html")
    assert chosen["states"] == "3 of 3 seeds done, collapsed 0 of 3"
    assert (chosen["phase"], page._genre(seen, own[16])["phase"]) == (
        "confirmation",
        "method comparison",
    )
    assert chosen["cost"] == "36 CPU-seconds a training"
    assert other["failures"] == ["seed 1003: loss is NaN"]
    study.rows[-1]["failure"] = None
    seen, own = owned(study)
    assert page._genre(seen, own[32])["failures"] == ["seed 1003: no reason recorded"]


def test_configurations_are_compared_with_those_of_their_genre(make_study, make_config):
    study = make_study(genres=("jazz", "rock"), confirm=2)
    for genre in study.genres:
        study.add(make_config(8), [500.0] * 2, genre=genre)
    study.add(make_config(16), [510.0] * 2, genre="rock")
    study.add(make_config(32), [510.0] * 2, genre="rock", phase="search")
    found = page.configurations(view(study.tables()))
    assert list(found) == sorted(found)
    shown = {
        own[0].row.config.model.latent_length: [(one.genre.name, len(one.rivals)) for one in own]
        for own in found.values()
    }
    assert shown == {8: [("jazz", 0), ("rock", 1)], 16: [("rock", 1)]}


def test_of_very_many_the_methods_and_the_best_have_pages(monkeypatch, make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(4), [600.0] * 2, phase="methods", method="musebar")
    for latent in (8, 16, 32, 64):
        study.add(make_config(latent), [500.0 + latent] * 2)
    (genre,) = view(study.tables()).genres
    rows = page.confirmed(genre.rows, 2)
    monkeypatch.setattr(page, "MANY", 3)
    kept = page._worth_a_page(genre, rows)
    assert {row.config.model.latent_length for row in kept} == {4, 8, 16}
    assert [row.config_id for row in kept] == sorted(row.config_id for row in kept)
    monkeypatch.setattr(page, "MANY", 5)
    assert page._worth_a_page(genre, rows) == rows


def test_a_page_says_where_it_is_recommended_and_leads_to_each_genre(make_study, make_config):
    study = make_study(genres=("jazz", "rock"), confirm=2)
    for genre, bce in (("jazz", 500.0), ("rock", 520.0)):
        study.add(make_config(8), [bce] * 2, genre=genre)
        study.add(make_config(16), [510.0] * 2, genre=genre)
    seen = view(study.tables())
    found = dict(page.configuration_pages(seen, Site(()), page.configurations(seen)))
    config_id = make_config(8).config_id
    assert set(found) == {f"config-{make_config(n).config_id}.html" for n in (8, 16)}
    text = " ".join(found[f"config-{config_id}.html"].split())
    assert '<b class="badge">recommended for <a href="genre-jazz.html">jazz</a></b>' in text
    assert '<a href="genre-rock.html">What is recommended for rock</a>' in text
    assert '<a href="#genre-jazz">jazz</a>' in text
    assert '<h1 class="long">L 8 · r 1 · constant</h1>' in text
    assert "Latent length 8, 1 of 16 bars regularized, constant KL weight 1." in text
    assert "2 of 2 seeds done, collapsed 0 of 2; confirmation; 36 CPU-seconds a training." in text
