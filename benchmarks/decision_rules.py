"""How good a rule's choice is: rules replayed on tabulated studies, judged on test figures.

    python -m benchmarks decision_rules [FOLDER ...] [--draws 1000]

A draw takes 8 configurations of a table at random and the paper's default (annealing and half of
the bars regularized, no input dropout, the longest code), and n of its seeds with replacement, the
same for all. Each rule chooses on validation and is judged by the test means over all seeds of the
table: regret in NLL against the best of the nine, regret in mi_lower against the most that a choice
of no more NLL had, mi_lower, share of collapsed runs, and how often the test NLL is worse than the
default's by more than two paired standard errors without the rule's warning, which for the
product's comes first where either split says so on the drawn seeds. Intervals are 95% bootstrap
intervals of the paired difference to the first rule over draws. The last row is no rule: it shows
how much more information there is at no more NLL than the first rule's. What is mostly undertrained
is no candidate, and a table of fewer than five configurations is left out.

Where a table has no NLL, bce + kl stands for it, an upper bound that prices information at its
full KL; the heading says so. FOLDER is an export; without one it is the landscape.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import landscape
from study.statistics.eligibility import mostly_undertrained
from study.statistics.purposes import Aim, Candidate, Purpose, rank

SIZE, LEAST = 8, 4
"""Configurations that are drawn of a table, and below which it is left out."""

SEEDS = (3, 5, 10)
FIXED_NATS = 0.5
SURE = 2.0
VETO = 0.2


@dataclass(frozen=True)
class Table:
    """Figures of a grid study's genre, each ``[configurations, seeds]``.

    Attributes
    ----------
    settings
        Latent length, regularizers and schedule of each, for the old rule's ties.
    default
        Row of the paper's default.
    is_nll
        Whether NLL was measured, or bce + kl stands for it.
    """

    name: str
    ids: tuple[str, ...]
    settings: tuple[tuple[int, int, str], ...]
    default: int
    is_nll: bool
    nll: np.ndarray
    bce: np.ndarray
    kl: np.ndarray
    mi_lower: np.ndarray
    collapsed: np.ndarray
    test_nll: np.ndarray
    test_mi_lower: np.ndarray
    test_collapsed: np.ndarray


def tables(folder: Path) -> list[Table]:
    """Read an export, a table a genre, of the configurations that have all seeds."""
    results = pd.read_parquet(folder / "results.parquet")
    done = results[(results.state != "failed") & results.phase.isin(["confirm", "methods"])]
    return [_table(f"{folder.name}/{name}", rows) for name, rows in done.groupby("genre")]


def _table(name: str, rows: pd.DataFrame) -> Table:
    def wide(column: str) -> pd.DataFrame:
        return rows.pivot_table(
            index="config_id", columns="seed", values=column, aggfunc="first", dropna=False
        )

    whole = wide("validation_bce").dropna()
    undertrained = (wide("state").loc[whole.index] == "undertrained").sum(axis=1)
    whole = whole[[not mostly_undertrained(n, whole.shape[1]) for n in undertrained]]
    is_nll = bool(
        {"validation_nll", "test_nll"} <= set(rows.columns)
        and rows[rows.config_id.isin(whole.index)].validation_nll.notna().all()
    )

    def figures(column: str) -> np.ndarray:
        values: np.ndarray = wide(column).loc[whole.index, whole.columns].to_numpy(dtype=float)
        return values

    def nll(split: str) -> np.ndarray:
        if is_nll:
            return figures(f"{split}_nll")
        return figures(f"{split}_bce") + figures(f"{split}_kl")

    first = rows.drop_duplicates("config_id").set_index("config_id").loc[whole.index]
    return Table(
        name=name,
        ids=tuple(whole.index),
        settings=tuple(
            zip(first.latent_length, first.regularizers, first.annealing.astype(str), strict=True)
        ),
        default=_default(first),
        is_nll=is_nll,
        nll=nll("validation"),
        bce=figures("validation_bce"),
        kl=figures("validation_kl"),
        mi_lower=figures("validation_mi_lower"),
        collapsed=np.nan_to_num(figures("validation_collapsed")),
        test_nll=nll("test"),
        test_mi_lower=figures("test_mi_lower"),
        test_collapsed=np.nan_to_num(figures("test_collapsed")),
    )


def _default(first: pd.DataFrame) -> int:
    """Row that is nearest to the paper's own method."""
    method = (first.method == "musebar_bow").to_numpy(dtype=bool, na_value=False)
    if method.any():
        return int(np.flatnonzero(method)[0])
    anneals = (first.annealing == "linear") | (first.annealing == "logistic")
    order = np.lexsort(
        [
            abs(first.regularizers - first.bars / 2),
            -first.latent_length,
            first.input_dropout + first.free_bits,
            ~anneals,
        ]
    )
    return int(order[0])


@dataclass(frozen=True)
class Pick:
    """A rule's choice, and whether it says that the default is better."""

    row: int
    warned: bool = False


Rule = Callable[[Table, np.ndarray, np.ndarray], Pick]


def eligible_bce(table: Table, rows: np.ndarray, seeds: np.ndarray) -> Pick:
    """The rule before purposes: veto, lowest BCE, the simplest within one standard error."""
    eligible = [i for i in rows if table.collapsed[i, seeds].mean() <= VETO] or list(rows)
    best = min(eligible, key=lambda i: float(table.bce[i, seeds].mean()))
    error = float(table.bce[best, seeds].std(ddof=1)) / sqrt(len(seeds))
    most = table.bce[best, seeds].mean() + error
    near = [i for i in eligible if table.bce[i, seeds].mean() <= most]
    return Pick(int(min(near, key=lambda i: table.settings[i])))


def fixed_nats(table: Table, rows: np.ndarray, seeds: np.ndarray) -> Pick:
    """The most informative within half a nat of the lowest BCE."""
    bce = table.bce[np.ix_(rows, seeds)].mean(axis=1)
    near = rows[bce <= bce.min() + FIXED_NATS]
    return Pick(int(max(near, key=lambda i: float(table.mi_lower[i, seeds].mean()))))


def lowest_nll(table: Table, rows: np.ndarray, seeds: np.ndarray) -> Pick:
    """The lowest NLL."""
    return Pick(int(rows[table.nll[np.ix_(rows, seeds)].mean(axis=1).argmin()]))


def improved(table: Table, rows: np.ndarray, seeds: np.ndarray) -> Pick:
    """The first rule's choice, or the most informative of no more NLL on the drawn seeds."""
    nll = table.nll[:, seeds].mean(axis=1)
    before = eligible_bce(table, rows, seeds).row
    no_worse = rows[nll[rows] <= nll[before]]
    return Pick(int(no_worse[table.mi_lower[np.ix_(no_worse, seeds)].mean(axis=1).argmax()]))


def attainable(table: Table, rows: np.ndarray, seeds: np.ndarray) -> Pick:
    """No rule, but what one could reach that knew the test means.

    The most informative of no more NLL than the first rule's choice.
    """
    no_worse = _no_worse(table, rows, eligible_bce(table, rows, seeds).row)
    return Pick(int(no_worse[table.test_mi_lower[no_worse].mean(axis=1).argmax()]))


def _no_worse(table: Table, rows: np.ndarray, row: int) -> np.ndarray:
    """Those of no more test NLL than one."""
    nll = table.test_nll.mean(axis=1)
    found: np.ndarray = rows[nll[rows] <= nll[row]]
    return found


def purpose_rule(aim: Aim) -> Rule:
    """The product's own, for a purpose."""

    def rule(table: Table, rows: np.ndarray, seeds: np.ndarray) -> Pick:
        candidates = [_candidate(table, int(i), seeds) for i in rows]
        chosen = table.ids.index(rank(candidates, aim).order[0])
        pair = [chosen, table.default]
        warned = any(_worse(*split[pair][:, seeds]) for split in (table.nll, table.test_nll))
        return Pick(chosen, warned)

    return rule


def _candidate(table: Table, row: int, seeds: np.ndarray) -> Candidate:
    return Candidate(
        config_id=table.ids[row],
        nll=tuple(table.nll[row, seeds]),
        mi_lower=tuple(table.mi_lower[row, seeds]),
        bce=tuple(table.bce[row, seeds]),
        kl=tuple(table.kl[row, seeds]),
        collapsed=int(table.collapsed[row, seeds].sum()),
        n_parameters=int(table.settings[row][0]),
    )


def _worse(one: np.ndarray, other: np.ndarray) -> bool:
    apart = one - other
    return bool(apart.mean() > SURE * apart.std(ddof=1) / sqrt(len(apart)))


RULES: dict[str, Rule] = {
    "before: eligible, one-SE BCE": eligible_bce,
    "most informative, 0.5 nats": fixed_nats,
    "lowest NLL": lowest_nll,
    "representation": purpose_rule(Aim()),
    "density": purpose_rule(Aim(Purpose.DENSITY)),
    "before, improved in both": improved,
    "knowing the test figures": attainable,
}


def replay(table: Table, n: int, draws: int) -> dict[str, np.ndarray]:
    """Figures of each rule, ``[draws, 5]``: regrets in NLL and MI, MI, collapsed, unsaid."""
    rng = np.random.default_rng([15, n])
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in RULES}
    for _ in range(draws):
        rows, seeds = drawn(table, n, rng)
        for name, rule in RULES.items():
            found[name].append(_judged(table, rows, rule(table, rows, seeds)))
    return {name: np.array(rows) for name, rows in found.items()}


def drawn(table: Table, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a table with the default among them, and n of its seeds, at least two of them."""
    count, n_seeds = table.nll.shape
    rows = np.unique(np.append(rng.choice(count, min(SIZE, count), replace=False), table.default))
    seeds = rng.integers(n_seeds, size=n)
    while len(set(seeds)) < 2:
        seeds = rng.integers(n_seeds, size=n)
    return rows, seeds


def can_be_replayed(table: Table) -> bool:
    """Whether there is something to choose between, on more than one seed."""
    return len(table.ids) > LEAST and table.nll.shape[1] > 1


def _judged(table: Table, rows: np.ndarray, pick: Pick) -> tuple[float, ...]:
    nll, mi = table.test_nll.mean(axis=1), table.test_mi_lower.mean(axis=1)
    row = pick.row
    no_worse = _no_worse(table, rows, row)
    other = row != table.default
    unsaid = (
        other and not pick.warned and _worse(table.test_nll[row], table.test_nll[table.default])
    )
    return (
        float(nll[row] - nll[rows].min()),
        float(mi[no_worse].max() - mi[row]),
        float(mi[row]),
        float(table.test_collapsed[row].mean()),
        float(unsaid),
    )


def _interval(values: np.ndarray) -> tuple[float, float]:
    draws = np.random.default_rng(0).choice(values, (1000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def report(table: Table, draws: int) -> None:
    """Print the rules side by side."""
    what = "NLL" if table.is_nll else "BCE + KL for NLL, which was not measured"
    count, n_seeds = table.nll.shape
    print(f"## {table.name}: {count} configurations x {n_seeds} seeds, {what}")
    names = ("NLL regret", "MI regret", "MI", "collapsed", "worse than default, unsaid")
    print(f"{'rule':32} n  " + "  ".join(names) + "  NLL regret and MI less the first rule's")
    for n in SEEDS:
        found = replay(table, n, draws)
        first = next(iter(found.values()))
        for name, rows in found.items():
            means = "  ".join(f"{x:6.3f}" for x in rows.mean(axis=0))
            apart = rows - first
            said = "  ".join(
                f"{apart[:, i].mean():+.3f} [{low:+.3f}, {high:+.3f}]"
                for i in (0, 2)
                for low, high in [_interval(apart[:, i])]
            )
            print(f"{name:32} {n:<2} {means}  {said}", flush=True)


def main() -> None:
    """Print a table an export and genre."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks decision_rules")
    parser.add_argument("folders", nargs="*", type=Path, default=[landscape.DATA])
    parser.add_argument("--draws", type=int, default=1000)
    asked = parser.parse_args()
    for folder in asked.folders:
        for table in tables(folder):
            if can_be_replayed(table):
                report(table, asked.draws)


if __name__ == "__main__":
    main()
