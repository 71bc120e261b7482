"""What evaluations on fewer snippets (``training.curve_snippets``) save and cost.

    python -m benchmarks curve [--seeds N]

First, of runs of the paper's length, the share that evaluations take, from a step and an
evaluation measured on made-up music. Then runs of three genres and their joint corpus, evaluated
50 times each, at once on 1,024 snippets of validation, on fewer, and on test: each number chooses
its own reported epoch; printed is what that is worth on test, less what the choice of 1,024 is.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import musebar
from musebar_core import training
from musebar_core.annealing import Schedule
from musebar_core.config import Configuration, Grid, ModelConfig, Precision, TrainingConfig
from musebar_core.evaluation import Evaluation
from musebar_core.state import start
from study.run.estimate import measure

if TYPE_CHECKING:
    from musebar_core.corpus import GenreCorpus
    from musebar_core.metric_table import Metrics

GENRES = ("fiddle", "chorale", "irish")
JOINT = (*GENRES, "overall")
GRID = Grid(2, 8, 64)
WHOLE, FEWER = 1024, (256, 128, 64)
LOGISTIC = Schedule("logistic", length=0.5)
SHAPES = (
    ("lstm_vae", 1, 0.0, Schedule()),
    ("musebar_bow", 4, 0.0, LOGISTIC),
    ("a tenth of inputs dropped", 1, 0.1, LOGISTIC),
    ("four tenths dropped, bar-wise", 4, 0.4, LOGISTIC),
)
"""Name, regularizers, input dropout and schedule."""

TIMED = ((128, 5), (512, 5))
"""Hidden units and batch, at T 240, L 100."""
CURVE = 128
EPOCHS, EVALUATIONS = 3000, 50


@dataclass(frozen=True)
class Evaluated:
    """One epoch: validation by number of snippets, and test."""

    validation: dict[int, Metrics]
    test: Metrics


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks curve")
    parser.add_argument("--seeds", type=int, default=3, help="of each of sixteen runs")
    seeds = parser.parse_args().seeds
    _print_times()
    if not seeds:
        return
    with tempfile.TemporaryDirectory() as made:
        corpus = musebar.build_corpus(
            "music21", Path(made) / "corpus", GRID, genres=list(GENRES), songs_per_genre=300
        )
        runs = [
            (f"{genre}, {name}", _evaluated(_configuration(*shape), corpus.genre(genre), seed))
            for genre in JOINT
            for name, *shape in SHAPES
            for seed in range(seeds)
        ]
    _print_choices(runs)


def _configuration(regularizers: int, dropped: float, annealing: Schedule) -> Configuration:
    return Configuration(
        GRID,
        ModelConfig(48, 1, 16, regularizers),
        annealing,
        TrainingConfig(
            epochs=600,
            batch=8,
            learning_rate=0.01,
            output_bias=True,
            evaluate_every=600 // EVALUATIONS,
            evaluation_snippets=WHOLE,
            input_dropout=dropped,
        ),
    )


def _evaluated(config: Configuration, genre: GenreCorpus, seed: int) -> list[Evaluated]:
    """Train a run, and measure it on every number of snippets where annealing has ended."""
    validation = {n: Evaluation.on_the_way(_with_curve(config, n), genre) for n in (WHOLE, *FEWER)}
    test, state, found = Evaluation(config, genre, "test"), start(config, genre, seed), []
    for row in training.fit(_with_curve(config, 2), genre, seed, state):
        if row.epoch >= config.annealing.ended * config.training.epochs:
            measured = {n: one.measure(state.model) for n, one in validation.items()}
            found.append(Evaluated(measured, test.measure(state.model)))
    return found


def _with_curve(config: Configuration, n: int) -> Configuration:
    return replace(config, training=replace(config.training, curve_snippets=n))


def _print_choices(runs: list[tuple[str, list[Evaluated]]]) -> None:
    worse: dict[str, list[float]] = defaultdict(list)
    informed: dict[str, list[float]] = defaultdict(list)
    by_cell: dict[str, list[float]] = defaultdict(list)
    for cell, epochs in runs:
        best = _chosen(epochs, WHOLE)
        by_cell[cell].append(best.test.elbo)
        others = {str(n): _chosen(epochs, n) for n in FEWER} | {"the last": epochs[-1]}
        for n, one in others.items():
            worse[n].append(best.test.elbo - one.test.elbo)
            informed[n].append(one.test.mi_lower - best.test.mi_lower)
    spread = np.mean([np.std(each, ddof=1) for each in by_cell.values() if len(each) > 1])
    print(f"\nreported epoch chosen on fewer snippets, less that of {WHOLE:,}: {len(runs)} runs")
    print(f"{'snippets':>9} {'-ELBO on test':>14} {'standard error':>15} {'mi_lower':>9}")
    for n, values in worse.items():
        error = np.std(values, ddof=1) / len(values) ** 0.5
        print(f"{n:>9} {np.mean(values):>+14.3f} {error:>15.3f} {np.mean(informed[n]):>+9.3f}")
    print(f"a seed's standard deviation of -ELBO: {spread:.3f}")


def _chosen(epochs: list[Evaluated], n: int) -> Evaluated:
    """The epoch of highest ELBO: each of these runs ends at a KL weight of 1."""
    return max(epochs, key=lambda one: one.validation[n].elbo)


def _print_times() -> None:
    print(f"a run of {EPOCHS:,} steps, {EVALUATIONS} evaluations, and what is measured at its end")
    print(
        f"{'H':>5} {'batch':>5} {'precision':>9} {'curve of':>8} {'minutes':>8} {'evaluating':>10}"
    )
    for hidden, batch in TIMED:
        for precision in ("fp32", "mixed"):
            asked = TrainingConfig(
                epochs=EPOCHS, batch=batch, precision=Precision(precision), curve_snippets=CURVE
            )
            model = ModelConfig(hidden, 2, 100, 30)
            pace = measure(Configuration(Grid(), model, Schedule(), asked), "cpu", 1)
            trained = EPOCHS * pace.step_seconds
            whole = replace(pace, curve_seconds=pace.evaluation_seconds)
            for snippets, each in ((WHOLE, whole), (CURVE, pace)):
                evaluated = each.evaluating(EVALUATIONS)
                print(
                    f"{hidden:>5} {batch:>5} {precision:>9} {snippets:>8,} "
                    f"{(trained + evaluated) / 60:>8.1f} {evaluated / (trained + evaluated):>10.1%}"
                )


if __name__ == "__main__":
    main()
