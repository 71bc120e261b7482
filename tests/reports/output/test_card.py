"""A card as plain data: every number under its own name."""

import json

import pytest

from reports.answers.card import decision_card
from reports.answers.choice import choose
from reports.output.card import card_dict, mean_dict
from reports.words.cards import sections
from study.statistics.intervals import NOT_MEASURED, mean_over_seeds


@pytest.fixture
def card(four_methods):
    four_methods.genres.append("rock")
    tables = four_methods.tables()
    return decision_card(tables, choose(tables, "jazz"))


def test_every_number_of_a_card_stands_under_its_name(card):
    found = card_dict(card)
    ties, rival, default = card.ties, card.runner_up, card.default
    assert found["metric"] == "validation_nll"
    assert found["tie_set"] == {
        "members": list(ties.members),
        "distinguishably_worse": list(ties.worse),
        "p_values": ties.p_values,
        "n_seeds": 10,
        "smallest_p": 1 / 512,
        "too_few_seeds": False,
    }
    assert found["runner_up"]["config_id"] == rival.summary.config_id
    assert found["runner_up"]["difference"]["mean"] == pytest.approx(-0.9)
    assert found["paper_default"] == {
        "config_id": default.summary.config_id,
        "probability_of_improvement": 1.0,
        "interval": [pytest.approx(0.6915, abs=1e-4), 1.0],
        "n_seeds": 10,
        "difference": {
            "mean": pytest.approx(-5.55),
            "interval": pytest.approx([-5.55, -5.55]),
            "n_seeds": 10,
        },
        "p": 2 / 1024,
        "smallest_p": 2 / 1024,
        "collapsed": False,
    }
    (finalist,) = found["stages"]["finalists"]
    assert finalist["config_id"] == card.chosen.config_id
    assert (finalist["search"]["mean"], finalist["confirmation"]["mean"]) == (560.5, 562.5)
    assert finalist["search"]["n_seeds"] == 2
    assert finalist["change"]["mean"] == found["stages"]["mean_change"]["mean"] == 2.0
    assert found["stages"]["bias_of_the_pick"] == card.stages.flattery
    assert found["more_seeds"] == []
    assert found["transfer"] == [
        {
            "genre": "rock",
            "config_id": None,
            "status": "no choice yet",
            "regret": None,
            "collapsed": False,
        }
    ]
    assert found["smallest_model"] == {
        "config_id": card.smallest.summary.config_id,
        "n_parameters": card.smallest.n_parameters,
    }
    assert found["cost"] == {"seed_runs": card.cost.n_runs, "hours": {"CPU": pytest.approx(0.64)}}
    assert list(found["variance"].values()) == list(card.variance.shares)
    assert list(found["variance"]) == ["configuration", "seed", "residual"]
    assert found["studentised_interval"] == list(card.studentised)
    assert set(found["said"]) == {section.title for section in sections(card)}
    assert json.loads(json.dumps(found, allow_nan=False))


def test_seeds_that_would_separate_stand_with_their_level(make_study, make_config):
    study = make_study()
    study.add(make_config(8), [500.0 + e for e in (0.3, -0.3) * 5])
    study.add(make_config(16), [500.1 + e for e in (-0.2, -0.1, 0.3) * 3] + [500.1])
    tables = study.tables()
    made = decision_card(tables, choose(tables, "jazz"))
    (one,), (said,) = made.separations, card_dict(made)["more_seeds"]
    assert said == {
        "config_id": one.config_id,
        "difference": mean_dict(one.difference),
        "more_seeds": one.total - 10,
        "seeds_in_all": one.total,
        "level": 0.05,
    }


def test_what_a_card_does_not_know_is_none(make_study, make_config):
    study = make_study(confirm=1)
    study.add(make_config(8), [500.0])
    tables = study.tables()
    found = card_dict(decision_card(tables, choose(tables, "jazz")))
    for name in ("runner_up", "paper_default", "variance", "studentised_interval"):
        assert found[name] is None
    assert found["stages"] == {"finalists": [], "mean_change": None, "bias_of_the_pick": None}


def test_a_mean_over_no_seeds_is_none():
    assert mean_dict(None) is mean_dict(NOT_MEASURED) is None
    assert mean_dict(mean_over_seeds({1: 2.0})) == {"mean": 2.0, "interval": None, "n_seeds": 1}
