"""A tabulated grid study, and simulated studies that look their runs up in it.

The table (``benchmarks/data/landscape``) is a finished or partial grid study of the product's own,
exported: every configuration of a small space on the same ten seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musebar_core.yamlfile import read_mapping
from study.spec import specfile
from study.statistics.eligibility import COLLAPSED_SHARE

if TYPE_CHECKING:
    from study.spec.model import StudySpec

DATA = Path(__file__).parent / "data" / "landscape"


@dataclass(frozen=True)
class Landscape:
    """The tabulated grid.

    Attributes
    ----------
    spec
        A spec whose space holds exactly the cells below.
    cells
        Cell of each configuration, in the order of the arrays.
    bce, elbo, mi_lower, collapsed
        Validation figures, [configurations, seeds].
    curves
        Validation BCE by epoch, each [configurations, seeds].
    """

    spec: StudySpec
    cells: tuple[dict[str, object], ...]
    ids: tuple[str, ...]
    bce: np.ndarray
    elbo: np.ndarray
    mi_lower: np.ndarray
    collapsed: np.ndarray
    curves: dict[int, np.ndarray]

    @property
    def truth(self) -> np.ndarray:
        """True mean BCE of each configuration; those that are not eligible are infinitely bad."""
        eligible = self.collapsed.mean(axis=1) <= COLLAPSED_SHARE
        return np.where(eligible, self.bce.mean(axis=1), np.inf)

    @property
    def error(self) -> float:
        """Standard error of the best configuration's mean."""
        best = self.bce[int(np.argmin(self.truth))]
        return float(best.std(ddof=1) / sqrt(len(best)))

    def regret(self, config: int) -> float:
        """True mean above the best's, nats per snippet; that of the worst where not eligible."""
        value = min(self.truth[config], self.bce.mean(axis=1).max())
        return float(value - self.truth.min())


def load(folder: Path = DATA) -> Landscape:
    """Read the table; where it is partial, keep the schedules that are complete."""
    results = pd.read_parquet(folder / "results.parquet")
    done = results[results.state == "done"]
    count = done.groupby("config_id").seed.nunique()
    full = set(count[count == count.max()].index)
    content: dict[str, Any] = dict(read_mapping(folder / "study.yaml", "study"))
    content["search"] |= {"protocol": "search", "methods": False, "transfer": False}
    spec = specfile.resolve(content)
    by_schedule: dict[object, list[bool]] = {}
    for cell in spec.space.cells():
        have = spec.configuration(cell).config_id in full
        by_schedule.setdefault(cell["annealing"], []).append(have)
    kept = [schedule for schedule, have in by_schedule.items() if all(have)]
    if not kept:
        raise SystemExit(f"{folder}: no annealing schedule is complete yet")
    content["search"]["choices"]["annealing"] = kept
    spec = specfile.resolve(content)
    cells = tuple(spec.space.cells())
    ids = tuple(spec.configuration(cell).config_id for cell in cells)

    def grid(frame: pd.DataFrame, column: str) -> np.ndarray:
        wide = frame.pivot_table(index="config_id", columns="seed", values=column)
        return wide.loc[list(ids)].to_numpy(dtype=float)

    done = done.assign(collapsed=done.validation_collapsed.astype(float))
    curves = pd.read_parquet(folder / "curves.parquet")
    return Landscape(
        spec=spec,
        cells=cells,
        ids=ids,
        bce=grid(done, "validation_bce"),
        elbo=grid(done, "validation_elbo"),
        mi_lower=grid(done, "validation_mi_lower"),
        collapsed=grid(done, "collapsed"),
        curves={
            int(epoch): grid(rows, "validation_bce") for epoch, rows in curves.groupby("epoch")
        },
    )


@dataclass(frozen=True)
class End:
    """What a simulated study would name if it ended here, and the seed runs it took.

    Attributes
    ----------
    config
        Row of the table.
    """

    config: int
    seed_runs: float
