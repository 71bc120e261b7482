"""What an optimiser step draws: snippets, latent noise, dropped inputs, each by its own stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

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
