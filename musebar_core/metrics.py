"""What an evaluation reports: losses, the mutual information bracket, active units.

Shapes: N snippets, L latent dimensions, D draws of z each. Everything here is computed in float64.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from musebar_core.metric_table import COLLAPSE_NATS, Metrics
from musebar_core.objective import kl

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

ACTIVE_VARIANCE = 0.01
"""Variance of mu over snippets above which a dimension is active (Burda et al. 2016)."""

INFORMATION_DRAWS = 16
"""D: draws of z a snippet that ``mi_lower`` averages over."""

_PAIR_BLOCK, _PAIR_BLOCK_GPU = 2**18, 2**24
"""Pairs (or elements, where differences are taken one by one) of the table held at once when every
z meets every posterior: what a CPU's cache holds, and what fills a GPU."""

_NEARLY_GAUSSIAN = 2.0
"""Most that the Gaussian may exceed the aggregate posterior by at any draw, for the mean of their
ratio to be well estimated."""

_ENOUGH = 100
"""Draws in all that control variates need to be fitted by."""

_TINY = 1e-300

_EXPANDED_UP_TO = 1e6
"""Largest squared distance, in variances, that is taken apart into products: rounding then moves a
log density by no more than some 1e-9."""


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
        Draws the :data:`INFORMATION_DRAWS` z per snippet that ``lower`` averages over.
    noise
        Standard normal draws ``[D, N, L]`` to use instead of the generator's.

    Returns
    -------
    MutualInformation
        In nats. In expectation over the draws ``lower`` <= I <= ``upper``; ``lower`` has a
        sampling error, which control variates keep below the distance of the two.

    Notes
    -----
    Lower: Hoffman and Johnson (2016), the minibatch aggregate posterior. Upper: the cross
    entropy of the aggregate posterior to the Gaussian of its own moments is never below its
    entropy, so the mean KL to that Gaussian is never below I, and never above the mean KL to
    the standard Gaussian. The covariance divides by N.
    """
    mu, logvar = mu.detach().double(), logvar.detach().double()
    if noise is None:
        shape = (INFORMATION_DRAWS, *mu.shape)
        noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    gaussian = _moment_matched(mu, logvar)
    return MutualInformation(
        lower=_mi_lower(noise.to(mu), mu, logvar, gaussian),
        upper=_mi_upper(mu, logvar, gaussian),
        cap=math.log(len(mu)),
    )


class _Gaussian(NamedTuple):
    """A Gaussian by its mean ``[L]`` and its variances ``[L]`` along orthogonal axes ``[L, L]``."""

    mean: Tensor
    variances: Tensor
    axes: Tensor

    def log_density(self, z: Tensor) -> Tensor:
        """Of each of z ``[M, L]``, without the constant L/2 log 2 pi."""
        distances = ((z - self.mean) @ self.axes).square() / self.variances
        return -0.5 * (distances.sum(dim=1) + self.variances.log().sum())

    def divergences(self, mu: Tensor, logvar: Tensor) -> Tensor:
        """KL of each posterior ``[N, L]`` to it, nats ``[N]``."""
        spread = logvar.exp() @ self.axes.square() / self.variances
        return -self.log_density(mu) + 0.5 * (spread.sum(dim=1) - logvar.sum(dim=1) - mu.shape[1])


def _moment_matched(mu: Tensor, logvar: Tensor) -> _Gaussian:
    """The Gaussian of the aggregate posterior's mean and covariance, which divides by N."""
    mean, variances = mu.mean(dim=0), logvar.exp().mean(dim=0)
    centred = mu - mean
    covariance = centred.T @ centred / len(mu) + torch.diag(variances)
    # No eigenvalue is below the least mean variance; rounding may say otherwise where N <= L.
    # Of so small a matrix a CPU finds them sooner than a GPU.
    eigenvalues, axes = torch.linalg.eigh(covariance.cpu())
    return _Gaussian(mean, eigenvalues.clamp_min(float(variances.min())).to(mu), axes.to(mu))


def _mi_lower(noise: Tensor, mu: Tensor, logvar: Tensor, gaussian: _Gaussian) -> float:
    """Mean over draws and snippets of log q(z|x) - log (1/N sum_j q(z|x_j)); noise [D, N, L].

    With control variates, whose expectation is known, against the error of the draws: the
    information that each draw has under the Gaussian, and where that is nearly the aggregate
    posterior itself, the ratio of the two, whose expectation is 1.
    """
    n = len(mu)
    z = (mu + (0.5 * logvar).exp() * noise).flatten(0, 1)
    own = -0.5 * (noise.square().sum(dim=2) + logvar.sum(dim=1)).flatten()
    aggregate = _log_aggregate(z, own, mu, logvar)
    reference = gaussian.log_density(z)
    information = (own - aggregate).view(-1, n)
    if len(z) < _ENOUGH:
        return float(information.mean())
    control = (own - reference).view(-1, n) - gaussian.divergences(mu, logvar)
    centred = control - control.mean()
    slope = (centred * information).sum() / centred.square().sum().clamp_min(_TINY)
    lower = information.mean() - slope * control.mean()
    ratio = (reference - aggregate).exp()
    if float(ratio.max()) <= _NEARLY_GAUSSIAN:
        lower -= ratio.mean() - 1
    return min(float(lower), math.log(n))


def _log_aggregate(z: Tensor, own: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """Log (1/N sum_j q(z|x_j)) of z [D * N, L], without its constant; ``own`` is log q(z|x)."""
    n, scale = len(mu), logvar.sum(dim=1)
    distances = _distances_to(mu, logvar)
    held = _PAIR_BLOCK_GPU if mu.is_cuda else _PAIR_BLOCK
    block = max(1, held // (n if distances is _expanded else n * mu.shape[1]))
    found = []
    for first in range(0, len(z), block):
        rows = slice(first, first + block)
        log_density = -0.5 * (distances(z[rows], mu, logvar) + scale)
        places = torch.arange(first, first + len(log_density), device=mu.device) % n
        log_density.scatter_(1, places[:, None], own[rows, None])
        found.append(torch.logsumexp(log_density, dim=1) - math.log(n))
    return torch.cat(found)


def _distances_to(mu: Tensor, logvar: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Choose how distances are computed: by products where no precision is lost by it."""
    centred = mu - mu.mean(dim=0)
    largest = (centred.square() + logvar.exp()).amax(dim=0) * (-logvar).exp().amax(dim=0)
    return _expanded if float(largest.sum()) < _EXPANDED_UP_TO else _by_differences


def _expanded(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """Squared distances [M, N] of z to mu in each posterior's variances, by two products."""
    centre = mu.mean(dim=0)
    z, mu, precision = z - centre, mu - centre, (-logvar).exp()
    scaled = mu * precision
    return z.square() @ precision.T - 2 * (z @ scaled.T) + (mu * scaled).sum(dim=1)


def _by_differences(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """The same, difference by difference: right for posteriors of any sharpness."""
    return ((z[:, None] - mu[None]).square() * (-logvar).exp()[None]).sum(dim=2)


def _mi_upper(mu: Tensor, logvar: Tensor, gaussian: _Gaussian) -> float:
    """Mean KL to the Gaussian of the aggregate's moments: its trace and distances sum to L."""
    upper = 0.5 * float(gaussian.variances.log().sum() - logvar.sum(dim=1).mean())
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
        Standard normal draws for the lower bound, ``[D, N, L]``.
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
