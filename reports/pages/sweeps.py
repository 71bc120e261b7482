"""Latent length, regularizers and heatmaps: what the paper's Figures 6a, 6b and 7 ask."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reports.answers.sweeps import Heatmap, Setting, Sweep, heatmaps, sweeps
from reports.figures.sweeps import heatmap_panel, sweep_panel
from reports.pages import tables as cells
from reports.pages.charts import Chart, chart
from reports.pages.site import Place, Site, StudyPage, Topic
from reports.pages.topic import PageSection, Slice, topic_page
from reports.words import labels
from reports.words.slugs import slug
from reports.words.sweeps import held_by_cells, shared_settings

if TYPE_CHECKING:
    from reports.pages.cells import Table
    from reports.pages.view import GenreView, StudyView

TOPICS: dict[Setting, Topic] = {
    "latent_length": Topic("Latent length", "latent-length"),
    "regularizers": Topic("Regularizers", "regularizers"),
}
HEATMAPS = Topic("Heatmaps", "heatmaps")
NAMES = {
    "latent_length": "latent length (dimensions)",
    "regularizers": "regularizers (bars with a KL term)",
}
LEADS: dict[Setting, str] = {
    "latent_length": (
        "The paper's Figure 6a asks what the latent length does while all else stays as it is. "
        "It reports BCE between 1,075 and 1,080 and KL between 5.7 and 22.3 nats over 8 to 128 "
        "dimensions, on its own music, at its own scale: compare shapes, not figures."
    ),
    "regularizers": (
        "The paper's Figure 6b asks what the number of regularizers does while all else stays as "
        "it is. It reports BCE between 1,076 and 1,081 and KL between 10.7 and 27.3 nats over 5 "
        "to 60 regularizers of 60 bars, on its own music, at its own scale: compare shapes, not "
        "figures."
    ),
}
HEATMAPS_LEAD = (
    "The paper's Figure 7 sets BCE out over latent length and number of regularizers, genre by "
    "genre, and finds lower BCE towards longer codes and more regularizers. BCE alone rewards an "
    "empty code, so the information stands beside it here."
)
PANELS = (
    (
        "bce",
        "BCE",
        "BCE (nats per snippet)",
        "Lower predicts better; dashed lines are the baselines, named at the edge where far off.",
    ),
    (
        "kl",
        "KL",
        "KL (nats per snippet)",
        "What the code costs. A large KL need not mean information: look at the bracket.",
    ),
    (
        "mi",
        "Mutual information",
        "mutual information (nats)",
        (
            "What the code carries, from the mean of the lower bound to that of the upper. Under "
            "the dotted line, 0.5 nats, a code is empty."
        ),
    ),
    (
        "active_units",
        "Active units",
        "active units (dimensions)",
        "Dimensions in use; those above this count are dead weight.",
    ),
)
"""Metric, title, axis and caption of each panel."""

SEEDS = (
    "Each dot is a seed, each line the means with their 95% intervals (from three seeds on: that "
    "of two is too wide to draw). "
)
SLICE = (
    "A slice of the search: it holds the values that the search happened to try with all other "
    "settings alike, on {seeds} each. It is no designed comparison."
)


def has_sweep(study: StudyView, setting: Setting) -> bool:
    """Whether some genre has configurations that differ in the setting alone."""
    return any(sweeps(genre.rows, setting) for genre in study.genres)


def sweep_page(study: StudyView, site: Site, setting: Setting) -> str:
    """Write the page of one setting."""
    found = [(genre, sweeps(genre.rows, setting)) for genre in study.genres]
    sections = [_section(study, genre, one, setting) for genre, one in found if one]
    topic = TOPICS[setting]
    return topic_page(study, site, Place(topic), topic.label, [LEADS[setting]], sections)


def has_heatmap(study: StudyView) -> bool:
    """Whether some genre has two latent lengths and two numbers of regularizers at least."""
    return any(heatmaps(genre.rows) for genre in study.genres)


def heatmap_page(study: StudyView, site: Site) -> str:
    """Write the page of the heatmaps."""
    found = [(genre, heatmaps(genre.rows, genre.chosen)) for genre in study.genres]
    sections = [_heatmap_section(genre, one) for genre, one in found if one]
    heading, lead = "Latent length against regularizers", [HEATMAPS_LEAD]
    return topic_page(study, site, Place(HEATMAPS), heading, lead, sections)


def _section(
    study: StudyView, genre: GenreView, found: tuple[Sweep, ...], setting: Setting
) -> PageSection:
    name = slug(genre.name)
    table = _sweep_table(f"{setting}-{name}", found, genre)
    x = NAMES[setting]
    where = f", validation, {genre.name}"
    charts: list[Chart] = []
    for metric, title, y, said in PANELS:
        baselines = genre.baselines["validation"] if metric == "bce" else None
        drawn = sweep_panel(found, metric, (x, y), study.colours[genre.name], baselines)
        dots = "" if metric == "mi" else SEEDS
        charts.append(
            chart(
                f"fig-{metric.replace('_', '-')}-{name}",
                title + where,
                dots + said,
                drawn,
                data=table.id,
            )
        )
    return PageSection(
        id=f"genre-{name}",
        heading=genre.name,
        text=tuple(f"Held: {', '.join(held)}." for held in [shared_settings(found)] if held),
        notes=tuple(_sweep_notes(found)),
        charts=tuple(charts),
        tables=(table,),
    )


def _sweep_notes(found: tuple[Sweep, ...]) -> list[str]:
    notes = []
    sliced = [one for one in found if one.searched]
    if sliced:
        counts = sorted({row.n_done for one in sliced for row in one.rows})
        seeds = " to ".join(str(n) for n in dict.fromkeys((counts[0], counts[-1])))
        noun = "seed" if counts[-1] == 1 else "seeds"
        notes.append(SLICE.format(seeds=f"{seeds} {noun}"))
    partial = [row for one in found for row in one.rows if row.is_partial]
    notes += [
        f"{labels.brief(row)}: {labels.seeds_of(row.n_done, row.n_planned)}." for row in partial
    ]
    return notes


def _sweep_table(id: str, found: tuple[Sweep, ...], genre: GenreView) -> Table:  # noqa: A002
    rows = [row for one in found for row in one.rows]
    return cells.measures_table(id, rows, genre.baselines["validation"], genre.chosen)


def _heatmap_section(genre: GenreView, found: tuple[Heatmap, ...]) -> PageSection:
    name, first = slug(genre.name), found[0]
    several = len(found) > 1
    parts = [
        _heatmap_slice(genre, one, f"{name}-{at}" if at else name) for at, one in enumerate(found)
    ]
    notes = []
    if first.searched:
        counts = sorted({cell.row.n_done for one in found for cell in one.cells})
        seeds = " to ".join(str(n) for n in dict.fromkeys((counts[0], counts[-1])))
        said = f"{seeds} {'seed' if counts[-1] == 1 else 'seeds'}"
        few = "Search figures, on {seeds} each: no designed comparison."
        notes.append((few if first.pooled else SLICE).format(seeds=said))
    return PageSection(
        id=f"genre-{name}",
        heading=genre.name,
        text=(_heatmap_text(found),),
        notes=tuple(notes),
        slices=tuple(parts) if several else (),
        charts=() if several else parts[0].charts,
        tables=() if several else parts[0].tables,
    )


def _heatmap_text(found: tuple[Heatmap, ...]) -> str:
    """Say what the cells share, and whether the recommendation is among them."""
    first = found[0]
    if first.chosen is not None:
        marked = "The frame marks the recommended configuration."
    else:
        marked = "The recommended configuration is on none of these."
    if first.pooled:
        return (
            "No two settings of the search share all others often enough: each cell shows the "
            "configuration of the lowest mean BCE among those tried there, whatever its other "
            f"settings. Cells that were tried more often look better for it. {marked}"
        )
    if len(found) == 1:
        return f"Held: {held_by_cells(first)}. {marked}"
    through = "first the slice through the recommendation" if first.chosen else "first the largest"
    return (
        f"Each slice holds all other settings at one value; {through}, then those of most cells. "
        f"{marked}"
    )


def _heatmap_slice(genre: GenreView, found: Heatmap, name: str) -> Slice:
    table = _heatmap_table(f"heatmap-{name}", found, genre)
    label = held_by_cells(found) or "all that was tried"
    if found.chosen is not None:
        label += " (the recommendation's)"
    hover = " Hover for the interval and the seeds; empty cells were not run."
    where = f", validation, {genre.name}"
    charts = tuple(
        chart(
            f"fig-heatmap-{metric.replace('_', '-')}-{name}",
            title + where,
            said + hover,
            heatmap_panel(found, metric, unit, scale),
            data=table.id,
        )
        for metric, title, unit, scale, said in HEATMAP_PANELS
    )
    return Slice(label, charts, (table,))


HEATMAP_PANELS = (
    ("bce", "BCE", "nats per snippet", "Cividis_r", "Lower (brighter) predicts better."),
    (
        "mi_lower",
        "MI, lower bound",
        "nats",
        "Cividis",
        "Brighter carries more. A cell that is good in BCE and dark here is an empty code.",
    ),
)
"""Metric, title, unit, colours and caption of each panel of a heatmap."""


def _heatmap_table(id: str, found: Heatmap, genre: GenreView) -> Table:  # noqa: A002
    rows = [cell.row for cell in found.cells]
    return cells.measures_table(id, rows, genre.baselines["validation"], genre.chosen)


PAGES = (
    *(
        StudyPage(topic, partial(has_sweep, setting=setting), partial(sweep_page, setting=setting))
        for setting, topic in TOPICS.items()
    ),
    StudyPage(HEATMAPS, has_heatmap, heatmap_page),
)
