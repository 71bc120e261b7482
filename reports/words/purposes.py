"""What a purpose is called, what it asks for, and by which rule a choice served it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reports.words.labels import metric_label, number
from study.statistics.purposes import TOLERANCE, TRAININGS_WEIGHT, Aim, Purpose

if TYPE_CHECKING:
    from reports.answers.choice import Choice

PURPOSES = {
    Purpose.REPRESENTATION: "the most informative code among those whose NLL is as good as the "
    "best's within the noise of the pairs",
    Purpose.DENSITY: "the lowest NLL",
    Purpose.RECONSTRUCTION: "the lowest BCE at a rate",
}
"""What each purpose asks for."""


def purposes_text() -> str:
    """Name every purpose and what it asks for, for who has to name one."""
    rated = {Purpose.RECONSTRUCTION: "[@NATS]"}
    return "; ".join(f"{one}{rated.get(one, '')}: {asked}" for one, asked in PURPOSES.items())


def purpose_text(aim: Aim) -> str:
    """Name a purpose and what it asks for: ``density: the lowest NLL``."""
    text = f"{aim.purpose}: {PURPOSES[aim.purpose]}"
    if aim.purpose is not Purpose.RECONSTRUCTION:
        return text
    if aim.rate is None:
        return f"{text}, the KL of the configuration of lowest NLL"
    return f"{text} of at most {aim.rate:g} nats of KL"


def rule_text(choice: Choice) -> str:
    """Say by which rule the best candidate was found."""
    first, figures = choice.leader, choice.leading
    match choice.aim.purpose:
        case Purpose.REPRESENTATION:
            return _representation(choice, first.config_id, number(figures.mi_lower.mean))
        case Purpose.DENSITY:
            label, mean = metric_label(choice.metric), figures.metric(choice.metric).mean
            return f"Best mean validation {label}: {first.config_id} at {number(mean)}."
        case Purpose.RECONSTRUCTION:
            rate = choice.ranking.rate or 0.0
            return (
                f"Lowest mean validation BCE among {len(choice.ranking.admitted)} of at most "
                f"{number(rate)} nats of KL: {first.config_id} at {number(figures.bce.mean)}."
            )
        case unknown:
            assert_never(unknown)


def _representation(choice: Choice, config_id: str, mi: str) -> str:
    tolerance, label = choice.ranking.tolerance, metric_label(choice.likelihood)
    carried = metric_label("mi_lower")
    if tolerance is None:
        return f"One seed tells of no noise: the best mean validation {label}, {config_id}."
    return (
        f"{len(choice.pool)} of {len(choice.candidates)} are as good in validation {label} as the "
        f"best: within {number(tolerance)} nats, {TOLERANCE:g} standard deviations of a paired "
        f"difference. Of them {config_id} has the most information, {carried} {mi} nats, less its "
        f"price: a standard deviation of {label} weighs as one of {carried}, and e times the "
        f"trainings as {TRAININGS_WEIGHT:g}."
    )
