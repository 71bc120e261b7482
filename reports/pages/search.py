"""The search page of a genre: what was tried, what mattered, what was given up for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.search import Search, importance, left_behind, pareto_front, search
from reports.figures import search as draw
from reports.figures.settings import contour, importance_bars, parallel, slice_panel
from reports.pages import tables as cells
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.charts import Chart, chart
from reports.pages.genre import ordered
from reports.pages.site import GenrePage, Place, Site, Topic
from reports.pages.topic import PageSection, topic_page
from reports.stats.importance import BEST, FEWEST, RARE, Importances
from reports.words import labels
from reports.words.search import left_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musebar_core.setting import Value
    from reports.answers.summaries import SplitSummary
    from reports.pages.view import GenreView, StudyView

SEARCH = Topic("Search", "search")

TRIALS = "configurations"
"""Id of the table that holds the numbers of most charts."""


def has_search(study: StudyView, genre: GenreView) -> bool:
    """Whether enough configurations were tried to look at their search."""
    return search(study.tables, genre.name, genre.rows) is not None


def search_page(study: StudyView, site: Site, genre: GenreView) -> str:
    """Write the search page of a genre."""
    found = search(study.tables, genre.name, genre.rows)
    if found is None:
        raise ValueError(f"{genre.name} has no search to show")
    what = "The search" if found.is_search else "The grid"
    seeds = max(trial.row.n_done for trial in found.trials)
    lead = (
        (
            f"{labels.count(len(found.trials), 'configuration')} tried on "
            f"{labels.count(seeds, 'seed')} each, on validation. Few seeds flatter: the choice "
            "rests on the confirmation, not on this page."
        )
        if found.is_search
        else (
            f"{labels.count(len(found.trials), 'configuration')} of the grid, compared on "
            "validation."
        )
    )
    sections = [
        _course(study, genre, found),
        _importance(found),
        *_settings(study, genre, found),
        _front(study, genre, found),
        _left(study, genre),
        PageSection("all", "Every configuration", tables=(_table(genre),)),
    ]
    here = Place(SEARCH, genre.name)
    shown = [one for one in sections if one is not None]
    return topic_page(study, site, here, f"{what}: {genre.name}", [lead], shown, steered=genre.rows)


def _table(genre: GenreView) -> Table:
    return cells.configurations_table(
        ordered(genre.rows), genre.baselines["validation"], genre.chosen
    )


def _course(study: StudyView, genre: GenreView, found: Search) -> PageSection:
    baselines, colour = genre.baselines["validation"], study.colours[genre.name]
    charts: list[Chart] = []
    if found.is_search:
        charts.append(
            chart(
                "fig-history",
                "Validation BCE of each configuration, in order",
                "Each dot is a configuration's mean over its search seeds, in the order in which "
                "they first ended; crosses collapsed. The line is the lowest so far, a minimum "
                "over noisy means: it flatters. Dashed lines are the baselines, named at the "
                "edge where far off.",
                draw.history(found, baselines, colour),
                _history_table(found),
            )
        )
    groups = {"searched" if found.is_search else "tried": [t.bce for t in found.trials]}
    confirmed = [
        r.validation.bce.mean
        for r in genre.rows
        if r.phase == "confirm" and r.validation is not None
    ]
    if found.is_search and confirmed:
        groups["confirmed"] = confirmed
    charts.append(
        chart(
            "fig-edf",
            "Share of configurations at or under each BCE",
            "How rare a good configuration is: a steep line means that most are alike, a long "
            "foot on the left that few are good. Dashed lines are the baselines, named at the "
            "edge where far off.",
            draw.edf(groups, baselines),
            data=TRIALS,
        )
    )
    heading = "Course of the search" if found.is_search else "Spread of the grid"
    return PageSection("course", heading, charts=tuple(charts))


def _history_table(found: Search) -> Table:
    rows = zip(found.trials, found.best_so_far, strict=True)
    return Table(
        id="history",
        caption="Mean validation BCE of each configuration and the lowest so far, nats a snippet.",
        columns=("order", "configuration", "settings", "BCE", "lowest so far", "collapsed"),
        rows=tuple(
            (
                Cell(str(t.number), t.number),
                Cell(t.row.config_id),
                Cell(labels.brief(t.row)),
                mean_cell(t.figures.bce),
                Cell(labels.number(best), best),
                Cell(
                    labels.collapsed(t.row),
                    t.row.collapsed,
                    warning=t.row.is_collapsed,
                ),
            )
            for t, best in rows
        ),
    )


def _importance(found: Search) -> PageSection:
    weighed = importance(found)
    rare = _rare(found)
    if weighed is None and rare:
        return PageSection("importance", "What mattered", notes=(rare,))
    if weighed is None:
        tried = len(found.trials)
        why = (
            f"{labels.count(tried, 'configuration')} tried: {FEWEST} at least are needed to say"
            if tried < FEWEST
            else "All were alike in BCE or in all settings but one, so nothing can be said of"
        )
        return PageSection("importance", "What mattered", notes=(f"{why} what mattered.",))
    said = (
        "PED-ANOVA asks how much a setting decides whether a configuration is among the best "
        f"{BEST:.0%} by mean BCE; the shares add up to 100%. Whiskers are the middle 80% over "
        f"{weighed.resamples} resamples of the configurations and of their seeds: where they "
        f"overlap, the order is a guess. {labels.count(weighed.n_configurations, 'configuration')}."
    )
    one = chart(
        "fig-importance",
        "Importance of each setting, share of all",
        said,
        importance_bars(weighed),
        _importance_table(weighed),
    )
    notes = (rare,) if rare else ()
    return PageSection(
        "importance", "What mattered", notes=notes, charts=(one,), side_by_side=False
    )


def _rare(found: Search) -> str:
    """Name the settings that were changed too rarely to be weighed; empty for none."""
    if not found.rare:
        return ""
    names = ", ".join(labels.setting_label(name) for name in found.rare)
    return (
        f"Not weighed, for want of two values that {RARE:.0%} of all each have: {names}. "
        "What was changed once or twice is told by its own configurations, in the table below."
    )


def _importance_table(weighed: Importances) -> Table:
    return Table(
        id="importance",
        caption="Share of the importance, and the middle 80% over resamples.",
        columns=("setting", "share", "from", "to"),
        rows=tuple(
            (
                Cell(labels.setting_label(one.name)),
                Cell(f"{one.share:.3f}", one.share),
                *(Cell(f"{end:.3f}", end) for end in one.interval),
            )
            for one in weighed.settings
        ),
    )


def _settings(study: StudyView, genre: GenreView, found: Search) -> list[PageSection]:
    if not found.weighed:
        return []
    baselines, colour = genre.baselines["validation"], study.colours[genre.name]
    lines = chart(
        "fig-parallel",
        "Settings of every configuration, and what came of them",
        "Each line is a configuration, from its settings to its information and its BCE: see "
        "where the best fifth runs together. Click in the legend to hide a group.",
        parallel(found),
        data=TRIALS,
        wide=True,
    )
    slices = [
        chart(
            f"fig-slice-{name.replace('_', '-')}",
            f"BCE over {name.replace('_', ' ')}, validation",
            "Each dot is a configuration, the strokes are medians. The other settings vary too.",
            slice_panel(found, name, baselines, colour),
            data=TRIALS,
        )
        for name in found.weighed
    ]
    pair = _pair(found)
    if pair is not None:
        x, y = (labels.setting_label(name) for name in pair)
        slices.append(
            chart(
                "fig-contour",
                f"Mean BCE over {x} and {y}, validation",
                "Brighter is lower. Only the dots were tried: the shading between them is drawn "
                "in between their means, over whatever the other settings were.",
                contour(found, *pair),
                data=TRIALS,
            )
        )
    return [
        PageSection("looked", "Where it looked", charts=(lines,), side_by_side=False),
        PageSection("settings", "Setting by setting", charts=tuple(slices)),
    ]


def _pair(found: Search) -> tuple[str, str] | None:
    """Choose the two settings of the contour: the paper's two, else the first two.

    Numbers alone: between two words there is nothing to shade. None where so few were tried that
    the shading would be all guess.
    """
    numbers = [name for name in found.weighed if _is_number(found.cells(name))]
    paper = [name for name in ("latent_length", "regularizers") if name in numbers]
    names = [*paper, *(name for name in numbers if name not in paper)]
    return (names[0], names[1]) if len(names) >= 2 and len(found.trials) >= FEWEST else None


def _is_number(cells: Sequence[Value]) -> bool:
    return not any(isinstance(value, str | bool) for value in cells)


def _front(study: StudyView, genre: GenreView, found: Search) -> PageSection:
    drawn = draw.pareto(
        found.trials, genre.baselines["validation"], study.colours[genre.name], genre.chosen
    )
    front = pareto_front(found.trials)
    table = Table(
        id="front",
        caption="Configurations that none beats in both, on validation; nats.",
        columns=("configuration", "settings", "BCE", "MI lower", "MI upper", "collapsed"),
        rows=tuple(
            (
                Cell(t.row.config_id),
                Cell(labels.brief(t.row)),
                mean_cell(t.figures.bce),
                mean_cell(t.figures.mi_lower),
                mean_cell(t.figures.mi_upper),
                Cell(
                    labels.collapsed(t.row),
                    t.row.collapsed,
                    warning=t.row.is_collapsed,
                ),
            )
            for t in front
        ),
    )
    said = (
        "Left predicts better, up carries more. No configuration beats one on the front in both. "
        "Bars are 95% intervals over seeds (from three seeds on: that of two is too wide to "
        "draw). The front is drawn from noisy means, so its members flatter; the star is the "
        "recommended one, where it was searched."
    )
    one = chart("fig-pareto", "BCE against mutual information, validation", said, drawn, table)
    return PageSection("front", "Prediction against information", charts=(one,), side_by_side=False)


def _left(study: StudyView, genre: GenreView) -> PageSection | None:
    found = left_behind(study.tables, genre.name, genre.rows)
    if not found:
        return None
    table = Table(
        id="left",
        caption="Configurations that were passed over after the search or dropped in the race of "
        "the confirmation, and why; validation, nats, over the seeds they had. p is that of the "
        "race's test, uncorrected.",
        columns=(
            "configuration",
            "settings",
            "left in",
            "BCE",
            "MI lower",
            "seeds",
            "p",
            "why it was left",
        ),
        rows=tuple(
            (
                Cell(one.row.config_id),
                Cell(labels.brief(one.row)),
                Cell(one.stage),
                *_measured(one.row.validation),
                Cell(str(one.row.n_done), one.row.n_done),
                Cell("-") if one.p_value is None else Cell(f"{one.p_value:.3f}", one.p_value),
                Cell(left_text(one)),
            )
            for one in found
        ),
    )
    return PageSection("left", "Left behind", tables=(table,))


def _measured(split: SplitSummary | None) -> tuple[Cell, Cell]:
    if split is None:
        return Cell("-"), Cell("-")
    return (
        mean_cell(split.bce),
        mean_cell(split.mi_lower),
    )


PAGE = GenrePage(SEARCH, has_search, search_page)
