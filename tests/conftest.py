"""Music made on the spot, a small corpus of it, and a way to run the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import numpy as np
import pretty_midi
import pytest

from musebar_core import memory
from musebar_core.annealing import Schedule
from musebar_core.config import Configuration, Grid, ModelConfig, TrainingConfig
from musebar_core.corpus import build_corpus

if TYPE_CHECKING:
    from pathlib import Path

SECONDS_PER_QUARTER = 0.5

PATIENCE = 600
"""Seconds that a test waits for a process: one that hangs fails, one on a busy machine does not."""


def pytest_configure() -> None:
    """One thread each: tiny tensors gain nothing by more, and threads that wait spin.

    A shell's background job ignores Ctrl-C, and so would every process that the tests start.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def memory_is_given_back():
    """Tests share a process, and some of them measure what is free."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "keep", lambda: None)
        patch.setattr(memory, "collect_seldom", lambda: None)
        yield


def write_song(path: Path, seed: int, steps: int = 96, centre: int = 64) -> None:
    """A random walk on a pentatonic scale, a quarter note a step, rests here and there."""
    rng = np.random.default_rng(seed)
    tones = {}
    scale = [centre + 12 * octave + degree for octave in (-1, 0, 1) for degree in (0, 2, 4, 7, 9)]
    place = 7
    for step in range(steps):
        place = int(np.clip(place + rng.integers(-2, 3), 0, len(scale) - 1))
        if rng.random() < 0.9 or step in (0, steps - 1):
            tones[step] = scale[place]
    write_notes(path, tones)


def write_lot(path: Path, seed: int, steps: int, lowest: int) -> None:
    """Tones of three octaves drawn by lot: no step tells of the next.

    So a Markov chain of few songs is worse than the pitch frequencies that a model begins with, and
    the tiniest run is trained.
    """
    tones = np.random.default_rng(seed).integers(lowest, lowest + 36, size=steps)
    write_notes(path, dict(enumerate(map(int, tones))))


def write_notes(path: Path, tones: dict[int, int]) -> None:
    """A melody: pitches by the step, a quarter note, that each sounds in."""
    piano = pretty_midi.Instrument(program=0, name="melody")
    for step, pitch in tones.items():
        begin = step * SECONDS_PER_QUARTER
        piano.notes.append(pretty_midi.Note(80, pitch, begin, begin + SECONDS_PER_QUARTER))
    midi = pretty_midi.PrettyMIDI(initial_tempo=120)
    midi.instruments.append(piano)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.write(str(path))


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two genres, fifteen songs each."""
    folder = tmp_path_factory.mktemp("music")
    for genre, centre in (("low", 55), ("high", 72)):
        for song in range(15):
            write_song(folder / genre / f"{song:02}.mid", seed=song + centre, centre=centre)
    return folder


@pytest.fixture(scope="session")
def corpus(music: Path, tmp_path_factory: pytest.TempPathFactory):
    """The corpus of ``music`` on a quarter-note grid."""
    out = tmp_path_factory.mktemp("corpora") / "music"
    return build_corpus(music, out, Grid(1, 4, 16), workers=0)


@pytest.fixture(scope="session")
def configuration():
    """Makes tiny configurations: 16 steps, 4 bars, 8 hidden units, 12 epochs."""

    def make(latent=4, regularizers=2, annealing=None, hidden=8, **training):
        settings = {
            "epochs": 12,
            "evaluate_every": 4,
            "batch": 4,
            "learning_rate": 0.01,
            "evaluation_snippets": 16,
        } | training
        return Configuration(
            grid=Grid(1, 4, 16),
            model=ModelConfig(hidden, 2, latent, regularizers),
            annealing=annealing or Schedule(),
            training=TrainingConfig(**settings),
        )

    return make


TINY = {
    "corpus.grid": "{steps_per_quarter: 1, steps_per_bar: 4, snippet_steps: 16}",
    "corpus.include_overall": "false",
    "model": "{hidden: 8, layers: 1, latent_length: 4, regularizers: {every: 2}}",
    "training": "{profile: strong, epochs: 6, batch: 4, evaluate_every: 3, "
    "evaluation_snippets: 16}",
    "search.choices": "{latent_length: [2, 4, 8], input_dropout: [0.0, 0.5]}",
    "search.fixed": "{free_bits: 0, annealing: linear, annealing_length: 0.5}",
    "search.configurations": "4",
    "search.generation": "2",
    "search.finalists": "2",
    "seeds": "{search: 2, confirm: 3}",
}
"""Overrides that make the preset ``search`` a matter of seconds."""


@pytest.fixture(scope="session")
def tiny_settings(music: Path) -> dict[str, str]:
    """The overrides of a tiny search over ``music``."""
    return {"corpus.source": str(music)} | TINY


@pytest.fixture
def tiny(music: Path):
    """The ``--set`` arguments of a tiny search over ``music``, changed as asked."""

    def arguments(**changes: str) -> list[str]:
        values = {"corpus.source": str(music)} | TINY
        values |= {key.replace("__", "."): value for key, value in changes.items()}
        return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]

    return arguments


@pytest.fixture
def tiny_spec(music: Path):
    """The spec of a tiny search over ``music``, changed as asked."""
    from study.spec import specfile

    def make(name: str = "tiny", **changes: str):
        values = {"corpus.source": str(music)} | TINY
        values |= {key.replace("__", "."): value for key, value in changes.items()}
        return specfile.load("search", [f"{k}={v}" for k, v in values.items()], name)

    return make


def musebar_command() -> list[str]:
    """The installed command, run by the interpreter that runs the tests."""
    return [sys.executable, "-c", "from musebar.cli import main; main()"]


@pytest.fixture
def musebar(tmp_path: Path):
    """Runs ``musebar`` in a process of its own, in an empty folder."""

    def run(*arguments: str | Path, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*musebar_command(), *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"COLUMNS": "120", "MUSEBAR_HOME": str(tmp_path / "studies")},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server; a test that needs it to itself makes one of its own."""
    from tests.postgres import Postgres, skip_where_missing

    skip_where_missing()
    with Postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres) -> str:
    """The URL, with its password, of an empty database."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.run(f"CREATE DATABASE {name}")
    return postgres.url(name)


@pytest.fixture(scope="session")
def object_storage():
    """An S3-compatible server."""
    from tests.s3 import ObjectStorage, binary
    from tests.services import missing

    if binary() is None:
        missing("moto's server is not installed: make object-storage")
    with ObjectStorage() as server:
        yield server


@pytest.fixture
def s3(object_storage, monkeypatch) -> str:
    """The URL of an empty folder on it, and the environment to reach it."""
    for name, value in object_storage.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/{uuid.uuid4().hex}"
