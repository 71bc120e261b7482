"""Which settings matter for being among the best: PED-ANOVA, and how sure that is.

PED-ANOVA (Watanabe, Bansal and Hutter 2023) compares how a setting's values are spread among
the best configurations with how they are spread among all. It is Optuna's; only its evaluator is
used here, on a study kept in memory and rebuilt from the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.search import Trial

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


def importances(trials: Sequence[Trial], names: Sequence[str]) -> Importances | None:
    """Weigh the settings against each other by mean validation BCE.

    None where fewer than :data:`FEWEST` configurations or two settings were tried, or where
    all configurations are alike.
    """
    if len(trials) < FEWEST or len(names) < 2 or len({trial.bce for trial in trials}) < 2:
        return None
    frozen = _frozen(trials, names)
    whole = _evaluate(frozen, [trial.bce for trial in trials])
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(RESAMPLES):
        picked = rng.integers(len(trials), size=min(len(trials), LARGEST))
        values = [_resampled_mean(trials[at], rng) for at in picked]
        shares = _evaluate([frozen[at] for at in picked], values)
        for name in names:
            drawn[name].append(shares[name])
    found = [
        Importance(
            name,
            whole[name],
            (float(np.quantile(drawn[name], 0.1)), float(np.quantile(drawn[name], 0.9))),
        )
        for name in names
    ]
    found.sort(key=lambda one: (-one.share, one.name))
    return Importances(tuple(found), len(trials), RESAMPLES)


def _resampled_mean(trial: Trial, rng: np.random.Generator) -> float:
    values = np.asarray(trial.figures.bce.values)
    return float(values[rng.integers(len(values), size=len(values))].mean())


def _frozen(trials: Sequence[Trial], names: Sequence[str]) -> list[dict[str, Any]]:
    """Each trial's settings as indices into the sorted values of that setting."""
    values = {
        name: sorted({trial.settings[name] for trial in trials}, key=lambda v: (str(type(v)), v))
        for name in names
    }
    return [{name: values[name].index(t.settings[name]) for name in names} for t in trials]


def _evaluate(settings: Sequence[dict[str, Any]], values: Sequence[float]) -> dict[str, float]:
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
