"""Collapse: which settings empty the code, and how the KL weight goes with it over training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.answers.curves import Curve, curve
from reports.answers.naming import in_order, own_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from musebar_core.setting import Value
    from reports.answers.summaries import ConfigurationSummary
    from study.results.tables import StudyTables


@dataclass(frozen=True)
class Rate:
    """Collapsed seeds among the trained ones of all configurations with one value of a setting."""

    setting: str
    value: Value
    collapsed: int
    seeds: int

    @property
    def share(self) -> float:
        """Share of seeds that collapsed."""
        return self.collapsed / self.seeds


@dataclass(frozen=True)
class Training:
    """Curves of one configuration over training, means over seeds.

    Attributes
    ----------
    weight
        KL weight of the loss.
    kl, bce
        Validation, nats per snippet.
    """

    row: ConfigurationSummary
    weight: Curve
    kl: Curve
    bce: Curve


def rates(rows: Sequence[ConfigurationSummary]) -> tuple[Rate, ...]:
    """Count collapsed seeds by each value of each setting that varied, over all phases.

    Each trained seed run counts once; a configuration that was searched and confirmed counts
    with the seeds of both.
    """
    measured = [row for row in rows if row.n_trained]
    settings = [(row, row.settings) for row in measured]
    found: list[Rate] = []
    for name in own_settings([one for _, one in settings]):
        tried = in_order(one[name] for _, one in settings)
        found += [_rate(name, value, settings) for value in tried]
    return tuple(found)


def _rate(
    name: str,
    value: Value,
    settings: list[tuple[ConfigurationSummary, Mapping[str, Value]]],
) -> Rate:
    rows = [row for row, one in settings if one[name] == value]
    return Rate(name, value, sum(r.collapsed for r in rows), sum(r.n_trained for r in rows))


def by_share(rows: Sequence[ConfigurationSummary]) -> tuple[ConfigurationSummary, ...]:
    """Sort configurations by their share of collapsed among trained seeds, the largest first."""
    trained = [row for row in rows if row.n_trained]
    return tuple(sorted(trained, key=lambda row: (-row.collapsed / row.n_trained, row.config_id)))


def trainings(
    tables: StudyTables, genre: str, rows: Sequence[ConfigurationSummary]
) -> tuple[Training, ...]:
    """Gather KL weight, KL and BCE over training; configurations without curves are left out."""
    found = (
        Training(
            row,
            *(
                curve(tables, genre, row.config_id, row.phase, metric)
                for metric in ("weight", "validation_kl", "validation_bce")
            ),
        )
        for row in rows
    )
    return tuple(one for one in found if one.kl.traces and one.weight.traces)
