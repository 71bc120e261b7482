"""The words of verdicts: each sentence by the answers that it is made of."""

from dataclasses import replace

import pytest

from reports.answers.aggregate import LeftOut
from reports.answers.claims import (
    Answer,
    Claim,
    ClaimVerdict,
    CollapsedRuns,
    Lacking,
    Measure,
    Open,
)
from reports.answers.methods import Method
from reports.words.verdicts import (
    _list,
    answer_text,
    arms_text,
    control_sentence,
    direction_text,
    effect_text,
    left_out_text,
    p_text,
    paper_sentence,
    paper_text,
    reason_text,
    short_effect,
    short_reason,
    signed,
    verdict_line,
)
from tests.reports.seedmeans import mean

HOLDS, DOES_NOT, UNDECIDED, NOT_TESTED = Answer


def verdict(answer=HOLDS, reason=None, claim=Claim.BOTH, measure=Measure.MI, **rest):
    plain = ClaimVerdict(claim, measure, answer, reason, mean(*[1.0] * 10), {}, 10, 10)
    return replace(plain, **rest)


UNDERTRAINED = (
    Lacking(Method.MUSEBAR, None, "jazz", 3, 10),
    Lacking(None, 0.5, "rock", 1, 1),
    Lacking(Method.VAE_BOW, None, "folk", 7, 10),
)


@pytest.mark.parametrize(
    ("reason", "rest", "said"),
    [
        (None, {}, ""),
        (Open.TOO_FEW_SEEDS, {}, "too few seeds"),
        (Open.NOT_MEASURED, {}, "not measured"),
        (
            Open.NOT_MEASURED,
            {"missing": (Method.MUSEBAR, Method.VAE_BOW)},
            "not measured: MuseBar, VAE-BOW",
        ),
        (Open.WAITING, {"n_seeds": 3}, "3 of 10 seeds so far"),
        (Open.WAITING, {"n_seeds": 0, "n_wanted": 1}, "0 of 1 seed so far"),
        (
            Open.UNDERTRAINED,
            {"lacking": UNDERTRAINED},
            "undertrained (KL weight 0.5, rock: 1 of 1 seed trained, and 2 more)",
        ),
        (
            Open.SEEDS_MISSING,
            {"lacking": UNDERTRAINED[:1]},
            "too few seeds are done (MuseBar, jazz: 3 of 10 seeds trained)",
        ),
        (Open.OUT_OF_RANGE, {}, "its mean KL lies between that of no two KL weights"),
    ],
)
def test_a_reason_names_the_arm_that_lacks_most(reason, rest, said):
    one = verdict(NOT_TESTED, reason, **rest)
    assert reason_text(one) == said
    assert short_reason(one) == said.split(" (")[0]
    assert answer_text(one) == (f"not tested: {said}" if reason else "not tested")


@pytest.mark.parametrize(
    ("rest", "said", "short"),
    [
        ({}, "MI +1.00 [+1.00, +1.00] nats, 10 seeds", "+1.00 [+1.00, +1.00]"),
        ({"n_seeds": 9}, "MI +1.00 [+1.00, +1.00] nats, 9 of 10 seeds", "+1.00 [+1.00, +1.00]"),
        ({"effect": None}, "", ""),
        (
            {"measure": Measure.NLL, "margin": 0.5},
            "NLL +1.00 [+1.00, +1.00] nats, margin 0.50, 10 seeds",
            "+1.00 [+1.00, +1.00]",
        ),
        (
            {"measure": Measure.COLLAPSED, "collapsed": CollapsedRuns(1, 9, 20)},
            "1 against 9 of 20 runs collapsed, 10 seeds",
            "1 against 9 of 20 runs collapsed",
        ),
        (
            {"measure": Measure.COLLAPSED, "collapsed": CollapsedRuns(0, 0, 0), "effect": None},
            "",
            "",
        ),
    ],
)
def test_an_effect_stands_with_its_seeds_or_its_counts(rest, said, short):
    assert effect_text(verdict(**rest)) == said
    assert short_effect(verdict(**rest)) == short


def test_p_values_are_said_where_all_are_known():
    tested = {"p": 2 / 1024, "adjusted": 0.04, "smallest": 2 / 1024}
    assert p_text(verdict(**tested)) == "p 0.002, over all claims 0.04 (smallest possible 0.002)"
    for name in tested:
        assert p_text(verdict(**tested | {name: None})) == ""
    assert p_text(verdict()) == ""


def test_a_verdict_is_a_line_of_its_answer_reason_effect_and_p_values():
    p_values = {"p": 0.5, "adjusted": 1.0, "smallest": 2 / 1024}
    effect = "MI +1.00 [+1.00, +1.00] nats, 10 seeds"
    tail = "p 0.5, over all claims 1 (smallest possible 0.002)"
    assert verdict_line(verdict(**p_values)) == f"holds; {effect}; {tail}"
    undecided = verdict(UNDECIDED, Open.NO_DIFFERENCE, **p_values)
    assert verdict_line(undecided) == (f"undecided: no significant difference; {effect}; {tail}")
    assert verdict_line(verdict(effect=None)) == "holds"


def test_a_signed_mean_has_a_sign_on_each_number():
    assert signed(mean(1.0)) == "+1.00"
    assert signed(mean(-0.5, -0.5)) == "-0.50 [-0.50, -0.50]"


def test_a_list_has_commas_and_one_and():
    assert [_list(names) for names in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("answers", "begins"),
    [
        ((HOLDS, HOLDS, HOLDS), "The paper's claim holds: annealing (+1.00 ["),
        ((HOLDS, UNDECIDED, HOLDS), "The paper's claim holds in part: annealing (+1.00 ["),
        ((HOLDS, DOES_NOT, HOLDS), "The paper's claim holds in part: annealing (+1.00 ["),
        (
            (DOES_NOT, UNDECIDED, UNDECIDED),
            "The paper's claim does not hold: annealing (+1.00 [+1.00, +1.00] nats of MI) carries ",
        ),
        ((UNDECIDED, UNDECIDED, NOT_TESTED), "The paper's claim is undecided: annealing (+1.00"),
        ((NOT_TESTED, NOT_TESTED, NOT_TESTED), "The paper's claim is not tested: too few seeds."),
    ],
)
def test_the_papers_claim_holds_where_all_three_do_and_in_part_where_one_does(answers, begins):
    claims = (Claim.ANNEALING, Claim.BARWISE, Claim.BOTH)
    found = [
        verdict(
            answer,
            None if answer in {HOLDS, DOES_NOT} else Open.TOO_FEW_SEEDS,
            claim=claim,
            measure=measure,
        )
        for measure in (Measure.MI, Measure.BCE, Measure.NLL)
        for claim, answer in zip(claims, answers, strict=True)
    ]
    said = paper_sentence(found)
    assert said.startswith(begins)
    assert said.endswith(".")
    if set(answers) == {HOLDS}:
        named = "annealing, bar-wise regularisation and both together"
        assert said.endswith(f"lower BCE: {named}; NLL no worse: {named}.")
    if DOES_NOT in answers and HOLDS not in answers:
        assert said.endswith("lower BCE: none of them; NLL no worse: none of them.")
    assert ("not tested, too few seeds" in said) is (UNDECIDED in answers and NOT_TESTED in answers)


def test_what_no_measure_tests_is_not_called_none():
    found = [
        verdict(HOLDS if measure is Measure.MI else NOT_TESTED, claim=claim, measure=measure)
        for measure in (Measure.MI, Measure.BCE, Measure.NLL)
        for claim in (Claim.ANNEALING, Claim.BARWISE, Claim.BOTH)
    ]
    assert paper_sentence(found).endswith("; lower BCE: not tested; NLL no worse: not tested.")


@pytest.mark.parametrize(
    ("mi", "bce", "nll", "begins"),
    [
        (HOLDS, HOLDS, UNDECIDED, "It is more than a KL weight (more information and lower BCE): "),
        (HOLDS, UNDECIDED, DOES_NOT, "It is more than a KL weight (more information): "),
        (UNDECIDED, HOLDS, UNDECIDED, "It is more than a KL weight (lower BCE): "),
        (DOES_NOT, UNDECIDED, HOLDS, "It is less than a KL weight gives: "),
        (
            HOLDS,
            DOES_NOT,
            HOLDS,
            "Against a KL weight it gains in one measure and loses in another: ",
        ),
        (UNDECIDED, UNDECIDED, HOLDS, "It is not shown to be more than a KL weight: "),
    ],
)
def test_the_control_is_answered_by_information_and_bce_and_not_by_nll(mi, bce, nll, begins):
    measured = {Measure.MI: mi, Measure.BCE: bce, Measure.NLL: nll}
    rows = [verdict(a, claim=Claim.CONTROL, measure=m) for m, a in measured.items()]
    said = control_sentence(rows)
    assert said.startswith(begins)
    figures = ", ".join(f"{name} +1.00 [+1.00, +1.00]" for name in ("MI", "BCE", "NLL"))
    assert said.endswith(f"under a KL weight below 1: {figures} nats.")


def test_the_papers_figures_are_those_of_table_1_overall():
    assert paper_text(Claim.ANNEALING, Measure.BCE) == "1,076 against 1,100 (-24)"
    assert paper_text(Claim.ANNEALING, Measure.NLL) == ""
    assert paper_text(Claim.CONTROL, Measure.MI) == ""


def test_arms_are_named_the_better_one_first():
    assert arms_text(Claim.BOTH_OVER_BARWISE) == "MuseBar-BOW minus MuseBar"
    assert arms_text(Claim.CONTROL) == "MuseBar minus plain VAE of the same KL"


def test_more_information_and_kl_speak_for_a_claim_less_of_the_rest_does():
    sides = {measure: direction_text(measure) for measure in Measure}
    assert {one for one, side in sides.items() if side == "right of 0"} == {Measure.MI, Measure.KL}
    assert set(sides.values()) == {"right of 0", "left of 0"}


def test_a_genre_is_left_out_for_its_songs_or_for_a_method():
    assert left_out_text(LeftOut(Method.VAE_BOW, 7, 10)) == "VAE-BOW has 7 of 10 seeds"
    assert left_out_text(LeftOut(None, 0, 10)).startswith("the joint corpus")
