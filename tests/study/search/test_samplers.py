"""The samplers that model results, far enough into a study that they do."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from study.home.studies import Home
from study.ledger.ledger import public
from study.ledger.record import Proposal
from study.search import generations, proposals
from study.search.decisions import decisions
from study.spec import specfile
from study.spec.sections import Sampler
from tests.study.search.toystudy import drive, simulate, slope, table

ROOT = Path(__file__).parents[3]
ONE, TWO = "reconstruction", "representation"

SPACES = {
    Sampler.GP: {
        "search__choices": "{latent_length: [2, 4, 8, 16], input_dropout: [0.0, 0.2, 0.4, 0.6], "
        "regularizers: [1, 2, 4], free_bits: [0.0, 0.1, 0.2]}",
        "search__fixed": "{annealing: linear, annealing_length: 0.5}",
    },
    Sampler.TPE: {
        "search__choices": "{latent_length: [2, 4, 8, 16], input_dropout: [0.0, 0.2, 0.4], "
        "annealing: [constant, linear, cyclical], annealing_length: [0.25, 0.5, 0.75]}",
        "search__fixed": "{free_bits: 0, regularizers: 2}",
    },
}
"""A space for each sampler that has a model: without conditions, and with some."""

AUTO = {Sampler.GP, Sampler.TPE}
"""For whose spaces ``auto`` stands for them."""

MODELLESS = {Sampler.RANDOM, Sampler.GRID, Sampler.QMC}


@dataclass(frozen=True)
class Case:
    """A study of generations of 4: the fourth is the first that knows eight results.

    With six, the last also knows what became of the first that was modelled.
    """

    sampler: Sampler
    purpose: str
    flawed: bool = True
    generations: int = 4

    def __str__(self):
        kind = "flawed" if self.flawed else "sound"
        return f"{self.sampler}-{self.purpose}-{kind}-{self.generations}"

    def spec(self, tiny_spec, name="tiny"):
        """As a driver reads it: a ledger sorts the space's parameters, which are asked in turn."""
        spec = tiny_spec(
            name,
            search__sampler="auto" if self.sampler in AUTO else str(self.sampler),
            search__purpose=self.purpose,
            search__configurations=str(4 * self.generations),
            search__generation="4",
            search__seed="8",
            search__methods="false",
            **SPACES[self.sampler],
        )
        return specfile.restore(json.loads(json.dumps(public(spec), sort_keys=True)))

    @property
    def modelled(self):
        return range(3, self.generations)


SHORT = [Case(sampler, purpose) for sampler in SPACES for purpose in (ONE, TWO)]
LONG = [replace(case, flawed=flawed, generations=6) for case in SHORT for flawed in (True, False)]
EVERY = [*SHORT, *(pytest.param(case, marks=pytest.mark.slow) for case in LONG)]


def play(case, spec, order, width):
    """A study of one genre, and what each of its generations was asked from."""
    asked = {}
    record, _ = simulate(
        spec,
        order,
        result=slope(spec, flawed=case.flawed),
        width=width,
        genres=("low",),
        asked=asked,
    )
    return record, asked


def test_every_sampler_that_has_a_model_is_tried():
    assert set(SPACES) == set(Sampler) - MODELLESS - {Sampler.AUTO}


@pytest.fixture
def in_turn(tiny_spec, played):
    """A case's study run one by one."""

    def of(case):
        if case not in played:
            played[case] = play(case, case.spec(tiny_spec), lambda _: 0, width=1)
        return played[case]

    return of


@pytest.fixture(scope="module")
def played():
    return {}


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_the_last_generations_are_a_models_who_knows_costs_and_constraints(case, in_turn):
    record, asked = in_turn(case)
    last = asked["low", case.generations - 1]
    assert proposals.sampler_of(record.spec) is case.sampler
    assert len(last.completed) == 4 * (case.generations - 2) >= 8
    origins = {str(p.origin) for g in case.modelled for p in record.generations["low", g]}
    assert origins == {proposals._WORDS[case.sampler]}
    violated = [k for k in asked["low", 3].completed if k.violation > 0]
    assert {k.costs is None for k in violated} == ({True} if case.flawed else set())

    def instead(change):
        told = replace(last, completed=tuple(replace(k, **change(k)) for k in last.completed))
        return tuple(proposals.propose(record.spec, told))

    proposed = record.generations["low", last.generation]
    assert instead(lambda k: {"costs": k.costs and tuple(-cost for cost in k.costs)}) != proposed
    if case.flawed:
        assert instead(lambda k: {"violation": 0.5 - k.violation}) != proposed


@pytest.mark.parametrize("case", EVERY, ids=str)
def test_a_model_proposes_the_same_under_any_order_and_number_of_slots(case, tiny_spec, in_turn):
    expected, expected_asked = in_turn(case)
    for width, seed in ((12, 1), (3, 2))[: case.generations - 3]:
        record, asked = play(case, case.spec(tiny_spec), random.Random(seed).randrange, width)
        assert list(record.ended) != list(expected.ended)
        assert asked == expected_asked
        assert record.generations == expected.generations
        assert table(record) == table(expected)
        assert decisions(record) == decisions(expected)


@pytest.mark.parametrize(
    ("cases", "hash_seed", "threads"),
    [(SHORT, "1", "2"), pytest.param(LONG, "77", "1", marks=pytest.mark.slow)],
    ids=["short", "long"],
)
def test_a_model_proposes_the_same_in_another_process_that_resumes(
    cases, hash_seed, threads, tmp_path, tiny_spec, in_turn
):
    home = Home(tmp_path / "studies")
    names = {f"s{i}": case for i, case in enumerate(cases)}
    for name, case in names.items():
        study = home.create(case.spec(tiny_spec, name))
        study.ledger.set_corpus(name, None, {"low": {}})
        result = slope(case.spec(tiny_spec), flawed=case.flawed)
        drive(study, random.Random(4).randrange, result, slots=3, ends=15)
        assert max(g for _, g in study.ledger.read(name).generations) < case.modelled[0]
        study.ledger.close()
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "OMP_NUM_THREADS": threads}
    subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.study.search.toystudy",
            home.path,
            *(f"{name}={case.flawed}" for name, case in names.items()),
        ],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=900,
    )
    for name, case in names.items():
        study, (expected, _) = home.open(name), in_turn(case)
        record = study.ledger.read(name)
        assert record.generations == expected.generations
        assert metrics(record) == metrics(expected)
        study.ledger.close()


def metrics(record):
    return {run: (ended.failure, ended.metrics) for run, ended in record.ended.items()}


def threads():
    pools = [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]
    return {torch.get_num_threads(), *pools}


def test_the_gaussian_process_is_fitted_on_one_thread_and_the_others_come_back(
    tiny_spec, monkeypatch
):
    during = []

    class Watched(optuna.samplers.GPSampler):
        def sample_relative(self, *arguments):
            during.append(threads())
            return super().sample_relative(*arguments)

    monkeypatch.setattr(optuna.samplers, "GPSampler", Watched)
    spec = tiny_spec(search__sampler="gp")
    completed = tuple(
        generations.Observation(
            Proposal(spec.configuration(cell).config_id, cell), (float(i),), 0.0
        )
        for i, cell in enumerate(list(spec.space.cells())[:9])
    )
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with threadpool_limits(limits=2, user_api="blas"):
            proposals.propose(spec, generations.GenerationRequest("low", 3, 1, completed))
            assert threads() == {2}
    finally:
        torch.set_num_threads(before)
    assert during == [{1}] * len(during)
    assert during


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random", "qmc"])
def test_a_condition_on_a_parameter_of_a_later_name_is_searched_from_the_ledger_too(
    sampler, tmp_path, tiny_spec
):
    space = tmp_path / "mine.yaml"
    space.write_text(
        "parameters:\n"
        "  latent_length: {ordered: true, values: [2, 4, 8]}\n"
        "  input_dropout: {ordered: true, values: [0.0, 0.5], when: {latent_length: [4, 8]}}\n"
    )
    spec = tiny_spec(
        search__space=str(space), search__choices="{}", search__fixed="{}", search__sampler=sampler
    )
    study = Home(tmp_path / "studies").create(spec)
    read = study.ledger.read("tiny").spec
    study.ledger.close()
    asked = proposals.propose(read, generations.GenerationRequest("low", 0, 5))
    assert {tuple(sorted(p.parameters.items())) for p in asked} == {
        tuple(sorted(cell.items())) for cell in spec.space.cells()
    }
