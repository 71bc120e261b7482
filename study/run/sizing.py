"""How many runs a device has room for, from an estimate of what one of them needs of its memory.

The estimate counts 32-bit numbers: four a weight (itself, its gradient, Adam's two moments), and
for each step of each snippet of a batch what back-propagation keeps of it: eight numbers a hidden
unit and layer (four gates, cell, its tanh, state, and the gradient passing), in the decoder and in
the encoder, twice where that is bidirectional, and eight a pitch (roll, input, logits, loss, each
with its gradient). Evaluation has no gradients and larger batches: of each step four numbers a
hidden unit (a layer's input and output) and six a pitch, which on a CPU is 1.3 times what it takes.
To it comes the device's own context.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.errors import ConfigurationError, StudyError
from musebar_core.size import EVALUATION_BATCH_GPU, PITCHES, n_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar_core.config import Configuration
    from musebar_core.setting import Value
    from study.spec.model import StudySpec
    from study.spec.sections import ResourcesSpec

CONTEXT_BYTES = 600 * 2**20
"""What a process takes of a GPU before it holds a number: CUDA's context and its libraries."""

FILLS_A_GPU = 10
"""Runs that fill a GPU as one program: of more, each takes as long again (docs/performance.md)."""

USABLE = 0.9
"""Share of a device's memory that runs are given."""

ON_DEMAND = (
    "say how many trials run at a time (--set resources.slots=8) and that they are to have GPUs "
    "(--set resources.gpus_per_trial=auto --set resources.seeds_per_trial=auto)"
)
"""What a study has to be told on a cluster whose nodes are not there yet."""

_NUMBER = 4
_GROUPS = 32
"""Snippets a step with ``batch: per_group``, at most."""


@dataclass(frozen=True)
class Node:
    """What one machine has for runs.

    Attributes
    ----------
    gpu_bytes
        Memory of each of its GPUs; 0 where it is not known.
    """

    cpus: float
    gpus: float = 0
    gpu_bytes: int = 0


@dataclass(frozen=True)
class Share:
    """What a trial is given, and how many run at a time."""

    slots: int
    gpus_per_trial: float
    seeds_per_trial: int


def seed_bytes(config: Configuration) -> int:
    """Memory that training one seed needs on a device, without the device's own context."""
    model, steps = config.model, config.grid.snippet_steps
    batch = config.training.batch if isinstance(config.training.batch, int) else _GROUPS
    lstms = 3 if model.bidirectional else 2
    kept = batch * steps * 8 * (lstms * model.layers * model.hidden + PITCHES)
    return _NUMBER * (4 * n_parameters(model) + max(kept, evaluation_numbers(config)))


def evaluation_numbers(config: Configuration) -> int:
    """Numbers that the largest batch of an evaluation on a GPU keeps at once."""
    snippets = min(config.training.evaluation_snippets, EVALUATION_BATCH_GPU)
    return snippets * config.grid.snippet_steps * (4 * config.model.hidden + 6 * PITCHES)


def largest(spec: StudySpec) -> Configuration:
    """The configuration of a study that needs the most memory, and takes the longest.

    What a space varies is looked at one by one: more of it needs more, whatever the others are.
    """

    def needed(values: Mapping[str, Value]) -> int:
        try:
            return seed_bytes(spec.configuration(values))
        except ConfigurationError:  # of two settings one alone may be none: a part of a schedule
            return 0

    chosen: dict[str, Value] = {}
    unvaried = needed({})
    for parameter in spec.space.parameters:
        most = max(({parameter.name: value} for value in parameter.values), key=needed)
        if needed(most) > unvaried:
            chosen |= most
    named = (dict(values) for _, values in spec.space.named)
    return spec.configuration(max(({}, chosen, *named), key=needed))


def largest_seed_bytes(spec: StudySpec) -> int:
    """Memory of a seed of the study's largest configuration."""
    return seed_bytes(largest(spec))


def share(spec: StudySpec, nodes: Iterable[Node]) -> Share:
    """What each trial is given of these machines.

    ``gpus_per_trial: auto`` is the share of the smallest GPU that its runs need, and 0 without
    one: where GPUs may still come, :func:`lacks_gpu` is asked first. ``seeds_per_trial: auto`` is
    what fills a GPU, or all seeds of a configuration where they are more, as far as the given share
    of a GPU, or the whole where that is ``auto`` too, has memory; 1 without a GPU. ``slots: auto``
    is what fits on all nodes, each by itself.

    Raises
    ------
    StudyError
        If no node has room for a trial, or a GPU's memory is not known where it decides.
    """
    asked, found = spec.resources, list(nodes)
    gpus = _gpus(spec, found)
    seeds = asked.seeds_per_trial
    if seeds == "auto":
        seeds = _seeds(spec, gpus, found)
    fit = sum(_fit(asked.cpus_per_trial, gpus, node) for node in found)
    if fit < 1 and (asked.slots == "auto" or gpus > 0):
        raise StudyError(_no_room(asked, gpus, found))
    return Share(fit if asked.slots == "auto" else asked.slots, gpus, seeds)


def lacks_gpu(spec: StudySpec, nodes: Iterable[Node]) -> bool:
    """Whether trials are to have GPUs, and no node has what one needs; ``auto`` needs some GPU."""
    cpus, gpus = spec.resources.cpus_per_trial, first_gpus(spec)
    return gpus > 0 and not any(node.gpus >= gpus and node.cpus >= cpus for node in nodes)


def first_gpus(spec: StudySpec) -> float:
    """What a trial needs of GPUs, as far as that is known before one is there to size it by."""
    asked = spec.resources.gpus_per_trial
    return 1 if asked == "auto" else asked


def _gpus(spec: StudySpec, nodes: list[Node]) -> float:
    asked = spec.resources.gpus_per_trial
    if asked != "auto":
        return asked
    with_gpus = [node for node in nodes if node.gpus]
    if not with_gpus:
        return 0
    usable = USABLE * _smallest_gpu(with_gpus)
    seeds = spec.resources.seeds_per_trial
    if seeds == "auto":
        seeds = _together(spec, usable)
    needed = CONTEXT_BYTES + largest_seed_bytes(spec) * seeds
    if needed > usable:
        return 1  # it may still fit: the estimate is no promise, and the run says if it does not
    return 1 / math.floor(usable / needed)


def _seeds(spec: StudySpec, gpus: float, nodes: list[Node]) -> int:
    if gpus <= 0:
        return 1
    smallest = _smallest_gpu([node for node in nodes if node.gpus])
    return _together(spec, USABLE * smallest * gpus)


def most_together(spec: StudySpec) -> int:
    """Seed runs that ``seeds_per_trial: auto`` has train as one program, where memory allows."""
    return max(FILLS_A_GPU, spec.seeds.search, spec.seeds.confirm)


def _together(spec: StudySpec, given: float) -> int:
    """Seed runs as one program that this many bytes of a GPU hold, at least one."""
    fits = int((given - CONTEXT_BYTES) / largest_seed_bytes(spec))
    return max(1, min(fits, most_together(spec)))


def _smallest_gpu(nodes: list[Node]) -> int:
    smallest = min((node.gpu_bytes for node in nodes), default=0)
    if smallest <= 0:
        raise StudyError(
            "the memory of a GPU is not known, and 'auto' is sized by it: set "
            "resources.gpus_per_trial and resources.seeds_per_trial to numbers"
        )
    return smallest


def _fit(cpus: int, gpus: float, node: Node) -> int:
    by_cpu = int(node.cpus / cpus)
    if gpus <= 0:
        return by_cpu
    # a trial's share of a GPU comes from one GPU, and several GPUs are whole ones
    by_gpu = node.gpus // gpus if gpus >= 1 else int(node.gpus) * math.floor(1 / gpus + 1e-9)
    return int(min(by_cpu, by_gpu))


def _no_room(asked: ResourcesSpec, gpus: float, nodes: list[Node]) -> str:
    have = f"{sum(n.cpus for n in nodes):g} CPUs and {sum(n.gpus for n in nodes):g} GPUs"
    wanted = f"resources.cpus_per_trial is {asked.cpus_per_trial}"
    if gpus:
        wanted += f" and resources.gpus_per_trial is {gpus:g}"
    return (
        f"{wanted}, and no node has room for that (there are {have}): ask for less, or, where a "
        f"cluster starts its nodes on demand, {ON_DEMAND}"
    )
