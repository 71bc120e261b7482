r"""Baselines: what a model must beat. Fitted on the training songs, scored on snippets.

Each says, for every step t and pitch p of 128, the probability q that p sounds, from what
sounded at t - 1 at most; scored as the model's BCE is: nats a snippet, summed over steps and
pitches, mean over snippets. Counts are smoothed by adding one.

pitch_frequencies
    f(p) = the share of steps in which p sounds, ``(count + 1) / (n + 2)``.
markov
    q(p given s) = the share of steps with p after the symbol s, of the 129 (128 = rest). The one
    that is added is a step drawn from the pitch frequencies, ``(count + f(p)) / (n + 1)``: after
    a symbol that no training song has, q = f. `docs/decisions` says why not ``(count + 1) / (n +
    2)``, which gives each of 128 pitches a half there.
repeat_last
    q = a for the pitch that sounded one step before, b for any other; a and b are counted over
    all pitches together, ``(count + 1) / (n + 2)``.

The first step of a snippet has no predecessor: all three use the pitch frequencies there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musebar_core.corpus.grid import REST
from musebar_core.errors import CorpusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from musebar_core.corpus.store import GenreCorpus

PITCHES = 128
SYMBOLS = REST + 1


@dataclass(frozen=True, eq=False)
class Baselines:
    """Fitted baselines.

    Attributes
    ----------
    first_nats
        Float64 ``[129]``: BCE of a snippet's first step, by its symbol.
    step_nats
        Baseline to float64 ``[129, 129]``: BCE of a step, by the symbol before and its own.
    """

    first_nats: NDArray[np.float64]
    step_nats: dict[str, NDArray[np.float64]]

    def score(self, snippets: NDArray[np.uint8]) -> dict[str, float]:
        """BCE of each baseline, nats a snippet, mean over snippets uint8 ``[N, T]``."""
        symbols = snippets.astype(np.intp)
        first = self.first_nats[symbols[:, 0]]
        return {
            name: float((first + nats[symbols[:, :-1], symbols[:, 1:]].sum(axis=1)).mean())
            for name, nats in self.step_nats.items()
        }


def fit_baselines(view: GenreCorpus) -> Baselines:
    """Fit the three baselines on the songs of the train split.

    Raises
    ------
    CorpusError
        If there is no training song.
    """
    frequencies = pitch_frequencies(view)
    pairs = _transition_counts(view)
    steps = {
        "pitch_frequencies": np.tile(frequencies, (SYMBOLS, 1)),
        "markov": (pairs[:, :PITCHES] + frequencies) / (pairs.sum(axis=1, keepdims=True) + 1),
        "repeat_last": _repeat_last(pairs),
    }
    nats = {name: _nats(probabilities) for name, probabilities in steps.items()}
    return Baselines(_nats(frequencies[None])[0], nats)


def pitch_frequencies(view: GenreCorpus) -> NDArray[np.float64]:
    """Share of the training steps in which each pitch sounds, add-one smoothed: float64 ``[128]``.

    Raises
    ------
    CorpusError
        If there is no training song.
    """
    songs = view.songs("train")
    if not songs:
        raise CorpusError(f"genre '{view.name}' has no training song: add songs")
    counts = np.sum([np.bincount(song.pitches, minlength=SYMBOLS) for song in songs], axis=0)
    frequencies: NDArray[np.float64] = (counts[:PITCHES] + 1) / (counts.sum() + 2)
    return frequencies


def _transition_counts(view: GenreCorpus) -> NDArray[np.float64]:
    """How often each symbol follows each: float64 ``[129, 129]``, never across two songs."""
    counts = np.zeros(SYMBOLS * SYMBOLS, np.int64)
    for song in view.songs("train"):
        symbols = song.pitches.astype(np.int64)
        counts += np.bincount(symbols[:-1] * SYMBOLS + symbols[1:], minlength=SYMBOLS * SYMBOLS)
    return counts.reshape(SYMBOLS, SYMBOLS).astype(np.float64)


def _repeat_last(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of each pitch ``[129, 128]`` after each symbol, from two shares."""
    stayed = np.trace(pairs[:PITCHES, :PITCHES])
    sounded = pairs[:PITCHES].sum()
    entered = pairs[:, :PITCHES].sum() - stayed
    silent = PITCHES * pairs.sum() - sounded
    probabilities = np.full((SYMBOLS, PITCHES), (entered + 1) / (silent + 2))
    np.fill_diagonal(probabilities, (stayed + 1) / (sounded + 2))
    return probabilities


def _nats(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """BCE of one step for each symbol that may sound: ``[S, 128]`` -> ``[S, 129]``."""
    silence = -np.log1p(-probabilities)
    all_silent = silence.sum(axis=1, keepdims=True)
    nats: NDArray[np.float64] = np.repeat(all_silent, SYMBOLS, axis=1)
    nats[:, :PITCHES] += -np.log(probabilities) - silence
    return nats
