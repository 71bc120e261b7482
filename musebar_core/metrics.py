"""What an evaluation reports: losses, the mutual information bracket, active units.

Shapes: N snippets, L latent dimensions. Everything here is computed in float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from musebar_core.metric_table import Metrics
from musebar_core.objective import kl

if TYPE_CHECKING:
    from torch import Generator, Tensor

ACTIVE_VARIANCE = 0.01
"""Variance of mu over snippets above which a dimension is active (Burda et al. 2016)."""

COLLAPSE_NATS = 0.5
"""A run whose upper bound on the mutual information is below this is collapsed."""

_PAIR_BLOCK, _PAIR_BLOCK_GPU = 2**18, 2**24
"""Elements of the [N, block, L] table held at once when every z meets every posterior: what a CPU's
cache holds (four times as fast as from memory, and the same bit for bit), and what fills a GPU."""


class MutualInformation(NamedTuple):
    """A bracket on I(x; z) under q over the N snippets, in nats.

    Attributes
    ----------
    lower
        mean log q(z|x) - mean log (1/N sum_j q(z|x_j)); at most ``cap``.
    upper
        mean KL(q(z|x) to the Gaussian with the aggregate posterior's mean and covariance).
    cap
        log N.
    """

    lower: float
    upper: float
    cap: float


def mutual_information(
    mu: Tensor, logvar: Tensor, generator: Generator | None = None, *, noise: Tensor | None = None
) -> MutualInformation:
    """Bracket the mutual information of z with a snippet drawn uniformly from these N.

    Parameters
    ----------
    mu, logvar
        Posteriors, ``[N, L]``.
    generator
        Draws the one z per snippet that ``lower`` needs.
    noise
        Standard normal draws ``[N, L]`` to use instead of the generator's.

    Returns
    -------
    MutualInformation
        In nats. In expectation over the draws ``lower`` <= I <= ``upper``; a single draw of
        ``lower`` may fall on either side by its sampling error.

    Notes
    -----
    Lower: Hoffman and Johnson (2016), the minibatch aggregate posterior. Upper: the cross
    entropy of the aggregate posterior to the Gaussian of its own moments is never below its
    entropy, so the mean KL to that Gaussian is never below I, and never above the mean KL to
    the standard Gaussian. The covariance divides by N.
    """
    mu, logvar = mu.detach().double(), logvar.detach().double()
    if noise is None:
        noise = torch.randn(mu.shape, generator=generator, dtype=torch.float64)
    z = mu + (0.5 * logvar).exp() * noise.to(mu)
    return MutualInformation(
        lower=_mi_lower(z, mu, logvar), upper=_mi_upper(mu, logvar), cap=math.log(len(mu))
    )


def _mi_lower(z: Tensor, mu: Tensor, logvar: Tensor) -> float:
    n, length = mu.shape
    precision, scale = (-logvar).exp(), logvar.sum(dim=1)
    elements = _PAIR_BLOCK_GPU if mu.is_cuda else _PAIR_BLOCK
    block = max(1, elements // (n * length))
    own, aggregate = [], []
    for first in range(0, n, block):
        rows = z[first : first + block]
        distance = ((rows[:, None] - mu[None]).square() * precision[None]).sum(dim=2)
        log_density = -0.5 * (distance + scale[None])  # the constant cancels in the difference
        own.append(log_density.diagonal(offset=first))
        aggregate.append(torch.logsumexp(log_density, dim=1) - math.log(n))
    return float((torch.cat(own) - torch.cat(aggregate)).mean())


def _mi_upper(mu: Tensor, logvar: Tensor) -> float:
    n = len(mu)
    centred = mu - mu.mean(dim=0)
    variances = logvar.exp().mean(dim=0)
    covariance = centred.T @ centred / n + torch.diag(variances)
    # KL(q_i to the moment-matched Gaussian), averaged: the trace and distance terms sum to L.
    # No eigenvalue is below the least mean variance; rounding may say otherwise where N <= L.
    # Of so small a matrix a CPU finds them sooner than a GPU.
    eigenvalues = torch.linalg.eigvalsh(covariance.cpu()).clamp_min(float(variances.min()))
    log_determinant = eigenvalues.log().sum()
    upper = 0.5 * float(log_determinant - logvar.sum(dim=1).mean())
    return min(max(upper, 0.0), float(kl(mu, logvar).mean()))


def active_units(mu: Tensor) -> int:
    """Dimensions whose mean varies over snippets by more than :data:`ACTIVE_VARIANCE`.

    Parameters
    ----------
    mu
        Posterior means, ``[N, L]``; the variance divides by N.
    """
    return int((mu.detach().double().var(dim=0, correction=0) > ACTIVE_VARIANCE).sum())


def measure(bce_per_snippet: Tensor, mu: Tensor, logvar: Tensor, noise: Tensor) -> Metrics:
    """Reduce one evaluation to its metrics.

    Parameters
    ----------
    bce_per_snippet
        Nats, ``[N]``.
    mu, logvar
        All r posteriors, ``[N, r, L]``; the last is z's.
    noise
        Standard normal draws for the lower bound, ``[N, L]``.
    """
    mu, logvar = mu.double(), logvar.double()
    last_mu, last_logvar = mu[:, -1], logvar[:, -1]
    reconstruction = float(bce_per_snippet.double().mean())
    divergence = float(kl(last_mu, last_logvar).mean())
    information = mutual_information(last_mu, last_logvar, noise=noise)
    units = active_units(last_mu)
    return Metrics(
        bce=reconstruction,
        kl=divergence,
        kl_bars=float(kl(mu, logvar).mean()),
        elbo=-(reconstruction + divergence),
        mi_lower=information.lower,
        mi_upper=information.upper,
        mi_cap=information.cap,
        active_units=units,
        informative_share=information.upper / divergence if divergence > 0 else None,
        collapsed=information.upper < COLLAPSE_NATS or units == 0,
        n_snippets=len(mu),
    )
