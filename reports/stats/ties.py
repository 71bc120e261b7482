"""The tie set: which configurations are not distinguishably worse than another.

A sign-flip permutation max-T test over all pairs, stepping down: a model confidence set
(Hansen, Lunde and Nason 2011) whose null distribution is exact instead of bootstrapped. All
pairs, not each against the best: the best is picked by the same figures, and one terrible
configuration would dominate a statistic that looks at the extremes of means alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from study.statistics.noise import pair_noise
from study.statistics.signflip import ALPHA, EXACT_SEEDS, patterns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BUDGET = 500_000_000
"""Pairs times patterns that are gone through at most; beyond, fewer patterns are drawn."""

LEAST_PATTERNS = 1_000
SMALLEST_EXACT = 6
"""Fewest seeds whose flipped signs can tell two configurations apart: 2^-5 is under 5%."""

SMALLEST_NOISE = 1e-12
ROUNDING = 1e-5
"""Statistics closer than this are equal: single precision carries seven digits."""


@dataclass(frozen=True)
class TieSet:
    """Configurations that cannot be told from the best.

    Attributes
    ----------
    members
        Config_ids that no other is significantly better than, lowest mean cost first.
    worse
        Config_ids that are distinguishably worse than another, lowest mean cost first.
    p_values
        Config_id to the p-value that nothing is better, over all pairs; it is worse where
        this is at most :data:`ALPHA`.
    smallest
        The smallest p-value that so many seeds allow.
    exact
        Whether every sign pattern was gone through.
    pooled
        Whether Tukey's test was used instead, of too few seeds to flip signs.
    """

    members: tuple[str, ...]
    worse: tuple[str, ...]
    p_values: dict[str, float]
    n_seeds: int
    smallest: float
    exact: bool
    pooled: bool = False

    @property
    def too_few_seeds(self) -> bool:
        """Whether no result could have told two configurations apart."""
        return self.smallest > ALPHA


def tie_set(
    config_ids: Sequence[str],
    costs: NDArray[np.float64],
    alpha: float = ALPHA,
    *,
    works: NDArray[np.bool_] | None = None,
) -> TieSet:
    """Find the configurations that no other is significantly better than.

    Parameters
    ----------
    config_ids
        One a row of ``costs``.
    costs
        ``[k, n]``: less is better; column s holds every configuration's figure on seed s.
    alpha
        Probability, at most, that a configuration as good as the best is called worse.
    works
        ``[k, n]``: which figures count; of a pair the seeds on which both do. None: all. Runs that
        collapse more often in one arm than in another would skew the differences, which the test
        takes for symmetric. Where both do on fewer seeds than can tell, collapse is no accident,
        and all seeds of the pair count: else what never works could never be told from the best.

    Notes
    -----
    Statistic of a pair: the paired t. Null distribution: the largest t of all pairs under
    each pattern of signs of whole seeds. What is significant is dropped and the rest tested
    again among themselves, until nothing is dropped.
    """
    k, n = costs.shape
    works = np.ones(costs.shape, dtype=bool) if works is None else works
    signs, exact = _signs(k, n)
    p_values = np.ones(k)
    left, floor = np.arange(k), 0.0
    while len(left) > 1:
        # many small products: threads of the linear algebra would wait for each other
        with threadpool_limits(limits=1, user_api="blas"):
            observed, null = _statistics(costs[left], works[left], signs)
        p = (null[None, :] >= observed[:, None] - ROUNDING).mean(axis=1)
        p_values[left] = np.maximum(p, floor)
        dropped = p <= alpha
        if not dropped.any():
            break
        floor = float(p_values[left][dropped].max())
        left = left[~dropped]
    order = np.lexsort((np.asarray(config_ids), costs.mean(axis=1)))
    kept = set(left.tolist())
    return TieSet(
        members=tuple(config_ids[i] for i in order if i in kept),
        worse=tuple(config_ids[i] for i in order if i not in kept),
        p_values={config_ids[i]: float(p_values[i]) for i in order},
        n_seeds=n,
        smallest=1 / len(signs),
        exact=exact,
    )


def range_tie_set(
    config_ids: Sequence[str], costs: NDArray[np.float64], alpha: float = ALPHA
) -> TieSet:
    """As :func:`tie_set`, for too few seeds to flip signs: Tukey's test of the range.

    A configuration is worse where its mean lies above the lowest by more than all k are expected to
    range if they were equal (Tukey 1949), in units of the noise pooled over all pairs: (k - 1)
    (n - 1) degrees of freedom. It takes the noise for normal and alike in all configurations.
    """
    from scipy.stats import studentized_range

    k, n = costs.shape
    means = costs.mean(axis=1)
    noise = pair_noise(costs)
    p_values = np.ones(k)
    if not math.isnan(noise):
        gaps = (means - means.min()) / max(noise / math.sqrt(2 * n), SMALLEST_NOISE)
        above = gaps > 0
        p_values[above] = studentized_range.sf(gaps[above], k, (k - 1) * (n - 1))
    order = np.lexsort((np.asarray(config_ids), means))
    return TieSet(
        members=tuple(config_ids[i] for i in order if p_values[i] > alpha),
        worse=tuple(config_ids[i] for i in order if p_values[i] <= alpha),
        p_values={config_ids[i]: float(p_values[i]) for i in order},
        n_seeds=n,
        smallest=0.0 if n > 1 else 1.0,
        exact=True,
        pooled=True,
    )


def _signs(k: int, n: int) -> tuple[NDArray[np.float32], bool]:
    """Patterns ``[F, n]``, one of each pair of opposites: the largest |t| is that of both."""
    signs = patterns(n)
    if n <= EXACT_SEEDS:
        signs = signs[: len(signs) // 2]
    most = max(LEAST_PATTERNS, BUDGET // max(1, k * (k - 1) // 2))
    exact = n <= EXACT_SEEDS and len(signs) <= most
    if len(signs) > most:
        drawn = np.random.default_rng([20, k, n]).permutation(np.arange(1, len(signs)))
        signs = signs[np.concatenate([[0], np.sort(drawn[: most - 1])])]
    return signs.astype(np.float32), exact


def _statistics(
    costs: NDArray[np.float64], works: NDArray[np.bool_], signs: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Each configuration's worst deficit, ``[k]``, and the largest of any pair, ``[F]``.

    A pair's statistic is sum(d) / sqrt(sum(d^2)): it rises with t, and its denominator is
    the same under every pattern.
    """
    k = len(costs)
    worst = np.full(k, -np.inf, dtype=np.float32)
    null = np.zeros(len(signs), dtype=np.float32)
    for i in range(k - 1):
        both = works[i] & works[i + 1 :]
        both |= both.sum(axis=1, keepdims=True) < SMALLEST_EXACT
        differences = np.where(both, costs[i] - costs[i + 1 :], 0.0)
        sizes = np.sqrt((differences**2).sum(axis=1, keepdims=True))
        units = np.divide(differences, sizes, out=np.zeros_like(differences), where=sizes > 0)
        flipped = units.astype(np.float32) @ signs.T
        deficit = flipped[:, 0].copy()
        worst[i] = max(worst[i], deficit.max())
        np.maximum(worst[i + 1 :], -deficit, out=worst[i + 1 :])
        np.abs(flipped, out=flipped)
        np.maximum(null, flipped.max(axis=0), out=null)
    return worst, null
