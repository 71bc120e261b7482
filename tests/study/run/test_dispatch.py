"""What a driver gives its workers, the music that it begins with, and the folders it sweeps."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from musebar_core.errors import StudyError
from study.home import corpora
from study.home.studies import Home
from study.ledger.lease import Lease
from study.run import dispatch
from study.run.attempt import Task
from study.run.driver import Chunk, Driver
from study.run.progress import Reporter
from study.run.sizing import Share
from study.run.stop import Interrupted
from study.spec.sections import Phase


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "studies")


@pytest.fixture
def study(home, tiny_spec, corpus):
    made = home.create(
        tiny_spec(
            corpus__source=str(corpus.path),
            resources__cpus_per_trial="3",
            storage__checkpoint_seconds="7",
        )
    )
    yield made
    made.ledger.close()


class Told(Reporter):
    """Remembers how far the music was."""

    def __init__(self):
        super().__init__()
        self.music = []

    def corpus(self, done, total):
        self.music.append((done, total))


def goes_on():
    return None


def prepared(study, home, reporter=None, check=goes_on, *, share=False):
    stop = SimpleNamespace(check=check)
    dispatch._prepare(study, home, reporter or Told(), stop, share=share)
    return study.ledger.read(study.name)


def test_the_music_of_a_new_study_is_recorded_with_its_methods(study, home, corpus):
    record = prepared(study, home)
    assert corpora.load(record.corpus_path).fingerprint == corpus.fingerprint
    assert record.facts == corpora.facts(record.spec, corpus)
    methods = {c.config_id for c in record.spec.methods.values()}
    assert record.configurations.keys() == methods


def test_music_that_changed_since_the_study_began_is_refused(study, home):
    before = prepared(study, home)
    changed = {g: dict(facts) for g, facts in before.facts.items()}
    changed["low"]["fingerprint"] = "another"
    study.ledger.set_corpus(study.name, before.corpus_path, changed)
    with pytest.raises(StudyError, match="the music of genre 'low' is no longer what study 'tiny'"):
        prepared(study, home)
    gone = before.facts | {"polka": {"fingerprint": "x"}}
    study.ledger.set_corpus(study.name, before.corpus_path, gone)
    with pytest.raises(StudyError, match="the music of genre 'polka' is no longer"):
        prepared(study, home)


def test_a_corpus_that_is_where_it_was_is_not_built_again(study, home, monkeypatch):
    before = prepared(study, home)
    monkeypatch.setattr(corpora, "prepare", None)
    assert prepared(study, home).corpus_path == before.corpus_path


def test_a_corpus_that_is_gone_is_built_again(study, home, corpus):
    before = prepared(study, home)
    study.ledger.set_corpus(study.name, str(home.path / "gone"), before.facts)
    found = prepared(study, home)
    assert corpora.load(found.corpus_path).fingerprint == corpus.fingerprint


@pytest.mark.parametrize("share", [False, True])
def test_a_home_that_several_machines_see_gets_the_corpus(study, home, monkeypatch, share):
    monkeypatch.setattr(corpora, "share", lambda corpus, place: f"shared at {place}")
    path = prepared(study, home, share=share).corpus_path
    assert (path == f"shared at {home.path}") is share


def test_a_study_can_be_stopped_while_its_music_is_read(home, tiny_spec, music):
    study, told = home.create(tiny_spec("fresh")), Told()

    def check():
        if told.music:
            raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        prepared(study, home, told, check)
    assert len(told.music) == 1
    assert study.ledger.read("fresh").corpus_path is None


def test_a_worker_is_given_the_runs_the_music_and_what_the_spec_asks_for(study, home, corpus):
    record = prepared(study, home)
    with Lease(study.ledger, study.name) as lease:
        driver = Driver(study, record, lease, slots=1)
        driver.together = True
        chunk = driver.next_chunk("a")
        first, config = chunk.runs[0], chunk.configurations[0]
        confirm = first._replace(config_id="other", phase=Phase.CONFIRM)
        given = dispatch._assign(driver, "cuda")(Chunk((first, confirm), (config, config)))
    runs = study.folder.resolve() / "runs" / first.genre
    assert first.phase is Phase.SEARCH
    assert given.tasks == (
        Task(first, config, str(runs / first.config_id), keep_model=False),
        Task(confirm, config, str(runs / "other"), keep_model=True),
    )
    assert given.genre == first.genre
    assert given.corpus == record.corpus_path
    assert given.fingerprint == corpus.genre(first.genre).fingerprint
    assert (given.threads, given.device, given.checkpoint_seconds) == (3, "cuda", 7.0)
    assert given.together
    assert given.markov == record.facts[first.genre]["baselines"]["validation"]["markov"]
    assert given.markov != record.facts[first.genre]["baselines"]["test"]["markov"]


@pytest.mark.parametrize(
    ("gpus", "asked", "together"),
    [(0, "", False), (0, "0", False), (0, "1", True), (0.25, "", True), (1, "0", True)],
)
def test_runs_train_together_on_a_gpu_or_where_asked(monkeypatch, gpus, asked, together):
    monkeypatch.setenv(dispatch.TOGETHER, asked)
    assert dispatch.trains_together(Share(2, gpus, 5)) is together


def test_only_what_dead_drivers_left_behind_is_swept(tmp_path, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-S", "-c", "pass"])
    dead.wait()
    monkeypatch.setattr(dispatch.tempfile, "tempdir", str(tmp_path))
    stay = {f"musebar-tune-{os.getpid()}-a", "musebar-tune-none-a", f"other-{dead.pid}-a"}
    for name in (*stay, f"musebar-tune-{dead.pid}-a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    made = dispatch._scratch_folder()
    assert made.is_dir()
    assert made.name.startswith(f"musebar-tune-{os.getpid()}-")
    assert {path.name for path in tmp_path.iterdir()} == stay | {made.name}
