"""Training as a generator of epoch metrics.

Checkpoints, Ray and logging live outside: :func:`fit` changes a :class:`TrainingState` that
its caller may save at every evaluation, and goes on from one that was saved.
"""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import torch

from musebar_core import metrics
from musebar_core.annealing import weight
from musebar_core.baselines import pitch_frequencies
from musebar_core.config import Precision
from musebar_core.corpus import SnippetSampler, evaluation_snippets
from musebar_core.errors import DivergedError
from musebar_core.learning_rate import learning_rate
from musebar_core.model import RVAE, initialise, piano_roll, sample
from musebar_core.objective import bce, training_loss
from musebar_core.precision import computing
from musebar_core.randomness import Purpose, keep_mask, latent_noise, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from musebar_core.config import Configuration, TrainingConfig
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metrics import Metrics

EVALUATION_BATCH, EVALUATION_BATCH_GPU = 256, 1024
"""Snippets that an evaluation takes at a time."""


@dataclass(frozen=True)
class EpochMetrics:
    """One evaluated epoch.

    Attributes
    ----------
    epoch
        Optimiser steps done.
    weight
        Weight of the KL term in the last of them.
    train_bce, train_kl_bars
        Nats per snippet, means over the steps since the last evaluation.
    validation
        Metrics on the validation split.
    """

    epoch: int
    weight: float
    train_bce: float
    train_kl_bars: float
    validation: Metrics


@dataclass
class TrainingState:
    """All that a run is, between two epochs; a checkpoint is this, on disk.

    Attributes
    ----------
    best_epoch, best_weights
        The evaluated epoch of maximal validation elbo (0: none yet), and the model's
        parameters then.
    history
        Every evaluation so far.
    seconds
        Time spent training and evaluating, over all processes that worked on the run.
    """

    model: RVAE
    optimizer: torch.optim.Adam
    epoch: int = 0
    best_epoch: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    history: list[EpochMetrics] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a finished run is worth: at its reported epoch, and at its last."""

    best_epoch: int
    validation: Metrics
    test: Metrics
    last_validation: Metrics
    last_test: Metrics
    seconds: float


def build(config: Configuration, device: str = "cpu") -> TrainingState:
    """Return an untrained state whose parameters hold nothing meaningful yet."""
    model = RVAE(config).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.training.learning_rate, fused=True)
    return TrainingState(model, optimizer)


def start(
    config: Configuration, corpus: GenreCorpus, seed: int, device: str = "cpu"
) -> TrainingState:
    """Return the state of a run before its first epoch."""
    state = build(config, device)
    frequencies = pitch_frequencies(corpus) if config.training.output_bias else None
    initialise(state.model, seed, frequencies)
    return state


def fit(
    config: Configuration,
    corpus: GenreCorpus,
    seed: int,
    state: TrainingState | None = None,
) -> Iterator[EpochMetrics]:
    """Train, yielding at every evaluation.

    Parameters
    ----------
    config
        What to train and how.
    corpus
        One genre, or the joint corpus.
    seed
        Decides initialisation, snippet draws, latent noise and input dropout.
    state
        Where to go on from, changed in place; by default a fresh start. Its owner may save
        it whenever the generator has yielded.

    Yields
    ------
    EpochMetrics
        Every ``evaluate_every`` epochs and at the last.

    Raises
    ------
    DivergedError
        When the loss is no longer a finite number.
    """
    state = state or start(config, corpus, seed)
    if config.training.precision is Precision.MIXED:
        yield from _fit_mixed(config, corpus, seed, state)
        return
    sampler = SnippetSampler(corpus, config.grid)
    evaluation = Evaluation(config, corpus, "validation")
    clock = time.perf_counter()
    while state.epoch < config.training.epochs:
        train_bce, train_kl_bars = _train_until_evaluation(config, sampler, seed, state)
        row = EpochMetrics(
            epoch=state.epoch,
            weight=weight(config.annealing, state.epoch / config.training.epochs),
            train_bce=train_bce,
            train_kl_bars=train_kl_bars,
            validation=evaluation.measure(state.model),
        )
        keep_row(state, row)
        now = time.perf_counter()
        state.seconds += now - clock
        clock = now
        yield row


def _fit_mixed(
    config: Configuration, corpus: GenreCorpus, seed: int, state: TrainingState
) -> Iterator[EpochMetrics]:
    """Train as a stack of one: its LSTM is the one that keeps cell states in float32."""
    from musebar_core import stacked

    for _, row in stacked.fit([stacked.Run(config, seed, state)], corpus):
        if isinstance(row, DivergedError):
            raise row
        yield row


def outcome(config: Configuration, corpus: GenreCorpus, state: TrainingState) -> Outcome:
    """Measure a trained state on the test split, at its reported epoch and at its last.

    The model is left with the weights of the reported epoch.
    """
    test = Evaluation(config, corpus, "test")
    last_test = test.measure(state.model)
    state.model.load_state_dict(state.best_weights)
    at_best = next(row for row in state.history if row.epoch == state.best_epoch)
    return Outcome(
        best_epoch=state.best_epoch,
        validation=at_best.validation,
        test=test.measure(state.model),
        last_validation=state.history[-1].validation,
        last_test=last_test,
        seconds=state.seconds,
    )


def evaluate(config: Configuration, corpus: GenreCorpus, model: RVAE, split: str) -> Metrics:
    """Measure a model on a split, with the noise that every evaluation of it uses."""
    return Evaluation(config, corpus, split).measure(model)


def _train_until_evaluation(
    config: Configuration, sampler: SnippetSampler, seed: int, state: TrainingState
) -> tuple[float, float]:
    target = next_evaluation(config.training, state.epoch)
    first = state.epoch
    device = state.model.output.bias.device
    total_bce = total_kl_bars = torch.zeros(())
    state.model.train()
    while state.epoch < target:
        state.epoch += 1
        with computing(config.training.precision, device):
            step_bce, step_kl_bars = optimise(config, sampler, seed, state)
        total_bce, total_kl_bars = total_bce + step_bce, total_kl_bars + step_kl_bars
    n_steps = target - first
    means = float(total_bce) / n_steps, float(total_kl_bars) / n_steps
    check_losses(config, state.epoch, *means)
    return means


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


def optimise(
    config: Configuration, sampler: SnippetSampler, seed: int, state: TrainingState
) -> tuple[Tensor, Tensor]:
    """Take the step of ``state.epoch``: its BCE and mean KL, in nats per snippet."""
    model, training = state.model, config.training
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(training, state.epoch)
    if _encoder_lags(state.history):
        for inner in range(training.encoder_steps):
            _backpropagate(config, sampler, seed, state, inner)
            encoder = set(model.encoder_parameters())
            for parameter in model.parameters():
                if parameter not in encoder:
                    parameter.grad = None
            _step(training, state)
    losses = _backpropagate(config, sampler, seed, state)
    _step(training, state)
    return losses


def _encoder_lags(history: list[EpochMetrics]) -> bool:
    """Whether mi_lower on validation still rises: until it does not, the encoder lags behind.

    The criterion of He et al. (2019), on the evaluations that there are.
    """
    seen = [row.validation.mi_lower for row in history]
    return all(later > earlier for earlier, later in itertools.pairwise(seen))


def _step(training: TrainingConfig, state: TrainingState) -> None:
    if training.gradient_clip > 0:
        torch.nn.utils.clip_grad_norm_(state.model.parameters(), training.gradient_clip)
    state.optimizer.step()


def _backpropagate(
    config: Configuration, sampler: SnippetSampler, seed: int, state: TrainingState, *inner: int
) -> tuple[Tensor, Tensor]:
    """Leave the gradients of a fresh batch's loss in the parameters; ``inner`` names its draws."""
    model, training, epoch = state.model, config.training, state.epoch
    device = model.output.bias.device
    drawn = draw(config, sampler, seed, epoch, *inner)
    roll = piano_roll(drawn.pitches.to(device))
    mu, logvar = model.encode(roll)
    keep = None if drawn.keep is None else drawn.keep.to(device)
    logits = model.decode(roll, sample(mu, logvar, drawn.noise.to(device)), keep)
    kl_weight = weight(config.annealing, epoch / training.epochs)
    loss, step_bce, step_kl_bars = training_loss(
        logits, roll, (mu, logvar), weight=kl_weight, free_bits=training.free_bits
    )
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return step_bce.cpu(), step_kl_bars.cpu()


class Drawn(NamedTuple):
    """What one optimiser step draws, on the CPU.

    Attributes
    ----------
    pitches
        Symbols, uint8 ``[B, T]``.
    noise
        Standard normal, float32 ``[B, L]``.
    keep
        1 where a decoder input stays, float32 ``[B, T, 1]``; None without input dropout.
    """

    pitches: Tensor
    noise: Tensor
    keep: Tensor | None


def draw(
    config: Configuration, sampler: SnippetSampler, seed: int, epoch: int, *inner: int
) -> Drawn:
    """Draw the batch of one epoch of one seed, each part from its own stream."""
    training = config.training
    pitches = sampler.draw(training.batch, stream(seed, Purpose.SNIPPETS, epoch, *inner))
    noise_stream = stream(seed, Purpose.LATENT_NOISE, epoch, *inner)
    noise = latent_noise(noise_stream, len(pitches), config.model.latent_length)
    keep = None
    if training.input_dropout > 0:
        mask_stream = stream(seed, Purpose.INPUT_DROPOUT, epoch, *inner)
        keep = keep_mask(mask_stream, pitches.shape, training.input_dropout)
    return Drawn(torch.from_numpy(pitches), noise, keep)


def keep_row(state: TrainingState, row: EpochMetrics) -> None:
    """Add an evaluation to a run, and keep the weights where it is the best so far."""
    best = max((r.validation.elbo for r in state.history), default=-math.inf)
    state.history.append(row)
    if row.validation.elbo > best:
        state.best_epoch = row.epoch
        state.best_weights = {
            name: value.detach().clone() for name, value in state.model.state_dict().items()
        }


class Evaluation:
    """The fixed snippets and noise of one split, ready to be measured again and again."""

    def __init__(self, config: Configuration, corpus: GenreCorpus, split: str) -> None:
        pitches = evaluation_snippets(
            corpus, split, config.grid, config.training.evaluation_snippets
        )
        noise_stream = stream(corpus.fingerprint, Purpose.EVALUATION, split)
        self.pitches = torch.from_numpy(pitches)
        self.noise = latent_noise(noise_stream, len(pitches), config.model.latent_length)
        self._precision = config.training.precision

    @torch.no_grad()
    def measure(self, model: RVAE) -> Metrics:
        """Evaluate a model, in eval mode from then on."""
        model.eval()
        device = model.output.bias.device
        parts = []
        size = EVALUATION_BATCH_GPU if device.type == "cuda" else EVALUATION_BATCH
        for first in range(0, len(self.pitches), size):
            rows = slice(first, first + size)
            roll = piano_roll(self.pitches[rows].to(device))
            with computing(self._precision, device):
                mu, logvar = model.encode(roll)
                logits = model.decode(roll, sample(mu, logvar, self.noise[rows].to(device)))
            parts.append((bce(logits, roll), mu, logvar))
        return self.metrics(*(torch.cat(values) for values in zip(*parts, strict=True)))

    def metrics(self, per_snippet: Tensor, mu: Tensor, logvar: Tensor) -> Metrics:
        """Reduce BCE ``[N]`` and posteriors ``[N, r, L]`` of these snippets to metrics."""
        if not (per_snippet.isfinite().all() and logvar.isfinite().all() and mu.isfinite().all()):
            raise DivergedError(
                "an evaluation is no longer a finite number: lower training.learning_rate "
                "or set training.gradient_clip"
            )
        return metrics.measure(per_snippet, mu, logvar, self.noise)
