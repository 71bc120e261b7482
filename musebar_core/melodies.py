"""What melodies are like: range, density, repetition, key, histograms of pitches and intervals.

Shapes: N melodies, T steps; symbols 0-128, 128 = rest; NumPy alone. A note is a run of equal
sounding symbols, as a roll cannot tell a held note from a repeated one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import REST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
"""Semitones of a major scale over its tonic; a natural minor scale has those of its relative."""

WIDEST_INTERVAL = 12
"""Larger intervals are counted as this one, up or down."""

RUN_NOTES = 4
"""Notes of the runs whose intervals :func:`shared_runs` compares."""

DENSITY_BINS = 8
REPETITION_BINS = 8


@dataclass(frozen=True)
class Character:
    """Means over melodies; None where no melody has what it takes.

    Attributes
    ----------
    pitch_range
        Semitones from the lowest to the highest note; of melodies with a note.
    note_density
        Notes a bar.
    rest_share
        Share of steps that are rests.
    repetition
        Share of bars after the first that repeat an earlier bar of the melody step by step.
    out_of_key
        Share of sounding steps outside the best of the twelve major scales; of melodies with a
        note (1 - muspy's scale consistency; Mogren 2016).
    """

    pitch_range: float | None
    note_density: float
    rest_share: float
    repetition: float | None
    out_of_key: float | None


def character(melodies: NDArray[np.uint8], steps_per_bar: int) -> Character:
    """Describe melodies uint8 ``[N, T]``, T a multiple of ``steps_per_bar``."""
    sounding = [melody[melody != REST] for melody in melodies]
    pitched = [pitches for pitches in sounding if len(pitches)]
    return Character(
        pitch_range=_mean([float(np.ptp(pitches.astype(int))) for pitches in pitched]),
        note_density=float(note_density(melodies, steps_per_bar).mean()),
        rest_share=float((melodies == REST).mean()),
        repetition=_mean(repetition(melodies, steps_per_bar)),
        out_of_key=_mean([out_of_key(pitches) for pitches in pitched]),
    )


def note_density(melodies: NDArray[np.uint8], steps_per_bar: int) -> NDArray[np.float64]:
    """Notes a bar of each melody, float64 ``[N]``."""
    bars = melodies.shape[1] / steps_per_bar
    density: NDArray[np.float64] = _onsets(melodies).sum(axis=1) / bars
    return density


def repetition(melodies: NDArray[np.uint8], steps_per_bar: int) -> list[float]:
    """Share of each melody's bars after the first that repeat an earlier one; of one bar: empty."""
    bars = melodies.reshape(len(melodies), -1, steps_per_bar)
    n_bars = bars.shape[1]
    if n_bars < 2:
        return []
    distinct = [len({bar.tobytes() for bar in melody}) for melody in bars]
    return [(n_bars - d) / (n_bars - 1) for d in distinct]


def out_of_key(pitches: NDArray[np.uint8]) -> float:
    """Share of sounding pitches ``[K]``, K > 0, outside the major scale that holds most of them."""
    counts = np.bincount(pitches % 12, minlength=12)
    inside = max(
        counts[[(tonic + degree) % 12 for degree in MAJOR_SCALE]].sum() for tonic in range(12)
    )
    return float(1 - inside / counts.sum())


def pitch_classes(melodies: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Histogram of the pitch classes of sounding steps, float64 ``[12]``, C first."""
    return np.bincount(melodies[melodies != REST] % 12, minlength=12).astype(np.float64)


def intervals(melodies: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Histogram of the intervals from note to note within melodies, float64 ``[25]``.

    From an octave or more down, through 0 (a note again after a rest), to an octave or more up.
    """
    steps = [_notes(melody) for melody in melodies]
    jumps = np.concatenate([np.diff(notes) for notes in steps] or [np.zeros(0, int)])
    clipped = np.clip(jumps, -WIDEST_INTERVAL, WIDEST_INTERVAL) + WIDEST_INTERVAL
    return np.bincount(clipped, minlength=2 * WIDEST_INTERVAL + 1).astype(np.float64)


def shared_runs(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float | None:
    """Share of the runs of :data:`RUN_NOTES` notes in one that occur in the other, as intervals.

    Of all runs, those that come again counted again; the more melodies ``other`` has, the more it
    shares. None where ``one`` has no run.
    """
    known = set(_runs(other))
    runs = _runs(one)
    return float(np.mean([run in known for run in runs])) if runs else None


def _runs(melodies: NDArray[np.uint8]) -> list[tuple[int, ...]]:
    """Intervals of every run of :data:`RUN_NOTES` successive notes."""
    jumps = [np.diff(_notes(melody)).tolist() for melody in melodies]
    length = RUN_NOTES - 1
    return [
        tuple(line[first : first + length])
        for line in jumps
        for first in range(len(line) - length + 1)
    ]


def divergence(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Jensen-Shannon divergence of two histograms in bits: 0 for alike, 1 for disjoint.

    None where one of them is empty.
    """
    from scipy.spatial.distance import jensenshannon

    if not (one.sum() and other.sum()):
        return None
    return float(jensenshannon(one, other, base=2) ** 2)


def overlap(
    one: Sequence[float], other: Sequence[float], low: float, high: float, bins: int
) -> float | None:
    """Area that two samples' histograms share, 0 to 1 (overlapping area, Yang and Lerch 2020).

    Counted in ``bins`` equal bins from ``low`` to ``high``, where their kernel densities would
    need a bandwidth. None where one of them is empty.
    """
    if not (len(one) and len(other)):
        return None
    shares = [
        np.histogram(np.clip(sample, low, high), bins, (low, high))[0] / len(sample)
        for sample in (one, other)
    ]
    return float(np.minimum(*shares).sum())


@dataclass(frozen=True)
class Likeness:
    """How two sets of melodies compare; None where one of them has nothing to count.

    Attributes
    ----------
    pitch_classes, intervals
        Jensen-Shannon divergence of the histograms, bits; 0 is alike.
    note_density, repetition
        Shared area of the histograms over melodies, a share; 1 is alike.
    shared_runs
        Share of the first's runs of four notes that the other has too, in whatever key.
    """

    pitch_classes: float | None
    intervals: float | None
    note_density: float | None
    repetition: float | None
    shared_runs: float | None


def compare(one: NDArray[np.uint8], other: NDArray[np.uint8], steps_per_bar: int) -> Likeness:
    """Compare melodies uint8 ``[N, T]`` with others of the same T ``[M, T]``."""
    return Likeness(
        pitch_classes=divergence(pitch_classes(one), pitch_classes(other)),
        intervals=divergence(intervals(one), intervals(other)),
        note_density=overlap(
            note_density(one, steps_per_bar).tolist(),
            note_density(other, steps_per_bar).tolist(),
            0,
            steps_per_bar,
            DENSITY_BINS,
        ),
        repetition=overlap(
            repetition(one, steps_per_bar), repetition(other, steps_per_bar), 0, 1, REPETITION_BINS
        ),
        shared_runs=shared_runs(one, other),
    )


def _onsets(melodies: NDArray[np.uint8]) -> NDArray[np.bool_]:
    starts = np.ones(melodies.shape, dtype=bool)
    starts[:, 1:] = melodies[:, 1:] != melodies[:, :-1]
    onsets: NDArray[np.bool_] = starts & (melodies != REST)
    return onsets


def _notes(melody: NDArray[np.uint8]) -> NDArray[np.int64]:
    notes: NDArray[np.int64] = melody[_onsets(melody[None])[0]].astype(np.int64)
    return notes


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if len(values) else None
