"""The section of the methods page that judges the paper's claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.answers.aggregate import aggregate
from reports.answers.verdicts import Answer, Claim, verdicts
from reports.figures.style import colour
from reports.figures.verdicts import effects, interquartile_means, profiles
from reports.pages.cells import Cell, Table
from reports.pages.charts import Chart, chart
from reports.pages.render import render
from reports.pages.topic import PageSection
from reports.words import labels
from reports.words.verdicts import (
    ANSWERS,
    CLAIMS,
    answer_text,
    effect_text,
    left_out_text,
    paper_text,
    place,
    why,
)
from study.statistics.signflip import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.aggregate import Aggregate
    from reports.answers.verdicts import ClaimVerdict
    from reports.pages.view import StudyView

KINDS = {Answer.HOLDS: "holds", Answer.DOES_NOT: "fails", Answer.UNDECIDED: "open"}
"""Answer to CSS class; the words say it too."""


@dataclass(frozen=True)
class _Line:
    answer: str
    kind: str
    place: str
    why: str
    paper: str


@dataclass(frozen=True)
class _Claim:
    title: str
    lines: tuple[_Line, ...]


def verdict_sections(study: StudyView) -> tuple[PageSection, ...]:
    """Judge the paper's claims, and compare the methods over all genres; empty if not asked."""
    found = verdicts(study.tables)
    if not found:
        return ()
    fragment = Markup(render("verdicts.html.j2", claims=_claims(found)))  # noqa: S704  (escaped)
    text = (
        f"{len(found)} verdicts, stated before any run: exact two-sided tests, paired on seeds, "
        f"on the test split (collapse: on validation, its share of seeds against one half), at "
        f"{ALPHA:.0%} over all of them together (Holm). Does not hold means significantly the "
        "other way round; no difference shown is undecided."
    )
    held, failed, open_ = (
        sum(one.answer is answer for one in found)
        for answer in (Answer.HOLDS, Answer.DOES_NOT, Answer.UNDECIDED)
    )
    counts = (
        f"{held} {'holds' if held == 1 else 'hold'}, "
        f"{failed} {'does' if failed == 1 else 'do'} not hold, {open_} undecided"
    )
    paper = (
        "Beside a verdict stand the paper's own figures (Table 1: 240 steps a snippet, 512 units, "
        "means of ten runs without spread, on music that is not published; its overall for all "
        "genres): another scale, to be compared in sign alone."
    )
    charts = (_effects_chart(found),) if any(one.effect for one in found) else ()
    sections = [
        PageSection(
            "verdicts",
            "The paper's claims",
            text=(f"{counts}.", text, paper),
            fragment=fragment,
            charts=charts,
            side_by_side=False,
            tables=() if charts else (_table(found),),
        ),
    ]
    over = aggregate(study.tables)
    if over is not None:
        sections.append(_over_genres(over))
    return tuple(sections)


def _claims(found: Sequence[ClaimVerdict]) -> list[_Claim]:
    return [
        _Claim(
            CLAIMS[claim],
            tuple(
                _Line(
                    ANSWERS[one.answer],
                    KINDS[one.answer],
                    place(one),
                    why(one),
                    paper_text(one),
                )
                for one in found
                if one.claim is claim
            ),
        )
        for claim in Claim
    ]


def _effects_chart(found: Sequence[ClaimVerdict]) -> Chart:
    caption = (
        "The method that should be better against its best rival, seed by seed, with 95% "
        "intervals: left of the dotted line speaks for the claim. Genres differ in scale."
    )
    return chart(
        "fig-verdicts",
        "Effects behind the verdicts, test BCE, nats per snippet",
        caption,
        effects(found),
        _table(found),
    )


def _table(found: Sequence[ClaimVerdict]) -> Table:
    columns = (
        "claim",
        "genre",
        "verdict",
        "effect",
        "seeds",
        "p",
        "p after Holm",
        "smallest p",
        "smallest after Holm",
        "in the paper",
    )
    return Table(
        id="verdicts",
        caption="Effects in nats per snippet (collapse: share of seeds), p-values, and the "
        "smallest that so many seeds allow; the paper's figures are on its own scale.",
        columns=columns,
        rows=tuple(
            (
                Cell(CLAIMS[one.claim]),
                Cell(place(one)),
                Cell(answer_text(one), warning=one.answer is Answer.DOES_NOT),
                Cell(effect_text(one) or "-", one.effect.mean if one.effect else None),
                Cell(f"{one.n_seeds} of {one.n_wanted}", one.n_seeds),
                *(_p(p) for p in (one.p, one.adjusted, one.smallest, one.smallest_adjusted)),
                Cell(paper_text(one) or "-", one.paper),
            )
            for one in found
        ),
    )


def _p(p: float | None) -> Cell:
    return Cell("-") if p is None else Cell(labels.p_value(p), p)


def _over_genres(found: Aggregate) -> PageSection:
    caption = (
        "Share of the runs of all genres whose test BCE is at or below a score: per cent above or "
        "below the mean of its genre's runs of the four methods. A curve further up and left is "
        "better, whatever the threshold. Bands are pointwise 95% intervals, runs resampled within "
        "genres."
    )
    said = (
        "The mean of the middle half of the runs of all genres, which neither a lucky nor a lost "
        "run moves: left of the dotted line is better than the four methods' mean. 95% intervals, "
        "runs resampled within genres: of 30 runs they hold the truth in 92 of 100, not 95."
    )
    left = tuple(
        f"{name} is left out: {left_out_text(one)}." for name, one in found.left_out.items()
    )
    charts = (
        chart("fig-profiles", "Performance profiles", caption, profiles(found), _shares(found)),
        chart(
            "fig-iqm",
            "Interquartile mean of each method",
            said,
            interquartile_means(found),
            _means(found),
        ),
    )
    return PageSection("over-genres", "Over all genres", text=left, charts=charts)


def _shares(found: Aggregate) -> Table:
    return Table(
        id="profiles",
        caption="Share of runs at or below each score: test BCE against its genre's mean, per "
        "cent.",
        columns=("score", *(labels.METHODS[one.method] for one in found.methods)),
        rows=tuple(
            (
                Cell(f"{threshold:.2f}", threshold),
                *(
                    Cell(
                        f"{one.shares[at]:.0%} [{one.low[at]:.0%}, {one.high[at]:.0%}]",
                        one.shares[at],
                    )
                    for one in found.methods
                ),
            )
            for at, threshold in enumerate(found.thresholds)
        ),
    )


def _means(found: Aggregate) -> Table:
    return Table(
        id="iqm",
        caption="Interquartile mean over the runs of all genres of the test BCE against its "
        "genre's mean, per cent, with 95% stratified bootstrap intervals.",
        columns=("method", "interquartile mean", "runs"),
        rows=tuple(
            (
                Cell(labels.METHODS[one.method], swatch=colour(one.method)),
                Cell(f"{one.iqm:+.2f} [{one.interval[0]:.2f}, {one.interval[1]:.2f}]", one.iqm),
                Cell(str(n := sum(map(len, one.runs.values()))), n),
            )
            for one in found.methods
        ),
    )
