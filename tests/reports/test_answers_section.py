"""The answers of a search in its published section."""

from __future__ import annotations

from reports.output.answers import answer_parts
from reports.output.markdown import section


def rows(parts):
    return [line for line in "\n".join(parts).splitlines() if line.startswith("| ")]


def test_a_genre_has_its_answer_and_what_it_gains_over_the_papers_default(four_methods):
    (row,) = [line for line in rows(answer_parts(four_methods.tables())) if "jazz" in line]
    # musebar_bow: test BCE 567, NLL 567 + 4.1 / 2; the winner 561, 561 + 5 / 2
    assert "latent length 8, 4 of 16 bars regularized" in row
    assert "0 of 10" in row
    assert "| -5.55 [-5.55, -5.55] | -6.00 [-6.00, -6.00] | +0.50 [+0.50, +0.50] |" in row


def test_where_the_default_was_not_measured_the_gain_is_said_to_be_unknown(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [560.0, 562.0])
    assert "MuseBar-BOW is not measured" in rows(answer_parts(study.tables()))[-1]


def test_a_genre_of_undertrained_runs_has_no_configuration(make_study, make_config):
    study = make_study(confirm=2)
    study.add(make_config(8), [900.0, 900.0])
    assert "nothing works yet" in rows(answer_parts(study.tables()))[-1]


def test_a_genre_whose_seeds_are_not_all_there_says_so(make_study, make_config):
    study = make_study(confirm=3)
    study.add(make_config(8), [560.0], planned=3)
    assert "no configuration has all its seeds" in rows(answer_parts(study.tables()))[-1]


def test_the_answers_stand_before_the_tables_of_figures(four_methods):
    text = section(four_methods.tables(), None, None)
    assert 0 < text.index("### Answers") < text.index("### Results")
