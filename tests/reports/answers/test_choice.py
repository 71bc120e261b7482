import pytest

from reports.answers.choice import Caution, Tiebreak, _better, choose, needed
from reports.answers.summaries import summaries
from reports.answers.unchosen import NothingWorks, Remedy, Shortfall
from reports.output.recommendation import NoFullCountError, as_dict, recommend
from reports.words.choice import choice_warnings, reasons, shortfall_text
from reports.words.recommendation import as_text, warnings
from study.statistics.purposes import Aim, Purpose

DENSITY = Aim(Purpose.DENSITY)

FIRST = [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.0, 0.4, -0.3, 0.0]
SECOND = [-0.2, 0.3, -0.1, 0.1, -0.4, 0.0, 0.2, -0.3, 0.4, 0.0]
"""Two rows of noise of mean 0 over ten seeds."""


def around(mean, noise):
    return [mean + e for e in noise]


@pytest.fixture
def add(make_config):
    """Adds a configuration by NLL and MI; the noise of both is about 0.4 nats a pair."""

    def one(study, latent, nll, mi, noise=FIRST, **rest):
        nlls, mis = around(nll, noise), around(mi, noise[::-1])
        config = make_config(latent, **rest.pop("settings", {}))
        return study.add(config, around(nll - 2, noise), mis=mis, nlls=nlls, **rest)

    return one


def test_the_most_informative_is_chosen_whose_nll_is_as_good(make_study, add):
    study = make_study(purpose="representation")
    lowest = add(study, 8, 560.0, 0.5)
    wanted = add(study, 16, 560.2, 2.0, SECOND)
    add(study, 32, 590.0, 9.0)
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == wanted
    assert {row.config_id for row in found.pool} == {lowest, wanted}
    assert len(found.candidates) == 3
    assert choose(study.tables(), "jazz", DENSITY).chosen.config_id == lowest


def test_the_purpose_is_the_studys_own_unless_another_is_asked_for(make_study, add):
    study = make_study(purpose="density")
    lowest = add(study, 8, 560.0, 0.5)
    wanted = add(study, 16, 560.2, 2.0, SECOND)
    assert choose(study.tables(), "jazz").chosen.config_id == lowest
    assert choose(study.tables(), "jazz", Aim()).chosen.config_id == wanted


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_is_chosen_for_and_its_rule_is_told(make_study, add, purpose):
    study = make_study()
    ids = {add(study, 8, 560.0, 0.5), add(study, 16, 560.2, 2.0, SECOND)}
    found = choose(study.tables(), "jazz", Aim(purpose))
    assert found.chosen.config_id in ids
    assert any(config_id in reasons(found)[2] for config_id in ids)


@pytest.mark.parametrize(
    ("purpose", "name"), [(purpose, name) for purpose in Purpose for name in needed(purpose)]
)
def test_nothing_is_chosen_by_what_was_not_measured(make_study, add, purpose, name):
    study = make_study()
    add(study, 8, 560.0, 0.5)
    tables = study.tables()
    tables.results[f"validation_{name}"] = float("nan")
    assert isinstance(choose(tables, "jazz", Aim(purpose)), Shortfall)


def test_a_clearly_worse_candidate_never_changes_the_choice(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 560.0, 0.5)
    wanted = add(study, 16, 560.2, 2.0, SECOND)
    for latent, (nll, mi) in {32: (600, 0.0), 64: (800, 0.5), 128: (2000, 9)}.items():
        add(study, latent, nll, mi, [30 * e for e in FIRST])
        assert choose(study.tables(), "jazz").chosen.config_id == wanted


@pytest.mark.parametrize(("aim", "wanted"), [("reconstruction@5", 16), ("reconstruction@20", 32)])
def test_a_reconstruction_is_the_lowest_bce_at_its_rate(make_study, make_config, aim, wanted):
    study = make_study()
    study.add(make_config(8), around(560.0, FIRST), kl=1.0)
    study.add(make_config(16), around(555.0, FIRST), kl=5.0)
    study.add(make_config(32), around(540.0, FIRST), kl=20.0)
    found = choose(study.tables(), "jazz", Aim.parse(aim))
    assert found.chosen.config.model.latent_length == wanted
    assert Caution.RATE_UNMET not in found.cautions
    unmet = choose(study.tables(), "jazz", Aim.parse("reconstruction@0.5"))
    assert Caution.RATE_UNMET in unmet.cautions


def test_a_near_tie_goes_to_fewer_collapsed_seeds_then_to_the_smaller_model(make_study, add):
    study = make_study(purpose="density")
    add(study, 8, 560.0, 2.0, collapsed=1)
    small = add(study, 16, 560.05, 2.0, SECOND)
    add(study, 32, 560.05, 2.0, SECOND)
    found = choose(study.tables(), "jazz")
    assert (found.chosen.config_id, len(found.tied)) == (small, 3)
    assert found.tiebreak is Tiebreak.PARAMETERS
    assert "smallest model" in reasons(found)[-1]


def test_a_collapse_is_no_veto_but_a_price(make_study, add):
    study = make_study(purpose="representation")
    wanted = add(study, 16, 560.0, 5.0, collapsed=3)  # three of ten say nothing, seven say much
    add(study, 8, 560.0, 1.0, SECOND)
    found = as_dict(recommend(study.tables(), "jazz"))
    assert found["config_id"] == wanted
    assert found["evidence"]["expected_trainings"] == pytest.approx(10 / 6.5)
    assert any("about 1.54 trainings" in one for one in found["warnings"])


def test_undertrained_configurations_are_no_candidates(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 640.0, 9.0)  # the Markov chain is at 627
    wanted = add(study, 16, 560.0, 1.0)
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == wanted
    assert found.n_undertrained == 1
    assert "1 of them undertrained" in reasons(found)[1]


def test_where_nothing_is_trained_nothing_works_yet_and_what_to_do_is_said(make_study, add):
    study = make_study(purpose="representation")
    closest = add(study, 8, 640.0, 9.0)
    add(study, 16, 650.0, 9.0)
    found = choose(study.tables(), "jazz")
    assert isinstance(found, NothingWorks)
    assert found.closest.config_id == closest
    assert found.remedies == (Remedy.OUTPUT_BIAS, Remedy.LEARNING_RATE, Remedy.EPOCHS)
    said = as_dict(recommend(study.tables(), "jazz"))
    assert (said["verdict"], said["config"]) == ("nothing works yet", None)
    assert said["answer"].startswith("nothing works yet: all 2 configurations of 'jazz'")
    assert "training.output_bias=true" in said["answer"]


def test_what_was_tried_already_is_no_remedy(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 640.0, 9.0, settings={"output_bias": True, "learning_rate": 0.01})
    assert choose(study.tables(), "jazz").remedies == (Remedy.EPOCHS,)


def test_a_better_default_is_the_first_thing_said(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 560.0, 0.1, phase="methods", method="musebar_bow")
    wanted = add(study, 16, 560.6, 3.0, SECOND)
    found = recommend(study.tables(), "jazz")
    assert found.chosen.config_id == wanted
    assert found.cautions[0] is Caution.DEFAULT_BETTER
    assert warnings(found)[0].startswith("The paper's default is better:")
    assert "nats in validation NLL, but 2.90" in warnings(found)[0]
    assert "nats worse in MI lower" in warnings(found)[0]
    first = as_text(found).splitlines()[0]
    assert "the paper's default is better" in first


def test_a_default_that_is_better_on_test_alone_is_the_first_thing_said(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 560.0, 0.5, phase="methods", method="musebar_bow")
    wanted = add(study, 16, 560.2, 2.0, SECOND)
    assert recommend(study.tables(), "jazz").leading is None
    tables = study.tables()
    tables.results.loc[tables.results["config_id"] == wanted, "test_nll"] += 5.0
    found = recommend(tables, "jazz")
    assert found.chosen.config_id == wanted
    assert found.leading is Caution.DEFAULT_BETTER_ON_TEST
    assert ". But: on test the paper's default is better: NLL +5." in as_text(found).splitlines()[0]


def test_what_the_purpose_does_not_ask_for_is_no_warning(make_study, add):
    study = make_study(purpose="density")
    add(study, 8, 560.0, 0.1)
    add(study, 16, 562.0, 3.0, SECOND)
    assert choose(study.tables(), "jazz").cautions == ()


def test_another_that_says_more_at_a_worse_nll_is_said(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 560.0, 0.1)
    informative = add(study, 16, 590.0, 3.0, SECOND)
    found = choose(study.tables(), "jazz")
    assert found.cautions == (Caution.OTHER_BETTER,)
    assert [(one.row.config_id, one.metric) for one in found.better] == [(informative, "mi_lower")]
    assert found.better[0].price.mean == pytest.approx(30.0, abs=0.5)
    assert "nats worse in NLL" in choice_warnings(found)[0]


def test_a_failed_seed_makes_no_full_count(make_study, make_config, add):
    study = make_study()
    study.add(make_config(8), around(550.0, FIRST)[:9], failed=1)
    wanted = add(study, 16, 560.0, 1.0)
    assert choose(study.tables(), "jazz").chosen.config_id == wanted


def test_search_figures_are_never_chosen_from(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [500.0, 500.0], phase="search")
    wanted = study.add(make_config(16), [560.0, 561.0], phase="methods", method="musebar")
    assert choose(study.tables(), "jazz").chosen.config_id == wanted


def test_a_configuration_in_two_phases_counts_once(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(560.0), phase="methods", method="lstm_vae")
    study.add(make_config(8), spread_around(560.0), phase="confirm")
    found = choose(study.tables(), "jazz")
    assert len(found.pool) == 1
    assert found.chosen.phase == "confirm"
    assert found.chosen.n_done == 10


def test_no_full_count_is_an_error_that_says_how_far_it_is(make_study, make_config):
    study = make_study(state="stopped")
    config_id = study.add(make_config(8), [560.0] * 3, planned=10)
    found = choose(study.tables(), "jazz")
    assert isinstance(found, Shortfall)
    assert (found.most.config_id, found.most.n_measured, found.n_wanted) == (config_id, 3, 10)
    with pytest.raises(NoFullCountError, match="no configuration has all 10 seeds yet") as caught:
        recommend(study.tables(), "jazz")
    assert f"{config_id} has most, 3 of 10" in str(caught.value)
    assert str(caught.value) == shortfall_text(found)
    assert caught.value.exit_code == 1


def test_one_seed_is_chosen_from_without_an_invented_spread(make_study, make_config):
    study = make_study(confirm=1, purpose="representation")
    best = study.add(make_config(16), [560.0])
    study.add(make_config(8), [560.1], mi=(9.0, 9.5))
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == best
    assert reasons(found)[1] == "2 configurations have their one seed."
    assert "One seed tells of no noise" in reasons(found)[2]


def test_done_seeds_without_figures_do_not_count(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [550.0, 550.0])
    wanted = study.add(make_config(16), [560.0, 560.0])
    study.rows[1]["validation_bce"] = None
    assert choose(study.tables(), "jazz").chosen.config_id == wanted


def test_where_nll_was_not_measured_elbo_stands_for_it_and_that_is_said(make_study, add):
    study = make_study(purpose="density")
    wanted = add(study, 8, 560.0, 1.0)
    add(study, 16, 570.0, 1.0)
    for row in study.rows:
        row["validation_nll"] = None
    found = choose(study.tables(), "jazz")
    assert (found.chosen.config_id, found.likelihood, found.metric) == (wanted, "elbo", "elbo")
    assert found.cautions == (Caution.NLL_UNMEASURED,)
    assert "an upper bound" in choice_warnings(found)[0]


@pytest.mark.parametrize(("lower", "said"), [(0.67, True), (0.66, False)])
def test_another_is_better_from_two_paired_standard_errors_on(make_study, make_config, lower, said):
    study = make_study(purpose="representation")
    # differences lower + 1 and lower - 1 in turn: standard error sqrt(10 / 9) / sqrt(10) = 1 / 3
    apart = [1.0, -1.0] * 5
    bces = [560.0] * 10
    study.add(make_config(16), bces, nlls=[560.0] * 10, mis=[9.0 + e / 10 for e in apart])
    other = study.add(make_config(8), bces, nlls=[560.0 - lower - e for e in apart], mis=[1.0] * 10)
    found = choose(study.tables(), "jazz")
    assert found.chosen.config.model.latent_length == 16
    assert [one.row.config_id for one in found.better] == [other] * said
    assert (Caution.OTHER_BETTER in found.cautions) is said
    if said:
        (one,) = found.better
        assert (one.metric, one.price_metric) == ("nll", "mi_lower")
        assert one.difference.mean == pytest.approx(lower)
        assert one.price.mean == pytest.approx(8.0)


def test_the_default_stands_before_whatever_is_better_by_more(make_study, add):
    study = make_study(purpose="representation")
    add(study, 16, 562.0, 9.0)
    default = add(study, 8, 561.4, 1.0, SECOND, phase="methods", method="musebar_bow")
    lowest = add(study, 4, 561.2, 1.0, SECOND)
    found = choose(study.tables(), "jazz")
    assert [one.row.config_id for one in found.better] == [default, lowest]
    assert [one.is_default for one in found.better] == [True, False]
    assert found.cautions == (Caution.DEFAULT_BETTER, Caution.OTHER_BETTER)


def test_a_near_tie_goes_to_the_one_that_collapsed_less_though_it_is_larger(make_study, add):
    study = make_study(purpose="density")
    add(study, 8, 560.0, 2.0, collapsed=1)
    wanted = add(study, 16, 560.05, 2.0, SECOND)
    found = choose(study.tables(), "jazz")
    assert (found.chosen.config_id, found.tiebreak) == (wanted, Tiebreak.COLLAPSED)
    assert found.leader.config.model.latent_length == 8
    assert "fewest collapsed seeds (0 of 10 seeds) decides" in reasons(found)[-1]


def test_a_near_tie_of_one_size_goes_to_the_id_that_sorts_first(make_study, add):
    study = make_study(purpose="density")
    ids = [add(study, 16, 560.0, 2.0, settings={"regularizers": r}) for r in (1, 4)]
    found = choose(study.tables(), "jazz")
    assert (found.chosen.config_id, found.tiebreak) == (min(ids), Tiebreak.CONFIG_ID)
    assert f"the ID that sorts first ({min(ids)}) decides" in reasons(found)[-1]


def test_where_one_stands_alone_nothing_is_tied_and_the_leader_is_the_first(make_study, add):
    study = make_study(purpose="density")
    best = add(study, 8, 560.0, 2.0)
    add(study, 16, 570.0, 2.0)
    found = choose(study.tables(), "jazz")
    assert (found.tiebreak, found.leader.config_id) == (None, best)
    assert len(reasons(found)) == 3


@pytest.mark.parametrize(("undertrained", "chosen"), [(5, True), (6, False)])
def test_a_candidate_may_have_half_of_its_seeds_undertrained(
    make_study, make_config, undertrained, chosen
):
    study = make_study(purpose="density")
    study.add(make_config(8), [600.0] * 10)
    bces = [640.0] * undertrained + [500.0] * (10 - undertrained)  # the Markov chain is at 627
    study.add(make_config(16), bces)
    found = choose(study.tables(), "jazz")
    assert (found.chosen.config.model.latent_length == 16) is chosen
    assert found.n_undertrained == (not chosen)
    assert (found.n_full, found.n_wanted) == (2, 10)


def test_a_run_as_good_as_the_markov_chain_is_undertrained(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [627.0] * 10)
    found = choose(study.tables(), "jazz")
    assert isinstance(found, NothingWorks)
    assert (found.n_full, found.n_wanted, found.markov) == (1, 10, 627.0)
    assert shortfall_text(found).startswith(
        "nothing works yet: the only configuration of 'jazz' with all 10 seeds is undertrained, "
        "no better than the Markov chain (validation BCE 627.0; closest "
    )


@pytest.mark.parametrize(
    ("settings", "remedies"),
    [
        ([{}], (Remedy.OUTPUT_BIAS, Remedy.LEARNING_RATE, Remedy.EPOCHS)),
        ([{}, {"output_bias": True}], (Remedy.LEARNING_RATE, Remedy.EPOCHS)),
        ([{}, {"learning_rate": 0.005}], (Remedy.OUTPUT_BIAS, Remedy.EPOCHS)),
        (
            [{"learning_rate": 0.0049}],
            (Remedy.OUTPUT_BIAS, Remedy.LEARNING_RATE, Remedy.EPOCHS),
        ),
    ],
)
def test_a_remedy_is_what_none_of_them_tried(make_study, make_config, settings, remedies):
    study = make_study(confirm=2)
    for at, more in enumerate(settings):
        study.add(make_config(8 + at, **{"learning_rate": 0.001} | more), [640.0, 640.0])
    assert choose(study.tables(), "jazz").remedies == remedies


@pytest.mark.parametrize(
    ("state", "goes_on"),
    [
        ("finished", "(study finished)"),
        ("running", "(study running: `musebar study watch demo`)"),
        ("stopped", "(study stopped: `musebar study resume demo`)"),
    ],
)
def test_a_shortfall_says_how_to_go_on(make_study, make_config, state, goes_on):
    study = make_study(state=state)
    study.add(make_config(8), [560.0] * 2, planned=10)
    config_id = study.add(
        make_config(16), [560.0] * 3, failed=2, planned=10, phase="methods", method="musebar"
    )
    study.add(make_config(32), [560.0] * 20, phase="search")
    assert shortfall_text(choose(study.tables(), "jazz")) == (
        f"no configuration has all 10 seeds yet: {config_id} (MuseBar) has most, 3 of 10; "
        f"2 runs failed {goes_on}"
    )


def test_a_shortfall_without_a_confirmation_run_says_so(make_study, make_config):
    study = make_study(confirm=1, state="stopped")
    study.add(make_config(8), [560.0], phase="search")
    assert shortfall_text(choose(study.tables(), "jazz")) == (
        "no configuration has its one seed yet: no confirmation run of 'jazz' has ended "
        "(study stopped)"
    )


def test_one_seed_without_its_measure_makes_no_full_count(make_study, add):
    study = make_study(purpose="representation")
    add(study, 8, 560.0, 5.0)
    wanted = add(study, 16, 560.2, 2.0, SECOND)
    study.rows[0]["validation_mi_lower"] = None
    assert choose(study.tables(), "jazz").chosen.config_id == wanted


@pytest.mark.parametrize("purpose", Purpose)
def test_bce_and_kl_together_stand_for_nll_and_nothing_stands_for_them(make_study, add, purpose):
    study = make_study()
    first = add(study, 8, 560.0, 1.0)  # BCE 558, KL 4
    second = add(study, 16, 570.0, 1.0, FIRST)
    for row in study.rows:
        row["validation_nll"] = None
    found = choose(study.tables(), "jazz", Aim(purpose))
    costs = {name: sum(row) / 10 for name, row in found.ranking.seed_costs.items()}
    assert found.chosen.config_id == first
    if purpose is Purpose.DENSITY:
        assert costs == {first: pytest.approx(562.0), second: pytest.approx(572.0)}
    if purpose is Purpose.RECONSTRUCTION:
        assert costs == {first: pytest.approx(558.0), second: pytest.approx(568.0)}
        assert found.ranking.rate == pytest.approx(4.0)
    if purpose is Purpose.REPRESENTATION:
        assert costs[second] > costs[first]
        assert [row.config_id for row in found.pool] == [first]


def test_where_one_seed_has_no_nll_elbo_stands_for_it_in_all(make_study, add):
    study = make_study(purpose="density")
    add(study, 8, 560.0, 1.0)
    add(study, 16, 570.0, 1.0)
    study.rows[3]["validation_nll"] = None
    assert choose(study.tables(), "jazz").likelihood == "elbo"


def test_of_a_representation_and_a_density_nll_may_stand_for_by_its_bound(make_study, add):
    study = make_study()
    add(study, 8, 560.0, 1.0)
    tables = study.tables()
    tables.results["validation_nll"] = float("nan")
    by = {purpose: choose(tables, "jazz", Aim(purpose)).metric for purpose in Purpose}
    assert by == {
        Purpose.REPRESENTATION: "mi_lower",
        Purpose.DENSITY: "elbo",
        Purpose.RECONSTRUCTION: "bce",
    }


def test_another_that_is_no_worse_in_the_other_metric_has_no_price(make_study, make_config):
    study = make_study(confirm=3)
    study.add(make_config(8), [500.0] * 3, mi=(2.0, 3.0))
    study.add(make_config(16), [490.0] * 3, mi=(2.0, 3.0))
    study.add(make_config(32), [480.0] * 3, mi=(1.5, 3.0))
    study.add(make_config(64), [499.0] * 3, mi=(1.0, 3.0), phase="methods", method="musebar_bow")
    study.add(make_config(128), [600.0] * 3, mi=(9.0, 9.5))
    by_length = {r.config.model.latent_length: r for r in summaries(study.tables(), "jazz")}
    found = _better([by_length[n] for n in (8, 16, 32, 64, 128)], "mi_lower", "nll")
    shown = [
        (one.row.config.model.latent_length, one.metric, one.difference.mean, one.price_metric)
        for one in found
    ]
    # the paper's own method first, then by NLL, by how much; information last
    assert shown == [
        (64, "nll", 1.0, "mi_lower"),
        (32, "nll", 20.0, "mi_lower"),
        (16, "nll", 10.0, "mi_lower"),
        (128, "mi_lower", 7.0, "nll"),
    ]
    assert [None if one.price is None else one.price.mean for one in found] == [
        1.0,
        0.5,
        None,
        100.0,
    ]
    assert [one.is_default for one in found] == [True, False, False, False]


def test_a_shortfall_names_the_one_with_most_measured_seeds(make_study, make_config):
    study = make_study(confirm=5)
    study.add(make_config(8), [560.0] * 4, planned=5)
    wanted = study.add(make_config(16), [560.0] * 3, planned=5)
    for row in study.rows[:2]:
        row["validation_bce"] = None
        row["validation_n_snippets"] = None
    found = choose(study.tables(), "jazz")
    assert (found.most.config_id, found.most.n_measured) == (wanted, 3)


def test_what_no_full_count_has_measured_is_named(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0] * 2)
    study.rows[0]["validation_mi_lower"] = None
    found = choose(study.tables(), "jazz", Aim())
    assert found.unmeasured == needed(Purpose.REPRESENTATION)
    assert set(found.unmeasured) == {"mi_lower", "bce"}
    assert shortfall_text(found) == (
        "no configuration of 'jazz' has MI lower and BCE measured on all seeds"
    )
