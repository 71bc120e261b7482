"""The command line with the real engine: every test here starts Ray in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time

import pandas as pd
import pytest

from tests.conftest import PATIENCE, musebar_command, write_lot

pytestmark = pytest.mark.studies

KEY = ["genre", "config_id", "seed", "phase"]


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two genres of tones drawn by lot, on which the tiniest run is trained."""
    folder = tmp_path_factory.mktemp("lots")
    for genre, lowest in (("low", 36), ("high", 60)):
        for song in range(15):
            write_lot(folder / genre / f"{song:02}.mid", song + lowest, 96, lowest)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory, music):
    """A home with one finished tiny study of ten confirmation seeds, over two genres."""
    folder = tmp_path_factory.mktemp("finished")
    done = run_in(folder, *launch(music, seeds="{search: 2, confirm: 10}"))
    assert done.returncode == 0, done.stderr
    return folder


def launch(music, **changes):
    from tests.conftest import TINY

    values = {"corpus.source": str(music)} | TINY | changes
    sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    return ["study", "launch", "search", "--name", "tiny", *sets]


def environment(folder):
    return os.environ | {"COLUMNS": "120", "MUSEBAR_HOME": str(folder / "studies")}


def run_in(folder, *arguments):
    return subprocess.run(
        [*musebar_command(), *map(str, arguments)],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def export(folder, out):
    done = run_in(folder, "study", "export", "tiny", "--out", out)
    assert done.returncode == 0, done.stderr
    return pd.read_parquet(out / "results.parquet"), pd.read_parquet(out / "curves.parquet")


def measured(results):
    """The table without what depends on when and how fast it ran."""
    left_out = ["seconds", "finished_at", "attempts"]
    return results.drop(columns=left_out).sort_values(KEY).reset_index(drop=True)


def test_every_seed_run_is_exported_once_with_the_specs_seeds(finished, tmp_path):
    results, curves = export(finished, tmp_path)
    assert not results.duplicated(KEY).any()
    assert set(results.state) <= {"collapsed", "informative"}
    for (_, phase, _), rows in results.groupby(["genre", "phase", "config_id"]):
        if phase == "confirm":  # a finalist may be dropped at a rung
            assert sorted(rows.seed) in [list(range(1000, 1000 + n)) for n in (6, 8, 10)]
        else:
            seeds = range(2) if phase == "search" else range(1000, 1010)
            assert sorted(rows.seed) == list(seeds)
    per_genre = results.groupby(["genre", "phase"]).config_id.nunique()
    assert per_genre["low"].to_dict() == {"confirm": 2, "methods": 4, "search": 4}
    assert set(curves.epoch) == {3, 6}
    assert len(curves) == 2 * len(results)


def test_python_loads_the_study_whose_table_the_command_exports(finished, tmp_path):
    import musebar

    results, _ = export(finished, tmp_path)
    study = musebar.load(finished / "studies", "tiny")
    assert (study.name, study.state, study.genres) == ("tiny", "finished", ("high", "low"))
    pd.testing.assert_frame_equal(study.results, results)
    assert musebar.load(finished / "studies").name == "tiny"


def test_the_recommendations_means_are_those_of_the_table(finished, tmp_path):
    results, _ = export(finished, tmp_path)
    done = run_in(finished, "recommend", "low", "--study", "tiny", "--format", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {"genre", "config", "evidence", "alternatives", "study"} <= set(answer)
    rows = results[
        (results.genre == "low")
        & (results.config_id == answer["config_id"])
        & (results.phase == answer["evidence"]["phase"])
    ]
    for split in ("validation", "test"):
        for metric in ("bce", "kl", "mi_lower", "mi_upper"):
            figures = answer["evidence"][split][metric]
            assert figures["mean"] == pytest.approx(rows[f"{split}_{metric}"].mean())
            assert figures["n_seeds"] == len(rows) == 10
            assert figures["interval"][0] <= figures["mean"] <= figures["interval"][1]


def test_status_and_list_count_what_the_table_holds(finished, tmp_path):
    results, _ = export(finished, tmp_path)
    status = json.loads(run_in(finished, "study", "status", "tiny", "--json").stdout)
    assert (status["study"], status["state"]) == ("tiny", "finished")
    for genre, counts in status["genres"].items():
        rows = results[results.genre == genre]
        assert counts["planned"] == counts["done"] == len(rows)
        assert counts["collapsed"] == rows.validation_collapsed.sum()
        assert counts["failed"] == 0
    assert json.loads(run_in(finished, "study", "list", "--json").stdout) == [status]


def test_status_tells_why_a_configuration_came_as_far_as_it_did(finished, tmp_path):
    results, _ = export(finished, tmp_path)
    decisions = pd.read_parquet(tmp_path / "decisions.parquet")
    assert set(decisions.config_id) == set(results[results.phase == "search"].config_id)
    low = decisions[decisions.genre == "low"]
    promoted = low[low.decision == "promoted"].config_id
    confirmed = results[(results.genre == "low") & (results.phase == "confirm")]
    assert set(promoted) == set(confirmed.config_id)
    assert set(low[low.stage == "race"].seeds) == {6, 8}
    config_id = promoted.iloc[0]
    text = run_in(finished, "study", "status", "tiny", "--why", config_id[:8]).stdout
    assert config_id in text
    assert "promoted: place" in text
    assert "race, 6 seeds" in text
    told = json.loads(
        run_in(finished, "study", "status", "tiny", "--json", "--why", config_id).stdout
    )
    rows = [d for d in told["decisions"] if d["genre"] == "low" and d["stage"] != "choice"]
    assert [d["reason"] for d in rows] == list(low[low.config_id == config_id].reason)
    assert any(d["stage"] == "choice" for d in told["decisions"])
    unknown = run_in(finished, "study", "status", "tiny", "--why", config_id[:-2] + "zz")
    assert (unknown.returncode, f"did you mean '{config_id}'" in unknown.stderr) == (2, True)


def test_the_report_of_a_real_study_says_ten_seeds(finished):
    done = run_in(finished, "report", "build", "tiny")
    assert done.returncode == 0, done.stderr
    index = done.stdout.strip().splitlines()[-1]
    assert index.endswith("index.html")
    page = (finished / "studies" / "tiny" / "report" / "genre-low.html").read_text()
    assert "10 seeds" in page
    assert "MuseBar" in page


def test_resuming_or_launching_a_finished_study_runs_nothing(finished, music):
    done = run_in(finished, "study", "resume", "tiny")
    assert (done.returncode, "is finished" in done.stdout) == (0, True)
    again = run_in(finished, *launch(music, seeds="{search: 2, confirm: 10}"))
    assert again.returncode == 0, again.stderr
    other = run_in(finished, *launch(music, seeds="{search: 2, confirm: 9}"))
    assert other.returncode == 2
    assert "seeds.confirm was 10 and is now 9" in other.stderr


def test_a_recommendation_is_trained_evaluated_and_sampled(finished, tmp_path):
    best = tmp_path / "best.yaml"
    best.write_text(run_in(finished, "recommend", "low", "--format", "yaml").stdout)
    trained = run_in(tmp_path, "train", "--config", best, "--seed", "1", "--threads", "1")
    assert trained.returncode == 0, trained.stderr
    checkpoint = tmp_path / trained.stdout.strip().splitlines()[-1]
    measured_again = run_in(tmp_path, "evaluate", checkpoint)
    assert measured_again.returncode == 0, measured_again.stderr
    figures = [line.split("bce")[1] for line in trained.stdout.splitlines() if "bce" in line]
    assert [line.split("bce")[1] for line in measured_again.stdout.splitlines()] == figures
    for command in ("sample", "interpolate"):
        made = run_in(tmp_path, command, checkpoint, "--out", tmp_path / "x" / f"{command}.mid")
        assert made.returncode == 0, made.stderr
        refused = run_in(tmp_path, command, checkpoint, "--out", best)
        assert (refused.returncode, "is no MIDI file" in refused.stderr) == (2, True)
        assert (tmp_path / "x" / f"{command}.mid").read_bytes()[:4] == b"MThd"


def test_the_weights_a_study_kept_measure_as_its_table_says(finished, tmp_path):
    results, _ = export(finished, tmp_path)
    row = results[(results.phase == "confirm") & (results.genre == "low")].iloc[0]
    checkpoint = finished / "studies" / "tiny" / row.checkpoint
    done = run_in(finished, "evaluate", checkpoint, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["test"]["bce"] == pytest.approx(row.test_bce, rel=1e-6)


LONG = {
    "training": "{profile: strong, epochs: 400, batch: 4, evaluate_every: 100, "
    "evaluation_snippets: 16}"
}
"""Runs of a second each, so that a study is still going when a test gets at it."""


def start(folder, *arguments):
    return subprocess.Popen(
        [*musebar_command(), *map(str, arguments)],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_runs(folder, count, process):
    """Wait until the ledger holds so many ended seed runs."""
    from study.home.studies import Home

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        home = Home(folder / "studies")
        if "tiny" in home.names():
            record = home.open("tiny").ledger.read("tiny")
            if len(record.ended) >= count:
                return
        time.sleep(0.1)
    pytest.fail(f"the study did not get that far: {process.communicate()[1]}")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, music):
    folder = tmp_path_factory.mktemp("undisturbed")
    done = run_in(folder, *launch(music))
    assert done.returncode == 0, done.stderr
    return export(folder, folder / "out")


def test_a_killed_driver_is_resumed_to_the_table_of_an_undisturbed_study(
    tmp_path, music, undisturbed
):
    for killed_at in (5, 20):
        arguments = launch(music) if killed_at == 5 else ("study", "resume", "tiny")
        process = start(tmp_path, *arguments)
        wait_for_runs(tmp_path, killed_at, process)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        status = json.loads(run_in(tmp_path, "study", "status", "tiny", "--json").stdout)
        assert status["state"] == "interrupted"
    done = run_in(tmp_path, "study", "resume", "tiny")
    assert done.returncode == 0, done.stderr
    results, curves = export(tmp_path, tmp_path / "out")
    pd.testing.assert_frame_equal(
        measured(results).drop(columns="study"), measured(undisturbed[0]).drop(columns="study")
    )
    keys = [*KEY, "epoch"]
    pd.testing.assert_frame_equal(
        curves.sort_values(keys, ignore_index=True),
        undisturbed[1].sort_values(keys, ignore_index=True),
    )


def test_one_slot_gives_the_table_of_two(tmp_path, music, undisturbed):
    done = run_in(tmp_path, *launch(music, **{"resources.slots": "1"}))
    assert done.returncode == 0, done.stderr
    stages = r"imports and checks, .* music, .* Ray's start, .* workers' start, .* seed runs"
    assert re.search(rf"\d s: .*{stages}.*; .* training took \d+% of 1 slot\n", done.stderr)
    results, _ = export(tmp_path, tmp_path / "out")
    pd.testing.assert_frame_equal(measured(results), measured(undisturbed[0]))


@pytest.mark.parametrize("runs", [0, 3])
def test_a_closed_terminal_ends_no_study(tmp_path, music, undisturbed, runs):
    """Nor one that is recorded, and whose engine has not been imported yet."""
    process = start(tmp_path, *launch(music))
    wait_for_runs(tmp_path, runs, process)
    process.stderr.close()
    os.killpg(process.pid, signal.SIGHUP)  # as a terminal does: Ray's processes hear it too
    assert process.wait(timeout=PATIENCE) == 0
    results, _ = export(tmp_path, tmp_path / "out")
    pd.testing.assert_frame_equal(measured(results), measured(undisturbed[0]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_or_a_scheduler_stops_a_study_cleanly(tmp_path, music, number):
    process = start(tmp_path, *launch(music, **LONG))
    wait_for_runs(tmp_path, 3, process)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: Ray's processes hear it too
    else:
        process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "study resume tiny" in errors
    assert "Traceback" not in errors
    status = json.loads(run_in(tmp_path, "study", "status", "tiny", "--json").stdout)
    assert status["state"] == "stopped"


def test_a_study_is_stopped_from_another_shell_and_a_second_driver_refused(tmp_path, music):
    process = start(tmp_path, *launch(music, **LONG))
    wait_for_runs(tmp_path, 3, process)
    second = run_in(tmp_path, "study", "resume", "tiny")
    assert second.returncode == 1
    assert f"process {process.pid}" in second.stderr
    asked = run_in(tmp_path, "study", "stop", "tiny")
    assert asked.returncode == 0, asked.stderr
    process.communicate(timeout=60)
    assert process.returncode == 130
    watched = run_in(tmp_path, "study", "watch", "tiny")
    assert "tiny: stopped" in watched.stdout


def test_an_export_comes_back_in_another_home_and_resume_has_nothing_left_to_do(finished, tmp_path):
    results, curves = export(finished, tmp_path / "first")
    (tmp_path / "other").mkdir()
    came = run_in(tmp_path / "other", "study", "import", tmp_path / "first", "--name", "guest")
    assert came.returncode == 0, came.stderr
    assert f"{len(results)} seed runs" in came.stdout
    resumed = run_in(tmp_path / "other", "study", "resume", "guest")
    assert resumed.returncode == 0, resumed.stderr
    out = tmp_path / "second"
    assert run_in(tmp_path / "other", "study", "export", "guest", "--out", out).returncode == 0
    again = pd.read_parquet(out / "results.parquet")
    left_out = ["study", "checkpoint"]
    pd.testing.assert_frame_equal(again.drop(columns=left_out), results.drop(columns=left_out))
    left_out = ["study"]
    evaluated = pd.read_parquet(out / "curves.parquet")
    pd.testing.assert_frame_equal(evaluated.drop(columns=left_out), curves.drop(columns=left_out))


def test_an_imported_part_of_a_study_is_completed_to_the_same_table(finished, tmp_path):
    results, curves = export(finished, tmp_path / "part")
    results[results.phase == "search"].to_parquet(tmp_path / "part" / "results.parquet")
    (tmp_path / "other").mkdir()
    assert run_in(tmp_path / "other", "study", "import", tmp_path / "part").returncode == 0
    resumed = run_in(tmp_path / "other", "study", "resume", "tiny")
    assert resumed.returncode == 0, resumed.stderr
    again, evaluated = export(tmp_path / "other", tmp_path / "whole")
    left_out = ["checkpoint"]
    pd.testing.assert_frame_equal(
        measured(again).drop(columns=left_out), measured(results).drop(columns=left_out)
    )
    pd.testing.assert_frame_equal(evaluated, curves)


def test_a_study_of_which_nothing_succeeded_fails_and_says_why(tmp_path, music):
    grid = {
        "search.protocol": "grid",
        "search.methods": "false",
        "search.choices": "{learning_rate: [1.0e+30]}",
        "search.fixed": "{latent_length: 2, free_bits: 0, annealing: linear, "
        "annealing_length: 0.5, input_dropout: 0, regularizers: 1}",
        "seeds": "{search: 2, confirm: 2}",
        "corpus.genres": "[low]",
    }
    for arguments in (launch(music, **grid), ("study", "resume", "tiny")):
        done = run_in(tmp_path, *arguments)
        assert done.returncode == 1
        (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
        assert "none of its 2 seed runs succeeded" in line
        assert "no longer a finite number" in line
    status = json.loads(run_in(tmp_path, "study", "status", "tiny", "--json").stdout)
    assert (status["state"], status["genres"]["low"]["failed"]) == ("finished", 2)
