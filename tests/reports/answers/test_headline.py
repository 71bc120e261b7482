import pytest

from reports.answers import headline as answers
from reports.answers.choice import choose
from reports.answers.headline import Settled, Verdict, _settled, headline, ties_of
from reports.output.recommendation import as_dict, recommend
from reports.words.choice import NEXT_OF_COLLAPSE, settled_text, unsteady_text, verdict_text
from reports.words.recommendation import as_brief, as_text, train_command
from study.statistics.purposes import Aim, Purpose

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


@pytest.mark.parametrize("others", [0, 1])
def test_nothing_works_for_a_representation_of_which_no_seed_kept_its_code(make_study, add, others):
    study = make_study()
    chosen = add(study, 8, 560.0, 0.1, collapsed=10)
    add(study, 8, 560.0 if others else 590.0, 0.1, SECOND, regularizers=4, collapsed=10)
    tables = study.tables()
    rec = recommend(tables, "jazz", Aim())
    assert (rec.chosen.config_id, rec.card.headline.verdict) == (chosen, Verdict.NOTHING_WORKS)
    assert not rec.works
    brief = as_brief(rec).splitlines()
    assert brief[0].startswith("nothing works yet for jazz, representation: ")
    assert brief[-1] == f"{NEXT_OF_COLLAPSE}."
    assert as_text(rec).splitlines()[-1] == brief[-1]
    assert train_command(rec) == ""
    assert as_dict(rec)["verdict"] == "nothing works yet"
    assert as_dict(rec)["next"] == ["input_dropout", "free_nats"]
    dense = recommend(tables, "jazz", Aim(Purpose.DENSITY))
    assert (dense.works, as_dict(dense)["next"]) == (True, [])


def test_one_seed_that_kept_its_code_works(make_study, add):
    study = make_study()
    add(study, 8, 560.0, 0.1, collapsed=9)
    assert found(study)[1].verdict is Verdict.USE_THIS


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


@pytest.mark.parametrize(
    ("some", "every", "values", "k", "free"),
    [
        # 9 of 10 is nearly all, 8 of 9 is not
        ([8] * 8 + [16], [8, 16] * 10, (8, 16), 9, True),
        # all six have one of two of four values, as half of the candidates: 1 in 64, about
        ([4, 8] * 3, [4, 8, 16, 32] * 30, (4, 8), 6, False),
        # four of four: 1 in 16
        ([4, 8] * 2, [4, 8, 16, 32] * 30, (4, 8), 4, True),
        (["cosine"] * 3, ["cosine", "linear"] * 3, ("cosine",), 3, False),
        # of values as frequent the one of the least name is taken first, and they stand in order
        ([32, 4] * 5, [4, 8, 16, 32] * 30, (4, 32), 10, False),
    ],
)
def test_a_setting_is_settled_where_nine_of_ten_agree_and_chance_would_not(
    some, every, values, k, free
):
    found = _settled("x", some, every)
    assert (found.values, found.k, found.free) == (values, k, free)


def test_a_setting_may_be_free_among_some_of_its_values():
    assert not _settled("x", [4, 8] * 2, [4, 8, 16, 32] * 30).whole
    assert _settled("x", [4, 8, 16, 32], [4, 8, 16, 32] * 30).whole


def test_one_seed_tells_no_configuration_from_another(make_study, make_config):
    study = make_study(confirm=1)
    for latent, bce in ((8, 500.0), (16, 510.0), (32, 520.0)):
        study.add(make_config(latent), [bce])
    choice, said = found(study)
    assert said.verdict is Verdict.ANY_OF
    assert len(said.members) == len(choice.pool) == 3


@pytest.mark.parametrize(("n", "pooled"), [(5, True), (6, False)])
def test_from_six_seeds_on_signs_are_flipped(make_study, make_config, n, pooled):
    study = make_study(confirm=n)
    for latent in (8, 16):
        study.add(make_config(latent), [500.0 + latent + e for e in FIRST[:n]])
    ties = ties_of(choose(study.tables(), "jazz", Aim(Purpose.DENSITY)))
    assert (ties.pooled, ties.n_seeds) == (pooled, n)


def test_a_collapsed_seed_counts_for_a_density_and_not_for_a_representation(make_study, add):
    study = make_study()
    add(study, 8, 560.0, 3.0)
    add(study, 16, 560.0, 3.0, SECOND, collapsed=3)
    p_values = {
        purpose: ties_of(choose(study.tables(), "jazz", Aim(purpose))).p_values
        for purpose in (Purpose.DENSITY, Purpose.REPRESENTATION)
    }
    assert p_values[Purpose.DENSITY] != p_values[Purpose.REPRESENTATION]


def test_a_seed_without_figures_moves_no_collapse_to_another_seed(make_study, add, monkeypatch):
    study = make_study(confirm=6)
    add(study, 8, 560.0, 3.0, FIRST[:7])
    add(study, 16, 560.0, 3.0, SECOND[:7], collapsed=3)
    for name in ("validation_bce", "validation_nll", "validation_mi_lower"):
        study.rows[7][name] = None  # the second's first seed: two of its six others collapsed
    seen = []
    monkeypatch.setattr(answers, "tie_set", lambda ids, costs, works: seen.append((ids, works)))
    choice = choose(study.tables(), "jazz", Aim())
    ties_of(choice)
    ((ids, works),) = seen
    of = {row.config_id: row.config.model.latent_length for row in choice.pool}
    shown = {of[config_id]: row for config_id, row in zip(ids, works.tolist(), strict=True)}
    assert shown == {8: [True] * 6, 16: [False, False, True, True, True, True]}
