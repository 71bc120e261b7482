"""What a ledger says: seed runs, proposals, and all of a study, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from musebar_core.states import run_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar_core.config import Configuration
    from musebar_core.metric_table import Metrics
    from musebar_core.setting import Value
    from musebar_core.states import RunState
    from study.ledger.result import SeedRunResult
    from study.spec.model import StudySpec
    from study.spec.sections import Phase


STATE_FILE = "state.safetensors"
"""Name of an unfinished seed run's checkpoint, in the run's folder."""

MODEL_FILE = "model.safetensors"
"""Name of the weights at the reported epoch, in the run's folder."""


class StudyState(StrEnum):
    """Where a study stands."""

    CREATED = "created"
    SUBMITTED = "submitted"
    """To a cluster, whose job has not begun to drive it."""
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    """Recorded as running, and its driver is gone: no ledger holds it."""


CURVE = "curve"
"""Beside the splits: the validation snippets that evaluations on the way take, where fewer."""


class GenreFacts(TypedDict, total=False):
    """What a study recorded of a genre's music, as ledger and exports have it.

    ``SPLIT_songs`` and ``SPLIT_snippets`` are counts; ``baselines`` the BCE of each, by split,
    and where evaluations on the way take fewer snippets, on those as :data:`CURVE`.
    """

    fingerprint: str
    train_songs: int
    validation_songs: int
    test_songs: int
    validation_snippets: int
    test_snippets: int
    baselines: dict[str, dict[str, float]]


class SeedRun(NamedTuple):
    """The name of one seed run within a study."""

    genre: str
    config_id: str
    seed: int
    phase: Phase


class OriginKind(StrEnum):
    """Where a proposal came from."""

    SAMPLER = "sampler"
    """What the study's sampler asked for."""
    STARTUP = "startup"
    """Chance, while the sampler has too few results for its model."""
    CHANCE = "chance"
    """A cell drawn among those left, where the sampler had nothing new."""
    TRANSFER = "transfer"
    """What won in another genre."""


@dataclass(frozen=True)
class Origin:
    """Where a proposal came from, and that in words; a ledger and its exports have the text."""

    kind: OriginKind
    words: str

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Read what :meth:`__str__` wrote, or an older product."""
        kind, colon, words = text.partition(": ")
        if colon and kind in set(OriginKind) - {OriginKind.SAMPLER}:
            return cls(OriginKind(kind), words)
        return cls(OriginKind.SAMPLER, text)

    def __str__(self) -> str:
        return self.words if self.kind is OriginKind.SAMPLER else f"{self.kind}: {self.words}"


@dataclass(frozen=True)
class Proposal:
    """A configuration that the search proposed for a genre.

    Attributes
    ----------
    parameters
        Its values, as the space names them.
    origin
        Where it came from; None where that was not recorded.
    """

    config_id: str
    parameters: Mapping[str, Value]
    origin: Origin | None = None

    @property
    def transferred(self) -> bool:
        """Whether it came from another genre."""
        return self.origin is not None and self.origin.kind is OriginKind.TRANSFER


@dataclass
class Record:
    """A study as read from its ledger: what the planner and the tables are functions of.

    Attributes
    ----------
    generations
        Proposals by (genre, generation); an empty tuple is a generation that found nothing new.
    failed_attempts
        Attempts that failed, of runs that have not ended.
    """

    spec: StudySpec
    state: StudyState
    stop_requested: bool
    corpus_path: str | None
    facts: dict[str, GenreFacts]
    configurations: dict[str, Configuration]
    generations: dict[tuple[str, int], tuple[Proposal, ...]]
    ended: dict[SeedRun, SeedRunResult]
    failed_attempts: dict[SeedRun, int]

    @classmethod
    def unbegun(cls, spec: StudySpec, genres: Iterable[str]) -> Record:
        """A study of these genres of which nothing has run, as no ledger need hold it."""
        return cls(
            spec=spec,
            state=StudyState.CREATED,
            stop_requested=False,
            corpus_path=None,
            facts={genre: {} for genre in genres},
            configurations={},
            generations={},
            ended={},
            failed_attempts={},
        )

    def validation(self, run: SeedRun) -> Metrics | None:
        """A run's validation figures, judged: what is undertrained did not collapse."""
        found = self.ended[run].metrics.validation
        return None if found is None else self.judged(run.genre, "validation", found)

    def judged(self, genre: str, split: str, metrics: Metrics) -> Metrics:
        """Metrics of a split as they may be told: ``collapsed`` is None where undertrained."""
        return metrics._replace(collapsed=run_state(metrics, self.markov(genre, split)).collapsed)

    def markov(self, genre: str, split: str) -> float | None:
        """BCE of the Markov chain on a split, nats per snippet; None where none is recorded.

        On :data:`CURVE` it is validation's where the curve has no snippets of its own.
        """
        known = self.facts.get(genre, {}).get("baselines", {})
        if split == CURVE and CURVE not in known:
            split = "validation"
        found = known.get(split, {}).get("markov")
        return found if found is not None and math.isfinite(found) else None

    def run_state(self, run: SeedRun) -> RunState | None:
        """What a run that ended is, by its validation figures; None where it has none."""
        found = self.ended[run].metrics.validation
        return None if found is None else run_state(found, self.markov(run.genre, "validation"))
