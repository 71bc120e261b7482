from __future__ import annotations

import contextlib
import dataclasses
import math
import sys
import time
from concurrent.futures import Future

import pytest

from musebar_core import checkpoint
from musebar_core.corpus import Corpus
from musebar_core.errors import StudyError
from musebar_core.metric_table import Metrics
from study.home import corpora
from study.home.studies import Home
from study.ledger.lease import Lease
from study.ledger.record import MODEL_FILE, STATE_FILE, SeedRun
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.run.aside import Aside
from study.run.driver import Driver
from study.spec.sections import Phase
from tests.study.run.oneseed import assignment_of, run_seed


@pytest.fixture
def driver_of(tmp_path, tiny_spec, corpus):
    """Drives a tiny search on two slots, its spec changed as asked."""
    with contextlib.ExitStack() as held:

        def make(**changes):
            asked = {"resources__slots": "2", "seeds": "{search: 3, confirm: 3}"} | changes
            spec = tiny_spec(corpus__source=str(corpus.path), **asked)
            study = Home(tmp_path / "studies").create(spec)
            study.ledger.set_corpus("tiny", str(corpus.path), corpora.facts(spec, corpus))
            study.ledger.add_configurations("tiny", spec.methods.values())
            lease = held.enter_context(Lease(study.ledger, "tiny"))
            return Driver(study, study.ledger.read("tiny"), lease, slots=2)

        yield make


@pytest.fixture
def driver(driver_of):
    return driver_of()


def done(**more):
    validation = Metrics.from_dict({"bce": 1.0, "elbo": -1.0, "mi_lower": 1.0, "collapsed": False})
    return SeedRunResult(metrics=RunMetrics(validation), **more)


def failed(message, kind):
    return SeedRunResult(failure=Failure(message, kind))


DIED = Failure("the worker process died", FailureKind.WORKER_DIED)
LOST = Failure("the node it ran on was lost", FailureKind.NODE_LOST)


def test_no_more_is_handed_out_than_there_are_slots(driver):
    first, second = driver.next_chunk("a"), driver.next_chunk("b")
    assert first.runs != second.runs
    assert driver.next_chunk("c") is None
    driver.trial_ended("a")
    assert driver.next_chunk("c") is not None


def test_a_result_is_in_the_ledger_before_the_next_run_is_planned(driver):
    run = driver.next_chunk("a").runs[0]
    driver.result("a", run, done())
    assert driver.study.ledger.read("tiny").ended[run].metrics.validation.bce == 1.0


def test_a_worker_that_dies_costs_an_attempt_and_the_run_comes_again(driver):
    for attempt in (1, 2):
        run = driver.next_chunk("a").runs[0]
        driver.trial_ended("a", DIED)
        assert driver.study.ledger.read("tiny").failed_attempts == {run: attempt}
    assert driver.next_chunk("a").runs[0] == run
    driver.trial_ended("a", DIED)
    ended = driver.study.ledger.read("tiny").ended[run]
    assert (ended.attempts, ended.failure) == (3, DIED)
    assert driver.next_chunk("a").runs[0] != run


def test_an_engine_that_loses_all_costs_each_run_in_flight_an_attempt(driver):
    first, second = driver.next_chunk("a").runs[0], driver.next_chunk("b").runs[0]
    driver.all_lost(DIED)
    assert driver.busy == 0
    assert driver.study.ledger.read("tiny").failed_attempts == {first: 1, second: 1}
    assert driver.next_chunk("c").runs[0] == first


def test_a_node_that_is_lost_costs_its_runs_no_attempt(driver):
    for _ in range(5):
        run = driver.next_chunk("a").runs[0]
        driver.trial_ended("a", LOST)
    record = driver.study.ledger.read("tiny")
    assert (record.failed_attempts, record.ended) == ({}, {})
    assert driver.next_chunk("a").runs[0] == run


def test_a_chunk_of_seeds_that_breaks_off_keeps_what_it_had_done(driver):
    """Only the run in which the worker died counts as failed; the rest come again untouched."""
    driver.seeds_per_trial = 3
    first, second, third = driver.next_chunk("a").runs
    driver.result("a", first, done())
    driver.trial_ended("a", DIED)
    record = driver.study.ledger.read("tiny")
    assert list(record.ended) == [first]
    assert record.failed_attempts == {second: 1}
    driver.slots = 12
    again = [driver.next_chunk(str(trial)).runs for trial in range(8)]
    assert (second, third) in again
    assert first not in {run for runs in again for run in runs}


def test_what_went_on_from_a_checkpoint_is_logged_with_its_epoch(driver, caplog):
    first, second = driver.next_chunk("a").runs[0], driver.next_chunk("b").runs[0]
    with caplog.at_level("INFO", logger="study.run.driver"):
        driver.result("a", first, done())
        driver.result("b", second, done(resumed_at=40))
    (message,) = caplog.messages
    assert message == f"{'/'.join(map(str, second))}: went on from its checkpoint at epoch 40"


def test_a_failure_that_would_come_again_is_not_tried_again(driver):
    run = driver.next_chunk("a").runs[0]
    driver.result("a", run, failed("the loss is no number", FailureKind.DIVERGED))
    assert driver.study.ledger.read("tiny").ended[run].attempts == 1


def test_a_chunk_holds_seeds_of_one_configuration(driver_of):
    """Where they train in turn, whatever could train as one program with them."""
    driver = driver_of(model__pooling="last", seeds="{search: 2, confirm: 3}")
    driver.seeds_per_trial = 10
    chunk = driver.next_chunk("a")
    assert [run.seed for run in chunk.runs] == [0, 1]
    assert len({(r.genre, r.config_id, r.phase) for r in chunk.runs}) == 1


def test_where_runs_train_as_one_program_each_free_slot_gets_its_share(driver_of):
    driver = driver_of(model__pooling="last")  # that of the methods, which fill stacks, too
    driver.slots, driver.seeds_per_trial, driver.together = 4, 100, True
    driver._propose_due()
    waiting = driver.planner.left
    chunks = [driver.next_chunk(trial) for trial in "abcd"]
    taken = [run for chunk in chunks for run in chunk.runs]
    assert len(taken) == len(set(taken))
    assert waiting == 36
    assert [len(chunk.runs) for chunk in chunks] == [9, 9, 9, 6]  # the rest is another genre's
    for chunk in chunks:
        assert len({run.genre for run in chunk.runs}) == 1
        assert len({run.config_id for run in chunk.runs}) > 1
        assert [c.config_id for c in chunk.configurations] == [run.config_id for run in chunk.runs]


def test_runs_under_way_and_those_that_wait_to_be_recorded_are_no_ones_share(driver_of):
    driver = driver_of(model__pooling="last", seeds="{search: 1, confirm: 1}")
    driver.slots, driver.seeds_per_trial, driver.together = 3, 100, True
    driver._propose_due()
    waiting, sizes = driver.planner.left, []
    driver.group_seconds, driver._written = 60.0, time.monotonic()
    for trial in "abc":
        chunk = driver.next_chunk(trial)
        sizes.append(len(chunk.runs))
        driver.result(trial, chunk.runs[0], done())
    third = math.ceil(waiting / 3)
    assert sizes == [third, math.ceil((waiting - third) / 2), waiting - sizes[0] - sizes[1]]


def test_a_worker_that_dies_of_several_configurations_costs_one_run_an_attempt(driver_of):
    """It comes again by itself, the others as one program once more."""
    driver = driver_of(model__pooling="last")
    driver.slots, driver.seeds_per_trial, driver.together = 1, 5, True
    first, *others = driver.next_chunk("a").runs
    assert len({run.config_id for run in (first, *others)}) == 2
    driver.trial_ended("a", DIED)
    assert driver.record.failed_attempts == {first: 1}
    driver.slots = 2
    assert driver.next_chunk("b").runs == (first,)
    assert set(driver.next_chunk("c").runs) >= set(others)


def test_slots_at_launch_settle_a_generation_left_open_and_the_study_keeps_it(
    tmp_path, tiny_spec, corpus
):
    home, spec = (
        Home(tmp_path / "studies"),
        tiny_spec(search__generation="null", search__configurations="30"),
    )
    study = home.create(spec)
    study.ledger.set_corpus("tiny", str(corpus.path), corpora.facts(spec, corpus))
    study.ledger.add_configurations("tiny", spec.methods.values())
    with Lease(study.ledger, "tiny") as lease:
        driver = Driver(study, study.ledger.read("tiny"), lease)
        assert not driver.finished
        driver.settle(64)  # two genres, two seeds, two generations at a time: eight runs each
        assert len(driver.next_chunk("a").runs) == 1
    with Lease(study.ledger, "tiny") as lease:
        driver = Driver(study, study.ledger.read("tiny"), lease)
        driver.settle(2)
    kept = home.create(spec).ledger.read("tiny")
    assert (kept.spec.search.generation, kept.spec.search.order) == (8, "side_by_side")
    assert [len(generation) for generation in kept.generations.values()] == [8, 8]


@pytest.fixture
def assignment(tmp_path, configuration, corpus):
    def make(checkpoint_seconds=20.0, **training):
        return assignment_of(
            corpus,
            configuration(**training),
            tmp_path / "runs",
            checkpoint_seconds=checkpoint_seconds,
        )

    return make


def test_a_seed_run_reports_metrics_and_keeps_its_weights(assignment, tmp_path):
    ended = run_seed(assignment(), 5)
    assert ended.failure is None
    assert None not in dataclasses.astuple(ended.metrics)
    assert [row.epoch for row in ended.curve] == [4, 8, 12]
    assert (tmp_path / "runs" / "5" / MODEL_FILE).is_file()


def test_a_seed_run_that_diverges_says_so_and_is_not_worth_another_try(assignment):
    ended = run_seed(assignment(learning_rate=1e12, epochs=40), 0)
    assert "no longer a finite number" in ended.failure.message
    assert (ended.failure.kind, ended.failure.repeats) == (FailureKind.DIVERGED, True)


def test_whatever_goes_wrong_is_a_result(assignment, tmp_path):
    ended = run_seed(dataclasses.replace(assignment(), corpus=str(tmp_path / "gone")), 0)
    assert "gone" in ended.failure.message
    assert (ended.failure.kind, ended.failure.repeats) == (FailureKind.BAD_DATA, False)


def test_a_module_that_is_missing_is_the_installations_fault_and_no_configurations(
    assignment, monkeypatch
):
    monkeypatch.setitem(sys.modules, "musebar_core.state", None)
    ended = run_seed(assignment(), 0)
    assert "musebar_core.state" in ended.failure.message
    assert ended.failure.kind is FailureKind.INSTALLATION
    assert (ended.failure.retriable, ended.failure.repeats) == (True, False)


def test_a_folder_that_cannot_be_written_is_told_as_what_it_is(assignment, tmp_path):
    (tmp_path / "runs").write_text("a file stands where the folder should be")
    ended = run_seed(assignment(), 0)
    assert ended.failure.kind is FailureKind.INPUT_OUTPUT
    assert str(tmp_path / "runs") in ended.failure.message


def test_a_run_taken_up_from_its_checkpoint_equals_an_unbroken_one(
    assignment, tmp_path, monkeypatch
):
    unbroken = run_seed(assignment(), 1)
    assert not (tmp_path / "runs" / "1" / STATE_FILE).exists()
    monkeypatch.setattr(checkpoint, "save_weights", interrupt_once())
    assert "interrupted" in run_seed(assignment(checkpoint_seconds=0.0), 1).failure.message
    assert (tmp_path / "runs" / "1" / STATE_FILE).is_file()
    resumed = run_seed(assignment(), 1)
    assert (unbroken.resumed_at, resumed.resumed_at) == (0, 12)
    assert resumed.metrics == unbroken.metrics


def interrupt_once():
    save, calls = checkpoint.save_weights, []

    def wrapper(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("interrupted")
        save(*arguments)

    return wrapper


def test_a_damaged_checkpoint_is_put_aside_and_the_run_starts_afresh(assignment, tmp_path):
    clean = run_seed(assignment(), 1)
    state = tmp_path / "runs" / "1" / STATE_FILE
    state.write_bytes(b"garbage")
    assert run_seed(assignment(), 1).metrics == clean.metrics
    assert state.with_suffix(".unusable").exists()


def test_facts_tell_songs_snippets_and_baselines_of_every_genre(tiny_spec, corpus):
    facts = corpora.facts(tiny_spec(corpus__include_overall="true"), Corpus.load(corpus.path))
    assert set(facts) == {"low", "high", "overall"}
    low = facts["low"]
    assert low["train_songs"] + low["validation_songs"] + low["test_songs"] == 15
    assert set(low["baselines"]["test"]) == {"pitch_frequencies", "markov", "repeat_last"}
    assert facts["overall"]["train_songs"] == 2 * low["train_songs"]


def test_the_name_of_a_seed_run_is_its_key():
    assert SeedRun("low", "a", 0, Phase.SEARCH) != SeedRun("low", "a", 0, Phase.CONFIRM)


def test_a_run_on_other_music_than_the_study_began_with_fails(assignment):
    ended = run_seed(dataclasses.replace(assignment(), fingerprint="other"), 0)
    assert "not the music that the study began with" in ended.failure.message
    assert ended.failure.kind is FailureKind.BAD_DATA


def test_changed_music_is_built_somewhere_else(tmp_path, tiny_spec):
    from tests.conftest import write_song

    for song in range(6):
        write_song(tmp_path / "music" / "low" / f"{song}.mid", song)
    spec = tiny_spec(corpus__source=str(tmp_path / "music"))
    first = corpora.prepare(spec, tmp_path / "corpora")
    assert corpora.prepare(spec, tmp_path / "corpora").path == first.path
    write_song(tmp_path / "music" / "low" / "more.mid", 99)
    second = corpora.prepare(spec, tmp_path / "corpora")
    assert second.path != first.path
    assert Corpus.load(first.path).fingerprint == first.fingerprint != second.fingerprint


def test_the_labels_of_the_spec_decide_the_genres_and_the_place(tmp_path, tiny_spec):
    from musebar_core.errors import UnknownNameError, UsageError
    from tests.conftest import write_song

    lines = []
    for song in range(8):
        track = f"TRAAA{chr(65 + song)}A128F9318780"
        write_song(tmp_path / "lmd" / "A" / "A" / "A" / track / "one.mid", song)
        lines.append(f"{track}\t{'Jazz' if song < 4 else 'Rock'}")
    labels = tmp_path / "a.cls"
    labels.write_text("\n".join(lines))
    source = {"corpus__source": str(tmp_path / "lmd"), "corpus__labels": str(labels)}
    corpora.check(tiny_spec(**source))
    first = corpora.prepare(tiny_spec(**source), tmp_path / "corpora")
    assert first.genres == ("jazz", "rock")
    labels.write_text("\n".join(lines[:4]))
    second = corpora.prepare(tiny_spec(**source), tmp_path / "corpora")
    assert (second.path == first.path, second.genres) == (False, ("jazz",))
    with pytest.raises(UnknownNameError, match="unknown genre 'rock'"):
        corpora.check(tiny_spec(**source, corpus__genres="[rock]"))
    with pytest.raises(UsageError, match="has its genres already"):
        corpora.check(tiny_spec(corpus__source=str(first.path), corpus__labels=str(labels)))


def test_repeats_as_written_are_another_corpus_and_a_built_one_must_have_them(
    tmp_path, tiny_spec, corpus
):
    from musebar_core.errors import UsageError
    from tests.conftest import write_song

    for song in range(6):
        write_song(tmp_path / "music" / "low" / f"{song}.mid", song)
    music = str(tmp_path / "music")
    played = corpora.prepare(tiny_spec(corpus__source=music), tmp_path / "corpora")
    spec = tiny_spec(corpus__source=music, corpus__repeats="written")
    written = corpora.prepare(spec, tmp_path / "corpora")
    assert written.path != played.path
    assert written.info["repeats"] == "written"
    corpora.check(tiny_spec(corpus__source=str(written.path), corpus__repeats="written"))
    with pytest.raises(UsageError, match="built with repeats played: build it again"):
        corpora.check(tiny_spec(corpus__source=str(corpus.path), corpus__repeats="written"))


def test_a_built_corpus_of_another_grid_is_refused_before_work(tiny_spec, corpus):
    from musebar_core.errors import ConfigurationError, UsageError

    grid = "{steps_per_quarter: 4, steps_per_bar: 4, snippet_steps: 16}"
    with pytest.raises(ConfigurationError, match="steps a quarter"):
        corpora.check(tiny_spec(**{"corpus__source": str(corpus.path), "corpus.grid": grid}))
    with pytest.raises(UsageError, match="include_overall=false"):
        corpora.check(
            tiny_spec(
                corpus__source=str(corpus.path),
                corpus__genres="[low]",
                corpus__include_overall="true",
            )
        )


def test_results_that_come_fast_are_recorded_together_and_count_only_then(driver):
    driver.group_seconds, driver.slots = 60.0, 4
    first, second, third = (driver.next_chunk(trial).runs[0] for trial in "abc")
    recorded = driver.study.ledger.read
    driver.result("a", first, done())
    assert set(recorded("tiny").ended) == {first}
    for trial, run in (("b", second), ("c", third)):
        driver.result(trial, run, done())
        driver.trial_ended(trial)
    assert set(recorded("tiny").ended) == set(driver.record.ended) == {first}
    again = driver.next_chunk("d").runs[0]
    assert again not in {first, second, third}
    driver.record_group()
    assert set(recorded("tiny").ended) == {first, second, third}


def test_a_group_that_holds_all_that_is_wanted_waits_for_no_more(driver):
    driver.group_seconds = 60.0
    while chunk := driver.next_chunk("a"):
        driver.result("a", chunk.runs[0], done())
        driver.trial_ended("a")
    assert driver.finished
    assert set(driver.study.ledger.read("tiny").ended) == set(driver.planner.wanted)


def test_a_group_takes_no_more_than_a_dispatch_can_wait_for(driver, monkeypatch):
    monkeypatch.setattr("study.run.driver.GROUP_MOST", 2)
    driver.group_seconds, counts = 60.0, []
    for trial in "abcde":
        run = driver.next_chunk(trial).runs[0]
        driver.result(trial, run, done())
        driver.trial_ended(trial)
        counts.append(len(driver.study.ledger.read("tiny").ended))
    assert counts == [1, 1, 3, 3, 5]


def test_a_folder_that_was_taken_away_ends_the_driver(driver, tmp_path):
    run = driver.next_chunk("a").runs[0]
    driver.study.folder.rename(tmp_path / "elsewhere")
    with pytest.raises(StudyError, match="deleted or renamed"):
        driver._expect_folder()
    with pytest.raises(StudyError, match="deleted or"):
        driver.result("a", run, done())


def test_while_proposals_are_computed_what_needs_none_goes_on(tmp_path, tiny_spec, corpus):
    spec = tiny_spec(corpus__source=str(corpus.path))
    study = Home(tmp_path / "studies").create(spec)
    study.ledger.set_corpus("tiny", str(corpus.path), corpora.facts(spec, corpus))
    study.ledger.add_configurations("tiny", spec.methods.values())
    given = []

    def later(work):
        given.append((work, Future()))
        return given[-1][1]

    with Lease(study.ledger, "tiny") as lease:
        driver = Driver(study, study.ledger.read("tiny"), lease, slots=9, submit=later)
        assert driver.next_chunk("a").runs[0].phase is Phase.METHODS
        assert driver.next_chunk("b").runs[0].phase is Phase.METHODS
        assert len(given) == 1  # the leading genre's first generation, asked for once
        work, future = given[0]
        future.set_result(work())
        assert driver.next_chunk("c").runs[0].phase is Phase.SEARCH
        given[1][1].set_exception(StudyError("no more"))
        with pytest.raises(StudyError, match="no more"):
            driver.next_chunk("d")


def test_work_aside_is_done_in_order_and_its_errors_come_back():
    aside, done = Aside(), []
    first, second = aside(lambda: done.append(1)), aside(lambda: 1 // len(done[5:]))
    with pytest.raises(ZeroDivisionError):
        second.result(20)
    assert first.result(20) is None
    assert done == [1]
