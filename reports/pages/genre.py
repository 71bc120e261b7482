"""The page of one genre: its recommendation, and everything it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.figures.curves import learning_curves, leaves_window
from reports.figures.dots import bce_dots
from reports.figures.information import information
from reports.pages import tables as cells
from reports.pages.render import figure_json, page_name, render
from reports.pages.strip import strip
from reports.recommendation import Recommendation, longest_code_warning, recommend, train_command
from reports.stats import labels
from reports.stats.choice import NoFullCountError, Prefer
from reports.stats.curves import Curve, curve
from reports.stats.overview import progress
from reports.stats.summaries import (
    ConfigurationSummary,
    baseline_bce,
    genre_names,
    seeds_wanted,
    summaries,
)
from reports.stats.views import (
    compared,
    dot_plot,
    information_plot,
    is_chosen,
    missing_methods,
)

if TYPE_CHECKING:
    from study.results import StudyTables

Labelled = tuple[str, str | None, Curve]


@dataclass(frozen=True)
class Answers:
    """A genre's recommendations: by BCE and by information; None, and why, where there is none."""

    bce: Recommendation | None
    information: Recommendation | None
    missing: str

    @property
    def chosen(self) -> ConfigurationSummary | None:
        """The configuration recommended by BCE."""
        return None if self.bce is None else self.bce.chosen


def answers(tables: StudyTables, genre: str) -> Answers:
    """Recommend for a genre, or say why nothing can be recommended yet."""
    try:
        return Answers(
            recommend(tables, genre), recommend(tables, genre, Prefer.INFORMATION), missing=""
        )
    except NoFullCountError as error:
        return Answers(None, None, str(error))


def genre_page(tables: StudyTables, genre: str, found: Answers) -> str:
    """Write the page of a genre; ``found`` are its :func:`answers`."""
    rows = summaries(tables, genre)
    wanted = seeds_wanted(tables)
    methods = compared(rows, found.chosen, wanted)
    missing = missing_methods(tables, genre, methods)
    context: dict[str, Any] = {
        "study": tables.name,
        "state": tables.state,
        "genre": genre,
        "nav": [(name, page_name(name)) for name in genre_names(tables)],
        "labels": labels,
        "progress": progress(tables, genre),
        "answers": found,
        "strip": None if found.chosen is None else strip(found.chosen.config),
        "command": "" if found.bce is None else train_command(found.bce),
        "alternatives": None if found.bce is None else cells.alternatives_table(found.bce),
        "wanted": wanted,
        "short": longest_code_warning(rows, found.chosen),
        "methods_heading": methods_heading(methods, missing),
        "missing_methods": missing,
        "searched": any(row.phase == "search" for row in rows),
    }
    context |= _methods_section(tables, genre, methods, found.chosen)
    context |= _information_section(tables, genre, rows, found.chosen)
    context |= _curves_section(tables, genre, methods, found.chosen)
    context["configurations"] = cells.configurations_table(
        _ordered(rows), baseline_bce(tables, genre, "validation"), found.chosen
    )
    context["failures"] = cells.failures_table(f for row in rows for f in row.failures)
    return render("genre.html.j2", **context)


def methods_heading(rows: tuple[ConfigurationSummary, ...], missing: tuple[str, ...]) -> str:
    """Name the section of the compared configurations after what is in it; empty for nothing."""
    methods = [row for row in rows if row.method]
    name = "The four methods" if len(methods) == len(labels.METHODS) else "Methods"
    if len(rows) > len(methods):
        return f"{name} and the choice" if methods else "The choice"
    return name if methods or missing else ""


def _methods_section(
    tables: StudyTables,
    genre: str,
    rows: tuple[ConfigurationSummary, ...],
    chosen: ConfigurationSummary | None,
) -> dict[str, Any]:
    plot = dot_plot(tables, rows, chosen, genre)
    return {
        "dots": figure_json(bce_dots(plot)) if plot.rows else None,
        "seeds": cells.seeds_table(plot),
        "methods": [
            cells.methods_table(rows, split, baseline_bce(tables, genre, split), chosen)
            for split in ("test", "validation")
        ],
        "partial": [row for row in rows if row.is_partial],
    }


def _information_section(
    tables: StudyTables,
    genre: str,
    rows: tuple[ConfigurationSummary, ...],
    chosen: ConfigurationSummary | None,
) -> dict[str, Any]:
    plot = information_plot(tables, rows, chosen, genre)
    if not plot.points:
        return {"information": None, "against_kl": None, "against_bce": None}
    return {
        "information": plot,
        "against_kl": figure_json(information(plot, "kl")),
        "against_bce": figure_json(information(plot, "bce")),
    }


def _curves_section(
    tables: StudyTables,
    genre: str,
    rows: tuple[ConfigurationSummary, ...],
    chosen: ConfigurationSummary | None,
) -> dict[str, Any]:
    curves: list[Labelled] = []
    for row in rows:
        found = curve(tables, genre, row.config_id, row.phase)
        if found.traces:
            label = labels.compared_label(row.method, chosen=is_chosen(row, chosen))
            curves.append((label, row.method, found))
    if not curves:
        return {"curves": None, "curves_table": None, "clipped": False}
    baselines = baseline_bce(tables, genre, "validation")
    return {
        "curves": figure_json(learning_curves(curves, baselines)),
        "curves_table": cells.curves_table(curves, baselines),
        "clipped": leaves_window(curves, baselines),
    }


def _ordered(rows: tuple[ConfigurationSummary, ...]) -> list[ConfigurationSummary]:
    """Sort confirmation first, then methods, then search; within each by validation BCE."""
    phases = ("confirm", "methods", "search")

    def order(row: ConfigurationSummary) -> tuple[int, float, str]:
        bce = float("inf") if row.validation is None else row.validation.bce.mean
        return phases.index(row.phase), bce, row.config_id

    return sorted(rows, key=order)
