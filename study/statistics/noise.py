"""How much seeds alone set two rows of paired figures apart, and which rows it leaves as good."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_NOISE = 1e-6


def pair_noise(figures: NDArray[np.float64]) -> float:
    """Standard deviation of a paired difference of two rows of ``[k, n]``, pooled over all pairs.

    From the residuals of row and column means, (k - 1) (n - 1) degrees of freedom: what seeds do to
    all rows alike is no noise. NaN for one row or one column.
    """
    k, n = figures.shape
    if k < 2 or n < 2:
        return math.nan
    centred = figures - figures.mean(axis=1, keepdims=True)
    squares = float((centred**2).sum() - (centred.sum(axis=0) ** 2).sum() / k)
    return math.sqrt(max(0.0, 2 * squares / ((k - 1) * (n - 1))))


def positive_noise(figures: NDArray[np.float64]) -> float:
    """Noise of a pair, never 0; of one seed 1: nats then count as they are."""
    noise = pair_noise(figures)
    return 1.0 if math.isnan(noise) else max(noise, _LEAST_NOISE)


def within_tolerance(costs: NDArray[np.float64], tolerance: float) -> list[int]:
    """Rows of ``[k, n]`` whose mean is as good as the lowest, the best first.

    As good means within ``tolerance`` standard deviations of a paired difference. Taken in order of
    their means, each is held against the noise of those before it, into which its own pair with the
    best is pooled as one more: alone it would admit what is worse because it is unsteady. So what
    is clearly worse adds no noise, and who is admitted does not depend on it.
    """
    means = costs.mean(axis=1)
    order = [int(i) for i in np.argsort(means, kind="stable")]
    best, n = order[0], costs.shape[1]
    if n < 2:
        return [best]
    centred = costs - means[:, None]
    taken, total, squares = [best], centred[best].copy(), float((centred[best] ** 2).sum())
    for row in order[1:]:
        own = float(((centred[row] - centred[best]) ** 2).sum())
        k = len(taken)
        rest = max(0.0, squares - float((total**2).sum()) / k)
        noise = math.sqrt((2 * rest + own) / (k * (n - 1)))
        if means[row] - means[best] <= tolerance * noise:
            taken.append(row)
            total += centred[row]
            squares += float((centred[row] ** 2).sum())
    return taken
