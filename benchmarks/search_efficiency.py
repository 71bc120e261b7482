"""How many seed runs a search needs: the product's protocol against others, on a tabulated grid.

    python -m benchmarks.search_efficiency [--studies 200] [--gp-studies 200]

The table (``benchmarks/data/landscape``) is a finished or partial grid study of the product's own,
exported: every configuration of a small space on the same ten seeds. A simulated study draws its
seeds from these ten with replacement, the same draw for every configuration, so that pairing is
kept; the all-seeds mean is then the true mean that the draws have. What a method ends with is the
configuration of lowest mean BCE among those with its full count, before the product's rule prefers
a simpler one. It has succeeded where that configuration's true mean lies within one standard error
(sd / sqrt(10)) of the lowest true mean among configurations of which at most one seed in five
collapsed.

Caveats: ten seeds are few, so that draws repeat; the truth is itself the mean of ten; one space,
one genre, one small model.
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import optuna
import pandas as pd
import yaml

from study import evidence, planner, proposals, specfile
from study.objectives import COLLAPSED_SHARE
from study.record import Ended, Record, SeedRun
from study.spec import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from study.spec import StudySpec

DATA = Path(__file__).parent / "data" / "landscape"
ASHA_RUNGS, ASHA_KEEP = (60, 180, 540), 3
"""Epochs at which ASHA compares, and the share (one in so many) that goes on."""


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


@dataclass(frozen=True)
class End:
    """How a simulated study ended: the configuration it names and the seed runs it took."""

    config: int
    seed_runs: float


def load(folder: Path = DATA) -> Landscape:
    """Read the table; where it is partial, keep the schedules that are complete."""
    results = pd.read_parquet(folder / "results.parquet")
    done = results[results.state == "done"]
    count = done.groupby("config_id").seed.nunique()
    full = set(count[count == count.max()].index)
    content = yaml.safe_load((folder / "landscape.yaml").read_text())
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


def product(land: Landscape, spec: StudySpec, rng: np.random.Generator) -> End:
    """The product's planner, proposals and racing, every run looked up in the table."""
    spec = spec.model_copy(
        update={"search": spec.search.model_copy(update={"seed": int(rng.integers(2**31))})}
    )
    drawn = {
        phase: rng.integers(land.bce.shape[1], size=len(spec.seeds_of(phase)))
        for phase in (Phase.SEARCH, Phase.CONFIRM)
    }
    place = {config_id: i for i, config_id in enumerate(land.ids)}
    record = Record(spec, "running", False, None, {"genre": {}}, {}, {}, {}, {})  # noqa: FBT003
    while not (plan := planner.plan(record)).done:
        for due in plan.propose:
            record.generations[due.genre, due.generation] = tuple(proposals.propose(spec, due))
        if not plan.propose:
            for run in plan.runs:
                seed = drawn[run.phase][spec.seeds_of(run.phase).index(run.seed)]
                record.ended[run] = _looked_up(land, place[run.config_id], seed)
    best = min(evidence.race_of(record, "genre").racing, key=lambda i: _cost(record, spec, i))
    return End(place[best], len(record.ended))


def _looked_up(land: Landscape, config: int, seed: int) -> Ended:
    names = ("bce", "elbo", "mi_lower")
    metrics = {name: float(getattr(land, name)[config, seed]) for name in names}
    metrics["collapsed"] = bool(land.collapsed[config, seed])
    return Ended(None, 1, {"validation": metrics}, [])


def _cost(record: Record, spec: StudySpec, config_id: str) -> tuple[bool, float]:
    seeds = spec.seeds_of(Phase.CONFIRM)
    runs = [SeedRun("genre", config_id, seed, Phase.CONFIRM) for seed in seeds]
    rows = [record.ended[run].metrics["validation"] for run in runs]
    collapsed = sum(row["collapsed"] for row in rows) > COLLAPSED_SHARE * len(rows)
    return collapsed, float(np.mean([row["bce"] for row in rows]))


def grid(land: Landscape, seeds: int, rng: np.random.Generator) -> End:
    """Every configuration on some seeds, the lowest mean of those not collapsed."""
    drawn = rng.integers(land.bce.shape[1], size=seeds)
    collapsed = land.collapsed[:, drawn].mean(axis=1) > COLLAPSED_SHARE
    means = np.where(collapsed, np.inf, land.bce[:, drawn].mean(axis=1))
    return End(int(np.argmin(means)), land.bce.shape[0] * seeds)


def one_seed_random(land: Landscape, runs: int, rng: np.random.Generator) -> Iterator[End]:
    """Random search without repetition, one seed: the best seen after each run."""
    seed = rng.integers(land.bce.shape[1])
    order = rng.permutation(len(land.ids))[:runs]
    yield from _incumbents((i, land.bce[i, seed], 1.0) for i in order)


def one_seed_tpe(land: Landscape, runs: int, rng: np.random.Generator) -> Iterator[End]:
    """Optuna's TPE as it comes, one seed: the best seen after each run."""
    seed = rng.integers(land.bce.shape[1])
    yield from _incumbents(_tpe(land, runs, rng, lambda i: (land.bce[i, seed], 1.0)))


def asha(land: Landscape, runs: int, rng: np.random.Generator) -> Iterator[End]:
    """Optuna's TPE with ASHA, as Ray's OptunaSearch joins them, replayed from the curves.

    One trial after the other. At a rung a trial stops unless its BCE is among the best third
    seen there; a stopped one is told to Optuna with its last value, as OptunaSearch does. Cost
    is in seed runs, by the share of the epochs trained.
    """
    seed, last = rng.integers(land.bce.shape[1]), max(land.curves)
    seen: dict[int, list[float]] = {rung: [] for rung in ASHA_RUNGS}

    def train(config: int) -> tuple[float, float]:
        for rung in ASHA_RUNGS:
            value = float(land.curves[rung][config, seed])
            seen[rung].append(value)
            if value > np.percentile(seen[rung], 100 / ASHA_KEEP):
                return value, rung / last
        return float(land.curves[last][config, seed]), 1.0

    yield from _incumbents(_tpe(land, runs, rng, train))


def _tpe(
    land: Landscape,
    trials: int,
    rng: np.random.Generator,
    train: Callable[[int], tuple[float, float]],
) -> Iterator[tuple[int, float, float]]:
    sampler = optuna.samplers.TPESampler(seed=int(rng.integers(2**31)))
    study = optuna.create_study(sampler=sampler)
    space = land.spec.space
    place = {tuple(sorted(cell.items())): i for i, cell in enumerate(land.cells)}
    for _ in range(trials):
        trial = study.ask()
        cell = proposals.suggest(space, trial)
        config = place[tuple(sorted(cell.items()))]
        value, cost = train(config)
        study.tell(trial, value)
        yield config, value, cost


def _incumbents(trials: Iterable[tuple[int, float, float]]) -> Iterator[End]:
    best, best_value, spent = 0, np.inf, 0.0
    for config, value, cost in trials:
        spent += cost
        if value < best_value:
            best, best_value = config, value
        yield End(best, spent)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % interval of a share. Source: Wilson (1927)."""
    z, share = 1.96, successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def row(land: Landscape, name: str, ends: list[End]) -> None:
    """Print one method at one budget."""
    regrets = np.array([land.regret(end.config) for end in ends])
    runs = np.array([end.seed_runs for end in ends])
    hits = int((regrets <= land.error).sum())
    low, high = wilson(hits, len(ends))
    draws = np.random.default_rng(0).choice(regrets, (2000, len(regrets))).mean(axis=1)
    regret_low, regret_high = np.percentile(draws, [2.5, 97.5])
    print(
        f"{name:44} {runs.mean():7.1f}  {hits / len(ends):5.0%} [{low:4.0%}, {high:4.0%}]  "
        f"{regrets.mean():6.3f} [{regret_low:.3f}, {regret_high:.3f}]  {len(ends):4}",
        flush=True,
    )


def generators(count: int) -> Iterator[np.random.Generator]:
    """One a simulated study: study i of every method draws the same seeds."""
    return (np.random.default_rng([2026, i]) for i in range(count))


def variant(land: Landscape, **changes: object) -> StudySpec:
    """The landscape's spec with some of ``search`` and ``seeds`` changed."""
    content = land.spec.model_dump(mode="json")
    content["search"] |= {"generation": None, "rungs": None, "configurations": 60}
    content["seeds"] = {"search": 3, "confirm": 10}
    for key, value in changes.items():
        section, name = key.split("__")
        content[section][name] = value
    return specfile.resolve(content)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--gp-studies", type=int, default=200, help="the GP costs seconds a study")
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    land = load(asked.data)
    shape = f"{land.bce.shape[0]} configurations x {land.bce.shape[1]} seeds"
    print(f"{shape}; best {land.truth.min():.3f} nats, standard error {land.error:.3f}, "
          f"{int((land.truth <= land.truth.min() + land.error).sum())} within it")  # fmt: skip
    print(f"{'method':44} seed runs  within one standard error  regret, nats  studies")
    began = time.perf_counter()
    for seeds in (1, 3, 10):
        ends = [grid(land, seeds, rng) for rng in generators(asked.studies)]
        row(land, f"grid, {seeds} seed(s)", ends)
    budget = len(land.ids)
    for name, method in (("random", one_seed_random), ("Optuna TPE", one_seed_tpe),
                         ("OptunaSearch + ASHA, replayed", asha)):  # fmt: skip
        runs = 2 * budget if method is asha else budget
        ends = [list(method(land, runs, rng)) for rng in generators(asked.studies)]
        for at in sorted({budget // 4, budget // 2, budget}):
            row(land, f"{name}, one seed, {at} trials", [path[at - 1] for path in ends])
    for sampler in ("random", "qmc", "tpe", "gp"):
        count = asked.gp_studies if sampler == "gp" else asked.studies
        for configurations in (budget // 4, budget // 2):
            spec = variant(land, search__sampler=sampler, search__configurations=configurations)
            ends = [product(land, spec, rng) for rng in generators(count)]
            row(land, f"this product, {sampler}, {configurations} configurations", ends)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
