"""What a spec comes to: its configurations, its seeds, and what makes it the study that it is."""

from __future__ import annotations

import pytest

from musebar_core.annealing import Schedule
from study.spec import specfile
from study.spec.sections import Phase


@pytest.mark.parametrize(
    ("override", "same"),
    [
        ("resources.slots=7", True),
        ("storage.ledger='postgresql://me@host/db'", True),
        ("storage.checkpoint_seconds=1", True),
        ("about=another study in words", True),
        ("resources.cpus_per_trial=2", False),
        ("resources.seeds_per_trial=2", False),
        ("resources.max_attempts=2", False),
        ("resources.gpus_per_trial=0.5", False),
        ("corpus.songs_per_genre=7", False),
        ("model.hidden=7", False),
        ("training.epochs=70", False),
        ("search.finalists=7", False),
        ("seeds.confirm=17", False),
        ("name=other", False),
    ],
)
def test_a_study_is_all_that_its_spec_asks_but_where_it_runs_and_is_kept(override, same):
    plain = specfile.load("search")
    assert (specfile.load("search", [override]).identity() == plain.identity()) is same


@pytest.mark.parametrize("share", ["0.25", "2.0", "auto"])
def test_of_a_gpus_share_it_counts_only_whether_there_is_one(share):
    one = specfile.load("search", ["resources.gpus_per_trial=1"])
    other = specfile.load("search", [f"resources.gpus_per_trial={share}"])
    assert one.identity() == other.identity()
    assert one.identity()["resources"]["gpus_per_trial"] == "a GPU"
    assert specfile.load("search").identity()["resources"]["gpus_per_trial"] == 0


@pytest.mark.parametrize(
    ("mine", "its", "settled"),
    [
        ((None, None), (4, "in_turn"), (4, "in_turn")),
        ((3, "side_by_side"), (4, "in_turn"), (3, "side_by_side")),
        ((3, None), (4, "in_turn"), (3, "in_turn")),
        ((None, "side_by_side"), (None, None), (None, "side_by_side")),
    ],
)
def test_what_a_search_leaves_open_is_as_the_study_that_was_launched_has_it(mine, its, settled):
    def spec(generation, order):
        asked = [f"search.generation={generation or 'null'}", f"search.order={order or 'null'}"]
        return specfile.load("search", asked)

    found = spec(*mine).settled_as(spec(*its))
    assert (found.search.generation, found.search.order) == settled
    assert found == spec(*settled)


@pytest.mark.parametrize(
    ("phase", "seeds"),
    [
        (Phase.SEARCH, [0, 1, 2]),
        (Phase.CONFIRM, [1000, 1001, 1002, 1003]),
        (Phase.METHODS, [1000, 1001, 1002, 1003]),
    ],
)
def test_each_phase_has_its_seeds(phase, seeds):
    spec = specfile.load("search", ["seeds={search: 3, confirm: 4}"])
    assert list(spec.seeds_of(phase)) == seeds


def test_a_configuration_is_what_is_fixed_and_the_values_of_a_cell_over_it():
    spec = specfile.load(
        "search", ["search.fixed={latent_length: 7, hidden: 9}", "model.layers=3", "model.hidden=5"]
    )
    assert (spec.fixed, spec.configuration({}).model.latent_length) == (
        {"latent_length": 7, "hidden": 9},
        7,
    )
    found = spec.configuration({"hidden": 11})
    assert (found.model.hidden, found.model.latent_length, found.model.layers) == (11, 7, 3)
    assert found.annealing == Schedule()
    assert found.grid == spec.grid


@pytest.mark.parametrize(("bars", "every", "count"), [(60, 2, 30), (60, 1, 60), (16, 4, 4)])
def test_a_regularizer_for_every_so_many_bars_is_counted_on_the_grid(bars, every, count):
    spec = specfile.load(
        "search",
        [f"corpus.grid.snippet_steps={4 * bars}", f"model.regularizers={{every: {every}}}"],
    )
    assert spec.configuration({}).model.regularizers == count


def test_such_a_regularizer_is_counted_where_it_is_fixed_and_where_it_is_searched_too():
    bars = "corpus.grid.snippet_steps=64"  # sixteen
    assert specfile.load("search", [bars, "search.fixed.regularizers={every: 4}"]).fixed == {
        "regularizers": 4
    }
    spec = specfile.load("search", [bars, "search.choices.regularizers=[{every: 2}, {every: 8}]"])
    assert searched(spec)["regularizers"] == (8, 2)


def searched(spec):
    return {parameter.name: parameter.values for parameter in spec.space.parameters}


def test_what_is_fixed_is_searched_no_more_and_choices_replace_those_of_the_space(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("parameters: {hidden: {values: [8, 16]}, layers: {values: [1, 2]}}")
    asked = ["search.fixed.hidden=8", "search.choices.layers=[2, 3]", "search.choices.batch=[4]"]
    spec = specfile.load("search", [f"search.space={file}", *asked])
    assert spec.space.name == "mine"
    assert searched(spec) == {"batch": (4,), "layers": (2, 3)}


@pytest.mark.parametrize(
    ("overrides", "every"),
    [
        (["training.epochs=3000"], 60),
        (["training.epochs=100"], 2),
        (["training.epochs=30"], 1),
        (["training.epochs=99"], 1),
        (["training.epochs=100", "training.evaluate_every=30"], 30),
    ],
)
def test_a_run_is_evaluated_fifty_times_unless_asked_otherwise(overrides, every):
    assert specfile.load("paper-methods", overrides).training.evaluate_every == every


@pytest.mark.parametrize(
    ("confirm", "asked", "rungs"),
    [
        (5, None, []),
        (6, None, []),
        (7, None, [6]),
        (8, None, [6]),
        (9, None, [6, 8]),
        (20, None, [6, 8]),
        (20, "[]", []),
        (20, "[7, 16]", [7, 16]),
        (17, "[16]", [16]),
    ],
)
def test_rungs_are_those_below_the_full_count(confirm, asked, rungs):
    sets = [f"seeds.confirm={confirm}"] + ([f"search.rungs={asked}"] if asked else [])
    assert specfile.load("search", sets).search.rungs == rungs


@pytest.mark.parametrize(
    ("confirm", "rungs"), [(10, "[8, 6]"), (10, "[6, 6]"), (8, "[6, 8]"), (7, "[6, 8]")]
)
def test_rungs_rise_and_stay_below_the_full_count(confirm, rungs):
    with pytest.raises(specfile.UsageError, match=rf"below seeds.confirm \({confirm}\)"):
        specfile.load("search", [f"seeds.confirm={confirm}", f"search.rungs={rungs}"])


def test_a_rate_goes_with_a_reconstruction_alone():
    asked = ["search.rate=5"]
    found = specfile.load("search", [*asked, "search.purpose=reconstruction"])
    assert found.search.rate == 5
    for purpose in ("density", "representation"):
        with pytest.raises(specfile.UsageError, match=r"search.rate 5: only search.purpose=recon"):
            specfile.load("search", [*asked, f"search.purpose={purpose}"])


@pytest.mark.parametrize(("section", "count"), [("model", "hidden"), ("training", "epochs")])
def test_an_explicit_value_outranks_the_profile_and_the_profile_the_default(section, count):
    strong = specfile.load("search", ["training.profile=strong"])
    paper = specfile.load("search", ["training.profile=paper", "training.output_bias=null"])
    assert strong.model.pooling != paper.model.pooling
    both = ["training.profile=strong", "model.pooling=last", f"{section}.{count}=123"]
    found = specfile.load("search", both)
    assert found.model.pooling == "last"
    assert getattr(getattr(found, section), count) == 123


@pytest.mark.parametrize(
    ("seeds", "cells", "fits"),
    [(10_000, 100, True), (10_000, 101, False), (9_999, 100, True), (9_999, 101, False)],
)
def test_a_grid_has_a_million_seed_runs_of_a_genre_at_most(seeds, cells, fits):
    asked = [
        "search.protocol=grid",
        f"search.choices.latent_length={list(range(1, cells + 1))}",
        "search.space=latent_length",
        f"seeds.confirm={seeds}",
    ]
    if fits:
        assert len(list(specfile.load("search", asked).space.cells())) == cells
        return
    with pytest.raises(specfile.UsageError, match=rf"over 100 combinations on {seeds} seeds each"):
        specfile.load("search", asked)
