"""How many seed runs a search needs: the product's protocol against others, on a tabulated grid.

    python -m benchmarks search_efficiency --studies 200

Every run is looked up in :mod:`benchmarks.landscape`. A simulated study draws its seeds from the
table's with replacement, the same draw for every configuration, so that pairing is kept; the
all-seeds cost is then the true one. The purpose is the default, a representation; where the table
has no NLL, bce + kl stands for it. A method ends with the configuration that it names, for the
product that of its ranking among those with a full count. It has succeeded where that
configuration's true cost lies within one standard error of the lowest (of the best one's runs,
sd / sqrt(n)). All methods are judged so, at the same numbers of seed runs, and study i of each
draws from the same generator.

Caveats: seeds are few, so that draws repeat; the truth is itself the mean of them; one space, one
genre and one small model a table.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import optuna

from benchmarks import landscape, rivals
from benchmarks.landscape import End, Landscape
from musebar_core.metric_table import Metrics
from study.ledger.record import Proposal, Record, SeedRun
from study.ledger.result import RunMetrics, SeedRunResult
from study.search import evidence, proposals
from study.search.candidates import candidates
from study.search.generations import generation_size
from study.search.planner import Planner
from study.spec import specfile
from study.spec.sections import Phase
from study.statistics.purposes import rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from study.spec.model import StudySpec

_PRODUCT = "this product, auto"

MANY_SLOTS = (64, 256)
"""Slots of a launch of one genre that settles larger generations than a laptop does."""

MAX_TRIALS = 4
"""Times the number of configurations: trials after which a method that stops runs early ends."""


@dataclass(frozen=True)
class Method:
    """A method, and the seed runs at which it is looked at; none: at its own end.

    Attributes
    ----------
    play
        Plays one study; yields what it would name, in order of seed runs.
    """

    name: str
    play: Callable[[Landscape, np.random.Generator], Iterator[End]]
    budgets: tuple[int, ...] = ()


def product(land: Landscape, rng: np.random.Generator, specs: Sequence[StudySpec]) -> Iterator[End]:
    """The product's planner, proposals and racing, every run looked up in the table.

    ``specs`` differ in the number of confirmation seeds alone: they share one search.
    """
    seed = {"seed": int(rng.integers(2**31))}
    drawn = {
        phase: rng.integers(land.seed_costs.shape[1], size=len(specs[-1].seeds_of(phase)))
        for phase in (Phase.SEARCH, Phase.CONFIRM)
    }
    generations: dict[tuple[str, int], tuple[Proposal, ...]] = {}
    for asked in specs:
        spec = asked.model_copy(update={"search": asked.search.model_copy(update=seed)})
        record = replace(Record.unbegun(spec, ["genre"]), generations=generations)
        yield _played(land, record, drawn)


def _played(land: Landscape, record: Record, drawn: dict[Phase, np.ndarray]) -> End:
    """Play a study to its end; ``drawn`` are the table's seeds that stand for its own."""
    spec = record.spec
    place = {config_id: i for i, config_id in enumerate(land.ids)}
    planner = Planner(record)
    while not planner.done:
        for due in planner.requests:
            record.generations[due.genre, due.generation] = tuple(proposals.propose(spec, due))
            planner.proposed(due.genre)
        for run in planner.take():
            seed = drawn[run.phase][spec.seeds_of(run.phase).index(run.seed)]
            record.ended[run] = _looked_up(land, place[run.config_id], seed)
            planner.ended(run)
    racing = planner.evidence.of("genre").race.racing
    found = [evidence.measured(record, i, _confirmed(spec, i)) for i in racing]
    best = rank(candidates(found), spec.search.aim).order[0]
    return End(place[best], len(record.ended))


def _looked_up(land: Landscape, config: int, seed: int) -> SeedRunResult:
    names = ("bce", "kl", "elbo", "mi_lower", *(() if land.nll is None else ("nll",)))
    metrics: dict[str, object] = {n: float(getattr(land, n)[config, seed]) for n in names}
    metrics["collapsed"] = bool(land.collapsed[config, seed])
    return SeedRunResult(metrics=RunMetrics(validation=Metrics.from_dict(metrics)))


def _confirmed(spec: StudySpec, config_id: str) -> list[SeedRun]:
    seeds = spec.seeds_of(Phase.CONFIRM)
    return [SeedRun("genre", config_id, seed, Phase.CONFIRM) for seed in seeds]


def ends(land: Landscape, method: Method, study: int) -> list[End]:
    """What a method names in one simulated study, at each of its budgets.

    Study i of every method starts from the same generator.
    """
    found: dict[int, End] = {}
    for trials, end in enumerate(method.play(land, np.random.default_rng([2026, study])), start=1):
        last = end
        for budget in method.budgets:
            if end.seed_runs <= budget:
                found[budget] = end
        over = method.budgets and end.seed_runs >= max(method.budgets)
        if over or (method.budgets and trials >= MAX_TRIALS * len(land.ids)):
            break
    return [found[budget] for budget in method.budgets] or [last]


@dataclass(frozen=True)
class Row:
    """A method at one number of seed runs.

    Attributes
    ----------
    hits
        Of each study, whether it ended within one standard error of the true best.
    regrets
        Of each study, standard deviations of a pair above the true best.
    """

    name: str
    seed_runs: float
    hits: np.ndarray
    regrets: np.ndarray

    def __str__(self) -> str:
        low, high = wilson(int(self.hits.sum()), len(self.hits))
        draws = (
            np.random.default_rng(0).choice(self.regrets, (2000, len(self.regrets))).mean(axis=1)
        )
        regret_low, regret_high = np.percentile(draws, [2.5, 97.5])
        return (
            f"{self.name:46} {self.seed_runs:7.1f}  {self.hits.mean():5.0%} [{low:4.0%}, "
            f"{high:4.0%}]  {self.regrets.mean():6.3f} [{regret_low:.3f}, {regret_high:.3f}]"
        )


def _bootstrap(values: np.ndarray) -> tuple[float, float]:
    """95% interval of a mean over studies."""
    draws = np.random.default_rng(0).choice(values, (2000, len(values))).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def rows(land: Landscape, method: Method, studies: list[list[End]]) -> Iterator[Row]:
    """Sum the studies of a method up, a row a budget."""
    for at in zip(*studies, strict=True):
        regrets = np.array([land.regret(end.config) for end in at])
        runs = float(np.mean([end.seed_runs for end in at]))
        yield Row(method.name, runs, regrets <= land.error, regrets)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95% interval of a share. Source: Wilson (1927)."""
    z, share = 1.96, successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half


def difference(one: Row, other: Row) -> str:
    """Success of one less another's, points, over studies of the same draws; 95% bootstrap."""
    apart = one.hits.astype(float) - other.hits
    low, high = _bootstrap(apart)
    return f"{apart.mean():+5.0%} [{low:+4.0%}, {high:+4.0%}]"


def variant(land: Landscape, **changes: object) -> StudySpec:
    """A search of the landscape with the product's defaults, some of them changed."""
    content = land.spec.model_dump(mode="json")
    defaults = specfile.load("search").model_dump(mode="json")
    kept = {key: content["search"][key] for key in ("space", "space_content", "fixed", "choices")}
    content["search"] = (
        defaults["search"]
        | kept
        | {
            "methods": False,
            "transfer": False,
            "generation": None,
            "rungs": None,
        }
    )
    content["seeds"] = defaults["seeds"]
    for key, value in changes.items():
        section, name = key.split("__")
        content[section][name] = value
    return specfile.resolve(content)


def affordable(spec: StudySpec, budget: int) -> int:
    """Configurations that a search may propose, its finalists' seeds kept back."""
    return (budget - spec.search.finalists * spec.seeds.confirm) // spec.seeds.search


def planned(spec: StudySpec) -> int:
    """Seed runs of a genre's search, where no finalist is dropped."""
    search, seeds = spec.search, spec.seeds
    return search.configurations * seeds.search + search.finalists * seeds.confirm


def methods(land: Landscape) -> tuple[list[Method], list[Method]]:
    """The product's own, and the others'."""
    tenth = len(land.ids)  # of a grid of ten seeds
    usual = variant(land)
    seen = (tenth, planned(usual), 2 * tenth)
    own = []
    for sampler in ("random", "qmc", "tpe", "auto"):
        for size, confirm in (
            (affordable(usual, tenth), (10,)),
            (usual.search.configurations, (10, 20)),
        ):
            specs = [
                variant(
                    land, search__sampler=sampler, search__configurations=size, seeds__confirm=n
                )
                for n in confirm
            ]
            name = f"this product, {sampler}, {size} configurations"
            play = functools.partial(product, specs=specs)
            own.append(Method(name, play, tuple(map(planned, specs))))
    for slots in MANY_SLOTS:
        specs = [variant(land, search__generation=generation_size(usual, slots, 1))]
        name = f"launched on {slots} slots, generations of {specs[0].search.generation}"
        play = functools.partial(product, specs=specs)
        own.append(Method(name, play, (planned(usual),)))
    others = [
        Method(f"grid, {n} seed(s)", functools.partial(rivals.grid, seeds=n)) for n in (1, 2, 3, 10)
    ]
    others += [
        Method(f"random search, {n} seed(s) each", functools.partial(rivals.random, seeds=n), seen)
        for n in (1, 3, 10)
    ]
    others += [
        Method("Optuna's TPE, one seed", functools.partial(rivals.tpe, fresh=False), seen),
        Method("Optuna's TPE, a fresh seed each", functools.partial(rivals.tpe, fresh=True), seen),
        Method("Ray's OptunaSearch + ASHA, one seed", rivals.asha, seen),
    ]
    return own, others


_TABLE: list[Landscape] = []
"""A worker's copy."""


def _start(folder: Path) -> None:
    import torch

    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    _TABLE.append(landscape.load(folder))


def _play(method: Method, study: int) -> list[End]:
    return ends(_TABLE[0], method, study)


def simulate(
    land: Landscape, asked: list[Method], studies: int, pool: ProcessPoolExecutor
) -> Iterator[Row]:
    """Play every study of every method, and print its rows."""
    for method in asked:
        played = list(pool.map(_play, [method] * studies, range(studies), chunksize=2))
        for row in rows(land, method, played):
            print(row, flush=True)
            yield row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--data", type=Path, default=landscape.DATA)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    land, began = landscape.load(asked.data), time.perf_counter()
    count, seeds = land.seed_costs.shape
    within = int((land.costs <= land.costs.min() + land.error).sum())
    print(
        f"{count} configurations x {seeds} seeds; standard error of the best {land.error:.3f} "
        f"standard deviations of a pair, {within} within it; {asked.studies} simulated studies each"
    )
    print(f"{'method':46} seed runs  within one standard error  regret, sd")
    own, others = methods(land)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.processes, context, _start, (asked.data,)) as pool:
        theirs = list(simulate(land, others, asked.studies, pool))
        ours = list(simulate(land, own, asked.studies, pool))
    compare(ours, theirs, 2 * count)
    print(f"{time.perf_counter() - began:.0f} s on {asked.processes} processes")


def compare(ours: list[Row], theirs: list[Row], budget: float) -> None:
    """The product as it comes, at its largest size within a budget, against each other's best."""
    row = [row for row in ours if row.name.startswith(_PRODUCT) and row.seed_runs <= budget][-1]
    print(
        f"within {budget:.0f} seed runs, a fifth of a grid of ten seeds: success of "
        f"'{row.name}' less that of"
    )
    for name in dict.fromkeys(row.name for row in theirs):
        within = [r for r in theirs if r.name == name and r.seed_runs <= budget]
        if within:
            rival = max(within, key=lambda r: r.hits.mean())
            print(f"  {name:44} {difference(row, rival)}")


if __name__ == "__main__":
    main()
