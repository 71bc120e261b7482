import pytest

from reports.answers.choice import choose
from reports.answers.headline import Settled, Verdict, _settled, headline, ties_of
from reports.words.choice import settled_text, unsteady_text, verdict_text
from study.statistics.purposes import Aim

FIRST = [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.0, 0.4, -0.3, 0.0]
SECOND = [-0.2, 0.3, -0.1, 0.1, -0.4, 0.0, 0.2, -0.3, 0.4, 0.0]


def found(study):
    choice = choose(study.tables(), "jazz", Aim())
    return choice, headline(choice, ties_of(choice))


@pytest.fixture
def add(make_config):
    def one(study, latent, nll, mi, noise=FIRST, regularizers=1, **rest):
        nlls, mis = [nll + e for e in noise], [mi + e for e in noise[::-1]]
        return study.add(make_config(latent, regularizers), nlls, mis=mis, nlls=nlls, **rest)

    return one


def test_one_that_is_better_than_all_others_is_to_be_used(make_study, add):
    study = make_study()
    best = add(study, 8, 560.0, 3.0)
    add(study, 16, 560.2, 1.0, SECOND)
    _, said = found(study)
    assert (said.verdict, said.members, said.settings) == (Verdict.USE_THIS, (best,), ())
    assert verdict_text(said) == "use this"


def test_several_that_cannot_be_told_apart_are_any_of_them_the_chosen_one_first(make_study, add):
    study = make_study()
    add(study, 8, 560.0, 3.0)
    add(study, 8, 560.0, 3.0, SECOND, regularizers=4)
    add(study, 32, 560.1, 1.0, SECOND, regularizers=4)
    choice, said = found(study)
    assert said.verdict is Verdict.ANY_OF
    assert said.members[0] == choice.chosen.config_id
    assert len(said.members) == 2
    assert verdict_text(said) == "any of 2"
    assert settled_text(said) == (
        "settled: latent length 8 (all 2); free, as among all candidates: regularizers"
    )


@pytest.mark.parametrize(
    ("seeds", "said_of_it"), [(2, ""), (3, "1 of these 2 collapses in over one seed of five")]
)
def test_those_that_collapse_often_are_counted_among_several(make_study, add, seeds, said_of_it):
    study = make_study()
    add(study, 8, 560.0, 3.0)
    add(study, 8, 560.0, 3.0, SECOND, regularizers=4, collapsed=seeds)
    _, said = found(study)
    assert len(said.members) == 2
    assert unsteady_text(said) == said_of_it
    assert settled_text(said).endswith(said_of_it)


def test_a_setting_is_settled_where_all_or_nearly_all_agree():
    assert _settled("x", [8] * 10, [8, 16] * 10) == Settled("x", (8,), 10, free=False)
    assert _settled("x", [8] * 9 + [16], [8, 16] * 10) == Settled("x", (8,), 9, free=False)


def test_a_setting_is_settled_on_several_values_that_chance_would_not_take():
    # 37 of 41 have 4 or 8, as half of the 144 candidates have
    every = [4, 8, 16, 32] * 36
    some = [4] * 19 + [8] * 18 + [16] * 4
    assert _settled("latent_length", some, every) == Settled(
        "latent_length", (4, 8), 37, free=False
    )
    # and 3 of 3 that have one of two values, as half of the candidates have, say nothing
    assert _settled("x", [4, 8, 4], every).free


def test_a_setting_that_spreads_as_over_all_candidates_is_free():
    every = [1, 2, 4] * 20
    assert _settled("regularizers", [1, 2, 4] * 5, every) == Settled(
        "regularizers", (1, 2, 4), 15, free=True
    )


def test_a_pair_is_compared_where_both_work(make_study, add):
    study = make_study()
    # the second says as much on the seven seeds on which it works
    best = add(study, 8, 560.0, 3.0)
    other = add(study, 16, 560.0, 3.0, SECOND, collapsed=3)
    choice, said = found(study)
    assert choice.chosen.config_id == best
    assert said.members == (best, other)
