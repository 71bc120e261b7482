"""Studies from Python: their tables, their recommendations, their figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from musebar_core.errors import UnknownNameError, UsageError, WorkError
from reports.answers.curves import curve
from reports.answers.rate import Trade, rate_distortion
from reports.answers.search import search
from reports.answers.summaries import genre_names
from reports.answers.unchosen import NothingWorks
from reports.answers.views import dot_plot, information_plot, is_chosen
from reports.output import recommendation
from reports.pages.view import GenreView, StudyView, view
from reports.words import labels
from reports.words.choice import nothing_works_text
from study.home import files
from study.results.columns import CURVE
from study.results.tables import StudyTables, load_tables, study_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    import plotly.graph_objects as go

    from reports.answers.recommendation import Recommendation

    Draw = Callable[[StudyView, GenreView], "go.Figure | None"]


@dataclass(frozen=True)
class Study:
    """A study, as it stands in its home.

    Attributes
    ----------
    tables
        All of its tables.
    """

    tables: StudyTables

    @property
    def name(self) -> str:
        """The study."""
        return self.tables.name

    @property
    def state(self) -> str:
        """``created``, ``running``, ``stopped``, ``finished`` or ``interrupted``."""
        return str(self.tables.state)

    @property
    def genres(self) -> tuple[str, ...]:
        """Its genres."""
        return tuple(genre_names(self.tables))

    @property
    def results(self) -> pd.DataFrame:
        """One row a seed run that has ended; columns :data:`study.results.columns.RESULTS`."""
        return self.tables.results

    @property
    def curves(self) -> pd.DataFrame:
        """One row an evaluated epoch; columns :data:`study.results.columns.CURVES`."""
        return self.tables.curves

    @property
    def decisions(self) -> pd.DataFrame:
        """One row a decision about a configuration: kept, promoted, dropped, and why."""
        return self.tables.decisions

    def recommend(self, genre: str, purpose: str | None = None) -> Recommendation:
        """Recommend a configuration for a genre, with the evidence for it.

        Parameters
        ----------
        genre
            One of the study's.
        purpose
            One of :class:`study.statistics.purposes.Purpose`, as ``density``, or with the most KL
            in nats ``reconstruction@5``; None: what the study was asked for.

        Raises
        ------
        UnknownNameError
            If the study has no such genre.
        UsageError
            If there is no such purpose.
        WorkError
            If no configuration has all its seeds yet, or all of them are undertrained.
        """
        found = recommendation.recommend(self.tables, genre, purpose)
        if isinstance(found, NothingWorks):
            raise WorkError(nothing_works_text(found))
        return found

    def figure(self, name: str, genre: str | None = None) -> go.Figure:
        """Draw one of :data:`FIGURES` as the report does.

        Parameters
        ----------
        name
            What to draw.
        genre
            Of which genre; None where the study has but one.

        Raises
        ------
        UnknownNameError
            If there is no such figure or genre.
        UsageError
            If the genre is left open, or nothing was measured that the figure could show.
        """
        if name not in FIGURES:
            raise UnknownNameError("figure", name, FIGURES)
        genre = self._only_genre() if genre is None else genre
        if genre not in self.genres:
            raise UnknownNameError("genre", genre, self.genres, f"study '{self.name}' has none yet")
        shown = view(self.tables)
        one = next(each for each in shown.genres if each.name == genre)
        drawn = FIGURES[name](shown, one)
        if drawn is None:
            raise UsageError(f"study '{self.name}' has nothing to draw of '{name}' for '{genre}'")
        return drawn

    def _only_genre(self) -> str:
        if len(self.genres) != 1:
            raise UsageError(f"name a genre: {', '.join(self.genres) or 'there is none yet'}")
        return self.genres[0]


def load(home: str | Path, name: str | None = None) -> Study:
    """Read a study.

    Parameters
    ----------
    home
        Folder of studies, or its URL; as ``--home``.
    name
        The study; None: the newest.

    Raises
    ------
    UnknownNameError
        If there is no such study.
    UsageError
        If there is none at all.
    """
    place = files.to_path(home)
    names = study_names(place)
    if name is None and not names:
        raise UsageError(f"there is no study in {home}")
    return Study(load_tables(place, name or names[0]))


def _methods(study: StudyView, genre: GenreView) -> go.Figure | None:
    from reports.figures.dots import bce_dots

    plot = dot_plot(study.tables, genre.compared, genre.chosen, genre.name)
    return bce_dots(plot) if plot.rows else None


def _information(study: StudyView, genre: GenreView) -> go.Figure | None:
    from reports.figures.information import information

    plot = information_plot(study.tables, genre.rows, genre.chosen, genre.name)
    return information(plot, "kl") if plot.points else None


def _curves(study: StudyView, genre: GenreView) -> go.Figure | None:
    from reports.figures.curves import learning_curves

    found = [
        (labels.compared_label(row.method, chosen=is_chosen(row, genre.chosen)), row.method, traced)
        for row in genre.compared
        if (traced := curve(study.tables, genre.name, row.config_id, row.phase)).traces
    ]
    return learning_curves(found, genre.baselines[CURVE]) if found else None


def _history(study: StudyView, genre: GenreView) -> go.Figure | None:
    from reports.figures.search import history

    found = search(study.tables, genre.name, genre.rows)
    if found is None or not found.is_search:
        return None
    return history(found, genre.baselines["validation"], study.colours[genre.name])


def _spread(study: StudyView, genre: GenreView) -> go.Figure | None:
    from reports.figures.search import edf

    found = search(study.tables, genre.name, genre.rows)
    if found is None:
        return None
    return edf({"tried": [trial.bce for trial in found.trials]}, genre.baselines["validation"])


def _rate_distortion(study: StudyView, genre: GenreView) -> go.Figure | None:
    return _traded(study, genre, Trade.KL_BCE)


def _information_nll(study: StudyView, genre: GenreView) -> go.Figure | None:
    return _traded(study, genre, Trade.MI_NLL)


def _traded(study: StudyView, genre: GenreView, trade: Trade) -> go.Figure | None:
    from reports.figures.rate import rate_figure

    found = rate_distortion(genre.rows, genre.chosen, study.wanted, trade)
    return found and rate_figure(found, genre.baselines["validation"].get("markov"))


FIGURES: dict[str, Draw] = {
    "methods": _methods,
    "rate_distortion": _rate_distortion,
    "information_nll": _information_nll,
    "information": _information,
    "curves": _curves,
    "history": _history,
    "spread": _spread,
}
"""What :meth:`Study.figure` draws: test BCE of every seed of what is compared; KL against BCE, and
mutual information against the NLL that prices it, of every configuration with the frontier; mutual
information against KL; validation BCE over training; the course of the search; how rare good ones
are."""
