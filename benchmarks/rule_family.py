"""Whether any weights of a choice for a representation beat the rule before on every table.

    python -m benchmarks rule_family [FOLDER ...] [--draws 300]

Draws and judges as :mod:`benchmarks.decision_rules` does. A member of the family takes, among the
configurations whose NLL is at most ``tolerance`` above the lowest, the one of least
``nll_weight`` NLL - mi_lower + ``price`` log(expected trainings). Its tolerance is in standard
deviations of a paired difference or in standard errors; NLL, information and price count in
standard deviations or in nats. A row is a member: how much it differs from the rule before on the
table where it does worst (NLL regret with its 95% interval, share of collapsed runs), and in
mi_lower on average over tables and numbers of seeds. The last lines count the members that are no
worse on every table.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import dataclass
from math import inf, sqrt
from pathlib import Path

import numpy as np

from benchmarks import decision_rules, landscape
from benchmarks.decision_rules import SEEDS, Table
from study.statistics.noise import positive_noise, within_tolerance
from study.statistics.trainings import trainings_price

_RESULTS = Path(__file__).parent.parent / "docs/results"
FOLDERS = (
    landscape.DATA,
    landscape.DATA.parent / "landscape-chorale",
    _RESULTS / "ablation",
    _RESULTS / "search-genres",
)
NO_MORE_COLLAPSED = 0.02
"""Share of runs by which two rules count as collapsing alike."""


@dataclass(frozen=True)
class Member:
    """Weights of a choice.

    Attributes
    ----------
    errors
        Whether the tolerance is in standard errors of n seeds, not in standard deviations.
    nats
        Whether the value is in nats, not in standard deviations.
    """

    tolerance: float
    nll_weight: float
    price: float
    errors: bool = False
    nats: bool = False

    def __str__(self) -> str:
        value = "nats" if self.nats else "SD"
        bound = f"{self.tolerance:g} {'SE' if self.errors else 'SD'}"
        return f"within {bound}: {self.nll_weight:.2g} NLL - MI + {self.price:g} price, {value}"

    def choose(self, nll: np.ndarray, mi: np.ndarray, prices: np.ndarray) -> int:
        """Row of ``[k, n]`` validation figures that it takes."""
        tolerance = self.tolerance / (sqrt(nll.shape[1]) if self.errors else 1)
        admitted = np.array(within_tolerance(nll, tolerance))
        few = admitted if len(admitted) > 1 else np.arange(len(nll))
        units = (1.0, 1.0) if self.nats else (positive_noise(nll[few]), positive_noise(mi[few]))
        costs = self.nll_weight * nll.mean(axis=1) / units[0] - mi.mean(axis=1) / units[1]
        return int(admitted[(costs + self.price * prices)[admitted].argmin()])


def family() -> list[Member]:
    """All that are compared."""
    sd = [
        Member(*weights) for weights in itertools.product((0.5, 1, 2, 3), (0, 0.5, 1, 2), (0, 2, 4))
    ]
    errors = [Member(k, 0, price, errors=True) for k in (1, 2, 3) for price in (0, 2, 4)]
    nats = [
        Member(*weights, nats=True)
        for weights in itertools.product((1, 3, inf), (1 / 3, 0.5, 0.75, 1, 2), (0, 0.5, 1, 2))
    ]
    return [*sd, *errors, *nats]


def replay(table: Table, n: int, draws: int, members: list[Member]) -> np.ndarray:
    """Test NLL, mi_lower and share collapsed less the rule before's, ``[members, draws, 3]``."""
    rng = np.random.default_rng([15, n])
    told = (table.test_nll, table.test_mi_lower, table.test_collapsed)
    judged = np.stack([figures.mean(axis=1) for figures in told], axis=1)
    found = np.empty((len(members), draws, 3))
    for draw in range(draws):
        rows, seeds = decision_rules.drawn(table, n, rng)
        before = judged[decision_rules.eligible_bce(table, rows, seeds).row]
        nll, mi = (figures[np.ix_(rows, seeds)] for figures in (table.nll, table.mi_lower))
        collapsed = table.collapsed[np.ix_(rows, seeds)].sum(axis=1)
        prices = np.array([trainings_price(int(count), n) for count in collapsed])
        for index, member in enumerate(members):
            found[index, draw] = judged[rows[member.choose(nll, mi, prices)]] - before
    return found


def report(tables: list[Table], draws: int) -> None:
    """Print a line a member, and how many are no worse on every table."""
    members = family()
    cases = [replay(table, n, draws, members) for table in tables for n in SEEDS]
    means = np.stack([case.mean(axis=1) for case in cases])
    errors = np.stack([case.std(axis=1) / sqrt(draws) for case in cases])
    surely_worse = means[..., 0] - 1.96 * errors[..., 0] > 0
    collapses_more = means[..., 2] > NO_MORE_COLLAPSED
    print(f"{len(members)} members, {len(tables)} tables, n = {', '.join(map(str, SEEDS))}")
    print("NLL regret where it is worst; collapsed where it is worst; mi_lower on average")
    for index, member in enumerate(members):
        worst = int(means[:, index, 0].argmax())
        nll, error = means[worst, index, 0], errors[worst, index, 0]
        print(
            f"{member!s:48} {nll:+.2f} [{nll - 1.96 * error:+.2f}, {nll + 1.96 * error:+.2f}]  "
            f"{means[:, index, 2].max():+.0%}  {means[:, index, 1].mean():+.2f}"
        )
    no_worse, no_more = ~surely_worse.any(axis=0), ~collapses_more.any(axis=0)
    print(f"NLL regret not surely worse on any table: {no_worse.sum()} members")
    print(f"collapsed no more than {NO_MORE_COLLAPSED:.0%} more on any: {no_more.sum()}")
    print(f"both: {(no_worse & no_more).sum()}")


def main() -> None:
    """Print the family on all tables together."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks rule_family")
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS)
    parser.add_argument("--draws", type=int, default=300)
    asked = parser.parse_args()
    tables = [table for folder in asked.folders for table in decision_rules.tables(folder)]
    report([table for table in tables if decision_rules.can_be_replayed(table)], asked.draws)


if __name__ == "__main__":
    main()
