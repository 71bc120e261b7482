from __future__ import annotations

import dataclasses
import json

import pytest

from musebar_core.metric_table import Metrics
from study.ledger.record import Origin, OriginKind, Proposal, Record, SeedRun, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.run import progress
from study.search import planner, tally
from study.spec.sections import Phase
from study.statistics.purposes import Purpose

A, B = "a" * 12, "b" * 12


def ended(bce, minute, *, seconds=30.0, collapsed=False, failure=None):
    validation = {"bce": bce, "kl": 0.0, "elbo": -bce, "mi_lower": 1.0, "collapsed": collapsed}
    return SeedRunResult(
        failure=failure and Failure(failure, FailureKind.ERROR),
        metrics=RunMetrics(None if failure else Metrics.from_dict(validation)),
        seconds=seconds,
        finished_at=f"2026-01-01T00:{minute:02}:00+00:00",
    )


@pytest.fixture
def record(tiny_spec):
    """Two configurations of two seeds: A transferred and better, B own, one seed collapsed."""
    spec = tiny_spec(
        search__methods="false",
        search__configurations="2",
        search__finalists="1",
        search__purpose="density",
    )
    generations = {
        ("low", 0): (
            Proposal(A, {}, Origin(OriginKind.TRANSFER, "among the best of high")),
            Proposal(B, {}),
        )
    }
    runs = {
        (A, 0): ended(10.0, 1),
        (A, 1): ended(12.0, 2),
        (B, 0): ended(13.0, 3),
        (B, 1): ended(14.0, 4, collapsed=True),
    }
    done = {SeedRun("low", i, seed, Phase.SEARCH): e for (i, seed), e in runs.items()}
    return Record(spec, StudyState.RUNNING, False, None, {"low": {}}, {}, generations, done, {})


def test_configurations_and_seed_runs_are_counted_apart(record):
    low = tally.tally(record).genres["low"]
    assert (low.planned, low.done, low.failed, low.collapsed) == (7, 4, 0, 1)
    assert low.configurations == tally.Configurations(
        proposed=2, racing=1, done=1, failed=0, undertrained=0, collapsed=1
    )


def test_the_best_so_far_has_an_interval_over_its_seeds(record):
    best = tally.tally(record).genres["low"].best
    assert (best.config_id, best.bce, best.seeds) == (A, 11.0, 2)
    assert (best.low, best.high) == pytest.approx((11 - 12.706, 11 + 12.706), abs=1e-3)


def test_transfer_is_told_with_its_effect(record):
    low = tally.tally(record).genres["low"]
    assert (low.transfer.proposed, low.transfer.finalists, low.transfer.won) == (1, 1, 1)
    assert low.transfer.gain == 2.5
    record.ended[SeedRun("low", B, 0, Phase.SEARCH)] = ended(13.0, 3, failure="no number")
    assert tally.tally(record).genres["low"].transfer.gain is None  # none of its own is complete


def test_time_spent_and_left_follow_from_the_runs(record):
    counted = tally.tally(record)
    assert counted.device_hours == pytest.approx(4 * 30 / 3600)
    assert counted.left == 3
    assert counted.device_hours_left == pytest.approx(3 * 30 / 3600)
    assert counted.elapsed_seconds == 210
    assert counted.slots_lately == pytest.approx(120 / 210)


def test_hours_of_a_share_that_is_auto_are_the_devices_that_the_runs_had(record):
    resources = record.spec.resources.model_copy(update={"gpus_per_trial": "auto"})
    record.spec = record.spec.model_copy(update={"resources": resources})
    assert tally.tally(record).device == "CPU"
    on_gpu = {run: dataclasses.replace(e, device="cuda") for run, e in record.ended.items()}
    counted = tally.tally(dataclasses.replace(record, ended=on_gpu))
    assert (counted.device, counted.device_hours) == ("GPU", pytest.approx(4 * 30 / 3600))


def test_what_a_search_has_not_proposed_yet_counts_as_left(record):
    record.generations.clear()
    record.ended.clear()
    counted = tally.tally(record)
    assert counted.left == 2 * 2 + 3
    assert counted.slots_lately is None
    assert counted.device_hours_left is None


def test_a_line_tells_all_of_it(record):
    text = progress.line(record, busy=2, seconds_left=40)
    for part in (
        "4/7 seed runs done",
        "1 collapsed",
        "2 configurations",
        "1 racing",
        "lowest BCE 11.0 [",
        "2 slots in use",
        "CPU-hours spent",
        "3 seed runs left",
        "about 40 s left",
        "1 configurations from other genres",
    ):
        assert part in text
    assert planner.plan(record).planned
    json.dumps({g: tally.as_dict(row) for g, row in tally.tally(record).genres.items()})


def all_but(record, *, collapsed=False, bce=None):
    """The record with one run of B alone, changed."""
    run = SeedRun("low", B, 0, Phase.SEARCH)
    one = ended(bce or 13.0, 3, collapsed=collapsed)
    record.ended = {run: one}
    return tally.tally(record).genres["low"]


def test_while_seeds_are_missing_or_runs_collapsed_an_intermediate_best_is_told_as_such(record):
    assert tally.tally(record).genres["low"].intermediate is None
    low = all_but(record)
    assert low.best is None
    assert (low.intermediate.config_id, low.intermediate.bce) == (B, 13.0)
    assert low.intermediate.caveat == "seeds missing"
    assert "lowest BCE 13.0 n=1 (seeds missing)" in progress.line(record)
    assert all_but(record, collapsed=True).intermediate.caveat == "collapsed"
    assert "lowest BCE 13.0 n=1 (collapsed)" in progress.line(record)


def test_before_a_run_has_ended_there_is_no_intermediate_best(record):
    record.ended = {}
    assert tally.tally(record).genres["low"].intermediate is None
    assert "lowest BCE -" in progress.line(record)


def end(record, name, seed, phase=Phase.SEARCH, genre="low", **changes):
    """End a run half an hour in, with a BCE of 10 unless changed."""
    record.ended[SeedRun(genre, name, seed, phase)] = ended(
        **({"bce": 10.0, "minute": 30} | changes)
    )


def test_runs_that_wait_failed_collapsed_or_are_undertrained_are_counted_apart(record):
    record.facts["low"] = {"baselines": {"validation": {"markov": 12.5}}}
    end(record, A, 1, failure="no number")
    low = tally.tally(record).genres["low"]
    # both seeds of B are above Markov's 12.5, and what is undertrained did not collapse;
    # a failed seed of A leaves but B for the final
    assert (low.planned, low.done, low.failed) == (7, 3, 1)
    assert (low.undertrained, low.collapsed) == (2, 0)
    assert low.configurations == tally.Configurations(
        proposed=2, racing=1, done=1, failed=1, undertrained=0, collapsed=0
    )


@pytest.mark.parametrize(("markov", "configurations"), [(12.5, 1), (13.5, 0)])
def test_a_configuration_is_undertrained_with_more_than_half_of_its_seeds(
    record, markov, configurations
):
    record.facts["low"] = {"baselines": {"validation": {"markov": markov}}}
    assert tally.tally(record).genres["low"].configurations.undertrained == configurations


def test_finalists_race_until_their_last_seed_has_ended(record):
    for seed in (1000, 1001):
        end(record, A, seed, Phase.CONFIRM)
    counted = tally.tally(record)
    assert (counted.genres["low"].configurations.racing, counted.left) == (1, 1)
    assert counted.genres["low"].configurations.done == 1
    end(record, A, 1002, Phase.CONFIRM)
    counted = tally.tally(record)
    assert (counted.genres["low"].configurations.racing, counted.left) == (0, 0)
    assert counted.genres["low"].configurations.done == 2
    assert counted.device_hours_left == 0


def test_the_best_is_over_a_full_count_of_a_phase_and_the_lowest_then_the_first(record):
    end(record, A, 0, bce=13.0)
    end(record, A, 1, bce=14.0)
    end(record, B, 1, bce=14.0)
    assert tally.tally(record).genres["low"].best.config_id == A  # of two alike
    end(record, B, 1, bce=13.9)
    assert tally.tally(record).genres["low"].best.config_id == B
    for seed in (1000, 1001):
        end(record, B, seed, Phase.CONFIRM, bce=1.0)
    assert tally.tally(record).genres["low"].best.phase is Phase.SEARCH
    end(record, B, 1002, Phase.CONFIRM, bce=1.0)
    best = tally.tally(record).genres["low"].best
    assert (best.phase, best.bce, best.low, best.high, best.seeds) == (
        Phase.CONFIRM,
        1.0,
        1.0,
        1.0,
        3,
    )


def test_a_lucky_search_seed_does_not_beat_a_mean_of_confirmation_seeds(record):
    end(record, A, 0, bce=1.0)
    end(record, A, 1, bce=1.0)
    for seed in (1000, 1001, 1002):
        assert tally.tally(record).genres["low"].best.phase is Phase.SEARCH
        end(record, A, seed, Phase.CONFIRM, bce=20.0)
    low = tally.tally(record).genres["low"]
    assert (low.best.phase, low.best.bce, low.best.seeds) == (Phase.CONFIRM, 20.0, 3)
    end(record, A, 1000, Phase.CONFIRM, bce=20.0, collapsed=True)
    low = tally.tally(record).genres["low"]
    assert (low.best, low.intermediate.bce, low.intermediate.caveat) == (None, 20.0, "collapsed")


def test_before_any_is_confirmed_the_best_is_among_those_with_the_most_seeds(record):
    with_seeds(record, 1, confirm=4)
    end(record, B, 0, bce=1.0)
    record.ended.pop(SeedRun("low", A, 1, Phase.SEARCH))
    record.ended.pop(SeedRun("low", B, 1, Phase.SEARCH))
    end(record, B, 1000, Phase.CONFIRM, bce=20.0)
    best = tally.tally(record).genres["low"].best
    assert (best.bce, best.seeds) == (1.0, 1)
    end(record, B, 1001, Phase.CONFIRM, bce=22.0)
    low = tally.tally(record).genres["low"]
    assert low.best is None
    assert (low.intermediate.bce, low.intermediate.seeds) == (21.0, 2)
    assert low.intermediate.caveat == "seeds missing"


def test_of_two_alike_the_first_by_name_looks_best_whichever_was_proposed_first(record):
    record.generations["low", 0] = record.generations["low", 0][::-1]
    for name in (A, B):
        for seed in (0, 1):
            end(record, name, seed)
    assert tally.tally(record).genres["low"].best.config_id == A
    record.ended = {run: ended for run, ended in record.ended.items() if run.seed == 0}
    low = tally.tally(record).genres["low"]
    assert (low.best, low.intermediate.config_id) == (None, A)


def test_a_full_count_that_collapsed_failed_or_is_undertrained_is_not_the_best(record):
    end(record, A, 0, collapsed=True)
    assert tally.tally(record).genres["low"].best is None
    end(record, A, 0, failure="no number")
    low = tally.tally(record).genres["low"]
    assert low.best is None
    assert (low.intermediate.config_id, low.intermediate.seeds) == (A, 1)
    record.facts["low"] = {"baselines": {"validation": {"markov": 5.0}}}
    end(record, A, 0)
    low = tally.tally(record).genres["low"]
    assert (low.best, low.intermediate.caveat) == (None, "undertrained")
    assert low.intermediate.bce == 11.0


def test_of_one_seed_there_is_no_interval(record):
    record.spec = record.spec.model_copy(
        update={"seeds": record.spec.seeds.model_copy(update={"search": 1})}
    )
    best = tally.tally(record).genres["low"].best
    assert (best.bce, best.low, best.high, best.seeds) == (10.0, None, None, 1)


def test_transferred_configurations_are_held_against_the_genres_own(record):
    for seed in (0, 1):
        end(record, B, seed, bce=8.0 + seed)
    low = tally.tally(record).genres["low"].transfer
    assert (low.proposed, low.finalists, low.won) == (1, 0, 0)
    assert (low.best, low.best_own, low.gain) == (11.0, 8.5, -2.5)
    a, b = record.generations["low", 0]
    record.generations["low", 0] = (dataclasses.replace(a, origin=None), b)
    assert tally.tally(record).genres["low"].transfer is None


def test_a_transferred_finalist_need_not_have_won(record):
    search = record.spec.search.model_copy(update={"finalists": 2})
    record.spec = record.spec.model_copy(update={"search": search})
    for seed in (0, 1):
        end(record, B, seed, bce=8.0 + seed)
    low = tally.tally(record).genres["low"].transfer
    assert (low.proposed, low.finalists, low.won) == (1, 1, 0)


def test_the_pareto_set_is_told_for_a_representation_alone(record):
    assert tally.tally(record).genres["low"].pareto == ()
    search = record.spec.search.model_copy(update={"purpose": Purpose.REPRESENTATION})
    record.spec = record.spec.model_copy(update={"search": search})
    assert tally.tally(record).genres["low"].pareto == (A,)


@pytest.mark.parametrize(
    ("gpus", "devices", "device", "share"),
    [
        (0, ["cpu"] * 4, "CPU", 2),
        (0.25, ["cuda"] * 4, "GPU", 0.25),
        ("auto", ["cpu"] * 4, "CPU", 2),
        ("auto", ["cpu", "cpu", "cpu", "cuda:0"], "GPU", 1),
    ],
)
def test_hours_are_of_the_gpus_share_or_of_the_cpus_of_a_trial(
    record, gpus, devices, device, share
):
    changes = {"gpus_per_trial": gpus, "cpus_per_trial": 2}
    resources = record.spec.resources.model_copy(update=changes)
    record.spec = record.spec.model_copy(update={"resources": resources})
    record.ended = {
        run: dataclasses.replace(each, device=one)
        for (run, each), one in zip(record.ended.items(), devices, strict=True)
    }
    counted = tally.tally(record)
    assert counted.device == device
    assert counted.device_hours == pytest.approx(share * 4 * 30 / 3600)
    assert counted.device_hours_left == pytest.approx(share * 3 * 30 / 3600)


def test_a_run_whose_time_is_not_known_counts_as_none_of_it(record):
    run = SeedRun("low", A, 0, Phase.SEARCH)
    record.ended[run] = dataclasses.replace(record.ended[run], seconds=None)
    assert tally.tally(record).device_hours == pytest.approx(3 * 30 / 3600)


@pytest.mark.parametrize(
    ("configurations", "proposed", "left"),
    [
        (6, "", 6 * 2 + 2 * 10),
        (6, "ab", 2 * 2 + 4 * 2 + 2 * 10),
        (2, "ab", 2 * 2 + 2 * 10),
    ],
)
def test_what_is_to_be_proposed_and_confirmed_is_left_too(record, configurations, proposed, left):
    changes = {"configurations": configurations, "finalists": 2, "rungs": [6]}
    search = record.spec.search.model_copy(update=changes)
    seeds = record.spec.seeds.model_copy(update={"confirm": 10})
    record.spec = record.spec.model_copy(update={"search": search, "seeds": seeds})
    record.ended.clear()
    record.generations = {("low", 0): tuple(Proposal(i * 12, {}) for i in proposed)}
    if not proposed:
        record.generations = {}
    assert tally.tally(record).left == left


def test_of_finalists_that_race_the_seeds_beyond_their_rung_are_left(record):
    changes = {"finalists": 2, "rungs": [6]}
    search = record.spec.search.model_copy(update=changes)
    seeds = record.spec.seeds.model_copy(update={"confirm": 10})
    record.spec = record.spec.model_copy(update={"search": search, "seeds": seeds})
    assert tally.tally(record).left == 2 * 10
    for seed in range(1000, 1006):
        end(record, A, seed, Phase.CONFIRM, bce=10.0 + seed % 2)
        end(record, B, seed, Phase.CONFIRM, bce=50.0 + seed % 2)
    assert tally.tally(record).left == 4  # B was dropped


def test_a_grid_has_nothing_to_come(tiny_spec):
    spec = tiny_spec(search__protocol="grid", search__choices="{latent_length: [2, 4]}")
    counted = tally.tally(Record.unbegun(spec, ["low"]))
    low = counted.genres["low"]
    assert counted.left == low.planned == 3 * low.configurations.proposed > 0
    assert low.configurations.racing == 0


def test_plain_data_holds_the_gain_where_something_was_transferred(record):
    low = tally.tally(record).genres["low"]
    assert tally.as_dict(low)["transfer"]["gain"] == 2.5
    assert tally.as_dict(dataclasses.replace(low, transfer=None))["transfer"] is None


@pytest.mark.parametrize(
    ("best", "own", "gain"), [(1.0, 3.0, 2.0), (None, 3.0, None), (1.0, None, None)]
)
def test_a_gain_is_known_where_both_sides_are(best, own, gain):
    assert tally.TransferTally(1, 0, 0, best, own).gain == gain


def with_seeds(record, search, confirm=3):
    seeds = record.spec.seeds.model_copy(update={"search": search, "confirm": confirm})
    record.spec = record.spec.model_copy(update={"seeds": seeds})


def test_shares_of_a_configuration_are_of_the_seeds_that_are_done(record):
    with_seeds(record, 5)
    for seed in range(5):
        end(record, A, seed)  # the finalist, whose other seeds are to come
        end(record, B, seed, collapsed=seed == 0)
    found = tally.tally(record).genres["low"].configurations
    assert (found.done, found.collapsed) == (1, 0)  # one of five is not too many
    end(record, B, 4, failure="no number")
    found = tally.tally(record).genres["low"].configurations
    assert (found.done, found.failed, found.collapsed) == (1, 1, 1)  # one of four is
    record.facts["low"] = {"baselines": {"validation": {"markov": 10.5}}}
    for seed, bce in ((0, 11.0), (1, 11.0), (2, 10.0), (3, 10.0)):
        end(record, B, seed, bce=bce)
    assert tally.tally(record).genres["low"].configurations.undertrained == 0  # half of four
    end(record, B, 3, failure="no number")
    assert tally.tally(record).genres["low"].configurations.undertrained == 1


def test_runs_that_tell_no_figures_are_neither_the_best_nor_an_intermediate_one(record):
    for run in record.ended:
        record.ended[run] = SeedRunResult()
    low = tally.tally(record).genres["low"]
    assert (low.done, low.best, low.intermediate) == (4, None, None)
    end(record, A, 0)
    low = tally.tally(record).genres["low"]
    assert (low.best.bce, low.best.seeds) == (10.0, 1)


def test_the_best_of_each_side_is_held_against_the_other(record):
    a, b = record.generations["low", 0]
    more = [dataclasses.replace(each, config_id=i * 12) for each, i in ((a, "c"), (b, "d"))]
    record.generations["low", 0] = (a, b, *more)
    search = record.spec.search.model_copy(update={"configurations": 4, "generation": 4})
    record.spec = record.spec.model_copy(update={"search": search})
    for name, bce in (("c" * 12, 30.0), ("d" * 12, 40.0)):
        for seed in (0, 1):
            end(record, name, seed, bce=bce)
    low = tally.tally(record).genres["low"].transfer
    assert (low.proposed, low.best, low.best_own) == (2, 11.0, 13.5)


def test_a_space_that_has_no_more_leaves_nothing_to_be_proposed(record):
    changes = {"configurations": 9, "generation": 3, "finalists": 1}
    search = record.spec.search.model_copy(update=changes)
    record.spec = record.spec.model_copy(update={"search": search})
    assert tally.tally(record).left == 3  # of the finalist, as the one generation found but two


def test_a_finalist_that_is_a_method_has_all_its_seeds_planned_already(record):
    methods = record.spec.search.model_copy(update={"methods": True, "rungs": [6]})
    record.spec = record.spec.model_copy(update={"search": methods})
    with_seeds(record, 2, 10)
    method = record.spec.methods["lstm_vae"].config_id
    record.generations["low", 0] = (Proposal(method, {}), Proposal(B, {}))
    for seed in (0, 1):
        end(record, method, seed)
        end(record, B, seed, bce=20.0)
    record.ended = {r: e for r, e in record.ended.items() if r.config_id != A}
    assert tally.tally(record).left == 4 * 10


def test_a_plan_that_is_kept_is_not_made_anew(record, monkeypatch):
    kept, counted = planner.Planner(record), tally.tally(record)
    monkeypatch.setattr(tally, "Planner", lambda _: pytest.fail("made anew"))
    assert tally.tally(record, kept) == counted


def test_genres_are_counted_by_name_the_joint_corpus_last(record):
    record.facts = {"overall": {}, "polka": {}, "low": {}}
    assert list(tally.tally(record).genres) == ["low", "polka", "overall"]
