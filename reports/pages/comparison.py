"""The first page of a site of several studies: their answers side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.answers.overview import overview
from reports.figures.methods import study_panel
from reports.pages.cells import Cell, Table
from reports.pages.charts import Chart, chart
from reports.pages.genre import GENRE
from reports.pages.overview import asked_line, scale_line
from reports.pages.render import render
from reports.pages.site import Place
from reports.words import labels
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
    music: dict[str, set[str]] = {}
    for study in studies:
        for row in study.tables.genres.to_dict("records"):
            music.setdefault(str(row["genre"]), set()).add(str(row["fingerprint"]))
    lengths = {overview(study.tables).scale.snippet_steps for study in studies}
    return len(lengths) == 1 and all(len(prints) == 1 for prints in music.values())


def _asked(studies: Sequence[StudyView]) -> Table:
    rows = []
    for study in studies:
        whole = overview(study.tables)
        done = sum(one.done for one in whole.progress)
        rows.append(
            (
                Cell(study.name, href=f"{study_folder(study.name)}/index.html"),
                Cell(study.tables.state, warning=study.tables.state is not StudyState.FINISHED),
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
        return (*first, Cell("none yet", warning=True), *(Cell("-"),) * 6)
    test, markov = chosen.test, genre.baselines["test"].get("markov")
    return (
        *first,
        Cell(labels.brief(chosen)),
        Cell("-") if test is None else Cell(labels.with_interval(test.bce), test.bce.mean),
        Cell("-") if markov is None else Cell(labels.number(markov), markov),
        Cell("-")
        if test is None
        else Cell(labels.bracket(test.mi_lower, test.mi_upper), test.mi_lower.mean),
        Cell(str(chosen.n_done), chosen.n_done),
        Cell(labels.collapsed(chosen), chosen.collapsed, warning=chosen.is_collapsed),
        Cell(chosen.config_id),
    )


def _chart(studies: Sequence[StudyView], name: str) -> Chart | None:
    means = [
        (study.name, genre.chosen.test.bce)
        for study in studies
        for genre in study.genres
        if genre.name == name and genre.chosen is not None and genre.chosen.test is not None
    ]
    if len(means) < 2:
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
