from __future__ import annotations

import json
import threading
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

import optuna
import pytest

from study import optunastudy
from study.home import Home
from study.record import Ended, SeedRun
from study.results import load_tables
from study.spec import Phase


def ended(bce, failure=None):
    metrics = {"bce": bce, "kl": 2.0, "elbo": -bce - 2.0, "mi_lower": 1.0, "mi_upper": 1.5,
               "active_units": 2, "informative_share": 0.5, "collapsed": False}  # fmt: skip
    whole = dict.fromkeys(("validation", "test", "last_validation", "last_test"), metrics)
    return Ended(failure, 1, {} if failure else whole, [], best_epoch=6, seconds=1.0)


@pytest.fixture
def study(tmp_path, tiny_spec):
    """Three searched configurations of two seeds: both done, one of two failed, one to come."""
    spec = tiny_spec()
    made = Home(tmp_path / "studies").create(spec)
    found = [spec.configuration(cell) for cell in list(spec.space.cells())[:3]]
    made.ledger.set_corpus("tiny", "corpus", {"low": {"baselines": {}}})
    made.ledger.add_configurations("tiny", found)
    results = [(0, 0, ended(10.0)), (0, 1, ended(20.0)), (1, 0, ended(30.0)),
               (1, 1, ended(0.0, "diverged")), (2, 0, ended(5.0))]  # fmt: skip
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


class _Quiet(WSGIRequestHandler):
    def log_message(self, format, *args):  # noqa: A002
        """Say nothing."""


def test_optuna_dashboard_shows_the_trials(tables, tmp_path):
    import optuna_dashboard

    url = f"sqlite:///{tmp_path}/optuna.sqlite"
    optunastudy.export(tables, url)
    server = make_server("127.0.0.1", 0, optuna_dashboard.wsgi(url), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        root = f"http://127.0.0.1:{server.server_port}/api"
        listed = json.load(urllib.request.urlopen(f"{root}/studies", timeout=30))
        found = next(s for s in listed["study_summaries"] if s["study_name"] == "tiny/low")
        detail = json.load(
            urllib.request.urlopen(f"{root}/studies/{found['study_id']}?after=0", timeout=30)
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert [trial.get("values") for trial in detail["trials"]][:2] == [[15.0], [30.0]]
    assert len(detail["trials"]) == 3


def test_a_storage_that_cannot_be_opened_is_named_without_its_password(tables):
    from musebar_core.errors import StudyError

    with pytest.raises(StudyError) as caught:
        optunastudy.export(tables, "postgresql+psycopg://me:se-cret@127.0.0.1:9/db")
    assert "127.0.0.1:9" in str(caught.value)
    assert "cret" not in str(caught.value)
