"""Why there is nothing to choose in a genre, yet or at all, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import (
        ConfigurationSummary,
    )
    from study.results.tables import StudyState
    from study.statistics.purposes import Aim


@dataclass(frozen=True)
class Shortfall:
    """No configuration has all its seeds yet, so that nothing can be compared fairly.

    Attributes
    ----------
    study, state
        The study, and how it stands.
    n_wanted
        Seeds of a full count.
    most
        The configuration with most of them; None while no confirmation run has ended.
    n_failed
        Confirmation runs that failed.
    unmeasured
        Metrics that the choice needs together, and that no configuration with all its seeds has on
        all of them: the study is older than one. Empty where seeds are lacking.
    """

    genre: str
    study: str
    state: StudyState
    n_wanted: int
    most: ConfigurationSummary | None
    n_failed: int
    unmeasured: tuple[str, ...] = ()


class Remedy(StrEnum):
    """What to do where nothing is trained, by what was not tried yet; the likeliest first."""

    OUTPUT_BIAS = "output_bias"
    LEARNING_RATE = "learning_rate"
    EPOCHS = "epochs"


KEEP_A_CODE = ("input_dropout", "free_nats")
"""Settings to search where runs are trained, and no seed of the choice kept its code."""

FAST_LEARNING_RATE = 0.005
"""From this rate on runs left the plateau within some hundred steps."""


@dataclass(frozen=True)
class NothingWorks:
    """Every configuration with a full count is undertrained: none beats the Markov chain.

    Attributes
    ----------
    aim
        What was asked for.
    n_full
        Configurations with a full count.
    closest
        The one of lowest mean validation BCE.
    markov
        Validation BCE of the Markov chain, nats per snippet.
    remedies
        What to do next, the likeliest first.
    """

    genre: str
    study: str
    aim: Aim
    n_full: int
    n_wanted: int
    closest: ConfigurationSummary
    markov: float
    remedies: tuple[Remedy, ...]


def remedies_of(full: Sequence[ConfigurationSummary]) -> tuple[Remedy, ...]:
    """What none of them tried yet; longer training helps in any case."""
    training = [row.config.training for row in full]
    slow = max(one.learning_rate for one in training) < FAST_LEARNING_RATE
    applies = {
        Remedy.OUTPUT_BIAS: not any(one.output_bias for one in training),
        Remedy.LEARNING_RATE: slow,
        Remedy.EPOCHS: True,
    }
    return tuple(remedy for remedy, does in applies.items() if does)
