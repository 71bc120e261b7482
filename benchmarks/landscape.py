"""A tabulated grid study, and simulated studies that look their runs up in it.

A table (``benchmarks/data/landscape*``) is a finished or partial grid study of
the product's own, exported: every configuration of a small space on the same seeds.
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
from study.statistics.purposes import Aim, Candidate, rank

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
    bce, kl, elbo, mi_lower, collapsed
        Validation figures, [configurations, seeds]; an undertrained run counts as collapsed.
    nll
        The same; None where it was not measured, and -ELBO stands for it.
    costs
        What the default purpose goes by over all seeds of the table, [configurations]: less is
        better, in standard deviations of a paired difference.
    seed_costs
        The same of each run, without the price of collapse, [configurations, seeds].
    curves
        ``seed_costs`` by epoch, each [configurations, seeds].
    """

    spec: StudySpec
    cells: tuple[dict[str, object], ...]
    ids: tuple[str, ...]
    bce: np.ndarray
    kl: np.ndarray
    elbo: np.ndarray
    nll: np.ndarray | None
    mi_lower: np.ndarray
    collapsed: np.ndarray
    costs: np.ndarray
    seed_costs: np.ndarray
    curves: dict[int, np.ndarray]

    @property
    def error(self) -> float:
        """Standard error of the best configuration's mean."""
        best = self.seed_costs[int(np.argmin(self.costs))]
        return float(best.std(ddof=1) / sqrt(len(best)))

    def regret(self, config: int) -> float:
        """True cost above the best's, in standard deviations of a paired difference."""
        return float(self.costs[config] - self.costs.min())


def load(folder: Path = DATA) -> Landscape:
    """Read the table; where it is partial, keep the schedules that are complete."""
    results = pd.read_parquet(folder / "results.parquet")
    done = results[results.state != "failed"]
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

    works_not = done.validation_collapsed.fillna(value=True)  # null: undertrained
    done = done.assign(collapsed=works_not.astype(float))
    figures = {
        name: grid(done, name if name == "collapsed" else f"validation_{name}")
        for name in ("bce", "kl", "elbo", "mi_lower", "collapsed")
    }
    measured = "validation_nll" in done and bool(done.validation_nll.notna().all())
    nll = grid(done, "validation_nll") if measured else None
    ranking = rank(
        [
            Candidate(
                config_id=config_id,
                nll=tuple((-figures["elbo"] if nll is None else nll)[i]),
                mi_lower=tuple(figures["mi_lower"][i]),
                bce=tuple(figures["bce"][i]),
                kl=tuple(figures["kl"][i]),
                collapsed=int(figures["collapsed"][i].sum()),
            )
            for i, config_id in enumerate(ids)
        ],
        Aim(),
    )
    seed_costs = np.array([ranking.seed_costs[i] for i in ids])
    curves = pd.read_parquet(folder / "curves.parquet")
    elbo, mi = _weights(seed_costs, figures)
    return Landscape(
        spec=spec,
        cells=cells,
        ids=ids,
        **figures,
        nll=nll,
        costs=np.array([ranking.costs[i] for i in ids]),
        seed_costs=seed_costs,
        curves={
            int(epoch): elbo * grid(rows, "validation_elbo")
            + mi * grid(rows, "validation_mi_lower")
            for epoch, rows in curves.groupby("epoch")
        },
    )


def _weights(seed_costs: np.ndarray, figures: dict[str, np.ndarray]) -> tuple[float, float]:
    """How elbo and mi_lower make the cost of a run."""
    known = np.column_stack([figures["elbo"].ravel(), figures["mi_lower"].ravel()])
    elbo, mi = np.linalg.lstsq(known, seed_costs.ravel())[0]
    return float(elbo), float(mi)


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
