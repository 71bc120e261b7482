"""A study as one writes it by hand: pretty_midi, bare ``nn.LSTM``, Ray Tune and its OptunaSearch.

``python -m benchmarks.by_hand FOLDER PLAN`` trains the seed runs of PLAN, a JSON list, on the MIDI
files of FOLDER/GENRE, names the configuration of lowest mean NLL of each genre, and prints where
its time went as JSON. It is what :mod:`benchmarks.answer` holds the product against: the same
configurations and seeds, as many steps, evaluations and snippets, and no ledger, no resuming, no
states, no intervals and no pages.
"""

from __future__ import annotations

import json
import math
import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pretty_midi
import ray
import torch
from ray import tune
from ray.tune.search.optuna import OptunaSearch
from torch import nn
from torch.nn import functional

PITCHES, LAYERS, DRAWS, SHARES = 128, 1, 8, (0.8, 0.9)
LEAST_STEPS = 32


class RVAE(nn.Module):
    """Encoder and decoder; a Gaussian after every ``T / regularizers`` steps, the last decoded."""

    def __init__(self, hidden: int, latent: int, regularizers: int) -> None:
        super().__init__()
        self.regularizers = regularizers
        self.encoder = nn.LSTM(PITCHES, hidden, LAYERS, batch_first=True)
        self.decoder = nn.LSTM(PITCHES + latent, hidden, LAYERS, batch_first=True)
        self.mu, self.logvar = nn.Linear(hidden, latent), nn.Linear(hidden, latent)
        self.output = nn.Linear(hidden, PITCHES)

    def encode(self, roll: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give means and log variances ``[N, R, L]``."""
        states, _ = self.encoder(roll)
        every = roll.shape[1] // self.regularizers
        chosen = states[:, every - 1 :: every]
        return self.mu(chosen), self.logvar(chosen)

    def bce(self, roll: torch.Tensor, code: torch.Tensor, dropout: float = 0.0) -> torch.Tensor:
        """Nats of each snippet ``[N]``, decoded from its code ``[N, L]`` and the steps before."""
        before = functional.pad(roll, (0, 0, 1, 0))[:, :-1]
        if dropout:
            before = before * (torch.rand(*before.shape[:2], 1) >= dropout)
        inputs = torch.cat([before, code[:, None].expand(-1, roll.shape[1], -1)], dim=-1)
        logits = self.output(self.decoder(inputs)[0])
        return functional.binary_cross_entropy_with_logits(logits, roll, reduction="none").sum(
            dim=(1, 2)
        )


def read(folder: Path, steps_per_quarter: int) -> dict[str, list[np.ndarray]]:
    """Give each genre's songs as pitches a step, 128 for a rest: each file's highest part."""
    songs: dict[str, list[np.ndarray]] = {}
    for path in sorted(folder.rglob("*.mid")):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                piece = pretty_midi.PrettyMIDI(str(path))
        except Exception as error:  # noqa: BLE001 - whatever a strange file makes of it
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        parts = [part for part in piece.instruments if part.notes and not part.is_drum]
        if not parts:
            continue
        part = max(parts, key=lambda each: np.median([note.pitch for note in each.notes]))
        to_steps = steps_per_quarter / piece.resolution
        song = np.full(round(piece.time_to_tick(piece.get_end_time()) * to_steps) + 1, PITCHES)
        for note in sorted(part.notes, key=lambda each: each.pitch):
            first, last = (piece.time_to_tick(t) * to_steps for t in (note.start, note.end))
            song[round(first) : max(round(last), round(first) + 1)] = note.pitch
        sounding = np.flatnonzero(song < PITCHES)
        if len(sounding) >= LEAST_STEPS:
            songs.setdefault(path.parent.name, []).append(song[sounding[0] : sounding[-1] + 1])
    return songs


def train(run: dict[str, Any], music: dict[str, list[np.ndarray]]) -> None:
    """Train one seed run, reporting on validation snippets as it goes and on test at the end."""
    torch.set_num_threads(1)
    began = time.perf_counter()
    rng = np.random.default_rng(run["seed"])
    torch.manual_seed(run["seed"])
    songs = music[run["genre"]]
    order = np.random.default_rng(0).permutation(len(songs))
    firsts = [0, *(int(share * len(songs)) for share in SHARES), len(songs)]
    splits = [order[a:b] for a, b in pairwise(firsts)]

    def roll(split: np.ndarray, n: int, rng: np.random.Generator) -> torch.Tensor:
        rows = []
        for place in rng.choice(split, n):
            song = songs[place]
            bars = max((len(song) - run["snippet_steps"]) // run["steps_per_bar"] + 1, 1)
            start = rng.integers(bars) * run["steps_per_bar"]
            rows.append(np.take(song, range(start, start + run["snippet_steps"]), mode="wrap"))
        hot = functional.one_hot(torch.from_numpy(np.array(rows)), PITCHES + 1)
        return hot[..., :PITCHES].float()

    held = [roll(split, run["evaluation_snippets"], np.random.default_rng(1)) for split in splits]
    model = RVAE(run["hidden"], run["latent_length"], run["regularizers"])
    optimizer = torch.optim.Adam(model.parameters(), run["learning_rate"])
    for step in range(1, run["epochs"] + 1):
        snippets = roll(splits[0], run["batch"], rng)
        mu, logvar = model.encode(snippets)
        code = mu[:, -1] + torch.randn_like(mu[:, -1]) * (logvar[:, -1] / 2).exp()
        loss = model.bce(snippets, code, run["input_dropout"]) + _weight(run, step) * _kl(
            mu, logvar
        )
        optimizer.zero_grad()
        loss.mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 100.0)
        optimizer.step()
        if step == run["epochs"] or not step % run["evaluate_every"]:
            found = _evaluate(model, held[1], nll=step == run["epochs"])
    found |= {f"test_{name}": value for name, value in _evaluate(model, held[2], nll=True).items()}
    tune.report({**found, "seconds": time.perf_counter() - began})


def _weight(run: dict[str, Any], step: int) -> float:
    if run["annealing"] == "constant":
        return 1.0
    done = min(step / (run["annealing_length"] * run["epochs"]), 1.0)
    return done if run["annealing"] == "linear" else 1 / (1 + math.exp(-12 * (done - 0.5)))


def _kl(mu: torch.Tensor, logvar: torch.Tensor) -> torch.Tensor:
    return (mu**2 + logvar.exp() - logvar - 1).sum(dim=-1).mean(dim=-1) / 2


@torch.no_grad()
def _evaluate(model: RVAE, roll: torch.Tensor, *, nll: bool) -> dict[str, float]:
    """BCE and KL; at the end also NLL by importance sampling, and MI by the aggregate posterior."""
    means, logvars = model.encode(roll)
    mu, logvar = means[:, -1], logvars[:, -1]
    noise = torch.randn(DRAWS if nll else 1, *mu.shape)
    codes = mu + noise * (logvar / 2).exp()
    bces = torch.stack([model.bce(roll, code) for code in codes])
    found = {"bce": float(bces.mean()), "kl": float(_kl(means, logvars).mean())}
    if nll:
        own = -(noise**2 + logvar).sum(dim=-1) / 2
        prior = -(codes**2).sum(dim=-1) / 2
        bound = torch.logsumexp(prior - own - bces, dim=0) - math.log(DRAWS)
        apart = (codes[:, :, None] - mu) ** 2 / logvar.exp() + logvar
        among = torch.logsumexp(-apart.sum(dim=-1) / 2, dim=-1) - math.log(len(mu))
        found |= {"nll": float(-bound.mean()), "mi": float((own - among).mean())}
    return found


def main(folder: Path, plan: list[dict[str, Any]]) -> None:
    """Read, train all runs, name the best."""
    marks = [time.perf_counter()]
    music = read(folder, plan[0]["steps_per_quarter"])
    marks.append(time.perf_counter())
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    marks.append(time.perf_counter())
    space = {
        name: optuna.distributions.CategoricalDistribution(sorted({run[name] for run in plan}))
        for name in plan[0]
    }
    search = OptunaSearch(space=space, points_to_evaluate=plan, metric="nll", mode="min")
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(train, music=music), {"cpu": 1}),
        tune_config=tune.TuneConfig(search_alg=search, num_samples=len(plan)),
        run_config=tune.RunConfig(storage_path=str(folder.parent / "tune"), verbose=0),
    )
    table = tuner.fit().get_dataframe()
    marks.append(time.perf_counter())
    ray.shutdown()
    settings = [f"config/{name}" for name in plan[0] if name not in {"seed", "genre"}]
    means = table.groupby(["config/genre", *settings])["nll"].mean()
    best = means.groupby("config/genre").idxmin()
    print(
        json.dumps(
            {
                "read": marks[1] - marks[0],
                "ray": marks[2] - marks[1],
                "runs": marks[3] - marks[2],
                "trained": float(table["seconds"].sum()),
                "n_runs": len(table),
                "best": {genre: [str(value) for value in row[1:]] for genre, row in best.items()},
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
