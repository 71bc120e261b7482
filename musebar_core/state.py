"""The state of a run: what it is between two epochs, and what every way of training does to it.

A loop of one run (:mod:`musebar_core.training`) and of many (:mod:`musebar_core.stacked`) change
the same :class:`TrainingState`, which a checkpoint holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from musebar_core.adam import Adam
from musebar_core.baselines import pitch_frequencies
from musebar_core.errors import DivergedError
from musebar_core.model import RVAE, initialise

if TYPE_CHECKING:
    from torch import Tensor

    from musebar_core.config import Configuration, TrainingConfig
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metric_table import EpochMetrics


@dataclass
class TrainingState:
    """All that a run is, between two epochs; a checkpoint is this, on disk.

    Attributes
    ----------
    best_epoch, best_weights
        The reported epoch as :func:`keep_row` chooses it (0: none yet), and the model's
        parameters then.
    history
        Every evaluation so far.
    seconds
        Time spent training and evaluating, over all processes that worked on the run.
    """

    model: RVAE
    optimizer: Adam
    epoch: int = 0
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[EpochMetrics] = field(default_factory=list)
    seconds: float = 0.0


def build(config: Configuration, device: str = "cpu") -> TrainingState:
    """Return an untrained state whose parameters hold nothing meaningful yet."""
    model = RVAE(config).to(device)
    return TrainingState(model, Adam(model.parameters()))


def start(
    config: Configuration, corpus: GenreCorpus, seed: int, device: str = "cpu"
) -> TrainingState:
    """Return the state of a run before its first epoch."""
    state = build(config, device)
    frequencies = pitch_frequencies(corpus) if config.training.output_bias else None
    initialise(state.model, seed, frequencies)
    return state


def next_evaluation(training: TrainingConfig, epoch: int) -> int:
    """The first evaluated epoch after ``epoch``."""
    every = training.evaluate_every
    return min(training.epochs, (epoch // every + 1) * every)


def check_losses(config: Configuration, epoch: int, train_bce: float, train_kl: float) -> None:
    """Raise :class:`DivergedError` unless both are finite numbers."""
    if not (math.isfinite(train_bce) and math.isfinite(train_kl)):
        raise DivergedError(
            f"the loss is no longer a finite number by epoch {epoch} "
            f"(bce {train_bce}, kl {train_kl}): lower training.learning_rate "
            f"({config.training.learning_rate}) or set training.gradient_clip"
        )


def keep_row(config: Configuration, state: TrainingState, row: EpochMetrics) -> None:
    """Add an evaluation to a run, and keep the weights where it is the best so far.

    Best is the highest validation ELBO at the run's own final KL weight, among the epochs whose
    KL weight is the final one for good: before, the model is trained for another trade.
    """

    def worth(row: EpochMetrics) -> float:
        if row.epoch < config.annealing.ended * config.training.epochs:
            return -math.inf
        return -(row.validation.bce + config.annealing.end * row.validation.kl)

    best = max(map(worth, state.history), default=-math.inf)
    state.history.append(row)
    if worth(row) > best:
        state.best_epoch = row.epoch
        state.best_weights = {
            name: value.detach().clone() for name, value in state.model.state_dict().items()
        }
