from dataclasses import replace

import pytest

from reports.answers.methods import Method
from reports.answers.verdicts import MOST, Answer, Claim, Open, stated, verdicts
from reports.words.verdicts import verdict_line
from study.spec import specfile

NOISE = (0.1, -0.2, 0.3, -0.1, 0.2, -0.3, 0.15, 0.05, -0.05, 0.0)


@pytest.fixture
def methods(make_study, make_config):
    """Makes a study of the four methods with these mean BCEs; its other settings as asked."""

    def make(bces, collapsed=(10, 0, 0, 0), n=10, genres=("jazz",), study=None, **changes):
        study = study or make_study(genres=genres, **({"confirm": n} | changes))
        configs = (
            make_config(16),
            make_config(16, 1, "linear"),
            make_config(16, 8),
            make_config(16, 8, "linear"),
        )
        names = ("lstm_vae", "vae_bow", "musebar", "musebar_bow")
        for genre in genres:
            for i, (name, config, bce) in enumerate(zip(names, configs, bces, strict=True)):
                values = [bce + NOISE[(s + 3 * i) % 10] + s for s in range(n)]
                study.add(
                    config,
                    values,
                    phase="methods",
                    genre=genre,
                    method=name,
                    collapsed=collapsed[i],
                )
        return study

    return make


def by_claim(study):
    return {verdict.claim: verdict for verdict in verdicts(study.tables())}


def test_planted_differences_hold(methods):
    found = by_claim(methods((580.0, 575.0, 574.0, 570.0)))
    assert {claim: v.answer for claim, v in found.items()} == dict.fromkeys(Claim, Answer.HOLDS)
    assert found[Claim.ANNEALING].effect.mean == pytest.approx(-5.0)
    assert (found[Claim.BOTH].rival, found[Claim.BOTH].effect.mean) == (
        "musebar",
        pytest.approx(-4.0),
    )
    assert found[Claim.COLLAPSE].share.collapsed == 10


def test_the_other_way_round_does_not_hold(methods):
    found = by_claim(methods((570.0, 575.0, 574.0, 580.0), collapsed=(0, 0, 0, 0)))
    assert {v.answer for v in found.values()} == {Answer.DOES_NOT}


def test_no_difference_is_undecided_and_never_a_no(methods):
    found = by_claim(methods((570.0, 570.0, 570.0, 570.0), collapsed=(5, 0, 0, 0)))
    assert {(v.answer, v.reason) for v in found.values()} == {
        (Answer.UNDECIDED, Open.NO_DIFFERENCE)
    }
    assert "undecided: no significant difference; " in verdict_line(found[Claim.BOTH])


def test_best_needs_all_three_and_one_better_rival_is_enough_against_it(methods):
    equal = by_claim(methods((580.0, 570.0, 575.0, 570.0)))[Claim.BOTH]
    assert (equal.answer, equal.rival) == (Answer.UNDECIDED, "vae_bow")
    beaten = by_claim(methods((580.0, 568.0, 575.0, 570.0)))[Claim.BOTH]
    assert beaten.answer is Answer.DOES_NOT
    assert beaten.effect.mean == pytest.approx(2.0)
    # one of three rivals, so three times the p-value of one
    assert beaten.p == pytest.approx(3 * 2 / 1024)


def test_p_values_are_exact_and_corrected_over_the_family(methods):
    found = by_claim(methods((580.0, 575.0, 574.0, 570.0)))
    for verdict in found.values():
        assert verdict.p == verdict.smallest == 2 / 1024
        assert verdict.adjusted == verdict.smallest_adjusted == 4 * 2 / 1024


def test_too_few_seeds_are_said_with_the_smallest_p_that_they_allow(methods):
    found = by_claim(methods((580.0, 575.0, 574.0, 570.0), collapsed=(3, 0, 0, 0), n=3))
    for verdict in found.values():
        assert (verdict.answer, verdict.reason) == (Answer.UNDECIDED, Open.TOO_FEW_SEEDS)
        assert (verdict.smallest, verdict.smallest_adjusted) == (0.25, 1.0)
    text = verdict_line(found[Claim.ANNEALING])
    assert text.startswith("undecided: too few seeds; BCE -5.")
    assert text.endswith("smallest possible 0.25 and 1)")


def test_seeds_that_would_do_alone_may_be_too_few_for_the_family(methods):
    # six seeds: 2/64 = 0.031 alone, 4 * 0.031 = 0.125 after Holm
    verdict = by_claim(methods((580.0, 575.0, 574.0, 570.0), collapsed=(6, 0, 0, 0), n=6))[
        Claim.ANNEALING
    ]
    assert (verdict.p, verdict.reason) == (2 / 64, Open.TOO_FEW_SEEDS)


def test_a_claim_is_not_tested_on_the_way(methods):
    study = methods(
        (580.0, 575.0, 574.0, 570.0), confirm=10, n=8, state="running", collapsed=(8, 0, 0, 0)
    )
    for verdict in by_claim(study).values():
        assert (verdict.answer, verdict.reason, verdict.p) == (
            Answer.UNDECIDED,
            Open.WAITING,
            None,
        )
    assert "8 of 10 seeds" in verdict_line(by_claim(study)[Claim.COLLAPSE])


def test_a_finished_study_is_tested_on_the_seeds_that_did_not_fail(methods):
    study = methods((580.0, 575.0, 574.0, 570.0), confirm=10, n=9, collapsed=(9, 0, 0, 0))
    verdict = by_claim(study)[Claim.ANNEALING]
    assert (verdict.answer, verdict.n_seeds, verdict.n_wanted) == (Answer.HOLDS, 9, 10)
    assert "9 of 10 seeds" in verdict_line(verdict)


def test_a_method_that_was_not_measured_is_named(methods):
    study = methods((580.0, 575.0, 574.0, 570.0))
    study.rows = [row for row in study.rows if row["method"] != "vae_bow"]
    found = by_claim(study)
    assert found[Claim.ANNEALING].reason is Open.NOT_MEASURED
    assert found[Claim.ANNEALING].missing == (Method.VAE_BOW,)
    assert verdict_line(found[Claim.ANNEALING]) == "undecided: not measured: VAE-BOW"
    assert found[Claim.BARWISE].answer is Answer.HOLDS


def test_collapse_is_judged_by_the_exact_share_of_seeds(methods):
    for collapsed, answer in ((10, Answer.HOLDS), (8, Answer.UNDECIDED), (0, Answer.DOES_NOT)):
        study = methods((580.0, 575.0, 574.0, 570.0), collapsed=(collapsed, 0, 0, 0))
        verdict = by_claim(study)[Claim.COLLAPSE]
        assert (verdict.answer, verdict.share.collapsed) == (answer, collapsed)
    # 8 of 10 heads or more: (45 + 10 + 1) / 1024, twice
    verdict = by_claim(methods((580.0,) * 4, collapsed=(8, 0, 0, 0)))[Claim.COLLAPSE]
    assert verdict.p == pytest.approx(2 * 56 / 1024)


def test_genres_are_judged_together_on_their_mean_seed_by_seed(methods):
    study = methods((580.0, 575.0, 574.0, 570.0), genres=("jazz",))
    methods((180.0, 179.0, 174.0, 170.0), genres=("rock",), study=study)
    study.genres = ["jazz", "rock"]
    found = {(v.claim, v.genre): v for v in verdicts(study.tables())}
    assert len(found) == 12
    assert found[Claim.ANNEALING, None].effect.mean == pytest.approx(-3.0)
    assert found[Claim.ANNEALING, "rock"].effect.mean == pytest.approx(-1.0)
    together = found[Claim.COLLAPSE, None]
    assert together.share.n_seeds == 10
    assert "10 of 10 seeds collapsed in more than half of the genres" in verdict_line(together)


def test_the_joint_corpus_stands_for_all_genres():
    found = stated(("jazz", "rock", "overall"))
    assert found[:3] == (
        (Claim.ANNEALING, "overall"),
        (Claim.ANNEALING, "jazz"),
        (Claim.ANNEALING, "rock"),
    )
    assert None not in {genre for _, genre in found}


def test_there_are_never_more_than_twenty_verdicts_and_the_four_are_always_there():
    sizes = {}
    for n in range(30):
        found = stated([f"g{i:02}" for i in range(n)])
        sizes[n] = len(found)
        assert len(found) <= MOST
        if n:
            assert {claim for claim, _ in found} == set(Claim)
            genres = [{g for c, g in found if c is claim} for claim in Claim]
            assert all(len(one) in {1, n, n + 1} for one in genres)  # never some of them
    assert [sizes[n] for n in (0, 1, 2, 4, 5, 6, 8, 16, 17)] == [0, 4, 12, 20, 19, 16, 20, 20, 4]


def test_the_papers_own_difference_stands_beside_a_genre_it_has(methods):
    found = by_claim(methods((580.0, 575.0, 574.0, 570.0)))
    assert found[Claim.ANNEALING].paper == 1111 - 1130
    assert found[Claim.BOTH].paper == 1102 - 1111
    assert found[Claim.COLLAPSE].paper is None


def test_a_study_that_asks_no_methods_has_no_verdicts(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [560.0] * 10)
    tables = study.tables()
    grid = specfile.load("paper-latent")
    assert verdicts(replace(tables, spec=grid)) == ()
