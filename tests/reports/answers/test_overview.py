"""A study as a whole: runs by state, hours, scale, and where a choice stands on test."""

import pytest

from reports.answers.overview import overview, progress, scale, standing
from reports.answers.summaries import summaries


def test_runs_are_counted_by_state_in_their_own_genre(make_study, make_config):
    study = make_study(genres=("jazz", "rock"))
    study.add(make_config(8), [500.0] * 3 + [700.0], collapsed=2, failed=1, planned=9)
    study.add(make_config(16), [500.0], phase="search")
    study.add(make_config(8), [500.0], genre="rock")
    found = progress(study.tables(), "jazz")
    assert (found.planned, found.done, found.failed) == (10, 5, 1)
    assert (found.undertrained, found.collapsed) == (1, 2)
    assert found.hours == {"CPU": pytest.approx(0.06)}
    assert [one.genre for one in overview(study.tables()).progress] == ["jazz", "rock"]


def test_the_scale_is_that_of_the_runs_and_of_the_spec_while_none_has_ended(
    make_study, make_config
):
    study = make_study(genres=("jazz", "rock"))
    before = scale(study.tables())
    assert (before.snippet_steps, before.hidden, before.epochs) == ((64,), (48,), (100,))
    assert (before.songs, before.seeds) == ((96, 96), 10)
    study.add(make_config(8, epochs=300), [500.0])
    study.add(make_config(8, epochs=200), [500.0])
    assert scale(study.tables()).epochs == (200, 300)
    tables = study.tables()
    tables.genres.loc[1, "train_songs"] = 12
    assert scale(tables).songs == (12, 96)


def against(study, chosen=None):
    tables = study.tables()
    rows = summaries(tables, "jazz")
    named = next((r for r in rows if r.config.model.latent_length == chosen), None)
    return standing(tables, "jazz", named, rows)


def test_a_choice_and_the_default_stand_against_the_markov_chain_on_test(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 502.0])
    study.add(make_config(16, 8), [520.0, 522.0], phase="methods", method="musebar_bow")
    found = against(study, 8)
    # a nat more on test; the chain is at 627
    assert (found.choice.mean, found.default.mean) == (-125.0, -105.0)
    assert found.choice.n_seeds == 2
    assert against(study, 16).default is None
    assert against(study, 16).choice.mean == -105.0
    assert (against(study).choice, against(study).default.mean) == (None, -105.0)
    study.baselines = {"repeat_last": 980.0}
    assert (against(study, 8).choice, against(study, 8).default) == (None, None)


def test_versions_of_packages_are_named_each_once(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 3)
    study.rows[0]["versions"] = '{"torch":"2.8.0","numpy":"2.0"}'
    study.rows[1] |= {"versions": None, "node": "attic"}
    found = overview(study.tables())
    assert found.versions == {"numpy": ("2.0",), "torch": ("2.8.0", "2.9.0")}
    assert found.nodes == ("attic", "box")
