"""The decision card on a genre's page: what is said, and the figures beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from reports.answers.card import sign_of
from reports.answers.choice import validation
from reports.figures.card import OUTSIDE, RECOMMENDED, TIED, WORSE, Apart, apart, regret, stages
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.charts import Chart, chart
from reports.words import labels
from reports.words.cards import change_text, sections, transfer_text
from study.statistics.intervals import paired_difference
from study.statistics.purposes import Purpose

if TYPE_CHECKING:
    from reports.answers.card import Card
    from reports.answers.summaries import ConfigurationSummary
    from reports.answers.transfer import TransferRegret
    from reports.pages.view import GenreView, StudyView
    from reports.words.cards import CardSection

DRAWN = 30
"""Configurations that the figure of the tie set draws; the table has all of them."""


@dataclass(frozen=True)
class Part:
    """A section of the card, and the charts that belong to it."""

    section: CardSection
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class CardView:
    """A card as its page shows it.

    Attributes
    ----------
    others
        What the card says for each other purpose that leads to another configuration.
    """

    parts: tuple[Part, ...]
    others: tuple[tuple[str, tuple[CardSection, ...]], ...]


def card_view(study: StudyView, genre: GenreView) -> CardView | None:
    """Lay out a genre's card; None while nothing can be recommended."""
    found = genre.found
    if found.answer is None:
        return None
    card = found.answer.card
    charts = {
        "ties": _ties(card),
        "stages": _stages(card, genre),
        "transfer": _regret(study, genre),
    }
    others = tuple(
        (str(one.aim), sections(one.card))
        for one in found.others
        if one.chosen.config_id != card.chosen.config_id
    )
    parts = (Part(one, charts.get(one.id, ())) for one in sections(card))
    return CardView(tuple(parts), others)


def _ties(card: Card) -> tuple[Chart, ...]:
    if len(card.choice.pool) < 2:
        return ()
    found = [row for config in card.choice.pool if (row := _apart(card, config)) is not None]
    rows = sorted(found, key=lambda row: _by_mean(row, card.metric))
    name = labels.metric_label(card.metric)
    caption = (
        f"Validation {name} minus the recommended configuration's, seed by seed, with 95% "
        "intervals; the recommended one is at the top, below it the others from the best mean to "
        "the worst. Left of the dotted line is lower."
    )
    if len(rows) > DRAWN:
        caption += f" The first {DRAWN} of {len(rows):,} are drawn; the table has all."
    drawn = apart(rows[:DRAWN], "difference (nats)")
    title = f"Distance from the recommended configuration, validation {name}"
    return (chart("fig-ties", title, caption, drawn, _ties_table(card, rows)),)


def _apart(card: Card, row: ConfigurationSummary) -> Apart | None:
    mine = validation(card.chosen).metric(card.metric)
    difference = paired_difference(validation(row).metric(card.metric), mine)
    if difference is None:
        return None
    group = TIED if row.config_id in card.headline.members else WORSE
    if row.config_id == card.chosen.config_id:
        group = RECOMMENDED
    return Apart(_label(row), row.config_id, difference, card.ties.p_values[row.config_id], group)


def _by_mean(row: Apart, metric: str) -> tuple[bool, float, str]:
    """Sort key: the recommended one, then the others from the best mean to the worst."""
    return row.group != RECOMMENDED, sign_of(metric) * row.difference.mean, row.config_id


def _label(row: ConfigurationSummary) -> str:
    return labels.name_of(row)


def _ties_table(card: Card, rows: list[Apart]) -> Table:
    members = set(card.headline.members)
    return Table(
        id="ties",
        caption="Configurations that the choice was made from: difference from the recommended "
        "one in nats, and the p-value that no other is better, over all pairs.",
        columns=("configuration", "settings", "difference", "p", "tie set"),
        rows=tuple(
            (
                Cell(row.config_id),
                Cell(row.label),
                mean_cell(row.difference),
                Cell(labels.p_value(row.p), row.p),
                Cell("in" if row.config_id in members else "worse"),
            )
            for row in rows
        ),
    )


def _stages(card: Card, genre: GenreView) -> tuple[Chart, ...]:
    found = card.stages
    if not found.finalists:
        return ()
    name = labels.metric_label(card.metric)
    table = Table(
        id="stages",
        caption=f"Mean validation {name} of each finalist in both stages, nats.",
        columns=("configuration", "search", "seeds", "confirmation", "seeds confirmed", "change"),
        rows=tuple(
            (
                Cell(one.config_id),
                mean_cell(one.searched),
                Cell(str(one.searched.n_seeds), one.searched.n_seeds),
                mean_cell(one.confirmed),
                Cell(str(one.confirmed.n_seeds), one.confirmed.n_seeds),
                Cell(change_text(one.change), one.change.mean),
            )
            for one in found.finalists
        ),
    )
    caption = (
        "Each row is a finalist: hollow its search mean, filled its mean on fresh seeds with a 95% "
        "interval. Where all move the wrong way, to the right for a BCE, that is the winner's "
        "curse."
    )
    title = f"Search against confirmation, validation {name}, nats"
    groups = dict.fromkeys(card.ties.members, TIED) | dict.fromkeys(card.ties.worse, WORSE)
    groups[card.chosen.config_id] = RECOMMENDED
    if any(one.config_id not in groups for one in found.finalists):
        caption += f" Crosses were {OUTSIDE}, however good their {name}: {_outside(card)}."
    names = {row.config_id: _label(row) for row in genre.rows}
    drawn = stages(found, groups, names, f"validation {name} (nats)")
    return (chart("fig-stages", title, caption, drawn, table),)


def _outside(card: Card) -> str:
    """Say what keeps a finalist out of the pool that the purpose's metric decided between."""
    always = "they lack seeds, or are mostly undertrained"
    match card.aim.purpose:
        case Purpose.REPRESENTATION:
            return f"their NLL is beyond the tolerance, {always}"
        case Purpose.RECONSTRUCTION:
            return f"their KL is beyond the rate, {always}"
        case Purpose.DENSITY:
            return always
        case unknown:
            assert_never(unknown)


def _regret(study: StudyView, genre: GenreView) -> tuple[Chart, ...]:
    cards = {
        one.name: one.found.answer.card for one in study.genres if one.found.answer is not None
    }
    if len(study.genres) < 2 or genre.name not in cards:
        return ()
    names = [one.name for one in study.genres]
    used = [name for name in names if name in cards]
    cells = [_regret_row(cards[name], names) for name in used]
    if len(used) < len(names):  # a matrix is square: the rows of the others say why they are empty
        cells, names = [_regret_row(cards[name], used) for name in used], used
    measured = any(one and one.regret and not one.same for row in cells for one in row)
    if len(names) < 2 or not measured:  # the lines above say all that is known
        return ()
    table = Table(
        id="regret",
        caption="Cost of using the configuration recommended for one genre in another, "
        "validation nats, seed by seed.",
        columns=("used in", "recommended for", "cost"),
        rows=tuple(
            (
                Cell(name),
                Cell(cell.source),
                Cell(transfer_text(cell), None if cell.regret is None else cell.regret.mean),
            )
            for name, row in zip(names, cells, strict=True)
            for cell in row
            if cell is not None
        ),
    )
    caption = (
        "Read along a row: what that genre would lose with each other genre's configuration. Only "
        "what was measured there on all seeds has a figure; a search confirms a genre's own "
        "finalists and the paper's methods, so much is not measured."
    )
    drawn = regret(names, cells)
    title = "Using one genre's configuration in another, nats"
    return (chart("fig-regret", title, caption, drawn, table, wide=True),)


def _regret_row(card: Card, names: list[str]) -> list[TransferRegret | None]:
    found = {one.source: one for one in card.transfers}
    return [found.get(name) for name in names]
