"""Batch normalisation of a posterior's mean (BN-VAE, Zhu et al. 2020, section 3).

Each dimension of mu is given a fixed spread gamma over the batch, so that the mean over snippets of
its KL is at least gamma^2 / 2: a code cannot collapse. Where r posteriors are regularised, each is
normalised by itself. In evaluation running moments stand for the batch's.

The layer's own bias goes with the mean of what it is added to, so that it is the shift (Zhu's beta)
that is added behind: a normalised model has the parameters of a plain one, and begins as it does.

Shapes: N snippets, r posteriors, L latent dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOMENTUM = 0.1
"""Share of the running moments that each batch renews, as in torch's own."""

EPSILON = 1e-5
"""Added to a variance, as in torch's own."""


class SpreadNorm(nn.Module):
    """Values ``[N, r, L]`` of mean 0 and standard deviation ``spread`` in each column.

    Parameters
    ----------
    posteriors, length
        r and L.
    spread
        Gamma.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, posteriors: int, length: int, spread: float) -> None:
        super().__init__()
        self.spread = spread
        self.register_buffer("mean", torch.zeros(posteriors, length))
        self.register_buffer("variance", torch.ones(posteriors, length))

    def forward(self, values: Tensor) -> Tensor:
        """Normalise; in training by the batch, whose moments are followed."""
        if self.training:
            mean, variance = batch_moments(values, dim=0)
            follow(self.mean, self.variance, (mean, variance), len(values))
        else:
            mean, variance = self.mean, self.variance
        return self.spread * normalised(values, mean, variance)


def batch_moments(values: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Mean, and variance divided by the number of snippets, over the snippets along ``dim``."""
    return values.mean(dim), values.var(dim, correction=0)


def normalised(values: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """Values of mean 0 and variance 1, but for epsilon."""
    return (values - mean) * (variance + EPSILON).rsqrt()


@torch.no_grad()
def follow(mean: Tensor, variance: Tensor, of_batch: tuple[Tensor, Tensor], snippets: int) -> None:
    """Move running moments, in place, toward a batch's; its variance divided by N - 1."""
    mean.lerp_(of_batch[0], MOMENTUM)
    variance.lerp_(of_batch[1] * (snippets / (snippets - 1)), MOMENTUM)
