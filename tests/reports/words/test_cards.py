"""The words of a card: each line by the numbers that it says."""

from types import SimpleNamespace

import pytest

from reports.answers.stages import Change
from reports.answers.transfer import TransferRegret, TransferStatus
from reports.stats.improvement import Improvement
from reports.stats.separation import separation
from reports.stats.ties import TieSet
from reports.words.cards import (
    _more,
    _separation,
    _test,
    change_text,
    tie_line,
    trainings_text,
    transfer_text,
)
from reports.words.rivals import better_text
from study.statistics.intervals import mean_over_seeds


def mean(*values):
    return mean_over_seeds(dict(enumerate(values)))


def ties(members, worse=(), *, n=10, smallest=1 / 512, exact=True, pooled=False):
    return TieSet(tuple(members), tuple(worse), {}, n, smallest, exact, pooled)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            ties("a"),
            "the only configuration to choose from, so there is nothing to compare it with",
        ),
        (
            ties("a", smallest=1.0),
            "the only configuration to choose from, so there is nothing to compare it with",
        ),
        (
            ties("ab", n=5, smallest=1 / 16),
            "undecided: too few seeds (5); the smallest possible p is 0.062, above 0.05",
        ),
        (
            ties("a", "bc"),
            "1 of 3 configurations: each of the others is distinguishably worse than another",
        ),
        (ties("ab", "c"), "2 of 3 configurations cannot be told from the best"),
        (ties("ab"), "2 of 2 configurations cannot be told from the best"),
    ],
)
def test_a_tie_set_is_said_by_how_many_are_in_it(found, said):
    assert tie_line(found) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            ties("ab"),
            "max-T over all pairs, 10 seeds, every sign pattern: smallest possible p 0.002",
        ),
        (
            ties("ab", exact=False),
            "max-T over all pairs, 10 seeds, drawn sign patterns: smallest possible p 0.002",
        ),
    ],
)
def test_the_test_is_named_with_what_it_can_tell(found, said):
    assert _test(found) == said


def test_a_pooled_test_says_what_it_takes_for_granted():
    said = _test(ties("ab", n=1, pooled=True))
    assert said.startswith("Tukey's range over 1 seed, too few to flip signs: it takes the noise")


def test_the_number_of_trainings_is_said_with_the_collapse_rate():
    card = SimpleNamespace(trainings=1.0526, collapse_rate=(0.0, 0.217))
    assert trainings_text(card) == (
        "about 1.05 trainings until one works (collapse rate 0% to 22%)"
    )
    card = SimpleNamespace(trainings=None, collapse_rate=(0.78, 1.0))
    assert trainings_text(card) == (
        "no seed worked, so that the number of trainings has no estimate "
        "(collapse rate 78% to 100%)"
    )


def test_how_many_more_there_are_is_said_where_there_are_any():
    assert [[line.text for line in _more(n)] for n in (-1, 0, 1, 1000)] == [
        [],
        [],
        ["1 more"],
        ["1,000 more"],
    ]


def test_a_change_has_a_sign_and_its_interval():
    assert change_text(Change(2.0, (-6.67, 10.67))) == "+2.00 [-6.67, 10.67]"
    assert change_text(Change(-1234.5, None)) == "-1,234.50 (one seed tells of no spread)"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0], "difference 1.00 nats: one seed tells of no spread"),
        ([1.0, 1.0], "difference 1.00 [1.00, 1.00] nats: 4 more seeds (6 in all)"),
        ([1.0] * 5, "difference 1.00 [1.00, 1.00] nats: 1 more seed (6 in all)"),
        ([1.0, -1.0], "difference 0.00 [-12.71, 12.71] nats: more than 10,000 seeds"),
    ],
)
def test_seeds_to_separate_are_said_as_more_and_in_all(values, said):
    assert _separation(separation("b", mean(*values), 1)) == said


@pytest.mark.parametrize(
    ("config_id", "regret", "same", "collapsed", "status", "said"),
    [
        (None, None, False, False, "no_choice", "no configuration is recommended there yet"),
        ("c", mean(0.0), True, False, "same", "the same configuration"),
        ("c", None, True, False, "same", "the same configuration"),
        ("c", None, False, False, "not_measured", "c: not measured here on all seeds"),
        ("c", mean(2.0), False, False, "measured", "c: 2.00 nats"),
        (
            "c",
            mean(-2.0),
            False,
            True,
            "measured",
            "c: -2.00 nats; it collapsed here on more than one seed in five",
        ),
    ],
)
def test_a_transfer_says_its_cost_or_why_it_is_not_known(
    config_id, regret, same, collapsed, status, said
):
    one = TransferRegret("jazz", "rock", config_id, regret, same, collapsed)
    assert one.status is TransferStatus(status)
    assert transfer_text(one) == said


def test_seeds_won_are_counted_and_ties_named():
    assert better_text(Improvement(1.0, (0.7, 1.0), 10, 0, 10)) == "10 of 10 seeds"
    assert better_text(Improvement(0.5, (0.0, 1.0), 0, 1, 1)) == "0 of 1 seed and 1 tied"
