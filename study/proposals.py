"""Optuna's part: which configurations to try next.

Each generation is asked of a fresh in-memory Optuna study, seeded from the study's seed, the
genre and the generation, and fed from the ledger alone. The same results give the same
proposals, whatever was killed in between.
"""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from study.spec import Sampler

if TYPE_CHECKING:
    from search_spaces import Parameter, Space, Value
    from study.planner import Propose
    from study.record import Proposal
    from study.spec import StudySpec

_ASKS = 4
"""Times the sampler is asked for something new before a cell is drawn among those left."""

_STARTUP_TRIALS = 8


def propose(spec: StudySpec, due: Propose) -> list[dict[str, Value]]:
    """Propose the configurations of one generation.

    Parameters
    ----------
    spec
        Space, sampler and seed.
    due
        The generation and what it may depend on.

    Returns
    -------
    list of dict
        At most ``due.size`` cells of the space, none proposed before in this genre; fewer only
        where the space has no more.
    """
    space = spec.space
    entropy = _entropy(spec.search.seed, due.genre, due.generation)
    study = _study(space, _sampler(spec.search.sampler, space, entropy), due)
    seen = {p.config_id for p, _ in due.completed} | {p.config_id for p in due.running}
    rng = np.random.default_rng(entropy)
    proposals: list[dict[str, Value]] = []
    while len(proposals) < due.size:
        cell = _ask_new(spec, study, seen) or _draw_new(spec, seen, rng)
        if cell is None:
            break
        seen.add(spec.configuration(cell).config_id)
        proposals.append(cell)
    return proposals


def _study(space: Space, sampler: optuna.samplers.BaseSampler, due: Propose) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    for proposal, cost in due.completed:
        state = TrialState.FAIL if cost is None else TrialState.COMPLETE
        study.add_trial(_trial(space, proposal, state, cost))
    for proposal in due.running:
        study.add_trial(_trial(space, proposal, TrialState.RUNNING, None))
    return study


def _trial(
    space: Space, proposal: Proposal, state: TrialState, cost: float | None
) -> optuna.trial.FrozenTrial:
    chosen = [p for p in space.parameters if p.name in proposal.parameters]
    return create_trial(
        state=state,
        value=cost,
        params={p.name: _encode(p, proposal.parameters[p.name]) for p in chosen},
        distributions={p.name: _distribution(p) for p in chosen},
    )


def _ask_new(spec: StudySpec, study: optuna.Study, seen: set[str]) -> dict[str, Value] | None:
    for _ in range(_ASKS):
        cell = _ask(spec.space, study)
        if spec.configuration(cell).config_id not in seen:
            return cell
    return None


def _ask(space: Space, study: optuna.Study) -> dict[str, Value]:
    trial = study.ask()
    cell: dict[str, Value] = {}
    for parameter in space.parameters:
        if not parameter.applies(cell):
            continue
        if parameter.ordered:
            cell[parameter.name] = parameter.values[
                trial.suggest_int(parameter.name, 0, len(parameter.values) - 1)
            ]
        else:
            cell[parameter.name] = trial.suggest_categorical(parameter.name, parameter.values)
    return cell


def _draw_new(spec: StudySpec, seen: set[str], rng: np.random.Generator) -> dict[str, Value] | None:
    left = [c for c in spec.space.cells() if spec.configuration(c).config_id not in seen]
    return left[int(rng.integers(len(left)))] if left else None


def _distribution(parameter: Parameter) -> BaseDistribution:
    if parameter.ordered:
        return IntDistribution(0, len(parameter.values) - 1)
    return CategoricalDistribution(parameter.values)


def _encode(parameter: Parameter, value: Value) -> Value:
    """Ordered values travel as their rank: neighbours are then equally far apart."""
    return parameter.values.index(value) if parameter.ordered else value


def _sampler(kind: Sampler, space: Space, entropy: int) -> optuna.samplers.BaseSampler:
    seed = entropy % 2**32
    if kind is Sampler.AUTO:
        kind = Sampler.TPE if space.conditional else Sampler.GP
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        match kind:
            case Sampler.GP:
                return optuna.samplers.GPSampler(
                    seed=seed, deterministic_objective=False, n_startup_trials=_STARTUP_TRIALS
                )
            case Sampler.TPE:
                return optuna.samplers.TPESampler(
                    seed=seed, multivariate=True, group=True, constant_liar=True,
                    n_startup_trials=_STARTUP_TRIALS,
                )  # fmt: skip
            case Sampler.QMC:
                return optuna.samplers.QMCSampler(seed=seed, scramble=True)
            case _:
                return optuna.samplers.RandomSampler(seed=seed)


def _entropy(seed: int, genre: str, generation: int) -> int:
    digest = hashlib.sha256(f"{seed}/{genre}/{generation}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
