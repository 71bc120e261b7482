from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import optuna
import pytest

from musebar_core.errors import StudyError
from musebar_core.metric_table import Metrics
from study.home.studies import Home
from study.ledger.reading import Runs
from study.ledger.record import SeedRun
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.results import optunastudy
from study.results.tables import load_tables
from study.spec.sections import Phase
from tests.postgres import free_port


def ended(bce, failure=None):
    metrics = {
        "bce": bce,
        "kl": 2.0,
        "elbo": -bce - 2.0,
        "mi_lower": 1.0,
        "mi_upper": 1.5,
        "active_units": 2,
        "informative_share": 0.5,
        "collapsed": False,
    }
    if failure:
        return SeedRunResult(failure=Failure(failure, FailureKind.DIVERGED), seconds=1.0)
    whole = RunMetrics(*[Metrics.from_dict(metrics)] * 4)
    return SeedRunResult(metrics=whole, best_epoch=6, seconds=1.0)


@pytest.fixture
def study(tmp_path, tiny_spec):
    """Three searched configurations of two seeds: both done, one of two failed, one to come."""
    spec = tiny_spec(search__purpose="reconstruction")
    made = Home(tmp_path / "studies").create(spec)
    found = [spec.configuration(cell) for cell in list(spec.space.cells())[:3]]
    made.ledger.set_corpus("tiny", "corpus", {"low": {"baselines": {}}})
    made.ledger.add_configurations("tiny", found)
    results = [
        (0, 0, ended(10.0)),
        (0, 1, ended(20.0)),
        (1, 0, ended(30.0)),
        (1, 1, ended(0.0, "diverged")),
        (2, 0, ended(5.0)),
    ]
    for index, seed, what in results:
        run = SeedRun("low", found[index].config_id, seed, Phase.SEARCH)
        made.ledger.end("tiny", run, what)
    return made


@pytest.fixture
def tables(study, tmp_path):
    return load_tables(tmp_path / "studies", "tiny")


def trials(url):
    return optuna.load_study(study_name="tiny/low", storage=url).trials


def test_a_trial_is_the_mean_of_its_seeds_and_says_how_many(tables, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.sqlite"
    assert optunastudy.export(tables, url) == {"tiny/low": 3}
    whole, half, going = trials(url)
    assert (whole.state.name, whole.value) == ("COMPLETE", 15.0)
    assert whole.intermediate_values == {0: 10.0, 1: 20.0}
    assert (half.value, half.user_attrs["seeds_failed"]) == (30.0, 1)
    assert (going.state.name, going.user_attrs["seeds_done"]) == ("RUNNING", 1)
    assert {t.params["latent_length"] for t in (whole, half, going)} <= {2, 4, 8}


def test_exporting_twice_writes_nothing_twice(tables, study, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.sqlite"
    for _ in range(2):
        optunastudy.export(tables, url)
    assert len(trials(url)) == 3
    config_id = trials(url)[2].user_attrs["config_id"]
    study.ledger.end("tiny", SeedRun("low", config_id, 1, Phase.SEARCH), ended(7.0))
    optunastudy.export(load_tables(tmp_path / "studies", "tiny"), url)
    assert [trial.value for trial in trials(url)] == [15.0, 30.0, 6.0]


@pytest.fixture
def dashboard(study, musebar):
    """The address of optuna-dashboard, started as its users do on the study's own database."""
    exported = musebar("study", "export", "tiny", "--optuna")
    assert exported.returncode == 0, exported.stderr
    assert "tiny/low: 3 trials" in exported.stdout
    command = Path(sys.executable).with_name("optuna-dashboard")
    port = free_port()
    with subprocess.Popen(
        [command, study.ledger.database.url, "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        root, deadline = f"http://127.0.0.1:{port}", time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{root}/dashboard/", timeout=5).close()
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
            else:
                break
        yield root
        process.terminate()


def ask(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def test_optuna_dashboard_shows_the_trials(dashboard):
    listed = ask(f"{dashboard}/api/studies")["study_summaries"]
    assert [s["study_name"] for s in listed] == ["tiny/low"]
    detail = ask(f"{dashboard}/api/studies/{listed[0]['study_id']}?after=0")
    trials = detail["trials"]
    assert [t["state"] for t in trials] == ["Complete", "Complete", "Running"]
    assert [t.get("values") for t in trials] == [[15.0], [30.0], None]
    assert [v["value"] for v in trials[0]["intermediate_values"]] == [10.0, 20.0]
    assert {p["name"] for p in trials[0]["params"]} >= {"latent_length", "input_dropout"}
    assert [d.lower() for d in detail["directions"]] == ["minimize"]


def test_the_studys_own_database_holds_both_and_the_ledger_stays_as_it_was(study, tables):
    before = study.ledger.read("tiny", runs=Runs.WITH_CURVES)
    for _ in range(2):
        assert optunastudy.export(tables, study.ledger.database.url) == {"tiny/low": 3}
    assert study.ledger.read("tiny", runs=Runs.WITH_CURVES) == before
    optuna.delete_study(study_name="tiny/low", storage=study.ledger.database.url)
    assert study.ledger.read("tiny", runs=Runs.WITH_CURVES) == before


def test_a_storage_that_cannot_be_opened_is_named_without_its_password(tables):
    with pytest.raises(StudyError) as caught:
        optunastudy.export(tables, "postgresql+psycopg://me:se-cret@127.0.0.1:9/db")
    assert "127.0.0.1:9" in str(caught.value)
    assert "cret" not in str(caught.value)
