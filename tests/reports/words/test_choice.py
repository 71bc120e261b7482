"""The words of a choice: what of several is settled, and how far it is from one."""

from types import SimpleNamespace

import pytest

from reports.answers.choice import Better, Caution
from reports.answers.headline import Headline, Settled, Verdict
from reports.words.choice import (
    choice_warning,
    settled_parts,
    settled_text,
    unsteady_text,
    verdict_text,
)
from study.statistics.intervals import mean_over_seeds


def headline(members, *settings, collapsed=0):
    verdict = Verdict.ANY_OF if len(members) > 1 else Verdict.USE_THIS
    return Headline(verdict, tuple(members), settings, collapsed)


LENGTH = Settled("latent_length", (8, 16), 3, free=False)
KIND = Settled("annealing", ("cosine",), 4, free=False)
SWITCH = Settled("output_bias", (True,), 4, free=False)
FREE = Settled("regularizers", (1, 4), 4, free=True)
SOME = Settled("input_dropout", (0.0, 0.1), 4, free=True, whole=False)


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (headline("a"), "use this", ""),
        (headline("a", KIND), "use this", ""),
        (headline("abcd", KIND), "any of 4", "settled: annealing cosine (all 4)"),
        (headline("abcd", LENGTH), "any of 4", "settled: latent length 8 or 16 (3 of 4)"),
        (headline("abcd", FREE), "any of 4", "free, as among all candidates: regularizers"),
        (
            headline("abcd", SOME, FREE),
            "any of 4",
            "free, as among all candidates: input dropout 0 or 0.1, regularizers",
        ),
        (
            headline("abcd", LENGTH, FREE, SWITCH, collapsed=1),
            "any of 4",
            (
                "settled: latent length 8 or 16 (3 of 4); output bias on (all 4); free, as among "
                "all candidates: regularizers; 1 of these 4 collapses in over one seed of five"
            ),
        ),
        (headline("ab"), "any of 2", ""),
        (
            headline("ab", collapsed=2),
            "any of 2",
            "2 of these 2 collapse in over one seed of five",
        ),
    ],
)
def test_what_is_settled_and_what_is_free_is_said_of_several(found, verdict, said):
    assert verdict_text(found) == verdict
    assert settled_text(found) == said


def test_settled_and_free_stand_apart():
    assert settled_parts(headline("abcd", LENGTH, FREE)) == (
        "latent length 8 or 16 (3 of 4)",
        "regularizers",
    )
    assert settled_parts(headline("a", LENGTH, FREE)) == ("", "")
    assert unsteady_text(headline("a")) == ""


def better(config_id, metric="nll", method=None, price=None):
    row = SimpleNamespace(config_id=config_id, method=method, told_by=(), settings=SETTINGS)
    cost = None if price is None else mean_over_seeds({1: price})
    return Better(row, metric, mean_over_seeds({1: 2.0}), cost, "mi_lower")


SETTINGS = {"latent_length": 8, "regularizers": 1, "annealing": "constant"}


def choice(*found, rate=None):
    return SimpleNamespace(better=found, ranking=SimpleNamespace(rate=rate))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            (better("c1"),),
            (
                "Another is better by more than two paired standard errors: "
                "c1 (L 8 · r 1 · constant) by 2.00 nats in validation NLL."
            ),
        ),
        # one that is better in both is one other
        (
            (better("c1", method="musebar", price=3.0), better("c1", "bce")),
            (
                "Another is better by more than two paired standard errors: c1 (MuseBar) by 2.00 "
                "nats in validation NLL, but 3.00 nats worse in MI lower."
            ),
        ),
        (
            (better("d", method="musebar_bow"), better("c1", "bce"), better("c2")),
            (
                "2 others are better by more than two paired standard errors in one metric; "
                "first c1 (L 8 · r 1 · constant) by 2.00 nats in validation BCE."
            ),
        ),
    ],
)
def test_others_that_are_better_are_counted_and_the_first_is_named(found, said):
    assert choice_warning(Caution.OTHER_BETTER, choice(*found)) == said


def test_the_papers_default_is_named_in_each_metric_in_which_it_is_better():
    found = (better("d", method="musebar_bow"), better("d", "bce", "musebar_bow"), better("c"))
    assert choice_warning(Caution.DEFAULT_BETTER, choice(*found)) == (
        "The paper's default is better: d (MuseBar-BOW) by 2.00 nats in validation NLL and "
        "d (MuseBar-BOW) by 2.00 nats in validation BCE."
    )


def test_a_rate_that_none_keeps_to_is_said():
    assert choice_warning(Caution.RATE_UNMET, choice(rate=2.5)) == (
        "No configuration keeps to the rate of 2.5 nats: this one comes closest for its BCE."
    )
