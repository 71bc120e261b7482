"""Further measures of a trained model: what its code is worth, and what its melodies are like.

They stand beside the losses and the mutual information of :mod:`musebar_core.metrics`, cost
seconds, and are taken on demand. Shapes: N snippets, T steps, P = 128 pitches, L latent
dimensions, K draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from musebar_core.code import importance_nll
from musebar_core.corpus import evaluation_snippets
from musebar_core.generation import generate, interpolation
from musebar_core.melodies import Character, Likeness, character, compare
from musebar_core.model import piano_roll, sample
from musebar_core.objective import bce, kl
from musebar_core.randomness import Purpose, latent_noise, stream

if TYPE_CHECKING:
    from torch import Tensor

    from musebar_core.config import Configuration, Grid
    from musebar_core.corpus import GenreCorpus
    from musebar_core.model import RVAE

DRAWS = 16
"""K: importance samples a snippet."""

MOST_SNIPPETS = 128
"""Snippets a split is measured on, and melodies generated."""

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Points of the rate-distortion curve on the way from the prior to the posterior."""

PATHS = 16
"""Pairs of snippets that are walked between."""

PATH_POINTS = 9


@dataclass(frozen=True)
class RatePoint:
    """Rate (KL) and distortion (BCE) of one code, nats per snippet."""

    share: float
    rate: float
    distortion: float


@dataclass(frozen=True)
class Measures:
    """Further measures on one split.

    Attributes
    ----------
    importance_nll
        Importance-weighted bound on the negative log-likelihood, nats per snippet, K = ``draws``:
        never above the BCE + KL of the same snippets in expectation, lower is better.
    rate_distortion
        From the prior (share 0) to the posterior (share 1).
    code_worth
        Nats of BCE per snippet that a snippet's own code saves against another snippet's: what
        the decoder makes of the code's information. 0 where it hears none.
    path_ratio
        Length of the way between two snippets' codes in Hamming distance of the melodies,
        over the distance of its ends: 1 changes each step once, more goes to and fro. Mean over
        pairs; None where all ends are alike.
    largest_jump
        Largest share of steps that change from one point of the way to the next; mean over
        pairs.
    generated, held_out
        What melodies decoded from the prior are like, and the snippets of the split.
    likeness
        Of generated against held-out melodies.
    likeness_of_songs
        Of training against held-out snippets: what to expect of music of the genre itself.
    n_snippets, draws
        N and K.
    """

    importance_nll: float
    rate_distortion: tuple[RatePoint, ...]
    code_worth: float
    path_ratio: float | None
    largest_jump: float
    generated: Character
    held_out: Character
    likeness: Likeness
    likeness_of_songs: Likeness
    n_snippets: int
    draws: int


@torch.no_grad()
def measures(
    config: Configuration,
    corpus: GenreCorpus,
    model: RVAE,
    split: str,
    *,
    snippets: int = MOST_SNIPPETS,
    draws: int = DRAWS,
) -> Measures:
    """Take all further measures of a model on a split, always with the same noise.

    Parameters
    ----------
    snippets
        Snippets of the split, evenly strided, and melodies generated; or all there are.
    draws
        Importance samples a snippet.
    """
    model.eval()
    pitches = evaluation_snippets(corpus, split, config.grid, snippets)
    songs = evaluation_snippets(corpus, "train", config.grid, snippets)
    roll = piano_roll(torch.from_numpy(pitches))
    mu, logvar = (each[:, -1] for each in model.encode(roll))
    length, n = config.model.latent_length, len(pitches)
    noise = latent_noise(_stream(corpus, split, "importance"), draws * n, length)
    curve = rate_distortion(model, roll, mu, logvar, noise[:n])
    ways = [
        walk(model, a, b, config.grid.snippet_steps, _stream(corpus, split, f"way {k}"))
        for k, (a, b) in enumerate(_pairs(mu))
    ]
    ratios = [ratio for ratio, _ in ways if ratio is not None]
    rng = _stream(corpus, split, "prior")
    prior = latent_noise(rng, n, length)
    melodies = generate(model, prior, config.grid.snippet_steps, rng)
    bar = config.grid.steps_per_bar
    return Measures(
        importance_nll=float(
            importance_nll(model, roll, mu, logvar, noise.view(draws, n, length)).mean()
        ),
        rate_distortion=curve,
        code_worth=code_worth(model, roll, sample(mu[:, None], logvar[:, None], noise[:n])),
        path_ratio=float(np.mean(ratios)) if ratios else None,
        largest_jump=float(np.mean([jump for _, jump in ways])),
        generated=character(melodies, bar),
        held_out=character(pitches, bar),
        likeness=compare(melodies, pitches, bar),
        likeness_of_songs=compare(songs, pitches, bar),
        n_snippets=n,
        draws=draws,
    )


@dataclass(frozen=True)
class BesideSongs:
    """Melodies beside songs that their model has not seen.

    Attributes
    ----------
    melodies, songs
        What both are like.
    likeness, likeness_of_songs
        Of the melodies to the songs, and of as many songs of the training split.
    steps
        Steps of each that were compared.
    n_melodies, n_songs
        How many.
    """

    melodies: Character
    songs: Character
    likeness: Likeness
    likeness_of_songs: Likeness
    steps: int
    n_melodies: int
    n_songs: int


def compared_steps(steps: int, grid: Grid) -> int:
    """Steps by which melodies of so many are judged: whole bars, a snippet at most; 0 under one."""
    return min(steps // grid.steps_per_bar * grid.steps_per_bar, grid.snippet_steps)


def beside_songs(
    grid: Grid, corpus: GenreCorpus, melodies: np.ndarray, split: str = "validation"
) -> BesideSongs:
    """Compare melodies uint8 ``[N, T]``, T at least a bar, with snippets of a split as long."""
    steps, bar = compared_steps(melodies.shape[1], grid), grid.steps_per_bar
    cut = replace(grid, snippet_steps=steps)
    songs = evaluation_snippets(corpus, split, cut, MOST_SNIPPETS)
    trained = evaluation_snippets(corpus, "train", cut, len(melodies))
    return BesideSongs(
        melodies=character(melodies[:, :steps], bar),
        songs=character(songs, bar),
        likeness=compare(melodies[:, :steps], songs, bar),
        likeness_of_songs=compare(trained, songs, bar),
        steps=steps,
        n_melodies=len(melodies),
        n_songs=len(songs),
    )


def rate_distortion(
    model: RVAE,
    roll: Tensor,
    mu: Tensor,
    logvar: Tensor,
    noise: Tensor,
    shares: tuple[float, ...] = SHARES,
) -> tuple[RatePoint, ...]:
    """Rate and distortion of codes between prior and posterior.

    At share a the code is drawn from the Gaussian proportional to posterior^a * prior^(1-a), the
    geometric path of annealed importance sampling (Neal 2001; rate and distortion as in Alemi
    et al. 2018). Every point can be reached by this decoder, so that the curve lies on or above
    its true rate-distortion function (Huang et al. 2020); that of a collapsed model is a point.

    Parameters
    ----------
    noise
        Standard normal draws, ``[N, L]``, the same for all shares.
    """
    points = []
    for share in shares:
        precision = share * (-logvar).exp() + (1 - share)
        mean, log_variance = share * mu * (-logvar).exp() / precision, -precision.log()
        z = mean + (0.5 * log_variance).exp() * noise
        distortion = bce(model.decode(roll, z), roll).double().mean()
        rate = kl(mean.double(), log_variance.double()).mean()
        points.append(RatePoint(share, float(rate), float(distortion)))
    return tuple(points)


def code_worth(model: RVAE, roll: Tensor, z: Tensor) -> float:
    """BCE of snippets ``[N, T, P]`` with codes of other snippets minus with their own ``[N, L]``.

    The other snippet is half the split away: of another song wherever there is one.
    """
    others = z.roll(len(z) // 2, dims=0)
    own, swapped = (bce(model.decode(roll, each), roll).double().mean() for each in (z, others))
    return float(swapped - own)


def walk(
    model: RVAE, start: Tensor, end: Tensor, steps: int, rng: np.random.Generator
) -> tuple[float | None, float]:
    """Walk from one code ``[L]`` to another, decoding with the same random numbers all along.

    Returns
    -------
    tuple
        Length of the way over the distance of its ends (None where the ends decode alike), and
        the largest distance of two neighbours; distances are the share of steps that differ
        (Hamming distance, as in MusicVAE, Roberts et al. 2018, section 5.2).
    """
    codes = interpolation(start, end, PATH_POINTS)
    state = rng.bit_generator.state
    melodies = []
    for code in codes:
        rng.bit_generator.state = state
        melodies.append(generate(model, code[None], steps, rng)[0])
    line = np.array(melodies)
    moves = (line[1:] != line[:-1]).mean(axis=1)
    apart = float((line[0] != line[-1]).mean())
    return (float(moves.sum()) / apart if apart else None), float(moves.max())


def _pairs(mu: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Snippets half the split apart: of different songs wherever there are some."""
    half = len(mu) // 2
    chosen = np.unique(np.linspace(0, half - 1, min(PATHS, half)).astype(int))
    return [(mu[k], mu[k + half]) for k in chosen.tolist()]


def _stream(corpus: GenreCorpus, split: str, what: str) -> np.random.Generator:
    return stream(corpus.fingerprint, Purpose.EVALUATION, split, what)
