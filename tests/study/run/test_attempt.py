"""One attempt at a seed run: what it leaves in its folder, and what its result says."""

from __future__ import annotations

import fcntl
import importlib.metadata
import platform
import socket
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from musebar_core import checkpoint, training
from musebar_core.errors import CorpusError
from musebar_core.states import Standing
from study.ledger import live
from study.ledger.record import MODEL_FILE, STATE_FILE
from study.ledger.result import FailureKind
from study.run import attempt as module
from study.run.attempt import Attempt
from tests.study.run.oneseed import assignment_of, run_seed


@pytest.fixture
def assignment(configuration, corpus, tmp_path):
    def make(**changes):
        (tmp_path / "study").mkdir(exist_ok=True)
        folder = tmp_path / "study" / "runs" / "low" / "c"
        changes = {"config": configuration(), "checkpoint_seconds": 1000.0} | changes
        return assignment_of(corpus, changes.pop("config"), folder, seeds=(5,), **changes)

    return make


def first_of(assignment):
    """An attempt at the first of its runs."""
    return Attempt(assignment, assignment.tasks[0])


@pytest.fixture
def folder(tmp_path):
    """The run's."""
    return tmp_path / "study" / "runs" / "low" / "c" / "5"


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize(("keep", "left"), [(True, [".lock", MODEL_FILE]), (False, [".lock"])])
def test_a_run_that_is_done_leaves_its_weights_where_they_are_wanted(
    assignment, folder, keep, left
):
    ended = run_seed(assignment(keep_model=keep), 5)
    assert ended.failure is None
    assert names(folder) == left


def test_a_result_says_what_was_trained_where_and_with_what(assignment):
    ended = run_seed(assignment(threads=1), 5)
    assert [row.epoch for row in ended.curve] == [4, 8, 12]
    assert ended.best_epoch in {4, 8, 12}
    assert (ended.node, ended.device) == (socket.gethostname(), "cpu")
    assert (ended.resumed_at, ended.attempts, ended.checkpoint) == (0, 1, None)
    assert ended.seconds > 0
    assert ended.versions == {
        "musebar-study": importlib.metadata.version("musebar-study"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "threads": "1",
    }
    assert ended.metrics.last_validation.bce == ended.curve[-1].validation.bce
    best = next(row for row in ended.curve if row.epoch == ended.best_epoch)
    assert ended.metrics.validation.bce == pytest.approx(best.validation.bce)
    assert ended.metrics.test.bce != ended.metrics.validation.bce


def test_an_attempt_has_no_result_before_its_end(assignment):
    attempt = first_of(assignment())
    assert not attempt.ended
    with pytest.raises(RuntimeError, match=r"seed=5, .*is still being trained"):
        _ = attempt.result
    attempt.fail(ZeroDivisionError("by 0"))
    assert attempt.ended
    assert (attempt.result.failure.kind, attempt.result.device) == (FailureKind.ERROR, "cpu")
    assert 0 < attempt.result.seconds < 60


def test_a_run_computes_with_as_many_threads_as_it_was_given(assignment):
    before = torch.get_num_threads()
    try:
        attempt = first_of(assignment(threads=before + 1))
        attempt.start()
        assert torch.get_num_threads() == before + 1
        attempt.fail(ZeroDivisionError("by 0"))
        assert attempt.result.versions["threads"] == str(before + 1)
    finally:
        torch.set_num_threads(before)


def is_locked(folder):
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_from_its_start_to_its_end_an_attempt_holds_its_runs_folder(assignment, folder):
    attempt = first_of(assignment())
    run = attempt.start()
    assert run.seed == 5
    assert is_locked(folder)
    assert live.read(folder / live.LIVE_FILE) == ()
    attempt.fail(ZeroDivisionError("by 0"))
    assert not is_locked(folder)


def trained_to(assignment, epochs, **changes):
    """An attempt that has got so far, its evaluations told."""
    given = assignment(**changes)
    attempt = first_of(given)
    run = attempt.start()
    for row in training.fit(run.config, given.music(), run.seed, run.state):
        assert attempt.evaluated() is (row.epoch < 12)
        if row.epoch == epochs:
            break
    return attempt


@pytest.mark.parametrize(
    ("seconds", "saved"), [(0.0, True), (9.9, True), (10.0, True), (10.1, False)]
)
def test_a_checkpoint_is_saved_where_the_last_is_so_long_ago(
    assignment, folder, monkeypatch, seconds, saved
):
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], perf_counter=lambda: now[0])
    monkeypatch.setattr(module, "time", clock)
    attempt = first_of(assignment(checkpoint_seconds=seconds))
    attempt.start()
    now[0] += 10.0
    assert attempt.evaluated()
    assert (folder / STATE_FILE).exists() is saved
    if saved and seconds:
        (folder / STATE_FILE).unlink()
        now[0] += seconds - 0.1  # counted from the one before
        attempt.evaluated()
        assert not (folder / STATE_FILE).exists()
    attempt.fail(ZeroDivisionError("by 0"))


def test_evaluations_are_told_as_they_come_and_a_resumed_run_tells_those_before(assignment, folder):
    attempt = trained_to(assignment, 8, checkpoint_seconds=0.0)
    told = live.read(folder / live.LIVE_FILE)
    assert [row.epoch for row in told] == [4, 8]
    attempt.fail(ZeroDivisionError("by 0"))
    live.write(folder / live.LIVE_FILE, told[-1:])  # of what its checkpoint does not have
    again = first_of(assignment())
    assert again.start().state.epoch == 8
    assert live.read(folder / live.LIVE_FILE) == told
    again.fail(ZeroDivisionError("by 0"))
    assert run_seed(assignment(), 5).resumed_at == 8


def test_a_run_that_was_trained_before_is_only_measured(assignment, folder):
    trained_to(assignment, 8, checkpoint_seconds=0.0).fail(ZeroDivisionError("by 0"))
    whole = trained_to(assignment, 12, checkpoint_seconds=0.0)
    assert whole.ended
    again = first_of(assignment())
    assert again.start() is None
    assert (again.result.resumed_at, again.result.metrics) == (12, whole.result.metrics)


def test_a_checkpoint_that_cannot_be_gone_on_from_is_put_aside(assignment, folder):
    folder.mkdir(parents=True)
    (folder / STATE_FILE).write_bytes(b"half")
    ended = run_seed(assignment(), 5)
    assert (ended.failure, ended.resumed_at) == (None, 0)
    aside = (folder / STATE_FILE).with_suffix(".unusable")
    assert aside.read_bytes() == b"half"


def test_other_music_and_no_music_are_bad_data(assignment, tmp_path):
    with pytest.raises(CorpusError, match="not the music that the study began with"):
        assignment(fingerprint="other").music()
    for changes in ({"fingerprint": "other"}, {"corpus": str(tmp_path / "nowhere")}):
        assert run_seed(assignment(**changes), 5).failure.kind is FailureKind.BAD_DATA


def test_the_folder_of_a_study_that_was_taken_away_is_not_made_anew(assignment, folder, tmp_path):
    given = assignment()
    (tmp_path / "study").rmdir()
    failure = run_seed(given, 5).failure
    assert failure.kind is FailureKind.INPUT_OUTPUT
    assert f"No such file or directory: '{tmp_path / 'study'}'" in failure.message
    assert not (tmp_path / "study").exists()


def test_a_study_that_is_taken_away_under_a_run_fails_it_at_its_checkpoint(
    assignment, folder, tmp_path
):
    attempt = first_of(assignment(checkpoint_seconds=0.0))
    attempt.start()
    (tmp_path / "study").rename(tmp_path / "moved")
    assert not attempt.evaluated()
    assert attempt.result.failure.kind is FailureKind.INPUT_OUTPUT
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("markov", [None, 1e6])
def test_weights_say_what_they_are_worth_beside_the_musics_markov_chain(assignment, folder, markov):
    ended = run_seed(assignment(markov=markov), 5)
    kept = checkpoint.load(folder / MODEL_FILE)
    assert kept.standing == Standing.of(ended.metrics.validation, markov)
    assert kept.standing.markov == markov


def test_a_checkpoint_is_of_its_seed_configuration_and_music(assignment, folder, corpus):
    trained_to(assignment, 8, checkpoint_seconds=0.0).fail(ZeroDivisionError("by 0"))
    given = assignment()
    identity = checkpoint.Identity(
        given.tasks[0].config, "low", given.fingerprint, str(corpus.path), 5
    )
    assert checkpoint.resume(folder / STATE_FILE, identity).epoch == 8
