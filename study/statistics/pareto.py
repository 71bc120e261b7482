"""Pareto ranks: who is dominated by none, who by those alone, and so on."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Point = tuple[float, ...]


def pareto_ranks(costs: Mapping[str, Sequence[float]]) -> dict[str, int]:
    """Rank points by dominance, each cost the less the better.

    A point dominates another where it is nowhere worse and somewhere better: equal ones share
    their rank. Rank 0 is dominated by none, 1 by those of rank 0 alone, and so on. A point
    with a NaN is compared with none: its rank is 0.

    Parameters
    ----------
    costs
        Name to its costs, as many for each.

    Notes
    -----
    In lexicographic order whoever dominates a point stands before it. Each point then goes into
    the first rank that holds none which dominates it, and that rank is found by bisection, as who
    is dominated in a rank is so in each one before (Zhang, Tian, Cheng and Jin 2015).
    """
    points = {name: tuple(map(float, values)) for name, values in costs.items()}
    distinct = sorted({point for point in points.values() if not _incomparable(point)})
    if not distinct:
        return dict.fromkeys(points, 0)
    ranked = _ranks_of_pairs if len(distinct[0]) <= 2 else _ranks_of_many
    ranks = dict(zip(distinct, ranked(distinct), strict=True))
    return {name: ranks.get(point, 0) for name, point in points.items()}


def pareto_front(costs: Mapping[str, Sequence[float]]) -> set[str]:
    """Names of rank 0: those that none dominates."""
    return {name for name, rank in pareto_ranks(costs).items() if rank == 0}


def _incomparable(point: Point) -> bool:
    return any(value != value for value in point)  # noqa: PLR0124  (NaN)


def _ranks_of_pairs(points: Sequence[Point]) -> list[int]:
    """Ranks of distinct points of one or two costs, in lexicographic order.

    Within a rank the second cost falls, so that its last member has the least, and from rank to
    rank that least one rises.
    """
    least: list[float] = []
    ranks = []
    for point in points:
        second = point[1] if len(point) > 1 else 0.0
        rank = bisect_right(least, second)
        least[rank : rank + 1] = [second]
        ranks.append(rank)
    return ranks


def _ranks_of_many(points: Sequence[Point]) -> list[int]:
    """Ranks of distinct points of any number of costs, in lexicographic order."""
    table = np.array(points)[:, 1:]  # the first cost of who stands before is no higher
    members: list[list[int]] = []
    ranks = []
    for at, row in enumerate(table):
        low, high = 0, len(members)
        while low < high:
            middle = (low + high) // 2
            if _dominated(row, table[members[middle]]):
                low = middle + 1
            else:
                high = middle
        if low == len(members):
            members.append([])
        members[low].append(at)
        ranks.append(low)
    return ranks


def _dominated(row: NDArray[np.float64], by: NDArray[np.float64]) -> bool:
    return bool((by <= row).all(axis=1).any())
