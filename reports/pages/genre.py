"""The page of one genre: its recommendation, and everything it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.answers.configurations import confirmed, forest
from reports.answers.curves import Curve, curve
from reports.answers.overview import progress
from reports.answers.rate import Trade, rate_distortion
from reports.answers.views import dot_plot, information_plot, is_chosen, missing_methods
from reports.figures.configurations import forest_figure
from reports.figures.curves import learning_curves, leaves_window
from reports.figures.dots import bce_dots
from reports.figures.information import information
from reports.figures.rate import rate_figure
from reports.pages import tables as cells
from reports.pages.card import card_view
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.charts import Chart, chart
from reports.pages.listen import LISTEN
from reports.pages.render import render
from reports.pages.shared import context
from reports.pages.site import GenrePage, Place, Site, Topic
from reports.pages.steering import steering
from reports.pages.strip import strip
from reports.words import labels
from reports.words.cards import in_short
from reports.words.choice import reasons, settled_text, shortfall_text, verdict_text
from reports.words.configurations import branch_name
from reports.words.recommendation import longest_code_warning, train_command, warnings
from reports.words.slugs import slug
from study.results.columns import CURVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.summaries import ConfigurationSummary
    from reports.pages.view import GenreView, StudyView

GENRE = Topic("Genre cards", "genre")

Labelled = tuple[str, str | None, Curve]

AGAINST_BCE = (
    "Each mark is a configuration on validation: further left predicts better, further up carries "
    "more; the bar spans the means of its lower and its upper bound. BCE does not price the KL "
    "that it takes, so a good choice is left and not at the bottom. Crosses are collapsed (more "
    "than one seed in five); hollow circles were searched on few seeds and never confirmed, so "
    "they may flatter. "
    "Baselines are dashed lines, or named at the edge where they are far off."
)
AGAINST_KL = (
    "Each mark is a configuration on validation, against its KL; the bar spans the means of the "
    "lower and the upper bound, crosses are collapsed. MI cannot exceed KL (dashed line): a mark "
    "far below the line has a large KL that carries little information."
)
CURVES = (
    "Thin lines are seeds, bold ones their mean, dashed ones the baselines (named at the edge "
    "where far off); lower is better. The reported epoch is that of the highest validation ELBO "
    "at the run's own final KL weight once annealing has ended, not of the lowest BCE."
)
CLIPPED = " Some evaluations, mostly the first, lie outside the window: zoom out to see them."


def genre_page(study: StudyView, site: Site, genre: GenreView) -> str:
    """Write the page of a genre."""
    tables, found = study.tables, genre.found
    missing = missing_methods(tables, genre.name, genre.compared)
    page: dict[str, Any] = {
        "progress": progress(tables, genre.name),
        "answers": found,
        "missing": "" if found.missing is None else shortfall_text(found.missing),
        "reasons": () if found.answer is None else reasons(found.answer.choice),
        "warnings": () if found.answer is None else warnings(found.answer),
        "leading": int(found.answer is not None and found.answer.leading is not None),
        "verdict": "" if found.answer is None else verdict_text(found.answer.card.headline),
        "settled": "" if found.answer is None else settled_text(found.answer.card.headline),
        "sounds": _sounds(study, genre),
        "in_short": () if found.answer is None else in_short(found.answer.card),
        "strip": None if found.chosen is None else strip(found.chosen.config),
        "command": "" if found.answer is None else train_command(found.answer),
        "alternatives": None if found.answer is None else cells.alternatives_table(found.answer),
        "wanted": study.wanted,
        "short": longest_code_warning(genre.rows, found.chosen),
        "methods_heading": methods_heading(genre.compared, missing),
        "missing_methods": [labels.method_label(name) for name in missing],
        "searched": any(row.phase == "search" for row in genre.rows),
        "card": card_view(study, genre),
        "steering": steering(genre.rows),
        "rate": _rate(study, genre),
        "information": _information(study, genre),
        "forest": _forest(genre, study.wanted),
        "dots": _dots(study, genre),
        "methods": _methods(genre),
        "curves": learning_chart(study, genre, "fig-curves"),
        "configurations": cells.configurations_table(
            ordered(genre.rows), genre.baselines["validation"], genre.chosen
        ),
        "failures": cells.failures_table(f for row in genre.rows for f in row.failures),
    }
    here = Place(GENRE, genre.name)
    return render("genre.html.j2", **(context(study, site, here) | page))


def _sounds(study: StudyView, genre: GenreView) -> str:
    """Link to what the recommended configuration plays; empty where it plays nothing."""
    if genre.name not in study.music:
        return ""
    return f"{Place(LISTEN).file}#genre-{slug(genre.name)}"


def methods_heading(rows: tuple[ConfigurationSummary, ...], missing: Sequence[str]) -> str:
    """Name the section of the compared configurations after what is in it; empty for nothing."""
    methods = [row for row in rows if row.method]
    name = "The four methods" if len(methods) == len(labels.METHODS) else "Methods"
    if len(rows) > len(methods):
        return f"{name} and the choice" if methods else "The choice"
    return name if methods or missing else ""


def learning_chart(study: StudyView, genre: GenreView, id: str) -> Chart | None:  # noqa: A002
    """Draw the learning curves of the compared configurations; None where there are none."""
    curves: list[Labelled] = []
    for row in genre.compared:
        found = curve(study.tables, genre.name, row.config_id, row.phase)
        if found.traces:
            label = labels.compared_label(row.method, chosen=is_chosen(row, genre.chosen))
            curves.append((label, row.method, found))
    if not curves:
        return None
    baselines = genre.baselines[CURVE]
    said = CURVES + (CLIPPED if leaves_window(curves, baselines) else "") + study.on_the_way
    drawn = learning_curves(curves, baselines)
    table = cells.curves_table(curves, baselines)
    return chart(id, "Validation BCE over training, nats per snippet", said, drawn, table)


def ordered(rows: tuple[ConfigurationSummary, ...]) -> list[ConfigurationSummary]:
    """Sort confirmation first, then methods, then search; within each by validation BCE."""
    phases = ("confirm", "methods", "search")

    def order(row: ConfigurationSummary) -> tuple[int, float, str]:
        bce = float("inf") if row.validation is None else row.validation.bce.mean
        return phases.index(row.phase), bce, row.config_id

    return sorted(rows, key=order)


def _dots(study: StudyView, genre: GenreView) -> Chart | None:
    plot = dot_plot(study.tables, genre.compared, genre.chosen, genre.name)
    if not plot.rows:
        return None
    partial = "".join(
        f" {labels.method_label(row.method) or 'The choice'}: "
        f"{labels.seeds_of(row.n_done, row.n_planned)}."
        for row in genre.compared
        if row.is_partial
    )
    said = (
        "Lower is better: each seed a dot, the diamond their mean with its 95% interval, dashed "
        f"lines the baselines (named at the edge where far off). {labels.COVERAGE}{partial}"
    )
    title = "Test BCE of every seed, nats per snippet"
    return chart("fig-methods", title, said, bce_dots(plot), cells.seeds_table(plot))


def _methods(genre: GenreView) -> list[Table]:
    return [
        cells.methods_table(genre.compared, split, genre.baselines[split], genre.chosen)
        for split in ("test", "validation")
    ]


OVER_KL = (
    "Each mark is a configuration on validation. Down and left is better: the frontier is what "
    "none beats in both. Codes of different rate are not told apart by BCE alone: along the "
    "dotted line rate and distortion add up to the same ELBO."
)
OVER_MI = (
    "Down and right is better: a code that carries more at no higher price. The frontier is "
    "what none beats in both; a representation is chosen from its foot, where NLL is as good "
    "as the best's within the noise."
)
TRADES = (
    (Trade.KL_BCE, "fig-rate", "Rate against distortion: BCE over KL", OVER_KL),
    (Trade.MI_NLL, "fig-information", "Information against likelihood: NLL over MI", OVER_MI),
)
"""Trade, id, title and caption of each chart of rate against distortion."""


def _rate(study: StudyView, genre: GenreView) -> list[Chart]:
    charts = []
    for trade, id_, title, said in TRADES:
        found = rate_distortion(genre.rows, genre.chosen, study.wanted, trade)
        if found is None:
            continue
        stand_in = " NLL was not measured on all: -ELBO stands for it."
        caption = said + (stand_in if found.distortion == "elbo" else "")
        drawn = rate_figure(found, genre.baselines["validation"].get("markov"))
        charts.append(chart(id_, title, caption, drawn, data="configurations"))
    return charts


def _forest(genre: GenreView, wanted: int) -> ForestView | None:
    """What changing one thing does, to the choice or to the reference of an ablation."""
    found = forest(confirmed(genre.rows, wanted), genre.chosen)
    if found is None:
        return None
    names = [branch_name(one) for one in found.branches]
    metrics = ("nll", "bce", "kl", "mi_lower")
    table = Table(
        id="forest",
        caption="Each changed configuration minus the reference on validation, seed by seed, nats, "
        "with 95% intervals.",
        columns=("changed", "configuration", *(labels.metric_label(one) for one in metrics)),
        rows=tuple(
            (
                Cell(name),
                Cell(one.mine.config_id),
                *(
                    mean_cell(next((t.difference for t in one.tests if t.metric == metric), None))
                    for metric in metrics
                ),
            )
            for name, one in zip(names, found.branches, strict=True)
        ),
    )
    said = (
        "A row a configuration that differs from the reference in that one setting; 0 is the "
        "reference. Green is better, orange worse with its whole 95% interval, grey undecided; "
        "intervals are not corrected for their number. Crosses between settings are not shown."
    )
    drawn = forest_figure(found.branches, names)
    one = chart("fig-forest", "One thing changed, validation", said, drawn, table, wide=True)
    row = found.reference
    which = "the recommended configuration" if is_chosen(row, genre.chosen) else "the reference"
    text = f"Against {which}, {labels.describe(row.config, row.told_by)} ({row.config_id})."
    return ForestView(text, one)


@dataclass(frozen=True)
class ForestView:
    """The forest of a genre: its reference in words, and its chart."""

    text: str
    chart: Chart


def _information(study: StudyView, genre: GenreView) -> list[Chart]:
    plot = information_plot(study.tables, genre.rows, genre.chosen, genre.name)
    if not plot.points:
        return []
    cap = (
        ""
        if plot.cap is None
        else (
            f" The lower bound cannot exceed log N = {labels.number(plot.cap)} nats "
            f"(N = {plot.n_snippets} snippets)."
        )
    )
    return [
        chart(
            "fig-bce-mi",
            "Mutual information against BCE, both in nats",
            AGAINST_BCE,
            information(plot, "bce"),
            data="configurations",
        ),
        chart(
            "fig-kl-mi",
            "Mutual information against KL, both in nats",
            AGAINST_KL + cap,
            information(plot, "kl"),
            data="configurations",
        ),
    ]


PAGE = GenrePage(GENRE, lambda _, __: True, genre_page)
