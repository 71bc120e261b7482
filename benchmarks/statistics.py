"""Time the report's statistics on a study of 1,000 configurations and 10 seeds.

``python -m benchmarks statistics``: seconds of each step, and of the whole relative to reading the
summaries alone.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from musebar_core.annealing import Schedule, ScheduleKind
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from reports.answers.aggregate import aggregate
from reports.answers.summaries import summaries
from reports.answers.verdicts import verdicts
from reports.output.recommendation import as_json, recommend
from reports.words.recommendation import as_text
from study.ledger.record import StudyState
from study.results.columns import CURVES, METRIC_PREFIXES, RESULTS
from study.results.tables import StudyTables
from study.spec import specfile

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIGURATIONS, SEEDS = 1_000, 10
GENRE = "jazz"
METHODS = {
    "lstm_vae": (1, "constant"),
    "vae_bow": (1, "logistic"),
    "musebar": (8, "constant"),
    "musebar_bow": (8, "logistic"),
}


def main() -> None:
    """Print the times."""
    tables = simulated()
    print(f"{CONFIGURATIONS:,} configurations, {SEEDS} seeds, {len(tables.results):,} runs")
    steps: dict[str, Callable[[], object]] = {
        "summaries": lambda: summaries(tables, GENRE),
        "recommendation and card": lambda: recommend(tables, GENRE),
        "the same by information": lambda: recommend(tables, GENRE, "information"),
        "verdicts": lambda: verdicts(tables),
        "over all genres": lambda: aggregate(tables),
        "as text and JSON": lambda: [f(recommend(tables, GENRE)) for f in (as_text, as_json)],
    }
    total = 0.0
    for name, step in steps.items():
        began = time.perf_counter()
        step()
        took = time.perf_counter() - began
        total += took
        print(f"{name:>26} {took:7.2f} s")
    print(f"{'together':>26} {total:7.2f} s")


def simulated() -> StudyTables:
    """Make a finished grid study: four methods, the rest cosine schedules, paired seeds."""
    rng = np.random.default_rng(0)
    luck = rng.normal(0.0, 1.0, SEEDS)
    configurations = [
        (None, _configuration(8 + i // 5, (1, 2, 4, 8, 16)[i % 5], "cosine"))
        for i in range(CONFIGURATIONS - len(METHODS))
    ]
    methods = [(name, _configuration(16, r, kind)) for name, (r, kind) in METHODS.items()]
    rows = [
        _row(config, method, 1000 + seed, 560 + 0.02 * i + luck[seed] + rng.normal(0.0, 1.0))
        for i, (method, config) in enumerate([*methods, *configurations])
        for seed in range(SEEDS)
    ]
    planned = [
        {"genre": GENRE, "config_id": config.config_id, "phase": "confirm", "n_seeds": SEEDS}
        for _, config in (*methods, *configurations)
    ]
    baselines = [
        {"genre": GENRE, "split": split, "baseline": "markov", "bce": 627.0}
        for split in ("validation", "test")
    ]
    return StudyTables(
        name="simulated",
        state=StudyState.FINISHED,
        spec=specfile.resolve(
            {
                "name": "simulated",
                "corpus": {
                    "grid": {"steps_per_quarter": 4, "steps_per_bar": 4, "snippet_steps": 64}
                },
                "model": {"hidden": 48},
                "training": {"epochs": 100},
                "search": {"protocol": "grid", "space": "methods"},
                "seeds": {"confirm": SEEDS},
            }
        ),
        results=_frame(rows, RESULTS),
        curves=_frame([], CURVES),
        genres=pd.DataFrame([{"genre": GENRE, "fingerprint": "f" * 64, "train_songs": 96}]),
        baselines=pd.DataFrame(baselines),
        planned=pd.DataFrame(planned),
    )


def _configuration(latent: int, regularizers: int, kind: str) -> Configuration:
    training = TrainingConfig(epochs=100, evaluate_every=50, batch=8)
    plain = Configuration(Grid(4, 4, 64), ModelConfig(48, 1, latent, regularizers))
    schedule = Schedule(kind=ScheduleKind(kind))
    return replace(plain, training=training, annealing=schedule)


def _row(config: Configuration, method: str | None, seed: int, bce: float) -> dict[str, object]:
    flat = json.loads(config.canonical_json())
    found: dict[str, object] = {
        "study": "simulated",
        "genre": GENRE,
        "config_id": config.config_id,
        "seed": seed,
        "phase": "confirm",
        "method": method,
        "state": "informative",
        "attempts": 1,
        "config": config.canonical_json(),
        "device": "cpu",
        "seconds": 36.0,
        "latent_length": config.model.latent_length,
        "regularizers": config.model.regularizers,
        "annealing": flat["annealing"]["kind"],
        "hidden": 48,
        "snippet_steps": 64,
        "epochs": 100,
    }
    collapsed = method == "lstm_vae"
    for prefix in METRIC_PREFIXES:
        found |= {
            f"{prefix}bce": bce,
            f"{prefix}kl": 4.0,
            f"{prefix}kl_bars": 4.0,
            f"{prefix}elbo": -bce - 4,
            f"{prefix}mi_lower": 2.0 + bce % 1,
            f"{prefix}mi_upper": 3.5,
            f"{prefix}mi_cap": math.log(1024),
            f"{prefix}active_units": 5,
            f"{prefix}informative_share": 0.5,
            f"{prefix}collapsed": collapsed,
            f"{prefix}n_snippets": 1024,
        }
    return found


def _frame(rows: list[dict[str, object]], columns: tuple[object, ...]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[c.name for c in columns])  # type: ignore[attr-defined]
    kinds = {c.name: c.dtype for c in columns}  # type: ignore[attr-defined]
    whole = [name for name, kind in kinds.items() if kind in {"int64", "float64"}]
    frame[whole] = frame[whole].fillna(0)
    return frame.astype(kinds)


if __name__ == "__main__":
    main()
