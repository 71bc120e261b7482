"""The tables that stand beside the figures, as plain cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.choice import validation
from reports.answers.naming import varied
from reports.answers.views import is_chosen
from reports.figures.style import colour
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.render import without_secrets
from reports.words import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.answers.curves import Curve
    from reports.answers.recommendation import Recommendation
    from reports.answers.summaries import ConfigurationSummary, Failure, SplitSummary
    from reports.answers.views import DotPlot
    from study.statistics.intervals import SeedMean


MEASURES = ("bce", "kl", "mi_lower", "mi_upper", "active_units")
"""Metrics that a table shows, in the order of its columns."""


def methods_table(
    rows: Sequence[ConfigurationSummary],
    split: str,
    baselines: dict[str, float],
    chosen: ConfigurationSummary | None,
    id: str | None = None,  # noqa: A002  (HTML's word)
) -> Table:
    """Set the compared configurations side by side on one split, baselines beneath."""
    columns = (
        "method",
        *(labels.metric_label(name) for name in MEASURES),
        "seeds",
        "collapsed",
        "configuration",
    )
    found = []
    for row in rows:
        figures = row.split(split)
        found.append(
            (
                _name(row, chosen),
                *_measures(figures),
                _seeds(row),
                _collapsed(row, figures),
                Cell(labels.brief(row)),
            )
        )
    return Table(
        id=id or f"methods-{split}",
        caption=_caption(rows, split),
        columns=columns,
        rows=tuple(found),
        footer=_baselines(baselines, columns),
    )


def configurations_table(
    rows: Sequence[ConfigurationSummary],
    baselines: dict[str, float],
    chosen: ConfigurationSummary | None,
) -> Table:
    """List every configuration and phase on validation, with the settings that were varied."""
    return measures_table("configurations", rows, baselines, chosen)


def measures_table(
    id: str,  # noqa: A002  (HTML's word)
    rows: Sequence[ConfigurationSummary],
    baselines: dict[str, float],
    chosen: ConfigurationSummary | None,
) -> Table:
    """List configurations on validation: measures first, then the settings that differ."""
    names = varied(row.config for row in rows)
    columns = (
        "configuration",
        "stage",
        *(labels.metric_label(name) for name in MEASURES),
        "seeds",
        "collapsed",
        "failed",
        *(labels.setting_label(n) for n in names),
    )
    return Table(
        id=id,
        caption=_caption(rows, "validation"),
        columns=columns,
        rows=tuple(_configuration(row, names, chosen) for row in rows),
        footer=_baselines(baselines, columns),
    )


def _caption(rows: Sequence[ConfigurationSummary], split: str) -> str:
    text = f"{split.capitalize()} split. BCE and KL in nats per snippet, MI in nats"
    measured = [found for row in rows if (found := row.split(split))]
    if not measured:
        return f"{text}."
    text += f"; MI lower is at most log N = {labels.cap(measured[0])}."
    if any(one.mi_lower.mean > one.mi_upper.mean for one in measured):
        text += " Both bounds are estimates: of an empty code they may cross."
    return text


def _baselines(
    baselines: dict[str, float], columns: tuple[str, ...]
) -> tuple[tuple[Cell, ...], ...]:
    """Name each baseline in the first column, its score in each column of a BCE."""
    return tuple(
        (
            Cell(f"{labels.BASELINES[name]} (baseline)"),
            *(
                Cell(labels.number(bce), bce) if column == "BCE" else Cell("")
                for column in columns[1:]
            ),
        )
        for name, bce in baselines.items()
    )


def alternatives_table(recommendation: Recommendation) -> Table:
    """List the next best configurations on validation."""
    columns = (
        "configuration",
        "settings",
        "BCE",
        "difference",
        "MI lower",
        "MI upper",
        "collapsed",
    )
    found = []
    for one in recommendation.alternatives:
        figures = validation(one.summary)
        found.append(
            (
                Cell(one.summary.config_id),
                Cell(labels.brief(one.summary)),
                _mean(figures.bce),
                _mean(one.difference),
                _mean(figures.mi_lower),
                _mean(figures.mi_upper),
                _collapsed(one.summary, figures),
            )
        )
    return Table(
        id="alternatives",
        caption=f"{_caption([recommendation.chosen], 'validation')} The next best; the difference "
        f"is {labels.metric_label(recommendation.choice.metric)} minus the choice's, seed by seed.",
        columns=columns,
        rows=tuple(found),
        footer=_baselines(recommendation.baselines["validation"], columns),
    )


def seeds_table(plot: DotPlot) -> Table:
    """List the dots of the dot plot."""
    columns = ("method", "configuration", "seed", "BCE")
    return Table(
        id="seeds",
        caption=f"{plot.split.capitalize()} BCE of each seed, nats per snippet.",
        columns=columns,
        rows=tuple(
            (
                _compared(row.method, chosen=row.chosen),
                Cell(row.config_id),
                Cell(str(seed), seed),
                Cell(labels.number(value), value),
            )
            for row in plot.rows
            for seed, value in zip(row.bce.seeds, row.bce.values, strict=True)
        ),
        footer=_baselines(plot.baselines, columns),
    )


def curves_table(
    curves: Sequence[tuple[str, str | None, Curve]], baselines: dict[str, float]
) -> Table:
    """List the means of the learning curves, a row an epoch."""
    means = [dict(zip(curve.epochs, curve.means, strict=True)) for _, _, curve in curves]
    epochs = sorted({epoch for mean in means for epoch in mean})
    return Table(
        id="curves",
        caption="Mean validation BCE over seeds, nats per snippet, at each evaluated epoch.",
        columns=("epoch", *(label for label, _, _ in curves)),
        rows=tuple(
            (
                Cell(f"{epoch:,}", epoch),
                *(
                    Cell(labels.number(mean[epoch]), mean[epoch]) if epoch in mean else Cell("-")
                    for mean in means
                ),
            )
            for epoch in epochs
        ),
        footer=tuple(
            (
                Cell(f"{labels.BASELINES[name]} (baseline)"),
                *(Cell(labels.number(bce), bce),) * len(curves),
            )
            for name, bce in baselines.items()
        ),
    )


def failures_table(failures: Iterable[Failure]) -> Table:
    """List the seed runs that failed, each with its reason."""
    return Table(
        id="failures",
        caption="Seed runs that failed. Nothing is averaged over them in silence.",
        columns=("configuration", "stage", "seed", "attempts", "reason"),
        rows=tuple(
            (
                Cell(one.config_id),
                Cell(labels.phase(one.phase)),
                Cell(str(one.seed), one.seed),
                Cell(str(one.attempts), one.attempts),
                Cell(without_secrets(one.reason or labels.NO_REASON), warning=True),
            )
            for one in failures
        ),
    )


def _configuration(
    row: ConfigurationSummary, names: tuple[str, ...], chosen: ConfigurationSummary | None
) -> tuple[Cell, ...]:
    settings = labels.settings(row.config)
    found = is_chosen(row, chosen)
    failed = len(row.failures)
    known = labels.compared_label(row.method, chosen=found).replace(" (chosen)", ", chosen")
    return (
        Cell(
            f"{row.config_id} ({known})" if known else row.config_id,
            swatch=colour(row.method, chosen=found),
        ),
        Cell(labels.phase(row.phase)),
        *_measures(row.validation),
        _seeds(row),
        _collapsed(row, row.validation),
        Cell(str(failed), failed, warning=failed > 0),
        *(_setting(settings[name]) for name in names),
    )


def _setting(value: float | str) -> Cell:
    return Cell(value) if isinstance(value, str) else Cell(f"{value:g}", value)


def _name(row: ConfigurationSummary, chosen: ConfigurationSummary | None) -> Cell:
    return _compared(row.method, chosen=is_chosen(row, chosen))


def _compared(method: str | None, *, chosen: bool) -> Cell:
    label = labels.compared_label(method, chosen=chosen)
    return Cell(label, swatch=colour(method, chosen=chosen))


def _seeds(row: ConfigurationSummary) -> Cell:
    text = f"{row.n_done} of {row.n_planned}" if row.is_partial else str(row.n_done)
    return Cell(text, row.n_done, warning=row.is_partial)


def _measures(split: SplitSummary | None) -> tuple[Cell, ...]:
    return tuple(_mean(None if split is None else split.metric(name)) for name in MEASURES)


def _mean(mean: SeedMean | None) -> Cell:
    return mean_cell(mean)


def _collapsed(row: ConfigurationSummary, split: SplitSummary | None) -> Cell:
    if split is None:
        return Cell("-")
    text = labels.collapsed(row, split) + (", collapsed" if split.is_collapsed else "")
    return Cell(text, split.collapsed, warning=split.is_collapsed)
