"""The served report: the same pages, renewed as results come, for this machine alone."""

import http.client
import threading
from dataclasses import replace
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest

from musebar_core.checkpoint import Identity, save
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.state import start
from musebar_core.training import fit
from reports.output.serve import Live, LiveSite, serve
from study.ledger import live
from study.results.inflight import in_flight, in_flight_mark


class Growing:
    """A study whose tables and mark a test changes."""

    def __init__(self, study):
        self.study = study

    def tables(self):
        return self.study.tables()

    def mark(self):
        return str(len(self.study.rows))


@pytest.fixture
def growing(make_study, make_config):
    study = make_study(confirm=2, state="running")
    study.add(make_config(8), [560.0], planned=2)
    return Growing(study)


@pytest.fixture
def address(growing):
    """Where a growing study is served; it looks for news ten times a second."""
    site = LiveSite(Live(growing.tables, growing.mark))
    ready, found = threading.Event(), []

    def said(url):
        found.append(url)
        ready.set()

    threading.Thread(target=serve, args=(site, 0, 0.1, said), daemon=True).start()
    assert ready.wait(60)
    return found[0]


def test_nothing_is_written_anew_until_the_study_changes(growing, make_config):
    site = LiveSite(Live(growing.tables, growing.mark))
    before = site.file("index.html")
    assert not site.renew()
    assert site.file("index.html") is before
    growing.study.add(make_config(16), [561.0, 562.0])
    assert site.renew()
    assert site.version == "3"
    assert site.file("index.html") != before


def test_a_running_study_is_served_and_renewed(address, growing, make_config):
    assert b"Not finished" in urlopen(address, timeout=60).read()
    assert urlopen(f"{address}version", timeout=60).read() == b"1"
    growing.study.add(make_config(16), [561.0, 562.0])
    for _ in range(600):
        if urlopen(f"{address}version", timeout=60).read() == b"3":
            break
        threading.Event().wait(0.1)
    assert b"use this" in urlopen(address, timeout=60).read()
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{address}../study.yaml", timeout=60)


def test_a_page_of_another_site_cannot_read_it_by_its_own_name(address):
    with pytest.raises(HTTPError, match="403"):
        urlopen(Request(address, headers={"Host": "evil.example"}), timeout=60)


def test_it_listens_on_the_loopback_alone(address):
    assert urlsplit(address).hostname == "127.0.0.1"
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", "/musebar.css")
    assert connection.getresponse().getheader("Content-Type") == "text/css; charset=utf-8"


@pytest.fixture
def begun(corpus, tmp_path):
    """A study's folder with a run on its way: its third evaluation is not saved yet."""
    training = TrainingConfig(epochs=6, evaluate_every=2, batch=4, evaluation_snippets=8)
    config = Configuration(Grid(1, 4, 16), ModelConfig(8, 1, 4, 2), training=training)
    view = corpus.genre("low")
    state = start(config, view, 1000)
    rows = fit(config, view, 1000, state)
    next(rows)
    next(rows)
    file = tmp_path / "runs" / "low" / config.config_id / "1000" / "state.safetensors"
    save(file, Identity(config, "low", view.fingerprint, str(corpus.path), 1000), state)
    return tmp_path, config


def test_runs_on_their_way_are_served_with_their_curves_and_a_log(begun, make_study, make_config):
    folder, config = begun
    study = make_study(confirm=2, genres=("low",), state="running")
    study.add(make_config(8), [560.0], genre="low", failed=1)
    site = LiveSite(Live(study.tables, lambda: "1", lambda tables: in_flight(tables, folder)))
    page = site.file("running.html").decode()
    assert config.config_id in page
    assert '<td class="number" data-value="4">4</td>' in page
    first = site.file("index.html").decode()
    assert '<a href="running.html"' in first
    assert '<a href="log.txt"' in first
    log = site.file("log.txt").decode()
    assert "study demo: running, 2 seed runs have ended" in log
    assert "seed 1000  confirmation: informative, validation BCE 560.0, 36 s" in log
    assert "failed, 36 s, loss is NaN" in log


def test_what_is_saved_between_two_results_renews_the_page_of_the_runs_alone(begun, make_study):
    folder, _ = begun
    tables = make_study(genres=("low",), state="running").tables()
    marks = ["1"]
    site = LiveSite(
        Live(lambda: tables, lambda: "1", lambda t: in_flight(t, folder), lambda: marks[-1])
    )
    index, running = site.file("index.html"), site.file("running.html")
    marks.append("2")
    assert site.renew()
    assert site.file("index.html") is index
    assert site.file("running.html") is not running
    assert site.version == "1"
    assert site.running_version == "1 2"
    assert b'fetch("/version-running"' in running


def test_a_run_that_has_ended_is_no_longer_on_its_way(begun, make_study):
    folder, config = begun
    study = make_study(genres=("low",), state="running")
    assert [one.epoch for one in in_flight(study.tables(), folder)] == [4]
    study.add(config, [560.0], genre="low")
    assert in_flight(study.tables(), folder) == ()


def test_a_checkpoint_that_is_saved_anew_is_news_and_a_broken_one_is_left_out(begun, make_study):
    folder, config = begun
    before = in_flight_mark(folder)
    file = folder / "runs" / "low" / config.config_id / "1000" / "state.safetensors"
    file.write_bytes(b"cut")
    assert in_flight_mark(folder) != before
    assert in_flight(make_study(genres=("low",)).tables(), folder) == ()


def test_an_evaluation_that_no_checkpoint_holds_yet_is_seen_on_the_live_curve(begun, make_study):
    folder, config = begun
    tables = make_study(genres=("low",), state="running").tables()
    (saved,) = in_flight(tables, folder)
    assert [row.epoch for row in saved.evaluations] == [2, 4]
    before = in_flight_mark(folder)
    further = replace(saved.evaluations[-1], epoch=6)
    file = folder / "runs" / "low" / config.config_id / "1000" / live.LIVE_FILE
    live.write(file, [*saved.evaluations, further])
    assert in_flight_mark(folder) != before
    assert [one.epoch for one in in_flight(tables, folder)] == [6]
