"""How busy slots are: whole searches through the real planner, on slots that are simulated.

    python -m benchmarks slots [--genres 6] [--configurations 60]

Runs take no time here; the clock is the simulation's. Every run takes as long as any other, or one
drawn around that with ``--spread``. A slot that is free takes what the planner wants next. Busy is
the time in runs over slots times the time to the end of the study.

Then slots are GPUs, on which the runs of a trial train as one program, of one configuration or of
several; a step of theirs takes what was measured of so many on an H100 (:data:`STEP_MS`).
"""

from __future__ import annotations

import argparse
import heapq
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.metric_table import Metrics
from study.ledger.record import Record, SeedRun
from study.ledger.result import RunMetrics, SeedRunResult
from study.run.driver import fair_share
from study.run.sizing import FILLS_A_GPU
from study.search import proposals
from study.search.generations import generation_size
from study.search.planner import Planner
from study.spec import specfile
from study.spec.sections import OVERALL

if TYPE_CHECKING:
    from study.spec.model import StudySpec

SLOTS = (2, 16, 64, 256)
GPUS = (1, 2, 8)

STEP_MS = {1: 5.4, 5: 8.2, 10: 11.0}
"""Milliseconds of a step of so many runs in ``mixed``, from docs/performance.md; linear between."""


@dataclass(frozen=True)
class Use:
    """What a simulated study took.

    Attributes
    ----------
    end
        When its last run ended; a run takes 1 on average.
    busy
        Share of the slots' time in runs.
    """

    slots: int
    generation: int
    runs: int
    end: float
    busy: float


def search(genres: int, configurations: int, **changes: object) -> StudySpec:
    """A search of the product's defaults, on as many genres, the joint corpus among them."""
    content = specfile.load("search").model_dump(mode="json")
    content["search"] |= {"configurations": configurations, "sampler": "random"} | changes
    content["search"]["generation"] = None
    content["corpus"]["genres"] = [f"genre{i}" for i in range(1, genres)] or None
    return specfile.resolve(content)


def empty(spec: StudySpec) -> Record:
    """A study of these genres that has not begun."""
    genres = [*(spec.corpus.genres or ()), OVERALL]
    return Record.unbegun(spec, genres)


def made_up(run: SeedRun) -> SeedRunResult:
    """A result that depends on the run's name alone."""
    rng = random.Random(str(run))
    level = int(run.config_id, 16) % 97 / 10
    nll = 100 + level + rng.gauss(0, 1)
    metrics = {"bce": nll - 2, "kl": 3.0, "elbo": -nll - 1, "nll": nll, "mi_lower": 3 - level / 9}
    return SeedRunResult(
        metrics=RunMetrics(validation=Metrics.from_dict(metrics | {"collapsed": False})),
        seconds=1.0,
    )


def begun(spec: StudySpec, at_a_time: int) -> Planner:
    """The plan of a study that was launched on so many runs at a time."""
    record = empty(spec)
    size = spec.search.generation or generation_size(spec, at_a_time, len(record.facts))
    settled = {"search": spec.search.model_copy(update={"generation": size})}
    record.spec = spec.model_copy(update=settled)
    record.configurations |= {c.config_id: c for c in spec.methods.values()}
    return Planner(record)


def propose_due(planner: Planner) -> None:
    """Propose every generation that is due, as the driver does."""
    record = planner.record
    while requests := planner.requests:
        for due in requests:
            proposed = proposals.propose(record.spec, due)
            found = [record.spec.configuration(each.parameters) for each in proposed]
            record.configurations |= {c.config_id: c for c in found}
            record.generations[due.genre, due.generation] = tuple(proposed)
            planner.proposed(due.genre)


def simulate(spec: StudySpec, slots: int, spread: float = 0.0) -> Use:
    """Run a study to its end on so many slots."""
    planner, rng = begun(spec, slots), random.Random(0)
    record = planner.record
    now, spent, flying = 0.0, 0.0, []
    while not planner.done:
        propose_due(planner)
        while len(flying) < slots and (runs := planner.take()):
            took = rng.lognormvariate(-(spread**2) / 2, spread)
            spent += took
            heapq.heappush(flying, (now + took, runs[0]))
        now, run = heapq.heappop(flying)
        record.ended[run] = made_up(run)
        planner.ended(run)
    size = record.spec.search.generation
    return Use(slots, size, len(record.ended), now, spent / (slots * now))


def simulate_gpus(spec: StudySpec, gpus: int, *, mixed: bool) -> tuple[int, int, float]:
    """Run a study to its end on so many GPUs, trials of several configurations or of one.

    Returns
    -------
    Its seed runs, its trials, and its milliseconds for every step of a run.
    """
    planner, trials, now = begun(spec, gpus * FILLS_A_GPU if mixed else gpus), 0, 0.0
    record = planner.record
    flying: list[tuple[float, int, tuple[SeedRun, ...]]] = []
    while not planner.done:
        propose_due(planner)
        while len(flying) < gpus:
            waiting = planner.left - sum(len(runs) for _, _, runs in flying)
            share = fair_share(waiting, gpus - len(flying), FILLS_A_GPU) if mixed else 0
            if not (runs := planner.take(FILLS_A_GPU, fill=share)):
                break
            trials += 1
            took = float(np.interp(len(runs), [*STEP_MS], [*STEP_MS.values()]))
            heapq.heappush(flying, (now + took, trials, runs))
        now, _, runs = heapq.heappop(flying)
        for run in runs:
            record.ended[run] = made_up(run)
            planner.ended(run)
    return len(record.ended), trials, now


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--genres", type=int, default=6)
    parser.add_argument("--configurations", type=int, default=60)
    parser.add_argument("--spread", type=float, default=0.0)
    asked = parser.parse_args()
    spec = search(asked.genres, asked.configurations)
    print("slots  generation  seed runs  rounds  busy")
    for slots in SLOTS:
        use = simulate(spec, slots, asked.spread)
        print(
            f"{use.slots:5}  {use.generation:10}  {use.runs:9}  {use.end:6.1f}  {use.busy:6.1%}",
            flush=True,
        )
    print("GPUs  trials of  seed runs  runs a trial  ms a step, all runs")
    for gpus in GPUS:
        for mixed in (False, True):
            runs, trials, took = simulate_gpus(spec, gpus, mixed=mixed)
            of = "several" if mixed else "one"
            print(f"{gpus:4}  {of:>9}  {runs:9}  {runs / trials:12.1f}  {took:9.0f}", flush=True)


if __name__ == "__main__":
    main()
