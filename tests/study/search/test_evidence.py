"""What a ledger says of a genre, worked out by hand."""

from __future__ import annotations

import functools

import pytest

from musebar_core.size import n_parameters
from study.ledger.record import SeedRun
from study.search import evidence
from study.search.evidence import Evidence
from study.spec.sections import Phase
from tests.study.search.book import book, confirmed, propose, result, searched
from tests.study.search.toystudy import done


@pytest.fixture
def spec(spec):
    """That search, two configurations at a time."""
    return functools.partial(spec, search__generation="2")


def runs(name, seeds, phase=Phase.CONFIRM, genre="low"):
    return [SeedRun(genre, name, seed, phase) for seed in seeds]


def search_is_over(record):
    searched(record, "a", 10.0, 10.2)
    searched(record, "b", 11.0, 11.2)
    searched(record, "c", 12.0, 12.2)
    return record


@pytest.mark.parametrize(
    ("configurations", "generation", "there", "wanted"),
    [
        (6, 2, [], 2),
        (6, 2, ["ab"], 2),
        (5, 2, ["ab", "cd"], 1),
        (5, 2, ["ab", "cd", "e"], 0),
        (6, 2, ["ab", "c"], 0),  # a generation found fewer than it was asked for: no more to find
        (6, 2, [""], 0),
        (6, 4, ["abcd", "ef"], 0),
        (7, 4, ["abcd", "ef"], 0),  # asked for three
        (7, 4, ["abcd"], 3),
        (3, 4, [], 3),
        (3, 2, ["ab", "cd"], 0),
        (30, None, [], 5),  # a sixth
        (31, None, ["abcdef"], 6),
    ],
)
def test_the_next_generation_is_as_large_as_asked_and_as_what_is_left(
    spec, configurations, generation, there, wanted
):
    size = "null" if generation is None else str(generation)
    asked = spec(search__configurations=str(configurations), search__generation=size)
    assert Evidence(book(asked, *there)).of("low").wanted == wanted


def test_the_joint_corpus_is_told_last(spec):
    record = book(spec(), genres=("polka", "overall", "waltz", "jig"))
    assert evidence.genres_of(record) == ["jig", "polka", "waltz", "overall"]


def test_only_done_runs_tell_what_a_configuration_measured(spec):
    record = book(spec(), "a")
    searched(record, "a", 10.0, None)
    config = record.spec.configuration({})
    record.configurations["a"] = config
    wanted = [SeedRun("low", "a", seed, Phase.SEARCH) for seed in range(3)]
    found = evidence.measured(record, "a", wanted)
    assert [row.nll for row in found.rows] == [10.0]
    assert found.n_parameters == n_parameters(config.model) > 0
    assert evidence.measured(record, "z", []).n_parameters == 0


@pytest.mark.parametrize(("methods", "count"), [("true", 2), ("false", 0)])
def test_methods_that_coincide_are_one_comparison_and_none_where_not_asked_for(
    spec, methods, count
):
    fixed = "{regularizers: 1, free_bits: 0, annealing: linear}"
    record = book(spec(search__fixed=fixed, search__methods=methods))
    assert len(evidence.methods_in(record)) == count


def test_a_search_is_over_when_all_are_proposed_and_all_have_ended(spec):
    record = book(spec(), "ab")
    searched(record, "a", 10.0, 10.2)
    searched(record, "b", 11.0, 11.2)
    assert not Evidence(record).of("low").search_complete  # one more is to be proposed
    propose(record, "low", 1, "c")
    searched(record, "c", 12.0)
    found = Evidence(record).of("low")
    assert (found.search_complete, found.promotions, found.race) == (False, [], evidence.Race())
    assert (found.ended_up_to(1), found.ended_up_to(2)) == (True, False)
    searched(record, "c", 12.0, None)  # a failed run has ended as well
    found = Evidence(record).of("low")
    assert found.search_complete
    assert [(p.config_id, p.promoted) for p in found.promotions] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]


def test_generations_have_ended_from_the_first_on(spec):
    record = book(spec(), "ab", "c")
    searched(record, "c", 12.0, 12.2)
    found = Evidence(record).of("low")
    assert [found.ended_up_to(n) for n in range(3)] == [True, False, False]


def test_a_result_says_whether_it_completes_a_generation(spec):
    record = book(spec(), "ab", "c")
    kept = Evidence(record)
    order = [("c", 0), ("a", 0), ("a", 1), ("b", 1), ("c", 1), ("b", 0)]
    run = SeedRun("low", "a", 0, Phase.SEARCH)
    assert not kept.ended(run)  # nobody has asked of the genre yet
    found, said = kept.of("low"), []
    for name, seed in order:
        run = SeedRun("low", name, seed, Phase.SEARCH)
        record.ended[run] = result(10.0)
        said.append(kept.ended(run))
    assert said == [False, False, False, False, True, True]
    assert found.search_complete
    assert not kept.ended(SeedRun("low", "unknown", 0, Phase.SEARCH))
    assert not kept.ended(SeedRun("low", "a", 1000, Phase.METHODS))


def test_what_a_search_said_is_kept_once_its_generation_has_ended_and_no_sooner(spec):
    record = book(spec(), "ab", "c")
    searched(record, "a", 10.0)
    found = Evidence(record).of("low")
    (proposal, _) = record.generations["low", 0]
    assert found.searched(proposal).done == 1
    searched(record, "a", 10.0, 10.2)
    assert (found.searched(proposal).done, found.searched(proposal).planned) == (2, 2)


def test_a_race_wants_the_seeds_of_the_first_rung_and_awaits_those_that_have_not_ended(spec):
    record = search_is_over(book(spec(), "ab", "c"))
    confirmed(record, "a", *[10.0] * 6)
    confirmed(record, "b", 11.0)
    race = Evidence(record).of("low").race
    assert list(race.runs) == [*runs("a", range(1000, 1006)), *runs("b", range(1000, 1006))]
    assert race.awaited == set(runs("b", range(1001, 1006)))
    assert (race.rungs, race.racing) == ((), ("a", "b"))


@pytest.mark.parametrize(
    ("nlls", "racing", "further"),
    [
        ([10.1, 9.9, 10.2, 9.8, 10.0, 10.0], ("a", "b"), "ab"),
        ([12.0, 12.1, 11.9, 12.2, 11.8, 12.0], ("a",), "a"),  # worse on every seed
        ([10.1, 9.9, 10.2, None, 10.0, 10.0], ("a",), "a"),  # can have no full count
    ],
)
def test_after_a_rung_those_that_are_kept_run_the_seeds_beyond_it(spec, nlls, racing, further):
    record = search_is_over(book(spec(), "ab", "c"))
    confirmed(record, "a", 10.0, 10.0, 10.1, 9.9, 10.0, 10.0)
    confirmed(record, "b", *nlls)
    race = Evidence(record).of("low").race
    first = [*runs("a", range(1000, 1006)), *runs("b", range(1000, 1006))]
    beyond = [run for name in further for run in runs(name, (1006, 1007))]
    assert list(race.runs) == first + beyond
    assert race.racing == racing
    assert [[v.config_id for v in rung] for rung in race.rungs] == [["a", "b"]]
    assert [v.kept for v in race.rungs[0]] == [True, len(racing) == 2]
    assert race.awaited == frozenset()


def test_rungs_follow_each_other_and_without_any_all_seeds_are_wanted_at_once(spec):
    record = search_is_over(book(spec(search__rungs="[6, 7]"), "ab", "c"))
    for name in "ab":
        confirmed(record, name, 10.0, 10.0, 10.1, 9.9, 10.0, 10.0)
    race = Evidence(record).of("low").race
    assert [r.seed for r in race.runs if r.config_id == "a"] == list(range(1000, 1007))
    assert race.awaited == {*runs("a", [1006]), *runs("b", [1006])}
    for name in "ab":
        confirmed(record, name, 10.0, first=6)
    race = Evidence(record).of("low").race
    assert [len(rung) for rung in race.rungs] == [2, 2]
    assert [v.seeds for rung in race.rungs for v in rung] == [6, 6, 7, 7]
    assert [r.seed for r in race.runs if r.config_id == "a"] == list(range(1000, 1008))
    whole = search_is_over(book(spec(search__rungs="[]"), "ab", "c"))
    race = Evidence(whole).of("low").race
    assert list(race.runs) == [*runs("a", range(1000, 1008)), *runs("b", range(1000, 1008))]
    assert (race.rungs, race.awaited) == ((), frozenset())


def test_a_finalist_that_is_a_fixed_comparison_runs_as_one_and_is_kept_for_it(spec):
    asked = spec(search__methods="true")
    method = asked.methods["lstm_vae"].config_id
    record = book(asked, ["a", method], "c")
    searched(record, "a", 10.0, 10.2)
    searched(record, method, 11.0, 11.2)
    searched(record, "c", 12.0, 12.2)
    race = Evidence(record).of("low").race
    assert set(race.runs) == {
        *runs("a", range(1000, 1006)),
        *runs(method, range(1000, 1006), Phase.METHODS),
    }
    confirmed(record, "a", *[10.0] * 6)
    confirmed(record, method, *[15.0] * 6, phase=Phase.METHODS)
    race = Evidence(record).of("low").race
    assert set(race.racing) == {"a", method}
    (told,) = (v.reason for v in race.rungs[0] if v.config_id == method)
    assert told.endswith("; kept as a fixed comparison, which runs all seeds")


def test_the_finalist_of_the_lowest_nll_is_kept_for_what_is_held_against_it(spec):
    record = book(spec(search__purpose="representation"), "ab", "c")
    searched(record, "a", 10.0, 10.2, mi=0.1)
    searched(record, "b", 10.2, 10.05, mi=5.0)
    searched(record, "c", 12.0, 12.1, mi=0.1)
    found = Evidence(record).of("low")
    assert [(p.config_id, p.anchor) for p in found.promotions if p.promoted] == [
        ("b", False),
        ("a", True),
    ]
    confirmed(record, "a", 10.0, 10.2, 9.9, 10.1, 10.0, 9.8, mi=0.1)
    confirmed(record, "b", 10.2, 10.0, 10.0, 9.9, 10.1, 9.9, mi=5.0)
    (told,) = (v for v in found.race.rungs[0] if v.config_id == "a")
    assert told.kept
    assert told.reason.endswith("kept as the lowest NLL, which the others are held against")


def test_a_fixed_comparison_of_the_lowest_nll_is_kept_as_a_fixed_comparison(spec):
    asked = spec(search__methods="true", search__purpose="representation")
    method = asked.methods["lstm_vae"].config_id
    record = book(asked, ["b", method], "c")
    searched(record, method, 10.0, 10.2, mi=0.1)
    searched(record, "b", 10.2, 10.05, mi=5.0)
    searched(record, "c", 12.0, 12.1, mi=0.1)
    found = Evidence(record).of("low")
    assert [p.config_id for p in found.promotions if p.anchor] == [method]
    confirmed(record, method, 10.0, 10.2, 9.9, 10.1, 10.0, 9.8, mi=0.1, phase=Phase.METHODS)
    confirmed(record, "b", 10.2, 10.0, 10.0, 9.9, 10.1, 9.9, mi=5.0)
    (told,) = (v.reason for v in found.race.rungs[0] if v.config_id == method)
    assert told.endswith("kept as a fixed comparison, which runs all seeds")


def test_finalists_of_a_reconstruction_keep_to_the_rate_that_was_asked_for(spec):
    asked = {"search__purpose": "reconstruction", "search__rate": "5"}
    record = book(spec(**asked, search__finalists="1"), "ab", "c")
    figures = {"a": (10.0, 1.0, 9.0), "b": (11.0, 5.0, 2.0), "c": (12.0, 6.0, 2.0)}
    for name, (nll, bce, kl) in figures.items():
        for run in runs(name, range(2), Phase.SEARCH):
            record.ended[run] = done(nll=nll, bce=bce, kl=kl, elbo=-bce - kl)
    found = Evidence(record).of("low").promotions
    assert [(p.config_id, p.statistic) for p in found if p.promoted] == [("b", 5.0)]
    assert found[0].reason.endswith("among the best for reconstruction@5")


def test_a_generation_that_is_added_is_taken_in_when_told_of(spec):
    record = book(spec(), "ab")
    kept = Evidence(record)
    assert kept.of("low").wanted == 1
    propose(record, "low", 1, "c")
    kept.proposed("low")
    assert [[p.config_id for p in g] for g in kept.of("low").generations] == [["a", "b"], ["c"]]
    assert kept.of("low").wanted == 0
    assert kept.of("low") is kept.of("low")


def test_a_result_says_whether_it_completes_a_rung_and_the_race_then_goes_on(spec):
    record = search_is_over(book(spec(), "ab", "c"))
    kept = Evidence(record)
    found, said = kept.of("low"), []
    assert len(found.race.awaited) == 12
    for seed in range(1000, 1006):
        for name in "ba":
            (run,) = runs(name, [seed])
            record.ended[run] = result(10.0 + seed % 2)
            assert len(found.race.runs) == 12
            said.append(kept.ended(run))
    assert said == [False] * 11 + [True]
    assert (len(found.race.runs), len(found.race.rungs)) == (16, 1)
    (last,) = runs("a", [1006])
    record.ended[last] = result(10.0)
    assert not kept.ended(last)  # no rung waits for it
