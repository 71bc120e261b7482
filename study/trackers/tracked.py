"""A seed run as trackers are told of it: its name, its settings, its curve, what came of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from musebar_core.settings import values
from study.ledger.result import flat_epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from musebar_core.metric_table import EpochMetrics
    from musebar_core.setting import Value
    from study.ledger.record import Record, SeedRun
    from study.ledger.result import RunMetrics, SeedRunResult


@dataclass(frozen=True)
class Tracked:
    """One seed run.

    Attributes
    ----------
    study, run
        Which it is.
    settings
        Its configuration, setting by setting.
    curve
        Evaluations so far.
    ended
        Whether it has ended: what follows is known then alone.
    state
        ``failed``, ``undertrained``, ``collapsed`` or ``informative``.
    reported
        ``validation_bce``, ``test_bce`` ... at the reported epoch.
    facts
        Further words: failure, node, device, versions.
    began, finished
        Seconds since 1970; 0 where that is not known.
    """

    study: str
    run: SeedRun
    settings: Mapping[str, Value]
    curve: tuple[EpochMetrics, ...]
    ended: bool = False
    state: str = ""
    reported: Mapping[str, float] = field(default_factory=dict)
    best_epoch: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)
    began: float = 0.0
    finished: float = 0.0

    @property
    def key(self) -> str:
        """Sixteen hex digits that are this run's in every tracker, however often it is told."""
        named = json.dumps([self.study, *map(str, self.run)])
        return hashlib.sha256(named.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """What it is called, for people."""
        run = self.run
        return f"{run.genre} {run.config_id} {run.phase} {run.seed}"

    def time_of(self, epoch: int) -> float:
        """About when an epoch was evaluated, as if all took as long."""
        last = max((row.epoch for row in self.curve), default=0)
        share = epoch / last if last else 1.0
        return self.began + share * (self.finished - self.began)


class Tracker(Protocol):
    """Somewhere that seed runs are told to.

    What has been told is not told again, by this process or a later one.
    """

    def tell(self, tracked: Tracked) -> None:
        """Tell of a run as far as it is known; raises what the tracker raises."""


def scalars(row: EpochMetrics) -> dict[str, float]:
    """An evaluation's figures by name, ``validation_bce``, ``train_bce`` ..., but for nulls."""
    return _numbers(flat_epoch(row).items(), without={"epoch"})


def of_ended(
    study: str, record: Record, run: SeedRun, result: SeedRunResult, curve: Iterable[EpochMetrics]
) -> Tracked:
    """A run as the ledger has it, once it has ended."""
    finished = _seconds(result.finished_at)
    words = {"failure": result.failure and result.failure.message, "node": result.node}
    words |= {"device": result.device, "versions": json.dumps(result.versions or {})}
    return Tracked(
        study,
        run,
        values(record.configurations[run.config_id]),
        tuple(curve),
        ended=True,
        state=str(record.run_state(run) or result.state),
        reported=_reported(result.metrics),
        best_epoch=result.best_epoch or 0,
        facts={name: str(word) for name, word in words.items() if word},
        began=finished - (result.seconds or 0.0),
        finished=finished,
    )


def _reported(metrics: RunMetrics) -> dict[str, float]:
    found: dict[str, float] = {}
    for split in ("validation", "test"):
        taken = getattr(metrics, split)
        if taken is not None:
            named = ((f"{split}_{name}", value) for name, value in taken._asdict().items())
            found |= _numbers(named)
    return found


def _numbers(
    items: Iterable[tuple[str, object]], without: frozenset[str] | set[str] = frozenset()
) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in items
        if isinstance(value, int | float) and name not in without
    }


def _seconds(moment: str | None) -> float:
    try:
        return datetime.fromisoformat(moment or "").timestamp()
    except ValueError:
        return 0.0
