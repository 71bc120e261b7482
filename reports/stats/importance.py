"""Which settings matter for being among the best: PED-ANOVA, and how sure that is.

PED-ANOVA (Watanabe, Bansal and Hutter 2023) compares how a setting's values are spread among
the best configurations with how they are spread among all. It is Optuna's; only its evaluator is
used here, on a study kept in memory and rebuilt from the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 10
"""Configurations below which nothing is said."""

BEST = 0.25
"""Share of configurations that count as the best."""

RESAMPLES, LARGEST = 25, 200
"""Resamples, and configurations in each at most: of more, the interval is wider than it need be."""


@dataclass(frozen=True)
class Importance:
    """How much one setting matters, as a share of all.

    Attributes
    ----------
    share
        PED-ANOVA's share over all configurations; shares add up to 1.
    interval
        The middle 80% over resamples of configurations and of their seeds.
    """

    name: str
    share: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Importances:
    """Every varied setting, the most important first; ``resamples`` tell how sure that is."""

    settings: tuple[Importance, ...]
    n_configurations: int
    resamples: int


SEVERAL, RARE = 2, 0.1
"""Configurations, and share of all, that two values of a setting need so that it can be weighed."""


def weighable(cells: Sequence[object]) -> bool:
    """Whether the values of a setting were tried often enough to be compared.

    Where all but one value are rare, as in an ablation, the setting looks unimportant however much
    it ruins the few that have it.
    """
    least = max(SEVERAL, RARE * len(cells))
    return sum(n >= least for n in Counter(cells).values()) > 1


Cells = Mapping[str, str | float]
"""One configuration's value of each setting that varied, by name."""


def importances(
    settings: Sequence[Cells], means: Sequence[float], seeds: Sequence[Sequence[float]]
) -> Importances | None:
    """Weigh the settings against each other by a cost, such as mean validation BCE.

    None where fewer than :data:`FEWEST` configurations or two settings were tried, or where
    all configurations are alike.

    Parameters
    ----------
    settings
        ``[k]``: one a configuration, all of the same settings.
    means
        ``[k]``: mean cost of each, less is better.
    seeds
        ``[k]``: the cost of each of its seeds.
    """
    if len(settings) < FEWEST or len(settings[0]) < 2 or len(set(means)) < 2:
        return None
    names = list(settings[0])
    places = _places(settings)
    whole = _evaluate(places, means)
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(RESAMPLES):
        picked = rng.integers(len(settings), size=min(len(settings), LARGEST))
        values = [_resampled_mean(seeds[at], rng) for at in picked]
        shares = _evaluate([places[at] for at in picked], values)
        for name in names:
            drawn[name].append(shares[name])
    found = [Importance(name, whole[name], _middle(drawn[name])) for name in names]
    found.sort(key=lambda one: (-one.share, one.name))
    return Importances(tuple(found), len(settings), RESAMPLES)


def _resampled_mean(seeds: Sequence[float], rng: np.random.Generator) -> float:
    values = np.asarray(seeds)
    return float(values[rng.integers(len(values), size=len(values))].mean())


def _middle(shares: Sequence[float]) -> tuple[float, float]:
    """The middle 80%."""
    low, high = np.quantile(shares, [0.1, 0.9])
    return float(low), float(high)


def _places(settings: Sequence[Cells]) -> list[dict[str, int]]:
    """Each configuration's values as places among the sorted values of that setting."""
    values = {
        name: sorted({one[name] for one in settings}, key=lambda v: (str(type(v)), v))
        for name in settings[0]
    }
    return [{name: values[name].index(one[name]) for name in values} for one in settings]


def _evaluate(settings: Sequence[dict[str, int]], values: Sequence[float]) -> dict[str, float]:
    import optuna
    from optuna.distributions import CategoricalDistribution
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    names = list(settings[0])
    spaces = {
        name: CategoricalDistribution(sorted({one[name] for one in settings})) for name in names
    }
    several = [name for name in names if len(spaces[name].choices) > 1]
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(params=one, distributions=spaces, value=value)
            for one, value in zip(settings, values, strict=True)
        ]
    )
    found = get_param_importances(
        study, evaluator=PedAnovaImportanceEvaluator(target_quantile=BEST), params=several
    )
    return {name: float(found.get(name, 0.0)) for name in names}
