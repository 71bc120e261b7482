"""Whether ``mixed`` changes what runs are worth: seed runs of an export, paired with ``fp32``'s.

    python -m benchmarks precision [FOLDER]

Pairs are of one genre, seed and configuration but for the precision. A figure is equivalent where
the 90% interval of its mean difference over all pairs lies within :data:`MARGIN` standard
deviations of a seed (two one-sided tests at 5%; Schuirmann 1987), pooled over genres and
configurations; of each genre the interval is printed alone. Then runs are trained here and each
measured in both: what evaluations themselves add.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

import musebar
from musebar_core import evaluation, precision, training
from musebar_core.config import Configuration, Precision
from musebar_core.state import start

DATA = Path("docs/results/precision")
FIGURES = ("bce", "nll", "mi_lower", "kl")
MARGIN = 0.5
"""Standard deviations of a seed by which figures may differ and be called equivalent."""

MEASURED_SEEDS = 5


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks precision")
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    folder = parser.parse_args().folder
    results = pd.read_parquet(folder / "results.parquet")
    _print_pairs(results[results.state != "failed"])
    _print_evaluations(results)


def _print_pairs(done: pd.DataFrame) -> None:
    known = set(done.versions.map(lambda text: json.loads(text).get("arithmetic", "float32")))
    print(f"{len(done)} seed runs; products of {' and '.join(sorted(known))}; mixed less fp32")
    print(f"{'figure':20} {'genre':10} {'pairs':>5} {'mean':>8}  90% interval      seed's SD")
    for split in ("validation", "test"):
        for figure in FIGURES:
            name = f"{split}_{figure}"
            keys = ["genre", "regularizers", "seed"]
            wide = done.pivot_table(index=keys, columns="precision", values=name)
            apart = (wide["mixed"] - wide["fp32"]).dropna()
            cells = wide["fp32"].groupby(level=[0, 1])
            spread = float(np.sqrt(cells.var(ddof=1).mean()))
            for genre in sorted(set(apart.index.get_level_values(0))):
                _print_row(name, genre, apart[genre], spread)
            low, high = _print_row(name, "all", apart, spread)
            is_same = max(-low, high) < MARGIN * spread
            print(f"{'':20} {'equivalent' if is_same else 'NOT shown to be equivalent'}")


def _print_row(name: str, genre: str, apart: pd.Series, spread: float) -> tuple[float, float]:
    n, mean = len(apart), float(apart.mean())
    half = float(stats.t.ppf(0.95, n - 1) * apart.std(ddof=1) / np.sqrt(n))
    print(
        f"{name:20} {genre:10} {n:5} {mean:+8.3f}  [{mean - half:+.3f}, {mean + half:+.3f}]  "
        f"{spread:.3f}"
    )
    return mean - half, mean + half


def _print_evaluations(results: pd.DataFrame) -> None:
    """Train some seeds of the first configuration, and measure each in both precisions."""
    if not precision.has_bfloat16():
        print("\nevaluations: this processor has no bfloat16 products")
        return
    row = results[results.precision == "mixed"].iloc[0]
    config = Configuration.from_dict(json.loads(row.config))
    with tempfile.TemporaryDirectory() as made:
        corpus = musebar.build_corpus(
            "music21", Path(made) / "corpus", config.grid, genres=[row.genre], songs_per_genre=300
        ).genre(row.genre)
        found: dict[Precision, list[dict[str, float]]] = {Precision.FP32: [], Precision.MIXED: []}
        for seed in range(MEASURED_SEEDS):
            state = start(config, corpus, seed)
            for _ in training.fit(config, corpus, seed, state):
                pass
            for each, rows in found.items():
                as_each = replace(config, training=replace(config.training, precision=each))
                measured = evaluation.evaluate(as_each, corpus, state.model, "validation")
                rows.append(measured._asdict())
    print(f"\n{MEASURED_SEEDS} trained runs of {row.genre}, each measured in mixed less in fp32")
    for figure in FIGURES:
        exact, rounded = (np.array([one[figure] for one in rows]) for rows in found.values())
        largest, spread = np.abs(rounded - exact).max(), exact.std(ddof=1)
        print(
            f"{figure:10} at most {largest:.4f}, {largest / spread:.1%} of a seed's SD {spread:.3f}"
        )


if __name__ == "__main__":
    main()
