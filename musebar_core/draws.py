"""What an optimiser step draws, each part by its own stream.

Snippets and how they are transposed, latent noise, which inputs are dropped and which replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from musebar_core import scheduled_sampling
from musebar_core.errors import ConfigurationError
from musebar_core.randomness import Purpose, keep_mask, latent_noise, stream

if TYPE_CHECKING:
    from torch import Tensor

    from musebar_core.config import Configuration
    from musebar_core.corpus import SnippetSampler


class Drawn(NamedTuple):
    """What one optimiser step draws, on the CPU.

    Attributes
    ----------
    pitches
        Symbols, uint8 ``[B, T]``, transposed where that is asked.
    noise
        Standard normal, float32 ``[B, L]``.
    keep
        1 where a decoder input stays, float32 ``[B, T, 1]``; None without input dropout.
    own
        Which decoder inputs are the model's own samples, float64 ``[B, T, 1]``, as
        :func:`musebar_core.scheduled_sampling.choices` has it; None where none is.
    """

    pitches: Tensor
    noise: Tensor
    keep: Tensor | None
    own: Tensor | None = None


def draw(
    config: Configuration, sampler: SnippetSampler, seed: int, epoch: int, *inner: int
) -> Drawn:
    """Draw the batch of one epoch of one seed, each part from its own stream.

    Raises
    ------
    ConfigurationError
        If a batch of one snippet is to be normalised: there is one group to draw from.
    """
    training = config.training
    snippets = stream(seed, Purpose.SNIPPETS, epoch, *inner)
    if training.transposition:
        intervals = stream(seed, Purpose.TRANSPOSITION, epoch, *inner)
        pitches = sampler.draw_transposed(
            training.batch, snippets, training.transposition, intervals
        )
    else:
        pitches = sampler.draw(training.batch, snippets)
    if config.model.batch_norm and len(pitches) < 2:
        raise ConfigurationError(
            "model.batch_norm: training.batch per_group draws one snippet a step here, as there "
            "is one group; set training.batch to 2 or more"
        )
    noise_stream = stream(seed, Purpose.LATENT_NOISE, epoch, *inner)
    noise = latent_noise(noise_stream, len(pitches), config.model.latent_length)
    keep = None
    if training.input_dropout > 0:
        mask_stream = stream(seed, Purpose.INPUT_DROPOUT, epoch, *inner)
        keep = keep_mask(mask_stream, pitches.shape, training.input_dropout)
    own = None
    if training.scheduled_sampling > 0:
        choice_stream = stream(seed, Purpose.SCHEDULED_SAMPLING, epoch, *inner)
        replaced = scheduled_sampling.share(training.scheduled_sampling, epoch / training.epochs)
        own = scheduled_sampling.choices(choice_stream, pitches.shape, replaced)
    return Drawn(torch.from_numpy(pitches), noise, keep, own)
