"""The first page's sentence: what to use, what it is worth, and what stands behind it."""

import pytest

from reports.answers.overview import standing
from reports.answers.recommendation import recommendation
from reports.answers.summaries import summaries
from reports.words.overview import facts, use_text


def said(study):
    tables = study.tables()
    rec = recommendation(tables, "jazz")
    rows = summaries(tables, "jazz")
    return use_text(rec, standing(tables, "jazz", rec.chosen, rows)), dict(facts(rec))


def test_one_alone_is_to_be_used_and_predicts_better_than_the_chain(plain):
    text, behind = said(plain)
    assert text == (
        "Use latent length 8, 1 of 16 bars regularized, constant KL weight 1. It predicts unseen "
        "songs 126.0 nats a snippet better than a Markov chain and carries 2.00 to 3.00 nats in "
        "its code."
    )
    assert behind == {
        "Against the paper's default": (
            "NLL -11.00 [-11.00, -11.00] nats, p 0.002 (MuseBar-BOW, validation)"
        ),
        "To train one": "36 CPU-seconds a training",
        "This answer took": "20 seed runs, 0.20 CPU-hours",
    }


def test_what_is_worse_than_the_chain_on_test_is_said_to_be(plain):
    for row in plain.rows[:10]:
        row["test_bce"] = 637.0
    assert "songs 10.00 nats a snippet worse than a Markov chain" in said(plain)[0]


def test_without_a_chain_only_the_code_is_spoken_of(plain):
    plain.baselines = {"repeat_last": 980.0}
    text, _ = said(plain)
    assert text.endswith("constant KL weight 1. It carries 2.00 to 3.00 nats in its code.")


@pytest.mark.parametrize(
    ("collapsed", "begins"),
    [
        (0, "Any of 2 will do; for instance latent length"),
        (3, "These seeds do not tell 2 apart; for instance latent length"),
    ],
)
def test_any_of_several_will_do_unless_some_collapse_often(
    make_study, make_config, collapsed, begins
):
    study = make_study()
    study.add(make_config(8), [500.0 + e for e in (0.3, -0.3) * 5], collapsed=collapsed)
    study.add(make_config(16), [500.0 + e for e in (-0.2, -0.1, 0.3) * 3] + [500.0])
    text, behind = said(study)
    assert text.startswith(begins)
    assert ("Unsteady" in behind) is bool(collapsed)
    assert behind["Against the paper's default"] == "MuseBar-BOW is not measured"
    assert behind["Free"] == "latent length"


def test_a_choice_that_collapsed_says_how_many_trainings_to_expect(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0] * 10, collapsed=1)
    text = said(study)[1]["To train one"]
    assert text.startswith("36 CPU-seconds a training; about 1.18 trainings until one works (")
