"""The recommendation: a configuration for a genre, with the evidence for it.

:func:`recommend` makes one from a study's tables. As a dictionary (YAML or JSON) it is what
``musebar train --config`` takes; as text it is what a terminal shows.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from musebar_core.errors import UnknownNameError
from musebar_core.metric_table import averaged
from reports.answers.card import Card, decision_card
from reports.answers.choice import Choice, Prefer, choose, validation
from reports.answers.overview import scale, small_scale
from reports.answers.summaries import (
    ConfigurationSummary,
    SplitSummary,
    baseline_bce,
    genre_names,
    summaries,
)
from reports.decision import card_dict, mean_dict
from reports.words import labels
from reports.words.wording import sections
from study.results.columns import SCHEMA_VERSION
from study.statistics.intervals import SeedMean, paired_difference

if TYPE_CHECKING:
    from study.results.tables import StudyTables

ALTERNATIVES = 5
SPLITS = ("validation", "test")
FEW_SEEDS = 5
"""Below so many seeds an interval is wide and a collapse rate is coarse."""


@dataclass(frozen=True)
class Alternative:
    """A next best configuration.

    Attributes
    ----------
    difference
        Its validation BCE minus the choice's, seed by seed; None where they share no seed.
    """

    summary: ConfigurationSummary
    settings: dict[str, Any]
    difference: SeedMean | None


@dataclass(frozen=True)
class Recommendation:
    """What to use for a genre, and why one may believe it.

    Attributes
    ----------
    choice
        The chosen configuration and how it was come by.
    card
        How sure the choice is, and what else would do.
    baselines
        Split to baseline to BCE, nats per snippet.
    alternatives
        The next best of the configurations it was chosen from, best first.
    warnings
        What to know before trusting it, the gravest first.
    corpus
        ``path`` and ``fingerprint`` of the genre's corpus, as far as they are known.
    """

    study: str
    genre: str
    prefer: Prefer
    choice: Choice
    card: Card
    baselines: dict[str, dict[str, float]]
    alternatives: tuple[Alternative, ...]
    warnings: tuple[str, ...]
    corpus: dict[str, str | None]

    @property
    def chosen(self) -> ConfigurationSummary:
        """The recommended configuration."""
        return self.choice.chosen

    def to_dict(self) -> dict[str, Any]:
        """Plain data for YAML and JSON; ``config`` is a whole configuration."""
        chosen = self.chosen
        config: dict[str, Any] = json.loads(chosen.config.canonical_json())
        return {
            "schema_version": SCHEMA_VERSION,
            "genre": self.genre,
            "study": self.study,
            "config_id": chosen.config_id,
            "config": config,
            "method": chosen.method,
            "prefer": str(self.prefer),
            "reason": " ".join(self.choice.reasons),
            "warnings": list(self.warnings),
            "evidence": {
                "phase": chosen.phase,
                "seeds": list(chosen.seeds),
                "collapsed_seeds": chosen.collapsed,
                "validation": _split_dict(chosen.validation),
                "test": _split_dict(chosen.test),
                "baselines": self.baselines,
            },
            "alternatives": [_alternative_dict(one) for one in self.alternatives],
            "card": card_dict(self.card),
            "corpus": self.corpus,
        }


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
    choice = choose(tables, genre, Prefer(prefer), musebar)
    baselines = {split: baseline_bce(tables, genre, split) for split in SPLITS}
    return Recommendation(
        study=tables.name,
        genre=genre,
        prefer=Prefer(prefer),
        choice=choice,
        card=decision_card(tables, choice),
        baselines=baselines,
        alternatives=_alternatives(tables, choice),
        warnings=(*choice.warnings, *_warnings(tables, choice, baselines["validation"])),
        corpus=_corpus(tables, genre),
    )


def as_json(recommendation: Recommendation) -> str:
    """Write the recommendation as JSON, without NaN."""
    return json.dumps(recommendation.to_dict(), indent=2, allow_nan=False, ensure_ascii=False)


def as_yaml(recommendation: Recommendation) -> str:
    """Write the recommendation as YAML, keys in the order of :meth:`Recommendation.to_dict`."""
    import yaml

    text: str = yaml.safe_dump(
        json.loads(as_json(recommendation)), sort_keys=False, allow_unicode=True, width=100
    )
    return text


def _alternatives(tables: StudyTables, choice: Choice) -> tuple[Alternative, ...]:
    names = labels.varied(row.config for row in summaries(tables, choice.genre))
    chosen = validation(choice.chosen).bce
    others = [row for row in choice.pool if row.config_id != choice.chosen.config_id]
    return tuple(
        Alternative(
            summary=row,
            settings={name: labels.settings(row.config)[name] for name in names},
            difference=paired_difference(validation(row).bce, chosen),
        )
        for row in others[:ALTERNATIVES]
    )


def _warnings(tables: StudyTables, choice: Choice, baselines: dict[str, float]) -> list[str]:
    figures, n = validation(choice.chosen), choice.chosen.n_done
    found = []
    if tables.state != "finished":
        found.append(f"The study is {tables.state}, not finished: the choice may still change.")
    better = [labels.BASELINES[b] for b, bce in baselines.items() if bce <= figures.bce.mean]
    if better:
        found.append(f"Its validation BCE does not beat: {', '.join(better)}.")
    if not baselines:
        found.append("The baselines are not recorded: nothing tells what its BCE is worth.")
    if choice.chosen.collapsed:
        found.append(
            f"{choice.chosen.collapsed} of {labels.count(n, 'seed')} collapsed on validation."
        )
    if n < FEW_SEEDS:
        found.append(f"Only {labels.count(n, 'seed')}: the spread over seeds is a rough guess.")
    if short := too_few_snippets(choice.chosen):
        found.append(short)
    if small := small_scale(scale(tables)):
        found.append(small)
    return found


def too_few_snippets(row: ConfigurationSummary) -> str | None:
    """Say how far ``mi_upper`` may be low for the whole population; None where N >= 10 L."""
    latent = row.config.model.latent_length
    counts = {name: split.n_snippets for name in SPLITS if (split := row.split(name)) is not None}
    short = {name: n for name, n in counts.items() if n < 10 * latent}
    if not short:
        return None
    snippets = " and ".join(f"N = {n:,} snippets on {name}" for name, n in short.items())
    low = latent**2 / (4 * min(short.values()))
    return (
        f"{snippets}, under 10 L = {10 * latent:,}: for the whole population mi_upper is low "
        f"by up to about L²/(4N) = {labels.number(low)} nats."
    )


def longest_code_warning(
    rows: tuple[ConfigurationSummary, ...], chosen: ConfigurationSummary | None
) -> str | None:
    """Say :func:`too_few_snippets` of the longest code evaluated, if longer than the chosen."""
    evaluated = [row for row in rows if row.validation is not None]
    longest = max(evaluated, key=lambda row: row.config.model.latent_length, default=None)
    if longest is None:
        return None
    latent = longest.config.model.latent_length
    if chosen is not None and latent == chosen.config.model.latent_length:
        return None  # the recommendation says it
    said = too_few_snippets(longest)
    return said and f"For the longest code run, L = {latent}: {said}"


def _corpus(tables: StudyTables, genre: str) -> dict[str, str | None]:
    genres = tables.genres
    rows = genres if genres.empty else genres[genres["genre"] == genre]
    corpus = tables.spec.get("corpus", {})
    path = corpus.get("path")
    return {
        "path": None if path is None else str(path),
        "fingerprint": str(rows["fingerprint"].iloc[0]) if len(rows) else None,
    }


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
        **one.settings,
        "validation_bce": mean_dict(figures.bce),
        "validation_mi": [figures.mi_lower.mean, figures.mi_upper.mean],
        "collapsed_seeds": one.summary.collapsed,
        "difference": mean_dict(one.difference),
    }


def as_text(recommendation: Recommendation, musebar: str = "musebar") -> str:
    """Write the recommendation for a reader at a terminal; commands begin with ``musebar``."""
    chosen, rec = recommendation.chosen, recommendation
    method = f", method {labels.method_label(chosen.method)}" if chosen.method else ""
    origin = (
        f"  configuration {chosen.config_id}{method}; study {rec.study}, phase {chosen.phase}, "
        f"{labels.count(chosen.n_done, 'seed')}, {chosen.collapsed} collapsed"
    )
    lines = [f"{rec.genre}: {labels.describe(chosen.config, chosen.told_by)}", origin, ""]
    if rec.warnings:
        lines += [*(f"  ! {warning}" for warning in rec.warnings), ""]
    lines += [*_evidence_lines(rec), "", "How it was chosen"]
    lines += [f"  {reason}" for reason in rec.choice.reasons]
    if rec.alternatives:
        lines += ["", "Next best (validation; difference seed by seed)", *_alternative_lines(rec)]
    for section in sections(rec.card):
        lines += ["", section.title, *_aligned([[one.label, one.text] for one in section.lines])]
    lines += ["", labels.COVERAGE, f"Train it: {train_command(rec, musebar)}"]
    return "\n".join(lines)


def train_command(rec: Recommendation, musebar: str = "musebar") -> str:
    """Return the shell command that trains the recommended configuration."""
    prefer = "" if rec.prefer is Prefer.BCE else f" --prefer {rec.prefer}"
    return (
        f"{musebar} recommend {shlex.quote(rec.genre)} --study {rec.study}{prefer} --format yaml "
        f"> best.yaml && {musebar} train --config best.yaml"
    )


EVIDENCE = (
    ("BCE", "bce", "nats per snippet"),
    ("KL", "kl", "nats per snippet"),
    ("ELBO", "elbo", "nats per snippet"),
    ("MI, lower", "mi_lower", "nats"),
    ("MI, upper", "mi_upper", "nats"),
    ("active units", "active_units", "dimensions"),
)
"""Rows of the evidence: label, metric, unit."""


def _evidence_lines(rec: Recommendation) -> list[str]:
    rows = [["", "validation", "test", ""]]
    splits = [rec.chosen.split(name) for name in SPLITS]
    for label, name, unit in EVIDENCE:
        cells = [
            labels.with_interval(None if split is None else split.metric(name)) for split in splits
        ]
        rows.append([label, *cells, unit])
        if name == "mi_lower":
            caps = ["-" if split is None else labels.cap(split) for split in splits]
            rows.append(["  its cap, log N", *caps, unit])
    for name in rec.baselines["validation"] | rec.baselines["test"]:
        pair = [rec.baselines[split].get(name) for split in SPLITS]
        cells = ["-" if bce is None else labels.number(bce) for bce in pair]
        rows.append([f"BCE of {labels.BASELINES[name]}", *cells, "baseline"])
    return _aligned(rows)


def _alternative_lines(rec: Recommendation) -> list[str]:
    rows = [["configuration", "", "BCE", "difference", "MI"]]
    for one in rec.alternatives:
        figures = validation(one.summary)
        rows.append(
            [
                one.summary.config_id,
                labels.brief(one.summary),
                labels.with_interval(figures.bce),
                labels.with_interval(one.difference),
                labels.bracket(figures.mi_lower, figures.mi_upper),
            ]
        )
    return _aligned(rows)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
