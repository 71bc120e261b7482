"""Runs under way: what their checkpoints and live curves hold, and nothing of those that ended."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from musebar_core.checkpoint import Identity, save
from musebar_core.metric_table import EpochMetrics, Metrics
from musebar_core.state import build
from study.ledger.live import LIVE_FILE
from study.ledger.live import write as write_live
from study.ledger.record import STATE_FILE
from study.results.inflight import in_flight, in_flight_mark, under_way


def epochs(*numbers):
    return tuple(EpochMetrics(n, 1.0, 2.0, 1.0, Metrics.from_dict({"bce": 3.0})) for n in numbers)


@pytest.fixture
def begin(tmp_path, configuration):
    """Begins a run as a worker does: its checkpoint, and its live curve."""

    def make(genre="low", latent=4, seed=0, saved=(), live=()):
        config = configuration(latent)
        folder = tmp_path / "runs" / genre / config.config_id / str(seed)
        state = build(config)
        torch.nn.init.zeros_(next(state.model.parameters()))
        state = replace(state, history=list(epochs(*saved)), epoch=max(saved, default=0))
        save(folder / STATE_FILE, Identity(config, genre, "abc", "corpus", seed), state)
        if live:
            write_live(folder / LIVE_FILE, epochs(*live))
        return config.config_id

    return make


def test_a_run_is_as_far_as_the_longer_of_checkpoint_and_live_curve(begin, tmp_path):
    begin(seed=0, saved=(4, 8))
    begin(seed=1, saved=(4,), live=(4, 8, 12))
    begin(seed=2, saved=(4, 8), live=(4,))
    assert [(run.seed, run.epoch) for run in under_way(set(), tmp_path)] == [
        (0, 8), (1, 12), (2, 8)
    ]  # fmt: skip


def test_runs_come_by_genre_configuration_and_seed(begin, tmp_path):
    ids = {latent: begin("low", latent, 3, saved=(4,)) for latent in (2, 4)}
    begin("low", 2, 1, saved=(4,))
    begin("high", 4, 7, saved=(4,))
    found = [(run.genre, run.config.config_id, run.seed) for run in under_way(set(), tmp_path)]
    assert found == sorted(found)
    assert {(genre, seed) for genre, config_id, seed in found if config_id == ids[2]} == {
        ("low", 1),
        ("low", 3),
    }


def test_seeds_come_in_the_order_of_numbers(begin, tmp_path):
    for seed in (10, 9, 100):
        begin(seed=seed, saved=(4,))
    assert [run.seed for run in under_way(set(), tmp_path)] == [9, 10, 100]


def test_of_a_study_those_runs_are_under_way_that_its_results_do_not_have(begin, tmp_path):
    config_id = begin("low", seed=0, saved=(4,))
    begin("low", seed=1, saved=(4,))
    begin("high", seed=0, saved=(4,))
    other = begin("low", latent=2, seed=0, saved=(4,))
    ended = {"genre": ["low"], "config_id": [config_id], "seed": [0], "phase": ["search"]}
    found = in_flight(SimpleNamespace(results=pd.DataFrame(ended)), tmp_path)
    assert {(run.genre, run.config.config_id, run.seed) for run in found} == {
        ("low", config_id, 1), ("high", config_id, 0), ("low", other, 0)
    }  # fmt: skip


def test_a_run_that_ended_or_has_no_evaluation_yet_is_not_under_way(begin, tmp_path):
    config_id = begin(seed=0, saved=(4,))
    begin(seed=1)
    begin(seed=2, live=(4,))
    assert [run.seed for run in under_way({("low", config_id, 0)}, tmp_path)] == [2]


def test_a_checkpoint_that_is_being_written_is_left_out(begin, tmp_path):
    begin(seed=0, saved=(4,))
    config_id = begin(seed=1, saved=(4,))
    (tmp_path / "runs" / "low" / config_id / "1" / STATE_FILE).write_bytes(b"half")
    assert [run.seed for run in under_way(set(), tmp_path)] == [0]


def test_the_mark_changes_with_every_evaluation_that_is_saved_or_told(begin, tmp_path):
    marks = [in_flight_mark(tmp_path)]
    config_id = begin(seed=0, saved=(4,))
    marks.append(in_flight_mark(tmp_path))
    live = tmp_path / "runs" / "low" / config_id / "0" / LIVE_FILE
    write_live(live, epochs(4))
    marks.append(in_flight_mark(tmp_path))
    begin(seed=1, saved=(4,))
    marks.append(in_flight_mark(tmp_path))
    assert len(set(marks)) == len(marks)
    assert in_flight_mark(tmp_path) == marks[-1]


def test_the_mark_changes_with_the_run_that_was_saved_last(begin, tmp_path):
    for seed in (0, 1):
        begin(seed=seed, saved=(4,))
    one, other = sorted(tmp_path.rglob(STATE_FILE))
    for seconds, file in ((1000, one), (2000, other)):
        os.utime(file, (seconds, seconds))
    before = in_flight_mark(tmp_path)
    assert before == "2 2000000000000"
    os.utime(other, (3000, 3000))
    assert in_flight_mark(tmp_path) != before


def test_a_folder_of_another_machine_is_not_looked_at():
    assert under_way(set(), "s3://bucket/study") == ()
    assert in_flight_mark("s3://bucket/study") == "0 0"


def test_the_mark_changes_with_a_live_curve_behind_a_run_that_has_none(begin, tmp_path):
    config_id = begin(seed=0, saved=(4,))
    begin(seed=1, saved=(4,), live=(4,))
    assert in_flight_mark(tmp_path).startswith("3 ")
    live = tmp_path / "runs" / "low" / config_id / "1" / LIVE_FILE
    before = in_flight_mark(tmp_path)
    later = live.stat().st_mtime_ns + 10**10
    os.utime(live, ns=(later, later))
    assert in_flight_mark(tmp_path) == f"3 {later}" != before


def test_checkpoints_that_are_being_written_hide_none_behind_them(begin, tmp_path):
    config_id = begin(seed=0, saved=(4,))
    begin(seed=1, saved=(4,))
    (tmp_path / "runs" / "low" / config_id / "0" / STATE_FILE).write_bytes(b"half")
    assert [run.seed for run in under_way(set(), tmp_path)] == [1]
    assert under_way({("low", config_id, 0)}, tmp_path)[0].seed == 1


def test_of_curves_as_long_the_checkpoints_is_taken(begin, tmp_path):
    """What was saved is gone on from; a live curve may be of an attempt that was lost."""
    begin(seed=0, saved=(4, 8), live=(4, 12))
    assert [run.epoch for run in under_way(set(), tmp_path)] == [8]
