"""A genre's page: what its charts and their captions say, and in which order things stand."""

import re
from dataclasses import replace

import pytest

from reports.answers.summaries import summaries
from reports.pages import genre as page
from reports.pages.genre import methods_heading, ordered
from reports.pages.site import Site
from reports.pages.view import view


def seen(study):
    found = view(study.tables())
    return found, found.genres[0]


def test_configurations_stand_by_stage_and_then_by_bce(make_study, make_config):
    study = make_study()
    study.add(make_config(4), [400.0], phase="search")
    study.add(make_config(8), [], failed=1)
    study.add(make_config(16), [510.0])
    study.add(make_config(32), [500.0])
    study.add(make_config(64), [450.0], phase="methods")
    rows = ordered(summaries(study.tables(), "jazz"))
    assert [row.config.model.latent_length for row in rows] == [32, 16, 8, 64, 4]


def test_configurations_of_one_bce_stand_by_their_ids(make_study, make_config):
    study = make_study()
    for latent in (4, 8, 16, 32):
        study.add(make_config(latent), [500.0])
    ids = [row.config_id for row in ordered(summaries(study.tables(), "jazz")[::-1])]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("methods", "chosen", "missing", "heading"),
    [
        (4, True, (), "The four methods and the choice"),
        (4, False, (), "The four methods"),
        (3, True, (), "Methods and the choice"),
        (3, False, ("musebar",), "Methods"),
        (0, True, (), "The choice"),
        (0, False, ("musebar",), "Methods"),
        (0, False, (), ""),
    ],
)
def test_the_compared_are_headed_by_what_is_among_them(
    make_study, make_config, methods, chosen, missing, heading
):
    study = make_study()
    names = ("lstm_vae", "vae_bow", "musebar", "musebar_bow")
    for at, name in enumerate(names[:methods]):
        study.add(make_config(8 + at), [500.0], phase="methods", method=name)
    if chosen:
        study.add(make_config(99), [500.0])
    rows = summaries(study.tables(), "jazz") if study.rows else ()
    assert methods_heading(rows, missing) == heading


def test_the_dots_say_whose_seeds_are_missing(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2, planned=3)
    study.add(make_config(16), [510.0], planned=2, phase="methods", method="musebar")
    found = page._dots(*seen(study))
    assert found.caption.endswith(
        "not the choice of songs. MuseBar: 1 of 2 seeds. The choice: 2 of 3 seeds."
    )
    assert (found.id, found.table.id) == ("fig-methods", "seeds")
    empty = make_study()
    empty.add(make_config(8), [500.0], phase="search")
    assert page._dots(*seen(empty)) is None


def test_methods_are_told_on_test_and_then_on_validation(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    study.baselines = {"markov": 627.0}
    tables = study.tables()
    on_test = tables.baselines["split"] == "test"
    tables.baselines.loc[on_test, "bce"] = 630.0
    test, validation = page._methods(view(tables).genres[0])
    assert (test.id, validation.id) == ("methods-test", "methods-validation")
    assert (test.rows[0][1].value, validation.rows[0][1].value) == (501.0, 500.0)
    assert (test.footer[0][1].value, validation.footer[0][1].value) == (630.0, 627.0)


def test_both_trades_are_drawn_and_a_stand_in_is_said(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16):
        study.add(make_config(latent), [500.0 + latent] * 2)
    charts = page._rate(*seen(study))
    assert [(one.id, one.data) for one in charts] == [
        ("fig-rate", "configurations"),
        ("fig-information", "configurations"),
    ]
    assert not any("stands for it" in one.caption for one in charts)
    study.rows[0]["validation_nll"] = study.rows[1]["validation_nll"] = None
    first, second = page._rate(*seen(study))
    assert "stands for it" not in first.caption
    assert second.caption.endswith(" NLL was not measured on all: -ELBO stands for it.")
    alone = make_study()
    alone.add(make_config(8), [500.0])
    assert page._rate(*seen(alone)) == []


def test_information_is_drawn_against_bce_and_kl_with_its_cap(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    against_bce, against_kl = page._information(*seen(study))
    assert (against_bce.id, against_kl.id) == ("fig-bce-mi", "fig-kl-mi")
    assert "validation BCE (nats per snippet)" in str(against_bce.figure)
    assert "validation KL (nats per snippet)" in str(against_kl.figure)
    assert against_kl.caption.endswith(
        " The lower bound cannot exceed log N = 6.93 nats (N = 1024 snippets)."
    )
    assert "log N" not in against_bce.caption
    empty = make_study()
    empty.add(make_config(8), [], failed=1)
    assert page._information(*seen(empty)) == []


def test_a_forest_names_its_reference_and_has_a_row_a_change(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    for latent in (16, 32, 64):
        study.add(make_config(latent), [500.0 + latent] * 2, mi=(3.0, 4.0), kl=6.0)
    study.rows[-1]["validation_nll"] = study.rows[-2]["validation_nll"] = None
    _, genre = seen(study)
    found = page._forest(genre, 2)
    row = genre.chosen
    assert found.text == (
        "Against the recommended configuration, latent length 8, 1 of 16 bars regularized, "
        f"constant KL weight 1 ({row.config_id})."
    )
    table = found.chart.table
    assert table.columns == ("changed", "configuration", "NLL", "BCE", "KL", "MI lower")
    assert [[cell.text for cell in row] for row in table.rows] == [
        [
            *("latent length 16", make_config(16).config_id, "17.00 [17.00, 17.00]"),
            *("16.00 [16.00, 16.00]", "2.00 [2.00, 2.00]", "1.00 [1.00, 1.00]"),
        ],
        [
            *("latent length 32", make_config(32).config_id, "33.00 [33.00, 33.00]"),
            *("32.00 [32.00, 32.00]", "2.00 [2.00, 2.00]", "1.00 [1.00, 1.00]"),
        ],
        [
            *("latent length 64", make_config(64).config_id, "-"),
            *("64.00 [64.00, 64.00]", "2.00 [2.00, 2.00]", "1.00 [1.00, 1.00]"),
        ],
    ]
    none = replace(genre, found=replace(genre.found, answer=None))
    assert page._forest(none, 2).text.startswith("Against the reference, latent length")


def test_too_few_changes_are_no_forest(make_study, make_config):
    study = make_study(confirm=2)
    for latent in (8, 16):
        study.add(make_config(latent), [500.0] * 2)
    assert page._forest(seen(study)[1], 2) is None


def test_curves_are_of_the_compared_and_say_what_leaves_the_window(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    study.add(make_config(16), [510.0] * 2, phase="methods", method="musebar")
    study.add(make_config(32), [520.0] * 2)
    found = page.learning_chart(*seen(study), "fig-x")
    assert found.id == "fig-x"
    assert found.table.columns == ("epoch", "MuseBar", "chosen")
    assert "lie outside the window" not in found.caption
    for row in study.epochs[::2]:
        row["epoch"], row["validation_bce"] = 10, 900.0
    found = page.learning_chart(*seen(study), "fig-x")
    assert found.caption.endswith("lie outside the window: zoom out to see them.")
    study.epochs.clear()
    assert page.learning_chart(*seen(study), "fig-x") is None


def test_the_page_leads_to_what_the_genre_plays_where_it_plays(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0] * 2)
    found, genre = seen(study)
    assert page._sounds(found, genre) == ""
    assert page._sounds(replace(found, music={"jazz": None}), genre) == "listen.html#genre-jazz"


def test_the_page_counts_the_runs_of_its_genre(make_study, make_config):
    study = make_study(confirm=10, genres=("jazz", "rock"))
    study.add(make_config(8), [500.0] * 3 + [700.0], planned=10, failed=1, collapsed=2)
    study.add(make_config(8), [500.0], genre="rock")
    found, genre = seen(study)
    text = page.genre_page(found, Site(()), genre)
    assert (
        "4 of 10 planned seed runs done, 1 failed, 1 of those done undertrained (no better than "
        "the Markov chain), 2 collapsed. A full count is 10 seeds."
    ) in text
    assert "No configuration has all 10 seeds yet" in text


def test_what_is_better_stands_above_the_answers_figures_and_other_warnings_below(
    default_better, make_config
):
    study = default_better(state="running")
    study.add(make_config(32), [505.0] * 8, failed=2)
    found, genre = seen(study)
    text = page.genre_page(found, Site(()), genre)
    better, figures = text.index("The paper&#39;s default is better: "), text.index("measures")
    assert better < figures < text.index("Small scale: the paper used")
    # a failure of a configuration that is not among the compared ones
    (failures,) = re.findall(r'id="table-failures".*?</table>', text, re.DOTALL)
    assert failures.count("loss is NaN") == 2


def test_an_answers_figures_are_of_test_with_those_of_validation_beside_them(
    make_study, make_config
):
    study = make_study(purpose="density")
    study.add(make_config(8), [500.0] * 10, mi=(2.0, 3.0))
    for row in study.rows:
        row |= {"test_mi_lower": 2.5, "test_active_units": 7, "test_mi_cap": 5.0}
    found, genre = seen(study)
    text = " ".join(page.genre_page(found, Site(()), genre).split())
    shown = re.findall(r"<dt>(.*?)</dt> <dd>(.*?)</dd>", text[: text.index("</dl>")])
    said = {name: " ".join(re.sub("<[^>]*>", " ", figures).split()) for name, figures in shown}
    assert said["BCE"].startswith("501.0 [501.0, 501.0] nats per snippet, test; validation 500.0 [")
    assert said["MI, lower bound"].startswith("2.50 [2.50, 2.50] nats, test; validation 2.00 [")
    assert said["MI, lower bound"].endswith(
        "at most log N = 5.00 (N = 1,024); validation 6.93 (N = 1,024)"
    )
    assert said["Active units"].startswith("7.00 [7.00, 7.00] of 8 dimensions, test; ")
    assert "Use this, for density, in</p>" in text
    assert "<p>For reconstruction the answer is the same configuration.</p>" in text
    assert "10 seeds of the confirmation, 0 of them collapsed on validation." in text
    assert "Baselines on test: pitch frequencies 907.0, Markov chain 627.0, repeat last 980.0." in (
        text
    )
