from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from study.ledger.record import Proposal, SeedRun
from study.search import evidence, generations, planner, proposals
from study.search.decisions import decisions
from study.spec.sections import Phase, Sampler
from study.statistics.purposes import Purpose
from tests.study.search.book import confirmed, propose, searched
from tests.study.search.toystudy import GENRES, empty, simulate, table, toy

SAMPLERS = [sampler.value for sampler in Sampler if sampler is not Sampler.AUTO]


@pytest.fixture
def spec(tiny_spec):
    return tiny_spec(search__configurations="6", search__sampler="tpe")


def test_any_order_and_number_of_slots_ends_in_the_same_table(spec):
    expected, _ = simulate(spec, lambda _: 0, width=1)
    for seed in range(6):
        rng = random.Random(seed)
        record, _ = simulate(spec, rng.randrange, width=1 + seed)
        assert table(record) == table(expected)
        assert record.generations == expected.generations


def test_every_phase_has_the_specs_seeds_for_every_configuration(spec):
    record, plan = simulate(spec, lambda _: 0)
    assert set(record.ended) == set(plan.planned)
    for genre in GENRES:
        for phase, configurations in ((Phase.METHODS, 4), (Phase.SEARCH, 6), (Phase.CONFIRM, 2)):
            runs = [r for r in record.ended if (r.genre, r.phase) == (genre, phase)]
            assert len({r.config_id for r in runs}) == configurations
            assert {r.seed for r in runs} == set(spec.seeds_of(phase))
            assert len(runs) == configurations * len(spec.seeds_of(phase))


def test_the_second_generation_does_not_wait_for_the_first(tiny_spec):
    spec = tiny_spec(search__configurations="6", search__transfer="false")
    plan = planner.plan(empty(spec))
    assert {(d.genre, d.generation) for d in plan.requests} == {(g, 0) for g in GENRES}
    record = empty(spec)
    record.generations["low", 0] = (Proposal("a" * 12, {}), Proposal("b" * 12, {}))
    due = next(d for d in planner.plan(record).requests if d.genre == "low")
    assert (due.generation, due.completed, len(due.running)) == (1, (), 2)


def test_the_third_generation_waits_for_all_of_the_first_and_no_more(tiny_spec):
    spec = tiny_spec(search__configurations="6", search__transfer="false")
    record = empty(spec)
    first, second = ("a" * 12, "b" * 12), ("c" * 12, "d" * 12)
    for generation, ids in enumerate((first, second)):
        record.generations["low", generation] = tuple(Proposal(i, {}) for i in ids)
    runs = [SeedRun("low", i, seed, Phase.SEARCH) for i in first for seed in (0, 1)]
    for run in runs[:-1]:
        record.ended[run] = toy(run)
    assert not [d for d in planner.plan(record).requests if d.genre == "low"]
    record.ended[runs[-1]] = toy(runs[-1])
    due = next(d for d in planner.plan(record).requests if d.genre == "low")
    assert [k.proposal.config_id for k in due.completed] == list(first)
    assert [p.config_id for p in due.running] == list(second)


def test_a_failed_seed_keeps_its_configuration_from_the_final_and_holds_nothing_up(spec):
    undisturbed, _ = simulate(spec, lambda _: 0)
    best = next(r.config_id for r in undisturbed.ended if r.phase is Phase.CONFIRM)
    record, plan = simulate(
        spec,
        lambda _: 0,
        result=lambda r: toy(
            r, failed=r.config_id == best and r.phase is Phase.SEARCH and r.seed == 1
        ),
    )
    assert plan.done
    failed = {r.genre for r, e in record.ended.items() if not e.done}
    assert failed
    assert not [
        r
        for r in record.ended
        if r.config_id == best and r.phase is Phase.CONFIRM and r.genre in failed
    ]


def test_a_space_smaller_than_the_search_ends_it_early(tiny_spec):
    spec = tiny_spec(
        search__choices="{latent_length: [2, 4], input_dropout: [0.5]}",
        search__configurations="40",
        search__sampler="random",
        search__fixed="{free_bits: 0, annealing: linear, annealing_length: 0.5, regularizers: 2}",
    )
    record, plan = simulate(spec, lambda _: 0)
    assert plan.done
    assert sum(map(len, record.generations.values())) == 2 * len(GENRES)


def test_a_grid_runs_every_configuration_on_all_confirmation_seeds(tiny_spec):
    spec = tiny_spec(search__protocol="grid", search__space="methods", search__choices="{}")
    record, _ = simulate(spec, lambda _: 0)
    assert {r.phase for r in record.ended} == {Phase.CONFIRM}
    assert len(record.ended) == len(GENRES) * 4 * 3
    assert set(planner.methods_of(spec).values()) == set(spec.methods)


def test_methods_that_coincide_are_run_once(tiny_spec):
    spec = tiny_spec(search__fixed="{regularizers: 1, free_bits: 0, annealing: linear}")
    plan = planner.plan(empty(spec))
    assert len(set(plan.planned)) == len(plan.planned) == len(GENRES) * 2 * 3
    assert sorted(planner.methods_of(spec).values()) == ["lstm_vae", "vae_bow"]


def test_a_study_whose_corpus_is_unknown_is_not_done(spec):
    record = empty(spec)
    record.facts.clear()
    plan = planner.plan(record)
    assert not plan.done
    assert not plan.runs


def test_no_configuration_is_proposed_twice(spec):
    record, _ = simulate(spec, lambda _: 0)
    for genre in GENRES:
        ids = [p.config_id for (g, _), ps in record.generations.items() if g == genre for p in ps]
        assert len(ids) == len(set(ids)) == 6


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_repeats_itself(tiny_spec, sampler):
    spec = tiny_spec(search__sampler=sampler)
    completed = tuple(
        generations.Observation(
            Proposal(spec.configuration(cell).config_id, cell), (float(i),), 0.0
        )
        for i, cell in enumerate(list(spec.space.cells())[:9])
    )
    due = generations.GenerationRequest("low", 3, 2, completed)
    first = proposals.propose(spec, due)
    assert first == proposals.propose(spec, due)
    assert len(first) == 2


def test_the_sampler_is_told_what_was_measured(tiny_spec):
    spec = tiny_spec(
        search__sampler="tpe",
        search__choices="{latent_length: [2, 4, 8, 64]}",
        search__fixed="{free_bits: 0, annealing: constant, regularizers: 1}",
        training__batch="4",
    )
    cells = list(spec.space.cells())
    proposed = {"low": 0, "high": 0}
    for latent, favours in ((2, "low"), (64, "high")):
        completed = tuple(
            generations.Observation(
                Proposal(f"{i:012x}", cell), (abs(cell["latent_length"] - latent) * 10.0,), 0.0
            )
            for i, cell in enumerate(cells * 3)
        )
        for generation in range(10):
            for p in proposals.propose(
                spec, generations.GenerationRequest("g", generation, 1, completed)
            ):
                latent_length = p.parameters["latent_length"]
                proposed[favours] += latent_length * (1 if favours == "high" else -1)
    assert proposed["high"] + proposed["low"] > 0


def propose_all(spec, record, genre="low"):
    return next((d for d in planner.plan(record).requests if d.genre == genre), None)


def test_a_genre_starts_from_what_won_in_the_genres_before_it(spec):
    record, _ = simulate(spec, lambda _: 0)
    first = record.generations["low", 0]
    came = [p for p in first if p.transferred]
    assert len(came) == 1  # half a generation of two
    assert str(came[0].origin) == "transfer: among the best of high"
    known = {p.config_id for g in (0, 1) for p in record.generations["high", g]}
    level = {r.config_id: int(r.config_id, 16) % 97 for r in record.ended if r.genre == "high"}
    assert level[came[0].config_id] == min(level[one] for one in known)  # two of them are equal
    assert not any(
        p.transferred for (g, _), ps in record.generations.items() for p in ps if g == "high"
    )


def test_a_genre_waits_for_the_leading_ones_first_generation_and_no_more(spec):
    record, _ = simulate(spec, lambda _: 0)
    for key in [k for k in record.generations if k[0] == "low"]:
        del record.generations[key]
    first = {p.config_id for p in record.generations["high", 0]}
    for run in [r for r in record.ended if r.genre == "high" and r.config_id not in first]:
        del record.ended[run]
    assert propose_all(spec, record) is not None
    del record.ended[SeedRun("high", min(first), 0, Phase.SEARCH)]
    assert propose_all(spec, record) is None


def test_a_later_generation_takes_over_what_won_since_and_was_not_tried(tiny_spec):
    spec = tiny_spec(search__configurations="16", search__generation="8", search__sampler="random")
    record, _ = simulate(spec, lambda _: 0)
    first, second = record.generations["low", 0], record.generations["low", 1]
    assert [p.transferred for p in first] == [True] * 4 + [False] * 4
    assert [p.transferred for p in second] == [True] + [False] * 7
    level = {p.config_id: int(p.config_id, 16) % 97 for p in first}
    known = {p.config_id for g in (0, 1) for p in record.generations["high", g]}
    untried = [i for i in known if i not in level]
    assert second[0].config_id in untried


def test_genres_of_an_older_study_go_on_in_turn(tiny_spec):
    spec = tiny_spec(search__configurations="6", search__sampler="random", search__order="in_turn")
    record, _ = simulate(spec, lambda _: 0)
    for key in [k for k in record.generations if k[0] == "low"]:
        del record.generations[key]
    last = {p.config_id for p in record.generations["high", 2]}
    for run in [r for r in record.ended if r.genre == "high" and r.config_id in last]:
        del record.ended[run]
    assert propose_all(spec, record) is not None
    before = record.generations["high", 1][0].config_id
    del record.ended[SeedRun("high", before, 0, Phase.SEARCH)]
    assert propose_all(spec, record) is None


def test_without_transfer_no_genre_waits_and_none_takes_over(tiny_spec):
    spec = tiny_spec(search__transfer="false", search__sampler="random")
    assert {d.genre for d in planner.plan(empty(spec)).requests} == set(GENRES)
    record, _ = simulate(spec, lambda _: 0)
    assert not any(p.transferred for ps in record.generations.values() for p in ps)


def test_the_joint_corpus_is_searched_first(tiny_spec):
    record = empty(tiny_spec())
    record.facts["overall"] = {}
    assert [d.genre for d in planner.plan(record).requests] == ["overall"]


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32), width=st.integers(1, 9))
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_ends_in_the_same_table_under_any_order(tiny_spec, sampler, seed, width):
    spec = tiny_spec(
        search__configurations="6",
        search__sampler=sampler,
        seeds="{search: 2, confirm: 8}",
        search__finalists="3",
    )
    expected, _ = simulate(spec, lambda _: 0, width=1)
    record, _ = simulate(spec, random.Random(seed).randrange, width=width)
    assert table(record) == table(expected)
    assert record.generations == expected.generations
    assert decisions(record) == decisions(expected)


def test_a_dropped_finalist_runs_no_seed_beyond_its_rung(tiny_spec):
    spec = tiny_spec(
        search__configurations="6",
        search__sampler="random",
        search__finalists="3",
        seeds="{search: 2, confirm: 10}",
        search__methods="false",
    )
    record, _ = simulate(spec, lambda _: 0)
    for genre in GENRES:
        dropped = [d for d in decisions(record) if (d.genre, d.decision) == (genre, "dropped")]
        for decision in dropped:
            runs = [
                r
                for r in record.ended
                if r.phase is Phase.CONFIRM
                and (r.genre, r.config_id) == (genre, decision.config_id)
            ]
            assert len(runs) == decision.seeds
    assert any(d.decision == "dropped" for d in decisions(record))


def test_configurations_that_can_have_no_full_count_are_constraints_to_the_sampler(tiny_spec):
    spec = tiny_spec(search__sampler="tpe")
    cells = list(spec.space.cells())[:3]
    costs = ((5.0,), (1.0,), None)
    completed = tuple(
        generations.Observation(Proposal(spec.configuration(cell).config_id, cell), cost, violation)
        for cell, cost, violation in zip(cells, costs, (-0.2, 0.8, 1.0), strict=True)
    )
    due = generations.GenerationRequest("low", 3, 2, completed)
    study = proposals.optuna_study(spec, proposals.make_sampler(Sampler.TPE, 0), due)
    assert [t.value for t in study.trials] == [5.0, 1.0, 5.0]
    assert study.best_trial.value == 5.0
    assert [list(t.constraints.values()) for t in study.trials] == [[-0.2], [0.8], [1.0]]


def test_a_grid_sampler_takes_the_cells_in_order(tiny_spec):
    spec = tiny_spec(search__sampler="grid", search__transfer="false")
    record, _ = simulate(spec, lambda _: 0)
    cells = list(spec.space.cells())[:4]
    found = [p.parameters for g in (0, 1) for p in record.generations["low", g]]
    assert found == cells


def test_qmc_goes_on_with_one_sequence_over_generations(tiny_spec):
    spec = tiny_spec(
        search__sampler="qmc",
        search__choices="{latent_length: [2, 4, 8, 16]}",
        search__fixed="{free_bits: 0, annealing: constant, regularizers: 1, input_dropout: 0}",
        search__transfer="false",
        search__methods="false",
    )
    record, _ = simulate(spec, lambda _: 0)
    found = {p.parameters["latent_length"] for g in (0, 1) for p in record.generations["low", g]}
    assert found == {2, 4, 8, 16}


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random"])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_is_searched_to_its_end(tiny_spec, sampler, purpose):
    spec = tiny_spec(
        search__sampler=sampler,
        search__purpose=purpose,
        search__configurations="12",
        search__transfer="false",
        search__generation="4",
    )
    record, plan = simulate(spec, lambda _: 0)
    assert plan.done
    assert sum(map(len, record.generations.values())) == 24


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_plan_kept_as_results_come_is_the_plan_from_nothing(tiny_spec, data):
    genres = ("high", "low", "overall")[: data.draw(st.integers(1, 3))]
    methods = data.draw(st.booleans())
    spec = tiny_spec(
        search__protocol=data.draw(st.sampled_from(["search", "search", "search", "grid"])),
        search__order=data.draw(st.sampled_from(["side_by_side", "in_turn"])),
        search__transfer=str(data.draw(st.booleans())).lower(),
        search__methods=str(methods).lower(),
        search__sampler="random",
        search__configurations=str(data.draw(st.integers(1, 10))),
        search__generation=str(data.draw(st.integers(1, 8))),
        search__finalists=str(data.draw(st.integers(1, 4))),
        search__choices="{latent_length: [2, 4], input_dropout: [0.0, 0.5]}",
        search__fixed="{free_bits: 0, annealing: linear, annealing_length: 0.5}",
        seeds="{search: 2, confirm: 8}",
    )
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    record, width = empty(spec, genres), data.draw(st.integers(1, 30))
    fixed = [*spec.methods.values(), *planner.grid_configurations(spec)]
    record.configurations |= {each.config_id: each for each in fixed}
    kept, flying = planner.Planner(record), []
    while not kept.done:
        if rng.random() < 0.2:
            assert kept.plan() == planner.plan(record)
        requests = kept.requests
        for due in requests[: rng.randint(0, len(requests))]:
            proposed = tuple(proposals.propose(spec, due))
            found = (spec.configuration(each.parameters) for each in proposed)
            record.configurations |= {each.config_id: each for each in found}
            record.generations[due.genre, due.generation] = proposed
            kept.proposed(due.genre)
        fill = rng.choice([0, 0, 6])
        while len(flying) < width and (runs := kept.take(rng.randint(1, 3), fill=fill)):
            waiting = [run for run in kept.plan().runs if run not in flying]
            assert runs[0] == waiting[0]
            assert set(runs) <= set(waiting)
            assert len(set(runs)) == len(runs) <= max(3, fill)
            flying += runs
        if flying:
            run = flying.pop(rng.randrange(len(flying)))
            if rng.random() < 0.1:
                kept.give_back([run])
                continue
            record.ended[run] = toy(run, failed=rng.random() < 0.1)
            kept.ended(run)
    assert kept.plan() == planner.plan(record)
    assert set(record.ended) == set(kept.wanted)


@pytest.fixture
def by_hand(tiny_spec):
    """A record of two genres: a search of two configurations, one finalist, some methods."""

    def make(methods="true", **changes):
        spec = tiny_spec(
            search__purpose="density",
            search__configurations="2",
            search__generation="2",
            search__finalists="1",
            search__transfer="false",
            search__methods=methods,
            search__fixed="{regularizers: 1, free_bits: 0, annealing: linear}",
            seeds="{search: 2, confirm: 2}",
            **changes,
        )
        record = empty(spec, ("low", "high"))
        for genre in record.facts:
            propose(record, genre, 0, "ab")
        return record

    return make


def places(runs):
    return [(run.genre, run.config_id, run.seed) for run in runs]


def test_searches_run_first_then_finalists_then_methods_each_round_the_genres(by_hand):
    record = by_hand()
    methods = evidence.methods_in(record)
    searches = [(g, i, seed) for i in "ab" for seed in (0, 1) for g in ("high", "low")]
    compared = [(g, i, seed) for i in methods for seed in (1000, 1001) for g in ("high", "low")]
    plan = planner.plan(record)
    assert places(plan.planned) == places(plan.runs) == searches + compared
    assert not plan.done
    for name, nll in (("a", 11.0), ("b", 10.0)):
        searched(record, name, nll, nll + 0.1, genre="low")
    plan = planner.plan(record)
    finalist = [("low", "b", 1000), ("low", "b", 1001)]
    assert places(plan.planned) == searches + finalist + compared
    open_ones = [place for place in searches if place[0] == "high"]
    assert places(plan.runs) == open_ones + finalist + compared


def test_who_is_a_finalist_and_a_method_runs_once_and_with_the_finalists(by_hand):
    record = by_hand()
    first, second = evidence.methods_in(record)
    propose(record, "low", 0, [second, "b"])
    searched(record, second, 10.0, 10.1)
    searched(record, "b", 11.0, 11.1)
    plan = planner.plan(record)
    low = [(r.config_id, r.seed, r.phase) for r in plan.planned if r.genre == "low"][4:]
    assert low == [(i, seed, Phase.METHODS) for i in (second, first) for seed in (1000, 1001)]
    assert len(set(plan.planned)) == len(plan.planned)


def test_runs_are_taken_in_order_one_configuration_at_a_time_and_come_back(by_hand):
    plan = planner.Planner(by_hand(methods="false"))
    assert (plan.left, len(list(plan.wanted))) == (8, 8)
    assert places(plan.take()) == [("high", "a", 0)]
    assert places(plan.take()) == [("low", "a", 0)]
    first = plan.take(5)
    assert places(first) == [("high", "a", 1)]  # the other seed is under way
    assert places(plan.take(5)) == [("low", "a", 1)]
    assert places(plan.take(5)) == [("high", "b", 0), ("high", "b", 1)]
    plan.give_back(first)
    assert plan.take(5) == first
    assert places(plan.take(1)) == [("low", "b", 0)]
    assert places(plan.take(1)) == [("low", "b", 1)]
    assert plan.take(1) == ()
    assert plan.left == 8  # until they have ended


@pytest.fixture
def stacks(by_hand):
    """A plan of two genres whose configurations are known: ``a`` and ``b`` can train together."""

    def make(configuration_of_b, **changes):
        record = by_hand(**changes)
        record.configurations |= {"a": record.spec.configuration({}), "b": configuration_of_b}
        record.configurations |= {c.config_id: c for c in record.spec.methods.values()}
        return planner.Planner(record)

    return make


def test_runs_of_other_configurations_fill_what_one_leaves_in_the_order_of_the_study(
    stacks, tiny_spec
):
    narrow = tiny_spec().configuration({"latent_length": 2})
    plan = stacks(narrow, methods="false")
    assert places(plan.take(5, fill=3)) == [("high", "a", 0), ("high", "a", 1), ("high", "b", 0)]
    assert places(plan.take(5, fill=9)) == [
        ("low", "a", 0),
        ("low", "a", 1),
        ("low", "b", 0),
        ("low", "b", 1),
    ]
    assert places(plan.take(5, fill=1)) == [("high", "b", 1)]
    assert plan.take(5, fill=9) == ()


def test_the_seeds_of_a_configuration_stay_together_whatever_others_are_left(stacks, tiny_spec):
    plan = stacks(tiny_spec().configuration({"latent_length": 2}), methods="false")
    assert places(plan.take(2, fill=1)) == [("high", "a", 0), ("high", "a", 1)]


def test_what_cannot_train_as_one_program_comes_apart(stacks, tiny_spec):
    wide = tiny_spec(model__hidden="9").configuration({})
    plan = stacks(wide, methods="false")
    assert places(plan.take(5, fill=9)) == [("high", "a", 0), ("high", "a", 1)]
    lagging = tiny_spec(training__encoder_steps="2").configuration({})
    assert lagging.stack is None
    plan.record.configurations |= {"a": lagging, "b": lagging}
    assert places(plan.take(5, fill=9)) == [("low", "a", 0), ("low", "a", 1)]


def test_what_is_longer_comes_apart(stacks, tiny_spec):
    """Results of a stack are told at its end."""
    longer = tiny_spec(training__epochs="9").configuration({})
    plan = stacks(longer, methods="false")
    assert longer.stack == plan.record.configurations["a"].stack
    assert places(plan.take(5, fill=9)) == [("high", "a", 0), ("high", "a", 1)]


def test_a_run_that_has_failed_before_comes_by_itself(stacks, tiny_spec):
    plan = stacks(tiny_spec().configuration({"latent_length": 2}), methods="false")
    high = [run for run in plan.plan().runs if run.genre == "high"]
    plan.record.failed_attempts[high[0]] = 1
    plan.record.failed_attempts[high[2]] = 1
    assert plan.take(5, fill=9) == (high[0],)
    low = plan.take(5, fill=9)
    assert [run.genre for run in low] == ["low"] * 4
    assert plan.take(5, fill=9) == (high[1], high[3])
    assert plan.take(5, fill=9) == (high[2],)


def test_methods_come_with_what_is_searched(stacks, tiny_spec):
    narrow = tiny_spec(model__pooling="last").configuration({"latent_length": 2})
    plan = stacks(narrow, model__pooling="last")
    phases = [run.phase for run in plan.take(2, fill=6)]
    assert phases == [Phase.SEARCH] * 4 + [Phase.METHODS] * 2


def test_a_run_that_has_ended_is_not_given_back_and_one_that_nobody_wants_counts_for_nothing(
    by_hand,
):
    record = by_hand(methods="false")
    plan = planner.Planner(record)
    (run,) = plan.take()
    record.ended[run] = toy(run)
    plan.ended(run)
    plan.give_back([run])
    assert plan.left == 7
    assert run not in [one for _ in range(7) for one in plan.take()]
    unwanted = SeedRun("low", "c", 0, Phase.SEARCH)
    record.ended[unwanted] = toy(unwanted)
    plan.ended(unwanted)
    assert plan.left == 7


def test_a_study_is_done_when_nothing_is_left_and_nothing_is_to_be_proposed(by_hand):
    record = by_hand(methods="false")
    for genre in ("high", "low"):
        for name, nll in (("a", 10.0), ("b", 11.0)):
            searched(record, name, nll, nll + 0.1, genre=genre)
    assert not planner.plan(record).done
    confirmed(record, "a", 10.0, 10.1, genre="high")
    confirmed(record, "a", 10.0, genre="low")
    assert not planner.plan(record).done
    confirmed(record, "a", 10.0, None, genre="low")
    assert planner.plan(record).done
    del record.generations["low", 0]
    assert not planner.plan(record).done


def test_requests_are_told_in_order_of_genre_the_joint_corpus_first(tiny_spec):
    spec = tiny_spec(search__transfer="false")
    plan = planner.plan(empty(spec, ("low", "overall", "high")))
    assert [due.genre for due in plan.requests] == ["overall", "high", "low"]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["lstm_vae", "vae_bow", "musebar", "musebar_bow"]),
        ({"search__methods": "false"}, []),
        (
            {
                "search__protocol": "grid",
                "search__space": "methods",
                "search__choices": "{}",
                "search__methods": "false",
            },
            ["lstm_vae", "vae_bow", "musebar", "musebar_bow"],
        ),
        ({"search__protocol": "grid", "search__choices": "{latent_length: [2]}"}, []),
    ],
)
def test_methods_of_a_study_are_those_that_it_compares_or_has_in_its_grid(
    tiny_spec, changes, names
):
    spec = tiny_spec(**changes)
    found = planner.methods_of(spec)
    assert sorted(found.values()) == sorted(names)
    assert found == {spec.methods[name].config_id: name for name in names}


def test_only_a_grid_has_configurations_and_names_of_its_own(tiny_spec):
    grid = {"search__protocol": "grid", "search__space": "methods", "search__choices": "{}"}
    spec = tiny_spec(**grid)
    assert [c.config_id for c in planner.grid_configurations(spec)] == list(
        planner.named_of(spec).values()
    )
    assert list(planner.named_of(spec)) == list(spec.methods)
    alike = tiny_spec(**grid, search__fixed="{regularizers: 1}")
    assert len(planner.named_of(alike)) > len(planner.grid_configurations(alike)) > 0
    search = tiny_spec()
    assert (planner.grid_configurations(search), planner.named_of(search)) == ([], {})
