"""Studies of the paper's claims whose truth is known, drawn seed by seed.

Figures are in standard deviations of a run. A seed's luck is shared by the arms of a genre; MI and
KL of a run are alike to six tenths of their variance, and so are BCE and NLL, turned round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.answers.arms import Arm, ArmRuns, Arms
from reports.answers.claims import Answer, Claim, Measure
from reports.answers.methods import VANILLA, Method
from reports.answers.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SEEDS = 10
SHARED = 0.5
"""Standard deviation of the luck that all arms of a seed share."""

ALIKE = 0.6
"""Share of a run's variance that its four figures have in common."""

DRAWN = (Measure.MI, Measure.KL, Measure.BCE, Measure.NLL)
TURNED = np.array([1.0, 1.0, -1.0, -1.0])
COST = np.array([-1.0, -1.0, 0.6, 0.4])
"""How far a collapsed run lies from the others, in the given distance."""


@dataclass(frozen=True)
class Truth:
    """What studies are drawn from.

    Attributes
    ----------
    rates
        Method to the share of its runs that collapse.
    far
        How far a collapsed run lies away.
    n_genres
        Genres that the mean is over.
    equal_means
        Whether methods of different rates have equal means all the same: what the collapsed runs
        take away the others have more.
    worse
        Nats of NLL that the methods but vanilla are worse than it.
    """

    rates: Mapping[Method, float]
    far: float = 5.0
    n_genres: int = 2
    equal_means: bool = True
    worse: float = 0.0


ALL_ALIKE = dict.fromkeys(Method, 0.0)
ALL_COLLAPSE = dict.fromkeys(Method, 0.1)
VANILLA_ALONE = {name: 0.1 * (name is VANILLA) for name in Method}
ALL_BUT_VANILLA = {name: 0.1 * (name is not VANILLA) for name in Method}


def draw(truth: Truth, rng: np.random.Generator) -> Arms:
    """Draw a study of the four methods."""
    genres = tuple(f"genre {i}" for i in range(truth.n_genres))
    luck = SHARED * rng.normal(size=(truth.n_genres, SEEDS, 4))
    methods: dict[Method, Arm] = {}
    for name in Method:
        shape = (truth.n_genres, SEEDS)
        values = np.sqrt(ALIKE) * rng.normal(size=(*shape, 1)) * TURNED
        values = values + np.sqrt(1 - ALIKE) * rng.normal(size=(*shape, 4)) + luck
        values[..., 3] += truth.worse * (name is not VANILLA)
        collapsed = rng.random(shape) < truth.rates[name]
        cost = truth.far * COST
        values += collapsed[..., None] * cost - truth.equal_means * truth.rates[name] * cost
        methods[name] = {genre: _runs(values[i], collapsed[i]) for i, genre in enumerate(genres)}
    return Arms(genres, genres, methods, {1.0: methods[VANILLA]})


def draw_control(rng: np.random.Generator, n_genres: int = 2, gain: float = 0.0) -> Arms:
    """Draw MuseBar and plain VAEs of five weights that lie on one and the same concave curve.

    Its MI at a KL is ``gain`` above the curve; a run's KL scatters by a fifth, MI, BCE and NLL
    about the curve by a tenth of a nat and half a nat.
    """
    genres = tuple(f"genre {i}" for i in range(n_genres))

    def arm(kl: float, more: float) -> Arm:
        return {
            genre: _runs(_on_curve(kl, more, rng), np.zeros(SEEDS, dtype=bool)) for genre in genres
        }

    rates = {1.0: 0.5, 0.9: 0.7, 0.75: 1.2, 0.5: 2.4, 0.25: 5.0}
    weights = {weight: arm(kl, 0.0) for weight, kl in rates.items()}
    methods = dict.fromkeys(Method, weights[1.0]) | {Method.MUSEBAR: arm(1.5, gain)}
    return Arms(genres, genres, methods, weights)


def _on_curve(kl: float, more: float, rng: np.random.Generator) -> NDArray[np.float64]:
    rate = kl * np.exp(0.2 * rng.normal(size=SEEDS))
    noise = rng.normal(size=(SEEDS, 3)) * [0.1, 0.5, 0.5]
    information = 3 * (1 - np.exp(-rate / 4)) + more
    figures = [information + noise[:, 0], rate, 100 - rate + noise[:, 1], 101 + noise[:, 2]]
    return np.stack(figures, axis=1)


def _runs(values: NDArray[np.float64], collapsed: NDArray[np.bool_]) -> ArmRuns:
    trained = {
        seed: dict(zip(DRAWN, row.tolist(), strict=True))
        | {Measure.COLLAPSED: float(collapsed[seed])}
        for seed, row in enumerate(values)
    }
    return ArmRuns(SEEDS, trained)


def called(truth: Truth, studies: int, seed: int = 0) -> int:
    """Studies in which some claim without an effect was called, of so many.

    Where rates differ, collapse has an effect and is not counted. NLL that is no worse is a
    right answer where nothing is worse.
    """
    rng = np.random.default_rng([7, seed, truth.n_genres])
    same = len(set(truth.rates.values())) == 1
    found = 0
    for _ in range(studies):
        found += any(
            one.answer is Answer.DOES_NOT
            or (one.answer is Answer.HOLDS and one.measure is not Measure.NLL)
            for one in judge(draw(truth, rng), SEEDS)
            if one.claim is not Claim.CONTROL and (same or one.measure is not Measure.COLLAPSED)
        )
    return found


def called_no_worse(truth: Truth, studies: int) -> int:
    """Studies in which a method that is worse than vanilla was called no worse."""
    rng = np.random.default_rng([8, truth.n_genres])
    vanilla = {Claim.ANNEALING, Claim.BARWISE, Claim.BOTH}
    return sum(
        any(
            one.answer is Answer.HOLDS
            for one in judge(draw(truth, rng), SEEDS)
            if one.measure is Measure.NLL and one.claim in vanilla
        )
        for _ in range(studies)
    )


def called_control(studies: int, gain: float = 0.0) -> int:
    """Studies in which MuseBar was told from the KL weight of its own KL."""
    rng = np.random.default_rng([9, int(100 * gain)])
    return sum(
        any(
            one.answer in {Answer.HOLDS, Answer.DOES_NOT}
            for one in judge(draw_control(rng, gain=gain), SEEDS)
            if one.claim is Claim.CONTROL and one.measure is not Measure.NLL
        )
        for _ in range(studies)
    )
