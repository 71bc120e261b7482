"""What a recommendation warns of, at the bounds of its warnings."""

from dataclasses import replace

import pytest

from reports.answers.choice import Caution
from reports.answers.recommendation import (
    Gain,
    longest_code,
    recommendation,
    short_splits,
)
from reports.answers.summaries import summaries
from reports.words.recommendation import longest_code_warning
from tests.reports.seedmeans import mean


@pytest.mark.parametrize(
    ("metric", "by", "worse"),
    [
        # by + 1 and by - 1 in turn: a standard error of 1 / 3
        ("nll", 0.67, True),
        ("nll", 0.66, False),
        ("nll", -5.0, False),
        ("mi_lower", -0.67, True),
        ("mi_lower", -0.66, False),
        ("mi_lower", 5.0, False),
    ],
)
def test_a_default_is_surely_better_from_two_standard_errors_on(metric, by, worse):
    assert Gain(metric, mean(*[by + 1, by - 1] * 5)).is_surely_worse is worse


def test_one_seed_is_sure_of_nothing():
    assert not Gain("nll", mean(100.0)).is_surely_worse


def cautions(study):
    return recommendation(study.tables(), "jazz").cautions


@pytest.mark.parametrize(
    ("n", "few"), [(4, True), (5, False)], ids=["of four seeds", "of five seeds"]
)
def test_fewer_than_five_seeds_are_few(make_study, make_config, n, few):
    study = make_study(confirm=n)
    study.add(make_config(8), [500.0] * n)
    assert (Caution.FEW_SEEDS in cautions(study)) is few


@pytest.mark.parametrize(("collapsed", "said"), [(0, False), (1, True)])
def test_one_collapsed_seed_is_said(make_study, make_config, collapsed, said):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, collapsed=collapsed)
    assert (Caution.COLLAPSED_SEEDS in cautions(study)) is said


@pytest.mark.parametrize(
    ("baselines", "said"),
    [
        ({"markov": 627.0, "repeat_last": 500.0}, {Caution.BASELINES_UNBEATEN}),
        ({"markov": 627.0, "repeat_last": 500.1}, set()),
        ({}, {Caution.BASELINES_UNKNOWN}),
    ],
)
def test_a_baseline_as_good_is_not_beaten(make_study, make_config, baselines, said):
    study = make_study()
    study.baselines = baselines
    study.add(make_config(8), [500.0] * 10)
    about = {Caution.BASELINES_UNBEATEN, Caution.BASELINES_UNKNOWN}
    assert about & {*cautions(study)} == said


@pytest.mark.parametrize(
    ("state", "said"), [("running", True), ("stopped", True), ("finished", False)]
)
def test_an_unfinished_study_is_said(make_study, make_config, state, said):
    study = make_study(state=state)
    study.add(make_config(8), [500.0] * 10)
    assert (Caution.UNFINISHED in cautions(study)) is said


@pytest.mark.parametrize(
    ("snippets", "short"), [(160, {}), (159, {"validation": 159, "test": 159})]
)
def test_ten_snippets_a_latent_dimension_are_enough(make_study, make_config, snippets, short):
    study = make_study()
    study.snippets = snippets
    study.add(make_config(16), [500.0] * 10)
    (row,) = summaries(study.tables(), "jazz")
    assert short_splits(row) == short
    assert (Caution.FEW_SNIPPETS in cautions(study)) is bool(short)


def test_the_longest_code_is_warned_of_where_it_is_longer_than_the_chosen(make_study, make_config):
    study = make_study()
    study.snippets = 200
    for latent in (8, 32, 16):
        study.add(make_config(latent), [500.0] * 10)
    study.add(make_config(64), [], failed=1)
    rows = summaries(study.tables(), "jazz")
    of = {row.config.model.latent_length: row for row in rows}
    assert longest_code(rows, of[8]) is longest_code(rows, None) is of[32]
    assert longest_code(rows, of[32]) is None
    assert longest_code((), None) is None
    assert longest_code_warning(rows, of[8]) == (
        "For the longest code run, L = 32: N = 200 snippets on validation and N = 200 snippets "
        "on test, under 10 L = 320: for the whole population MI upper is low by up to about "
        "L²/(4N) = 1.28 nats."
    )
    assert longest_code_warning((of[8],), None) is None


def test_five_alternatives_are_named_the_best_first(make_study, make_config):
    study = make_study(purpose="density")
    for at in range(8):
        study.add(make_config(8 + at), [500.0 + 3 * at + s for s in range(10)])
    found = recommendation(study.tables(), "jazz").alternatives
    assert [one.difference.mean for one in found] == [3.0, 6.0, 9.0, 12.0, 15.0]
    assert [one.settings["latent_length"] for one in found] == [9, 10, 11, 12, 13]


def test_gains_are_the_choices_figures_minus_the_defaults_on_test(make_study, make_config):
    study = make_study(purpose="density")
    study.add(make_config(8), [500.0] * 10, mi=(3.0, 3.5))
    study.add(
        make_config(16, 8, "linear"), [510.0] * 10, method="musebar_bow", phase="methods", kl=6.0
    )
    found = recommendation(study.tables(), "jazz")
    assert {one.metric: one.difference.mean for one in found.gains} == {
        "nll": -11.0,
        "bce": -10.0,
        "mi_lower": 1.0,
    }
    assert found.losses == ()
    assert found.leading is None


def test_seeds_that_are_still_planned_are_no_seeds(make_study, make_config):
    study = make_study(confirm=4)
    study.add(make_config(8), [500.0] * 4, planned=6)
    assert Caution.FEW_SEEDS in cautions(study)


def test_what_was_searched_alone_is_no_gain_and_bounds_have_their_own_direction(
    make_study, make_config
):
    study = make_study(purpose="reconstruction")
    study.add(make_config(8), [500.0] * 10, mi=(3.0, 3.5))
    study.add(
        make_config(16, 8), [510.0] * 10, mi=(4.0, 9.0), phase="methods", method="musebar_bow"
    )
    for row in study.rows[:10]:
        row["test_bce"] = 530.0
    found = recommendation(study.tables(), "jazz")
    gains = {one.metric: (one.difference.mean, one.is_surely_worse) for one in found.gains}
    assert gains == {"nll": (-10.0, False), "bce": (19.0, True), "mi_lower": (-1.0, True)}
    # a reconstruction goes by BCE, and by NLL
    assert [one.metric for one in found.losses] == ["bce"]
    assert found.leading is Caution.DEFAULT_BETTER_ON_TEST


def test_the_corpus_is_that_of_the_genre(make_study, make_config):
    study = make_study(genres=("jazz", "rock"), confirm=2)
    study.add(make_config(8), [500.0] * 2)
    tables = study.tables()
    tables.genres.loc[tables.genres["genre"] == "rock", "fingerprint"] = "e" * 64
    found = recommendation(tables, "jazz")
    assert found.corpus == {"path": "/data/corpus", "fingerprint": "f" * 64}
    gone = replace(tables, genres=tables.genres.iloc[:0])
    assert recommendation(gone, "jazz").corpus["fingerprint"] is None
