"""The first page of a site of several studies: their answers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.choice import Caution
from reports.answers.headline import Verdict
from reports.answers.overview import overview
from reports.answers.unchosen import NothingWorks
from reports.figures.methods import study_panel
from reports.pages.cells import Cell, Table, mean_cell
from reports.pages.charts import Chart, chart
from reports.pages.genre import GENRE
from reports.pages.overview import asked_line, scale_line
from reports.pages.render import render
from reports.pages.site import Place
from reports.words import labels
from reports.words.choice import verdict_text
from reports.words.cost import hours_text
from reports.words.slugs import slug
from study.results.tables import StudyState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.pages.view import GenreView, StudyView

ANOTHER_SCALE = (
    "These studies differ in snippet length or in their music: BCE is summed over a snippet, so "
    "compare what they choose, not their figures."
)


def study_folder(name: str) -> str:
    """Return the folder of a study's pages within the site."""
    return slug(name)


def comparison_page(studies: Sequence[StudyView]) -> str:
    """Write the first page of several studies' report."""
    genres = list(dict.fromkeys(genre.name for study in studies for genre in study.genres))
    notes = [] if _comparable(studies) else [ANOTHER_SCALE]
    notes += [f"{study.name}: {study.partial}" for study in studies if study.partial]
    charts = [one for genre in genres if (one := _chart(studies, genre)) is not None]
    return render(
        "comparison.html.j2",
        study="MuseBar studies",
        labels=labels,
        studies=[(study.name, f"{study_folder(study.name)}/index.html") for study in studies],
        notes=notes,
        asked=_asked(studies),
        answers=_answers(studies),
        charts=charts,
    )


def _comparable(studies: Sequence[StudyView]) -> bool:
    """Whether all genres of one name hold the same music, cut into snippets of one length."""
    names = {genre.name for study in studies for genre in study.genres}
    return len(_grids(studies)) == 1 and all(_is_one_scale(studies, name) for name in names)


def _grids(studies: Sequence[StudyView]) -> set[tuple[tuple[int, ...], int, int]]:
    """Snippet lengths and grids of studies: a BCE is a sum over a snippet's steps."""
    return {
        (
            overview(study.tables).scale.snippet_steps,
            study.tables.spec.corpus.grid.steps_per_quarter,
            study.tables.spec.corpus.grid.steps_per_bar,
        )
        for study in studies
    }


def _is_one_scale(studies: Sequence[StudyView], genre: str) -> bool:
    """Whether the BCEs of a genre may stand on one axis: the same music, cut alike."""
    having = [one for one in studies if genre in {each.name for each in one.genres}]
    prints = {
        str(row["fingerprint"])
        for study in having
        for row in study.tables.genres.to_dict("records")
        if str(row["genre"]) == genre
    }
    return len(prints) <= 1 and len(_grids(having)) <= 1


def _asked(studies: Sequence[StudyView]) -> Table:
    rows = []
    for study in studies:
        whole = overview(study.tables)
        done = sum(one.done for one in whole.progress)
        rows.append(
            (
                Cell(study.name, href=f"{study_folder(study.name)}/index.html"),
                Cell(
                    study.tables.standing, warning=study.tables.standing is not StudyState.FINISHED
                ),
                Cell(scale_line(whole.scale)),
                Cell(asked_line(study.tables)),
                Cell(f"{done:,}", done),
                Cell(hours_text(whole.hours), sum(whole.hours.values()))
                if whole.hours
                else Cell("-"),
            )
        )
    return Table(
        "asked",
        "One row a study; cost of its seed runs.",
        ("study", "state", "scale", "asked", "seed runs done", "cost"),
        tuple(rows),
    )


def _answers(studies: Sequence[StudyView]) -> Table:
    return Table(
        id="answers",
        caption="One row a genre and study. BCE in nats per snippet of the test split, with the "
        "95% interval over seeds, and that of a Markov chain beside it; MI in nats, from its "
        "lower to its upper bound.",
        columns=(
            "genre",
            "study",
            "answer",
            "recommended",
            "test BCE",
            "Markov",
            "test MI",
            "seeds",
            "collapsed",
            "configuration",
        ),
        rows=tuple(
            _answer(study, genre)
            for study in studies
            for genre in sorted(study.genres, key=lambda one: one.name)
        ),
    )


def _answer(study: StudyView, genre: GenreView) -> tuple[Cell, ...]:
    file = Place(GENRE, genre.name).file
    first = (Cell(genre.name, href=f"{study_folder(study.name)}/{file}"), Cell(study.name))
    chosen = genre.chosen
    if chosen is None:
        missing = genre.found.missing
        none = Verdict.NOTHING_WORKS if isinstance(missing, NothingWorks) else "none yet"
        return (*first, Cell(str(none), warning=True), *(Cell("-"),) * 7)
    test, markov = chosen.test, genre.baselines["test"].get("markov")
    return (
        *first,
        *_verdict(genre),
        Cell(labels.brief(chosen)),
        Cell("-") if test is None else mean_cell(test.bce),
        Cell("-") if markov is None else Cell(labels.number(markov), markov),
        Cell("-")
        if test is None
        else Cell(labels.bracket(test.mi_lower, test.mi_upper), test.mi_lower.mean),
        Cell(str(chosen.n_done), chosen.n_done),
        Cell(labels.collapsed(chosen), chosen.collapsed, warning=chosen.is_collapsed),
        Cell(chosen.config_id),
    )


def _verdict(genre: GenreView) -> tuple[Cell, ...]:
    """How the answer begins, and whether something is surely better than it."""
    answer = genre.found.answer
    if answer is None:
        return (Cell("-"),)
    text = verdict_text(answer.card.headline)
    if answer.leading is not None:
        who = "another" if answer.leading is Caution.OTHER_BETTER else "the default"
        text += f", but {who} is better"
    return (Cell(text, warning=answer.leading is not None or not answer.works),)


def _chart(studies: Sequence[StudyView], name: str) -> Chart | None:
    means = [
        (study.name, genre.chosen.test.bce)
        for study in studies
        for genre in study.genres
        if genre.name == name and genre.chosen is not None and genre.chosen.test is not None
    ]
    if len(means) < 2 or not _is_one_scale(studies, name):
        return None
    said = "Each seed a dot, each diamond a mean with its 95% interval; lower predicts better."
    drawn = study_panel(means, "test BCE (nats per snippet)")
    return chart(
        f"fig-genre-{slug(name)}",
        f"Test BCE of the recommended, {name}",
        said,
        drawn,
        data="answers",
    )
