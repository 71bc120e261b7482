"""The words of a choice against another configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.card import DefaultStatus
from reports.answers.methods import DEFAULT
from reports.words.labels import (
    brief,
    count,
    method_label,
    name_of,
    p_value,
    percent,
    with_interval,
)

if TYPE_CHECKING:
    from reports.answers.card import Card, Rival
    from reports.answers.summaries import ConfigurationSummary
    from reports.stats.improvement import Improvement


def named(row: ConfigurationSummary) -> str:
    """Name a configuration: its method, and what differs within its study."""
    label = method_label(row.method)
    return f"{label} ({brief(row)})" if label else brief(row)


def default_note(card: Card) -> str:
    """Say why the choice does not stand beside the paper's own method; empty where it does."""
    name = method_label(DEFAULT)
    match card.default_status:
        case DefaultStatus.ITSELF:
            return f"the choice is {name} itself"
        case DefaultStatus.PARTIAL:
            return f"{name} has {card.default_seeds} of {card.n_wanted} seeds here"
        case DefaultStatus.NOT_MEASURED:
            return f"{name} is not measured"
        case DefaultStatus.COMPARED | DefaultStatus.NO_SHARED_SEED:
            return ""


def rival_text(rival: Rival) -> str:
    """Say how often and by how much the choice is better than another configuration."""
    better = rival.improvement
    low, high = better.interval
    smallest = p_value(min(1.0, 2 * rival.test.smallest))
    return (
        f"probability of improvement {percent(better.share)} [{percent(low)}, {percent(high)}] "
        f"({better_text(better)}); difference "
        f"{with_interval(rival.difference)} nats, p {p_value(rival.test.two_sided)} (smallest "
        f"possible {smallest}); against {rival.summary.config_id}, {named(rival.summary)}"
        f"{collapsed_text(rival.summary)}"
    )


def collapsed_text(row: ConfigurationSummary) -> str:
    """Say on how many seeds a rival collapsed, where those are more than one in five."""
    if not row.is_collapsed:
        return ""
    return f"; {name_of(row)} collapsed on {row.collapsed} of {count(row.n_done, 'seed')}"


def better_text(better: Improvement) -> str:
    """Say on how many seeds it is better: ``10 of 10 seeds``, ties named."""
    tied = f" and {better.ties} tied" if better.ties else ""
    return f"{better.wins} of {count(better.n_seeds, 'seed')}{tied}"
