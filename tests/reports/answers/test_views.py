"""Which rows a page shows: one a configuration, the methods in their order."""

from dataclasses import replace

import pytest

from reports.answers.methods import Method
from reports.answers.summaries import summaries
from reports.answers.views import (
    compared,
    dot_plot,
    information_plot,
    is_chosen,
    methods_of,
    missing_methods,
    one_phase,
)


def rows(study):
    return summaries(study.tables(), "jazz")


def phases(study, wanted=10):
    return {row.config.model.latent_length: row.phase for row in one_phase(rows(study), wanted)}


def test_a_configuration_stands_in_the_phase_of_its_full_count_else_in_that_of_most_seeds(
    make_study, make_config
):
    study = make_study()
    study.add(make_config(8), [500.0] * 20, phase="search")
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16), [500.0] * 3, phase="search")
    study.add(make_config(16), [500.0] * 2)
    study.add(make_config(32), [500.0] * 2, phase="search")
    study.add(make_config(32), [500.0] * 2, phase="methods")
    study.add(make_config(64), [500.0] * 2, phase="methods")
    study.add(make_config(64), [500.0] * 2)
    assert phases(study) == {8: "confirm", 16: "search", 32: "methods", 64: "confirm"}


def test_methods_stand_in_their_own_order_without_searched_ones(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0], method="musebar", phase="methods")
    study.add(make_config(16), [500.0], method="lstm_vae")
    study.add(make_config(32), [500.0], method="vae_bow", phase="search")
    study.add(make_config(64), [500.0], method="another", phase="methods")
    assert [row.method for row in methods_of(rows(study), 10)] == ["lstm_vae", "musebar"]


@pytest.mark.parametrize(
    ("state", "planned", "missing"),
    [
        ("running", True, (Method.VAE_BOW, Method.MUSEBAR, Method.MUSEBAR_BOW)),
        ("finished", True, ()),
        ("running", False, ()),
    ],
)
def test_methods_that_are_still_to_come_are_missing(
    make_study, make_config, state, planned, missing
):
    study = make_study(state=state)
    study.add(make_config(8), [500.0], method="lstm_vae", phase="methods" if planned else "confirm")
    tables = study.tables()
    assert missing_methods(tables, "jazz", methods_of(summaries(tables, "jazz"), 10)) == missing
    assert missing_methods(tables, "rock", ()) == ()


def test_the_choice_stands_beside_the_methods_where_it_is_none_of_them(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, method="musebar", phase="methods")
    study.add(make_config(16), [490.0] * 10)
    of = {row.config.model.latent_length: row for row in rows(study)}
    assert compared(rows(study), of[16], 10) == (of[8], of[16])
    assert compared(rows(study), of[8], 10) == (of[8],)
    assert compared(rows(study), None, 10) == (of[8],)


def test_a_row_is_the_chosen_one_in_its_own_phase_alone(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0], phase="search")
    study.add(make_config(8), [500.0])
    confirmed, searched = rows(study)
    assert is_chosen(confirmed, confirmed)
    assert not is_chosen(searched, confirmed)
    assert not is_chosen(confirmed, None)


def test_points_hold_kl_bce_and_both_ends_of_the_bracket(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 502.0], kl=4.0, mi=(2.0, 3.0))
    study.add(make_config(16), [], failed=1)
    tables = study.tables()
    every = summaries(tables, "jazz")
    chosen = next(row for row in every if row.validation is not None)
    found = information_plot(tables, every, chosen, "jazz")
    (point,) = found.points
    assert (point.kl, point.bce, point.mi_lower, point.mi_upper) == (4.0, 501.0, 2.0, 3.0)
    assert point.chosen
    assert found.n_snippets == 1024
    assert found.cap == pytest.approx(6.931, abs=1e-3)
    assert found.baselines["markov"] == 627.0
    nothing = information_plot(tables, (), None, "jazz")
    assert (nothing.points, nothing.cap, nothing.n_snippets) == ((), None, None)


def test_dots_are_of_the_split_that_is_asked_for(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 502.0], planned=5, method="musebar", phase="methods")
    tables = study.tables()
    every = summaries(tables, "jazz")
    found = dot_plot(tables, every, None, "jazz")
    (dots,) = found.rows
    assert (found.split, dots.bce.mean, dots.n_planned, dots.chosen) == ("test", 502.0, 5, False)
    (dots,) = dot_plot(tables, every, every[0], "jazz", "validation").rows
    assert (dots.bce.mean, dots.chosen) == (501.0, True)


def test_a_study_of_the_methods_alone_has_them_still_to_come(make_study, make_config):
    study = make_study(state="running")
    study.add(make_config(8), [500.0], method="lstm_vae")
    tables = study.tables()
    rows = summaries(tables, "jazz")
    search = tables.spec.search.model_copy(update={"space": "methods"})
    listed = replace(tables, spec=tables.spec.model_copy(update={"search": search}))
    assert missing_methods(listed, "jazz", rows) == (
        *(Method.VAE_BOW, Method.MUSEBAR, Method.MUSEBAR_BOW),
    )
    assert missing_methods(tables, "jazz", rows) == ()
