"""The page of runs on their way: of a served report alone, while its study runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.figures.running import running_curves
from reports.figures.style import CHOSEN_COLOUR
from reports.pages.cells import Cell, Table
from reports.pages.charts import chart
from reports.pages.site import Place, Site, StudyPage, Topic
from reports.pages.topic import PageSection, topic_page
from reports.words import labels
from reports.words.slugs import slug
from study.results.columns import CURVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.pages.view import StudyView
    from study.results.inflight import InFlight

RUNNING = Topic("Running", "running")

Named = tuple[str, "InFlight"]


def running_page(study: StudyView, site: Site) -> str:
    """Write the page of runs on their way."""
    names = {row.config_id: labels.name_of(row) for one in study.genres for row in one.rows}
    by_genre: dict[str, list[Named]] = {}
    for run in study.running:
        config_id = run.config.config_id
        name = names.get(config_id) or labels.describe(run.config)
        by_genre.setdefault(run.genre, []).append((name, run))
    sections = [_section(study, genre, runs) for genre, runs in by_genre.items()]
    lead = (
        f"{labels.count(len(study.running), 'seed run')} on the way, as their last checkpoints "
        "have them. What has ended stands on the other pages, and in the log."
    )
    return topic_page(study, site, Place(RUNNING), "Running now", [lead], sections)


def _section(study: StudyView, genre: str, runs: Sequence[Named]) -> PageSection:
    baselines = {one.name: one.baselines[CURVE] for one in study.genres}.get(genre, {})
    name = slug(genre)
    table = Table(
        id=f"running-{name}",
        caption="Runs on their way; validation BCE and KL at the last evaluation, nats a snippet.",
        columns=("configuration", "settings", "seed", "epoch", "of", "BCE", "KL"),
        rows=tuple(_row(called, run) for called, run in runs),
    )
    drawn = running_curves(runs, baselines, study.colours.get(genre, CHOSEN_COLOUR))
    one = chart(
        f"fig-running-{name}",
        f"Validation BCE so far, {genre}",
        "A line a run on its way, a dot an evaluation; dashed lines are the baselines, named at "
        "the edge where far off. A run that has not passed the Markov chain yet is undertrained."
        + study.on_the_way,
        drawn,
        data=f"running-{name}",
    )
    return PageSection(
        f"running-{name}-part", genre, charts=(one,), side_by_side=False, tables=(table,)
    )


def _row(called: str, run: InFlight) -> tuple[Cell, ...]:
    last = run.evaluations[-1].validation
    epochs = run.config.training.epochs
    return (
        Cell(run.config.config_id),
        Cell(called),
        Cell(str(run.seed), run.seed),
        Cell(f"{run.epoch:,}", run.epoch),
        Cell(f"{epochs:,}", epochs),
        Cell(labels.number(last.bce), last.bce),
        Cell(labels.number(last.kl), last.kl),
    )


PAGE = StudyPage(RUNNING, lambda study: bool(study.running), running_page)
