"""Exports that are not what they say are refused in one line."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from musebar_core import marks
from musebar_core.errors import UsageError
from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.record import StudyState
from study.ledger.result import Failure, RunMetrics
from study.results import exchange
from study.results.columns import SCHEMA_VERSION, VERSION_KEY
from study.results.overview import overview
from study.results.tables import load_tables, tables
from study.search import planner


def test_what_was_exported_comes_back_run_by_run(exported, tmp_path):
    original = (
        Home(tmp_path / "first")
        .open("paper-methods")
        .ledger.read("paper-methods", runs=Runs.WITH_CURVES)
    )
    study, count = exchange.import_study(Home(tmp_path / "second"), exported)
    record = study.ledger.read("paper-methods", runs=Runs.WITH_CURVES)
    assert (count, record.state, record.corpus_path) == (2, "stopped", None)
    assert record.facts == original.facts
    assert record.configurations.items() <= original.configurations.items()
    for run, ended in original.ended.items():
        came = record.ended[run]
        assert (came.metrics, came.curve) == (ended.metrics, ended.curve)
        said = None if ended.done else Failure(ended.failure.message, kind=None)
        assert came.failure == said  # an export has the words alone
        assert (came.attempts, came.versions, came.checkpoint) == (
            ended.attempts,
            ended.versions,
            None,
        )


def test_curves_that_stay_in_the_ledger_are_those_of_a_record_read_with_them(exported, tmp_path):
    home = Home(tmp_path / "first")
    study = home.open("paper-methods")
    flat = tables(
        study.name, study.ledger.read(study.name, runs=Runs.WITH_CURVES), StudyState.STOPPED
    )
    stored = load_tables(home.path, study.name)
    pd.testing.assert_frame_equal(stored.curves, flat.curves)
    pd.testing.assert_frame_equal(stored.results, flat.results)
    key = flat.results[["genre", "config_id", "phase"]].iloc[0]
    assert len(flat.curves_of(*key)) == len(flat.curves) == 1
    pd.testing.assert_frame_equal(stored.curves_of(*key), flat.curves)
    exchange.export(stored, study.ledger.read(study.name), tmp_path / "again")
    for name in ("results", "curves"):
        was, now = (pd.read_parquet(f / f"{name}.parquet") for f in (exported, tmp_path / "again"))
        pd.testing.assert_frame_equal(now, was)


def test_an_older_exports_genres_go_on_in_turn(exported, tmp_path):
    file = exported / "study.yaml"
    kept = [line for line in file.read_text().splitlines() if not line.strip().startswith("order:")]
    file.write_text("\n".join(kept))
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    assert study.ledger.read(study.name).spec.search.order == "in_turn"


def test_a_name_that_is_taken_is_refused(exported, tmp_path):
    with pytest.raises(UsageError, match=r"exists in .*give this one another --name"):
        exchange.import_study(Home(tmp_path / "first"), exported)
    study, _ = exchange.import_study(Home(tmp_path / "first"), exported, name="guest")
    assert study.name == "guest"


@pytest.mark.parametrize(
    "missing", ["study.yaml", "results.parquet", "curves.parquet", "genres.json"]
)
def test_a_folder_that_lacks_a_file_is_no_export(exported, tmp_path, missing):
    (exported / missing).unlink()
    with pytest.raises(UsageError, match=f"holds no {missing}"):
        exchange.import_study(Home(tmp_path / "second"), exported)
    assert Home(tmp_path / "second").names() == []


def test_files_that_are_no_tables_are_named(exported, tmp_path):
    (exported / "results.parquet").write_text("bce,1")
    with pytest.raises(UsageError, match=r"results\.parquet is no table"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_a_table_of_another_schema_is_refused_by_its_column(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet").drop(columns="attempts")
    frame.to_parquet(exported / "results.parquet")
    with pytest.raises(UsageError, match="lacks the column 'attempts'"):
        exchange.import_study(Home(tmp_path / "second"), exported)


@pytest.mark.parametrize(
    ("column", "value"),
    [("finished_at", "yesterday"), ("validation_bce", True), ("validation_bce", "12.5")],
)
def test_a_cell_of_another_kind_is_refused_by_row_and_column(exported, tmp_path, column, value):
    frame = pd.read_parquet(exported / "results.parquet")
    frame[column] = value
    frame.to_parquet(exported / "results.parquet")
    with pytest.raises(UsageError, match=rf"results\.parquet, row 0: {column} .*{value}"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_a_table_of_a_newer_schema_is_refused_by_its_version(exported, tmp_path):
    table = pq.read_table(exported / "results.parquet")
    newer = {VERSION_KEY: str(SCHEMA_VERSION + 1).encode()}
    pq.write_table(table.replace_schema_metadata(newer), exported / "results.parquet")
    with pytest.raises(UsageError, match=rf"results\.parquet has version {SCHEMA_VERSION + 1}"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_a_metric_that_an_older_export_lacks_reads_as_not_measured(exported, tmp_path):
    for file in ("results.parquet", "curves.parquet"):
        frame = pd.read_parquet(exported / file)
        kept = [name for name in frame if not name.endswith("mi_lower")]
        frame[kept].to_parquet(exported / file)
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    back = load_tables(Home(tmp_path / "second").path, study.name)
    done = back.results[back.results.state == "collapsed"]
    assert done.validation_mi_lower.isna().all()
    assert back.curves.validation_mi_lower.isna().all()
    assert done.validation_bce.tolist() == [1.5]


def test_a_setting_that_an_older_export_lacks_is_told_by_its_configuration(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet")
    lengths = frame.latent_length.tolist()
    frame.drop(columns=["latent_length", "pooling"]).to_parquet(exported / "results.parquet")
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    back = load_tables(Home(tmp_path / "second").path, study.name).results
    assert (back.latent_length.tolist(), back.pooling.tolist()) == (lengths, ["last", "last"])


def test_facts_that_are_no_json_are_named(exported, tmp_path):
    (exported / "genres.json").write_text("{")
    with pytest.raises(UsageError, match=r"genres\.json is not valid JSON"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_runs_of_another_spec_are_refused(exported, tmp_path):
    spec = yaml.safe_load((exported / "study.yaml").read_text())
    spec["training"]["epochs"] = 7
    (exported / "study.yaml").write_text(yaml.safe_dump(spec))
    with pytest.raises(UsageError, match="does not ask for configuration"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_results_of_another_grid_are_refused(exported, tmp_path):
    """In a search any configuration may come, but of the study's own snippets."""
    spec = yaml.safe_load((exported / "study.yaml").read_text())
    spec["search"] = {"protocol": "search", "space": "full"}
    (exported / "study.yaml").write_text(yaml.safe_dump(spec))
    assert exchange.import_study(Home(tmp_path / "second"), exported)[1] == 2
    for key, value in (("snippet_steps", 480), ("steps_per_quarter", 2), ("steps_per_bar", 8)):
        changed = spec | {
            "corpus": spec["corpus"] | {"grid": spec["corpus"]["grid"] | {key: value}}
        }
        (exported / "study.yaml").write_text(yaml.safe_dump(changed))
        with pytest.raises(UsageError, match="does not ask for configuration"):
            exchange.import_study(Home(tmp_path / "third"), exported)
    assert Home(tmp_path / "third").names() == []


def test_a_phase_that_the_spec_does_not_ask_for_is_refused(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet")
    frame["phase"] = "search"
    frame.to_parquet(exported / "results.parquet")
    with pytest.raises(UsageError, match="does not ask for seed 1000 in phase search"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_the_joint_corpus_belongs_to_every_choice_of_genres(exported, tmp_path):
    for file in ("results.parquet", "curves.parquet"):
        frame = pd.read_parquet(exported / file)
        frame["genre"] = "overall"
        frame.to_parquet(exported / file)
    _, count = exchange.import_study(Home(tmp_path / "second"), exported)
    assert count == 2


def test_any_genre_goes_where_the_spec_leaves_genres_open(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet")
    frame["genre"] = "polka"
    frame.to_parquet(exported / "results.parquet")
    spec = yaml.safe_load((exported / "study.yaml").read_text())
    spec["corpus"]["genres"] = None
    (exported / "study.yaml").write_text(yaml.safe_dump(spec))
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    assert {run.genre for run in study.ledger.read(study.name).ended} == {"polka"}


def test_facts_must_be_there(exported, tmp_path):
    """What music runs had is known from the study that made them alone."""
    (exported / "genres.json").unlink()
    with pytest.raises(UsageError, match="says what music the runs had"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_curves_come_back_in_the_order_of_epochs(exported, tmp_path):
    curves = pd.read_parquet(exported / "curves.parquet")
    later, earlier = curves.assign(epoch=120, weight=1.0), curves
    both = pd.concat([later, earlier], ignore_index=True)
    both.to_parquet(exported / "curves.parquet")
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    record = study.ledger.read(study.name, runs=Runs.WITH_CURVES)
    (ended,) = [ended for ended in record.ended.values() if ended.done]
    assert [(row.epoch, row.weight) for row in ended.curve] == [(60, 0.5), (120, 1.0)]


def test_seeds_that_the_spec_does_not_ask_for_are_refused(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet")
    frame["seed"] = 1001
    frame.to_parquet(exported / "results.parquet")
    with pytest.raises(UsageError, match="does not ask for seed 1001"):
        exchange.import_study(Home(tmp_path / "second"), exported, ["seeds.confirm=1"])


def test_genres_that_the_spec_does_not_ask_for_are_refused(exported, tmp_path):
    with pytest.raises(UsageError, match="does not ask for genre 'fiddle'"):
        exchange.import_study(Home(tmp_path / "second"), exported, ["corpus.genres=[chorale]"])


def test_a_configuration_that_is_not_what_its_id_says_is_refused(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet")
    config = json.loads(frame.config[0])
    config["training"]["epochs"] = 1
    frame.loc[0, "config"] = json.dumps(config)
    frame.to_parquet(exported / "results.parquet")
    with pytest.raises(UsageError, match="is not what its name says"):
        exchange.import_study(Home(tmp_path / "second"), exported)


def test_an_imported_study_that_lacks_nothing_is_complete_and_one_that_does_is_not(
    exported, tmp_path
):
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    partial = load_tables(tmp_path / "second", "paper-methods")
    assert (partial.complete, partial.standing) == (False, StudyState.STOPPED)
    counted = overview(study.ledger, "paper-methods")
    assert counted.planned >= counted.done > 0
    record = study.ledger.read("paper-methods", runs=Runs.WITH_CURVES)
    study.ledger.add_configurations("paper-methods", record.spec.methods.values())
    done = next(ended for ended in record.ended.values() if ended.done)
    for run in planner.plan(record).runs:
        study.ledger.end("paper-methods", run, done)
    whole = load_tables(tmp_path / "second", "paper-methods")
    assert (whole.complete, whole.standing) == (True, StudyState.FINISHED)


def rewrite(folder, table, change):
    file = folder / f"{table}.parquet"
    change(pd.read_parquet(file)).to_parquet(file)


def imported(folder, tmp_path, *overrides):
    """What an import made: its record, and how many runs it was said to have."""
    study, count = exchange.import_study(Home(tmp_path / "second"), folder, overrides)
    return study.ledger.read(study.name, runs=Runs.WITH_CURVES), count


def refused(folder, tmp_path, *overrides):
    with pytest.raises(UsageError) as caught:
        exchange.import_study(Home(tmp_path / "second"), folder, overrides)
    assert Home(tmp_path / "second").names() == []
    return str(caught.value)


def first_done(frame):
    return frame.index[frame.state != "failed"][0]


def put(folder, column, value):
    """Put a value into the run that is done."""

    def change(frame):
        values = frame[column].astype(object)
        values.loc[first_done(frame)] = value
        return frame.assign(**{column: values})

    rewrite(folder, "results", change)


def test_a_seed_run_that_stands_twice_is_refused(exported, tmp_path):
    rewrite(exported, "results", lambda frame: pd.concat([frame, frame.iloc[:1]]))
    said = refused(exported, tmp_path)
    assert said == f"{exported}: a seed run stands twice in its results.parquet"


def test_an_epoch_that_stands_twice_is_refused_with_its_run(exported, tmp_path):
    rewrite(exported, "curves", lambda frame: pd.concat([frame, frame]))
    said = refused(exported, tmp_path)
    assert f"{exported}: epoch 60 of seed run fiddle/" in said
    assert said.endswith("/1000/confirm stands twice in its curves.parquet")


def test_the_curve_of_a_run_that_was_taken_out_is_left_out(exported, tmp_path):
    rewrite(exported, "results", lambda frame: frame[frame.state == "failed"])
    record, count = imported(exported, tmp_path)
    assert count == 1
    assert [one.curve for one in record.ended.values()] == [()]


@pytest.mark.parametrize("column", ["validation_bce", "test_bce"])
def test_a_run_that_is_done_has_its_bce_on_both_splits(exported, tmp_path, column):
    put(exported, column, None)
    said = refused(exported, tmp_path)
    assert said.startswith(f"{exported}: seed run fiddle/")
    assert said.endswith("/1000/confirm is done without BCE")


def test_a_run_that_failed_has_none_and_no_metrics_come_of_it(exported, tmp_path):
    rewrite(exported, "results", lambda f: f.assign(validation_bce=f.validation_bce.fillna(3.0)))
    record, _ = imported(exported, tmp_path)
    (failed,) = [one for one in record.ended.values() if not one.done]
    assert (failed.metrics, failed.curve, failed.best_epoch) == (RunMetrics(), (), None)


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("config", "{", "config '{' is no JSON"),
        ("config", "[1]", "config '[1]' is no mapping"),
        ("config", "[" * 50_000, f"config {'[' * 40!r} is no JSON"),
        ("versions", "{", "versions '{' is no JSON"),
        ("versions", "[1]", "versions '[1]' is no mapping"),
    ],
)
def test_a_cell_of_json_that_is_none_is_refused(exported, tmp_path, column, text, said):
    put(exported, column, text)
    assert refused(exported, tmp_path).startswith(f"{exported}: {said}")


def test_a_configuration_that_cannot_be_is_refused_by_its_name(exported, tmp_path):
    frame = pd.read_parquet(exported / "results.parquet")
    config = json.loads(frame.config[first_done(frame)])
    config["training"]["epochs"] = -1
    put(exported, "config", json.dumps(config))
    said = refused(exported, tmp_path)
    name = frame.config_id[first_done(frame)]
    assert said.startswith(f"{exported}: configuration {name}: ")
    assert "-1" in said


@pytest.mark.parametrize(
    ("text", "read"), [(None, None), ("", None), ('{"torch": 2}', {"torch": "2"})]
)
def test_versions_come_as_text_or_are_not_known(exported, tmp_path, text, read):
    put(exported, "versions", text)
    (done,) = [one for one in imported(exported, tmp_path)[0].ended.values() if one.done]
    assert done.versions == read


def test_all_that_a_run_was_comes_back_but_where_its_weights_are(exported, tmp_path):
    (done,) = [one for one in imported(exported, tmp_path)[0].ended.values() if one.done]
    assert [one.bce for _, one in done.metrics.items()] == [1.5, 2.5, 3.5, 4.5]
    assert (done.best_epoch, done.seconds, done.node, done.device) == (60, 1.25, "a", "cpu")
    assert (done.attempts, done.finished_at, done.checkpoint) == (2, "2026-01-01", None)
    assert [(row.epoch, row.weight, row.train_bce) for row in done.curve] == [(60, 0.5, 2.0)]


@pytest.mark.parametrize("chunk", [1, 2, 500])
def test_runs_are_recorded_so_many_at_a_time(exported, tmp_path, monkeypatch, chunk):
    monkeypatch.setattr(exchange, "_AT_A_TIME", chunk)
    record, count = imported(exported, tmp_path)
    assert (len(record.ended), count) == (2, 2)


def test_a_newer_export_says_in_which_order_its_genres_go_on(exported):
    file = exported / "study.yaml"
    spec = yaml.safe_load(file.read_text())
    assert exchange._order(exported) == []
    del spec["search"]["order"]
    file.write_text(yaml.safe_dump(spec))
    assert exchange._order(exported) == ["search.order=in_turn"]
    for search in (None, "full"):
        file.write_text(yaml.safe_dump(spec | {"search": search}))
        assert exchange._order(exported) == []


def test_an_export_goes_into_a_new_folder_and_says_its_rows(exported, tmp_path):
    home = Home(tmp_path / "first")
    study = home.open("paper-methods")
    folder = tmp_path / "deep" / "er" / "export"
    record = study.ledger.read(study.name)
    found = load_tables(home.path, study.name)
    for _ in range(2):  # and once more into the same
        assert exchange.export(found, record, folder) == {
            "results.parquet": 2,
            "curves.parquet": 1,
            "decisions.parquet": len(found.decisions),
            "study.yaml": None,
            "genres.json": None,
        }
    facts = (folder / "genres.json").read_text()
    assert json.loads(facts) == record.facts
    assert facts == json.dumps(record.facts, indent=1, sort_keys=True) + "\n"
    assert [path.name for path in folder.parent.iterdir()] == ["export"]


@pytest.mark.parametrize(
    ("table", "column"),
    [("results", "config"), ("results", "seconds"), ("curves", "train_bce"), ("curves", "epoch")],
)
def test_a_table_that_lacks_what_it_always_had_is_refused(exported, tmp_path, table, column):
    rewrite(exported, table, lambda frame: frame.drop(columns=column))
    said = refused(exported, tmp_path)
    assert said.endswith(f"{table}.parquet lacks the column '{column}': export the study again")


def test_what_is_exported_holds_no_password_and_is_marked_as_an_export(exported, tmp_path):
    home = Home(tmp_path / "first")
    record = home.open("paper-methods").ledger.read("paper-methods")
    storage = record.spec.storage.model_copy(
        update={"ledger": "postgresql+psycopg://me:cret@host/db"}
    )
    record.spec = record.spec.model_copy(update={"storage": storage})
    exchange.export(load_tables(home.path, "paper-methods"), record, tmp_path / "out")
    text = (tmp_path / "out" / "study.yaml").read_text()
    assert "postgresql+psycopg://me@host/db" in text
    assert "cret" not in text
    assert "results.parquet" in marks.read(tmp_path / "out", marks.Kind.EXPORT)


def test_an_address_that_only_a_file_names_is_not_asked_and_one_that_the_user_names_is(
    exported, tmp_path
):
    file = exported / "study.yaml"
    spec = yaml.safe_load(file.read_text())
    elsewhere = {"ledger": "postgresql+psycopg://me@127.0.0.1:9/db", "patience_seconds": 1}
    file.write_text(yaml.safe_dump(spec | {"storage": elsewhere}))
    study, _ = exchange.import_study(Home(tmp_path / "second"), exported)
    assert study.ledger.read(study.name).spec.storage.ledger == "sqlite"
    url = f"sqlite:///{tmp_path}/shared.sqlite"
    asked = [f"storage.ledger={url}"]
    study, _ = exchange.import_study(Home(tmp_path / "third"), exported, asked)
    assert study.ledger.database.url == url


def test_of_many_runs_that_were_taken_out_each_is_left_out(exported, tmp_path):
    """Their rows of the curves stand before those of the runs that stayed."""

    def before(frame):
        others = [frame.assign(config_id=config_id) for config_id in ("0" * 12, "1" * 12)]
        return pd.concat([*others, frame], ignore_index=True)

    rewrite(exported, "curves", before)
    (done,) = [one for one in imported(exported, tmp_path)[0].ended.values() if one.done]
    assert [row.epoch for row in done.curve] == [60]
