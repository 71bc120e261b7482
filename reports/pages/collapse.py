"""The collapse page of a genre: how often, with which settings, and when in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.collapse import Rate, Training, by_share, rates, trainings
from reports.answers.views import information_plot, is_chosen, one_phase
from reports.figures import collapse as draw
from reports.figures.information import information
from reports.pages import tables as cells
from reports.pages.cells import Cell, Table
from reports.pages.charts import Chart, chart
from reports.pages.genre import AGAINST_KL, ordered
from reports.pages.site import GenrePage, Place, Site, Topic
from reports.pages.topic import PageSection, topic_page
from reports.words import labels
from study.results.columns import CURVE

if TYPE_CHECKING:
    from reports.answers.summaries import ConfigurationSummary
    from reports.pages.view import GenreView, StudyView

LEAD = (
    "A run whose upper bound on the mutual information is under 0.5 nats, or that has no active "
    "unit, has collapsed: its decoder does without the code. A large KL alone does not tell."
)
COLLAPSE = Topic("Collapse", "collapse")

MOST_BARS = 20
"""Configurations drawn; the table has all."""


def has_collapse(_: StudyView, genre: GenreView) -> bool:
    """Whether any run of the genre has been measured."""
    return any(row.validation is not None for row in genre.rows)


def collapse_page(study: StudyView, site: Site, genre: GenreView) -> str:
    """Write the collapse page of a genre."""
    rows = tuple(row for row in one_phase(genre.rows, study.wanted) if row.validation is not None)
    sections = [
        _information(study, genre, rows),
        _shares(genre, rows),
        _training(study, genre),
        PageSection(
            "all",
            "Every configuration",
            tables=(
                cells.configurations_table(
                    ordered(genre.rows), genre.baselines["validation"], genre.chosen
                ),
            ),
        ),
    ]
    shown = [one for one in sections if one is not None]
    here = Place(COLLAPSE, genre.name)
    return topic_page(
        study, site, here, f"Collapse: {genre.name}", [LEAD], shown, steered=genre.rows
    )


def _information(
    study: StudyView, genre: GenreView, rows: tuple[ConfigurationSummary, ...]
) -> PageSection:
    plot = information_plot(study.tables, genre.rows, genre.chosen, genre.name)
    share = (
        " Height over KL is the informative share of the code: on the dashed line all of the KL "
        "is information."
    )
    charts = (
        chart(
            "fig-kl-mi",
            "Mutual information against KL, validation, nats",
            AGAINST_KL + share,
            information(plot, "kl"),
            _share_table(rows),
        ),
        chart(
            "fig-active-units",
            "Active units over latent length, validation",
            "Each mark is a configuration's mean over seeds. Far under the dashed line most of "
            "the code is dead; on zero all of it is.",
            draw.active_units(rows, genre.chosen),
            data="configurations",
        ),
    )
    return PageSection("information", "What the code carries", charts=charts, side_by_side=False)


def _share_table(rows: tuple[ConfigurationSummary, ...]) -> Table:
    found = []
    for row in rows:
        split = row.validation
        if split is None:
            continue
        share = split.mi_upper.mean / split.kl.mean if split.kl.mean else None
        found.append(
            (
                Cell(row.config_id),
                Cell(labels.brief(row)),
                Cell(labels.phase(row.phase)),
                Cell(labels.number(split.kl.mean), split.kl.mean),
                Cell(labels.number(split.mi_lower.mean), split.mi_lower.mean),
                Cell(labels.number(split.mi_upper.mean), split.mi_upper.mean),
                Cell("-") if share is None else Cell(f"{share:.2f}", share),
                Cell(labels.collapsed(row), row.collapsed, warning=row.is_collapsed),
            )
        )
    return Table(
        id="informative-share",
        caption="KL and the MI bracket, means over seeds in nats, and the informative share, mean "
        "upper bound over mean KL.",
        columns=(
            "configuration",
            "settings",
            "stage",
            "KL",
            "MI lower",
            "MI upper",
            "informative share",
            "collapsed",
        ),
        rows=tuple(found),
    )


def _shares(genre: GenreView, rows: tuple[ConfigurationSummary, ...]) -> PageSection:
    """Say how often runs collapsed; ``rows`` has each configuration once."""
    ranked = [row for row in by_share(rows) if row.collapsed]
    drawn = ranked[:MOST_BARS]
    charts: list[Chart] = []
    counted = rates(genre.rows)
    if counted:
        charts.append(
            chart(
                "fig-collapse-rates",
                "Share of collapsed seeds by setting",
                "All trained seeds of all configurations with that value; the other settings vary "
                "too, so a difference is a hint, not an effect.",
                draw.rate_bars(counted),
                _rates_table(counted),
            )
        )
    if drawn:
        more = len(ranked) - len(drawn)
        rest = f" {more:,} more are in the table." if more > 0 else ""
        names = [_name(row, genre.chosen) for row in drawn]
        charts.append(
            chart(
                "fig-collapse-configurations",
                "Share of collapsed seeds, each configuration",
                "Configurations in which a seed collapsed, the worst first, each by its trained "
                "seeds of one stage: that which the choice goes by, else the one with the most. "
                "Right of the dashed line more than one seed in five did, which costs "
                f"trainings.{rest}",
                draw.collapsed_bars(drawn, names),
                data="configurations",
            )
        )
    total = sum(row.n_trained for row in genre.rows)
    lost = sum(row.collapsed for row in genre.rows)
    text = f"{lost:,} of {labels.count(total, 'trained seed run')} collapsed on validation."
    if plateau := sum(len(row.undertrained_seeds) for row in genre.rows):
        text += (
            f" {labels.count(plateau, 'more seed run')} did not beat the Markov chain: "
            "undertrained, which says nothing about collapse."
        )
    return PageSection("shares", "How often it collapsed", text=(text,), charts=tuple(charts))


def _name(row: ConfigurationSummary, chosen: ConfigurationSummary | None) -> str:
    label = labels.compared_label(row.method, chosen=is_chosen(row, chosen))
    brief = labels.brief(row)
    return f"{label}: {brief}" if label else brief


def _rates_table(counted: tuple[Rate, ...]) -> Table:
    return Table(
        id="collapse-rates",
        caption="Seeds that collapsed on validation, of all trained seeds with that value.",
        columns=("setting", "value", "collapsed", "seeds", "share"),
        rows=tuple(
            (
                Cell(labels.setting_label(one.setting)),
                Cell(labels.value_text(one.value)),
                Cell(f"{one.collapsed:,}", one.collapsed),
                Cell(f"{one.seeds:,}", one.seeds),
                Cell(f"{one.share:.2f}", one.share),
            )
            for one in counted
        ),
    )


def _training(study: StudyView, genre: GenreView) -> PageSection | None:
    found = trainings(study.tables, genre.name, genre.compared)
    if not found:
        return None
    baselines = genre.baselines[CURVE]
    table = _training_table(found, genre.chosen)
    panels = (
        (
            "weight",
            "Weight of the KL in the loss",
            "KL weight",
            None,
            "The annealing schedule as it was run, at each evaluated epoch.",
        ),
        (
            "kl",
            "Validation KL under it",
            "KL (nats per snippet)",
            None,
            (
                "Where the weight rises and the KL falls to zero, the code is being emptied. Thin "
                "lines are seeds, bold ones their means." + study.on_the_way
            ),
        ),
        (
            "bce",
            "Validation BCE under it",
            "BCE (nats per snippet)",
            baselines,
            (
                "What prediction gains meanwhile. Dashed lines are the baselines, named at the "
                "edge if far off; the steep start may lie above the window." + study.on_the_way
            ),
        ),
    )
    charts = tuple(
        chart(
            f"fig-training-{metric}",
            title,
            said,
            draw.training_panel(found, metric, y_title, genre.chosen, lines),
            data=table.id,
        )
        for metric, title, y_title, lines, said in panels
    )
    return PageSection(
        "training", "Over training", charts=charts, side_by_side=False, tables=(table,)
    )


def _training_table(found: tuple[Training, ...], chosen: ConfigurationSummary | None) -> Table:
    rows = []
    for one in found:
        label = labels.compared_label(one.row.method, chosen=is_chosen(one.row, chosen))
        kl = dict(zip(one.kl.epochs, one.kl.means, strict=True))
        bce = dict(zip(one.bce.epochs, one.bce.means, strict=True))
        for epoch, weight in zip(one.weight.epochs, one.weight.means, strict=True):
            rows.append(
                (
                    Cell(label),
                    Cell(f"{epoch:,}", epoch),
                    Cell(f"{weight:.3f}", weight),
                    *(
                        Cell(labels.number(v), v) if v is not None else Cell("-")
                        for v in (kl.get(epoch), bce.get(epoch))
                    ),
                )
            )
    return Table(
        id="training",
        caption="Means over seeds at each evaluated epoch; validation KL and BCE in nats.",
        columns=("configuration", "epoch", "KL weight", "KL", "BCE"),
        rows=tuple(rows),
    )


PAGE = GenrePage(COLLAPSE, has_collapse, collapse_page)
