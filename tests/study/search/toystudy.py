"""Studies whose seed runs take no time: results from a run's name alone, ended in any order.

    python -m tests.study.search.toystudy HOME NAME=FLAWED...

resumes studies of a home whose results are those of :func:`slope`.
"""

from __future__ import annotations

import itertools
import random
import sys
from pathlib import Path

from musebar_core.metric_table import Metrics
from study.home.studies import Home
from study.ledger.lease import Lease
from study.ledger.record import Record, StudyState
from study.ledger.result import Failure, FailureKind, RunMetrics, SeedRunResult
from study.run.driver import Driver
from study.search import planner, proposals
from study.statistics.purposes import FIGURES

GENRES = ("high", "low")
FAILED = SeedRunResult(failure=Failure("loss is no number", FailureKind.DIVERGED), attempts=3)


def done(**validation):
    """A result with these metrics on validation, and 1 of what else but NLL a purpose goes by."""
    other = dict.fromkeys(set(FIGURES) - {"nll"}, 1.0)
    return SeedRunResult(metrics=RunMetrics(validation=Metrics.from_dict(other | validation)))


def empty(spec, genres=GENRES):
    return Record(spec, StudyState.RUNNING, False, None, {g: {} for g in genres}, {}, {}, {}, {})


def toy(run, *, failed=False):
    """A result that depends on the run's name alone."""
    if failed:
        return FAILED
    level = int(run.config_id, 16) % 97 + run.seed % 7 / 10
    return done(bce=level, kl=0.0, elbo=-level, mi_lower=level % 5, collapsed=False)


def slope(spec, *, flawed):
    """Results that a model can learn: best in the middle of every parameter, with noise.

    Where ``flawed``, the longest codes collapse and the most input dropout fails: with the
    shortest code every seed, otherwise the second.
    """
    cells = {spec.configuration(cell).config_id: cell for cell in spec.space.cells()}
    parameters = {p.name: p.values for p in spec.space.parameters}

    def result(run):
        cell = cells[run.config_id]
        at = {name: parameters[name].index(value) for name, value in cell.items()}
        last = {name: at[name] == len(parameters[name]) - 1 for name in at}
        if flawed and last["input_dropout"] and (at["latent_length"] == 0 or run.seed == 1):
            return FAILED
        noise = random.Random(f"{run.config_id}/{run.seed}").gauss(0, 0.3)
        away = [abs(at[name] - (len(parameters[name]) - 1) / 2) for name in at]
        bce = 100 + sum(place**2 for place in away) + noise
        return done(
            bce=bce,
            kl=1.0,
            elbo=-bce - 1,
            mi_lower=at["latent_length"] + noise,
            collapsed=flawed and last["latent_length"],
        )

    return result


def simulate(spec, order, *, result=toy, width=3, genres=GENRES, asked=None):
    """Run a whole study without an engine: any of the runs in flight may end next.

    ``asked`` is filled with what each generation was proposed from.
    """
    record, flying = empty(spec, genres), []
    while True:
        plan = planner.plan(record)
        for due in plan.requests:
            record.generations[due.genre, due.generation] = tuple(proposals.propose(spec, due))
            if asked is not None:
                asked[due.genre, due.generation] = due
        if plan.requests:
            continue
        if plan.done:
            return record, plan
        waiting = [run for run in plan.runs if run not in flying]
        flying += waiting[: width - len(flying)]
        run = flying.pop(order(len(flying)))
        record.ended[run] = result(run)


def table(record):
    return {(*run, str(ended)) for run, ended in record.ended.items()}


def drive(study, order, result, *, slots, ends=None):
    """Drive a study of a home as the engine would: to its end, or until some runs have ended."""
    trials = map(str, itertools.count())
    with Lease(study.ledger, study.name) as lease:
        driver = Driver(study, study.ledger.read(study.name), lease, slots=slots)
        flying = []
        while not driver.finished and len(driver.record.ended) != ends:
            while chunk := driver.next_chunk(trial := next(trials)):
                flying.append((trial, chunk.runs[0]))
            trial, run = flying.pop(order(len(flying)))
            driver.result(trial, run, result(run))
            driver.trial_ended(trial)


def main(home, *asked):
    for name, flawed in (part.split("=") for part in asked):
        study = Home(Path(home)).open(name)
        result = slope(study.ledger.read(name).spec, flawed=flawed == "True")
        drive(study, random.Random(name).randrange, result, slots=5)
        study.ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
