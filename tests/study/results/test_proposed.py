"""A search that was exported and imported lacks nothing: its proposals come back, too."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from musebar_core.errors import UsageError
from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.record import Origin, OriginKind, StudyState
from study.ledger.result import RunMetrics
from study.results import exchange, proposed
from study.results.columns import BASELINES
from study.results.exported import Row
from study.results.tables import load_tables
from study.search import planner
from study.search.decisions import read_proposed
from tests.study.search.toystudy import GENRES, drive, toy

COMMITTED = Path(__file__).parents[3] / "docs" / "results"
WORST = {split: dict.fromkeys(BASELINES, 900.0) for split in ("validation", "test")}


def ended(run):
    """A result that depends on the run's name alone, measured at all four places."""
    found = toy(run)
    return replace(found, metrics=RunMetrics(*[found.metrics.validation] * 4))


@pytest.fixture
def export(tmp_path, tiny_spec):
    """Drives a search to its end, or to so many runs; gives its record and its export."""

    def make(ends=None):
        spec = tiny_spec(search__configurations="6", search__transfer="true")
        study = Home(tmp_path / "first").create(spec)
        facts = {genre: {"fingerprint": genre, "baselines": WORST} for genre in GENRES}
        study.ledger.set_corpus("tiny", "somewhere", facts)
        study.ledger.add_configurations("tiny", spec.methods.values())
        drive(study, random.Random(0).randrange, ended, slots=3, ends=ends)
        record = study.ledger.read("tiny", runs=Runs.WITH_CURVES)
        exchange.export(load_tables(tmp_path / "first", "tiny"), record, tmp_path / "export")
        return record, tmp_path / "export"

    return make


@pytest.fixture
def brought(tmp_path):
    """Imports an export into another home; gives its record there."""

    def bring(folder):
        study, _ = exchange.import_study(Home(tmp_path / "second"), folder)
        return study.ledger.read("tiny")

    return bring


def change(folder, column, value, rows=slice(None)):
    file = folder / "decisions.parquet"
    frame = pd.read_parquet(file)
    frame.loc[frame[frame.stage == "proposal"].index[rows], column] = value
    frame.to_parquet(file)


def test_a_search_that_ended_is_complete_where_it_is_imported(export, brought, tmp_path):
    record, folder = export()
    came = brought(folder)
    assert len(came.generations) == 6
    assert came.generations == record.generations
    assert any(p.transferred for proposals in came.generations.values() for p in proposals)
    assert planner.plan(came).done
    found = load_tables(tmp_path / "second", "tiny")
    assert (found.complete, found.standing) == (True, StudyState.FINISHED)
    original = load_tables(tmp_path / "first", "tiny")
    pd.testing.assert_frame_equal(found.decisions, original.decisions)
    pd.testing.assert_frame_equal(found.planned, original.planned)


@pytest.mark.parametrize("name", ["claims", "claims-genres", "search-genres", "ablation"])
def test_a_committed_study_lacks_nothing(tmp_path, name):
    study, _ = exchange.import_study(Home(tmp_path), COMMITTED / name)
    assert planner.plan(study.ledger.read(study.name, runs=Runs.FOR_PLANS)).done


@pytest.mark.parametrize("ends", [0, 7, 20, 45])
def test_a_search_that_was_broken_off_goes_on_from_the_generations_known_whole(
    export, brought, ends
):
    record, folder = export(ends)
    came = brought(folder)
    assert came.generations.items() <= record.generations.items()
    known = {run.config_id for run in record.ended}
    for genre, number in record.generations:
        earlier = [record.generations[genre, n] for n in range(number + 1)]
        whole = all(p.config_id in known for each in earlier for p in each)
        assert ((genre, number) in came.generations) is whole
    assert not planner.plan(came).done


def test_an_older_export_without_decisions_is_imported_all_the_same(export, brought, tmp_path):
    _, folder = export()
    (folder / "decisions.parquet").unlink()
    assert brought(folder).generations == {}
    found = load_tables(tmp_path / "second", "tiny")
    runs = found.results.groupby(["genre", "config_id", "phase"]).size()
    planned = found.planned.set_index(["genre", "config_id", "phase"]).n_seeds
    assert (planned.reindex(runs.index) >= runs).all()


def test_a_generation_with_a_configuration_outside_the_space_is_proposed_anew(export, brought):
    _, folder = export()
    file = folder / "study.yaml"
    text = file.read_text()
    file.write_text(text.replace("    - 8\n", "    - 16\n").replace("[2, 4, 8]", "[2, 4, 16]"))
    came = brought(folder)
    lengths = {p.parameters["latent_length"] for ps in came.generations.values() for p in ps}
    assert lengths <= {2, 4}
    assert len(came.generations) < 6


@pytest.mark.parametrize(
    "reason", ["", "of old", "generation x: chance", "generation 1", "generation 1234567890: x"]
)
def test_a_proposal_that_tells_no_generation_is_refused(export, brought, reason):
    _, folder = export()
    change(folder, "reason", reason, slice(1, 2))
    with pytest.raises(UsageError, match=r"decision about [0-9a-f]{12}: .*tells no generation"):
        brought(folder)


def test_proposals_that_stand_twice_are_refused_and_no_study_is_made(export, brought, tmp_path):
    _, folder = export()
    file = folder / "decisions.parquet"
    frame = pd.read_parquet(file)
    pd.concat([frame, frame]).to_parquet(file)
    with pytest.raises(UsageError, match=r"/[0-9a-f]{12} stands twice in its decisions\.parquet"):
        brought(folder)
    assert Home(tmp_path / "second").names() == []


def test_a_configuration_is_proposed_once_whatever_the_generation(export, brought):
    _, folder = export()
    frame = pd.read_parquet(folder / "decisions.parquet")
    first = frame[frame.stage == "proposal"].iloc[0]
    later = frame.index[(frame.stage == "proposal") & (frame.genre == first.genre)][-1]
    frame.loc[later, "config_id"] = first.config_id
    frame.to_parquet(folder / "decisions.parquet")
    with pytest.raises(UsageError, match=f"{first.genre}/{first.config_id} stands twice"):
        brought(folder)


def test_proposals_for_a_genre_that_the_study_does_not_have_are_refused(export, brought, tmp_path):
    _, folder = export()
    change(folder, "genre", "polka", slice(1, 2))
    with pytest.raises(UsageError, match="for genre 'polka', which its study does not have"):
        brought(folder)
    assert Home(tmp_path / "second").names() == []


def test_decisions_that_are_no_table_are_refused(export, brought):
    _, folder = export()
    (folder / "decisions.parquet").write_text("genre,stage")
    with pytest.raises(UsageError, match=r"decisions\.parquet is no table"):
        brought(folder)


@pytest.mark.parametrize(
    ("reason", "read"),
    [
        ("generation 0: origin not recorded", (0, None)),
        ("generation 12: TPE, constant", (12, Origin(OriginKind.SAMPLER, "TPE, constant"))),
        ("generation 1: transfer: among the best of jazz",
         (1, Origin(OriginKind.TRANSFER, "among the best of jazz"))),
    ],
)  # fmt: skip
def test_the_reason_of_a_proposal_tells_its_generation_and_origin(reason, read):
    assert read_proposed(reason) == read


@pytest.fixture
def read(tiny_spec):
    """Reads decisions by (genre, which configuration, reason, stage) as an export has them."""

    def make(*decisions, without=(), facts=("low",), **changes):
        spec = tiny_spec(**changes)
        known = [spec.configuration(cell) for cell in list(spec.space.cells())[:4]]
        rows = [
            Row({"genre": genre, "config_id": known[at].config_id, "reason": why, "stage": stage})
            for genre, at, why, stage in decisions
        ]
        there = {c.config_id: c for at, c in enumerate(known) if at not in without}
        music = {genre: {} for genre in facts}
        found = proposed.generations(spec, rows, there, music, Path("an export"))
        ids = [c.config_id for c in known]
        return {key: [ids.index(one.config_id) for one in ps] for key, ps in found.items()}

    return make


def of(genre, at, generation, stage="proposal"):
    return genre, at, f"generation {generation}: constant", stage


def test_proposals_are_read_by_genre_and_generation_and_other_decisions_are_not(read):
    assert read(
        of("low", 0, 0), of("low", 1, 0), of("low", 2, 1),
        of("high", 2, 0), of("low", 3, 1, "race"),
        facts=("low", "high"),
    ) == {("low", 0): [0, 1], ("low", 1): [2], ("high", 0): [2]}  # fmt: skip


def test_a_genres_proposals_are_read_up_to_the_first_that_are_not_known_whole(read):
    first, second, third = of("low", 0, 0), of("low", 1, 1), of("low", 2, 2)
    assert read(first, second, third) == {("low", 0): [0], ("low", 1): [1], ("low", 2): [2]}
    assert read(first, second, third, without={1}) == {("low", 0): [0]}
    assert read(first, third) == {("low", 0): [0]}
    assert read(second, third) == {}
    assert read(first, of("low", 1, 0), third, without={1}) == {}


def test_a_genre_is_the_specs_or_the_joint_corpus_or_has_facts(read):
    assert read(of("low", 0, 0), facts=("low",)) == {("low", 0): [0]}
    with pytest.raises(UsageError, match=r"genre 'high', which its study .* \(it has low\)"):
        read(of("high", 0, 0), facts=("low",))
    named = {"corpus__genres": "[low]", "facts": ("high",)}
    for genre in ("low", "overall"):
        assert read(of(genre, 0, 0), **named) == {(genre, 0): [0]}
    with pytest.raises(UsageError, match=r"\(it has low, overall\)"):
        read(of("high", 0, 0), **named)


def test_one_configuration_may_be_proposed_for_two_genres_and_once_for_each(read):
    both = (of("low", 0, 0), of("high", 0, 0))
    assert read(*both, facts=("low", "high")) == {("low", 0): [0], ("high", 0): [0]}
    with pytest.raises(UsageError, match="stands twice"):
        read(of("low", 0, 0), of("low", 0, 1))


def test_a_grid_proposes_nothing(read):
    assert read(of("low", 0, 0), search__protocol="grid") == {}


def test_a_configuration_that_differs_beside_the_space_is_none_of_its_cells(tiny_spec):
    spec = tiny_spec()
    cell = next(iter(spec.space.cells()))
    made = spec.configuration(cell)
    assert proposed._cell(spec, made) == cell
    assert proposed._cell(spec, None) is None
    longer = replace(made, training=replace(made.training, epochs=7))
    assert proposed._cell(spec, longer) is None
    outside = replace(made, model=replace(made.model, latent_length=3))
    assert proposed._cell(spec, outside) is None


@pytest.mark.parametrize("annealing", ["constant", "linear", "cyclical"])
def test_a_parameter_that_does_not_apply_hides_none_behind_it(tiny_spec, annealing):
    """Of a constant schedule there is no length, and of a cyclical one alone are there cycles."""
    spec = tiny_spec(search__space="full", search__choices="{}", search__fixed="{}")
    cells = spec.space.cells()
    cell = next(each for each in cells if each["annealing"] == annealing)
    assert proposed._cell(spec, spec.configuration(cell)) == cell
    assert ("annealing_length" in cell) is (annealing != "constant")
