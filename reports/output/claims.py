"""The paper's claims in a study's section: sentences, and one grid of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.summaries import genre_names, summaries
from reports.answers.verdicts import verdicts
from reports.words.labels import number
from reports.words.verdicts import (
    ANSWERS,
    CLAIMS,
    MEASURES,
    WHAT_IT_TAKES,
    control_sentence,
    paper_sentence,
    short_effect,
    short_reason,
)

if TYPE_CHECKING:
    from reports.answers.claims import ClaimVerdict
    from study.results.tables import StudyTables


def undertrained_note(tables: StudyTables) -> str:
    """Warn where runs do not beat the Markov chain; empty where all do."""
    done = trained = 0
    for genre in genre_names(tables):
        for row in summaries(tables, genre):
            done += row.n_measured
            trained += row.n_trained
    if trained == done:
        return ""
    return (
        f"**{done - trained} of {done} runs are undertrained: they do not beat the Markov chain, "
        "and nothing that they show about codes, collapse or the claims counts.** A plateau is no "
        f"collapse; what leaves it: {WHAT_IT_TAKES}."
    )


def claims_parts(tables: StudyTables) -> list[str]:
    """The paper's claims: two sentences, a grid of answers, and what the tests are."""
    found = verdicts(tables)
    if not found:
        return []
    rows = [
        f"| claim | {' | '.join(MEASURES.values())} |",
        f"| --- |{' --- |' * len(MEASURES)}",
    ]
    by_name = {(one.claim, one.measure): one for one in found}
    for claim, title in CLAIMS.items():
        cells = [_verdict(by_name.get((claim, measure))) for measure in MEASURES]
        rows.append(f"| {title} | {' | '.join(cells)} |")
    margins = [one.margin for one in found if one.margin is not None]
    margin = f" No worse: by less than {number(margins[0])} nats." if margins else ""
    tests = (
        "On the test split, seed by seed, mean over genres (nats; collapsed: runs), with 95% "
        f"intervals; p of exact two-sided sign-flip tests, over all claims together.{margin} "
        "Does not hold: significantly the other way round."
    )
    return [
        "### The paper's claims",
        f"{paper_sentence(found)} {control_sentence(found)}",
        tests,
        "\n".join(rows),
    ]


def _verdict(one: ClaimVerdict | None) -> str:
    """A cell of the grid: the answer, the effect and the p-value."""
    if one is None:
        return "not asked"
    answer = ": ".join(part for part in (ANSWERS[one.answer], short_reason(one)) if part)
    p = "" if one.adjusted is None else f"p {one.adjusted:.3f}"
    parts = [part for part in (short_effect(one), p) if part]
    return ": ".join(part for part in (answer, ", ".join(parts)) if part)
