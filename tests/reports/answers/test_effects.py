"""What each named configuration changes against one of them."""

import pytest

from reports.answers import effects as answers
from reports.answers.effects import effects


@pytest.fixture
def study(make_study, make_config, monkeypatch):
    """A reference, one ten and one twenty nats above it in jazz; in rock thirty and twenty."""
    names = {"plain": make_config(8), "one": make_config(16), "two": make_config(32)}
    found = make_study(genres=("jazz", "rock", "overall"), confirm=3)
    for genre, above in (("jazz", (10.0, 20.0)), ("rock", (30.0, 20.0)), ("overall", (9.0, 9.0))):
        for (name, config), more in zip(names.items(), (0.0, *above), strict=True):
            mi = 2.0 + (name == "one")
            bces = [500.0 + more, 500.0 + more, 400.0 + more]
            found.add(config, bces, genre=genre, mi=(mi, mi + 1), kl=4.0)
    ids = {name: config.config_id for name, config in names.items()}
    monkeypatch.setattr(answers, "named_configurations", lambda _: ids)
    return found


def test_effects_stand_over_all_genres_and_then_within_each(study):
    found = effects(study.tables(), "plain")
    together = [(one.metric, one.name) for one in found if one.genre is None]
    assert together == [(m, n) for m in ("bce", "nll", "mi_lower") for n in ("one", "two")]
    within = [(one.genre, one.name, one.metric) for one in found[len(together) :]]
    assert within == [
        (genre, name, metric)
        for genre in ("jazz", "rock")
        for name in ("one", "two")
        for metric in ("bce", "nll", "mi_lower")
    ]


def test_an_effect_is_the_named_one_minus_the_reference_on_validation(study):
    study.rows[3]["test_bce"] = 900.0
    of = {(e.genre, e.name, e.metric): e for e in effects(study.tables(), "plain")}
    assert of["jazz", "one", "bce"].difference.values == (10.0, 10.0, 10.0)
    assert of["rock", "one", "bce"].difference.mean == 30.0
    assert of[None, "one", "bce"].difference.mean == 20.0
    assert of[None, "one", "mi_lower"].difference.mean == 1.0
    assert of["jazz", "one", "bce"].relative.values == (10 / 500, 10 / 500, 10 / 400)
    assert of[None, "one", "bce"].relative.mean == pytest.approx((20 / 500 * 2 + 20 / 400) / 3)
    assert {e.metric for e in of.values() if e.relative is not None} == {"bce"}


def test_what_is_over_all_genres_is_tested_and_corrected_within_its_metric(study):
    for found in effects(study.tables(), "plain"):
        if found.genre is not None:
            assert (found.p, found.adjusted) == (None, None)
        elif (found.name, found.metric) == ("two", "mi_lower"):
            assert (found.p, found.adjusted) == (1.0, 1.0)
        else:
            # three seeds of one sign: 2 in 8, and twice that of two configurations
            assert (found.p, found.adjusted) == (0.25, 0.5)


def test_the_joint_corpus_counts_where_it_is_alone(study):
    study.genres = ["overall"]
    for kept in ("rows", "plan"):
        rows = [row for row in getattr(study, kept) if row["genre"] == "overall"]
        setattr(study, kept, rows)
    found = effects(study.tables(), "plain")
    assert {one.genre for one in found} == {None, "overall"}


def test_a_share_of_nothing_is_left_out(study):
    study.rows[0]["validation_bce"] = 0.0
    of = {(e.genre, e.name, e.metric): e for e in effects(study.tables(), "plain")}
    one = of["jazz", "one", "bce"]
    assert one.difference.n_seeds == 3
    assert one.relative.seeds == (1001, 1002)


def test_without_the_reference_or_a_shared_seed_there_is_no_effect(study):
    tables = study.tables()
    assert effects(tables, "another") == ()
    for row in study.rows:
        if row["latent_length"] == 16 and row["genre"] == "jazz":
            row["seed"] += 100
    names = {(e.genre, e.name) for e in effects(study.tables(), "plain")}
    assert names == {("jazz", "two"), ("rock", "one"), ("rock", "two"), (None, "two")}
