"""The methods page: this study's figures of every genre, and the paper's own."""

import pytest

from reports.answers.paper import TABLE_1
from reports.pages import methods as page
from reports.pages.site import Site
from reports.pages.view import view
from study.statistics.intervals import mean_over_seeds


@pytest.fixture
def study(make_study, make_config):
    study = make_study(confirm=2, state="running")
    study.add(
        make_config(16), [568.0, 570.0], phase="methods", method="lstm_vae", mi=(1.0, 3.0), kl=5.0
    )
    study.add(
        make_config(16, 8), [560.0], planned=3, phase="methods", method="musebar", mi=(2.0, 3.0)
    )
    study.rows[0]["test_active_units"] = 7
    return study


@pytest.fixture
def genre(study):
    (found,) = view(study.tables()).genres
    return found


def test_a_mark_is_the_mean_on_test_with_its_interval_or_its_bracket(genre):
    row = next(row for row in genre.rows if row.method == "lstm_vae")
    bce = page._mark(genre, row, "bce")
    assert (bce.genre, bce.method, bce.mean, bce.spread) == (
        "jazz",
        "lstm_vae",
        570.0,
        (570.0, 570.0),  # that of two seeds is not drawn
    )
    assert bce.hover == "570.0 [557.3, 582.7], 2 seeds"
    assert page._mark(genre, row, "kl").mean == 5.0
    mi = page._mark(genre, row, "mi")
    assert (mi.mean, mi.spread) == (2.0, (1.0, 3.0))
    assert mi.hover == "1.00 to 3.00 nats, cap 6.93 (N = 1,024)"


def test_the_table_behind_a_chart_has_a_row_a_mark_and_the_chain_of_a_bce(genre):
    marks = [page._mark(genre, row, "bce") for row in genre.compared]
    table = page._own_table("bce", "BCE", marks, {"jazz": 627.0})
    assert table.columns == ("genre", "method", "BCE")
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["jazz", "LSTM-VAE", "570.0 [557.3, 582.7], 2 seeds"],
        ["jazz", "MuseBar", "561.0, 1 seeds"],
    ]
    assert [row[2].value for row in table.rows] == [570.0, 561.0]
    assert [[cell.text for cell in row] for row in table.footer] == [
        ["jazz", "Markov chain (baseline)", "627.0"]
    ]
    assert page._own_table("kl", "KL", marks, {"jazz": 627.0}).footer == ()


def test_all_genres_stand_beside_each_other_in_three_measures(study, genre):
    section = page._all_genres([(genre, genre.compared)])
    assert [(one.id, one.title) for one in section.charts] == [
        ("fig-own-bce", "BCE here"),
        ("fig-own-kl", "KL here"),
        ("fig-own-mi", "Mutual information here"),
    ]
    bce, kl, mi = (str(one.figure) for one in section.charts)
    # the chain is of a BCE, the line of an empty code of a mutual information
    assert ["Markov chain 627.0" in one for one in (bce, kl, mi)] == [True, False, False]
    assert ['"x0":0.5' in one for one in (bce, kl, mi)] == [False, False, True]
    assert "test KL (nats per snippet)" in kl
    assert [one.caption.endswith("choice of songs.") for one in section.charts] == [
        True,
        True,
        False,
    ]


def test_the_papers_table_is_printed_as_it_stands():
    table = page._paper_table()
    assert table.columns == ("genre", "method", "BCE", "KL", "Mutual information")
    said = [[cell.text for cell in row] for row in table.rows]
    assert len(said) == len(TABLE_1)
    assert said[1] == ["overall", "VAE-BOW", "1076", "19", "17"]
    assert ["jazz", "LSTM-VAE", "1130", "not given", "not given"] in said
    assert said[11] == ["jazz", "MuseBar-BOW", "1102", "32", "21.7"]
    assert (table.rows[0][2].value, table.rows[0][3].value) == (1100, 0.1)


def test_a_genre_says_which_methods_are_partial_and_which_are_missing(study, genre):
    section = page._genre(view(study.tables()), genre, genre.compared)
    assert section.notes == (
        "Partial: MuseBar: 1 of 3 seeds.",
        "No run has ended yet of: VAE-BOW, MuseBar-BOW.",
    )
    assert (section.id, section.heading) == ("genre-jazz", "jazz")
    assert [one.id for one in section.tables] == ["methods-jazz", "seeds-jazz"]
    assert section.charts[0].data == "seeds-jazz"
    assert section.tables[0].caption.startswith("Test split.")


def test_every_seed_has_a_row_on_test(genre):
    table = page._seeds_table("x", genre.compared)
    assert table.columns == (
        *("method", "seed", "BCE", "KL", "MI lower", "MI upper", "active units"),
    )
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["LSTM-VAE", "1000", "569.0", "5.00", "1.00", "3.00", "7"],
        ["LSTM-VAE", "1001", "571.0", "5.00", "1.00", "3.00", "5"],
        ["MuseBar", "1000", "561.0", "4.00", "2.00", "3.00", "5"],
    ]
    assert [cell.value for cell in table.rows[0]] == [None, 1000, 569.0, 5.0, 1.0, 3.0, 7.0]


def test_a_figure_that_a_seed_lacks_is_a_dash(study):
    study.rows[1]["test_kl"] = None
    (genre,) = view(study.tables()).genres
    assert page._seeds_table("x", genre.compared).rows[1][3].text == "-"


def test_the_heading_counts_the_methods_that_ran(study, make_config):
    def shown():
        return page.methods_page(view(study.tables()), Site(()))

    assert "<h1>The paper&#39;s methods</h1>" in shown()
    assert "Of the four, only LSTM-VAE, MuseBar ran here." in shown()
    for latent, name in ((17, "vae_bow"), (18, "musebar_bow")):
        study.add(make_config(latent), [560.0], phase="methods", method=name)
    assert "<h1>The four methods</h1>" in shown()
    assert "ran here." not in shown()


def test_there_is_a_page_where_a_method_has_test_figures(study, make_study, make_config):
    assert page.has_methods(view(study.tables()))
    for row in study.rows:
        row["test_mi_cap"] = None
    assert not page.has_methods(view(study.tables()))
    other = make_study()
    other.add(make_config(8), [500.0])
    assert not page.has_methods(view(other.tables()))


def test_an_interval_of_three_seeds_is_drawn(make_study, make_config):
    study = make_study(confirm=3)
    study.add(make_config(16), [499.0, 500.0, 501.0], phase="methods", method="musebar")
    (genre,) = view(study.tables()).genres
    expected = mean_over_seeds({1: 500.0, 2: 501.0, 3: 502.0}).interval
    assert page._mark(genre, genre.rows[0], "bce").spread == pytest.approx(expected)
