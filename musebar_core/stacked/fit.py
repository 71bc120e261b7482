"""Training of many runs as one program, behind the states and checkpoints of single ones."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from musebar_core.annealing import weight
from musebar_core.config import Precision
from musebar_core.corpus import SnippetSampler
from musebar_core.errors import ConfigurationError, DivergedError
from musebar_core.evaluation import Evaluation
from musebar_core.metric_table import EpochMetrics
from musebar_core.precision import computing, settled
from musebar_core.stacked import model
from musebar_core.stacked.step import Step
from musebar_core.stacked.sweep import FULL, OPERANDS
from musebar_core.stacked.weights import Weights
from musebar_core.state import TrainingState, check_losses, keep_row, next_evaluation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metric_table import Metrics

_EVALUATION_SNIPPETS, _EVALUATION_SNIPPETS_GPU = 512, 2048
"""Snippets evaluated at once, over all models together: what caches hold, what fills a GPU."""

_INFERRED_SNIPPETS, _INFERRED_BLOCK = 8192, 128
"""The same where nothing is kept of a step; and of one model, a multiple of a kernel's rows."""


@dataclass(frozen=True, eq=False)
class Run:
    """One run of a stack: what :func:`musebar_core.training.fit` takes, as a value.

    ``state`` is changed in place, and is whole whenever :func:`fit` has yielded the run.
    """

    config: Configuration
    seed: int
    state: TrainingState


def fit(
    runs: Sequence[Run], corpus: GenreCorpus
) -> Iterator[tuple[Run, EpochMetrics | DivergedError]]:
    """Train runs together, yielding each at every evaluation of its own.

    Parameters
    ----------
    runs
        Of one :attr:`~musebar_core.config.Configuration.stack`, on one device. They may be at
        different epochs.
    corpus
        One genre, or the joint corpus, for all of them.

    Yields
    ------
    tuple
        A run, and the evaluation it has just had; or, once, the error that ended it: the other
        runs go on without it. The state of a run may be saved then and gone on from alone, and
        the other way round. ``state.seconds`` counts a run's share of the time of all.

    Raises
    ------
    ConfigurationError
        If their configurations cannot train as one program.
    """
    kinds = {run.config.stack for run in runs}
    if len(kinds) > 1 or None in kinds:
        raise ConfigurationError(
            "these configurations cannot train as one program: train them in turn, or give them "
            "one grid, hidden size, number of layers, pooling, batch, number of evaluation "
            "snippets and precision, with a bidirectional encoder or batch_norm, which all have or "
            "none, one number of regularizers too, and no encoder_steps"
        )
    sampler = SnippetSampler(corpus, runs[0].config.grid) if runs else None
    left = [run for run in runs if run.state.epoch < run.config.training.epochs]
    before: _Stack | None = None
    while left:
        stack = _Stack(left, corpus, sampler)
        if before is not None:
            stack.go_on_from(before)
        ended: set[Run] = set()
        while not ended:
            for run, row in stack.advance():
                if isinstance(row, DivergedError) or row.epoch == run.config.training.epochs:
                    ended.add(run)
                yield run, row
        stack.store([place for place, run in enumerate(left) if run not in ended])
        before = stack
        left = [run for run in left if run not in ended]


class _Stack:
    """Runs that advance together until one of them ends."""

    def __init__(
        self, runs: Sequence[Run], corpus: GenreCorpus, sampler: SnippetSampler | None
    ) -> None:
        assert sampler is not None
        self._runs = runs
        self._configs = [run.config for run in runs]
        self._weights = Weights([run.state for run in runs])
        values = self._weights.values
        self._precision = settled(self._configs[0].training.precision, values.device)
        operands = OPERANDS[self._precision]
        self._shape = model.Shape.of(self._configs, values, operands)
        self._step = Step(self._configs, self._weights, self._shape, sampler)
        self._since = [run.state.epoch for run in runs]
        self._evaluations = [Evaluation.on_the_way(c, corpus) for c in self._configs]

    def advance(self) -> Iterator[tuple[Run, EpochMetrics | DivergedError]]:
        """Train up to the next evaluation of any run; yield the runs that had one."""
        clock = time.perf_counter()
        targets = [next_evaluation(run.config.training, run.state.epoch) for run in self._runs]
        seeds = [run.seed for run in self._runs]
        for _ in range(min(t - r.state.epoch for t, r in zip(targets, self._runs, strict=True))):
            for run in self._runs:
                run.state.epoch += 1
            with computing(self._precision, self._weights.values.device):
                self._step.take(seeds, [run.state.epoch for run in self._runs])
        due = [k for k, run in enumerate(self._runs) if run.state.epoch == targets[k]]
        found = self._rows(due)
        self.store(due)
        share = (time.perf_counter() - clock) / len(self._runs)
        for run in self._runs:
            run.state.seconds += share
        for place, row in found.items():
            if isinstance(row, EpochMetrics):
                keep_row(self._configs[place], self._runs[place].state, row)
            yield self._runs[place], row

    def go_on_from(self, other: _Stack) -> None:
        """Take over what the runs of another stack have summed since their last evaluations."""
        for place, run in enumerate(self._runs):
            there = other._runs.index(run)
            self._since[place] = other._since[there]
            self._step.totals[:, place] = other._step.totals[:, there]

    def store(self, places: Sequence[int]) -> None:
        """Copy the numbers of these runs to their states."""
        for place in places:
            self._weights.store(place, self._runs[place].state)

    def _rows(self, due: Sequence[int]) -> dict[int, EpochMetrics | DivergedError]:
        totals = self._step.totals.to("cpu", torch.float64, copy=True)
        self._step.totals[:, due] = 0
        with computing(self._precision, self._weights.values.device):
            measured = self._measure(due)
        rows: dict[int, EpochMetrics | DivergedError] = {}
        for place in due:
            run, config = self._runs[place], self._configs[place]
            n_steps = run.state.epoch - self._since[place]
            means = float(totals[0, place]) / n_steps, float(totals[1, place]) / n_steps
            self._since[place] = run.state.epoch
            validation = measured[place]
            try:
                check_losses(config, run.state.epoch, *means)
            except DivergedError as error:
                validation = error.with_traceback(None)  # which would hold the stack
            rows[place] = (
                validation
                if isinstance(validation, DivergedError)
                else EpochMetrics(
                    epoch=run.state.epoch,
                    weight=weight(config.annealing, run.state.epoch / config.training.epochs),
                    train_bce=means[0],
                    train_kl_bars=means[1],
                    validation=validation,
                )
            )
        return rows

    @torch.no_grad()
    def _measure(self, due: Sequence[int]) -> dict[int, Metrics | DivergedError]:
        """Evaluate all models of the stack at once, and measure those that are due."""
        p, shape = self._weights.named, dataclasses.replace(self._shape, operands=FULL)
        pitches = self._evaluations[0].pitches.to(p["mu.bias"].device)
        models, width = len(self._runs), shape.own_dimensions.shape[1]
        noise = p["mu.bias"].new_zeros(models, len(pitches), width)
        for row, evaluation in zip(noise, self._evaluations, strict=True):
            row[:, : evaluation.noise.shape[1]] = evaluation.noise
        parts = []
        inferred = self._precision is not Precision.FP32 and model.can_infer(noise, shape)
        size = _at_once(models, inferred=inferred, on_gpu=noise.is_cuda)
        for first in range(0, len(pitches), size):
            some = slice(first, first + size)
            if inferred:
                bce, posteriors = model.infer(p, shape, pitches[some], noise[:, some])
                parts.append((bce, *posteriors))
                continue
            roll = model.roll_of(pitches[some].expand(models, -1, -1), noise)
            posteriors = model.encode(p, shape, roll)
            logits = model.decode(p, shape, roll, model.sample(posteriors, noise[:, some]))
            parts.append((model.bce(logits, roll), *posteriors))
        bce = torch.cat([part[0] for part in parts], dim=1)
        mu, logvar = (torch.cat([part[k] for part in parts], dim=2) for k in (1, 2))
        return {place: self._metrics(place, bce[place], mu[place], logvar[place]) for place in due}

    def _metrics(
        self, place: int, bce: torch.Tensor, mu: torch.Tensor, logvar: torch.Tensor
    ) -> Metrics | DivergedError:
        length = self._configs[place].model.latent_length
        bars = self._shape.own_bars[place] > 0
        mu, logvar = (each[bars, :, :length].transpose(0, 1) for each in (mu, logvar))
        try:
            return self._evaluations[place].metrics(bce, mu, logvar)
        except DivergedError as error:
            return error.with_traceback(None)


def _at_once(models: int, *, inferred: bool, on_gpu: bool) -> int:
    """Snippets of each model that are evaluated at once."""
    if inferred:
        return max(1, _INFERRED_SNIPPETS // models // _INFERRED_BLOCK) * _INFERRED_BLOCK
    return max(1, (_EVALUATION_SNIPPETS_GPU if on_gpu else _EVALUATION_SNIPPETS) // models)
