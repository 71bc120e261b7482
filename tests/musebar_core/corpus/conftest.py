"""MIDI files written on the fly: no binary fixtures."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pretty_midi
import pytest

from musebar_core.config import Grid

if TYPE_CHECKING:
    from pathlib import Path

Rows = list[tuple[float, float, int]]


def _write_midi(path: Path, tracks: dict[str, Rows], bpm: float = 120.0) -> Path:
    """Write tracks of (onset, duration, pitch) in quarter notes; one named drums is drums."""
    piece = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=bpm)
    seconds = 60 / bpm
    for name, rows in tracks.items():
        instrument = pretty_midi.Instrument(0, is_drum=name == "drums", name=name)
        instrument.notes = [
            pretty_midi.Note(90, pitch, onset * seconds, (onset + duration) * seconds)
            for onset, duration, pitch in rows
        ]
        piece.instruments.append(instrument)
    path.parent.mkdir(parents=True, exist_ok=True)
    piece.write(str(path))
    return path


def _tune(seed: int, n: int = 24) -> Rows:
    """A tune of ``n`` quarter notes, another for each seed."""
    rng = random.Random(seed)
    return [(float(i), 1.0, rng.randint(55, 80)) for i in range(n)]


@pytest.fixture(scope="session")
def write_midi():
    return _write_midi


@pytest.fixture(scope="session")
def tune():
    return _tune


@pytest.fixture
def grid():
    return Grid(1, 4, 16)


@pytest.fixture
def source(tmp_path, write_midi, tune):
    """Two genres of ten different songs each."""
    folder = tmp_path / "music"
    for g, genre in enumerate(("jazz", "pop")):
        for i in range(10):
            write_midi(folder / genre / f"song{i}.mid", {"Melody": tune(100 * g + i)})
    return folder
