"""What a run's NLL costs, and whether it ranks configurations as many more draws do.

``python -m benchmarks likelihood``: trains configurations of the rate-distortion plane, one seed
each, on the embedded corpus at a small scale; then holds the NLL of :mod:`musebar_core.code`
against the bound of 512 draws on the same snippets, and on all evaluation snippets.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import spearmanr

from musebar_core import training
from musebar_core.annealing import Schedule
from musebar_core.code import NLL_DRAWS, NLL_SNIPPETS, code_measures, importance_nll
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.corpus import build_embedded, evaluation_snippets
from musebar_core.model import piano_roll
from musebar_core.state import start

MANY = 512
"""Draws that the ranking is held against."""

GRID = Grid(steps_per_quarter=2, steps_per_bar=8, snippet_steps=32)

_CELLS = tuple(
    itertools.product((4, 8, 16, 32), (1, 2, 4), ("constant", "linear"), (0.0, 0.3, 0.6))
)


class _Measured(NamedTuple):
    """NLL as a run has it, with many draws on the same snippets, and on all; cost of the run."""

    own: float
    many: float
    everywhere: float
    kl: float
    share: float


def _configuration(cell: tuple[int, int, str, float], epochs: int) -> Configuration:
    length, regularizers, schedule, dropout = cell
    return Configuration(
        GRID,
        ModelConfig(hidden=32, layers=1, latent_length=length, regularizers=regularizers),
        Schedule(schedule, 0.0, 0.5),
        TrainingConfig(
            epochs=epochs,
            batch=8,
            learning_rate=0.01,
            evaluate_every=max(1, epochs // 10),
            evaluation_snippets=256,
            output_bias=True,
            input_dropout=dropout,
        ),
    )


@torch.no_grad()
def _many_draws(config, genre, model, snippets: int) -> float:  # noqa: ANN001
    pitches = evaluation_snippets(genre, "validation", config.grid, snippets)
    roll = piano_roll(torch.from_numpy(pitches))
    mu, logvar = (each[:, -1] for each in model.encode(roll))
    noise = torch.randn(MANY, *mu.shape, generator=torch.Generator().manual_seed(1))
    return float(importance_nll(model, roll, mu, logvar, noise).mean())


def _measure(config, genre) -> _Measured:  # noqa: ANN001
    began = time.perf_counter()
    state = start(config, genre, 0)
    rows = list(training.fit(config, genre, 0, state))
    trained = time.perf_counter()
    state.model.load_state_dict(state.best_weights)
    own = code_measures(config, genre, state.model, "validation").nll
    code_measures(config, genre, state.model, "test")
    ended = time.perf_counter()
    return _Measured(
        own,
        _many_draws(config, genre, state.model, NLL_SNIPPETS),
        _many_draws(config, genre, state.model, 256),
        rows[-1].validation.kl,
        (ended - trained) / (ended - began),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configurations", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=400)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    drawn = np.random.default_rng(0).permutation(len(_CELLS))[: asked.configurations]
    with tempfile.TemporaryDirectory() as folder:
        corpus = build_embedded(
            Path(folder) / "corpus", GRID, genres=["fiddle"], songs_per_genre=120, workers=0
        )
        genre = corpus.genre("fiddle")
        found = []
        for place in drawn:
            found.append(_measure(_configuration(_CELLS[place], asked.epochs), genre))
            print(" ".join(f"{value:9.3f}" for value in found[-1]), flush=True)
    own, many, everywhere, _, share = (np.array(column) for column in zip(*found, strict=True))
    print(f"{NLL_DRAWS} draws, {NLL_SNIPPETS} snippets, {len(found)} configurations")
    print(f"Spearman against {MANY} draws, same snippets: {spearmanr(own, many).statistic:.3f}")
    print(
        f"Spearman against {MANY} draws, 256 snippets: {spearmanr(own, everywhere).statistic:.3f}"
    )
    print(f"bound above that of {MANY} draws: mean {np.mean(own - many):.3f} nats")
    print(f"share of the run's time: median {np.median(share):.3f}, most {share.max():.3f}")


if __name__ == "__main__":
    main()
