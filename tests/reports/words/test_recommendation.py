"""A recommendation in a few lines: each by the numbers that it says."""

import re

from reports.answers.choice import Caution
from reports.answers.recommendation import recommendation
from reports.answers.summaries import summaries
from reports.words.recommendation import (
    answer_text,
    as_brief,
    as_text,
    gains_text,
    leading_warnings,
    too_few_snippets,
    train_command,
    warnings,
)

FIRST = [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.0, 0.4, -0.3, 0.0]
SECOND = [-0.2, 0.3, -0.1, 0.1, -0.4, 0.0, 0.2, -0.3, 0.4, 0.0]


def told(study, genre="jazz"):
    return recommendation(study.tables(), genre)


def test_the_brief_answer_is_six_lines_the_gravest_warning_second(plain):
    lines = iter(as_brief(told(plain)).splitlines())
    assert next(lines) == "use this for jazz, density: study demo, 10 seeds, 0 of 10 collapsed"
    assert next(lines).startswith("! Small scale: the paper used 240 steps a snippet, 512 hidden")
    assert next(lines) == "Latent length 8, 1 of 16 bars regularized, constant KL weight 1."
    assert next(lines) == (
        "Against MuseBar-BOW, the paper's default, on test: NLL -11.00 [-11.00, -11.00], "
        "BCE -10.00 [-10.00, -10.00], MI lower +0.00 [+0.00, +0.00] nats (10 paired seeds)."
    )
    assert next(lines) == (
        "To train it: 36 CPU-seconds a training; about 1.05 trainings until one works "
        "(collapse rate 0% to 22%)."
    )
    assert next(lines) == (
        "Train it: musebar recommend jazz --study demo --for density --format yaml > best.yaml && "
        "musebar train --config best.yaml"
    )
    assert not list(lines)


def test_how_many_more_warnings_there_are_is_said(plain):
    plain.state = "stopped"
    lines = as_brief(told(plain)).splitlines()
    assert lines[1] == (
        "! The study is stopped, not finished: the choice may still change. "
        "(1 more warning: --full)"
    )


def test_a_better_default_stands_in_the_first_line_and_not_in_the_second(make_study, make_config):
    study = make_study(purpose="representation")
    nlls = [560.0 + e for e in FIRST]
    mis = [3.0 + e for e in reversed(FIRST)]
    study.add(
        make_config(8),
        nlls,
        nlls=nlls,
        mis=[m - 2.9 for m in mis],
        phase="methods",
        method="musebar_bow",
    )
    second = [560.6 + e for e in SECOND]
    study.add(make_config(16), second, nlls=second, mis=[3.0 + e for e in reversed(SECOND)])
    found = told(study)
    assert found.leading is Caution.DEFAULT_BETTER
    first, gravest = as_brief(found).splitlines()[:2]
    assert ", 0 of 10 collapsed. But: the paper's default is better: " in first
    assert not first.endswith(".")
    assert gravest.startswith("! Small scale")
    assert answer_text(found).startswith("use this for jazz, representation: latent length 16")
    assert ". But: the paper's default is better: " in answer_text(found)
    assert leading_warnings(found) == warnings(found)[:1]


def test_no_comparison_with_the_default_says_why(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10)
    assert gains_text(told(study)) == (
        "No comparison with the paper's default: MuseBar-BOW is not measured."
    )


def test_the_command_quotes_the_genre_and_asks_for_a_corpus_that_is_not_known(
    make_study, make_config
):
    study = make_study(genres=("hip hop",))
    study.add(make_config(8), [500.0] * 10, genre="hip hop")
    command = train_command(told(study, "hip hop"), "mb")
    assert command == (
        "mb recommend 'hip hop' --study demo --for density --format yaml > best.yaml && "
        "mb train --config best.yaml"
    )


def test_the_evidence_stands_in_columns_of_both_splits(plain):
    lines = as_text(told(plain)).splitlines()
    rows = {line[2:17].strip(): " ".join(line[17:].split()) for line in lines}
    assert rows["BCE"] == "500.0 [500.0, 500.0] 501.0 [501.0, 501.0] nats per snippet"
    assert rows["KL"] == "4.00 [4.00, 4.00] 4.00 [4.00, 4.00] nats per snippet"
    assert rows["ELBO"] == "-504.0 [-504.0, -504.0] -505.0 [-505.0, -505.0] nats per snippet"
    assert rows["NLL"] == "502.0 [502.0, 502.0] 503.0 [503.0, 503.0] nats per snippet"
    assert rows["MI, lower"].startswith("2.00 [2.00, 2.00] 2.00 [2.00, 2.00] nats")
    assert rows["MI, upper"].startswith("3.00 [3.00, 3.00] 3.00 [3.00, 3.00] nats")
    assert rows["active units"].endswith("dimensions")
    assert any(
        line.split() == ["BCE", "of", "Markov", "chain", "627.0", "627.0", "baseline"]
        for line in lines
    )


def test_the_next_best_stands_with_its_difference_to_the_choice(plain):
    text = as_text(told(plain))
    assert "Next best (validation; difference seed by seed)" in text
    row = next(line for line in text.splitlines() if "L 16" in line)
    assert "510.0 [510.0, 510.0]  11.00 [11.00, 11.00]  2.00 to 3.00" in row


def test_a_caution_of_few_seeds_counts_them(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(8), [500.0], collapsed=1)
    said = warnings(told(study))
    assert "Only 1 seed: the spread over seeds is a rough guess." in said
    assert any(
        one.startswith("1 of 1 seeds collapsed on validation: no seed worked, so that")
        for one in said
    )


def test_the_columns_of_the_next_best_are_named_by_what_the_choice_goes_by(plain):
    plain.purpose = "reconstruction"
    for row in plain.rows[10:]:
        row["validation_kl"] = 3.0  # within the rate, which is the choice's own
    text = as_text(told(plain))
    assert re.search(r"configuration +BCE +BCE difference +MI\n", text)


def test_the_origin_says_stage_seeds_and_method(plain):
    plain.rows = plain.rows[10:]
    plain.purpose = "density"
    found = told(plain)
    config_id = found.chosen.config_id
    assert as_text(found).splitlines()[1] == (
        f"  configuration {config_id}, method MuseBar-BOW; study demo, method comparison, "
        "10 seeds, 0 of 10 collapsed"
    )


def test_a_bound_is_low_by_the_smaller_of_both_splits(make_study, make_config):
    study = make_study(confirm=2)
    study.snippets = 100
    study.add(make_config(20), [500.0] * 2)
    for row in study.rows:
        row["test_n_snippets"] = 50
    (row,) = summaries(study.tables(), "jazz")
    said = too_few_snippets(row)
    assert said.startswith("N = 100 snippets on validation and N = 50 snippets on test, under 10 L")
    # 20 squared over 4 times 50
    assert "L²/(4N) = 2.00 nats" in said


def test_a_default_better_on_test_is_said_in_each_metric_that_is_asked_for(make_study, make_config):
    study = make_study(purpose="reconstruction")
    study.add(make_config(8), [500.0] * 10)
    study.add(make_config(16, 8), [510.0] * 10, phase="methods", method="musebar_bow")
    for row in study.rows[:10]:
        row["test_bce"], row["test_nll"] = 531.0, 532.0
    assert warnings(told(study))[0] == (
        "On test the paper's default is better: NLL +19.00 [+19.00, +19.00] nats and "
        "BCE +20.00 [+20.00, +20.00] nats."
    )
