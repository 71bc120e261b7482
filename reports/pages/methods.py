"""The methods page: the paper's Table 1 and Figure 5 on this study's music, beside the paper's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.paper import TABLE_1
from reports.answers.views import dot_plot, methods_of, missing_methods
from reports.figures.dots import bce_dots
from reports.figures.methods import GenreMark, genres_chart
from reports.figures.style import colour, span
from reports.pages import tables as cells
from reports.pages.cells import Cell, Table
from reports.pages.charts import Chart, chart
from reports.pages.site import Place, Site, StudyPage, Topic
from reports.pages.topic import PageSection, topic_page
from reports.pages.verdicts import verdict_sections
from reports.words import labels
from reports.words.slugs import slug

if TYPE_CHECKING:
    from reports.answers.summaries import ConfigurationSummary
    from reports.pages.view import GenreView, StudyView

METHODS = Topic("Methods", "methods")

LEAD = (
    "The paper's four methods, on this study's music, on the test split: what its Table 1 and "
    "Figure 5 show, with every seed, intervals and baselines."
)
OWN_SCALE = (
    "The paper's figures are printed as it reports them: means of ten runs on its own unpublished "
    "music, 240 steps a snippet, 512 units, without spread and without baselines. BCE is summed "
    "over a snippet, so the scales differ with its length and its music: compare the order of the "
    "methods and the shape, never the figures."
)
PANELS = (
    ("bce", "BCE", "BCE (nats per snippet)"),
    ("kl", "KL", "KL (nats per snippet)"),
    ("mi", "Mutual information", "mutual information (nats)"),
)
SAID = {
    "bce": "Lower predicts better. Grey strokes are each genre's Markov chain: a method to the "
    "right of it predicts worse than the last note does.",
    "kl": "What the code costs. A large KL need not mean information.",
    "mi": "What the code carries: the bar spans the means of both bounds. Left of the "
    "dotted line, 0.5 nats, the code is empty.",
}


def methods(study: StudyView, genre: GenreView) -> tuple[ConfigurationSummary, ...]:
    """Return a genre's methods that have test figures."""
    return tuple(row for row in methods_of(genre.rows, study.wanted) if row.test is not None)


def has_methods(study: StudyView) -> bool:
    """Whether some genre has a run of one of the paper's methods."""
    return any(methods(study, genre) for genre in study.genres)


def methods_page(study: StudyView, site: Site) -> str:
    """Write the page of the four methods."""
    measured = [(genre, found) for genre in study.genres if (found := methods(study, genre))]
    sections = [*verdict_sections(study), _all_genres(measured)]
    sections += [_genre(study, genre, found) for genre, found in measured]
    ran = {row.method for _, rows in measured for row in rows}
    heading, lead = "The four methods", LEAD
    if len(ran) < len(labels.METHODS):
        names = ", ".join(label for name, label in labels.METHODS.items() if name in ran)
        heading, lead = "The paper's methods", f"{LEAD} Of the four, only {names} ran here."
    return topic_page(study, site, Place(METHODS), heading, [lead], sections)


Measured = list[tuple["GenreView", tuple["ConfigurationSummary", ...]]]


def _all_genres(measured: Measured) -> PageSection:
    """Set this study's figures and the paper's side by side, a pair a metric."""
    markov = {
        genre.name: genre.baselines["test"]["markov"]
        for genre, _ in measured
        if "markov" in genre.baselines["test"]
    }
    charts: list[Chart] = []
    for metric, name, x_title in PANELS:
        marks = [_mark(genre, row, metric) for genre, rows in measured for row in rows]
        from_zero = metric != "bce"
        drawn = genres_chart(
            marks,
            f"test {x_title}",
            None if from_zero else markov,
            from_zero=from_zero,
            empty=metric == "mi",
        )
        spread = "" if metric == "mi" else f" {labels.COVERAGE}"
        table = _own_table(metric, name, marks, markov)
        charts.append(
            chart(f"fig-own-{metric}", f"{name} here", SAID[metric] + spread, drawn, table)
        )
    return PageSection(
        "all-genres",
        "Here and in the paper",
        notes=(OWN_SCALE,),
        charts=tuple(charts),
        tables=(_paper_table(),),
    )


def _mark(genre: GenreView, row: ConfigurationSummary, metric: str) -> GenreMark:
    split = row.split("test")
    if split is None:
        raise ValueError(f"{row.config_id} has no test figures")
    method = row.method or ""
    if metric == "mi":
        low, high = split.mi_lower.mean, split.mi_upper.mean
        text = f"{labels.bracket(split.mi_lower, split.mi_upper)} nats, cap {labels.cap(split)}"
        return GenreMark(genre.name, method, (low + high) / 2, (low, high), text)
    mean = split.metric(metric)
    text = f"{labels.with_interval(mean)}, {mean.n_seeds} seeds"
    return GenreMark(genre.name, method, mean.mean, span(mean), text)


def _own_table(metric: str, name: str, marks: list[GenreMark], markov: dict[str, float]) -> Table:
    rows = [
        (
            Cell(mark.genre),
            Cell(labels.METHODS[mark.method], swatch=colour(mark.method)),
            Cell(mark.hover, mark.mean),
        )
        for mark in marks
    ]
    footer = [
        (Cell(genre), Cell("Markov chain (baseline)"), Cell(labels.number(bce), bce))
        for genre, bce in markov.items()
    ]
    return Table(
        f"own-{metric}",
        f"{name} on the test split, nats, by genre and method.",
        ("genre", "method", name),
        tuple(rows),
        tuple(footer) if metric == "bce" else (),
    )


def _paper_table() -> Table:
    """The paper's Table 1: printed, and not drawn beside figures of another scale."""
    return Table(
        "paper",
        "BCE in the paper, its KL and its mutual information: Table 1, nats, its own scale and "
        "music, no spread given. Four cells of MI lie above their KL, which one posterior cannot "
        "have.",
        ("genre", "method", *(name for _, name, _ in PANELS)),
        tuple(
            (
                Cell(row.genre),
                Cell(labels.METHODS[row.method], swatch=colour(row.method)),
                *(_reported(getattr(row, metric)) for metric, _, _ in PANELS),
            )
            for row in TABLE_1
        ),
    )


def _reported(value: float | None) -> Cell:
    return Cell("not given") if value is None else Cell(f"{value:g}", value)


def _genre(
    study: StudyView, genre: GenreView, found: tuple[ConfigurationSummary, ...]
) -> PageSection:
    name = slug(genre.name)
    plot = dot_plot(study.tables, found, genre.chosen, genre.name)
    seeds = _seeds_table(f"seeds-{name}", found)
    each = "Each dot is a seed, each diamond a mean with its 95% interval. "
    charts = [
        chart(
            f"fig-bce-{name}",
            f"BCE, test, {genre.name}",
            each + "Lower is better; dashed lines "
            "are the baselines, named at the edge where far off.",
            bce_dots(plot),
            data=seeds.id,
        ),
    ]
    partial = [
        f"{labels.method_label(row.method)}: {labels.seeds_of(row.n_done, row.n_planned)}"
        for row in found
        if row.is_partial
    ]
    notes = [f"Partial: {'; '.join(partial)}."] if partial else []
    if missing := missing_methods(study.tables, genre.name, found):
        notes.append(f"No run has ended yet of: {', '.join(map(labels.method_label, missing))}.")
    table = cells.methods_table(
        found, "test", genre.baselines["test"], genre.chosen, id=f"methods-{name}"
    )
    return PageSection(
        f"genre-{name}", genre.name, notes=tuple(notes), charts=tuple(charts), tables=(table, seeds)
    )


def _written(name: str, value: float) -> str:
    return f"{value:g}" if name == "active_units" else labels.number(value)


def _seeds_table(id: str, rows: tuple[ConfigurationSummary, ...]) -> Table:  # noqa: A002
    names = cells.MEASURES
    found = []
    for row in rows:
        split = row.split("test")
        if split is None:
            continue
        by_seed = [
            dict(zip(split.metric(n).seeds, split.metric(n).values, strict=True)) for n in names
        ]
        for seed in split.bce.seeds:
            cells_of = (
                Cell(_written(name, v[seed]), v[seed]) if seed in v else Cell("-")
                for name, v in zip(names, by_seed, strict=True)
            )
            method = Cell(labels.method_label(row.method), swatch=colour(row.method))
            found.append((method, Cell(str(seed), seed), *cells_of))
    return Table(
        id=id,
        caption="Every seed on the test split; BCE, KL and MI in nats.",
        columns=("method", "seed", *(labels.metric_label(name) for name in names)),
        rows=tuple(found),
    )


PAGE = StudyPage(METHODS, has_methods, methods_page)
