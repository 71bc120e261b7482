"""The training loss and its parts, in nats.

Shapes: N snippets, T steps, P = 128 pitches, r posteriors, L latent dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


def bce(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of a piano roll.

    Parameters
    ----------
    logits
        Decoder outputs before the sigmoid, ``[N, T, P]``.
    targets
        The roll, 0 or 1, ``[N, T, P]``.

    Returns
    -------
    Tensor
        Nats per snippet ``[N]``, summed over T and P.
    """
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return losses.sum(dim=(-2, -1))


def kl_per_dimension(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) to N(0, 1)) of each dimension, nats, in the shape of ``mu``.

    Closed form (Kingma and Welling 2014, appendix B).
    """
    return 0.5 * (mu.square() + logvar.exp() - 1 - logvar)


def kl(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL of diagonal Gaussians to the standard Gaussian.

    Parameters
    ----------
    mu, logvar
        Means and log variances, ``[..., L]``.

    Returns
    -------
    Tensor
        Nats ``[...]``, summed over L.
    """
    return kl_per_dimension(mu, logvar).sum(dim=-1)


def regularizer(
    mu: Tensor, logvar: Tensor, free_bits: float = 0.0, free_nats: float = 0.0
) -> Tensor:
    """The KL term of the training loss: the mean over the r posteriors and the batch.

    Parameters
    ----------
    mu, logvar
        Posteriors after the regularised bars, ``[N, r, L]``.
    free_bits
        Nats that the batch mean of a dimension may hold before it counts
        (Kingma et al. 2016, eq. 15); 0 is the plain mean.
    free_nats
        Nats that a posterior may hold over all dimensions before the rest counts: of each snippet
        max(KL - free_nats, 0), then the mean (as MusicVAE's loss in Magenta's
        ``base_model.py``, whose free bits, times ln 2, are off the KL of each example);
        0 is the plain mean.

    Returns
    -------
    Tensor
        A scalar, nats per snippet (MuseBar, eq. 2).
    """
    if free_nats > 0:
        return (kl(mu, logvar) - free_nats).clamp_min(0).mean()
    per_dimension = kl_per_dimension(mu, logvar).mean(dim=0)
    if free_bits > 0:
        per_dimension = per_dimension.clamp_min(free_bits)
    return per_dimension.sum(dim=-1).mean()


def training_loss(
    logits: Tensor,
    targets: Tensor,
    posteriors: tuple[Tensor, Tensor],
    *,
    weight: float,
    free_bits: float = 0.0,
    free_nats: float = 0.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Loss of one batch: BCE + weight * KL term.

    Parameters
    ----------
    logits, targets
        ``[N, T, P]``.
    posteriors
        mu and logvar, each ``[N, r, L]``.
    weight
        Of the KL term, 0 to 1.
    free_bits, free_nats
        See :func:`regularizer`.

    Returns
    -------
    tuple of Tensor
        The loss, the BCE and the mean KL over the r posteriors, scalars in nats per snippet;
        the last two are detached.
    """
    mu, logvar = posteriors
    reconstruction = bce(logits, targets).mean()
    loss = reconstruction + weight * regularizer(mu, logvar, free_bits, free_nats)
    with torch.no_grad():
        kl_bars = kl(mu, logvar).mean()
    return loss, reconstruction.detach(), kl_bars
