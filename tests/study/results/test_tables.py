"""A ledger flattened: each cell is what the ledger has of its run."""

from __future__ import annotations

import dataclasses
import json
import os

import pandas as pd
import pyarrow.parquet as pq
import pytest

from musebar_core.metric_table import METRICS, EpochMetrics
from study.home.studies import Home
from study.ledger.lease import Lease
from study.ledger.reading import Runs
from study.ledger.record import SeedRun, StudyState
from study.ledger.result import RunMetrics, SeedRunResult
from study.ledger.schema import leases
from study.results import curves
from study.results.columns import (
    BASELINES,
    CURVES,
    DECISIONS,
    RESULTS,
    SCHEMA_VERSION,
    VERSION_KEY,
    metrics_at,
)
from study.results.curves import StoredCurves
from study.results.frames import frame_of, write_table, write_tables
from study.results.tables import (
    StudyTables,
    load_tables,
    state_of,
    stored_tables,
    study_names,
    tables,
)
from study.search import planner
from study.spec.sections import Phase
from tests.study.search.toystudy import done

NAME = "paper-methods"


@pytest.fixture
def study(exported, tmp_path):
    """The study that was exported: one run done, one failed."""
    del exported
    return Home(tmp_path / "first").open(NAME)


@pytest.fixture
def record(study):
    return study.ledger.read(NAME, runs=Runs.WITH_CURVES)


@pytest.fixture
def flat(record):
    return tables(NAME, record, StudyState.STOPPED)


def the_run(record, *, is_done):
    return next(run for run, ended in record.ended.items() if ended.done is is_done)


def test_columns_stand_in_the_order_and_of_the_kind_that_the_schema_says(flat):
    for frame, columns in (
        (flat.results, RESULTS),
        (flat.curves, CURVES),
        (flat.decisions, DECISIONS),
    ):
        assert [(name, str(frame[name].dtype)) for name in frame] == [
            (column.name, column.dtype) for column in columns
        ]


def test_rows_stand_in_the_order_of_their_keys(flat, record):
    assert list(flat.results.config_id) == sorted(run.config_id for run in record.ended)
    assert set(flat.results.study) == {NAME}


def test_a_done_run_has_its_metrics_at_four_places_and_what_it_cost(flat, record):
    run = the_run(record, is_done=True)
    row = flat.results.set_index("config_id").loc[run.config_id]
    assert (row.genre, row.seed, row.phase) == ("fiddle", 1000, "confirm")
    assert (row.state, row.attempts, row.method) == ("collapsed", 2, "lstm_vae")
    assert pd.isna(row.failure)
    places = ("validation", "test", "last_validation", "last_test")
    assert [row[f"{place}_bce"] for place in places] == [1.5, 2.5, 3.5, 4.5]
    for place in places:
        held = getattr(record.ended[run].metrics, place)
        for one in metrics_at(f"{place}_"):
            told, cell = getattr(held, one.name), row[f"{place}_{one.name}"]
            assert pd.isna(cell) if told is None else cell == told
    assert (row.best_epoch, row.seconds, row.node, row.device) == (60, 1.25, "a", "cpu")
    assert json.loads(row.versions) == {"torch": "2"}
    assert (row.checkpoint, row.finished_at) == ("runs/x", record.ended[run].finished_at)
    configuration = record.configurations[run.config_id]
    assert row.config == configuration.canonical_json()
    assert row.latent_length == configuration.model.latent_length
    assert row.epochs == configuration.training.epochs


def test_a_failed_run_has_its_reason_and_no_metric(flat, record):
    run = the_run(record, is_done=False)
    row = flat.results.set_index("config_id").loc[run.config_id]
    assert (row.state, row.failure, row.attempts) == ("failed", "NaN", 1)
    assert all(pd.isna(row[f"validation_{one.name}"]) for one in METRICS)
    assert pd.isna(row.versions)
    assert pd.isna(row.best_epoch)


def test_a_curve_row_is_an_evaluated_epoch(flat, record):
    (row,) = flat.curves.itertuples()
    (epoch,) = record.ended[the_run(record, is_done=True)].curve
    assert (row.study, row.genre, row.seed, row.phase) == (NAME, "fiddle", 1000, "confirm")
    assert (row.epoch, row.weight, row.train_bce, row.train_kl_bars) == (60, 0.5, 2.0, 1.0)
    assert (row.validation_bce, row.validation_n_snippets) == (epoch.validation.bce, 7)


def test_what_an_undertrained_run_lost_is_no_collapse_in_any_table(study, record):
    """Its music's Markov chain, at 9 nats, is better than the run."""
    run = SeedRun("fiddle", the_run(record, is_done=False).config_id, 1001, Phase.CONFIRM)
    worse = done(bce=9.5, collapsed=True).metrics.validation
    both = RunMetrics(worse, worse, worse, worse)
    curve = (EpochMetrics(60, 1.0, 2.0, 1.0, worse),)
    study.ledger.end(NAME, run, SeedRunResult(metrics=both, curve=curve))
    found = load_tables(study.folder.parent, NAME)
    row = found.results[found.results.seed == 1001].iloc[0]
    assert row.state == "undertrained"
    assert pd.isna(row.validation_collapsed)
    assert pd.isna(row.last_test_collapsed)
    assert found.curves[found.curves.seed == 1001].validation_collapsed.isna().all()


def test_an_epoch_on_fewer_snippets_is_judged_by_the_chain_on_these(study, record):
    run = SeedRun("fiddle", the_run(record, is_done=False).config_id, 1001, Phase.CONFIRM)
    found = done(bce=8.0, collapsed=True).metrics.validation._replace(n_snippets=1000)
    chains = dict.fromkeys(BASELINES, 7.0)
    facts = {"fiddle": {**record.facts["fiddle"], "validation_snippets": 1000}}
    facts["fiddle"]["baselines"] = record.facts["fiddle"]["baselines"] | {"curve": chains}
    study.ledger.set_corpus(NAME, "somewhere", facts)
    fewer = found._replace(n_snippets=128)
    curve = tuple(EpochMetrics(60 * n, 1.0, 2.0, 1.0, m) for n, m in ((1, fewer), (2, found)))
    study.ledger.end(NAME, run, SeedRunResult(metrics=RunMetrics(*[found] * 4), curve=curve))
    told = load_tables(study.folder.parent, NAME)
    assert told.results[told.results.seed == 1001].state.item() == "collapsed"
    judged = told.curves[told.curves.seed == 1001].sort_values("epoch").validation_collapsed
    assert pd.isna(judged.iloc[0])
    assert judged.iloc[1]


def test_seeds_planned_are_counted_by_genre_configuration_and_phase(flat, record):
    counts = {(r.genre, r.config_id, r.phase): r.n_seeds for r in flat.planned.itertuples()}
    ids = [c.config_id for c in record.spec.methods.values()]
    assert counts == {("fiddle", config_id, "confirm"): 2 for config_id in ids}


def test_baselines_and_facts_are_a_row_each(flat):
    assert list(flat.genres.genre) == ["fiddle"]
    assert list(flat.genres.fingerprint) == ["abc"]
    assert "baselines" not in flat.genres
    assert {tuple(row) for row in flat.baselines.itertuples(index=False)} == {
        ("fiddle", split, name, 9.0) for split in ("validation", "test") for name in BASELINES
    }


def test_a_record_read_without_curves_makes_no_tables(study):
    with pytest.raises(ValueError, match="read the ledger with them"):
        tables(NAME, study.ledger.read(NAME), StudyState.STOPPED)


def test_a_study_stands_finished_where_nothing_more_will_come(study, flat):
    assert (flat.complete, flat.standing) == (False, StudyState.STOPPED)
    record = study.ledger.read(NAME)
    for run in planner.plan(record).runs:
        study.ledger.end(NAME, run, done(bce=1.0))
    found = load_tables(study.folder.parent, NAME)
    assert (found.complete, found.standing) == (True, StudyState.FINISHED)


def test_a_running_study_whose_driver_is_gone_is_interrupted(study, tmp_path):
    assert state_of(study) is not StudyState.INTERRUPTED
    study.ledger.set_state(NAME, StudyState.RUNNING)
    assert state_of(study) is StudyState.INTERRUPTED
    with Lease(study.ledger, NAME, tmp_path):
        assert state_of(study) is StudyState.RUNNING
    dead = {"holder": "x", "host": "elsewhere/1", "pid": 1, "process_start": 0.0, "beat": 4}
    clock = study.ledger.database.clock
    for silent, state in ((59.0, StudyState.RUNNING), (62.0, StudyState.INTERRUPTED)):
        with study.ledger.database.begin() as db:
            db.execute(leases.delete())
            db.execute(leases.insert().values(study=NAME, beat_at=clock - silent, **dead))
        assert state_of(study) is state
    study.ledger.set_state(NAME, StudyState.FINISHED)
    assert state_of(study) is StudyState.FINISHED


@pytest.fixture
def three(study, record):
    """The study with the curves of three runs, two evaluations each."""
    held = record.ended[the_run(record, is_done=True)]
    first = held.curve[0]
    later = EpochMetrics(120, 1.0, 1.0, 1.0, first.validation)
    ids = sorted(c.config_id for c in record.spec.methods.values())[:3]
    for config_id in ids:
        run = SeedRun("fiddle", config_id, 1001, Phase.CONFIRM)
        study.ledger.end(NAME, run, SeedRunResult(metrics=held.metrics, curve=(first, later)))
    return ids


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 200])
def test_curves_are_the_same_however_many_are_read_at_a_time(study, three, monkeypatch, most):
    del three
    record = study.ledger.read(NAME, runs=Runs.WITH_CURVES)
    whole = tables(NAME, record, StudyState.STOPPED).curves
    monkeypatch.setattr(curves, "_CHUNK", most)
    stored = stored_tables(study, study.ledger.read(NAME))
    assert len(whole) == 7
    pd.testing.assert_frame_equal(stored.curves, whole)
    assert all(len(chunk) <= 2 * most for chunk in stored.curve_chunks)


def test_rows_stand_in_order_however_the_record_holds_its_runs(study, three):
    record = study.ledger.read(NAME, runs=Runs.WITH_CURVES)
    backwards = dataclasses.replace(record, ended=dict(reversed(record.ended.items())))
    versions = {"torch": "2", "numpy": "1"}
    last = max(record.ended)
    backwards.ended[last] = dataclasses.replace(backwards.ended[last], versions=versions)
    found = tables(NAME, backwards, StudyState.STOPPED)
    keys = ["genre", "config_id", "seed"]
    assert found.results[keys].apply(tuple, axis=1).is_monotonic_increasing
    assert found.curves[[*keys, "epoch"]].apply(tuple, axis=1).is_monotonic_increasing
    assert found.results.versions.dropna().tolist()[-1] == '{"numpy": "1", "torch": "2"}'
    (chunk,) = found.curve_chunks
    assert len(chunk) == 7


def test_curves_of_runs_that_ended_since_the_record_was_read_are_left_out(study, record, three):
    del three
    assert len(StoredCurves.of_record(NAME, study.ledger, record).all()) == 1


def test_what_runs_have_measured_is_not_kept_twice(study, three):
    """Curves are read later; the results of a study of 100,000 runs are 300 MB as a record."""
    del three
    found = vars(stored_tables(study, study.ledger.read(NAME)))["curves"]
    assert len(found.runs) > 0
    assert not found.record.ended
    assert not found.record.configurations


@pytest.mark.parametrize("stored", [False, True])
def test_the_curves_of_one_configuration_are_its_own_in_the_columns_asked_for(study, three, stored):
    record = study.ledger.read(NAME, runs=Runs.WITH_CURVES)
    found = stored_tables(study, record) if stored else tables(NAME, record, StudyState.STOPPED)
    only = found.curves_of("fiddle", three[2], "confirm", {"epoch", "seed"})
    assert list(only) == ["seed", "epoch"]
    rows = found.curves[found.curves.config_id == three[2]]
    assert only.epoch.tolist() == rows.epoch.tolist() != []
    assert len(found.curves_of("fiddle", three[2], "search")) == 0
    assert len(found.curves_of("fiddle", three[2], "a phase before")) == 0
    assert len(found.curves_of("polka", three[2], "confirm")) == 0
    assert list(found.curves_of("fiddle", three[2], "confirm")) == [c.name for c in CURVES]


def test_tables_go_into_one_file_and_are_counted(flat, tmp_path):
    file = tmp_path / "curves.parquet"
    assert write_tables([flat.curves, flat.curves.iloc[:0], flat.curves], file) == 2
    pd.testing.assert_frame_equal(
        pd.read_parquet(file), pd.concat([flat.curves] * 2, ignore_index=True)
    )
    assert pq.ParquetFile(file).schema_arrow.metadata[VERSION_KEY] == str(SCHEMA_VERSION).encode()


def test_what_a_row_lacks_is_null():
    frame = frame_of([{"epoch": 3, "seed": 1}, {"epoch": 4, "seed": 1, "genre": "a"}], CURVES[:6])
    assert frame.epoch.tolist() == [3, 4]
    assert frame.genre.isna().tolist() == [True, False]


def test_a_table_is_written_to_where_it_is_said_to_be(flat, tmp_path):
    file = tmp_path / "curves.parquet"
    assert write_table(flat.curves, file) == file
    pd.testing.assert_frame_equal(pd.read_parquet(file), flat.curves)


@pytest.mark.parametrize("before", [0, 1])
def test_what_goes_wrong_while_tables_are_made_is_told_as_it_is(flat, tmp_path, before):
    def frames():
        yield from [flat.curves] * before
        raise ZeroDivisionError("by 0")

    with pytest.raises(ZeroDivisionError, match="by 0"):
        write_tables(frames(), tmp_path / "curves.parquet")


def test_a_study_knows_where_its_corpus_is_and_a_table_of_none_is_not_complete(study, flat):
    found = load_tables(study.folder.parent, NAME)
    assert (found.corpus_path, flat.corpus_path) == ("somewhere", "somewhere")
    bare = StudyTables(
        *(NAME, StudyState.STOPPED, flat.spec, flat.results, flat.curves),
        *(flat.genres, flat.baselines, flat.planned),
    )
    assert (bare.complete, bare.corpus_path, bare.standing) == (False, None, StudyState.STOPPED)
    assert list(bare.decisions) == [column.name for column in DECISIONS]
    assert len(bare.decisions) == 0


def test_studies_of_a_home_are_named_newest_first(study, tiny_spec):
    home = study.folder.parent
    Home(home).create(tiny_spec())
    os.utime(home / NAME, (1000, 1000))
    assert study_names(home) == Home(home).names() == ["tiny", NAME]


def test_versions_that_are_not_known_are_null_and_of_none_too(study, record):
    run = SeedRun("fiddle", the_run(record, is_done=True).config_id, 1001, Phase.CONFIRM)
    held = record.ended[the_run(record, is_done=True)]
    study.ledger.end(NAME, run, dataclasses.replace(held, versions={}))
    found = load_tables(study.folder.parent, NAME).results
    assert found[found.seed == 1001].versions.isna().all()


def test_a_run_that_was_brought_from_elsewhere_is_counted_as_planned(study, record):
    config_id = the_run(record, is_done=True).config_id
    for seed in (2000, 2001, 2002):
        study.ledger.end(NAME, SeedRun("fiddle", config_id, seed, Phase.CONFIRM), done(bce=1.0))
    planned = load_tables(study.folder.parent, NAME).planned.set_index("config_id")
    assert planned.n_seeds[config_id] == 5  # two that the spec asks for beside them


def test_each_split_is_judged_by_its_own_markov_chain(study, record):
    """One of 9 nats on validation, of 1 on the test split: the run has 1.5 and 2.5."""
    fact = record.facts["fiddle"]
    low = dict.fromkeys(BASELINES, 1.0)
    fact = fact | {"baselines": {"validation": fact["baselines"]["validation"], "test": low}}
    study.ledger.set_corpus(NAME, "somewhere", {"fiddle": fact})
    found = load_tables(study.folder.parent, NAME)
    row = found.results[found.results.state == "collapsed"].iloc[0]
    assert (row.validation_collapsed, row.last_validation_collapsed) == (True, True)
    assert pd.isna(row.test_collapsed)
    assert pd.isna(row.last_test_collapsed)
    assert found.curves.validation_collapsed.tolist() == [True]
    assert {tuple(each) for each in found.baselines.itertuples(index=False)} == {
        ("fiddle", split, name, bce)
        for split, bce in (("validation", 9.0), ("test", 1.0))
        for name in BASELINES
    }
