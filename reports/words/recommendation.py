"""The words of a recommendation: what a terminal shows, and the warnings that pages share."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reports.answers.choice import Caution, validation
from reports.answers.methods import DEFAULT
from reports.answers.recommendation import LEADING, SPLITS, longest_code, short_splits
from reports.words import labels
from reports.words.cards import sections, trainings_text
from reports.words.choice import (
    NEXT_OF_COLLAPSE,
    choice_warning,
    reasons,
    settled_text,
    verdict_text,
)
from reports.words.cost import training_text
from reports.words.rivals import default_note
from reports.words.scale import small_scale
from reports.words.verdicts import signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.answers.recommendation import Recommendation
    from reports.answers.summaries import ConfigurationSummary


def warnings(recommendation: Recommendation) -> tuple[str, ...]:
    """Say what to know before trusting a recommendation, the gravest first."""
    return tuple(warning(caution, recommendation) for caution in recommendation.cautions)


def leading_warnings(rec: Recommendation) -> tuple[str, ...]:
    """Say what is surely better than a recommendation, and what its choice lacked."""
    own = {*LEADING, *rec.choice.cautions}
    return tuple(warning(caution, rec) for caution in rec.cautions if caution in own)


def warning(caution: Caution, rec: Recommendation) -> str:
    """Say one caution."""
    said = _WARNINGS.get(caution)
    return choice_warning(caution, rec.choice) if said is None else said(rec)


def _baselines_unbeaten(rec: Recommendation) -> str:
    names = ", ".join(labels.BASELINES[name] for name in rec.unbeaten)
    return f"Its validation BCE does not beat: {names}."


def _seeds(rec: Recommendation) -> str:
    return labels.count(rec.chosen.n_done, "seed")


def _worse_on_test(rec: Recommendation) -> str:
    said = " and ".join(
        f"{labels.metric_label(one.metric)} {signed(one.difference)} nats" for one in rec.losses
    )
    return f"On test the paper's default is better: {said}."


_WARNINGS: dict[Caution, Callable[[Recommendation], str]] = {
    Caution.DEFAULT_BETTER_ON_TEST: _worse_on_test,
    Caution.UNFINISHED: lambda rec: (
        f"The study is {rec.state}, not finished: the choice may still change."
    ),
    Caution.BASELINES_UNBEATEN: _baselines_unbeaten,
    Caution.BASELINES_UNKNOWN: lambda _: (
        "The baselines are not recorded: nothing tells what its BCE is worth."
    ),
    Caution.COLLAPSED_SEEDS: lambda rec: (
        f"{labels.collapsed(rec.chosen)} seeds collapsed on validation: {trainings_text(rec.card)}."
    ),
    Caution.FEW_SEEDS: lambda rec: f"Only {_seeds(rec)}: the spread over seeds is a rough guess.",
    Caution.FEW_SNIPPETS: lambda rec: too_few_snippets(rec.chosen) or "",
    Caution.SMALL_SCALE: lambda rec: small_scale(rec.scale) or "",
}
"""All but those of the choice itself, which :func:`choice_warning` says."""


def too_few_snippets(row: ConfigurationSummary) -> str | None:
    """Say how far ``mi_upper`` may be low for the whole population; None where N >= 10 L."""
    short, latent = short_splits(row), row.config.model.latent_length
    if not short:
        return None
    snippets = " and ".join(f"N = {n:,} snippets on {name}" for name, n in short.items())
    low = latent**2 / (4 * min(short.values()))
    return (
        f"{snippets}, under 10 L = {10 * latent:,}: for the whole population MI upper is low "
        f"by up to about L²/(4N) = {labels.number(low)} nats."
    )


def longest_code_warning(
    rows: tuple[ConfigurationSummary, ...], chosen: ConfigurationSummary | None
) -> str | None:
    """Say :func:`too_few_snippets` of the longest code evaluated, if longer than the chosen."""
    longest = longest_code(rows, chosen)
    said = None if longest is None else too_few_snippets(longest)
    if longest is None or said is None:
        return None
    return f"For the longest code run, L = {longest.config.model.latent_length}: {said}"


def as_text(recommendation: Recommendation, musebar: str = "musebar") -> str:
    """Write the recommendation for a reader at a terminal; commands begin with ``musebar``."""
    chosen, rec = recommendation.chosen, recommendation
    method = f", method {labels.method_label(chosen.method)}" if chosen.method else ""
    origin = (
        f"  configuration {chosen.config_id}{method}; study {rec.study}, "
        f"{labels.phase(chosen.phase)}, {labels.count(chosen.n_done, 'seed')}, "
        f"{labels.collapsed(chosen)} collapsed"
    )
    lines = [answer_text(rec), origin, ""]
    if rec.cautions:
        lines += [*(f"  ! {said}" for said in warnings(rec)), ""]
    lines += [*_evidence_lines(rec), "", "How it was chosen"]
    lines += [f"  {reason}" for reason in reasons(rec.choice)]
    if rec.alternatives:
        lines += ["", "Next best (validation; difference seed by seed)", *_alternative_lines(rec)]
    for section in sections(rec.card):
        lines += ["", section.title, *_aligned([[one.label, one.text] for one in section.lines])]
    lines += ["", labels.COVERAGE, _next(rec, musebar)]
    return "\n".join(lines)


def as_brief(rec: Recommendation, musebar: str = "musebar") -> str:
    """Answer in a few lines: headline, settings, gain, cost, next command; the gravest warning."""
    said = verdict_text(rec.card.headline)
    seeds = f"{labels.count(rec.chosen.n_done, 'seed')}, {labels.collapsed(rec.chosen)} collapsed"
    lines = [
        f"{said} for {rec.genre}, {rec.aim}: study {rec.study}, {seeds}{_but(rec)}",
        *_gravest(rec),
        _settings_text(rec),
        gains_text(rec),
        f"To train it: {training_text(rec.card.training)}; {trainings_text(rec.card)}.",
        _next(rec, musebar),
    ]
    return "\n".join(lines)


def _next(rec: Recommendation, musebar: str) -> str:
    command = train_command(rec, musebar)
    return f"Train it: {command}" if command else f"{NEXT_OF_COLLAPSE}."


def _but(rec: Recommendation) -> str:
    """What is surely better than the choice: it belongs into the answer's first line."""
    if rec.leading is None:
        return ""
    warned = warning(rec.leading, rec)
    return f". But: {warned[0].lower()}{warned[1:].rstrip('.')}"


def _gravest(rec: Recommendation) -> list[str]:
    said = warnings(rec)[1:] if _but(rec) else warnings(rec)
    if not said:
        return []
    more = f" ({labels.count(len(said) - 1, 'more warning')}: --full)" if said[1:] else ""
    return [f"! {said[0]}{more}"]


def _settings_text(rec: Recommendation) -> str:
    text = labels.describe(rec.chosen.config, rec.chosen.told_by)
    rest = settled_text(rec.card.headline)
    return f"{text[0].upper()}{text[1:]}{f'; {rest}' if rest else ''}."


def gains_text(rec: Recommendation) -> str:
    """Say what the choice has over the paper's default on test."""
    default = labels.method_label(DEFAULT)
    if not rec.gains:
        return (
            f"No comparison with the paper's default: {default_note(rec.card) or 'no shared seed'}."
        )
    said = ", ".join(
        f"{labels.metric_label(one.metric)} {signed(one.difference)}" for one in rec.gains
    )
    n = labels.count(rec.gains[0].difference.n_seeds, "paired seed")
    return f"Against {default}, the paper's default, on test: {said} nats ({n})."


def answer_text(rec: Recommendation) -> str:
    """Say the answer in a line: its verdict first, and what is surely better than it."""
    said = labels.describe(rec.chosen.config, rec.chosen.told_by)
    text = f"{verdict_text(rec.card.headline)} for {rec.genre}, {rec.aim}: {said}"
    if rest := settled_text(rec.card.headline):
        text += f"; {rest}"
    return text + _but(rec)


def train_command(rec: Recommendation, musebar: str = "musebar") -> str:
    """Return the shell command that trains the recommended configuration; "" if it does not work.

    An imported study's corpus is elsewhere: there is a DIR to be filled in.
    """
    if not rec.works:
        return ""
    asked = f" --for {rec.aim}"
    corpus = " --corpus DIR" if rec.corpus["path"] is None else ""
    return (
        f"{musebar} recommend {shlex.quote(rec.genre)} --study {rec.study}{asked} --format yaml "
        f"> best.yaml && {musebar} train --config best.yaml{corpus}"
    )


EVIDENCE = (
    ("BCE", "bce", "nats per snippet"),
    ("KL", "kl", "nats per snippet"),
    ("ELBO", "elbo", "nats per snippet"),
    ("NLL", "nll", "nats per snippet"),
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


def _told_by(rec: Recommendation) -> str:
    return labels.metric_label(rec.choice.metric)


def _alternative_lines(rec: Recommendation) -> list[str]:
    rows = [["configuration", "", "BCE", f"{_told_by(rec)} difference", "MI"]]
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
