import pytest

from reports.answers.choice import Caution, Prefer, Shortfall, Tiebreak, choose
from reports.output.recommendation import NoFullCountError, recommend
from reports.words.choice import choice_warnings, reasons, shortfall_text


def test_a_clearly_best_configuration_is_chosen(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(570.0))
    best = study.add(make_config(64), spread_around(560.0))
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == best
    assert found.eligible
    assert len(found.tied) == 1
    assert [row.config.model.latent_length for row in found.pool] == [64, 8]


@pytest.mark.parametrize(
    ("simple", "other", "deciding"),
    [
        ((8, 16, "cyclical"), (16, 1, "constant"), "smallest latent length (8)"),
        ((8, 2, "cyclical"), (8, 4, "constant"), "fewest regularizers (2)"),
        ((8, 2, "logistic"), (8, 2, "cosine"), "schedule that stands first (logistic)"),
    ],
)
def test_a_tie_goes_to_the_simplest(
    make_study, make_config, spread_around, simple, other, deciding
):
    study = make_study()
    # sd 1 over ten seeds: a standard error of 1/3, wider than the difference of 0.3
    wanted = study.add(make_config(*simple), spread_around(560.3))
    study.add(make_config(*other), spread_around(560.0))
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == wanted
    assert deciding in reasons(found)[-1]


def test_a_tie_in_everything_goes_to_the_first_config_id(make_study, make_config, spread_around):
    study = make_study()
    ids = [study.add(make_config(8, input_dropout=d), spread_around(560.0)) for d in (0.1, 0.3)]
    found = choose(study.tables(), "jazz")
    assert (found.chosen.config_id, found.tiebreak) == (min(ids), Tiebreak.CONFIG_ID)


def test_just_over_one_standard_error_is_no_tie(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(560.34))
    best = study.add(make_config(64), spread_around(560.0))
    assert choose(study.tables(), "jazz").chosen.config_id == best


def test_the_standard_error_is_that_of_the_best_alone(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(560.5, sd=20.0))
    best = study.add(make_config(64), spread_around(560.0, sd=0.1))
    assert choose(study.tables(), "jazz").chosen.config_id == best


def test_a_collapsed_configuration_is_not_eligible(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(550.0), collapsed=3)
    wanted = study.add(make_config(16), spread_around(560.0), collapsed=2)
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == wanted
    assert found.cautions == ()


def test_a_failed_seed_makes_a_configuration_ineligible(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(550.0)[:9], failed=1)
    wanted = study.add(make_config(16), spread_around(560.0))
    assert choose(study.tables(), "jazz").chosen.config_id == wanted


def test_search_figures_are_never_chosen_from(make_study, make_config, spread_around):
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


def test_none_eligible_is_said_first_and_collapse_ignored(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(570.0), collapsed=10)
    best = study.add(make_config(16), spread_around(560.0), collapsed=10)
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == best
    assert not found.eligible
    assert found.cautions[0] is Caution.NONE_ELIGIBLE
    assert choice_warnings(found)[0].startswith("No configuration is eligible")


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


def test_information_takes_the_highest_mi_that_beats_markov(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(560.0), mi=(1.0, 1.5))
    wanted = study.add(make_config(16), spread_around(600.0), mi=(3.0, 3.5))
    study.add(make_config(32), spread_around(640.0), mi=(5.0, 5.5))  # Markov scores 627
    found = choose(study.tables(), "jazz", Prefer.INFORMATION)
    assert found.chosen.config_id == wanted
    assert found.cautions == ()


def test_information_says_so_where_none_beats_markov(make_study, make_config, spread_around):
    study = make_study()
    study.add(make_config(8), spread_around(660.0), mi=(1.0, 1.5))
    wanted = study.add(make_config(16), spread_around(700.0), mi=(3.0, 3.5))
    found = choose(study.tables(), "jazz", Prefer.INFORMATION)
    assert found.chosen.config_id == wanted
    assert found.cautions == (Caution.MARKOV_UNBEATEN,)
    assert "No configuration's mean validation BCE beats" in choice_warnings(found)[0]


def test_one_seed_is_chosen_from_without_an_invented_spread(make_study, make_config):
    study = make_study(confirm=1)
    best = study.add(make_config(16), [560.0])
    study.add(make_config(8), [560.1])
    found = choose(study.tables(), "jazz")
    assert found.chosen.config_id == best
    said = reasons(found)
    assert said[0].startswith("2 configurations have their one seed; 2 of them eligible")
    assert said[1].endswith("(one seed, so its standard error is unknown).")
    assert len(said) == 2


def test_equal_means_are_a_tie_without_a_standard_error(make_study, make_config):
    for confirm in (1, 2):  # unknown, and zero
        study = make_study(confirm=confirm)
        study.add(make_config(16), [560.0] * confirm)
        study.add(make_config(8), [560.0] * confirm)
        tie = reasons(choose(study.tables(), "jazz"))[2]
        assert tie.startswith("2 configurations have this same mean; among them the smallest")


def test_done_seeds_without_figures_do_not_count(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [550.0, 550.0])
    wanted = study.add(make_config(16), [560.0, 560.0])
    study.rows[1]["validation_bce"] = None
    assert choose(study.tables(), "jazz").chosen.config_id == wanted


def test_information_without_a_recorded_markov_baseline_says_so(make_study, make_config):
    study = make_study(confirm=1)
    study.baselines = {}
    study.add(make_config(8), [560.0])
    found = choose(study.tables(), "jazz", Prefer.INFORMATION)
    assert "among all of them:" in reasons(found)[-1]
    assert choice_warnings(found) == (
        "The Markov baseline is not recorded: the highest mi_lower was taken among all of them.",
    )
