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
from study.results import exchange
from study.results.columns import BASELINES
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
