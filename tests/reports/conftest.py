"""Synthetic studies with known answers, built from the schema's columns."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pandas as pd
import pytest

from musebar_core.annealing import Schedule
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from study.ledger.record import StudyState
from study.results.columns import CURVES, METRIC_PREFIXES, RESULTS
from study.results.tables import StudyTables
from study.spec import specfile

MARKOV = {"pitch_frequencies": 907.0, "markov": 627.0, "repeat_last": 980.0}


def configuration(latent=16, regularizers=1, annealing="constant", **training):
    """A small configuration of 16 bars."""
    settings = {"epochs": 100, "evaluate_every": 50, "batch": 8} | training
    return Configuration(
        grid=Grid(steps_per_quarter=4, steps_per_bar=4, snippet_steps=64),
        model=ModelConfig(hidden=48, latent_length=latent, regularizers=regularizers),
        annealing=Schedule(kind=annealing),
        training=TrainingConfig(**settings),
    )


def frame(rows, columns):
    """A table with the schema's columns and dtypes."""
    table = pd.DataFrame(rows, columns=[column.name for column in columns])
    return table.astype({column.name: column.dtype for column in columns})


class Study:
    """Collects seed runs and hands them out as tables."""

    def __init__(
        self, name="demo", confirm=10, genres=("jazz",), state="finished", purpose="density"
    ):
        self.name, self.confirm, self.state = name, confirm, state
        self.genres = list(genres)
        self.rows, self.epochs, self.plan = [], [], []
        self.snippets = 1024
        self.baselines = MARKOV
        self.about = ""
        self.purpose = purpose

    def add(
        self,
        config,
        bces,
        *,
        phase="confirm",
        genre="jazz",
        method=None,
        planned=None,
        collapsed=0,
        failed=0,
        mi=(2.0, 3.0),
        kl=4.0,
        mis=None,
        nlls=None,
    ):
        """Add done seeds (one a BCE), then failed ones; ``collapsed`` of the done collapse.

        ``mis`` and ``nlls`` are mi_lower and NLL by seed; NLL is bce + kl / 2 by itself.
        """
        first = 0 if phase == "search" else 1000
        for i, bce in enumerate(bces):
            pair = mi if mis is None else (mis[i], mis[i] + 1.0)
            nll = bce + kl / 2 if nlls is None else nlls[i]
            self._done(config, first + i, bce, phase, genre, method, i < collapsed, pair, kl, nll)
        for i in range(failed):
            row = self._row(config, first + len(bces) + i, phase, genre, method)
            self.rows.append(row | {"state": "failed", "failure": "loss is NaN", "attempts": 3})
        self.plan.append(
            {
                "genre": genre,
                "config_id": config.config_id,
                "phase": phase,
                "n_seeds": planned or len(bces) + failed,
            }
        )
        return config.config_id

    def _done(self, config, seed, bce, phase, genre, method, collapsed, mi, kl, nll):
        row = self._row(config, seed, phase, genre, method)
        lower, upper = (0.0, 0.1) if collapsed else mi
        for prefix in METRIC_PREFIXES:
            shifted = bce + (1.0 if "test" in prefix else 0.0)
            row |= {
                prefix + "bce": shifted,
                prefix + "kl": kl,
                prefix + "kl_bars": kl,
                prefix + "elbo": -(shifted + kl),
                prefix + "mi_lower": lower,
                prefix + "mi_upper": upper,
                prefix + "mi_cap": math.log(self.snippets),
                prefix + "active_units": 0 if collapsed else 5,
                prefix + "informative_share": upper / kl,
                prefix + "collapsed": collapsed,
                prefix + "n_snippets": self.snippets,
                prefix + "nll": nll + (1.0 if "test" in prefix else 0.0),
            }
        self.rows.append(row)
        for epoch, above in ((50, 30.0), (100, 0.0)):
            self.epochs.append(
                {key: row[key] for key in ("study", "genre", "config_id", "seed", "phase")}
                | {"epoch": epoch, "weight": 1.0, "train_bce": bce, "train_kl_bars": kl}
                | {k: v for k, v in row.items() if k.startswith("validation_")}
                | {"validation_bce": bce + above}
            )

    def _row(self, config, seed, phase, genre, method):
        return {
            "study": self.name,
            "genre": genre,
            "config_id": config.config_id,
            "seed": seed,
            "phase": phase,
            "method": method,
            "state": "informative",
            "failure": None,
            "attempts": 1,
            "latent_length": config.model.latent_length,
            "regularizers": config.model.regularizers,
            "bars": config.grid.bars,
            "annealing": str(config.annealing.kind),
            "annealing_start": config.annealing.start,
            "annealing_length": config.annealing.length,
            "annealing_cycles": config.annealing.cycles,
            "annealing_ratio": config.annealing.ratio,
            "free_bits": config.training.free_bits,
            "input_dropout": config.training.input_dropout,
            "hidden": config.model.hidden,
            "layers": config.model.layers,
            "snippet_steps": config.grid.snippet_steps,
            "steps_per_bar": config.grid.steps_per_bar,
            "steps_per_quarter": config.grid.steps_per_quarter,
            "epochs": config.training.epochs,
            "batch": str(config.training.batch),
            "learning_rate": config.training.learning_rate,
            "config": config.canonical_json(),
            "best_epoch": 100,
            "seconds": 36.0,
            "node": "box",
            "device": "cpu",
            "versions": '{"torch":"2.9.0"}',
            "checkpoint": None,
            "finished_at": "2026-01-01T00:00:00Z",
        }

    def tables(self):
        """The study as tables."""
        genres = [
            {
                "genre": genre,
                "fingerprint": "f" * 64,
                "train_songs": 96,
                "validation_songs": 12,
                "test_songs": 12,
                "validation_snippets": self.snippets,
                "test_snippets": self.snippets,
            }
            for genre in self.genres
        ]
        baselines = [
            {"genre": genre, "split": split, "baseline": name, "bce": bce}
            for genre in self.genres
            for split in ("validation", "test")
            for name, bce in self.baselines.items()
        ]
        planned = pd.DataFrame(self.plan, columns=["genre", "config_id", "phase", "n_seeds"])
        return StudyTables(
            name=self.name,
            state=StudyState(self.state),
            spec=self._spec(),
            results=frame([self._judged(row) for row in self.rows], RESULTS),
            curves=frame(self.epochs, CURVES),
            genres=pd.DataFrame(genres),
            baselines=pd.DataFrame(baselines, columns=["genre", "split", "baseline", "bce"]),
            planned=planned.astype({"n_seeds": "int64"}),
            corpus_path="/data/corpus",
        )

    def _judged(self, row):
        """A row as the product flattens it: with its state by the baselines."""
        if row["state"] == "failed":
            return row
        bce = row["validation_bce"]
        if bce is not None and bce >= self.baselines.get("markov", math.inf):
            unknown = {prefix + "collapsed": None for prefix in METRIC_PREFIXES}
            return row | unknown | {"state": "undertrained"}
        return row | {"state": "collapsed" if row["validation_collapsed"] else "informative"}

    def _spec(self):
        return specfile.resolve(
            {
                "name": self.name,
                "about": self.about,
                "corpus": {
                    "source": "music21",
                    "grid": {"steps_per_quarter": 4, "steps_per_bar": 4, "snippet_steps": 64},
                },
                "model": {"hidden": 48, "layers": 2},
                "training": {"epochs": 100},
                "search": {
                    "protocol": "search",
                    "space": "full",
                    "configurations": 60,
                    "finalists": 3,
                    "purpose": self.purpose,
                    "methods": True,
                },
                "seeds": {"search": 2, "confirm": self.confirm},
                "storage": {"ledger": "postgresql://ann:secret@db/ledger"},
            }
        )


def spread(mean, sd=1.0, n=10):
    """``n`` values (even) of exactly this mean, and sd ``sd * sqrt(n / (n - 1))``."""
    return [mean - sd, mean + sd] * (n // 2)


@pytest.fixture
def make_study():
    """The factory of studies."""
    return Study


@pytest.fixture
def make_config():
    """The factory of configurations."""
    return configuration


@pytest.fixture
def spread_around():
    """Values of a known mean and spread."""
    return spread


@pytest.fixture
def four_methods():
    """A finished study of the four methods and two searched configurations."""
    return build_four_methods()


def build_four_methods(genres=("jazz",)):
    """Four methods and three searched configurations a genre; ``musebar_bow`` is no winner."""
    study = Study(genres=genres)
    for genre in genres:
        methods = {
            "lstm_vae": (configuration(16), 10, 570.0, (0.0, 0.1)),
            "vae_bow": (configuration(16, 1, "linear"), 3, 568.0, (0.5, 0.9)),
            "musebar": (configuration(16, 8), 0, 567.0, (1.5, 2.0)),
            "musebar_bow": (configuration(16, 8, "linear"), 0, 566.0, (2.5, 3.1)),
        }
        for name, (config, collapsed, bce, mi) in methods.items():
            study.add(
                config,
                spread(bce),
                phase="methods",
                genre=genre,
                method=name,
                collapsed=collapsed,
                mi=mi,
                kl=mi[1] + 1,
            )
        winner = configuration(8, 4, "cosine", input_dropout=0.3)
        second = configuration(32, 16, "cosine", input_dropout=0.3)
        study.add(winner, spread(558.0, n=2), phase="search", genre=genre, mi=(3.0, 3.6), kl=5.0)
        study.add(winner, spread(560.0), genre=genre, mi=(3.0, 3.6), kl=5.0)
        study.add(second, spread(559.9), genre=genre, mi=(3.6, 4.4), kl=7.0)
        study.add(
            replace(second, annealing=Schedule()),
            [571.0],
            phase="search",
            genre=genre,
            failed=1,
            collapsed=1,
            kl=27.0,
        )
    return study


@pytest.fixture
def two_genres():
    """The four methods in two genres and their joint corpus."""
    return build_four_methods(("jazz", "rock", "overall"))


def build_rich(name, genres, state="finished"):
    """A study with something for every page: methods, a search, its finalists, a failure."""
    study = build_four_methods(genres)
    study.name, study.state, study.about = name, state, "What is <best> & why?"
    rng = random.Random(7)
    for genre in genres:
        for latent in (4, 8, 16):
            for r in (1, 4, 16):
                for kind in ("constant", "linear"):
                    bce = 562 + latent / 4 - r / 8 + rng.random()
                    mi = 0.3 + latent / 16 + r / 16
                    config = configuration(latent, r, kind, input_dropout=0.2, learning_rate=0.02)
                    study.add(
                        config,
                        [bce, bce + 1],
                        phase="search",
                        genre=genre,
                        kl=mi + 1.5,
                        mi=(mi, mi + 0.4),
                        collapsed=int(latent == 4 and r == 1),
                    )
        study.add(configuration(64, 1), [566.0] * 3, planned=10, genre=genre, failed=1)
    return study


@pytest.fixture(scope="session")
def rich_tables():
    """Makes the tables of a study with something for every page."""

    def make(name="demo", genres=("jazz",), state="finished"):
        study = build_rich(name, genres, state)
        for row in (*study.rows, *study.epochs):
            row["study"] = name
        return study.tables()

    return make


@pytest.fixture
def default_better(make_study, make_config):
    """Makes a study whose choice has the lower NLL, the paper's default the more telling code."""

    def make(**settings):
        study = make_study(purpose="representation", **settings)
        study.add(make_config(8), [500.0, 502.0] * 5, mi=(1.0, 1.5))
        study.add(
            make_config(16, 8, "linear"),
            [500.1, 502.1] * 5,
            mi=(3.0, 3.5),
            kl=60.0,
            phase="methods",
            method="musebar_bow",
        )
        return study

    return make


@pytest.fixture
def changed():
    """Makes a configuration that differs from one of ``make_config`` in one setting alone."""
    known = {"regularizers": 4, "annealing": "linear"}

    def make(config, entry):
        if entry.dtype == "boolean":
            other = not entry.of(config)
        elif entry.words:
            other = entry.words[-1]
        else:
            other = 0.25 if entry.dtype.lower() == "float64" else 6
        section = replace(
            getattr(config, entry.section), **{entry.field: known.get(entry.name, other)}
        )
        return replace(config, **{entry.section: section})

    return make
