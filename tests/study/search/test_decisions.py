"""The decisions of a search that was written by hand, each with its reason."""

from __future__ import annotations

import dataclasses

import pytest

from study.ledger.record import Origin, OriginKind, Proposal
from study.search.decisions import Decision, DecisionStage, Outcome, decisions, read_proposed
from tests.study.search.book import CHANCE, book, confirmed, searched

PROPOSAL, SEARCH, RACE = DecisionStage.PROPOSAL, DecisionStage.SEARCH, DecisionStage.RACE
DROPPED = [12.0, 12.1, 11.9, 12.2, 11.8, 12.0]
"""Two nats above 10.0 on the mean of six seeds, and worse on each: p = 1 / 2**6."""


def test_every_decision_of_a_search_is_told_in_its_order_with_what_it_rests_on(spec):
    record = book(spec(), "ab", "c")
    a, b = record.generations["low", 0]
    record.generations["low", 0] = (dataclasses.replace(a, origin=None), b)
    searched(record, "a", 10.0, 10.5)
    searched(record, "b", 11.0, 11.5)
    searched(record, "c", 12.0, 12.5)
    confirmed(record, "a", *[10.0] * 6)
    confirmed(record, "b", *DROPPED)

    def told(config_id, stage, seeds, outcome, reason, *rest):
        return Decision("low", config_id, stage, seeds, outcome, reason, *rest)

    *found, kept, dropped = decisions(record)
    assert found == [
        told("a", PROPOSAL, 0, Outcome.PROPOSED, "generation 0: origin not recorded"),
        told("b", PROPOSAL, 0, Outcome.PROPOSED, f"generation 0: {CHANCE}"),
        told("c", PROPOSAL, 0, Outcome.PROPOSED, f"generation 1: {CHANCE}"),
        told(
            "a",
            SEARCH,
            2,
            Outcome.PROMOTED,
            "place 1 of 3 on the search seeds: among the best for density",
            10.25,
        ),
        told(
            "b",
            SEARCH,
            2,
            Outcome.PROMOTED,
            "place 2 of 3 on the search seeds: among the best for density",
            11.25,
        ),
        told("c", SEARCH, 2, Outcome.PASSED_OVER, "place 3 of 3 on the search seeds", 12.25),
    ]
    assert kept == told("a", RACE, 6, Outcome.KEPT, "the best so far")
    assert (dropped.genre, dropped.config_id, dropped.stage, dropped.seeds, dropped.decision) == (
        "low",
        "b",
        RACE,
        6,
        Outcome.DROPPED,
    )
    assert (dropped.statistic, dropped.p_value) == pytest.approx((2.0, 1 / 64))
    assert dropped.reason == (
        "worse for density than a over 6 paired seeds, beyond a near tie with p = 0.016 "
        "(cut at 0.05 or less)"
    )


def test_the_pareto_set_is_told_before_the_promotions_and_not_while_the_search_goes_on(spec):
    record = book(spec(search__purpose="representation", search__methods="false"), "ab", "c")
    searched(record, "a", 10.0, 10.5)
    searched(record, "b", 11.0, 11.5, mi=3.0)
    searched(record, "c", 12.0, mi=2.0)
    assert {d.stage for d in decisions(record)} == {PROPOSAL}
    searched(record, "c", 12.0, 12.5, mi=2.0)
    found = [d for d in decisions(record) if d.stage is SEARCH]
    assert [d.decision for d in found[:3]] == [Outcome.PARETO, Outcome.PARETO, Outcome.PROMOTED]
    reason = "no configuration is better in both NLL and MI lower"
    assert [(d.genre, d.config_id, d.seeds) for d in found[:2]] == [("low", i, 2) for i in "ab"]
    assert {(d.reason, d.statistic, d.p_value) for d in found[:2]} == {(reason, None, None)}


def test_a_grid_decides_nothing(spec):
    record = book(spec(search__protocol="grid", search__choices="{}"), "ab", "c")
    assert decisions(record) == []


def test_genre_by_genre_the_joint_corpus_last(spec):
    record = book(spec(), "a", genres=("low", "overall", "high"))
    record.generations["overall", 0] = record.generations["high", 0] = (Proposal("a", {}),)
    assert [d.genre for d in decisions(record)] == ["high", "low", "overall"]


@pytest.mark.parametrize(
    ("reason", "read"),
    [
        ("generation 0: origin not recorded", (0, None)),
        ("generation 12: the grid", (12, Origin(OriginKind.SAMPLER, "the grid"))),
        (
            "generation 3: chance: anew: two\nlines",
            (3, Origin(OriginKind.CHANCE, "anew: two\nlines")),
        ),
        ("generation 999999999: x", (999_999_999, Origin(OriginKind.SAMPLER, "x"))),
    ],
)
def test_what_a_proposals_reason_tells_is_read_back(reason, read):
    assert read_proposed(reason) == read


@pytest.mark.parametrize(
    "reason",
    [
        "generation 1000000000: x",
        "generation : x",
        "generation 1: ",
        "a generation 1: x",
        "generation -1: x",
    ],
)
def test_another_reason_tells_no_generation(reason):
    with pytest.raises(ValueError, match="tells no generation"):
        read_proposed(reason)


def test_of_a_long_text_that_is_no_reason_the_beginning_is_told():
    with pytest.raises(ValueError, match=f"^'{'x' * 40}' tells no generation$"):
        read_proposed("x" * 41)
