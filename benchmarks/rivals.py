"""How others would search the tabulated landscape: each plays a study, run by run.

Each function yields, after every run or configuration, what the method would name if it ended
there. TPE is Optuna's own; the last is Ray's own ``OptunaSearch`` and ``ASHAScheduler``: only the
training between a suggestion and its results is looked up instead of done. All of them are given
the cost of a run in the product's own scale, which it has to reckon from the runs it has.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import optuna

from benchmarks.landscape import End
from study.search import proposals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.landscape import Landscape
    from musebar_core.setting import Value

ASHA_FACTOR = 4
"""Ray's default: one in so many goes on at a rung. The grace period is one evaluation of ten."""


def grid(land: Landscape, rng: np.random.Generator, seeds: int) -> Iterator[End]:
    """Every configuration on some seeds, the lowest mean cost."""
    drawn = rng.integers(land.seed_costs.shape[1], size=seeds)
    yield End(_lowest(land, np.arange(len(land.ids)), drawn), len(land.ids) * seeds)


def random(land: Landscape, rng: np.random.Generator, seeds: int) -> Iterator[End]:
    """Configurations at random, none twice, each on the same seeds; the lowest mean so far."""
    drawn = rng.integers(land.seed_costs.shape[1], size=seeds)
    order = rng.permutation(len(land.ids))
    for count in range(1, len(order) + 1):
        yield End(_lowest(land, order[:count], drawn), count * seeds)


def _lowest(land: Landscape, configs: np.ndarray, drawn: np.ndarray) -> int:
    """The lowest mean cost."""
    return int(configs[land.seed_costs[np.ix_(configs, drawn)].mean(axis=1).argmin()])


def tpe(land: Landscape, rng: np.random.Generator, *, fresh: bool) -> Iterator[End]:
    """Optuna's TPE as it comes; one seed a run: the same for all, or a fresh one each."""
    sampler = optuna.samplers.TPESampler(seed=int(rng.integers(2**31)))
    study = optuna.create_study(sampler=sampler)
    place, seed = _places(land), rng.integers(land.seed_costs.shape[1])

    def trials() -> Iterator[tuple[int, float, float]]:
        drawn = seed
        while True:
            trial = study.ask()
            config = place[_key(proposals.suggest(land.spec.space, trial))]
            drawn = rng.integers(land.seed_costs.shape[1]) if fresh else drawn
            value = float(land.seed_costs[config, drawn])
            study.tell(trial, value)
            yield config, value, 1.0

    yield from _incumbents(trials())


def asha(land: Landscape, rng: np.random.Generator) -> Iterator[End]:
    """Ray's OptunaSearch with ASHA, one seed for all, one trial after the other.

    A trial reports its cost at every evaluation of the table's curves, and as its last the figure
    that all other methods get. Cost is in seed runs, by the share of the epochs trained. What it
    names is the trial of lowest last report, as ``get_best_result`` does.
    """
    from ray.tune.schedulers import ASHAScheduler
    from ray.tune.search.optuna import OptunaSearch

    seed, epochs = rng.integers(land.seed_costs.shape[1]), sorted(land.curves)
    place = _places(land)
    search = OptunaSearch(
        lambda trial: proposals.suggest(land.spec.space, trial),
        metric="cost",
        mode="min",
        seed=int(rng.integers(2**31)),
    )
    scheduler = ASHAScheduler(
        metric="cost", mode="min", max_t=len(epochs), reduction_factor=ASHA_FACTOR
    )

    def train(trial: SimpleNamespace) -> tuple[int, float, float]:
        config = place[_key(search.suggest(trial.trial_id) or {})]
        scheduler.on_trial_add(None, trial)
        for step, epoch in enumerate(epochs, start=1):
            last = step == len(epochs)
            value = float((land.seed_costs if last else land.curves[epoch])[config, seed])
            result = {"training_iteration": step, "cost": value}
            decision = scheduler.on_trial_result(None, trial, result)
            if last or decision == ASHAScheduler.STOP:
                break
            search.on_trial_result(trial.trial_id, result)
        scheduler.on_trial_complete(None, trial, result)
        search.on_trial_complete(trial.trial_id, result)
        return config, value, epoch / epochs[-1]

    def trials() -> Iterator[tuple[int, float, float]]:
        number = 0
        while True:
            number += 1
            yield train(SimpleNamespace(trial_id=str(number)))

    yield from _incumbents(trials())


def _places(land: Landscape) -> dict[tuple[tuple[str, Value], ...], int]:
    return {_key(cell): i for i, cell in enumerate(land.cells)}


def _key(cell: dict[str, Value]) -> tuple[tuple[str, Value], ...]:
    return tuple(sorted(cell.items()))


def _incumbents(trials: Iterable[tuple[int, float, float]]) -> Iterator[End]:
    best, best_value, spent = 0, np.inf, 0.0
    for config, value, cost in trials:
        spent += cost
        if value < best_value:
            best, best_value = config, value
        yield End(best, spent)
