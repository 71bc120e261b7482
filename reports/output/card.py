"""A decision card as plain data, for the files that ``musebar recommend`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.words.cards import TRANSFERS, sections

if TYPE_CHECKING:
    from reports.answers.card import Card, Rival
    from reports.answers.stages import Change, Stages
    from reports.answers.transfer import TransferRegret
    from reports.stats.separation import Separation
    from reports.stats.ties import TieSet
    from study.statistics.intervals import SeedMean


def card_dict(card: Card) -> dict[str, Any]:
    """Return a card's numbers, and under ``said`` the very words of its page.

    Differences are the recommended configuration's figure minus the other's, in nats.
    """
    return {
        "metric": f"validation_{card.metric}",
        "said": {
            section.title: {line.label: line.text for line in section.lines}
            for section in sections(card)
        },
        "tie_set": _ties(card.ties),
        "runner_up": _rival(card.runner_up),
        "paper_default": _rival(card.default),
        "stages": _stages(card.stages),
        "more_seeds": [_separation(one) for one in card.separations],
        "transfer": [_transfer(one) for one in card.transfers],
        "smallest_model": {
            "config_id": card.smallest.summary.config_id,
            "n_parameters": card.smallest.n_parameters,
        },
        "cost": {"seed_runs": card.cost.n_runs, "hours": dict(card.cost.hours)},
        "variance": _variance(card),
        "studentised_interval": None if card.studentised is None else list(card.studentised),
    }


def mean_dict(mean: SeedMean | None) -> dict[str, Any] | None:
    """Return a mean over seeds with its interval; None for none, or for one over no seeds."""
    if mean is None or not mean.n_seeds:
        return None
    interval = None if mean.interval is None else list(mean.interval)
    return {"mean": mean.mean, "interval": interval, "n_seeds": mean.n_seeds}


def _ties(ties: TieSet) -> dict[str, Any]:
    return {
        "members": list(ties.members),
        "distinguishably_worse": list(ties.worse),
        "p_values": dict(ties.p_values),
        "n_seeds": ties.n_seeds,
        "smallest_p": ties.smallest,
        "too_few_seeds": ties.too_few_seeds,
    }


def _rival(rival: Rival | None) -> dict[str, Any] | None:
    if rival is None:
        return None
    return {
        "config_id": rival.summary.config_id,
        "probability_of_improvement": rival.improvement.share,
        "interval": list(rival.improvement.interval),
        "n_seeds": rival.improvement.n_seeds,
        "difference": mean_dict(rival.difference),
        "p": rival.test.two_sided,
        "smallest_p": min(1.0, 2 * rival.test.smallest),
        "collapsed": rival.summary.is_collapsed,
    }


def _stages(stages: Stages) -> dict[str, Any]:
    return {
        "finalists": [
            {
                "config_id": one.config_id,
                "search": mean_dict(one.searched),
                "confirmation": mean_dict(one.confirmed),
                "change": _change(one.change),
            }
            for one in stages.finalists
        ],
        "mean_change": _change(stages.change),
        "bias_of_the_pick": stages.flattery,
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "mean": change.mean,
        "interval": None if change.interval is None else list(change.interval),
    }


def _separation(one: Separation) -> dict[str, Any]:
    return {
        "config_id": one.config_id,
        "difference": mean_dict(one.difference),
        "more_seeds": one.more,
        "seeds_in_all": one.total,
        "level": one.alpha,
    }


def _transfer(one: TransferRegret) -> dict[str, Any]:
    return {
        "genre": one.source,
        "config_id": one.config_id,
        "status": TRANSFERS[one.status],
        "regret": mean_dict(one.regret),
        "collapsed": one.collapsed,
    }


def _variance(card: Card) -> dict[str, float] | None:
    if card.variance is None:
        return None
    configuration, seed, residual = card.variance.shares
    return {"configuration": configuration, "seed": seed, "residual": residual}
