"""Training as a generator of epoch metrics.

Checkpoints, Ray and logging live outside: :func:`fit` changes a
:class:`~musebar_core.state.TrainingState` that its caller may save at every evaluation, and goes
on from one that was saved.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import torch

from musebar_core import scheduled_sampling, stacked
from musebar_core.annealing import weight
from musebar_core.config import Precision
from musebar_core.corpus import SnippetSampler
from musebar_core.draws import draw
from musebar_core.errors import DivergedError
from musebar_core.evaluation import Evaluation
from musebar_core.learning_rate import learning_rate
from musebar_core.metric_table import EpochMetrics
from musebar_core.model import piano_roll, sample
from musebar_core.objective import training_loss
from musebar_core.precision import computing
from musebar_core.state import check_losses, keep_row, next_evaluation, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from musebar_core.config import Configuration, TrainingConfig
    from musebar_core.corpus import GenreCorpus
    from musebar_core.state import TrainingState


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
        Decides initialisation and all draws, each by its own stream.
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
    is_mixed = config.training.precision is Precision.MIXED
    on_gpu = state.model.output.bias.device.type == "cuda"
    one = _fit_mixed if is_mixed and on_gpu else _fit_alone
    yield from one(config, corpus, seed, state)


def _fit_alone(
    config: Configuration, corpus: GenreCorpus, seed: int, state: TrainingState
) -> Iterator[EpochMetrics]:
    sampler = SnippetSampler(corpus, config.grid)
    evaluation = Evaluation.on_the_way(config, corpus)
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
        keep_row(config, state, row)
        now = time.perf_counter()
        state.seconds += now - clock
        clock = now
        yield row


def _fit_mixed(
    config: Configuration, corpus: GenreCorpus, seed: int, state: TrainingState
) -> Iterator[EpochMetrics]:
    """Train as a stack of one: its LSTM is the one that keeps cell states in float32."""
    for _, row in stacked.fit([stacked.Run(config, seed, state)], corpus):
        if isinstance(row, DivergedError):
            raise row
        yield row


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


def optimise(
    config: Configuration, sampler: SnippetSampler, seed: int, state: TrainingState
) -> tuple[Tensor, Tensor]:
    """Take the step of ``state.epoch``: its BCE and mean KL, in nats per snippet."""
    model, training = state.model, config.training
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
    state.optimizer.step(learning_rate(training, state.epoch))


def _backpropagate(
    config: Configuration, sampler: SnippetSampler, seed: int, state: TrainingState, *inner: int
) -> tuple[Tensor, Tensor]:
    """Leave the gradients of a fresh batch's loss in the parameters; ``inner`` names its draws."""
    model, training, epoch = state.model, config.training, state.epoch
    device = model.output.bias.device
    drawn = draw(config, sampler, seed, epoch, *inner)
    roll = piano_roll(drawn.pitches.to(device))
    mu, logvar = model.encode(roll)
    z = sample(mu, logvar, drawn.noise.to(device))
    keep = None if drawn.keep is None else drawn.keep.to(device)
    heard = roll
    if drawn.own is not None:
        with torch.no_grad():
            said = model.decode(roll, z, keep)
        heard = scheduled_sampling.heard(roll, said, drawn.own.to(device))
    logits = model.decode(heard, z, keep)
    kl_weight = weight(config.annealing, epoch / training.epochs)
    loss, step_bce, step_kl_bars = training_loss(
        logits,
        roll,
        (mu, logvar),
        weight=kl_weight,
        free_bits=training.free_bits,
        free_nats=training.free_nats,
    )
    model.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return step_bce.cpu(), step_kl_bars.cpu()
