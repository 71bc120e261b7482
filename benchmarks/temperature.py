"""Which temperature makes melodies that are likest to held-out songs.

``python -m benchmarks temperature HOME STUDY``: of the configurations that went to the final, up
to two a genre, the kept models of two seeds draw 128 melodies at each temperature, which are
compared with snippets of the validation split; the table is the mean over models.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import torch

import musebar
from musebar_core.corpus import Corpus
from musebar_core.measures import beside_songs

if TYPE_CHECKING:
    from collections.abc import Iterator

MELODIES = 128
SETTINGS = (
    *((each, 1.0) for each in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)),
    *((each, top_p) for each in (0.8, 0.9, 1.0) for top_p in (0.9, 0.95)),
)


def rows(home: Path, name: str) -> Iterator[dict[str, object]]:
    """One row a model and setting, and one of training songs a model."""
    kept = musebar.load(home, name).results.dropna(subset="checkpoint")
    for genre, runs in kept[kept.phase == "confirm"].groupby("genre"):
        finalists = sorted(runs.config_id.unique())[:2]
        for run in runs[runs.config_id.isin(finalists)].groupby("config_id").head(2).itertuples():
            model = musebar.load_model(home / name / run.checkpoint)
            songs = Corpus.load(Path(model.identity.corpus_path)).genre(str(genre))
            for temperature, top_p in SETTINGS:
                drawn = musebar.sample(
                    model, MELODIES, temperature=temperature, top_p=top_p, seed=7
                )
                found = beside_songs(model.config.grid, songs, drawn)
                yield _row(temperature, top_p, found.likeness, found.melodies)
            yield _row(0.0, 1.0, found.likeness_of_songs, found.songs)


def _row(temperature: float, top_p: float, like: object, own: object) -> dict[str, object]:
    known = dataclasses.asdict(like)  # type: ignore[call-overload]
    distance = known["pitch_classes"] + known["intervals"] + 2
    distance -= known["note_density"] + known["repetition"]
    character = {f"its_{k}": v for k, v in dataclasses.asdict(own).items()}  # type: ignore[call-overload]
    return {"temperature": temperature, "top_p": top_p, "distance": distance, **known, **character}


def main() -> None:
    """Print the mean of each setting; temperature 0 stands for songs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks temperature")
    parser.add_argument("home", type=Path)
    parser.add_argument("study")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    table = pd.DataFrame(rows(asked.home, asked.study))
    print(table.groupby(["temperature", "top_p"]).mean().round(3).to_string())
