"""What a driver writes down of each run, what it hands out next, and what it leaves behind."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from types import SimpleNamespace

import pytest

from musebar_core.errors import StudyError
from musebar_core.metric_table import EpochMetrics, Metrics
from study.home.files import to_path
from study.home.studies import Home
from study.ledger.lease import Lease
from study.ledger.live import LIVE_FILE
from study.ledger.reading import Runs
from study.ledger.record import MODEL_FILE, STATE_FILE, SeedRun
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.run import driver as driving
from study.run.driver import Driver
from study.spec.sections import GenreOrder, Phase

VALIDATION = Metrics.from_dict(
    {"bce": 1.0, "kl": 1.0, "elbo": -2.0, "mi_lower": 1.0, "collapsed": False}
)
TEST = VALIDATION._replace(bce=3.0)
DIED = Failure("the worker process died", FailureKind.WORKER_DIED)


def done(**more):
    return SeedRunResult(metrics=RunMetrics(VALIDATION, TEST), **more)


@pytest.fixture
def driven(tmp_path, tiny_spec):
    """Drives a study of one genre, by default a search of one configuration without methods."""
    opened = []

    def make(methods="false", slots=9, genres=("low",), **changes):
        asked = {
            "search__configurations": "1",
            "search__generation": "1",
            "search__finalists": "1",
            "search__sampler": "random",
            "search__methods": methods,
            "search__choices": "{latent_length: [2]}",
            "seeds": "{search: 1, confirm: 2}",
        }
        spec = tiny_spec(**(asked | changes))
        study = Home(tmp_path / "studies").create(spec)
        study.ledger.set_corpus("tiny", None, {genre: {} for genre in genres})
        study.ledger.add_configurations("tiny", spec.methods.values())
        lease = Lease(study.ledger, "tiny")
        opened.append((lease, study))
        return Driver(study, study.ledger.read("tiny"), lease.__enter__(), slots=slots)

    yield make
    for lease, study in opened:
        lease.__exit__(None, None, None)
        study.ledger.close()


def recorded(driver):
    return driver.study.ledger.read("tiny", runs=Runs.WITH_CURVES)


def test_weights_are_kept_of_runs_that_a_choice_can_fall_on(driven):
    driver = driven()
    searched = driver.next_chunk("a").runs[0]
    driver.result("a", searched, done())
    driver.trial_ended("a")
    first, second = (driver.next_chunk(trial).runs[0] for trial in "bc")
    driver.result("b", first, done())
    driver.result("c", second, SeedRunResult(Failure("loss", FailureKind.DIVERGED)))
    ended = recorded(driver).ended
    assert (searched.phase, first.phase) == (Phase.SEARCH, Phase.CONFIRM)
    assert ended[searched].checkpoint is None
    assert ended[first].checkpoint == (f"runs/low/{first.config_id}/1000/{MODEL_FILE}")
    assert (ended[second].checkpoint, ended[second].attempts) == (None, 1)
    assert driver.folder(first) == f"runs/low/{first.config_id}"
    assert [Driver.keeps_models(phase) for phase in Phase] == [True, False, True]


def test_a_run_is_written_with_its_attempts_and_the_moment_at_which_it_ended(driven, monkeypatch):
    monkeypatch.setattr(driving, "now", lambda: "2026-01-01T00:00:00+00:00")
    driver = driven()
    for _ in range(2):
        run = driver.next_chunk("a").runs[0]
        driver.result("a", run, SeedRunResult(DIED))
        driver.trial_ended("a")
    driver.next_chunk("a")
    driver.result("a", run, done(seconds=4.0))
    ended = recorded(driver).ended[run]
    assert (ended.attempts, ended.seconds) == (3, 4.0)
    assert ended.finished_at == "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("most", "kind", "again"),
    [
        (1, FailureKind.WORKER_DIED, False),
        (2, FailureKind.WORKER_DIED, True),
        (2, FailureKind.DIVERGED, False),
        (2, FailureKind.ERROR, True),
    ],
)
def test_a_failed_run_is_tried_again_while_attempts_are_left_and_it_may_end_otherwise(
    driven, caplog, most, kind, again
):
    driver = driven(resources__max_attempts=str(most))
    run = driver.next_chunk("a").runs[0]
    driver.result("a", run, SeedRunResult(Failure("it said", kind)))
    assert (run in driver.record.ended) is not again
    assert recorded(driver).failed_attempts == ({run: 1} if again else {})
    assert caplog.messages == [f"low/{run.config_id}/0/search: attempt 1 failed: it said"]
    driver.trial_ended("a")
    if again:
        assert driver.next_chunk("b").runs == (run,)


def test_a_full_disk_ends_the_driver_and_nothing_is_held_against_the_run(driven):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    with pytest.raises(StudyError, match="no space: make room, then resume; nothing done is lost"):
        driver.result("a", run, SeedRunResult(Failure("no space", FailureKind.DISK_FULL)))
    assert (recorded(driver).ended, recorded(driver).failed_attempts) == ({}, {})


@pytest.mark.parametrize(("trial", "further"), [("z", 0), ("a", 7)])
def test_a_result_that_nobody_asked_for_is_nobodys(driven, trial, further):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    driver.result(trial, run._replace(seed=run.seed + further), done())
    driver.trial_ended("z", DIED)
    assert (recorded(driver).ended, recorded(driver).failed_attempts) == ({}, {})
    assert driver.busy == 1


def test_a_worker_that_dies_when_all_is_reported_costs_nothing(driven):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    driver.result("a", run, done())
    driver.trial_ended("a", DIED)
    assert driver.busy == 0
    assert recorded(driver).failed_attempts == {}
    assert set(recorded(driver).ended) == {run}


def test_a_lost_node_is_told_of_with_the_run_that_was_on_it(driven, caplog):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    driver.trial_ended("a", Failure("the node was lost", FailureKind.NODE_LOST))
    assert caplog.messages == [
        f"low/{run.config_id}/0/search: the node was lost; it will run again"
    ]
    assert driver.next_chunk("b").runs == (run,)


def test_what_an_unfinished_run_alone_needs_goes_when_it_has_ended(driven):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    folder = driver.study.folder / driver.folder(run) / str(run.seed)
    folder.mkdir(parents=True)
    for name in (STATE_FILE, LIVE_FILE, ".lock", MODEL_FILE):
        (folder / name).touch()
    driver.result("a", run, done())
    assert [each.name for each in folder.iterdir()] == [MODEL_FILE]


def test_a_leftover_that_cannot_be_removed_holds_nothing_up(driven, monkeypatch):
    def refuse(path):
        raise PermissionError(f"{path} is another's")

    driver = driven()
    run = driver.next_chunk("a").runs[0]
    monkeypatch.setattr(driving.files, "remove", refuse)
    driver.result("a", run, done())
    assert set(recorded(driver).ended) == {run}


def test_of_a_folder_at_a_url_nobody_asks_whether_it_is_there(driven):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    driver.study = dataclasses.replace(driver.study, folder=to_path("memory://nowhere/tiny"))
    driver.result("a", run, done())
    assert set(recorded(driver).ended) == {run}


def test_all_generations_that_need_no_result_are_proposed_before_the_first_run(driven):
    driver = driven(search__configurations="3", search__choices="{latent_length: [2, 4, 8]}")
    driver.next_chunk("a")
    assert list(driver.record.generations) == [("low", 0), ("low", 1)]


def test_the_driver_keeps_what_plans_need_and_the_ledger_has_it_all(driven):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    curve = (EpochMetrics(3, 1.0, 1.0, 0.0, VALIDATION),)
    driver.result("a", run, done(curve=curve, versions={"musebar": "1"}))
    kept, whole = driver.record.ended[run], recorded(driver).ended[run]
    assert kept.metrics == RunMetrics(validation=VALIDATION)
    assert (kept.curve, kept.versions) == (None, None)
    assert whole.metrics.test.bce == 3.0
    assert len(whole.curve) == 1
    assert whole.versions == {"musebar": "1"}


@pytest.mark.parametrize(("seconds", "count"), [(9.5, 1), (10.0, 2)])
def test_results_that_wait_are_recorded_when_their_time_is_over(
    driven, monkeypatch, seconds, count
):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(driving, "time", SimpleNamespace(monotonic=lambda: clock.now))
    driver = driven(methods="true")
    driver.group_seconds = 10.0
    first, second = (driver.next_chunk(trial).runs[0] for trial in "ab")
    driver.result("a", first, done())
    driver.result("b", second, done())
    assert set(recorded(driver).ended) == {first}
    clock.now += seconds
    driver.tick()
    assert len(recorded(driver).ended) == count
    driver.tick()  # nothing waits, or not for long


def test_where_only_what_waits_can_tell_what_is_next_it_is_recorded(driven):
    driver = driven(methods="true", slots=12)
    driver.group_seconds, flying = 60.0, {}
    for trial in "abcdefg":
        flying[trial] = driver.next_chunk(trial).runs[0]
    (searched,) = (trial for trial, run in flying.items() if run.phase is Phase.SEARCH)
    first = next(trial for trial in flying if trial != searched)
    for trial in (first, searched):
        driver.result(trial, flying[trial], done())
        driver.trial_ended(trial)
    assert set(recorded(driver).ended) == {flying[first]}
    while (chunk := driver.next_chunk("+".join(flying))).runs[0].phase is Phase.METHODS:
        flying["+".join(flying)] = chunk.runs[0]
        assert set(recorded(driver).ended) == {flying[first]}  # others can go on
    assert len(flying) == 1 + 2 * 4  # the search, and four methods on two seeds
    assert chunk.runs[0].phase is Phase.CONFIRM
    assert set(recorded(driver).ended) == {flying[first], flying[searched]}


def test_what_waits_and_is_to_be_proposed_from_is_recorded_and_proposed_from_at_once(driven):
    driver = driven(
        genres=("low", "high"),
        search__configurations="3",
        search__choices="{latent_length: [2, 4, 8]}",
        search__transfer="false",
    )
    driver.group_seconds = 60.0
    high, low, *_ = (driver.next_chunk(trial).runs[0] for trial in "abcd")
    assert driver.next_chunk("e") is None  # a third generation asks for the end of the first
    for trial, run in (("a", high), ("b", low)):
        driver.result(trial, run, done())
        driver.trial_ended(trial)
    assert driver.next_chunk("e").runs[0].genre == "high"
    assert set(recorded(driver).ended) == {high}
    assert driver.next_chunk("f").runs[0].genre == "low"
    assert set(recorded(driver).ended) == {high, low}


def test_no_chunk_is_handed_out_beyond_the_slots(driven):
    driver = driven(methods="true", slots=2)
    assert driver.next_chunk("a") is not None
    assert driver.next_chunk("b") is not None
    assert (driver.busy, driver.next_chunk("c")) == (2, None)
    driver.slots = 3
    assert driver.next_chunk("c") is not None


def test_no_chunk_is_handed_out_when_all_runs_are_under_way(driven):
    driver = driven()
    assert driver.next_chunk("a") is not None
    assert driver.next_chunk("b") is None
    assert driver.busy == 1
    assert not driver.finished


def test_a_driver_whose_study_is_anothers_by_now_writes_nothing(driven):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    driver.lease.check = lost
    with pytest.raises(StudyError, match="another"):
        driver.result("a", run, done())
    driver._group = {run: done()}
    with pytest.raises(StudyError, match="another"):
        driver.record_group()
    assert recorded(driver).ended == {}
    driver.record.spec = driver.record.spec.model_copy(
        update={"search": driver.record.spec.search.model_copy(update={"generation": None})}
    )
    driver.record.generations.clear()
    with pytest.raises(StudyError, match="another"):
        driver.settle(3)
    assert recorded(driver).spec.search.generation == 1


def lost():
    raise StudyError("the study is another driver's by now")


@pytest.mark.parametrize(
    ("changes", "generation", "order"),
    [
        ({}, 8, GenreOrder.SIDE_BY_SIDE),
        ({"search__order": "in_turn"}, 8, GenreOrder.IN_TURN),
        ({"search__generation": "3"}, 3, None),
        ({"search__protocol": "grid"}, None, None),
    ],
)
def test_slots_settle_what_a_search_leaves_open(driven, changes, generation, order):
    open_ones = {
        "search__generation": "null",
        "search__configurations": "30",
        "seeds": "{search: 2, confirm: 2}",
    }
    driver = driven(genres=("low", "high"), **(open_ones | changes))
    driver.settle(64)  # two genres, two seeds, two generations at a time
    assert driver.slots == 64
    for spec in (driver.record.spec, recorded(driver).spec):
        assert (spec.search.generation, spec.search.order) == (generation, order)
    assert driver.planner.record is driver.record


@pytest.mark.parametrize(("together", "generation"), [(False, 10), (True, 13)])
def test_a_generation_fills_what_runs_at_a_time(driven, together, generation):
    """Of 60 configurations, two seeds each and two generations at a time, on 5 slots of 10 runs."""
    driver = driven(
        search__generation="null", search__configurations="60", seeds="{search: 2, confirm: 2}"
    )
    driver.seeds_per_trial, driver.together = 10, together
    driver.settle(5)
    assert driver.record.spec.search.generation == generation


def test_a_search_that_has_begun_is_not_settled_anew(driven):
    driver = driven()
    driver.next_chunk("a")
    spec = driver.record.spec
    driver.record.spec = spec.model_copy(
        update={"search": spec.search.model_copy(update={"generation": None})}
    )
    driver.settle(64)
    assert driver.record.spec.search.generation is None


def test_proposals_are_recorded_with_their_configurations_before_they_run(driven):
    driver = driven()
    chunk = driver.next_chunk("a")
    (run,) = chunk.runs
    kept = recorded(driver)
    assert [p.config_id for p in kept.generations["low", 0]] == [run.config_id]
    assert driver.record.generations == kept.generations
    assert kept.configurations[run.config_id] == chunk.configurations[0]
    assert chunk.configurations[0].model.latent_length == 2
    assert run == SeedRun("low", chunk.configurations[0].config_id, 0, Phase.SEARCH)


def test_a_run_that_went_on_is_told_of_and_one_that_did_not_is_not(driven, caplog):
    driver = driven()
    run = driver.next_chunk("a").runs[0]
    with caplog.at_level("INFO", logger="study.run.driver"):
        driver.result("a", run, dataclasses.replace(done(), resumed_at=0))
    assert caplog.messages == []


def test_thirty_two_results_are_not_kept_waiting(driven):
    driver = driven(methods="true", slots=40, seeds="{search: 1, confirm: 10}")
    driver.group_seconds, counts = 60.0, []
    for trial in range(34):
        run = driver.next_chunk(str(trial)).runs[0]
        driver.result(str(trial), run, done())
        counts.append(len(driver.record.ended))
    assert counts == [1] * 32 + [33, 33]


def test_a_driver_that_is_told_no_more_has_one_slot_for_one_run_and_records_it_at_once(driven):
    given = driven(methods="true")
    driver = Driver(given.study, given.record, given.lease)
    for trial in "ab":
        (run,) = driver.next_chunk(trial).runs
        assert driver.next_chunk("c") is None
        driver.result(trial, run, done())
        driver.trial_ended(trial)
        assert run in recorded(driver).ended


def test_pythons_collector_passes_over_what_is_held_and_first_takes_what_is_not():
    class Ring:
        """What only a collector finds to be nobody's."""

    ring = Ring()
    ring.itself, gone = ring, weakref.ref(ring)
    del ring
    before = gc.get_freeze_count()
    try:
        driving.keep_from_collection()
        assert gone() is None
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
