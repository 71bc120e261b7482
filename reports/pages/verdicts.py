"""The section of the methods page that judges the paper's claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.answers.aggregate import aggregate
from reports.answers.claims import Answer, Claim, Measure
from reports.answers.verdicts import TRAINED_SHARE, verdicts
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
    COLLAPSE_NOTE,
    FIGURES,
    MEASURES,
    answer_text,
    arms_text,
    control_sentence,
    direction_text,
    left_out_text,
    paper_sentence,
    paper_text,
    short_effect,
    short_reason,
    signed,
)
from study.statistics.signflip import ALPHA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.answers.aggregate import Aggregate
    from reports.answers.claims import ClaimVerdict
    from reports.pages.view import StudyView

KINDS = {
    Answer.HOLDS: "holds",
    Answer.DOES_NOT: "fails",
    Answer.UNDECIDED: "open",
    Answer.NOT_TESTED: "open",
}
"""Answer to CSS class; the words say it too."""

DRAWN = (Measure.MI, Measure.NLL)
"""Measures whose effects are drawn: what the code carries, and at what price; the table has all."""


@dataclass(frozen=True)
class _Verdict:
    answer: str
    kind: str
    effect: str
    reason: str


@dataclass(frozen=True)
class _Claim:
    title: str
    cells: tuple[_Verdict | None, ...]


def verdict_sections(study: StudyView) -> tuple[PageSection, ...]:
    """Judge the paper's claims, and compare the methods over all genres; empty if not asked."""
    found = verdicts(study.tables)
    if not found:
        return ()
    text = (
        f"{len(found)} verdicts, stated before any run: exact two-sided sign-flip tests, paired "
        "on seeds, on the test split, on the mean over genres (without the joint corpus), at "
        f"{ALPHA:.0%} over all of them together (step-down). Does not hold means significantly "
        "the other way round; no difference shown is undecided. A claim is tested only where "
        f"{TRAINED_SHARE:.0%} of the seeds of both arms beat the Markov chain, and seeds that do "
        "not are left out."
    )
    counts = [sum(one.answer is answer for one in found) for answer in Answer]
    said = ", ".join(
        f"{n} {ANSWERS[answer]}" for n, answer in zip(counts, Answer, strict=True) if n
    )
    grid = _grid(found, (f"{said}. {text}", COLLAPSE_NOTE))
    sections = [
        PageSection(
            "verdicts",
            "The paper's claims",
            text=(paper_sentence(found), control_sentence(found)),
            fragment=grid,
            charts=tuple(_chart(found, measure) for measure in DRAWN if _any(found, measure)),
            tables=(_table(found),),
        ),
    ]
    over = aggregate(study.tables)
    if over is not None:
        sections.append(_over_genres(over))
    return tuple(sections)


@dataclass(frozen=True)
class ClaimsGrid:
    """The paper's claims for a first page: two sentences, and a row a claim."""

    sentences: tuple[str, str]
    grid: Markup


def claims_grid(study: StudyView) -> ClaimsGrid | None:
    """Judge the paper's claims in short; None where the study does not ask them."""
    found = verdicts(study.tables)
    if not found:
        return None
    return ClaimsGrid((paper_sentence(found), control_sentence(found)), _grid(found, ()))


def _grid(found: Sequence[ClaimVerdict], notes: tuple[str, ...]) -> Markup:
    grid = render(
        "verdicts.html.j2", measures=list(MEASURES.values()), claims=_claims(found), notes=notes
    )
    return Markup(grid)  # noqa: S704  (escaped)


def _claims(found: Sequence[ClaimVerdict]) -> list[_Claim]:
    by_name = {(one.claim, one.measure): one for one in found}
    return [
        _Claim(CLAIMS[claim], tuple(_cell(by_name.get((claim, one))) for one in Measure))
        for claim in Claim
    ]


def _cell(one: ClaimVerdict | None) -> _Verdict | None:
    if one is None:
        return None
    return _Verdict(ANSWERS[one.answer], KINDS[one.answer], short_effect(one), short_reason(one))


def _any(found: Sequence[ClaimVerdict], measure: Measure) -> bool:
    return any(one.effect for one in found if one.measure is measure)


def _chart(found: Sequence[ClaimVerdict], measure: Measure) -> Chart:
    return chart(
        f"fig-verdicts-{measure.replace('_', '-')}",
        f"Effects behind the verdicts: {FIGURES[measure]}",
        f"Seed by seed, mean over genres, with 95% intervals: {direction_text(measure)} speaks "
        "for the claim.",
        effects(found, measure),
        data="verdicts",
    )


def _table(found: Sequence[ClaimVerdict]) -> Table:
    """Every verdict with its p-values, the genres one by one, and the paper's own figures."""
    genres = list(dict.fromkeys(genre for one in found for genre in one.by_genre))
    margins = [one.margin for one in found if one.margin is not None]
    margin = f" NLL no worse: by less than {labels.number(margins[0])} nats." if margins else ""
    return Table(
        id="verdicts",
        caption="Effects in nats per snippet (collapsed: share of runs), over genres and in each, "
        f"which is shown and not tested; p-values, and the smallest that so many seeds allow."
        f"{margin} In the paper: Table 1, overall, on another scale and other music.",
        columns=(
            *("claim", "arms", "measure", "verdict", "over genres", *genres),
            *("seeds", "p", "p over all claims", "smallest p", "in the paper"),
        ),
        rows=tuple(
            (
                Cell(CLAIMS[one.claim]),
                Cell(arms_text(one.claim)),
                Cell(MEASURES[one.measure]),
                Cell(answer_text(one), warning=one.answer is Answer.DOES_NOT),
                Cell(short_effect(one) or "-", one.effect.mean if one.effect else None),
                *(_genre(one, genre) for genre in genres),
                Cell(f"{one.n_seeds} of {one.n_wanted}", one.n_seeds),
                *(_p(p) for p in (one.p, one.adjusted, one.smallest)),
                Cell(paper_text(one.claim, one.measure) or "-"),
            )
            for one in found
        ),
    )


def _genre(one: ClaimVerdict, genre: str) -> Cell:
    mean = one.by_genre.get(genre)
    return Cell("-") if mean is None else Cell(signed(mean), mean.mean)


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
