import math
from dataclasses import replace

import pytest

from reports.answers.curves import curve
from reports.answers.overview import overview
from reports.answers.summaries import baseline_bce, genre_names, summaries
from reports.words.scale import small_scale


def test_a_summary_gives_means_counts_and_failures(make_study, make_config):
    study = make_study()
    config = make_config(8)
    study.add(config, [500.0, 502.0], planned=4, failed=1, collapsed=1, method="lstm_vae")
    (found,) = summaries(study.tables(), "jazz")
    assert found.config == config
    assert found.method == "lstm_vae"
    assert found.validation.bce.mean == 501.0
    assert found.test.bce.mean == 502.0
    assert found.validation.elbo.mean == -505.0
    assert found.validation.active_units.values == (0.0, 5.0)
    assert (found.n_done, found.n_planned, found.is_partial) == (2, 4, True)
    assert [(f.seed, f.reason, f.attempts) for f in found.failures] == [(1002, "loss is NaN", 3)]
    assert (found.collapsed, found.is_collapsed) == (1, True)


def test_phases_of_one_configuration_are_never_pooled(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0], phase="search")
    study.add(make_config(8), [510.0, 512.0], phase="confirm")
    found = {row.phase: row.validation.bce.mean for row in summaries(study.tables(), "jazz")}
    assert found == {"search": 500.0, "confirm": 511.0}


def test_one_collapsed_seed_in_five_is_still_working(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, collapsed=2)
    study.add(make_config(16), [500.0] * 10, collapsed=3)
    assert {
        row.config.model.latent_length: row.is_collapsed
        for row in summaries(study.tables(), "jazz")
    } == {8: False, 16: True}


def test_only_failed_seeds_leave_no_means(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [], failed=2)
    (found,) = summaries(study.tables(), "jazz")
    assert found.validation is found.test is None
    assert len(found.failures) == 2
    assert (found.n_done, found.n_measured, found.n_trained, found.collapsed) == (0, 0, 0, 0)
    assert (found.seeds, found.trained_seeds, found.is_collapsed) == ((), (), False)


def test_overall_is_the_last_genre(make_study):
    assert genre_names(make_study(genres=("rock", "overall", "jazz")).tables()) == (
        "jazz",
        "rock",
        "overall",
    )


def test_baselines_come_in_one_order(make_study):
    tables = make_study().tables()
    assert baseline_bce(tables, "jazz", "test") == {
        "pitch_frequencies": 907.0,
        "markov": 627.0,
        "repeat_last": 980.0,
    }
    assert baseline_bce(tables, "no such genre", "test") == {}


def test_a_curve_has_every_seed_and_a_mean_where_all_seeds_are(make_study, make_config):
    study = make_study()
    config_id = study.add(make_config(8), [500.0, 504.0])
    study.epochs.pop()  # the second seed has no last evaluation
    found = curve(study.tables(), "jazz", config_id, "confirm")
    assert [trace.seed for trace in found.traces] == [1000, 1001]
    assert found.traces[0].epochs == (50, 100)
    assert found.traces[0].values == (530.0, 500.0)
    assert (found.epochs, found.means) == ((50,), (532.0,))


def test_the_overview_counts_runs_hours_and_versions(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 9, planned=12, failed=1, collapsed=2)
    found = overview(study.tables())
    (jazz,) = found.progress
    assert (jazz.planned, jazz.done, jazz.failed, jazz.collapsed) == (12, 9, 1, 2)
    assert found.hours == {"CPU": pytest.approx(0.1)}  # ten runs of 36 s
    assert found.failed_hours == {"CPU": pytest.approx(0.01)}
    assert found.versions == {"torch": ("2.9.0",)}


def test_a_study_smaller_than_the_paper_says_in_what(make_study, make_config):
    study = make_study(confirm=10)
    study.add(make_config(8), [500.0])
    found = overview(study.tables()).scale
    assert found.below_paper == ("snippet_steps", "hidden", "epochs")
    assert "240 steps a snippet" in small_scale(found)


def test_a_dead_workers_run_has_no_hours_and_no_node(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 501.0], failed=2)
    study.rows[0]["device"] = "cuda:0"
    study.rows[2] |= {"node": "", "device": "", "seconds": None}
    study.rows[3] |= {"node": "", "device": "", "seconds": 36.0}
    found = overview(study.tables())
    assert found.hours == {"CPU": 0.01, "GPU": 0.01}
    assert found.failed_hours == {}
    assert found.nodes == ("box",)


def test_a_split_without_its_cap_has_no_summary(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0])
    study.rows[0] |= {"validation_mi_cap": None, "test_n_snippets": None}
    (found,) = summaries(study.tables(), "jazz")
    assert found.n_done == 1
    assert found.split("validation") is None
    assert found.split("test") is None


def test_a_baseline_that_is_not_finite_is_left_out(make_study):
    study = make_study()
    study.baselines = {"pitch_frequencies": math.inf, "markov": 627.0, "repeat_last": math.nan}
    assert baseline_bce(study.tables(), "jazz", "test") == {"markov": 627.0}


def test_an_interval_holds_nothing_that_its_metric_cannot_be(make_study, make_config):
    study = make_study()
    study.add(make_config(4), [500.0, 502.0], collapsed=1, mi=(3.0, 3.5))
    (found,) = summaries(study.tables(), "jazz")
    units = found.validation.active_units
    assert (units.mean, units.interval) == (2.5, (0.0, 4.0))  # of 4 dimensions
    information = found.validation.mi_lower
    assert information.mean == 1.5
    assert information.interval[0] == 0.0
    assert information.interval[1] > 3.0


def test_only_seeds_that_beat_the_markov_chain_are_trained(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 627.0, 500.0, 700.0], collapsed=1, failed=1, planned=6)
    (found,) = summaries(study.tables(), "jazz")
    assert found.undertrained_seeds == (1001, 1003)
    assert found.trained_seeds == (1000, 1002)
    assert (found.n_done, found.n_measured, found.n_trained) == (4, 4, 2)
    assert found.validation.collapsed_seeds == (1000,)
    assert found.is_partial


def test_a_seed_without_figures_is_done_and_not_measured(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 502.0, 504.0])
    study.rows[1] |= {"validation_bce": None, "validation_mi_lower": None}
    (found,) = summaries(study.tables(), "jazz")
    assert (found.n_done, found.n_measured, found.seeds) == (3, 2, (1000, 1001, 1002))
    assert found.validation.bce.seeds == found.trained_seeds == (1000, 1002)
    assert found.validation.kl.n_seeds == 3
    assert not found.is_partial


def test_each_mean_is_of_its_own_metric(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0], kl=4.0, mi=(2.0, 3.0), nlls=[503.0])
    study.rows[0] |= {"validation_kl_bars": 5.0, "validation_active_units": 7}
    split = summaries(study.tables(), "jazz")[0].validation
    assert (split.bce.mean, split.kl.mean, split.kl_bars.mean) == (500.0, 4.0, 5.0)
    assert (split.elbo.mean, split.mi_lower.mean, split.mi_upper.mean) == (-504.0, 2.0, 3.0)
    assert (split.active_units.mean, split.metric("nll").mean) == (7.0, 503.0)
    assert (split.mi_cap, split.n_snippets) == (pytest.approx(math.log(1024)), 1024)
    assert split.metric("no such metric").n_seeds == 0


def test_a_split_without_bce_is_counted_by_what_it_has(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0, 501.0])
    for row in study.rows:
        row["validation_bce"] = None
    study.rows[0]["validation_kl"] = None
    assert summaries(study.tables(), "jazz")[0].validation.n_seeds == 2


def test_what_is_not_planned_is_as_much_as_has_ended(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 2, failed=1)
    study.plan.clear()
    (found,) = summaries(study.tables(), "jazz")
    assert (found.n_planned, found.n_done, found.is_partial) == (3, 2, True)


def test_a_failure_without_a_reason_has_an_empty_one(make_study, make_config):
    study = make_study()
    config_id = study.add(make_config(8), [], failed=1)
    study.rows[0]["failure"] = None
    ((failure,),) = [one.failures for one in summaries(study.tables(), "jazz")]
    assert (failure.config_id, failure.phase, failure.reason) == (config_id, "confirm", "")


def test_genres_are_those_of_the_corpus_the_runs_and_the_plan(make_study, make_config):
    study = make_study(genres=("rock",))
    study.add(make_config(8), [500.0], genre="folk")
    study.plan.clear()
    study.plan.append({"genre": "blues", "config_id": "c", "phase": "confirm", "n_seeds": 1})
    assert genre_names(study.tables()) == ("blues", "folk", "rock")
    tables = study.tables()
    assert genre_names(replace(tables, genres=tables.genres.iloc[:0])) == ("blues", "folk")


def test_summaries_are_sorted_by_configuration_and_phase(make_study, make_config):
    study = make_study()
    for latent in (32, 8, 16):
        for phase in ("search", "confirm"):
            study.add(make_config(latent), [500.0], phase=phase)
    keys = [(row.config_id, row.phase) for row in summaries(study.tables(), "jazz")]
    assert keys == sorted(keys)
    assert len(keys) == 6


def test_a_baseline_is_that_of_its_split_and_its_genre(make_study):
    tables = make_study(genres=("jazz", "rock")).tables()
    table = tables.baselines
    of_test = (table["split"] == "test") & (table["baseline"] == "markov")
    table.loc[of_test & (table["genre"] == "jazz"), "bce"] = 700.0
    table.loc[of_test & (table["genre"] == "rock"), "bce"] = 800.0
    assert baseline_bce(tables, "jazz", "test")["markov"] == 700.0
    assert baseline_bce(tables, "rock", "test")["markov"] == 800.0
    assert baseline_bce(tables, "jazz", "validation")["markov"] == 627.0


def test_each_split_has_its_own_figures_its_own_cap_and_its_own_snippets(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0], collapsed=1)
    study.rows[0] |= {"test_mi_cap": 5.0, "test_n_snippets": 148, "test_collapsed": False}
    (found,) = summaries(study.tables(), "jazz")
    assert (found.validation.n_snippets, found.test.n_snippets) == (1024, 148)
    assert (found.validation.mi_cap, found.test.mi_cap) == (pytest.approx(math.log(1024)), 5.0)
    assert (found.validation.collapsed, found.test.collapsed) == (1, 0)
    assert found.split("test") is found.test
    assert found.split("validation") is found.validation


def test_what_several_pages_ask_for_is_worked_out_once(make_study, make_config):
    study = make_study()
    config_id = study.add(make_config(8), [500.0])
    tables = study.tables()
    assert summaries(tables, "jazz") is summaries(tables, "jazz")
    asked = (tables, "jazz", config_id, "confirm")
    assert curve(*asked) is curve(*asked)
    assert curve(*asked, "validation_kl") is not curve(*asked)
    assert curve(*asked, "validation_kl").traces[0].values == (4.0, 4.0)
    assert summaries(study.tables(), "jazz") is not summaries(tables, "jazz")
