"""What became of a seed run: one frozen value from the worker that trained it to every table.

A worker makes it, the driver adds what it alone knows, the ledger keeps it, tables flatten it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from musebar_core.metric_table import EpochMetrics, Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VALIDATION = "validation_"


class SeedRunState(StrEnum):
    """How a seed run ended."""

    DONE = "done"
    FAILED = "failed"


class FailureKind(StrEnum):
    """What a seed run failed of, decided where the fault is seen."""

    DIVERGED = "diverged"
    """A loss or an evaluation is no finite number."""
    OUT_OF_MEMORY = "out_of_memory"
    """Of the machine or its GPU, beside whatever else is in it."""
    DISK_FULL = "disk_full"
    INPUT_OUTPUT = "input_output"
    """A file or a connection failed otherwise."""
    BAD_DATA = "bad_data"
    """The music cannot be read, or is not what the study began with."""
    INSTALLATION = "installation"
    """A module is missing, or is not ours."""
    WORKER_DIED = "worker_died"
    """Its process was killed, or crashed."""
    NODE_LOST = "node_lost"
    ERROR = "error"
    """Anything else."""

    @property
    def repeats(self) -> bool:
        """Whether another attempt is sure to end the same: a seed decides every number."""
        return self is FailureKind.DIVERGED

    @property
    def retriable(self) -> bool:
        """Whether it is no property of the configuration, but of machine, installation or data.

        Once they are mended, another attempt can succeed.
        """
        return self not in {FailureKind.DIVERGED, FailureKind.ERROR}


@dataclass(frozen=True)
class Failure:
    """Why a seed run, or an attempt at it, failed.

    Attributes
    ----------
    message
        In words, a line.
    kind
        None where an older product recorded the words alone.
    """

    message: str
    kind: FailureKind | None

    @property
    def repeats(self) -> bool:
        """As of its kind; what is not known may end otherwise."""
        return self.kind is not None and self.kind.repeats

    @property
    def retriable(self) -> bool:
        """As of its kind; what is not known may be worth another attempt."""
        return self.kind is None or self.kind.retriable


@dataclass(frozen=True)
class RunMetrics:
    """Metrics of both splits at the reported epoch, and at the last.

    None where the run failed, or where a reader left them out.
    """

    validation: Metrics | None = None
    test: Metrics | None = None
    last_validation: Metrics | None = None
    last_test: Metrics | None = None

    def items(self) -> Iterator[tuple[str, Metrics]]:
        """Those there are, by name: ``validation``, ``test``, ``last_validation`` ..."""
        for one in fields(self):
            found = getattr(self, one.name)
            if found is not None:
                yield one.name, found

    def to_dict(self) -> dict[str, dict[str, object]]:
        """Plain data, as the ledger keeps it."""
        return {name: found._asdict() for name, found in self.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Mapping[str, object]]) -> RunMetrics:
        """Read what :meth:`to_dict` wrote, or that of an older product."""
        return cls(*(Metrics.from_dict(content[n]) if n in content else None for n in _SPLITS))


_SPLITS = tuple(one.name for one in fields(RunMetrics))


@dataclass(frozen=True)
class SeedRunResult:
    """A seed run that has ended, done or failed.

    Attributes
    ----------
    failure
        Why it failed; None where it is done.
    attempts
        Times it was tried.
    curve
        One row an evaluated epoch; None where :meth:`study.ledger.ledger.Ledger.read` left it out.
    best_epoch
        The reported epoch.
    seconds
        Training and evaluation, over all attempts that it went on from.
    node, device, versions
        Where it ran, and with which packages; None or empty where its worker could not say.
    checkpoint
        Its weights at the reported epoch, relative to the study's folder, where they are kept.
    finished_at
        When the ledger recorded it, ISO 8601 in UTC.
    resumed_at
        Epoch of the checkpoint that its last attempt went on from, 0 for none; not recorded.
    """

    failure: Failure | None = None
    attempts: int = 1
    metrics: RunMetrics = RunMetrics()
    curve: tuple[EpochMetrics, ...] | None = ()
    best_epoch: int | None = None
    seconds: float | None = None
    node: str = ""
    device: str = ""
    versions: Mapping[str, str] | None = None
    checkpoint: str | None = None
    finished_at: str = ""
    resumed_at: int = field(default=0, compare=False)

    @property
    def done(self) -> bool:
        """Whether it ended with metrics."""
        return self.failure is None

    @property
    def state(self) -> SeedRunState:
        """How it ended."""
        return SeedRunState.DONE if self.done else SeedRunState.FAILED


def flat_epoch(row: EpochMetrics) -> dict[str, object]:
    """Flatten an evaluated epoch: metrics on validation as ``validation_bce`` ..."""
    return {
        "epoch": row.epoch,
        "weight": row.weight,
        "train_bce": row.train_bce,
        "train_kl_bars": row.train_kl_bars,
    } | {_VALIDATION + name: value for name, value in row.validation._asdict().items()}


def read_epoch(content: Mapping[str, Any]) -> EpochMetrics:
    """Read what :func:`flat_epoch` wrote, or an older product; what it did not measure is None."""
    return EpochMetrics(
        epoch=content["epoch"],
        weight=content["weight"],
        train_bce=content["train_bce"],
        train_kl_bars=content["train_kl_bars"],
        validation=Metrics.from_dict(content, _VALIDATION),
    )
