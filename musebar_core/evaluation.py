"""Evaluation of models on the fixed snippets of a split, with the noise that is fixed for it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from musebar_core import metrics
from musebar_core.code import code_measures
from musebar_core.corpus import evaluation_snippets
from musebar_core.errors import DivergedError
from musebar_core.model import piano_roll, sample
from musebar_core.objective import bce
from musebar_core.precision import computing
from musebar_core.randomness import Purpose, latent_noise, stream
from musebar_core.size import EVALUATION_BATCH, EVALUATION_BATCH_GPU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metric_table import Metrics
    from musebar_core.model import RVAE
    from musebar_core.state import TrainingState


class Evaluation:
    """The fixed snippets and noise of one split, ready to be measured again and again.

    Parameters
    ----------
    config
        Its grid, latent length and precision.
    corpus, split
        What is measured on.
    curve
        Measure on as many as evaluations on the way take, and not on all.
    """

    def __init__(
        self, config: Configuration, corpus: GenreCorpus, split: str, *, curve: bool = False
    ) -> None:
        training = config.training
        n = training.snippets_on_the_way if curve else training.evaluation_snippets
        pitches = evaluation_snippets(
            corpus, split, config.grid, n, anywhere=curve and training.curve_is_partial
        )
        noise_stream = stream(corpus.fingerprint, Purpose.EVALUATION, split)
        self.pitches = torch.from_numpy(pitches)
        self.noise = latent_noise(noise_stream, len(pitches), config.model.latent_length)
        """The draw that is decoded, float32 ``[N, L]``."""
        self._draws = torch.stack([self.noise, *self._further_draws(config, corpus, split)])
        self._precision = config.training.precision

    def _further_draws(
        self, config: Configuration, corpus: GenreCorpus, split: str
    ) -> Iterator[Tensor]:
        """Draws that the mutual information alone needs, each ``[N, L]``."""
        for draw in range(1, metrics.INFORMATION_DRAWS):
            draws = stream(corpus.fingerprint, Purpose.EVALUATION, split, draw)
            yield latent_noise(draws, len(self.pitches), config.model.latent_length)

    @classmethod
    def on_the_way(cls, config: Configuration, corpus: GenreCorpus) -> Evaluation:
        """What a run is measured on while it trains: of the validation split, perhaps fewer."""
        return cls(config, corpus, "validation", curve=True)

    @torch.no_grad()
    def measure(self, model: RVAE) -> Metrics:
        """Evaluate a model, in eval mode from then on."""
        model.eval()
        device = model.output.bias.device
        parts = []
        most = EVALUATION_BATCH_GPU if device.type == "cuda" else EVALUATION_BATCH
        n_parts = math.ceil(len(self.pitches) / most)
        batches = (each.tensor_split(n_parts) for each in (self.pitches, self.noise))
        for pitches, noise in zip(*batches, strict=True):
            roll = piano_roll(pitches.to(device))
            with computing(self._precision, device):
                mu, logvar = model.encode(roll)
                logits = model.decode(roll, sample(mu, logvar, noise.to(device)))
            parts.append((bce(logits, roll), mu, logvar))
        return self.metrics(*(torch.cat(values) for values in zip(*parts, strict=True)))

    def metrics(self, per_snippet: Tensor, mu: Tensor, logvar: Tensor) -> Metrics:
        """Reduce BCE ``[N]`` and posteriors ``[N, r, L]`` of these snippets to metrics."""
        if not (per_snippet.isfinite().all() and logvar.isfinite().all() and mu.isfinite().all()):
            raise DivergedError(
                "an evaluation is no longer a finite number: lower training.learning_rate "
                "or set training.gradient_clip"
            )
        return metrics.measure(per_snippet, mu, logvar, self._draws)


def evaluate(config: Configuration, corpus: GenreCorpus, model: RVAE, split: str) -> Metrics:
    """Measure all of a model on a split, as at a run's reported epoch: with the same noise."""
    return _whole(config, corpus, model, split, Evaluation(config, corpus, split).measure(model))


def _whole(
    config: Configuration, corpus: GenreCorpus, model: RVAE, split: str, found: Metrics
) -> Metrics:
    """Add to an evaluation what is measured at the reported epoch alone."""
    return found._replace(**code_measures(config, corpus, model, split)._asdict())


@dataclass(frozen=True)
class Outcome:
    """What a finished run is worth: at its reported epoch, and at its last.

    Of the reported epoch also what its code is worth (:mod:`musebar_core.code`).

    Attributes
    ----------
    seconds
        Of training and of all evaluations, these last ones among them.
    """

    best_epoch: int
    validation: Metrics
    test: Metrics
    last_validation: Metrics
    last_test: Metrics
    seconds: float


def outcome(config: Configuration, corpus: GenreCorpus, state: TrainingState) -> Outcome:
    """Measure a trained state on both splits, at its reported epoch and at its last.

    The model is left with the weights of the reported epoch.
    """
    began = time.perf_counter()
    on_test = Evaluation(config, corpus, "test")
    last = _validation(config, corpus, state, state.epoch), on_test.measure(state.model)
    state.model.load_state_dict(state.best_weights)
    if state.best_epoch == state.epoch:
        best = last
    else:
        best = _validation(config, corpus, state, state.best_epoch), on_test.measure(state.model)
    validation, test = best
    return Outcome(
        best_epoch=state.best_epoch,
        validation=_whole(config, corpus, state.model, "validation", validation),
        test=_whole(config, corpus, state.model, "test", test),
        last_validation=last[0],
        last_test=last[1],
        seconds=state.seconds + time.perf_counter() - began,
    )


def _validation(
    config: Configuration, corpus: GenreCorpus, state: TrainingState, epoch: int
) -> Metrics:
    """Figures of the epoch whose weights the model has: the curve's where it is of all."""
    if config.training.curve_is_partial:
        return Evaluation(config, corpus, "validation").measure(state.model)
    return next(row.validation for row in state.history if row.epoch == epoch)
