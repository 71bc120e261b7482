"""What is proposed, and where it comes from, on spaces of a few cells."""

from __future__ import annotations

import itertools

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import TrialState

from study.ledger.record import Origin, OriginKind, Proposal
from study.search import proposals
from study.search.generations import GenerationRequest, Observation
from study.spec.sections import Sampler

FIXED = "{free_bits: 0, annealing: constant, regularizers: 1, input_dropout: 0}"


@pytest.fixture
def lengths(tiny_spec):
    """A search over so many code lengths and nothing else."""

    def make(*values, sampler="random", **changes):
        return tiny_spec(
            search__choices=f"{{latent_length: {list(values)}}}",
            search__fixed=FIXED,
            search__sampler=sampler,
            **changes,
        )

    return make


def proposal(spec, length, origin=None):
    cell = {"latent_length": length}
    return Proposal(spec.configuration(cell).config_id, cell, origin)


def observed(spec, *values, cost=1.0):
    return tuple(Observation(proposal(spec, one), (cost,), 0.0) for one in values)


def told(found):
    return [(p.parameters["latent_length"], str(p.origin)) for p in found]


NOTHING_NEW = "chance: the sampler had nothing new to ask for"


def test_what_won_elsewhere_comes_first_and_says_from_where(lengths):
    spec = lengths(2, 4, 8, sampler="grid")
    due = GenerationRequest(
        "low", 1, 3, transferred=((proposal(spec, 8), "high"), (proposal(spec, 4), "polka"))
    )
    assert told(proposals.propose(spec, due)) == [
        (8, "transfer: among the best of high"),
        (4, "transfer: among the best of polka"),
        (2, "the grid, cell by cell"),
    ]


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp", "grid", "qmc"])
def test_what_was_proposed_before_is_not_proposed_again(lengths, sampler):
    spec = lengths(2, 4, 8, 16, sampler=sampler)
    due = GenerationRequest("low", 2, 4, observed(spec, 2), (proposal(spec, 4),))
    assert {length for length, _ in told(proposals.propose(spec, due))} == {8, 16}


def test_a_generation_is_no_larger_than_asked(lengths):
    spec = lengths(2, 4, 8, 16, sampler="grid")
    for size in (1, 2, 4, 9):
        found = proposals.propose(spec, GenerationRequest("low", 0, size))
        assert [length for length, _ in told(found)] == [2, 4, 8, 16][:size]


def test_where_the_sampler_repeats_itself_the_rest_is_drawn_and_says_so(lengths, monkeypatch):
    asked = []

    def first(space, trial):
        asked.append(trial)
        return {"latent_length": 2}

    monkeypatch.setattr(proposals, "suggest", first)
    spec = lengths(2, 4, 8)
    found = told(proposals.propose(spec, GenerationRequest("low", 0, 3)))
    assert found[0] == (2, "chance")
    assert {length for length, _ in found[1:]} == {4, 8}
    assert {origin for _, origin in found[1:]} == {NOTHING_NEW}
    assert len(asked) == 1 + 4  # something new, and four repetitions in a row


def test_something_new_in_between_begins_the_count_of_repetitions_anew(lengths, monkeypatch):
    answers = iter([2, 2, 2, 2, 4, 4, 4, 4, 4, 8])
    monkeypatch.setattr(proposals, "suggest", lambda *_: {"latent_length": next(answers)})
    spec = lengths(2, 4, 8)
    found = told(proposals.propose(spec, GenerationRequest("low", 0, 3)))
    assert found == [(2, "chance"), (4, "chance"), (8, NOTHING_NEW)]
    assert next(answers) == 8


def test_a_sampler_is_not_asked_anew_for_what_is_known_under_way_or_taken_over(
    lengths, monkeypatch
):
    asked = []

    def known(space, trial):
        asked.append(trial)
        return {"latent_length": (2, 4, 8)[len(asked) % 3]}

    monkeypatch.setattr(proposals, "suggest", known)
    spec = lengths(2, 4, 8, 16)
    due = GenerationRequest(
        "low", 2, 4, observed(spec, 2), (proposal(spec, 4),), ((proposal(spec, 8), "high"),)
    )
    found = told(proposals.propose(spec, due))
    assert found == [(8, "transfer: among the best of high"), (16, NOTHING_NEW)]
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("sampler", "results", "origin"),
    [
        ("tpe", 7, "startup: chance, before the tree-structured Parzen estimator has results"),
        ("tpe", 8, "the tree-structured Parzen estimator"),
        ("gp", 7, "startup: chance, before the Gaussian process has results"),
        ("gp", 8, "the Gaussian process"),
        ("random", 0, "chance"),
        ("qmc", 0, "the Sobol sequence"),
        ("grid", 0, "the grid, cell by cell"),
    ],
)
def test_an_origin_tells_who_asked_and_whether_it_had_results_enough(
    lengths, sampler, results, origin
):
    spec = lengths(*range(1, 31), sampler=sampler)
    completed = observed(spec, *range(1, results + 1))
    (found,) = proposals.propose(spec, GenerationRequest("low", 3, 1, completed))
    assert str(found.origin) == origin


def test_what_is_under_way_is_no_result_yet(lengths):
    spec = lengths(*range(1, 31), sampler="tpe")
    running = tuple(proposal(spec, one) for one in range(8, 12))
    due = GenerationRequest("low", 3, 1, observed(spec, *range(1, 8)), running)
    (found,) = proposals.propose(spec, due)
    assert found.origin.kind is OriginKind.STARTUP


@pytest.mark.parametrize("failed", [0, 1])
def test_a_failed_configuration_is_a_result_where_there_is_one_to_count_as_the_worst(
    lengths, failed
):
    spec = lengths(*range(1, 31), sampler="tpe")
    completed = [*observed(spec, *range(1, 8)), Observation(proposal(spec, 8), None, 0.5)]
    (found,) = proposals.propose(spec, GenerationRequest("low", 3, 1, tuple(completed[failed:])))
    assert (found.origin.kind is OriginKind.STARTUP) is bool(failed)


@pytest.mark.parametrize(
    ("asked", "choices", "stands_for"),
    [
        ("auto", "{latent_length: [2, 4], input_dropout: [0.0, 0.5]}", Sampler.GP),
        ("auto", "{annealing: [constant, linear], annealing_length: [0.25, 0.5]}", Sampler.TPE),
        ("qmc", "{annealing: [constant, linear], annealing_length: [0.25, 0.5]}", Sampler.QMC),
        ("tpe", "{latent_length: [2, 4]}", Sampler.TPE),
    ],
)
def test_auto_is_the_gaussian_process_but_where_the_space_has_conditions(
    tiny_spec, asked, choices, stands_for
):
    fixed = "{free_bits: 0, regularizers: 1}"
    if "annealing" not in choices:
        fixed = "{free_bits: 0, regularizers: 1, annealing: constant}"
    spec = tiny_spec(search__sampler=asked, search__choices=choices, search__fixed=fixed)
    assert proposals.sampler_of(spec) is stands_for


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (Sampler.GP, optuna.samplers.GPSampler),
        (Sampler.TPE, optuna.samplers.TPESampler),
        (Sampler.RANDOM, optuna.samplers.RandomSampler),
    ],
)
def test_optuna_has_a_seeded_sampler_for_each_kind_that_it_is_asked_for(kind, made):
    assert type(proposals.make_sampler(kind, 3)) is made


@pytest.mark.parametrize("kind", [Sampler.GRID, Sampler.QMC, Sampler.AUTO])
def test_optuna_is_not_asked_for_the_others(kind):
    with pytest.raises(ValueError, match=f"not asked for '{kind}'"):
        proposals.make_sampler(kind, 0)


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_the_studys_seed_the_genre_and_but_for_a_sequence_the_generation_decide(lengths, sampler):
    spec = lengths(*range(1, 101), sampler=sampler)
    other = lengths(*range(1, 101), sampler=sampler, search__seed="1")

    def first(spec, genre="low", generation=0):
        return told(proposals.propose(spec, GenerationRequest(genre, generation, 5)))

    assert first(spec) == first(spec)
    assert first(spec) != first(other)
    assert first(spec) != first(spec, genre="high")
    assert (first(spec) == first(spec, generation=1)) is (sampler == "qmc")


def test_seeds_are_of_a_digest_of_the_studys_seed_genre_and_generation(lengths, monkeypatch):
    """The first eight bytes of it, as sha256sum tells them, so that a study can be resumed."""
    third, first = 0x2A5A1CBD9DE61204, 0x37F84836816B8529
    assert proposals._entropy(8, "low", 3) == third
    seeds, make, sobol = [], proposals.make_sampler, proposals._sobol
    monkeypatch.setattr(
        proposals, "make_sampler", lambda kind, seed: seeds.append(seed) or make(kind, seed)
    )
    monkeypatch.setattr(
        proposals, "_sobol", lambda space, seed: seeds.append(seed) or sobol(space, seed)
    )
    for sampler in ("random", "qmc"):
        spec = lengths(2, 4, sampler=sampler, search__seed="8")
        proposals.propose(spec, GenerationRequest("low", 3, 1))
    assert seeds == [third % 2**32, first]  # a sequence is one over all generations


def test_cells_that_can_be_listed_are_drawn_once_each_and_more_are_drawn_for_ever(
    lengths, monkeypatch
):
    space = lengths(2, 4, 8, 16).space
    found = list(proposals._by_chance(space, np.random.default_rng(0)))
    assert sorted(cell["latent_length"] for cell in found) == [2, 4, 8, 16]
    monkeypatch.setattr(proposals, "_MOST_LISTED", 4)
    assert len(list(proposals._by_chance(space, np.random.default_rng(0)))) == 4
    monkeypatch.setattr(proposals, "_MOST_LISTED", 3)
    more = lengths(2, 4, 8, 16, 32).space
    drawn = list(itertools.islice(proposals._by_chance(more, np.random.default_rng(0)), 100))
    assert {cell["latent_length"] for cell in drawn} == {2, 4, 8, 16, 32}
    assert len(drawn) == 100


def test_ordered_values_travel_as_their_rank_and_others_as_they_are(tmp_path, tiny_spec):
    (tmp_path / "mine.yaml").write_text(
        "parameters:\n"
        "  latent_length: {ordered: true, values: [2, 4, 64]}\n"
        "  annealing: {values: [constant, linear]}\n"
        "  annealing_length: {ordered: true, values: [0.25, 0.5], when: {annealing: [linear]}}\n"
    )
    spec = tiny_spec(
        search__space=str(tmp_path / "mine.yaml"), search__choices="{}", search__fixed="{}"
    )
    cell = {"latent_length": 64, "annealing": "constant"}
    known = Proposal(spec.configuration(cell).config_id, cell)
    running = Proposal(
        "r" * 12, {"latent_length": 2, "annealing": "linear", "annealing_length": 0.5}
    )
    due = GenerationRequest(
        "low",
        2,
        1,
        (Observation(known, (7.5,), 0.0),),
        (running,),
        ((Proposal("t" * 12, cell), "high"),),
    )
    study = proposals.optuna_study(spec, proposals.make_sampler(Sampler.RANDOM, 0), due)
    assert study.direction is optuna.study.StudyDirection.MINIMIZE
    trials = study.get_trials()
    assert [t.state for t in trials] == [
        TrialState.COMPLETE,
        TrialState.RUNNING,
        TrialState.RUNNING,
    ]
    assert [t.params for t in trials] == [
        {"latent_length": 2, "annealing": "constant"},
        {"latent_length": 0, "annealing": "linear", "annealing_length": 1},
        {"latent_length": 2, "annealing": "constant"},
    ]
    assert trials[1].distributions == {
        "latent_length": IntDistribution(0, 2),
        "annealing": CategoricalDistribution(("constant", "linear")),
        "annealing_length": IntDistribution(0, 1),
    }
    assert trials[0].values == [7.5]
    assert not trials[0].constraints  # nothing failed


def test_without_any_cost_a_failed_configuration_counts_for_nothing(lengths):
    spec = lengths(2, 4)
    due = GenerationRequest("low", 2, 1, (Observation(proposal(spec, 2), None, 1.0),))
    study = proposals.optuna_study(spec, proposals.make_sampler(Sampler.RANDOM, 0), due)
    (trial,) = study.get_trials()
    assert (trial.state, trial.values) == (TrialState.FAIL, None)


def test_a_parameter_is_asked_for_beside_the_values_it_goes_with_alone(tmp_path, tiny_spec):
    (tmp_path / "mine.yaml").write_text(
        "parameters:\n"
        "  latent_length: {ordered: true, values: [2, 4, 64]}\n"
        "  annealing: {values: [constant, linear]}\n"
        "  annealing_length: {ordered: true, values: [0.25, 0.5], when: {annealing: [linear]}}\n"
    )
    spec = tiny_spec(
        search__space=str(tmp_path / "mine.yaml"), search__choices="{}", search__fixed="{}"
    )

    def asked(**values):
        return proposals.suggest(spec.space, optuna.trial.FixedTrial(values))

    assert asked(latent_length=2, annealing="constant") == {
        "latent_length": 64,
        "annealing": "constant",
    }
    assert asked(latent_length=0, annealing="linear", annealing_length=1) == {
        "latent_length": 2,
        "annealing": "linear",
        "annealing_length": 0.5,
    }


def test_a_space_without_parameters_has_no_sequence_and_its_one_cell_all_the_same(tiny_spec):
    spec = tiny_spec(
        search__choices="{latent_length: [4]}",
        search__fixed=FIXED.replace("}", ", latent_length: 4}"),
        search__sampler="qmc",
    )
    assert not spec.space.parameters
    (found,) = proposals.propose(spec, GenerationRequest("low", 0, 3))
    assert (found.parameters, str(found.origin)) == ({}, NOTHING_NEW)


def test_a_sequence_covers_a_space_evenly(lengths):
    """The first 16 of a Sobol sequence fall one into each sixteenth."""
    spec = lengths(*range(1, 17), sampler="qmc")
    found = told(proposals.propose(spec, GenerationRequest("low", 0, 16)))
    assert sorted(length for length, _ in found) == list(range(1, 17))
    assert {origin for _, origin in found} == {"the Sobol sequence"}


@pytest.fixture
def square(tiny_spec):
    """A search over 64 code lengths by 64 numbers of hidden units."""
    values = list(range(1, 65))
    return tiny_spec(
        search__choices=f"{{latent_length: {values}, hidden: {values}}}",
        search__fixed=FIXED,
        search__sampler="qmc",
    )


def test_a_sequence_and_chance_come_to_each_of_four_thousand_cells_once(square):
    """Of a Sobol sequence 4096 points fall one into each of 64 by 64 squares."""
    rng = np.random.default_rng(0)
    chance = itertools.islice(proposals._by_chance(square.space, rng), 5000)
    for drawn in (proposals._sobol(square.space, 0), chance):
        cells = [tuple(sorted(cell.items())) for cell in drawn]
        assert len(cells) == len(set(cells)) == 64 * 64


def test_what_is_drawn_by_chance_is_in_no_order(lengths):
    space = lengths(*range(1, 17)).space
    one, other = (list(proposals._by_chance(space, np.random.default_rng(n))) for n in (0, 1))
    assert one != other


def asked(spec, kind, due, seed):
    """What Optuna answers to one question."""
    study = proposals.optuna_study(spec, proposals.make_sampler(kind, seed), due)
    return proposals.suggest(spec.space, study.ask())


@pytest.mark.parametrize("kind", [Sampler.GP, Sampler.TPE])
@pytest.mark.parametrize(("results", "modelled"), [(7, False), (8, True)])
def test_a_model_proposes_from_the_eighth_result_on_and_chance_before(
    lengths, kind, results, modelled
):
    spec = lengths(*range(1, 31))
    due = GenerationRequest("low", 3, 1, observed(spec, *range(1, results + 1)))
    alike = [asked(spec, kind, due, n) == asked(spec, Sampler.RANDOM, due, n) for n in range(2)]
    assert all(alike) is not modelled


def test_while_it_is_under_way_a_configuration_counts_as_bad(lengths):
    """So proposals of one time keep away from each other."""
    spec = lengths(*range(1, 31))
    completed = tuple(
        Observation(proposal(spec, length), (abs(length - 15.0),), 0.0)
        for length in range(1, 31, 2)
    )
    best = range(13, 18)

    def among_the_best(running):
        due = GenerationRequest("low", 3, 1, completed, running)
        found = [asked(spec, Sampler.TPE, due, n)["latent_length"] for n in range(5)]
        return sum(length in best for length in found)

    running = tuple(proposal(spec, length) for length in best)
    assert among_the_best(running) < among_the_best(())


def test_the_estimator_models_all_parameters_together_and_those_under_a_condition(
    tiny_spec, monkeypatch
):
    spec = tiny_spec(
        search__choices="{latent_length: [2, 4, 8, 16], annealing: [constant, linear, cyclical], "
        "annealing_length: [0.25, 0.5, 0.75]}",
        search__fixed="{free_bits: 0, regularizers: 2, input_dropout: 0}",
    )
    assert spec.space.conditional
    completed = tuple(
        Observation(Proposal(spec.configuration(cell).config_id, cell), (float(n),), 0.0)
        for n, cell in enumerate(spec.space.cells())
    )
    monkeypatch.setattr(
        optuna.samplers.TPESampler, "sample_independent", lambda *_: pytest.fail("alone")
    )
    for seed in range(5):
        assert asked(spec, Sampler.TPE, GenerationRequest("low", 3, 1, completed), seed)


def test_to_the_gaussian_process_results_have_noise(monkeypatch):
    told = {}
    monkeypatch.setattr(optuna.samplers, "GPSampler", lambda **what: told.update(what))
    proposals.make_sampler(Sampler.GP, 7)
    assert (told["deterministic_objective"], told["seed"]) == (False, 7)


@pytest.mark.parametrize("kind", [Sampler.GP, Sampler.TPE, Sampler.RANDOM])
def test_optuna_warns_and_tells_of_nothing(lengths, recwarn, kind):
    asked(lengths(2, 4), kind, GenerationRequest("low", 0, 1), 0)
    assert recwarn.list == []
    assert optuna.logging.get_verbosity() == optuna.logging.ERROR


def test_where_nothing_failed_there_is_no_constraint(lengths):
    spec = lengths(2, 4)
    completed = tuple(
        Observation(proposal(spec, length), (1.0,), violation)
        for length, violation in ((2, 0.0), (4, -0.2))
    )
    due = GenerationRequest("low", 2, 1, completed)
    study = proposals.optuna_study(spec, proposals.make_sampler(Sampler.RANDOM, 0), due)
    assert [trial.constraints for trial in study.get_trials()] == [{}, {}]


def test_who_proposed_is_kept_with_each_proposal(lengths):
    (found,) = proposals.propose(lengths(2, sampler="grid"), GenerationRequest("low", 0, 1))
    assert found.origin == Origin(OriginKind.SAMPLER, "the grid, cell by cell")
