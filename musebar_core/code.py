"""What a finished model's code is worth: its likelihood, and how much of a melody it gives back.

Measured once a run, at its reported epoch, on a part of each split's snippets and with noise that
are the same for every run. Shapes: N snippets, T steps, P = 128 pitches, L latent dimensions, K
importance samples a snippet.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from musebar_core.corpus import evaluation_snippets
from musebar_core.generation import run_free, symbol_distribution
from musebar_core.model import piano_roll
from musebar_core.objective import bce
from musebar_core.precision import computing
from musebar_core.randomness import Purpose, latent_noise, stream

if TYPE_CHECKING:
    from torch import Tensor

    from musebar_core.config import Configuration
    from musebar_core.corpus import GenreCorpus
    from musebar_core.model import RVAE

NLL_SNIPPETS = 64
"""Most snippets of a split that a code is measured on."""

NLL_DRAWS = 8
"""K: importance samples a snippet."""

_AT_ONCE, _AT_ONCE_GPU = 64, 256
"""Rows that are decoded together, about: on a CPU, what stays in the cache."""


class CodeMeasures(NamedTuple):
    """Of one model on one split.

    Attributes
    ----------
    nll
        Importance-weighted bound on the negative log likelihood, nats per snippet.
    reconstruction_accuracy
        Share of steps that :func:`reconstruct` gets right.
    """

    nll: float
    reconstruction_accuracy: float


@torch.no_grad()
def code_measures(
    config: Configuration, corpus: GenreCorpus, model: RVAE, split: str
) -> CodeMeasures:
    """Measure a model's code on the fixed part of a split, in eval mode from then on."""
    model.eval()
    device = model.output.bias.device
    pitches = torch.from_numpy(evaluation_snippets(corpus, split, config.grid, NLL_SNIPPETS))
    roll = piano_roll(pitches.to(device))
    draws = stream(corpus.fingerprint, Purpose.EVALUATION, split, "importance")
    noise = latent_noise(draws, NLL_DRAWS * len(roll), config.model.latent_length)
    with computing(config.training.precision, device):
        mu, logvar = (each[:, -1] for each in model.encode(roll))
        noise = noise.view(NLL_DRAWS, len(roll), -1).to(device)
        nll = importance_nll(model, roll, mu, logvar, noise)
        right = reconstruct(model, mu, roll.shape[1]).cpu() == pitches
    return CodeMeasures(float(nll.mean()), float(right.double().mean()))


def importance_nll(model: RVAE, roll: Tensor, mu: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """Importance-weighted bound on -log p(x) (Burda et al. 2016, eq. 8).

    Parameters
    ----------
    roll
        ``[N, T, P]``.
    mu, logvar
        z's posteriors, ``[N, L]``.
    noise
        Standard normal draws, ``[K, N, L]``.

    Returns
    -------
    Tensor
        -log (1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)), float64 nats per snippet ``[N]``.
    """
    log_weights = []
    most = _AT_ONCE_GPU if roll.is_cuda else _AT_ONCE
    n_parts = min(len(noise), math.ceil(len(noise) * len(roll) / most))
    for draws in noise.tensor_split(n_parts):
        z = mu + (0.5 * logvar).exp() * draws
        # log p(z) - log q(z|x); the constants of the two Gaussians cancel
        log_ratio = 0.5 * (draws.double().square() - z.double().square() + logvar.double()).sum(-1)
        rolls = roll.repeat(len(draws), 1, 1)
        distortion = bce(model.decode(rolls, z.flatten(0, 1)), rolls).double()
        log_weights.append(log_ratio - distortion.view(len(draws), -1))
    return math.log(len(noise)) - torch.logsumexp(torch.cat(log_weights), dim=0)


def reconstruct(model: RVAE, z: Tensor, steps: int) -> Tensor:
    """Decode codes ``[N, L]`` into their likeliest melodies, each step from those before it.

    The decoder hears what it said itself, not the melody that the code is of (as MusicVAE's
    reconstruction accuracy is measured; Roberts et al. 2018, table 1).

    Returns
    -------
    Tensor
        Symbols 0-128, uint8 ``[N, T]``.
    """
    return run_free(
        model, z, steps, lambda logits: symbol_distribution(logits, temperature=1.0).argmax(dim=1)
    )
