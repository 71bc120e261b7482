"""Where the spread of a table of runs comes from: configuration, seed, the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class VarianceParts:
    """Variance components of a two-way table without repeats, in squared units.

    ``residual`` is what neither explains: the configuration's own reaction to a seed, and
    noise. An estimate below 0 is put at 0.
    """

    configuration: float
    seed: float
    residual: float
    n_configurations: int
    n_seeds: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of their sum: configuration, seed, residual; all 0 where nothing varies."""
        total = self.configuration + self.seed + self.residual
        if not total:
            return 0.0, 0.0, 0.0
        return self.configuration / total, self.seed / total, self.residual / total


def variance_parts(table: NDArray[np.float64]) -> VarianceParts | None:
    """Part the variance of ``[k configurations, n seeds]``; None unless both are at least 2.

    Expected mean squares of the random two-way layout (Searle, Casella and McCulloch 1992,
    section 4.3).
    """
    k, n = table.shape
    if k < 2 or n < 2:
        return None
    rows, columns, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
    between_rows = float(n * ((rows - grand) ** 2).sum() / (k - 1))
    between_columns = float(k * ((columns - grand) ** 2).sum() / (n - 1))
    rest = table - rows[:, None] - columns[None, :] + grand
    residual = float((rest**2).sum() / ((k - 1) * (n - 1)))
    return VarianceParts(
        configuration=max(0.0, (between_rows - residual) / n),
        seed=max(0.0, (between_columns - residual) / k),
        residual=residual,
        n_configurations=k,
        n_seeds=n,
    )
