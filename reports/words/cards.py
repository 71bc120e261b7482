"""The words of cards: one place, so that page, terminal and file say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.metric_table import metric
from reports.answers.transfer import TransferStatus
from reports.stats.separation import MOST_SEEDS, POWER
from reports.stats.ties import SMALLEST_EXACT
from reports.words.cost import hours_text, runs_text
from reports.words.labels import (
    count,
    differences,
    method_label,
    metric_label,
    number,
    p_value,
    percent,
    with_interval,
)
from reports.words.rivals import better_text, collapsed_text, default_note, named, rival_text
from study.statistics.signflip import ALPHA

if TYPE_CHECKING:
    from reports.answers.card import Card
    from reports.answers.stages import Change, Finalist
    from reports.answers.summaries import ConfigurationSummary
    from reports.answers.transfer import TransferRegret
    from reports.stats.separation import Separation
    from reports.stats.ties import TieSet

LISTED = 10
"""Configurations that a section names; how many more there are is said."""


@dataclass(frozen=True)
class Line:
    """A label and what is said of it."""

    label: str
    text: str


@dataclass(frozen=True)
class CardSection:
    """A part of the card.

    ``about`` says how to read it; ``id`` names it in files and anchors.
    """

    id: str
    title: str
    about: str
    lines: tuple[Line, ...]


def sections(card: Card) -> tuple[CardSection, ...]:
    """Say a card, section by section; those with nothing to say are left out."""
    found = (
        _ties(card),
        _sureness(card),
        _stages(card),
        _seeds(card),
        _transfers(card),
        _cost(card),
        _rest(card),
    )
    return tuple(section for section in found if section.lines)


def tie_line(ties: TieSet) -> str:
    """Say how many cannot be told from the best."""
    k, left = len(ties.members) + len(ties.worse), len(ties.members)
    if k == 1:
        return "the only configuration to choose from, so there is nothing to compare it with"
    if ties.too_few_seeds:
        return (
            f"undecided: too few seeds ({ties.n_seeds}); the smallest possible p is "
            f"{p_value(ties.smallest)}, above {ALPHA:g}"
        )
    if left == 1:
        return f"1 of {k} configurations: each of the others is distinguishably worse than another"
    return f"{left} of {k} configurations cannot be told from the best"


def _ties(card: Card) -> CardSection:
    ties, pool = card.ties, {row.config_id: row for row in card.choice.pool}
    lines = [Line("Tie set", tie_line(ties))]
    if card.chosen.config_id in ties.worse:
        lines.append(
            Line(
                "Note",
                "the recommended one is a near tie of the best or takes fewer trainings, but "
                "where both work it is distinguishably worse, seed by seed: "
                f"p {p_value(ties.p_values[card.chosen.config_id])}",
            )
        )
    if len(pool) > 1:
        shown = ties.members[:LISTED]
        lines += [_member(card, pool[config_id]) for config_id in shown]
        lines += _more(len(ties.members) - len(shown))
        if not ties.too_few_seeds:
            lines.append(Line("Test", _test(ties)))
    about = (
        "Candidates that no other is significantly better than for the purpose "
        f"({ALPHA:.0%} over all of them together, seed by seed; for a representation on the seeds "
        f"on which both of a pair work, or on all where these are fewer than {SMALLEST_EXACT})."
    )
    return CardSection("ties", "What else would do", about, tuple(lines))


def _test(ties: TieSet) -> str:
    seeds = count(ties.n_seeds, "seed")
    if ties.pooled:
        return (
            f"Tukey's range over {seeds}, too few to flip signs: it takes the noise for normal and "
            "alike in all, and does not keep its level where some collapse more often than others"
        )
    how = "every sign pattern" if ties.exact else "drawn sign patterns"
    return f"max-T over all pairs, {seeds}, {how}: smallest possible p {p_value(ties.smallest)}"


def trainings_text(card: Card) -> str:
    """Say how many trainings to expect until one works, and how often runs collapse."""
    low, high = card.collapse_rate
    rate = f"collapse rate {percent(low)} to {percent(high)}"
    if card.trainings is None:
        return f"no seed worked, so that the number of trainings has no estimate ({rate})"
    return f"about {card.trainings:.3g} trainings until one works ({rate})"


def _member(card: Card, row: ConfigurationSummary) -> Line:
    mean = None if row.validation is None else row.validation.metric(card.metric)
    chosen = ", recommended" if row.config_id == card.chosen.config_id else ""
    return Line(
        row.config_id,
        f"{named(row)}: {metric_label(card.metric)} {with_interval(mean)}, "
        f"p {p_value(card.ties.p_values[row.config_id])}{chosen}",
    )


def _more(n: int) -> list[Line]:
    return [Line("And", f"{n:,} more")] if n > 0 else []


def _sureness(card: Card) -> CardSection:
    lines = []
    if card.runner_up is not None:
        lines.append(Line("Over the runner-up", rival_text(card.runner_up)))
    if card.default is not None:
        lines.append(Line("Over the paper's default", rival_text(card.default)))
    elif note := default_note(card):
        lines.append(Line("Over the paper's default", f"no comparison: {note}"))
    lines.append(Line("Expected trainings", trainings_text(card)))
    if card.studentised is not None:
        interval = f"[{number(card.studentised[0])}, {number(card.studentised[1])}]"
        text = f"{metric_label(card.metric)} {interval}"
        lines.append(Line("Its mean, by studentised bootstrap", text))
    about = (
        "How often it is better on a seed that both ran (ties count half; exact 95% interval), and "
        "by how much: its figure minus the other's, with a sign-flip test. It was picked on these "
        "seeds, which flatters it a little."
    )
    return CardSection("improvement", "How sure it is", about, tuple(lines))


def _stages(card: Card) -> CardSection:
    found = card.stages
    shown = found.finalists[:LISTED]
    lines = [Line(one.config_id, _finalist(one)) for one in shown]
    lines += _more(len(found.finalists) - len(shown))
    if found.change is not None and len(found.finalists) > 1:
        lines.append(Line("Mean change", change_text(found.change)))
    if found.flattery is not None:
        best = "lowest" if metric(card.metric).cost(1.0) > 0 else "highest"
        lines.append(
            Line(
                "Bias of the pick",
                f"taking the {best} of {len(card.choice.pool)} means "
                f"flatters it by about {number(found.flattery)} nats (bootstrap over "
                "seeds)",
            )
        )
    if not found.finalists:
        about = "Of many means the best is lucky too: on fresh seeds it will look a little worse."
        return CardSection("stages", "How much the pick flatters", about, tuple(lines))
    about = (
        f"Search {metric_label(card.metric)} picked the finalists, so it flatters them (the "
        "winner's curse); confirmation ran on fresh seeds. The change estimates the bias."
    )
    return CardSection("stages", "Search against confirmation", about, tuple(lines))


def _finalist(one: Finalist) -> str:
    return (
        f"search {number(one.searched.mean)} ({count(one.searched.n_seeds, 'seed')}), "
        f"confirmation {number(one.confirmed.mean)} ({count(one.confirmed.n_seeds, 'seed')}): "
        f"change {change_text(one.change)}"
    )


def change_text(change: Change) -> str:
    """Say a change between the stages, with its interval: ``+2.00 [-6.67, 10.67]``."""
    text = f"{change.mean:+,.2f}"
    if change.interval is None:
        return f"{text} (one seed tells of no spread)"
    return f"{text} [{number(change.interval[0])}, {number(change.interval[1])}]"


def _seeds(card: Card) -> CardSection:
    shown = card.separations[:LISTED]
    lines = [Line(one.config_id, _separation(one)) for one in shown]
    lines += _more(len(card.separations) - len(shown))
    totals = [one.total for one in card.separations]
    if len(totals) > 1 and all(totals):
        most = max(one.more or 0 for one in card.separations)
        lines.append(Line("To separate all", f"{count(most, 'more seed')}"))
    about = (
        f"Seeds at which a paired t test would tell the recommended one from each of its ties "
        f"with {POWER:.0%} power, level {ALPHA:.0%} shared among their pairs, if the difference "
        "and the spread measured so far were the true ones: an order of magnitude."
    )
    return CardSection("seeds", "How many more seeds would separate the tie", about, tuple(lines))


def _separation(one: Separation) -> str:
    difference = f"difference {with_interval(one.difference)} nats"
    if one.total is None and one.difference.sd is None:
        return f"{difference}: one seed tells of no spread"
    if one.total is None:
        return f"{difference}: more than {MOST_SEEDS:,} seeds"
    return f"{difference}: {count(one.more or 0, 'more seed')} ({one.total:,} in all)"


def _transfers(card: Card) -> CardSection:
    lines = [Line(one.source, transfer_text(one)) for one in card.transfers]
    about = (
        f"What {card.genre} would lose with the configuration recommended for another genre: "
        f"validation {metric_label(card.metric)} here, its own minus this one's, seed by seed."
    )
    return CardSection("transfer", "Using another genre's configuration here", about, tuple(lines))


TRANSFERS = {
    TransferStatus.MEASURED: "measured",
    TransferStatus.SAME: "same",
    TransferStatus.NOT_MEASURED: "not measured",
    TransferStatus.NO_CHOICE: "no choice yet",
}
"""Whether a regret is known, in short."""


def transfer_text(one: TransferRegret) -> str:
    """Say what another genre's configuration costs here, or why that is not known."""
    if one.regret is not None and not one.same:
        collapsed = "; it collapsed here on more than one seed in five" if one.collapsed else ""
        return f"{one.config_id}: {with_interval(one.regret)} nats{collapsed}"
    match one.status:
        case TransferStatus.SAME:
            return "the same configuration"
        case TransferStatus.NO_CHOICE:
            return "no configuration is recommended there yet"
        case _:
            return f"{one.config_id}: not measured here on all seeds"


def in_short(card: Card) -> tuple[str, ...]:
    """Say how sure the choice is and what it cost, a sentence each."""
    found = [f"Tie set: {tie_line(card.ties)}."]
    if card.default is not None:
        better = card.default.improvement
        default = card.default.summary
        found.append(
            f"Better in {metric_label(card.metric)} than {method_label(default.method)}, the "
            f"paper's default, on {better_text(better)}{collapsed_text(default)}."
        )
        if differ := differences(card.chosen.config, default.config):
            together = "; the difference is that of all together" if " and " in differ else ""
            found.append(f"The two differ in {differ}{together}.")
    elif note := default_note(card):
        found.append(f"No comparison with the paper's default: {note}.")
    found.append(f"It rests on {runs_text(card.cost.n_runs, card.cost.hours)}.")
    return tuple(found)


PHASE_NAMES = {
    "search": "Search",
    "confirm": "Confirmation",
    "methods": "The paper's methods",
}


def _cost(card: Card) -> CardSection:
    found = card.cost
    lines = [Line("In all", runs_text(found.n_runs, found.hours))]
    if len(found.phases) > 1:
        lines += [Line(PHASE_NAMES[name], runs_text(*part)) for name, part in found.phases.items()]
    if found.failed:
        lines.append(Line("In runs that failed", hours_text(found.failed)))
    about = (
        "Every seed run of this genre that has ended: wall time, times the CPUs or the share of a "
        "GPU that it held."
    )
    return CardSection("cost", "What it cost", about, tuple(lines))


def _rest(card: Card) -> CardSection:
    small = card.smallest
    same = small.summary.config_id == card.chosen.config_id
    which = "the recommended one" if same else f"{small.summary.config_id}, {named(small.summary)}"
    lines = [
        Line(
            "Smallest model within one standard error",
            f"{which}: {small.n_parameters:,} weights"
            + ("" if same else f" (recommended: {small.chosen_parameters:,})"),
        )
    ]
    if card.variance is not None:
        parts = card.variance
        configuration, seed, residual = (percent(share) for share in parts.shares)
        lines.append(
            Line(
                "Variance",
                f"configuration {configuration}, seed {seed}, the rest "
                f"{residual} (over {count(parts.n_configurations, 'configuration')} and "
                f"{count(parts.n_seeds, 'seed')})",
            )
        )
    about = (
        "Regularizers add no weights. Variance: how much of the spread of the runs that the "
        "choice was made from comes from the configuration, from the seed, and from neither."
    )
    return CardSection("size", "Size and spread", about, tuple(lines))
