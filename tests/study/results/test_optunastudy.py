from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

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


def test_a_trial_of_which_every_seed_failed_has_failed(study, tables, tmp_path):
    config_id = tables.results.config_id.iloc[0]
    other = next(i for i in study.ledger.read("tiny").configurations if i != config_id)
    for seed in (0, 1):
        run = SeedRun("high", other, seed, Phase.SEARCH)
        study.ledger.end("tiny", run, ended(0.0, "diverged"))
    facts = {genre: {"baselines": {}} for genre in ("low", "high")}
    study.ledger.set_corpus("tiny", "corpus", facts)
    url = f"sqlite:///{tmp_path}/optuna.sqlite"
    found = optunastudy.export(load_tables(tmp_path / "studies", "tiny"), url)
    assert found == {"tiny/high": 1, "tiny/low": 3}
    (failed,) = optuna.load_study(study_name="tiny/high", storage=url).trials
    assert (failed.state.name, failed.user_attrs["seeds_failed"]) == ("FAIL", 2)
    assert failed.user_attrs["seeds_done"] == 0


def test_what_a_trial_was_is_told_beside_its_value(tables, tmp_path):
    url = f"sqlite:///{tmp_path}/optuna.sqlite"
    optunastudy.export(tables, url)
    made = optuna.load_study(study_name="tiny/low", storage=url)
    assert made.user_attrs["state"] == str(tables.state)
    assert [d.name for d in made.directions] == ["MINIMIZE"]
    assert made.metric_names == ["validation_bce"]
    rows = tables.results.drop_duplicates("config_id").set_index("config_id")
    for trial in made.trials:
        row = rows.loc[trial.user_attrs["config_id"]]
        assert trial.params["latent_length"] == row.latent_length
        assert trial.user_attrs["phase"] == "search"
        assert trial.user_attrs["method"] is None
        assert trial.user_attrs["seeds_collapsed"] == 0
    assert "hidden" not in made.trials[0].params  # the same in all of them


@pytest.fixture
def representation(tmp_path, tiny_spec):
    """One configuration of a search for codes, whose NLL was measured or was not."""

    def make(*nlls):
        spec = tiny_spec(search__purpose="representation")
        made = Home(tmp_path / "codes").create(spec)
        found = spec.configuration(next(iter(spec.space.cells())))
        made.ledger.set_corpus("tiny", "corpus", {"low": {"baselines": {}}})
        made.ledger.add_configurations("tiny", [found])
        for seed, nll in enumerate(nlls):
            one = ended(10.0 + seed).metrics.validation._replace(nll=nll)
            run = SeedRun("low", found.config_id, seed, Phase.SEARCH)
            made.ledger.end("tiny", run, SeedRunResult(metrics=RunMetrics(*[one] * 4)))
        url = f"sqlite:///{tmp_path}/optuna.sqlite"
        optunastudy.export(load_tables(tmp_path / "codes", "tiny"), url)
        return optuna.load_study(study_name="tiny/low", storage=url)

    return make


def test_a_search_for_codes_has_a_value_a_metric_each_better_its_own_way(representation):
    made = representation(10.0, 12.0)
    assert made.metric_names == ["validation_mi_lower", "validation_nll"]
    assert [d.name for d in made.directions] == ["MAXIMIZE", "MINIMIZE"]
    (trial,) = made.trials
    assert (trial.values, trial.intermediate_values) == ([1.0, 11.0], {})


@pytest.mark.parametrize("nlls", [(None, None), (11.0, None)])
def test_the_elbo_stands_in_for_an_nll_that_was_not_measured_everywhere(representation, nlls):
    made = representation(*nlls)
    assert made.metric_names == ["validation_mi_lower", "validation_elbo"]
    assert [d.name for d in made.directions] == ["MAXIMIZE", "MAXIMIZE"]
    assert made.trials[0].values == [1.0, -12.5]


def test_a_trial_without_the_metric_that_was_asked_for_has_no_value(study, tmp_path):
    """As of an export of an older version, whose every seed lacks it."""
    (config_id,) = {
        run.config_id
        for run, one in study.ledger.read("tiny").ended.items()
        if one.metrics.validation and one.metrics.validation.bce == 5.0
    }
    without = ended(0.0).metrics.validation._replace(bce=None)
    run = SeedRun("low", config_id, 1, Phase.SEARCH)
    study.ledger.end("tiny", run, SeedRunResult(metrics=RunMetrics(*[without] * 4)))
    url = f"sqlite:///{tmp_path}/optuna.sqlite"
    optunastudy.export(load_tables(tmp_path / "studies", "tiny"), url)
    found = next(t for t in trials(url) if t.user_attrs["config_id"] == config_id)
    assert (found.state.name, found.value) == ("COMPLETE", 5.0)
    assert found.intermediate_values == {0: 5.0}


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


def test_what_varies_in_a_genre_is_a_number_in_its_range_or_a_word_of_its_words(tables):
    rows = tables.results.assign(
        hidden=[16, 8, 16, 32, 8],
        learning_rate=[0.1, 0.2, 0.1, 0.05, 0.1],
        output_bias=[True, False, True, True, True],
        pooling=["mean", "last", "mean", "max", "last"],
        regularizers=2,
        annealing_length=[0.5, 0.5, 0.25, 0.5, None],
    )
    found = optunastudy._distributions(rows)
    assert found["hidden"] == IntDistribution(8, 32)
    assert found["learning_rate"] == FloatDistribution(0.05, 0.2)
    assert found["output_bias"] == CategoricalDistribution((False, True))
    assert found["pooling"] == CategoricalDistribution(("last", "max", "mean"))
    assert found["annealing_length"] == FloatDistribution(0.25, 0.5)
    assert found["regularizers"] == IntDistribution(2, 2)  # of these two there is always a range
    assert not found.keys() & {"epochs", "batch", "layers"}


def test_trials_stand_in_the_order_in_which_their_first_seed_ended(tables, tmp_path):
    rows = tables.results
    ids = sorted(set(rows.config_id))
    at = {ids[0]: ["2026-03", "2026-01"], ids[1]: ["2026-02", "2026-04"], ids[2]: ["2025-12"]}
    times = {config_id: iter(found) for config_id, found in at.items()}
    counts = rows.config_id.value_counts()
    by_size = sorted(ids, key=lambda config_id: -counts[config_id])
    times = {own: times[other] for own, other in zip(by_size, ids, strict=True)}
    dated = rows.assign(finished_at=[next(times[config_id]) for config_id in rows.config_id])
    found = optunastudy._trials(dated, ["bce"], tables)
    order = [by_size[2], by_size[0], by_size[1]]
    assert [trial.user_attrs["config_id"] for trial in found] == order


def test_seeds_that_collapsed_are_counted_and_a_method_is_named(tables):
    rows = tables.results.assign(validation_collapsed=True, method="musebar")
    whole = optunastudy._trials(rows, ["bce"], tables)[0]
    assert (whole.user_attrs["seeds_collapsed"], whole.user_attrs["method"]) == (2, "musebar")
    assert whole.user_attrs["phase"] == "search"
    confirmed = optunastudy._trials(rows.assign(phase="confirm"), ["bce"], tables)[0]
    assert confirmed.state.name == "RUNNING"  # of three seeds


def test_a_storage_whose_driver_is_missing_is_told_in_a_line(tables, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", None)
    for url, said in (("mysql+pymysql://h/d", "DB access module"), ("no url", "no database URL")):
        with pytest.raises(StudyError, match=f"^the Optuna storage .* failed: .*{said}") as caught:
            optunastudy.export(tables, url)
        assert "\n" not in str(caught.value)


def test_optuna_says_nothing_of_its_own(tables, tmp_path, capfd):
    optunastudy.export(tables, f"sqlite:///{tmp_path}/optuna.sqlite")
    assert capfd.readouterr() == ("", "")
