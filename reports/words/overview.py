"""The words of a first page: what to use for a genre, in a sentence, and what stands behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.choice import validation
from reports.answers.headline import Verdict
from reports.answers.methods import DEFAULT
from reports.words.cards import trainings_text
from reports.words.choice import NEXT_OF_COLLAPSE, settled_parts, unsteady_text
from reports.words.cost import runs_text, training_text
from reports.words.labels import (
    bracket,
    describe,
    method_label,
    metric_label,
    number,
    p_value,
)
from reports.words.rivals import default_note
from reports.words.verdicts import signed
from study.statistics.intervals import paired_difference

if TYPE_CHECKING:
    from reports.answers.overview import Standing
    from reports.answers.recommendation import Recommendation


def use_text(rec: Recommendation, standing: Standing) -> str:
    """Say in plain words what to use, and what it is worth on music it has not seen."""
    said = describe(rec.chosen.config, rec.chosen.told_by)
    found = rec.card.headline
    if found.verdict is Verdict.ANY_OF and found.collapsed:
        text = f"These seeds do not tell {len(found.members)} apart; for instance {said}."
    elif found.verdict is Verdict.ANY_OF:
        text = f"Any of {len(found.members)} will do; for instance {said}."
    elif found.verdict is Verdict.USE_THIS:
        text = f"Use {said}."
    else:
        text = f"The choice would be {said}, but none of its seeds kept a code. {NEXT_OF_COLLAPSE}."
    return " ".join(part for part in (text, _worth(rec, standing)) if part)


def _worth(rec: Recommendation, standing: Standing) -> str:
    """What it predicts against the Markov chain, and what its code carries, on test."""
    parts = []
    if standing.choice is not None:
        mean = standing.choice.mean
        side = "better" if mean < 0 else "worse"
        parts.append(
            f"predicts unseen songs {number(abs(mean))} nats a snippet {side} than a Markov chain"
        )
    if rec.chosen.test is not None:
        carried = bracket(rec.chosen.test.mi_lower, rec.chosen.test.mi_upper)
        parts.append(f"carries {carried} nats in its code")
    return f"It {' and '.join(parts)}." if parts else ""


def facts(rec: Recommendation) -> tuple[tuple[str, str], ...]:
    """What is settled, free and unsteady, what it is worth against the default, what it costs."""
    settled, free = settled_parts(rec.card.headline)
    rows = (
        ("Settled", settled),
        ("Free", free),
        ("Unsteady", unsteady_text(rec.card.headline)),
        ("Against the paper's default", _default(rec)),
        ("To train one", _training(rec)),
        ("This answer took", runs_text(rec.card.cost.n_runs, rec.card.cost.hours)),
    )
    return tuple((label, text) for label, text in rows if text)


def _training(rec: Recommendation) -> str:
    text = training_text(rec.card.training)
    return f"{text}; {trainings_text(rec.card)}" if rec.choice.chosen.collapsed else text


def _default(rec: Recommendation) -> str:
    """The paired differences on validation, in the purpose's metric and in NLL or its stand-in."""
    card = rec.card
    if card.default is None:
        note = default_note(card)
        return f"{note[:1].upper()}{note[1:]}" if note else ""
    p = p_value(card.default.test.two_sided)
    parts = [f"{metric_label(card.metric)} {signed(card.default.difference)} nats, p {p}"]
    name = rec.choice.likelihood
    mine, its = validation(rec.chosen).metric(name), validation(card.default.summary).metric(name)
    apart = paired_difference(mine, its)
    if name != card.metric and apart is not None:
        parts.append(f"{metric_label(name)} {signed(apart)} nats")
    return f"{'; '.join(parts)} ({method_label(DEFAULT)}, validation)"
