"""What ``musebar recommend`` hands out: a recommendation, and its files.

As a dictionary (YAML or JSON) it is what ``musebar train --config`` takes; as text, of
:func:`reports.words.recommendation.as_text`, it is what a terminal shows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from musebar_core import yamlfile
from musebar_core.errors import UnknownNameError, WorkError
from musebar_core.metric_table import averaged
from reports.answers.choice import Prefer, Shortfall, validation
from reports.answers.recommendation import Recommendation, recommendation
from reports.answers.summaries import genre_names
from reports.output.card import card_dict, mean_dict
from reports.words.choice import reasons, shortfall_text
from reports.words.labels import switch
from reports.words.recommendation import warnings
from study.results.columns import SCHEMA_VERSION

if TYPE_CHECKING:
    from reports.answers.recommendation import Alternative
    from reports.answers.summaries import SplitSummary
    from study.results.tables import StudyTables


class NoFullCountError(WorkError):
    """No configuration has all its seeds yet, so that nothing can be compared fairly."""


def recommend(
    tables: StudyTables, genre: str, prefer: Prefer | str = Prefer.BCE, musebar: str = "musebar"
) -> Recommendation:
    """Recommend a configuration for a genre; an error's command begins with ``musebar``.

    Raises
    ------
    UnknownNameError
        If the study has no such genre.
    NoFullCountError
        If no configuration has all its seeds yet.
    """
    known = genre_names(tables)
    if genre not in known:
        raise UnknownNameError("genre", genre, known, f"study '{tables.name}' has none yet")
    found = recommendation(tables, genre, Prefer(prefer))
    if isinstance(found, Shortfall):
        raise NoFullCountError(shortfall_text(found, musebar))
    return found


def as_dict(found: Recommendation) -> dict[str, Any]:
    """Plain data for YAML and JSON; ``config`` is a whole configuration."""
    chosen = found.chosen
    config: dict[str, Any] = json.loads(chosen.config.canonical_json())
    return {
        "schema_version": SCHEMA_VERSION,
        "genre": found.genre,
        "study": found.study,
        "config_id": chosen.config_id,
        "config": config,
        "method": chosen.method,
        "prefer": str(found.prefer),
        "reason": " ".join(reasons(found.choice)),
        "warnings": list(warnings(found)),
        "evidence": {
            "phase": chosen.phase,
            "seeds": list(chosen.seeds),
            "collapsed_seeds": chosen.collapsed,
            "validation": _split_dict(chosen.validation),
            "test": _split_dict(chosen.test),
            "baselines": found.baselines,
        },
        "alternatives": [_alternative_dict(one) for one in found.alternatives],
        "card": card_dict(found.card),
        "corpus": found.corpus,
    }


def as_json(found: Recommendation) -> str:
    """Write the recommendation as JSON, without NaN."""
    return json.dumps(as_dict(found), indent=2, allow_nan=False, ensure_ascii=False)


def as_yaml(found: Recommendation) -> str:
    """Write the recommendation as YAML, keys in the order of :func:`as_dict`."""
    return yamlfile.dump(json.loads(as_json(found)), width=100)


def _split_dict(split: SplitSummary | None) -> dict[str, Any] | None:
    if split is None:
        return None
    means: dict[str, Any] = {name: mean_dict(split.metric(name)) for name in averaged()}
    return means | {
        "mi_cap": split.mi_cap,
        "n_snippets": split.n_snippets,
        "collapsed_seeds": split.collapsed,
    }


def _alternative_dict(one: Alternative) -> dict[str, Any]:
    figures = validation(one.summary)
    return {
        "config_id": one.summary.config_id,
        "method": one.summary.method,
        **{name: switch(value) for name, value in one.settings.items()},
        "validation_bce": mean_dict(figures.bce),
        "validation_mi": [
            end.mean if end.n_seeds else None for end in (figures.mi_lower, figures.mi_upper)
        ],
        "collapsed_seeds": one.summary.collapsed,
        "difference": mean_dict(one.difference),
    }
