"""What a study will take, told before it is launched: runs, hours, disk, memory, GPUs.

The hours come from a step and an evaluation of the study's largest configuration, measured on this
machine on made-up music of the right sizes. They are a ceiling where the study's own music has
fewer snippets than an evaluation asks for, where finalists are dropped early, and where runs train
together on a GPU.
"""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from musebar_core import memory
from musebar_core.config import Configuration, Grid
from musebar_core.errors import StudyError
from musebar_core.size import n_parameters
from musebar_core.threads import computing_with
from study.ledger.record import Record
from study.run import diskspace, sizing
from study.run.nodes import this_machine
from study.search import tally
from study.search.planner import grid_configurations

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from musebar_core.corpus import GenreCorpus
    from study.run.sizing import Node
    from study.spec.model import StudySpec

PROCESS_BYTES = 500 * 2**20
"""Memory of a process that has loaded what a run needs, and of the driver."""

_SNIPPETS = (16, 64, 256)
"""On which an evaluation is measured, in turn, until one takes long enough to be told by."""

_SECONDS = 2.0
"""For which steps are measured; of them the fastest counts, which nothing else held up."""
_LEAST_STEPS = 2

_REPORTED = 1.05
"""A run's time, with its NLL, over that of its steps and evaluations."""

_EVALUATIONS_AT_END = 2
"""Of a split: at the last epoch, and at the reported one. Of validation a curve may have them."""

_SONGS = 256
"""Made up for each split, a snippet each."""


@dataclass(frozen=True)
class Pace:
    """How fast this machine trains one run.

    Attributes
    ----------
    step_seconds
        A step of training.
    evaluation_seconds
        An evaluation on ``evaluation_snippets``.
    curve_seconds
        One on the way.
    """

    step_seconds: float
    evaluation_seconds: float
    curve_seconds: float

    def evaluating(self, evaluations: int) -> float:
        """Seconds that a run of so many evaluations on the way evaluates, its end included."""
        splits = 1 if self.curve_seconds == self.evaluation_seconds else 2
        at_end = splits * _EVALUATIONS_AT_END * self.evaluation_seconds
        return evaluations * self.curve_seconds + at_end


@dataclass(frozen=True)
class Estimate:
    """What a study takes, at most.

    Attributes
    ----------
    genres
        Its genres, the joint corpus among them.
    seed_runs
        Left to run; all of them for a new study.
    epochs, evaluations, evaluation_snippets
        Of a run.
    has_begun
        Whether it is a study that there is, whose runs have their names.
    device
        What the pace was measured on: ``cpu`` or ``cuda``.
    run_seconds
        A run of the largest configuration, alone on its share of this machine.
    slots
        Runs at a time here; None where the machine has no room for what a trial asks for.
    gpus
        GPUs of this machine.
    memory_bytes
        Of a run, its process included; on a GPU its ``gpu_bytes`` besides.
    disk_bytes
        In the home.
    """

    genres: tuple[str, ...]
    seed_runs: int
    epochs: int
    evaluations: int
    evaluation_snippets: int
    has_begun: bool
    device: str
    pace: Pace
    slots: int | None
    gpus_per_trial: float
    gpus: float
    memory_bytes: int
    gpu_bytes: int
    disk_bytes: int

    @property
    def run_seconds(self) -> float:
        """A run of the largest configuration, alone on its share of this machine."""
        return _REPORTED * (self._training + self.pace.evaluating(self.evaluations))

    @property
    def evaluation_share(self) -> float:
        """Share of a run's training and evaluations that the latter take."""
        evaluating = self.pace.evaluating(self.evaluations)
        return evaluating / (self._training + evaluating)

    @property
    def _training(self) -> float:
        return self.epochs * self.pace.step_seconds

    def with_curve_of(self, snippets: int) -> Estimate:
        """The same with evaluations on the way of so many snippets, or as many as there are."""
        a_snippet = self.pace.evaluation_seconds / self.evaluation_snippets
        curve_seconds = a_snippet * min(snippets, self.evaluation_snippets)
        return replace(self, pace=replace(self.pace, curve_seconds=curve_seconds))

    @property
    def hours(self) -> float | None:
        """All runs on this machine; None where it has no room for one."""
        if not self.slots:
            return None
        return self.run_seconds * math.ceil(self.seed_runs / self.slots) / 3600


def estimate(spec: StudySpec, record: Record | None, genres: tuple[str, ...]) -> Estimate:
    """Estimate what a study takes.

    Parameters
    ----------
    spec
        What is asked.
    record
        What there is of it; None for a study that is new.
    genres
        Its genres, as :func:`study.home.corpora.check` tells them.
    """
    known = Record.unbegun(spec, genres) if record is None or not record.facts else record
    machine = this_machine()
    slots, gpus, seeds = _share(spec, machine)
    config = sizing.largest(spec)
    training = config.training
    device = "cuda" if gpus and machine.gpus else "cpu"
    seed_bytes = sizing.seed_bytes(config) * seeds
    return Estimate(
        genres=tuple(known.facts),
        seed_runs=tally.tally(known).left,
        epochs=training.epochs,
        evaluations=math.ceil(training.epochs / training.evaluate_every),
        evaluation_snippets=training.evaluation_snippets,
        has_begun=record is not None,
        device=device,
        pace=measure(config, device, spec.resources.cpus_per_trial),
        slots=slots,
        gpus_per_trial=gpus,
        gpus=machine.gpus,
        memory_bytes=PROCESS_BYTES + (0 if device == "cuda" else seed_bytes),
        gpu_bytes=sizing.CONTEXT_BYTES + seed_bytes if gpus else 0,
        disk_bytes=diskspace.needed(known),
    )


def free_disk(folder: Path) -> int:
    """Bytes free where a folder is or is going to be."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(there).free


def is_paper_size(spec: StudySpec) -> bool:
    """Whether a run of the study is at least half as much work as one of the paper's.

    Work is counted as weights times steps of music times epochs.
    """
    found = (spec.configuration({}), *grid_configurations(spec)[:1])
    return any(_work(config) >= _work(Configuration()) / 2 for config in found)


def _work(config: Configuration) -> int:
    grid, training = config.grid, config.training
    return n_parameters(config.model) * grid.snippet_steps * training.epochs


def trains_on_cpus(spec: StudySpec, *, here: bool) -> bool:
    """Whether runs have no GPU: none is asked for, or this machine, where they run, has none."""
    asked = spec.resources.gpus_per_trial
    return asked == 0 or (here and asked == "auto" and not this_machine().gpus)


def measure(config: Configuration, device: str, threads: int) -> Pace:
    """Measure a step and an evaluation of a configuration on this machine.

    Raises
    ------
    StudyError
        If they need more memory than there is.
    """
    try:
        with computing_with(threads):
            return _measure(config, device)
    except Exception as error:
        if not memory.is_exhausted(error):
            raise
        raise StudyError(_too_large(config)) from None


def _too_large(config: Configuration) -> str:
    model = config.model
    return (
        "a step of the study's largest configuration needs more memory than there is here "
        f"(training.batch {config.training.batch}, model.hidden {model.hidden}, "
        f"model.layers {model.layers}, corpus.grid.snippet_steps {config.grid.snippet_steps}): "
        "lower the batch, or else the hidden size or the steps, in the spec or the space it "
        "searches"
    )


def _measure(config: Configuration, device: str) -> Pace:
    from musebar_core.corpus import SnippetSampler
    from musebar_core.evaluation import Evaluation
    from musebar_core.precision import computing
    from musebar_core.state import start
    from musebar_core.training import optimise

    music = _made_up(config.grid)
    state, sampler = start(config, music, 0, device), SnippetSampler(music, config.grid)

    def step() -> None:
        state.epoch += 1
        with computing(config.training.precision, device):
            float(optimise(config, sampler, 0, state)[0])  # waits for a GPU

    def evaluate(snippets: int) -> float:
        training = replace(config.training, evaluation_snippets=snippets, curve_snippets=0)
        evaluation = Evaluation(replace(config, training=training), music, "validation")
        return _seconds(lambda: evaluation.measure(state.model))

    step()  # the first one also allocates
    began, steps = time.perf_counter(), [_seconds(step)]
    while len(steps) < _LEAST_STEPS or time.perf_counter() - began < _SECONDS:
        steps.append(_seconds(step))
    asked = config.training.evaluation_snippets
    for snippets in (min(asked, count) for count in _SNIPPETS):
        took = evaluate(snippets)
        if took > _SECONDS / 2 or snippets == asked:
            break
    a_snippet = took / snippets
    return Pace(min(steps), a_snippet * asked, a_snippet * config.training.snippets_on_the_way)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _made_up(grid: Grid) -> GenreCorpus:
    """Songs of random pitches, each of one snippet."""
    import numpy as np
    import pandas as pd

    from musebar_core.corpus.split import SPLITS
    from musebar_core.corpus.store import GenreCorpus, TimeGrid

    steps, count = grid.snippet_steps, _SONGS * len(SPLITS)
    pitches = np.random.default_rng(0).integers(0, 128, count * steps).astype(np.uint8)
    table = pd.DataFrame(
        {
            "id": [f"{song:016x}" for song in range(count)],
            "genre": "made up",
            "group": "",  # unknown, as of most music
            "title": "",
            "split": [SPLITS[song % len(SPLITS)] for song in range(count)],
            "source": "",
            "offset": [song * steps for song in range(count)],
            "n_steps": steps,
        }
    )
    return GenreCorpus(
        "made up", TimeGrid(grid.steps_per_quarter, grid.steps_per_bar), table, pitches
    )


def _share(spec: StudySpec, machine: Node) -> tuple[int | None, float, int]:
    """Slots, GPUs a trial and seeds a trial here; no slots where a trial has no room."""
    try:
        found = sizing.share(spec, [machine])
    except StudyError:
        asked = spec.resources
        seeds = 1 if asked.seeds_per_trial == "auto" else asked.seeds_per_trial
        return None, sizing.first_gpus(spec), seeds
    return found.slots, found.gpus_per_trial, found.seeds_per_trial
