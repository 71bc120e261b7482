"""What a collapse costs: trainings until one works.

A collapsed run is visible on validation, so that who trains sees it and trains again, with another
seed. A configuration of which a share q of the runs collapses takes 1 / (1 - q) trainings on
average until one works.
"""

from __future__ import annotations

import math

JEFFREYS = 0.5
"""Both parameters of Jeffreys' prior of a share, Beta(1/2, 1/2)."""


def expected_trainings(collapsed: int, seeds: int) -> float | None:
    """Mean number of trainings until one works, over what the seeds leave open.

    The collapse rate q has the posterior Beta(c + 1/2, n - c + 1/2) after c of n seeds; the mean
    of 1 / (1 - q) under it is n / (n - c - 1/2). None where none of the seeds worked: the mean has
    no limit.
    """
    if collapsed >= seeds:
        return None
    return seeds / (seeds - collapsed - JEFFREYS)


def trainings_price(collapsed: int, seeds: int) -> float:
    """Natural logarithm of the expected trainings: what a collapse rate costs in a ranking.

    Where none of the seeds worked, of the inverse of the posterior mean of 1 - q: finite, and more
    than if one had.
    """
    expected = expected_trainings(collapsed, seeds)
    return math.log((seeds + 1) / JEFFREYS if expected is None else expected)


def collapse_rate(collapsed: int, seeds: int) -> tuple[float, float]:
    """95% credible interval of the collapse rate under Jeffreys' prior, both tails equal."""
    from scipy import special

    a, b = collapsed + JEFFREYS, seeds - collapsed + JEFFREYS
    return float(special.betaincinv(a, b, 0.025)), float(special.betaincinv(a, b, 0.975))
