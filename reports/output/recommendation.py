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
from reports.answers.choice import validation
from reports.answers.headline import Verdict
from reports.answers.recommendation import Recommendation, recommendation
from reports.answers.summaries import genre_names
from reports.answers.unchosen import KEEP_A_CODE, NothingWorks, Shortfall
from reports.output.card import card_dict, mean_dict
from reports.words.choice import nothing_works_text, reasons, shortfall_text
from reports.words.labels import switch
from reports.words.recommendation import answer_text, warnings
from study.results.columns import SCHEMA_VERSION
from study.statistics.purposes import Aim

if TYPE_CHECKING:
    from reports.answers.headline import Settled
    from reports.answers.recommendation import Alternative
    from reports.answers.summaries import SplitSummary
    from study.results.tables import StudyTables


class NoFullCountError(WorkError):
    """No configuration has all its seeds yet, so that nothing can be compared fairly."""


def recommend(
    tables: StudyTables, genre: str, aim: Aim | str | None = None, musebar: str = "musebar"
) -> Recommendation | NothingWorks:
    """Recommend a configuration for a genre; an error's command begins with ``musebar``.

    ``aim`` is a purpose, as ``density`` or ``reconstruction@5``; None: the study's own.

    Raises
    ------
    UnknownNameError
        If the study has no such genre.
    NoFullCountError
        If no configuration has all its seeds yet.
    UsageError
        If there is no such purpose.
    """
    known = genre_names(tables)
    if genre not in known:
        raise UnknownNameError("genre", genre, known, f"study '{tables.name}' has none yet")
    found = recommendation(tables, genre, Aim.parse(aim) if isinstance(aim, str) else aim)
    if isinstance(found, Shortfall):
        raise NoFullCountError(shortfall_text(found, musebar))
    return found


def as_dict(found: Recommendation | NothingWorks) -> dict[str, Any]:
    """Plain data for YAML and JSON; ``config`` is a whole configuration, or null for none."""
    if isinstance(found, NothingWorks):
        return _nothing_dict(found)
    chosen = found.chosen
    config: dict[str, Any] = json.loads(chosen.config.canonical_json())
    return {
        "schema_version": SCHEMA_VERSION,
        "genre": found.genre,
        "study": found.study,
        "config_id": chosen.config_id,
        "config": config,
        "method": chosen.method,
        "verdict": str(found.card.headline.verdict),
        "purpose": str(found.aim),
        "answer": answer_text(found),
        "any_of": list(found.card.headline.members),
        "settings": [_settled_dict(one) for one in found.card.headline.settings],
        "reason": " ".join(reasons(found.choice)),
        "warnings": list(warnings(found)),
        "next": [] if found.works else list(KEEP_A_CODE),
        "evidence": {
            "phase": chosen.phase,
            "seeds": list(chosen.seeds),
            "collapsed_seeds": chosen.collapsed,
            "expected_trainings": found.card.trainings,
            "collapse_rate": list(found.card.collapse_rate),
            "validation": _split_dict(chosen.validation),
            "test": _split_dict(chosen.test),
            "baselines": found.baselines,
        },
        "alternatives": [_alternative_dict(one) for one in found.alternatives],
        "card": card_dict(found.card),
        "corpus": found.corpus,
    }


def _nothing_dict(found: NothingWorks) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "genre": found.genre,
        "study": found.study,
        "verdict": str(Verdict.NOTHING_WORKS),
        "purpose": str(found.aim),
        "answer": nothing_works_text(found),
        "warnings": [nothing_works_text(found)],
        "next": [str(remedy) for remedy in found.remedies],
        "config_id": None,
        "config": None,
        "closest": {
            "config_id": found.closest.config_id,
            "validation_bce": mean_dict(validation(found.closest).bce),
            "markov": found.markov,
        },
    }


def _settled_dict(one: Settled) -> dict[str, Any]:
    return {
        "name": one.name,
        "values": [switch(value) for value in one.values],
        "free": one.free,
        "n": one.k,
    }


def as_json(found: Recommendation | NothingWorks) -> str:
    """Write the recommendation as JSON, without NaN."""
    return json.dumps(as_dict(found), indent=2, allow_nan=False, ensure_ascii=False)


def as_yaml(found: Recommendation | NothingWorks) -> str:
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
        "validation_nll": mean_dict(figures.metric("nll")),
        "metric": one.metric,
        "difference": mean_dict(one.difference),
    }
