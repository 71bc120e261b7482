"""The page of one confirmed configuration: its seeds, its curves, its file, and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musebar_core.yamlfile import dump
from reports.answers.configurations import MANY, Comparison, compare, confirmed, rivals
from reports.answers.cost import training
from reports.answers.curves import curve
from reports.answers.views import is_chosen
from reports.figures.configurations import two_curves
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.charts import Chart, chart
from reports.pages.render import render, without_secrets
from reports.pages.shared import context
from reports.pages.site import Place, Site, Topic
from reports.pages.topic import Slice
from reports.words import labels
from reports.words.configurations import states_text
from reports.words.cost import training_text
from reports.words.slugs import page_name, slug
from study.results.columns import CURVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.answers.summaries import ConfigurationSummary
    from reports.pages.view import GenreView, StudyView

PREFIX = "config"

SEED_METRICS = ("nll", "bce", "kl", "mi_lower", "mi_upper", "active_units")
"""Metrics of the table of seeds."""

MEANS = ("nll", "bce", "kl", "elbo", "mi_lower", "mi_upper", "active_units")
"""Metrics of the table of means."""


@dataclass(frozen=True)
class Own:
    """A configuration in one of the genres in which it was confirmed."""

    genre: GenreView
    row: ConfigurationSummary
    rivals: tuple[ConfigurationSummary, ...]


def configuration_file(config_id: str) -> str:
    """Name of the page of a configuration."""
    return f"{PREFIX}-{config_id}.html"


def configurations(study: StudyView) -> dict[str, list[Own]]:
    """Config_id of every confirmed configuration to the genres in which it was.

    Of a genre with more than :data:`MANY`, the methods and the best.
    """
    found: dict[str, list[Own]] = {}
    for genre in study.genres:
        rows = _worth_a_page(genre, confirmed(genre.rows, study.wanted))
        for row in rows:
            others = rivals(row, rows, genre.chosen)
            found.setdefault(row.config_id, []).append(Own(genre, row, others))
    return dict(sorted(found.items()))


def _worth_a_page(
    genre: GenreView, rows: tuple[ConfigurationSummary, ...]
) -> tuple[ConfigurationSummary, ...]:
    if len(rows) <= MANY:
        return rows
    ranked = () if genre.found.answer is None else genre.found.answer.choice.candidates
    places = {row.config_id: at for at, row in enumerate(ranked)}

    def place(row: ConfigurationSummary) -> tuple[bool, int, str]:
        named = row.method in labels.METHODS
        return not named, places.get(row.config_id, len(places)), row.config_id

    return tuple(sorted(sorted(rows, key=place)[:MANY], key=lambda row: row.config_id))


def configuration_pages(
    study: StudyView, site: Site, found: Mapping[str, list[Own]]
) -> Iterator[tuple[str, str]]:
    """Write the page of each configuration: file name and HTML."""
    for config_id, owned in found.items():
        yield configuration_file(config_id), _page(study, site, config_id, owned)


def _page(study: StudyView, site: Site, config_id: str, owned: list[Own]) -> str:
    row = owned[0].row
    here = Place(Topic("Configuration", f"{PREFIX}-{config_id}"))
    page: dict[str, Any] = {
        "config_id": config_id,
        "name": labels.name_of(row),
        "said": labels.describe(row.config, row.told_by),
        "method": labels.method_label(row.method),
        "genres": [_genre(study, own) for own in owned],
        "file": f"{config_id}.yaml",
    }
    return render("configuration.html.j2", **(context(study, site, here) | page))


def _genre(study: StudyView, own: Own) -> dict[str, Any]:
    row, name = own.row, slug(own.genre.name)
    return {
        "name": own.genre.name,
        "slug": name,
        "card": page_name(own.genre.name),
        "chosen": is_chosen(row, own.genre.chosen),
        "states": states_text(row),
        "phase": labels.phase(row.phase),
        "cost": training_text(training(study.tables, row)),
        "yaml": configuration_yaml(study, own),
        "means": _means(own, name),
        "seeds": _seeds(row, name),
        "curves": _curves(study, own, name),
        "compared": [_slice(study, own, other, name) for other in own.rivals],
        "failures": [f"seed {one.seed}: {one.reason or labels.NO_REASON}" for one in row.failures],
    }


def configuration_yaml(study: StudyView, own: Own) -> str:
    """Write what ``musebar train --config`` takes."""
    path = study.tables.corpus_path
    known = {
        "study": study.name,
        "genre": own.genre.name,
        "config_id": own.row.config_id,
        "config": own.row.config.to_dict(),
    }
    return dump(known if path is None else known | {"corpus": {"path": without_secrets(path)}})


def _means(own: Own, name: str) -> Table:
    """Means on validation; on test where the study shows them: the choice and the methods."""
    row = own.row
    shown = is_chosen(row, own.genre.chosen) or row.method in labels.METHODS
    splits = [row.validation, *([row.test] if shown else [])]
    columns = ("measure", "validation", *(("test",) if shown else ()))
    rows = [
        (
            Cell(labels.metric_label(metric)),
            *(mean_cell(None if one is None else one.metric(metric)) for one in splits),
        )
        for metric in MEANS
        if row.validation is not None and row.validation.metric(metric).n_seeds
    ]
    baselines = [own.genre.baselines[split] for split in ("validation", "test")[: len(splits)]]
    footer = tuple(
        (
            Cell(f"BCE of {labels.BASELINES[baseline]}"),
            *(
                Cell(labels.number(one[baseline]), one[baseline]) if baseline in one else Cell("-")
                for one in baselines
            ),
        )
        for baseline in baselines[0]
    )
    return Table(
        id=f"means-{name}",
        caption="Means over seeds with 95% intervals; nats per snippet, MI in nats.",
        columns=columns,
        rows=tuple(rows),
        footer=footer,
    )


def _seeds(row: ConfigurationSummary, name: str) -> Table:
    split = row.validation
    if split is None:
        raise ValueError(f"{row.config_id} has no validation figures")
    metrics = [metric for metric in SEED_METRICS if split.metric(metric).n_seeds]
    by_seed = [
        dict(zip(split.metric(m).seeds, split.metric(m).values, strict=True)) for m in metrics
    ]

    def state(seed: int) -> Cell:
        if seed in row.undertrained_seeds:
            return Cell("undertrained", warning=True)
        if seed in split.collapsed_seeds:
            return Cell("collapsed", warning=True)
        return Cell("informative")

    return Table(
        id=f"seeds-{name}",
        caption="Every seed on validation, at its reported epoch; nats.",
        columns=("seed", "state", *(labels.metric_label(metric) for metric in metrics)),
        rows=tuple(
            (
                Cell(str(seed), seed),
                state(seed),
                *(
                    Cell(labels.number(values[seed]), values[seed]) if seed in values else Cell("-")
                    for values in by_seed
                ),
            )
            for seed in row.seeds
        ),
    )


def _curves(study: StudyView, own: Own, name: str) -> Chart | None:
    row = own.row
    traced = curve(study.tables, own.genre.name, row.config_id, row.phase)
    if not traced.traces:
        return None
    drawn = two_curves([(labels.name_of(row), traced)], own.genre.baselines[CURVE])
    said = "Thin lines are seeds, the bold one their mean, dashed ones the baselines."
    said += study.on_the_way
    title = f"Validation BCE over training, {own.genre.name}"
    return chart(f"fig-curve-{name}", title, said, drawn, data=f"seeds-{name}")


def _slice(study: StudyView, own: Own, other: ConfigurationSummary, name: str) -> Slice:
    """A comparison: the settings that differ, the paired tests, both curves."""
    found = compare(own.row, other)
    label = labels.name_of(other)
    if is_chosen(other, own.genre.chosen):
        label += " (recommended)"
    at = f"{name}-{other.config_id}"
    curves = [
        (labels.name_of(one), traced)
        for one in (own.row, other)
        if (traced := curve(study.tables, own.genre.name, one.config_id, one.phase)).traces
    ]
    charts: tuple[Chart, ...] = ()
    if len(curves) == 2:
        drawn = two_curves(curves, own.genre.baselines[CURVE])
        said = "Means over seeds: solid this configuration, dashed the other." + study.on_the_way
        title = f"Both over training, validation BCE, {own.genre.name}"
        charts = (chart(f"fig-pair-{at}", title, said, drawn, data=f"tests-{at}"),)
    return Slice(f"{label}, {other.config_id}", charts, (_differing(found, at), _tests(found, at)))


def _differing(found: Comparison, at: str) -> Table:
    return Table(
        id=f"differing-{at}",
        caption="Settings in which the two differ.",
        columns=("setting", "this one", "the other"),
        rows=tuple(
            (
                Cell(labels.setting_label(one.name)),
                *(Cell(labels.value_text(value), _number(value)) for value in (one.mine, one.its)),
            )
            for one in found.changed
        ),
    )


def _number(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if plain else None  # type: ignore[arg-type]


def _tests(found: Comparison, at: str) -> Table:
    return Table(
        id=f"tests-{at}",
        caption="This one minus the other on validation, seed by seed, with 95% intervals and the "
        "exact two-sided sign-flip test: one pair, not corrected for the others.",
        columns=("measure", "difference", "seeds", "p", "smallest p"),
        rows=tuple(
            (
                Cell(labels.metric_label(one.metric)),
                mean_cell(one.difference),
                Cell(str(one.difference.n_seeds), one.difference.n_seeds),
                Cell(labels.p_value(one.test.two_sided), one.test.two_sided),
                Cell(labels.p_value(min(1.0, 2 * one.test.smallest)), 2 * one.test.smallest),
            )
            for one in found.tests
        ),
    )
