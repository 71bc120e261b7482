"""The answers of a search in a study's section: a genre a row, held against the paper's default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.methods import DEFAULT
from reports.answers.recommendation import GAINS, Recommendation, recommendation
from reports.answers.summaries import genre_names
from reports.answers.unchosen import NothingWorks
from reports.words.choice import settled_text, verdict_text
from reports.words.labels import collapsed, describe, method_label, metric_label
from reports.words.purposes import purpose_text
from reports.words.recommendation import leading_warnings
from reports.words.rivals import default_note
from reports.words.verdicts import signed

if TYPE_CHECKING:
    from study.results.tables import StudyTables

NOTHING_YET = "**nothing works yet**: all are undertrained"
SHORT = "none yet: no configuration has all its seeds"


def answer_parts(tables: StudyTables) -> list[str]:
    """What a search recommends for each genre; nothing of a study that is no search."""
    if tables.spec.search.is_grid:
        return []
    found = {genre: recommendation(tables, genre) for genre in genre_names(tables)}
    whole = {genre: one for genre, one in found.items() if isinstance(one, Recommendation)}
    about = (
        f"On test, the recommended configuration minus {method_label(DEFAULT)}, the paper's "
        "default, seed by seed, in nats, with 95% intervals over seeds. Chosen on validation."
    )
    if whole:
        aim = next(iter(whole.values())).aim
        about = f"Asked for {purpose_text(aim)}. {about}"
    rows = [
        f"| genre | answer | seeds collapsed | {' | '.join(map(metric_label, GAINS))} |",
        f"| --- | --- | ---: |{' ---: |' * len(GAINS)}",
    ]
    for genre, one in found.items():
        if isinstance(one, Recommendation):
            rows.append(_row(one))
        else:
            missing = NOTHING_YET if isinstance(one, NothingWorks) else SHORT
            rows.append(f"| {genre} | {missing} | |{' |' * len(GAINS)}")
    warned = [
        f"- {genre}: {said}" for genre, one in whole.items() for said in leading_warnings(one)
    ]
    return ["### Answers", about, "\n".join(rows), "\n".join(warned)]


def _row(rec: Recommendation) -> str:
    rest = settled_text(rec.card.headline)
    answer = (
        f"**{verdict_text(rec.card.headline)}**: {describe(rec.chosen.config, rec.chosen.told_by)}"
        f"{f'; {rest}' if rest else ''}"
    )
    gains = {one.metric: signed(one.difference) for one in rec.gains}
    cells = [gains.get(name, "-") for name in GAINS] if gains else [default_note(rec.card)] * 3
    return f"| {rec.genre} | {answer} | {collapsed(rec.chosen)} | {' | '.join(cells)} |"
