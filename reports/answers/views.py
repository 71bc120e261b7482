"""What a genre's figures show: one frozen answer a figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.answers.choice import CHOICE_PHASES, full_counts
from reports.answers.methods import Method
from reports.answers.summaries import ConfigurationSummary, SplitSummary, baseline_bce, seeds_wanted
from study.results.tables import StudyState

if TYPE_CHECKING:
    from study.results.tables import StudyTables
    from study.statistics.intervals import SeedMean


@dataclass(frozen=True)
class Dots:
    """One row of the dot plot: a configuration's BCE, each seed and their mean."""

    method: str | None
    config_id: str
    bce: SeedMean
    n_planned: int
    chosen: bool


@dataclass(frozen=True)
class DotPlot:
    """BCE of the compared configurations on one split, and the baselines' beside it."""

    genre: str
    split: str
    rows: tuple[Dots, ...]
    baselines: dict[str, float]


@dataclass(frozen=True)
class InformationPoint:
    """One configuration's code: what it costs (KL, BCE) and what it carries (MI bracket).

    Means over seeds on validation, nats.
    """

    row: ConfigurationSummary
    kl: float
    bce: float
    mi_lower: float
    mi_upper: float
    chosen: bool


@dataclass(frozen=True)
class InformationPlot:
    """Every configuration's information on validation.

    Attributes
    ----------
    points
        One a configuration, in the phase of :func:`one_phase`.
    cap
        log N, nats; None where nothing has been evaluated.
    n_snippets
        N.
    baselines
        Validation BCE of the baselines.
    """

    genre: str
    points: tuple[InformationPoint, ...]
    cap: float | None
    n_snippets: int | None
    baselines: dict[str, float]


def methods_of(
    rows: tuple[ConfigurationSummary, ...], wanted: int
) -> tuple[ConfigurationSummary, ...]:
    """Keep the paper's methods, in their order, each in one phase; missing ones are left out."""
    fixed = tuple(row for row in rows if row.method in set(Method) and row.phase in CHOICE_PHASES)
    found = {row.method: row for row in one_phase(fixed, wanted)}
    return tuple(found[name] for name in Method if name in found)


def missing_methods(
    tables: StudyTables, genre: str, rows: tuple[ConfigurationSummary, ...]
) -> tuple[Method, ...]:
    """Name the methods that an unfinished study will run and that are not among ``rows``."""
    planned = tables.planned
    asked = ((planned["genre"] == genre) & (planned["phase"] == "methods")).any()
    listed = tables.spec.search.space == "methods"
    if tables.standing is StudyState.FINISHED or not (asked or listed):
        return ()
    return tuple(name for name in Method if name not in {row.method for row in rows})


def compared(
    rows: tuple[ConfigurationSummary, ...], chosen: ConfigurationSummary | None, wanted: int
) -> tuple[ConfigurationSummary, ...]:
    """Keep the methods, and the chosen configuration where it is none of them."""
    methods = methods_of(rows, wanted)
    if chosen is None or chosen.config_id in {row.config_id for row in methods}:
        return methods
    return (*methods, chosen)


def dot_plot(
    tables: StudyTables,
    rows: tuple[ConfigurationSummary, ...],
    chosen: ConfigurationSummary | None,
    genre: str,
    split: str = "test",
) -> DotPlot:
    """Compare BCE over seeds; ``rows`` are those of :func:`compared`."""
    dots = tuple(
        Dots(
            method=row.method,
            config_id=row.config_id,
            bce=figures.bce,
            n_planned=row.n_planned,
            chosen=is_chosen(row, chosen),
        )
        for row in rows
        if (figures := row.split(split)) is not None
    )
    return DotPlot(genre, split, dots, baseline_bce(tables, genre, split))


def information_plot(
    tables: StudyTables,
    rows: tuple[ConfigurationSummary, ...],
    chosen: ConfigurationSummary | None,
    genre: str,
) -> InformationPlot:
    """Set the MI bracket of every configuration of a genre against its KL and BCE."""
    points = tuple(
        _point(row, row.validation, chosen)
        for row in one_phase(rows, seeds_wanted(tables))
        if row.validation is not None
    )
    evaluated = [row.validation for row in rows if row.validation is not None]
    return InformationPlot(
        genre=genre,
        points=points,
        cap=evaluated[0].mi_cap if evaluated else None,
        n_snippets=evaluated[0].n_snippets if evaluated else None,
        baselines=baseline_bce(tables, genre, "validation"),
    )


def is_chosen(row: ConfigurationSummary, chosen: ConfigurationSummary | None) -> bool:
    """Whether a row is the chosen configuration, in the phase it was chosen in."""
    return chosen is not None and (row.config_id, row.phase) == (chosen.config_id, chosen.phase)


def one_phase(
    rows: tuple[ConfigurationSummary, ...], wanted: int
) -> tuple[ConfigurationSummary, ...]:
    """Keep one row set a configuration: that which a choice uses, else that of most seeds."""
    order = (*CHOICE_PHASES, "search")
    kept = {row.config_id: row for row in full_counts(rows, wanted)}
    for row in sorted(rows, key=lambda r: (-r.n_done, order.index(r.phase))):
        kept.setdefault(row.config_id, row)
    return tuple(sorted(kept.values(), key=lambda row: row.config_id))


def _point(
    row: ConfigurationSummary, figures: SplitSummary, chosen: ConfigurationSummary | None
) -> InformationPoint:
    return InformationPoint(
        row=row,
        kl=figures.kl.mean,
        bce=figures.bce.mean,
        mi_lower=figures.mi_lower.mean,
        mi_upper=figures.mi_upper.mean,
        chosen=is_chosen(row, chosen),
    )
