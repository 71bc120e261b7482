"""What a purpose asks for, and by which rule a choice served it."""

import pytest

from reports.answers.choice import choose
from reports.words.purposes import PURPOSES, purpose_text, purposes_text, rule_text
from study.statistics.purposes import Aim, Purpose

FIRST = [0.3, -0.1, 0.2, -0.4, 0.1, -0.2, 0.0, 0.4, -0.3, 0.0]


@pytest.mark.parametrize(
    ("aim", "said"),
    [
        ("density", "density: the lowest NLL"),
        (
            "reconstruction",
            ("reconstruction: the lowest BCE at a rate, the KL of the configuration of lowest NLL"),
        ),
        (
            "reconstruction@2.5",
            "reconstruction: the lowest BCE at a rate of at most 2.5 nats of KL",
        ),
    ],
)
def test_a_purpose_is_said_with_its_rate(aim, said):
    assert purpose_text(Aim.parse(aim)) == said


def test_all_purposes_are_named_and_a_rate_where_one_can_be():
    said = purposes_text().split("; ")
    assert [one.split(":")[0] for one in said] == [
        "representation",
        "density",
        "reconstruction[@NATS]",
    ]
    assert purpose_text(Aim(Purpose.REPRESENTATION)) == (
        f"representation: {PURPOSES[Purpose.REPRESENTATION]}"
    )


@pytest.fixture
def study(make_study, make_config):
    """NLL 502 and 522, KL 4 and 2."""
    study = make_study()
    study.add(make_config(8), [500.0 + e for e in FIRST], kl=4.0, mi=(2.0, 3.0))
    study.add(make_config(16), [521.0 + e for e in FIRST], kl=2.0, mi=(1.0, 1.5))
    return study


def rule(study, aim):
    return rule_text(choose(study.tables(), "jazz", Aim.parse(aim)))


def test_the_best_of_a_density_is_that_of_lowest_nll(study, make_config):
    config_id = make_config(8).config_id
    assert rule(study, "density") == f"Best mean validation NLL: {config_id} at 502.0."
    for row in study.rows:
        row["validation_nll"] = None
    assert rule(study, "density") == f"Best mean validation ELBO: {config_id} at -504.0."


def test_a_reconstruction_is_chosen_among_those_within_its_rate(study, make_config):
    assert rule(study, "reconstruction@3") == (
        "Lowest mean validation BCE among 1 of at most 3.00 nats of KL: "
        f"{make_config(16).config_id} at 521.0."
    )
    assert rule(study, "reconstruction").startswith(
        "Lowest mean validation BCE among 2 of at most 4.00 nats of KL: "
    )


def test_a_representation_is_the_most_informative_of_those_as_good(study, make_config):
    said = rule(study, "representation")
    assert said.startswith("1 of 2 are as good in validation NLL as the best: within ")
    assert (
        f"Of them {make_config(8).config_id} has the most information, MI lower 2.00 nats" in said
    )
    for row in study.rows:
        row["validation_nll"] = None
    assert "as good in validation ELBO as the best" in rule(study, "representation")
