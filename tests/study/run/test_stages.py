"""Where the time of a launch went, told in a line."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from study.run import stages as module
from study.run.stages import Stage, Stages, duration


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def pass_through(stages, clock, *ways):
    for stage, seconds in ways:
        stages.enter(stage)
        clock.now += seconds


def test_every_stage_is_told_with_its_time_and_what_seed_runs_left_idle(clock):
    stages = Stages(clock, since=2.0)
    clock.now += 1
    pass_through(stages, clock, (Stage.MUSIC, 4), (Stage.RAY, 9), (Stage.WORKERS, 15))
    stages.slots = 2
    stages.ran(10.0)  # it began 5 s after Ray was there
    clock.now += 50
    stages.ran(50.0)
    pass_through(stages, clock, (Stage.END, 0.25))
    assert stages.said() == (
        "1 min 21 s: 3 s imports and checks, 4 s music, 9 s Ray's start, 5 s workers' start, "
        "1 min 0 s seed runs, 0.2 s the end; while seed runs ran, training took 50% of 2 slots"
    )


def test_time_is_in_one_stage_only_however_often_it_is_told(clock):
    stages = Stages(clock)
    pass_through(stages, clock, (Stage.MUSIC, 4), (Stage.RAY, 9))
    assert stages.said() == stages.said() == "13 s: 4 s music, 9 s Ray's start"


def test_a_ray_that_is_started_again_adds_to_its_stage(clock):
    stages = Stages(clock)
    pass_through(stages, clock, (Stage.RAY, 9), (Stage.WORKERS, 3), (Stage.RAY, 8))
    assert stages.said() == "20 s: 17 s Ray's start, 3 s workers' start"


def test_a_run_that_went_on_from_a_checkpoint_does_not_begin_before_its_workers(clock):
    stages = Stages(clock)
    pass_through(stages, clock, (Stage.RAY, 5), (Stage.WORKERS, 10))
    stages.ran(1000.0)
    assert stages.said() == (
        "15 s: 5 s Ray's start, 10 s seed runs; while seed runs ran, training took 100% of 1 slot"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, "0.0 s"),
        (0.94, "0.9 s"),
        (0.95, "1 s"),
        (0.96, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.0, "59 min 59 s"),
        (3600.0, "1 h 0 min"),
        (9000.0, "2 h 30 min"),
    ],
)
def test_durations_are_told_as_one_says_them(seconds, said):
    assert duration(seconds) == said


def test_a_run_that_ends_after_its_stage_was_left_begins_no_other(clock):
    stages = Stages(clock)
    pass_through(stages, clock, (Stage.RAY, 5), (Stage.END, 3))
    stages.ran(2.0)
    assert stages.said() == "8 s: 5 s Ray's start, 3 s the end"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.049, "1 s: 1 s Ray's start"),
        (0.05, "1 s: 0.1 s music, 1 s Ray's start"),
        (0.07, "1 s: 0.1 s music, 1 s Ray's start"),
    ],
)
def test_a_stage_that_took_no_time_to_speak_of_is_left_out(clock, seconds, said):
    clock.now = 0.0
    stages = Stages(clock)
    stages.enter(Stage.MUSIC)
    clock.now = seconds
    stages.enter(Stage.RAY)
    clock.now = seconds + 1.0
    assert stages.said() == said


@pytest.mark.parametrize(("created", "seconds"), [(90.0, 10.0), (100.0, 0.0), (103.0, 0.0)])
def test_a_process_is_as_old_as_the_time_since_it_was_made(monkeypatch, created, seconds):
    process = SimpleNamespace(create_time=lambda: created)
    monkeypatch.setattr(module, "psutil", SimpleNamespace(Process=lambda: process))
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: 100.0))
    assert module.age() == seconds
