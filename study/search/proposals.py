"""Optuna's part: which configurations to try next.

Each generation is asked of a fresh in-memory Optuna study, seeded from the study's seed, the
genre and the generation, and fed from the ledger alone. The same results give the same
proposals, whatever was killed in between.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import warnings
from typing import TYPE_CHECKING, assert_never

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import TrialState, create_trial
from threadpoolctl import threadpool_limits

from musebar_core.threads import computing_with
from study.ledger.record import Origin, OriginKind, Proposal
from study.spec.sections import Sampler

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from musebar_core.setting import Value
    from search_spaces import Parameter, Space
    from study.search.generations import GenerationRequest
    from study.spec.model import StudySpec

_ASKS = 4
"""Times the sampler is asked for something new before a cell is drawn among those left."""

_STARTUP_TRIALS = 8
"""Results before a model proposes; until then proposals are drawn at random."""

_QMC_BITS = 12

_MOST_LISTED = 100_000
"""Cells of a space that are listed to draw each of them once."""

_WORDS = {
    Sampler.GP: "the Gaussian process",
    Sampler.TPE: "the tree-structured Parzen estimator",
    Sampler.RANDOM: "chance",
    Sampler.GRID: "the grid, cell by cell",
    Sampler.QMC: "the Sobol sequence",
}


def propose(spec: StudySpec, due: GenerationRequest) -> list[Proposal]:
    """Propose the configurations of one generation.

    Parameters
    ----------
    spec
        Space, sampler and seed.
    due
        The generation and what it may depend on.

    Returns
    -------
    list of Proposal
        At most ``due.size``, none proposed before in this genre; fewer only where the space has
        no more. What won in other genres comes first.
    """
    known = {k.proposal.config_id for k in due.completed} | {p.config_id for p in due.running}
    proposals: dict[str, Proposal] = {}
    for cell, origin in _candidates(spec, due):
        config_id = spec.configuration(cell).config_id
        if config_id not in known and config_id not in proposals:
            proposals[config_id] = Proposal(config_id, cell, origin)
        if len(proposals) == due.size:
            break
    return list(proposals.values())


def sampler_of(spec: StudySpec) -> Sampler:
    """The sampler that ``auto`` stands for, or the one asked for."""
    if spec.search.sampler is not Sampler.AUTO:
        return spec.search.sampler
    return Sampler.TPE if spec.space.conditional else Sampler.GP


Candidate = tuple["Mapping[str, Value]", Origin]


def _of(sampler: Sampler) -> Origin:
    return Origin(OriginKind.SAMPLER, _WORDS[sampler])


def _candidates(spec: StudySpec, due: GenerationRequest) -> Iterator[Candidate]:
    """Cells in order of preference, with where they come from; those known already among them."""
    kind = sampler_of(spec)
    entropy = _entropy(spec.search.seed, due.genre, due.generation)
    for proposal, genre in due.transferred:
        yield proposal.parameters, Origin(OriginKind.TRANSFER, f"among the best of {genre}")
    match kind:
        case Sampler.GRID:
            yield from ((cell, _of(kind)) for cell in spec.space.cells())
        case Sampler.QMC:
            seed = _entropy(spec.search.seed, due.genre, 0)
            yield from ((cell, _of(kind)) for cell in _sobol(spec.space, seed))
        case Sampler.GP | Sampler.TPE | Sampler.RANDOM:
            yield from _asked(spec, due, make_sampler(kind, entropy % 2**32))
        case Sampler.AUTO:
            raise ValueError("'auto' stands for another sampler")
        case unknown:
            assert_never(unknown)
    rng = np.random.default_rng(entropy)
    leftover = Origin(OriginKind.CHANCE, "the sampler had nothing new to ask for")
    yield from ((cell, leftover) for cell in _by_chance(spec.space, rng))


def _by_chance(space: Space, rng: np.random.Generator) -> Iterator[Mapping[str, Value]]:
    """Every cell once; of more than can be listed, some again and again."""
    listed = list(itertools.islice(space.cells(), _MOST_LISTED + 1))
    if len(listed) <= _MOST_LISTED:
        yield from (listed[index] for index in rng.permutation(len(listed)))
        return
    while True:
        yield space.drawn(rng.random(len(space.parameters)))


def _asked(
    spec: StudySpec, due: GenerationRequest, sampler: optuna.samplers.BaseSampler
) -> Iterator[Candidate]:
    """Ask Optuna until it has repeated itself :data:`_ASKS` times in a row."""
    kind = sampler_of(spec)
    study = optuna_study(spec, sampler, due)
    modelled = kind is Sampler.RANDOM or len(study.get_trials(states=_COMPLETE)) >= _STARTUP_TRIALS
    startup = Origin(OriginKind.STARTUP, f"chance, before {_WORDS[kind]} has results")
    origin = _of(kind) if modelled else startup
    fits = modelled and kind is Sampler.GP
    known = {k.proposal.config_id for k in due.completed} | {p.config_id for p in due.running}
    known |= {p.config_id for p, _ in due.transferred}
    repeated = 0
    while repeated < _ASKS:
        with _one_thread() if fits else contextlib.nullcontext():
            cell = suggest(spec.space, study.ask())
        config_id = spec.configuration(cell).config_id
        repeated = repeated + 1 if config_id in known else 0
        known.add(config_id)
        yield cell, origin


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Hold torch and the linear algebra to one thread: sums over more round in another way.

    Threads that runs beside the driver keep from a core would also wait for each other.
    """
    with computing_with(1), threadpool_limits(limits=1, user_api="blas"):
        yield


_COMPLETE = (TrialState.COMPLETE,)


def optuna_study(
    spec: StudySpec, sampler: optuna.samplers.BaseSampler, due: GenerationRequest
) -> optuna.Study:
    """An Optuna study in memory that knows what a generation may depend on."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="minimize", sampler=sampler)
    running = [*due.running, *(p for p, _ in due.transferred)]
    study.add_trials(
        [
            *_completed(spec.space, due),
            *(_trial(spec.space, p, TrialState.RUNNING) for p in running),
        ]
    )
    return study


def _completed(space: Space, due: GenerationRequest) -> Iterator[optuna.trial.FrozenTrial]:
    """Configurations that can have no full count are constraints, and count as the worst.

    Without any such one there is no constraint, and no model of it to fit.
    """
    measured = [one.costs for one in due.completed if one.costs is not None]
    worst = [max(values) for values in zip(*measured, strict=True)]
    constrained = any(one.violation > 0 for one in due.completed)
    for one in due.completed:
        costs = list(one.costs or worst)
        attributes = {"constraints": [one.violation]} if constrained else {}
        state = TrialState.COMPLETE if costs else TrialState.FAIL
        yield _trial(space, one.proposal, state, costs or None, attributes)


def _trial(
    space: Space,
    proposal: Proposal,
    state: TrialState,
    values: list[float] | None = None,
    attributes: dict[str, list[float]] | None = None,
) -> optuna.trial.FrozenTrial:
    chosen = [p for p in space.parameters if p.name in proposal.parameters]
    return create_trial(
        state=state,
        values=values,
        params={p.name: _encode(p, proposal.parameters[p.name]) for p in chosen},
        distributions={p.name: _distribution(p) for p in chosen},
        system_attrs=attributes or {},
    )


def suggest(space: Space, trial: optuna.Trial) -> dict[str, Value]:
    """Ask a trial for a cell, parameter by parameter, those alone that exist beside the others."""
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


def _sobol(space: Space, seed: int) -> Iterator[dict[str, Value]]:
    """Cells under a scrambled Sobol sequence, the same from its start in every generation."""
    if not space.parameters:
        return
    from scipy.stats import qmc

    points = qmc.Sobol(d=len(space.parameters), scramble=True, rng=np.random.default_rng(seed))
    for point in points.random_base2(_QMC_BITS):
        yield space.drawn(point)


def _distribution(parameter: Parameter) -> BaseDistribution:
    if parameter.ordered:
        return IntDistribution(0, len(parameter.values) - 1)
    return CategoricalDistribution(parameter.values)


def _encode(parameter: Parameter, value: Value) -> Value:
    """Ordered values travel as their rank: neighbours are then equally far apart."""
    return parameter.values.index(value) if parameter.ordered else value


def make_sampler(kind: Sampler, seed: int) -> optuna.samplers.BaseSampler:
    """Optuna's sampler of a kind, seeded; ValueError for the kinds that it is not asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        match kind:
            case Sampler.GP:
                return optuna.samplers.GPSampler(
                    seed=seed, deterministic_objective=False, n_startup_trials=_STARTUP_TRIALS
                )
            case Sampler.TPE:
                return optuna.samplers.TPESampler(
                    seed=seed,
                    multivariate=True,
                    group=True,
                    constant_liar=True,
                    n_startup_trials=_STARTUP_TRIALS,
                )
            case Sampler.RANDOM:
                return optuna.samplers.RandomSampler(seed=seed)
            case Sampler.GRID | Sampler.QMC | Sampler.AUTO:
                raise ValueError(f"Optuna is not asked for '{kind}'")
            case unknown:
                assert_never(unknown)


def _entropy(seed: int, genre: str, generation: int) -> int:
    digest = hashlib.sha256(f"{seed}/{genre}/{generation}".encode()).digest()
    return int.from_bytes(digest[:8], "big")
